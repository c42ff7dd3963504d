"""A figure and its table twin: whoever cannot see the one can read the other."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

type Cell = float | int | str | None

DIGITS = 6
NOTHING = 1e-9


def tidy(value: object) -> Cell:
    """A cell as it is drawn and listed: numbers to six digits and zero below 1e-9, so that noise moves nothing."""
    if isinstance(value, str | int):
        return value
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}") if abs(value) >= NOTHING else 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; every row has one cell per column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @classmethod
    def of(cls, columns: dict[str, Sequence[object]]) -> Table:
        """Build a table from columns of equal length, numbers tidied."""
        rows = zip(*columns.values(), strict=True)
        return cls(tuple(columns), tuple(tuple(tidy(cell) for cell in row) for row in rows))

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return one column. Raises `ValueError` if there is none of that name."""
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)

    def csv(self) -> str:
        """Return the table as CSV text."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture. `name` is its file name without ending; `caption` says how to read it."""

    name: str
    title: str
    caption: str
    svg: str
    table: Table

    def save(self, path: Path) -> None:
        """Write the picture to `path`."""
        path.write_text(self.svg, encoding="utf-8")
