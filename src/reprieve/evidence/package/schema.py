"""The table schema: `datapackage.json` read into tables, columns, constraints and references.

The descriptor follows the Frictionless Data Package, version 1, so that other programs can read it. It is the one place
where a column, its unit and its constraints are stated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reprieve.core.errors import InputError

DESCRIPTOR = "datapackage.json"
PACKAGED = Path(__file__).parents[1] / "data"
TYPES = ("string", "number", "integer", "boolean")


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, type, meaning and constraints."""

    name: str
    type: str
    description: str
    constraints: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns whose values must be a key of another table; empty cells refer to nothing."""

    fields: tuple[str, ...]
    table: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table: columns, primary key, references."""

    name: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    references: tuple[ForeignKey, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns in order."""
        return tuple(field.name for field in self.fields)


@cache
def packaged_schemas() -> Mapping[str, TableSchema]:
    """Return the tables of this version of Reprieve by name: the rules for every package."""
    return read_schemas(PACKAGED)


def read_schemas(folder: Path) -> dict[str, TableSchema]:
    """Return the tables that a folder's descriptor describes.

    Raises `InputError` for a folder without a readable descriptor.
    """
    path = folder / DESCRIPTOR
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {entry["name"]: _table(entry) for entry in found["resources"]}
    except OSError as error:
        raise InputError("package", str(folder), f"has no readable {DESCRIPTOR}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(str(path), str(error), "is not a data package descriptor") from None


def check_schemas(folder: Path) -> None:
    """Raise `InputError` if a folder's descriptor has other tables or columns, or weaker rules, than this version.

    Tables beyond the package's own are left alone: an export adds some.
    """
    theirs = read_schemas(folder)
    for name, ours in packaged_schemas().items():
        if name not in theirs:
            raise InputError(str(folder / DESCRIPTOR), name, "is a table that the descriptor must have")
        if theirs[name] != ours:
            rule = "is not the table that this version of Reprieve knows"
            raise InputError(str(folder / DESCRIPTOR), name, rule, _difference(ours, theirs[name]))


def _difference(ours: TableSchema, theirs: TableSchema) -> str:
    known, found = {one.name: one for one in ours.fields}, {one.name: one for one in theirs.fields}
    for name in known.keys() | found.keys():
        if known.get(name) != found.get(name):
            return f"look at column {name}"
    return "look at primaryKey and foreignKeys"


def _table(entry: Mapping[str, Any]) -> TableSchema:
    schema = entry["schema"]
    fields = tuple(
        Field(one["name"], one["type"], one.get("description", ""), one.get("constraints", {}))
        for one in schema["fields"]
    )
    references = tuple(
        ForeignKey(tuple(one["fields"]), one["reference"]["resource"], tuple(one["reference"]["fields"]))
        for one in schema.get("foreignKeys", ())
    )
    return TableSchema(
        entry["name"], entry.get("description", ""), fields, tuple(schema.get("primaryKey", ())), references
    )
