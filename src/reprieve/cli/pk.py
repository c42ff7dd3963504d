"""`reprieve pk`: concentrations after one infusion."""

from __future__ import annotations

from typing import Annotated

import typer

from reprieve.cli.options import DEFAULT_MODEL, Json, Model
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

HEADS = {
    "ketamine_arterial": "ketamine, arterial",
    "ketamine_venous": "ketamine, venous",
    "norketamine": "norketamine",
    "hydroxynorketamine": "hydroxynorketamine",
}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("pk", cls=Command)(pk)


def pk(
    dose_mg: Annotated[float, typer.Option(help="Dose in mg of base.")],
    minutes: Annotated[float, typer.Option(help="Duration of the infusion.")],
    weight_kg: Annotated[float, typer.Option(help="Body weight.")],
    at: Annotated[str, typer.Option(help="Hours since the start, separated by commas.")],
    model: Model = DEFAULT_MODEL,
    substance: Annotated[
        str | None, typer.Option(help="ketamine, esketamine or arketamine; the model's own if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Concentrations after one infusion. For a typical adult of the given weight."""
    from reprieve.cli import show
    from reprieve.model.disposition.predict import pk as predict

    time_h = hours(at)
    check_minutes(minutes)
    result = predict(model, dose_mg, minutes, weight_kg, time_h, known_substance(substance))
    if json:
        show.emit(result.to_json())
        return
    columns = {name: getattr(result, f"{name}_ng_per_ml") for name in HEADS}
    given = {name: values for name, values in columns.items() if values is not None}
    show.table(
        f"{dose_mg:g} mg of {result.substance} over {minutes:g} min, {weight_kg:g} kg, {result.model}: ng/mL of plasma",
        ["hours", *(HEADS[name] for name in given)],
        [[f"{t:g}", *row] for t, *row in zip(result.time_h, *given.values(), strict=True)],
    )
    missing = [HEADS[name] for name, values in columns.items() if values is None]
    if missing:
        show.say(f"This model does not give {', '.join(missing)}.")
    show.say(*result.warnings)


def check_minutes(minutes: float) -> None:
    """Refuse an infusion that is longer than any. Raises `InputError`."""
    from reprieve.core.units import MINUTES_PER_HOUR
    from reprieve.model.regimen_limits import limit

    longest = limit("infusion_h_max") * MINUTES_PER_HOUR
    if minutes > longest:
        raise InputError("minutes", minutes, f"must be at most {longest:g}")


def hours(text: str) -> list[float]:
    """Read `0.25, 0.667`. Raises `InputError` naming the part that is no time after the start."""
    from reprieve.core.units import HOURS_PER_DAY
    from reprieve.model.regimen_limits import limit

    last_h = limit("day_max") * HOURS_PER_DAY
    times = []
    for part in text.split(","):
        try:
            time_h = float(part)
        except ValueError:
            fix = "write hours separated by commas, such as 0.25,0.667"
            raise InputError("at", part.strip(), "is not a number of hours", fix) from None
        if not 0 <= time_h <= last_h:
            raise InputError("at", part.strip(), f"must be from 0 to {last_h:g} hours since the start")
        times.append(time_h)
    return times


def known_substance(name: str | None) -> str | None:
    """Check the name of a form of ketamine. Raises `InputError` for another substance."""
    from reprieve.model.regimen import KETAMINES

    if name is not None and name not in set(KETAMINES):
        raise InputError("substance", name, f"must be one of {', '.join(sorted(KETAMINES))}")
    return name
