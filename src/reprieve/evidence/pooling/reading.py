"""What a meta-analysis takes from a table: estimates, variances, names, moderators; and what is left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.regression import Cell, Design, design, read_formula
from reprieve.evidence.pooling.table import Excluded, Table, complete, numeric, read_table
from reprieve.evidence.pooling.wls import Array

FEWEST = 2
ERRORS = ("sei", "se", "SE", "stderr", "std_err")  # columns that hold a standard error where a variance is missed


@dataclass(frozen=True, slots=True)
class Read:
    """The usable rows of a table. `rows` are their numbers in it; `notes` say what was guessed when it was read."""

    yi: Array
    vi: Array
    labels: tuple[str, ...]
    rows: tuple[int, ...]
    design: Design | None
    excluded: tuple[Excluded, ...]
    notes: tuple[str, ...]


def read(source: object, yi: str, vi: str, label: str | None, mods: str | None) -> Read:
    """Read the columns of a meta-analysis from a table.

    Raises `InputError` naming row and column for what cannot be used, or if fewer than two rows are complete.
    """
    table = read_table(source)
    _variances_are_there(table, yi, vi)
    effects, variances = numeric(table, yi, option="yi"), numeric(table, vi, option="vi")
    for place in np.flatnonzero(variances <= 0):
        raise InputError(table.where(int(place), vi), table.columns[vi][place], "must be positive: it is a variance")
    names = table.labels(label)
    formula = None if mods is None else read_formula(mods, tuple(table.columns))
    needed = (yi, vi, *(formula.columns if formula else ()))
    kept, excluded = complete(table, tuple(dict.fromkeys(needed)), names)
    if len(kept) < FEWEST:
        why = f"{len(excluded)} of {len(table)} rows are left out, the first: {excluded[0].reason}" if excluded else ""
        raise InputError("rows", len(kept), f"are too few to pool, at least {FEWEST} are needed", why)
    plan = None
    if formula is not None:
        plan = design(formula, {name: _moderator(table, name, kept) for name in formula.columns})
    rows = tuple(table.rows[place] for place in kept)
    labels = tuple(names[place] for place in kept)
    return Read(effects[kept], variances[kept], labels, rows, plan, excluded, table.notes)


def _variances_are_there(table: Table, yi: str, vi: str) -> None:
    if vi in table.columns or yi not in table.columns:
        return
    errors = [name for name in ERRORS if name in table.columns]
    if errors:
        fix = f"square the standard errors into a column of variances, vi = {errors[0]} * {errors[0]}"
        raise InputError("vi", vi, f"is not in the table, {errors[0]} is", fix)


def _moderator(table: Table, name: str, kept: npt.NDArray[Any]) -> list[Cell]:
    """The cells of a moderator: all numbers, or all words. One word among numbers is refused by its row."""
    cells = [table.columns[name][place] for place in kept]
    numbers = [_reads(cell) for cell in cells]
    if not any(numbers):
        return list(cells)
    if not all(numbers):
        place = int(kept[numbers.index(False)])
        fix = "write numbers only, or words in every row for a factor"
        rule = "is text in a column of numbers"
        raise InputError(table.where(place, name), table.columns[name][place], rule, fix)
    values = numeric(table, name, option="mods")
    return [float(values[place]) for place in kept]


def _reads(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
