"""`reprieve figure`: one picture as SVG."""

from __future__ import annotations

from typing import Annotated

import typer

from reprieve.cli import files
from reprieve.cli.options import (
    DEFAULT_MODEL,
    SIX_INFUSIONS,
    Baseline,
    Days,
    Json,
    Model,
    Patients,
    Profile,
    Seed,
)
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("figure", cls=Command)(figure)


def figure(
    kind: Annotated[str, typer.Argument(help="course, chain, scores, acute or exposure.")],
    regimen: Annotated[str, typer.Argument(help="One line, as for `reprieve simulate`.")] = SIX_INFUSIONS,
    out: Annotated[str, typer.Option(help="Where the picture goes: FILE.svg.")] = "",
    patients: Patients = 400,
    seed: Seed = 1,
    days: Days = 42.0,
    baseline: Baseline = None,
    model: Model = DEFAULT_MODEL,
    profile: Profile = "civilian",
    log: Annotated[bool, typer.Option("--log", help="Logarithmic axis, for exposure.")] = False,
    json: Json = False,
) -> None:
    """One picture of a simulated regimen. With --json, the numbers that are drawn."""
    from reprieve.cli import show
    from reprieve.cli.simulate import check_days, the_regimen
    from reprieve.figures import gallery
    from reprieve.model.population import population

    if kind not in gallery.KINDS:
        raise InputError("kind", kind, f"must be one of {', '.join(gallery.KINDS)}")
    plan = the_regimen(regimen, None, None)
    check_days(days, plan)
    if not out and not json:
        raise InputError("out", out, "must be given", "name a file that ends in .svg")
    path = files.checked("out", out, (".svg",)) if out else None
    people = population(patients, seed, profile=profile, baseline_caps5=baseline)
    drawn = gallery.draw(kind, plan, people, days, model, log)
    show.picture(drawn, path, json)
