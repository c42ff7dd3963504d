"""Rows of an event table, from CSV text, a file or columns; every cell is a number or empty."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprieve.core.errors import InputError, UnsupportedError

COLUMNS = ("ID", "TIME", "AMT", "RATE", "DUR", "EVID", "II", "ADDL", "CMT", "DV", "MDV")
NEEDED = ("ID", "TIME", "AMT")
# Read so that a table which does not use it passes, and one which does is refused.
ONLY_ZERO = ("SS",)
MISSING = ("", ".")
REASONS = {
    **dict.fromkeys(("ALAG1", "LAG", "TLAG"), "lag times are not supported"),
    "DATE": "times must be hours in TIME",
    "RATE1": "write RATE",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its place in the table and its cells by column, None where empty."""

    line: int
    cells: Mapping[str, float | None]

    def where(self, column: str) -> str:
        """The place of a cell, for an error."""
        return f"row {self.line}, column {column}"

    def has(self, column: str) -> bool:
        """Whether the row has a value there."""
        return self.cells.get(column) is not None

    def shown(self, column: str) -> float | str:
        """The value as an error shows it."""
        value = self.cells.get(column)
        return "." if value is None else value

    def number(self, column: str, needed: bool = False) -> float:
        """The value; an empty cell is 0, as in NONMEM, unless it is `needed`."""
        value = self.cells.get(column)
        if value is None and needed:
            raise InputError(self.where(column), ".", "must be given")
        return value or 0.0

    def whole(self, column: str, at_least: int | None = None) -> int:
        """The value as a whole number."""
        value = self.number(column, needed=at_least is not None)
        if not value.is_integer() or (at_least is not None and value < at_least):
            least = "" if at_least is None else f" of at least {at_least}"
            raise InputError(self.where(column), value, f"must be a whole number{least}")
        return int(value)


def rows_of(source: str | Path | Mapping[str, Sequence[object]]) -> Iterator[Row]:
    """Read the rows of a table. Raises `InputError` naming row and column."""
    if isinstance(source, Mapping):
        return _from_columns(source)
    return _from_text(_text_of(source) if isinstance(source, Path) else source)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise InputError("event table", str(path), f"cannot be read: {reason}") from None


def _from_text(text: str) -> Iterator[Row]:
    lines = text.splitlines()
    if not lines or not lines[0].strip():
        fix = f"the first row names the columns: {', '.join(NEEDED)}"
        raise InputError("event table", "", "is empty or starts with an empty row", fix)
    if len(lines) == 1:
        raise InputError("event table", text, "holds one line only", "give a file as pathlib.Path")
    separator = next((mark for mark in ",;" if mark in lines[0]), " ")
    if separator == " ":
        lines = [" ".join(line.split()) for line in lines]
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        columns = _columns([name.strip() for name in next(reader)])
        for fields in reader:
            if any(field.strip() for field in fields):
                yield _row(reader.line_num, columns, fields)
    except csv.Error as error:
        raise InputError("event table", f"row {reader.line_num}", f"is not CSV: {error}") from None


def _from_columns(table: Mapping[str, Sequence[object]]) -> Iterator[Row]:
    columns = _columns([str(name) for name in table])
    sequences = [list(values) for values in table.values()]
    lengths = {name: len(values) for name, values in zip(columns, sequences, strict=True)}
    if len(set(lengths.values())) > 1:
        raise InputError("event table", lengths, "columns must have the same length")
    for line, fields in enumerate(zip(*sequences, strict=True), start=2):
        yield _row(line, columns, fields)


def _columns(names: Sequence[str]) -> list[str]:
    columns = [name.upper() for name in names]
    for name, column in zip(names, columns, strict=True):
        if column not in (*COLUMNS, *ONLY_ZERO):
            reason = REASONS.get(column, "is not a known column")
            raise UnsupportedError("row 1, column", name, reason, f"known: {', '.join(COLUMNS)}")
        if columns.count(column) > 1:
            raise InputError("row 1, column", name, "is there twice")
    for column in NEEDED:
        if column not in columns:
            raise InputError("row 1, column", column, "is missing", f"needed: {', '.join(NEEDED)}")
    return columns


def _row(line: int, columns: Sequence[str], fields: Sequence[object]) -> Row:
    if len(fields) != len(columns):
        rule = f"has {len(fields)} cells, the header has {len(columns)}"
        raise InputError(f"row {line}", " ".join(str(field) for field in fields), rule)
    return Row(line, {name: _cell(line, name, field) for name, field in zip(columns, fields, strict=True)})


def _cell(line: int, column: str, field: object) -> float | None:
    where = f"row {line}, column {column}"
    if field is None or (isinstance(field, str) and field.strip() in MISSING):
        return None
    try:
        if isinstance(field, bool):
            raise ValueError
        # Underscores in numbers are Python's own habit, not a table's.
        value = float(field.replace("_", "?") if isinstance(field, str) else field)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        fix = "times are in hours" if column == "TIME" else "write decimals with a point"
        raise InputError(where, field, "must be a number", fix) from None
    if not math.isfinite(value):
        raise InputError(where, field, "must be a finite number", "leave the cell empty if there is none")
    return value
