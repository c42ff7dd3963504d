"""Anyone's table: a CSV file, a mapping of columns or a polars frame, as cells of text with row numbers.

Rows are counted as a spreadsheet does, the header being row 1. Cells stay text until `numeric` reads a column, so that
a value that is no number is refused by row and column. A missing cell (`MISSING`, in capitals or not) becomes NaN;
`complete` then leaves its row out and says why.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError

Array = npt.NDArray[np.float64]
MISSING = frozenset({"", "na", "nan", ".", "null"})
LABELS = ("study", "slab", "label", "trial", "author")
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COMMA_NUMBER = re.compile(r"[+-]?\d*(,\d+)+(\.\d+)?", re.ASCII)
MINUS_SIGNS = ("\N{MINUS SIGN}", "\N{EN DASH}", "\N{FIGURE DASH}", "\N{EM DASH}")
HEADER_ROW = 1


@dataclass(frozen=True, slots=True)
class Excluded:
    """A row that is not used, and why. `row` counts the header as row 1; `label` names the study."""

    row: int
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of text by name, with the number of each row. `notes` say what was guessed when it was read."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    rows: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str, option: str = "column") -> tuple[str, ...]:
        """Return the cells of a column.

        Raises `InputError` on `option` naming the columns there and the nearest ones when it is missing.
        """
        if name in self.columns:
            return self.columns[name]
        raise InputError(option, name, f"is not in the table; {self.contents()}", _nearest(name, self.columns))

    def labels(self, name: str | None = None) -> tuple[str, ...]:
        """Return what each row is called: column `name`, else the first of `LABELS` there, else "row 2", ...

        Raises `InputError` for a `name` that is not there.
        """
        found = name if name is not None else next((one for one in self.columns if one.lower() in LABELS), None)
        plain = [f"row {row}" for row in self.rows]
        if found is None:
            return tuple(plain)
        cells = self.column(found, "label")
        return tuple(plain[i] if _missing(cell) else cell for i, cell in enumerate(cells))

    def where(self, index: int, column: str) -> str:
        """Return the place of a cell, for an error."""
        return f"row {self.rows[index]}, column {column}"

    def contents(self) -> str:
        """Return the names of the columns in words, the first dozen of many, for an error."""
        most = 12
        names = [name or "(no name)" for name in self.columns]
        more = f" and {len(names) - most} more" if len(names) > most else ""
        return f"it has {', '.join(names[:most])}{more}"


def read_table(source: object) -> Table:
    """Read a CSV file (path), a mapping of column name to values, or a polars frame. A `Table` comes back as it is.

    Raises `InputError` for a file that cannot be read, is not UTF-8, is empty, has rows of unequal length or columns
    of one name, and for columns of unequal length.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | Path):
        return _from_file(Path(source))
    if isinstance(source, Mapping):
        return _from_columns({str(name): _sequence(str(name), values) for name, values in source.items()})
    as_dict = getattr(source, "to_dict", None)
    if as_dict is not None and hasattr(source, "get_columns"):
        return _from_columns(as_dict(as_series=False))
    known = "give a path, a mapping of columns or a polars frame"
    raise InputError("table", type(source).__name__, "is no table", known)


def numeric(table: Table, column: str, *, required: bool = True, option: str = "column") -> Array:
    """Return a column as floats, shape (rows,); NaN where a cell is missing.

    A column that is not there is refused when `required`, else all NaN.
    Raises `InputError` naming row, column and value for text, an infinite value or a decimal comma.
    """
    if column not in table.columns and not required:
        return np.full(len(table), math.nan)
    cells = table.column(column, option)
    return np.array([_number(table, i, column, cell) for i, cell in enumerate(cells)], dtype=float)


def complete(
    table: Table, columns: Sequence[str], labels: Sequence[str] | None = None
) -> tuple[npt.NDArray[np.intp], tuple[Excluded, ...]]:
    """Return the indices of the rows with no missing cell in `columns`, and the other rows with their reason."""
    names = table.labels() if labels is None else labels
    kept: list[int] = []
    excluded: list[Excluded] = []
    for i, row in enumerate(table.rows):
        gaps = [name for name in columns if _missing(table.column(name)[i])]
        if gaps:
            excluded.append(Excluded(row, names[i], f"missing {', '.join(gaps)}"))
        else:
            kept.append(i)
    return np.array(kept, dtype=np.intp), tuple(excluded)


