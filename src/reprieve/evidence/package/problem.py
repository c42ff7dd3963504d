"""A broken rule of the data package: where, what stands there, what must hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprieve.core.errors import InputError

type Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule. Row 1 is the header; row 0 the whole table; `folder` is named for rows that are being added."""

    table: str
    row: int
    field: str
    value: Cell
    rule: str
    fix: str = ""
    folder: str = ""

    @property
    def place(self) -> str:
        """Return where it is: file, row, column."""
        parts = (f"row {self.row}" if self.row else "", self.field)
        file = f"{self.folder}/{self.table}.csv" if self.folder else f"{self.table}.csv"
        return ": ".join(part for part in (" ".join(p for p in (file, parts[0]) if p), parts[1]) if part)

    def error(self) -> InputError:
        """Return the problem as the error that a user sees."""
        return InputError(self.place, self.value, self.rule, self.fix)

    def __str__(self) -> str:
        """Return one line."""
        return str(self.error())


def first_of(problems: Sequence[Problem]) -> InputError:
    """Return the first problem as an error that also counts the others."""
    first, others = problems[0].error(), len(problems) - 1
    if not others:
        return first
    more = f"and {others} more problem{'s' if others > 1 else ''}"
    return InputError(first.field, first.value, first.rule, f"{first.fix}; {more}" if first.fix else more)
