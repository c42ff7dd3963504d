"""`datapackage.json` is a Frictionless Data Package, version 1, and says the same as the row classes."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from reprieve.core.errors import InputError
from reprieve.core.provenance import SeenHow
from reprieve.evidence.package.load import ROW_TYPES, Package
from reprieve.evidence.package.schema import DESCRIPTOR, PACKAGED, check_schemas, packaged_schemas, read_schemas
from tests.evidence.package.small import small, write

PYTHON = {"string": str, "number": float, "integer": int, "boolean": bool}
# Table Schema 1, "Constraints": of those that apply to a type, the ones that the reader heeds.
CONSTRAINTS = {
    "string": {"required", "pattern", "enum"},
    "number": {"required", "minimum", "maximum"},
    "integer": {"required", "minimum", "maximum"},
    "boolean": {"required"},
}


def _descriptor() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PACKAGED / DESCRIPTOR).read_text(encoding="utf-8"))
    return found


def test_the_descriptor_has_what_a_tabular_data_package_must_have() -> None:
    """Data Package 1, specs.frictionlessdata.io/data-package: properties, names, paths."""
    found = _descriptor()

    assert found["profile"] == "tabular-data-package"
    assert re.fullmatch(r"[a-z0-9._-]+", found["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    assert all(one["name"] == "Apache-2.0" and one["path"].startswith("https://") for one in found["licenses"])
    assert all(one["title"] for one in found["sources"])
    names = [one["name"] for one in found["resources"]]
    assert len(set(names)) == len(names)
    for one in found["resources"]:
        assert one["profile"] == "tabular-data-resource"
        assert one["encoding"] == "utf-8"
        assert one["path"] == f"{one['name']}.csv"
        assert (PACKAGED / one["path"]).is_file()


@pytest.mark.parametrize("resource", _descriptor()["resources"], ids=lambda one: one["name"])
def test_every_table_schema_is_valid(resource: dict[str, Any]) -> None:
    """Table Schema 1, specs.frictionlessdata.io/table-schema: types, constraints, keys."""
    schema = resource["schema"]
    names = [one["name"] for one in schema["fields"]]

    assert schema["missingValues"] == [""]
    assert len(set(names)) == len(names)
    assert set(schema["primaryKey"]) <= set(names)
    for one in schema["fields"]:
        assert one["description"], one["name"]
        constraints = one.get("constraints", {})
        assert set(constraints) <= CONSTRAINTS[one["type"]], one["name"]
        re.compile(constraints.get("pattern", ""))
        assert one["name"] not in schema["primaryKey"] or constraints.get("required")
    for key in schema.get("foreignKeys", []):
        there = packaged_schemas()[key["reference"]["resource"]]
        assert set(key["fields"]) <= set(names)
        assert tuple(key["reference"]["fields"]) == there.key


@pytest.mark.parametrize("table", ROW_TYPES)
def test_the_fields_of_a_row_are_the_columns_of_its_table(table: str) -> None:
    """House rule: one list of columns. Names, order, types, and None exactly where a cell may be empty."""
    schema = packaged_schemas()[table]
    hints = get_type_hints(ROW_TYPES[table])

    assert tuple(one.name for one in fields(ROW_TYPES[table])) == schema.columns
    for field in schema.fields:
        kind = PYTHON[field.type]
        assert hints[field.name] == (kind if field.constraints.get("required") else kind | None), field.name


def test_the_package_has_one_tuple_per_table() -> None:
    """House rule: no table of the descriptor is left unread."""
    tables = [one.name for one in fields(Package) if one.name not in ("folder", "sources", "_days")]

    assert tables == list(ROW_TYPES) == list(packaged_schemas())


def test_how_a_row_was_seen_is_the_list_of_the_core() -> None:
    """House rule: one list of words for how a number was seen."""
    for schema in packaged_schemas().values():
        for field in schema.fields:
            if field.name == "seen":
                assert field.constraints["enum"] == [str(one) for one in SeenHow], schema.name


def test_an_unreadable_descriptor_is_refused(tmp_path: Path) -> None:
    """Contract of errors: the folder or file is named."""
    with pytest.raises(InputError, match=r"has no readable datapackage\.json"):
        read_schemas(tmp_path)
    for text in ("{", "[]", '{"resources": [{"name": "studies"}]}', '{"resources": 3}'):
        (tmp_path / DESCRIPTOR).write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="is not a data package descriptor"):
            read_schemas(tmp_path)


def test_a_folder_cannot_weaken_the_rules(tmp_path: Path) -> None:
    """Invariant: a folder's own descriptor may add tables, never other columns, constraints or keys."""
    folder = write(tmp_path, small())
    found = _descriptor()
    found["resources"].append({**found["resources"][0], "name": "mine", "path": "mine.csv"})
    (folder / DESCRIPTOR).write_text(json.dumps(found), encoding="utf-8")
    check_schemas(folder)

    del found["resources"][0]["schema"]["fields"][0]["constraints"]
    (folder / DESCRIPTOR).write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(InputError, match="look at column study"):
        check_schemas(folder)
    found = _descriptor()
    found["resources"][1]["schema"]["foreignKeys"] = []
    (folder / DESCRIPTOR).write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(InputError, match="look at primaryKey and foreignKeys"):
        check_schemas(folder)
    found["resources"].pop(1)
    (folder / DESCRIPTOR).write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(InputError, match="'arms': is a table that the descriptor must have"):
        check_schemas(folder)
