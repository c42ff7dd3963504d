"""A simulated population on a terminal: what people want to see first, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reprieve.cli import show
from reprieve.core.intervals import OVER_PATIENTS
from reprieve.figures import report, tables

if TYPE_CHECKING:
    from reprieve.figures.figure import Table
    from reprieve.model.simulation import Simulation


def print_run(run: Simulation) -> None:
    """Print scores by day, acute effects by minute, probabilities, warnings, and what is assumed."""
    one = len(run.patients) == 1
    spread = "" if one else f"; median and {OVER_PATIENTS}"
    who = "1 virtual patient" if one else f"{len(run.patients):,} virtual patients"
    show.say(
        run.regimen.text(),
        f"{who}, {run.patients.profile} profile, seed {run.patients.seed}, model {run.model}{spread}",
        "",
    )
    last = len(run.regimen.doses) - 1
    print_table("Scores by day, points", tables.by_day(run))
    show.say(tables.LEGEND, "")
    print_table("Infusion 1 by minute", tables.by_minute(run, 0))
    if last:
        print_table(f"Infusion {last + 1} by minute", tables.by_minute(run, last))
    print_table("Probability by infusion", tables.events(run))
    print_warnings(run.warnings)
    print_basis(run.model)


def print_table(title: str, table: Table, text: Sequence[str] = ()) -> None:
    """Print a table; columns in `text` hold words."""
    show.table(title, table.columns, table.rows, text)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print every warning on its own line."""
    if warnings:
        show.say(*(f"Warning: {line}" for line in warnings), "")


def print_basis(model: str) -> None:
    """Say what the numbers rest on, and what they are not."""
    show.say(f"{report.counted(model).rstrip('.')}: `reprieve model card`.", report.HYPOTHESIS, report.INFORMS)


def print_files(paths: Sequence[Path]) -> None:
    """Say where files were written."""
    if paths:
        show.say("", *(f"Written: {path}" for path in paths))
