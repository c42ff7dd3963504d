"""A population too large to hold, on a terminal: the same tables as for a small one, from its streamed summary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.cli import show, summary
from reprieve.core.intervals import OVER_PATIENTS
from reprieve.figures import tables
from reprieve.figures.figure import Table

if TYPE_CHECKING:
    from reprieve.model.regimen import Regimen
    from reprieve.model.streaming import Streamed
    from reprieve.model.tally import Spread

# From here on a population is streamed: held as a whole it would take a gigabyte or more.
FROM_PATIENTS = 50_000


def run(
    plan: Regimen, patients: int, seed: int, out: Path | None, progress: Callable[[int], None] | None, **options: Any
) -> Streamed:
    """Simulate block by block; with `out` also write every value, one row group for each block."""
    from reprieve.model.streaming import Stream, simulate_streamed

    if out is None:
        return simulate_streamed(plan, patients, seed, progress=progress, **options)
    from reprieve.cli import streamed_file

    return streamed_file.write(Stream(plan, patients, seed, **options), out, progress)


def print_run(run: Streamed) -> None:
    """Print scores by day, acute effects by minute, probabilities, warnings, and what is assumed."""
    from reprieve.model.tally import RELATIVE_ERROR

    show.say(
        run.regimen.text(),
        f"{run.patients:,} virtual patients, {run.profile} profile, seed {run.seed}, model {run.model}; "
        f"median and {OVER_PATIENTS}",
        f"Summarised block by block: medians and limits are right to {100 * RELATIVE_ERROR:.1f} % of their value.",
        "",
    )
    last = len(run.regimen.doses) - 1
    summary.print_table("Scores by day, points", _by_day(run))
    show.say(tables.LEGEND, "")
    for dose in dict.fromkeys((0, last)):
        summary.print_table(f"Infusion {dose + 1} by minute", _by_minute(run, dose))
    summary.print_table("Probability by infusion", _events(run, last))
    summary.print_warnings(run.warnings)
    summary.print_basis(run.model)


def _by_day(run: Streamed) -> Table:
    shown = {key: name for key, name in tables.SCORES.items() if key in run.values}
    start = [_cell(run.baseline[key.split("_")[0]], ()) for key in shown]
    rows: list[tuple[str, ...]] = [("baseline", *start, "", "")]
    for at, day in enumerate(run.time_d):
        if day not in tables.DAYS and day != run.time_d[-1]:
            continue
        scores = [_cell(run.values[key], at) for key in shown]
        fell = tables.share(float(run.responded["response_30"][at]))
        rows.append((f"{day:g}", *scores, fell, tables.share(float(run.values["retained"].mean[at]))))
    return Table(("day", *shown.values(), "fell 30 %", "stayed"), tuple(rows))


def _by_minute(run: Streamed, dose: int) -> Table:
    rows = []
    for at in [int(np.argmin(np.abs(run.minute - minute))) for minute in tables.MINUTES]:
        spreads = {key: run.acute[key] for key in tables.ACUTE}
        drowsy = tables.share(float(spreads["sedation"].mean[dose, at]))
        cells = [drowsy if key == "sedation" else _cell(one, (dose, at)) for key, one in spreads.items()]
        rows.append((f"{run.minute[at]:g}", *cells))
    return Table(("minute", *tables.ACUTE.values()), tuple(rows))


def _events(run: Streamed, last: int) -> Table:
    doses = {"infusion 1": 0, f"infusion {last + 1}": last}
    rows = [
        (name, *(tables.share(float(run.felt[key].mean[dose])) for dose in doses.values()))
        for key, name in tables.EVENTS.items()
        if key in run.felt
    ]
    return Table(("", *doses), tuple(rows))


def _cell(spread: Spread, at: Any) -> str:
    """Median and 95 % interval in whole points or units."""
    low, median, high = (tables.whole(float(one[at])) for one in (spread.low, spread.median, spread.high))
    return f"{median} ({low} to {high})"
