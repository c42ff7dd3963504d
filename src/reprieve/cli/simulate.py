"""`reprieve simulate`: a population under a regimen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import files
from reprieve.cli.options import DEFAULT_MODEL, Baseline, Days, Json, Model, Patients, Profile, Seed
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from reprieve.model.regimen import Regimen


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("simulate", cls=Command)(simulate)


def simulate(
    regimen: Annotated[
        str | None, typer.Argument(help='One line, such as "0.5 mg/kg over 40 min on days 0, 2, 4".')
    ] = None,
    patients: Patients = 1000,
    seed: Seed = 1,
    days: Days = 42.0,
    baseline: Baseline = None,
    model: Model = DEFAULT_MODEL,
    profile: Profile = "civilian",
    regimen_file: Annotated[
        str | None, typer.Option(help="Read the regimen from a NONMEM event table (CSV) instead.")
    ] = None,
    amount_unit: Annotated[str | None, typer.Option(help="What AMT counts in that table: mg or mg/kg.")] = None,
    out: Annotated[
        str | None, typer.Option(help="Write every value of every patient: FILE.parquet, FILE.nc or FILE.csv.")
    ] = None,
    report: Annotated[str | None, typer.Option(help="Write a report with figures, one file: FILE.html.")] = None,
    figures: Annotated[
        str | None, typer.Option(help="Write the figures into this folder: SVG, with their numbers as CSV.")
    ] = None,
    json: Json = False,
) -> None:
    """A population under a regimen. Scores by day, acute effects by minute, probabilities."""
    from reprieve.cli.progress import progress
    from reprieve.model.population import population
    from reprieve.model.simulate import simulate as run_model

    plan = the_regimen(regimen, regimen_file, amount_unit)
    check_days(days, plan)
    table = files.checked("out", out, files.KINDS) if out is not None else None
    page = files.checked("report", report, (".html",)) if report is not None else None
    folder = files.checked_folder("figures", figures) if figures is not None else None
    if _is_streamed(patients, table, page, folder):
        _streamed(plan, patients, seed, table, json, days=days, model=model, profile=profile, baseline_caps5=baseline)
        return
    people = population(patients, seed, profile=profile, baseline_caps5=baseline)
    with progress(patients) as watch:
        run = run_model(plan, people, days=days, model=model, progress=watch)
    if table is not None:
        files.write(run, table)
    if page is not None or folder is not None:
        from reprieve.cli import pictures

        pictures.write(run, page, folder)
    if json:
        from reprieve.cli import show

        show.emit(run.summary())
    else:
        from reprieve.cli import summary

        summary.print_run(run)
        summary.print_files([path for path in (table, page, folder) if path is not None])


def _is_streamed(patients: int, table: Path | None, page: Path | None, folder: Path | None) -> bool:
    """Whether there are too many patients to hold, and nothing is asked that needs them all at once."""
    from reprieve.cli.streamed import FROM_PATIENTS

    in_blocks = page is None and folder is None and (table is None or table.suffix.lower() == ".parquet")
    return patients >= FROM_PATIENTS and in_blocks


def _streamed(plan: Regimen, patients: int, seed: int, table: Path | None, json: bool, **options: Any) -> None:
    from reprieve.cli import show, streamed, summary
    from reprieve.cli.progress import progress

    with progress(patients) as watch:
        run = streamed.run(plan, patients, seed, table, watch, **options)
    if json:
        show.emit(run.summary())
    else:
        streamed.print_run(run)
        summary.print_files([table] if table is not None else [])


def check_days(days: float, plan: Regimen) -> None:
    """Refuse a follow-up that ends before the last dose, or that no regimen can fill. Raises `InputError`."""
    from reprieve.core.units import HOURS_PER_DAY
    from reprieve.model.regimen_limits import limit

    longest = limit("day_max")
    if not 0 < days <= longest:
        raise InputError("days", days, f"must be above 0 and at most {longest:g}")
    if days * HOURS_PER_DAY < plan.last_start_h:
        last = plan.last_start_h / HOURS_PER_DAY
        raise InputError("days", days, f"ends before the last dose on day {last:g}", "follow up for longer")


def the_regimen(text: str | None, file: str | None, amount_unit: str | None) -> Regimen:
    """The regimen, from one line or from an event table. Raises `InputError` for both, neither, or no unit."""
    from reprieve.model.regimen import Regimen

    if file is None:
        if amount_unit is not None:
            raise InputError("amount_unit", amount_unit, "belongs to an event table", "give --regimen-file too")
        if text is None:
            raise InputError("regimen", None, "must be given", "as one line or as --regimen-file")
        return Regimen.parse(text)
    if text is not None:
        raise InputError("regimen", text, "is given twice", "drop the line or --regimen-file")
    if amount_unit is None:
        raise InputError("amount_unit", None, "must be given", "a table does not say whether AMT is mg or mg/kg")
    return _from_table(file, amount_unit)


def _from_table(file: str, amount_unit: str) -> Regimen:
    from reprieve.model.nonmem import read_nonmem

    if amount_unit == "mg":
        return read_nonmem(Path(file), unit="mg").regimen
    if amount_unit == "mg/kg":
        return read_nonmem(Path(file), unit="mg/kg").regimen
    raise InputError("amount_unit", amount_unit, "must be mg or mg/kg")
