"""One CSV table read against its schema: typed rows, and every cell that breaks a rule of its column."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reprieve.evidence.package.problem import Cell, Problem
from reprieve.evidence.package.schema import Field, TableSchema

FIRST_ROW = 2  # row 1 of a file is its header
SHOWN = 60  # characters of a broken row in its message
# Python's own readers also take 1_000 and digits of other scripts; other programs do not.
_NUMBER = {
    "integer": re.compile(r"[+-]?[0-9]+"),
    "number": re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
}
_RULE = {
    "boolean": "must be true or false",
    "integer": "must be a whole number",
    "number": "must be a number with a decimal point",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table with typed cells, and its row number in the file."""

    row: int
    cells: Mapping[str, Cell]


def read_lines(schema: TableSchema, text: str) -> tuple[list[Line], list[Problem]]:
    """Read one CSV text into typed rows, and list every cell that breaks a rule of its column.

    A cell of the wrong type is None in its line. Unknown, missing or repeated columns end the reading.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    lines: list[Line] = []
    problems: list[Problem] = []
    try:
        header = next(rows, [])
        problems.extend(_header(schema, header))
        if problems:
            return [], problems
        for number, row in enumerate(rows, start=FIRST_ROW):
            if len(row) != len(header):
                rule = f"has {len(row)} cells, the header {len(header)}"
                fix = "quote cells that hold commas; leave no empty line"
                problems.append(Problem(schema.name, number, "", ",".join(row)[:SHOWN], rule, fix))
                continue
            cells, broken = _cells(schema, number, dict(zip(header, row, strict=True)))
            problems.extend(broken)
            lines.append(Line(number, cells))
    except csv.Error as error:
        return [], [Problem(schema.name, 0, "", str(error), "is not readable as CSV", "quote cells that hold commas")]
    problems.extend(_repeated(schema, lines))
    return lines, problems


def _header(schema: TableSchema, header: list[str]) -> Iterator[Problem]:
    for name in dict.fromkeys(header):
        if name not in schema.columns:
            yield Problem(schema.name, 1, name, name, "is not a column of this table", nearest(name, schema.columns))
        elif header.count(name) > 1:
            yield Problem(schema.name, 1, name, name, "is a column twice")
    for name in schema.columns:
        if name not in header:
            yield Problem(schema.name, 1, name, None, "is a missing column", f"columns: {', '.join(schema.columns)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return what to try instead of an unknown name."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _cells(schema: TableSchema, row: int, raw: Mapping[str, str]) -> tuple[dict[str, Cell], list[Problem]]:
    cells: dict[str, Cell] = {}
    problems: list[Problem] = []
    for field in schema.fields:
        value, rule = cell(field, raw[field.name])
        cells[field.name] = value
        if rule:
            problems.append(Problem(schema.name, row, field.name, raw[field.name], rule))
    return cells, problems


def cell(field: Field, text: str) -> tuple[Cell, str]:
    """Return a cell's value, None for an empty or unreadable one, and the rule it breaks, empty if none."""
    if text == "":
        return None, "must be given" if field.constraints.get("required") else ""
    if text != text.strip():
        return None, "must not begin or end with a blank"
    value = _typed(field.type, text)
    return (None, _RULE[field.type]) if value is None else (value, _broken(field.constraints, value, text))


def _typed(kind: str, text: str) -> Cell:
    if kind == "string":
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    if not _NUMBER[kind].fullmatch(text):
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    return int(text) if kind == "integer" else number


def _broken(constraints: Mapping[str, Any], value: Cell, text: str) -> str:
    if isinstance(value, str) and _CONTROL.search(value):
        return "must be one line without control characters"
    if "enum" in constraints and value not in constraints["enum"]:
        return f"must be one of {', '.join(constraints['enum'])}"
    if "pattern" in constraints and not re.fullmatch(constraints["pattern"], text):
        return f"must look like {constraints['pattern']}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in constraints and value < constraints["minimum"]:
            return f"must be at least {constraints['minimum']}"
        if "maximum" in constraints and value > constraints["maximum"]:
            return f"must be at most {constraints['maximum']}"
    return ""


def _repeated(schema: TableSchema, lines: Iterable[Line]) -> Iterator[Problem]:
    seen: dict[tuple[Cell, ...], int] = {}
    for line in lines:
        key = key_of(schema, line)
        if key in seen:
            rule = f"is also the key of row {seen[key]}"
            yield Problem(schema.name, line.row, "+".join(schema.key), words(key), rule)
        elif None not in key:
            seen[key] = line.row


def dangling(schema: TableSchema, lines: Iterable[Line], others: Mapping[str, Iterable[Line]]) -> Iterator[Problem]:
    """Yield every row that refers to a row which is not there."""
    for reference in schema.references:
        known = {tuple(one.cells[name] for name in reference.keys) for one in others[reference.table]}
        for line in lines:
            key = tuple(line.cells[name] for name in reference.fields)
            if None not in key and key not in known:
                rule = f"is not in {reference.table}.csv"
                yield Problem(schema.name, line.row, "+".join(reference.fields), words(key), rule)


def key_of(schema: TableSchema, line: Line) -> tuple[Cell, ...]:
    """Return the primary key of a row."""
    return tuple(line.cells[name] for name in schema.key)


def words(key: Iterable[Cell]) -> str:
    """Return a key as text."""
    return ", ".join(str(part) for part in key)
