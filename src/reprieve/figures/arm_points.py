"""What the time course of arms is made of: means as they were reported, and the table twin.

The interval is that of a mean: t with n - 1 degrees of freedom on SD over the root of n, or on the reported standard
error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reprieve.figures.figure import Table
from reprieve.figures.pieces import plain, verified
from reprieve.figures.style import BLUE, GREEN, MUTED, PURPLE, VERMILLION

KETAMINE, ACTIVE, INERT, COHORT, WHOLE = (
    *("ketamine, randomised", "active comparator", "inert or no treatment", "ketamine, no control"),
    "whole sample",
)
LOOKS = {
    KETAMINE: (BLUE, "circle"),
    ACTIVE: (VERMILLION, "square"),
    INERT: (GREEN, "triangle-up"),
    COHORT: (PURPLE, "diamond"),
    WHOLE: (MUTED, "cross"),
}
COLUMNS = (
    *("instrument", "study", "arm", "group", "day", "n", "mean", "low", "high", "interval"),
    *("dose days", "seen", "row"),
)
INTERVAL = "95 % confidence, of the mean, t"
LEVEL = 0.95
ROLES = {"ketamine": KETAMINE, "esketamine": KETAMINE, "active": ACTIVE, "inert": INERT, "no_treatment": INERT}


@dataclass(frozen=True, slots=True)
class ArmPoint:
    """One mean of one arm. `day` counts from the first dose; None where it was not stated: then it is only listed.

    `sd` or `se` gives the interval together with `n`. `dose_days` are the days of all doses of the arm.
    """

    study: str
    arm: str
    group: str
    instrument: str
    day: float | None
    mean: float
    n: int | None = None
    sd: float | None = None
    se: float | None = None
    seen: str = ""
    dose_days: tuple[float, ...] = ()
    row: str = ""

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The 95 % confidence interval of the mean, None where spread or n is not known."""
        if self.n is None or self.n < 2 or (self.sd is None and self.se is None):
            return None, None
        from scipy.stats import t

        error = self.se if self.se is not None else (self.sd or 0.0) / math.sqrt(self.n)
        reach = float(t.ppf((1 + LEVEL) / 2, self.n - 1)) * error
        return self.mean - reach, self.mean + reach


def table_of(readings: Sequence[ArmPoint], instruments: Sequence[str]) -> Table:
    """The table twin: every mean, by instrument, study, arm and day; the day is empty where it was not stated."""
    order = {name: place for place, name in enumerate(instruments)}
    rows = sorted(
        (one for one in readings if one.instrument in order),
        key=lambda one: (order[one.instrument], one.study, one.arm, one.day is None, one.day or 0.0),
    )
    cells = []
    for one in rows:
        low, high = one.ends
        days = ", ".join(plain(day) for day in one.dose_days)
        cells.append(
            (
                *(one.instrument, one.study, one.arm, one.group, one.day, one.n, one.mean, low, high),
                *("" if low is None else INTERVAL, days, one.seen, one.row),
            )
        )
    return Table.of({column: [row[place] for row in cells] for place, column in enumerate(COLUMNS)})


def points(table: Table) -> list[dict[str, Any]]:
    """The plotted points, straight from the table twin; hollow where they are unverified."""
    wanted = ("instrument", "study", "arm", "group", "day", "mean", "low", "high")
    rows = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    return [
        {**{key: row[key] for key in wanted}, "hollow": not verified(row["seen"])}
        for row in rows
        if row["day"] is not None
    ]


def doses(table: Table, instrument: str) -> list[dict[str, Any]]:
    """The days of dosing of the groups in one panel, straight from the table twin."""
    rows = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    found = {
        (str(row["group"]), float(day.replace("−", "-")))
        for row in rows
        if row["instrument"] == instrument and row["day"] is not None and row["dose days"]
        for day in str(row["dose days"]).split(", ")
    }
    return [{"group": group, "day": day} for group, day in sorted(found)]
