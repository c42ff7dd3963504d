"""Where the rows of a forest plot lie. Lengths are pixels; the axis of effects begins at 0, names stand left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from reprieve.figures.figure import Cell
from reprieve.figures.forest_rows import NOT_POOLED, POOLED, PUBLISHED, SILENT, STUDY
from reprieve.figures.pieces import plain, verified

NAME_X, AXIS, NUMBERS_X, WEIGHT_X, BIAS_X, BIAS_STEP = -172, 232, 362, 418, 430, 17
HEAD, ONE_LINE, TWO_LINES, LINE, BLOCK, LIFT = 26, 22, 36, 15, 12, 7
SILENT_X, LETTERS, NAME_LETTERS, SILENT_LETTERS = -62, 74, 30, 19
SMALL = 10


@dataclass(frozen=True, slots=True)
class Look:
    """Words that belong to the axis: the effect it shows, what either side favours, how the two arms are called."""

    effect: str = "Effect"
    left: str = ""
    right: str = ""
    domains: str = ""
    silent: str = "Studies without figures here"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table at its height on the page."""

    row: dict[str, Cell]
    y: float
    height: float


def stacked(rows: Sequence[dict[str, Cell]], top: float) -> tuple[tuple[Line, ...], float]:
    """Rows one below the other, with a gap before the pooled effect and before what others published."""
    lines: list[Line] = []
    y, last = top, None
    for row in rows:
        kind = row["kind"]
        if kind in (POOLED, NOT_POOLED, PUBLISHED) and kind != last and last is not None:
            y += BLOCK
        height = _height(row)
        lines.append(Line(row, y + height / 2, height))
        y, last = y + height, kind
    return tuple(lines), y + 6


def _height(row: dict[str, Cell]) -> float:
    if row["kind"] in (SILENT, NOT_POOLED):
        return LINE * len(wrap(str(row["note"]), LETTERS)) + 7
    return TWO_LINES if row["kind"] == POOLED or detail(row) else ONE_LINE


def detail(row: dict[str, Cell]) -> str:
    """The second line under a name: instrument, day and size of a study; what a published pool is, and how seen."""
    if row["kind"] == PUBLISHED:
        return f"{row['note']} · {row['seen']}"
    if row["kind"] != STUDY:
        return ""
    day = f"day {plain(float(row['day']))}" if isinstance(row["day"], float | int) else ""
    size = f"{row['n treatment']} v {row['n comparator']}" if row["n treatment"] is not None else ""
    seen = "" if verified(row["seen"]) else str(row["seen"])
    return " · ".join(part for part in (str(row["instrument"] or ""), day, size, seen) if part)
