"""No naked number in the model; no number in a data file without unit, source and how it was seen."""

import ast
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house.project import PACKAGE, bibliography, data_files, load, modules, shown, tables, tree

STRUCTURAL = {0.0, 1.0, 2.0, 0.5}
EVIDENCE_SOURCES = PACKAGE / "evidence" / "data" / "sources.bib"
SEEN = {"full text", "abstract", "secondary", "unverified", "assumed", "derived"}


def naked_numbers(text: ast.Module) -> list[str]:
    """Floats written in code, but for the structural ones, with their lines."""
    constants = [node for node in ast.walk(text) if isinstance(node, ast.Constant)]
    naked = [c for c in constants if isinstance(c.value, float | complex) and c.value not in STRUCTURAL]
    return [f"line {c.lineno}: {c.value!r}" for c in sorted(naked, key=lambda c: c.lineno)]


def quantities() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table under a `quantities` table, in any data file."""
    for path in data_files():
        for name, table in load(path).get("quantities", {}).items():
            yield f"{shown(path)} {name}", table


def cited(table: dict[str, Any]) -> list[str]:
    """Source keys that a table names, in `source` or `sources`."""
    named = [table.get("source", []), table.get("sources", [])]
    return [key for value in named for key in ([value] if isinstance(value, str) else value)]


@pytest.mark.parametrize("path", modules("model"), ids=shown)
def test_no_float_in_the_model_but_0_1_2_and_a_half(path: Path) -> None:
    """Invariant (house rule 2): a constant of the model comes from a data file with its source."""
    assert naked_numbers(tree(path)) == []


def test_the_test_sees_a_naked_number() -> None:
    """Invariant: the check is not blind."""
    example = ast.parse("a = 0.5 * x + 3 * 1.2\nb = -1.0\nc = 1e-9\n")

    assert naked_numbers(example) == ["line 1: 1.2", "line 3: 1e-09"]


def test_every_quantity_has_value_unit_source_and_how_it_was_seen() -> None:
    """Invariant (house rule 2)."""
    wrong = []
    for name, table in quantities():
        if not isinstance(table.get("value"), float | int) or not math.isfinite(table["value"]):
            wrong.append(f"{name}: value {table.get('value')!r}")
        if not isinstance(table.get("unit"), str) or not table["unit"].strip():
            wrong.append(f"{name}: unit {table.get('unit')!r}")
        if not isinstance(table.get("source"), str) or not table["source"].strip():
            wrong.append(f"{name}: source {table.get('source')!r}")
        if table.get("seen") not in SEEN:
            wrong.append(f"{name}: seen {table.get('seen')!r}")

    assert not wrong


def test_there_are_quantities_to_check() -> None:
    """Invariant: the checks above did not pass because they found nothing."""
    assert len(list(quantities())) > 20


def test_every_source_named_is_in_the_bibliography() -> None:
    """Invariant: any table of any data file that names a source names one that exists."""
    known = bibliography() | bibliography(EVIDENCE_SOURCES)

    wrong = [
        f"{shown(path)} {name}: {key}"
        for path in data_files()
        for name, table in tables(load(path))
        for key in cited(table)
        if key not in known
    ]

    assert not wrong


def test_the_two_bibliographies_agree() -> None:
    """Invariant: a source that both the evidence package and the rest of the house cite is the same entry."""
    ours, evidence = bibliography(), bibliography(EVIDENCE_SOURCES)

    assert [key for key in ours.keys() & evidence.keys() if ours[key].split() != evidence[key].split()] == []


def fields(entry: str) -> set[str]:
    return set(re.findall(r"^\s*(\w+)\s*=", entry, flags=re.MULTILINE))


def test_every_source_can_be_found() -> None:
    """Invariant: an entry holds what a reader needs to find it, or says in a note what it is."""
    wrong = [
        key
        for key, entry in (bibliography() | bibliography(EVIDENCE_SOURCES)).items()
        if not fields(entry) & {"doi", "pmid", "pmcid", "url", "note"}
        and not fields(entry) >= {"author", "title", "year"}
        and not fields(entry) >= {"author", "journal", "year"}
    ]

    assert not wrong


@pytest.mark.parametrize("path", data_files(), ids=shown)
def test_an_interval_holds_its_value(path: Path) -> None:
    """Invariant: low <= value <= high, and an interval that is given says its level."""
    wrong = []
    for name, table in tables(load(path)):
        low, value, high = table.get("low"), table.get("value"), table.get("high")
        if value is None or (low is None and high is None):
            continue
        if not (low if low is not None else value) <= value <= (high if high is not None else value):
            wrong.append(f"{name}: {value} outside {low} to {high}")
        if not table.get("interval"):
            wrong.append(f"{name}: interval without its level")

    assert not wrong


def test_data_files_are_read_by_the_same_rules_as_the_product() -> None:
    """Invariant: every data file is TOML, so nothing escapes the tests above by another format."""
    for path in data_files():
        tomllib.loads(path.read_text(encoding="utf-8"))
