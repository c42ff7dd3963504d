"""`reprieve evidence forest`, `funnel`, `timecourse` and `map`: the pictures of the evidence as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import files
from reprieve.cli.evidence_answer import Comparator, Include, Instrument, Method, Population, Since, Test, filters
from reprieve.cli.options import Json
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from reprieve.evidence.answer import Answer

When = Annotated[str, typer.Option(help="24h, 1w, 2w, eot or 4w.")]
Out = Annotated[str, typer.Option(help="Where the picture goes: FILE.svg.")]


def register(group: typer.Typer) -> None:
    """Add the commands to the group."""
    group.command("forest", cls=Command)(forest)
    group.command("funnel", cls=Command)(funnel)
    group.command("timecourse", cls=Command)(timecourse)
    group.command("map", cls=Command)(map_)


def forest(
    at: When = "eot",
    since: Since = None,
    comparator: Comparator = None,
    population: Population = None,
    instrument: Instrument = None,
    include: Include = "verified",
    method: Method = "REML",
    test: Test = "knha",
    out: Out = "",
    json: Json = False,
) -> None:
    """Forest plot of a time point. Risk of bias, prediction interval, unverified rows hollow."""
    from reprieve.cli import show
    from reprieve.evidence.package.load import load
    from reprieve.figures.forest import forest_of_answer

    path = _ready(out, json)
    asked = _answer(at, since, (comparator, population, instrument, include), method, test)
    show.picture(forest_of_answer(asked, load()), path, json)


def funnel(
    at: When = "eot",
    since: Since = None,
    comparator: Comparator = None,
    population: Population = None,
    instrument: Instrument = None,
    include: Include = "verified",
    method: Method = "REML",
    test: Test = "knha",
    out: Out = "",
    json: Json = False,
) -> None:
    """Funnel plot of a time point. Contours of significance."""
    from reprieve.cli import show
    from reprieve.evidence.package.load import load
    from reprieve.figures.funnel import funnel_of_answer

    path = _ready(out, json)
    asked = _answer(at, since, (comparator, population, instrument, include), method, test)
    show.picture(funnel_of_answer(asked, load()), path, json)


def timecourse(out: Out = "", json: Json = False) -> None:
    """Every arm of every PTSD study by day. One panel per instrument."""
    from reprieve.cli import show
    from reprieve.evidence.package.load import load
    from reprieve.figures.arms import arms_of_package

    path = _ready(out, json)
    show.picture(arms_of_package(load()), path, json)


def map_(out: Out = "", json: Json = False) -> None:
    """Which trial has which figures when. Study by time point by instrument."""
    from reprieve.cli import show
    from reprieve.evidence.package.load import load
    from reprieve.figures.evidence_map import map_of_package

    path = _ready(out, json)
    show.picture(map_of_package(load()), path, json)


def _ready(out: str, json: bool) -> Path | None:
    """Where the picture goes. Raises `InputError` if there is no place for it."""
    if not out and not json:
        raise InputError("out", out, "must be given", "name a file that ends in .svg, or add --json for the numbers")
    return files.checked("out", out, (".svg",)) if out else None


def _answer(
    at: str, since: str | None, wanted: tuple[str | None, str | None, str | None, str], method: str, test: str
) -> Answer:
    from reprieve.evidence.answer import answer
    from reprieve.evidence.package.load import load

    return answer(load(), at, since=since, filters=filters(*wanted), method=method, test=test, with_variants=False)
