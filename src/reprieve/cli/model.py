"""`reprieve model`: which models there are, what they are made of, how they compare with observations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli.options import DEFAULT_MODEL, Json, Model
from reprieve.cli.reading import Command, Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reprieve.model.check import CheckRow

group = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    help="Models: which, made of what, against observations.",
)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(group, name="model")


@group.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@group.command("list", cls=Command)
def models(json: Json = False) -> None:
    """The pharmacokinetic models by name."""
    from reprieve.cli import show
    from reprieve.model.disposition.library import MODELS, NOT_OFFERED, load_model

    rows = [
        {
            "name": name,
            "substances": [str(substance) for substance in entry.substances],
            "routes": ["iv", *(str(route) for route in entry.absorption)],
            "about": dict(load_model(name).parameters.about),
        }
        for name, entry in MODELS.items()
    ]
    if json:
        show.emit({"models": rows, "not_offered": dict(NOT_OFFERED)})
        return
    lines = [(row["name"], ", ".join(row["substances"]), ", ".join(row["routes"])) for row in rows]
    show.table("Pharmacokinetic models", ("name", "substances", "routes"), lines, ("substances", "routes"))
    show.say(*(f"Not offered: {name} {why}." for name, why in NOT_OFFERED.items()))


@group.command("check", cls=Command)
def check(
    model: Annotated[str | None, typer.Argument(help="Only this model; all if left out.")] = None,
    json: Json = False,
) -> None:
    """Predictions beside observations, misses first."""
    from dataclasses import asdict

    from reprieve.cli import show
    from reprieve.model.check import check as compare
    from reprieve.model.disposition.library import load_model

    if model is not None:
        load_model(model)
    rows = [row for row in compare() if model is None or row.model == model]
    missed = [row for row in rows if row.ok is False]
    stated = [row for row in rows if row.ok is not None]
    if json:
        held = len(stated) - len(missed)
        counts = {"misses": len(missed), "held": held, "no_range": len(rows) - len(stated)}
        show.emit({**counts, "rows": [asdict(row) for row in rows]})
        return
    show.say(f"{len(missed)} of {len(stated)} comparisons with a stated range miss it.", "")
    _print("Outside the range", missed)
    _print("Inside the range", [row for row in rows if row.ok])
    _print("No stated range", [row for row in rows if row.ok is None])


def _print(title: str, rows: Sequence[CheckRow]) -> None:
    from reprieve.cli import show

    if not rows:
        return
    lines = [
        (
            row.what,
            row.model,
            row.observed,
            row.predicted,
            row.unit,
            row.ratio,
            "" if row.low is None or row.high is None else f"{row.low:g} to {row.high:g}",
            f"{row.source}, {row.seen}",
        )
        for row in sorted(rows, key=lambda row: row.seen == "derived")  # observations before computed cases
    ]
    columns = ("what", "model", "observed", "predicted", "unit", "ratio", "range", "source, how seen")
    show.table(title, columns, lines, ("model", "source, how seen"))


@group.command("card", cls=Command)
def card(model: Model = DEFAULT_MODEL, json: Json = False) -> None:
    """What the model is made of. What was learned from data; every quantity with value, unit, source, how seen."""
    from reprieve.calibration.card import card_or_none
    from reprieve.cli import show
    from reprieve.cli.calibration_card import tables
    from reprieve.cli.sources import describe
    from reprieve.figures.report import HYPOTHESIS, INFORMS, counted
    from reprieve.model import catalogue

    held = catalogue.entries(model)
    assumed = [entry.quantity.name for entry in held if entry.unsourced]
    calibration = card_or_none()
    if json:
        parts = {name: {"version": p.version, "about": dict(p.about)} for name, p in catalogue.parts(model).items()}
        quantities = [describe(entry) for entry in held]
        learned = calibration.to_json() if calibration else None
        show.emit(
            {"model": model, "calibration": learned, "parts": parts, "quantities": quantities, "unsourced": assumed}
        )
        return
    tables(calibration)
    show.say(f"Model {model}. A star marks what no source carries. {counted(model)}", HYPOTHESIS, INFORMS, "")
    for part, about in catalogue.parts(model).items():
        rows = [
            (
                f"{'*' if entry.unsourced else ' '} {q.name}",
                q.label,
                q.value,
                q.unit,
                f"{q.between.kind}, {q.between.sd:.3g}" if q.between else "",
                f"{q.source}, {q.seen}",
            )
            for entry in held
            if entry.part == part
            for q in [entry.quantity]
        ]
        columns = ("quantity", "what", "value", "unit", "between patients", "source, how seen")
        show.table(f"{part}, version {about.version}", columns, rows, ("what", "source, how seen"))