def _missing(cell: str) -> bool:
    return cell.lower() in MISSING


def _nearest(name: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    lower = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), lower, n=2)
    return f"did you mean {' or '.join(lower[one] for one in close)}?" if close else ""


def _number(table: Table, index: int, column: str, cell: str) -> float:
    if _missing(cell):
        return math.nan
    where = table.where(index, column)
    if NUMBER.fullmatch(cell) is None:
        raise InputError(where, cell, *_why_no_number(cell))
    value = float(cell)
    if not math.isfinite(value):
        raise InputError(where, cell, "is too large")
    return value


def _why_no_number(cell: str) -> tuple[str, str]:
    if cell.lower().lstrip("+-") in ("inf", "infinity"):
        return "must be finite", "leave the cell empty where a value is missing"
    if COMMA_NUMBER.fullmatch(cell):
        return "is no number: decimal commas and commas between thousands are not read", "write a decimal point"
    if cell.startswith(MINUS_SIGNS):
        return "is no number: the first sign is a dash", "write a plain minus, -"
    return "is no number", f"missing cells are empty or {', '.join(sorted(one.upper() for one in MISSING if one))}"


def _from_file(path: Path) -> Table:
    text = _text_of(path)
    header = next((line for line in text.splitlines() if line.strip(" ,;\t")), "")
    if not header:
        raise InputError("table", str(path), "is empty", "the first row names the columns")
    marks = {mark: _outside_quotes(header).count(mark) for mark in SEPARATORS}
    mark = max(marks, key=lambda one: marks[one])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    records: list[tuple[int, list[str]]] = []
    try:
        for row, fields in enumerate(reader, start=HEADER_ROW):
            cells = [field.strip() for field in fields]
            if any(cells):
                records.append((row, cells))
    except csv.Error as error:
        raise InputError("table", str(path), f"is not CSV near line {reader.line_num}: {error}") from None
    (_, names), *body = records
    _check_shape(path, names, body, mark)
    columns = {name: tuple(cells[place] for _, cells in body) for place, name in enumerate(names)}
    notes = () if mark == "," else (f"{path.name} is read as separated by {SEPARATORS[mark]}",)
    return Table(str(path), columns, tuple(row for row, _ in body), notes)


def _text_of(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("table", str(path), "is not UTF-8 text", "save it as CSV, UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("table", str(path), f"cannot be read: {reason}") from None
    if "\0" in text:
        raise InputError("table", str(path), "is not text", "save it as CSV, UTF-8")
    return text


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _check_shape(path: Path, names: Sequence[str], body: Sequence[tuple[int, list[str]]], mark: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InputError("table", str(path), f"has two columns named {name!r}", "give each its own name")
    if not body:
        raise InputError("table", str(path), "has a header and no rows")
    for row, cells in body:
        if len(cells) != len(names):
            more = len(cells) > len(names) and mark == ","
            fix = "text with a comma belongs in double quotes, and decimals need a point, not a comma" if more else ""
            rule = f"the row has {len(cells)} cells and the header {len(names)}"
            raise InputError(f"row {row}", mark.join(cells), rule, fix)


def _sequence(name: str, values: Any) -> list[object]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise InputError(f"column {name}", values, "must be a list of values")
    return list(values)


def _from_columns(columns: Mapping[str, Sequence[object]]) -> Table:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError("table", lengths, "columns must have the same length")
    if not lengths or not next(iter(lengths.values())):
        raise InputError("table", list(columns), "has no rows")
    cells = {name: tuple(_text(value) for value in values) for name, values in columns.items()}
    return Table("table", cells, tuple(range(HEADER_ROW + 1, HEADER_ROW + 1 + next(iter(lengths.values())))))


def _text(value: object) -> str:
    """A cell as text that reads back as the same number."""
    if value is None:
        return ""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip() if not isinstance(value, float) else repr(value)
