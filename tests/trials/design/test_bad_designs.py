"""Contradictory designs: one line that names the field and what to write instead."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from reprieve.core.errors import InputError
from reprieve.core.rules.files import load_rules
from reprieve.trials.design.examples import examples, file_of
from reprieve.trials.design.load import load_design, read_design
from reprieve.trials.design.schema import design_schema

CASES = tomllib.loads((Path(__file__).parent / "corpus.toml").read_text(encoding="utf-8"))["case"]
VALIDATOR = jsonschema.Draft202012Validator(design_schema())


def table_of(name: str) -> dict[str, Any]:
    return tomllib.loads(file_of(name).read_text(encoding="utf-8"))


def place(table: Any, path: str) -> tuple[Any, Any]:
    """The table or list that holds the last part of a dotted path, and that part."""
    *inner, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in inner:
        table = table[part]
    return table, last


def spoilt(case: dict[str, Any]) -> dict[str, Any]:
    """The design of a case."""
    table = copy.deepcopy(table_of(case.get("base", "two_arm")))
    for path in case.get("drop", []):
        held, last = place(table, path)
        del held[last]
    for path, value in case.get("put", {}).items():
        held, last = place(table, path)
        held[last] = copy.deepcopy(value)
    return table


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_contradiction_is_refused_in_one_line(case: dict[str, Any]) -> None:
    """Invariant: the message names the field and the fix, whatever is wrong."""
    with pytest.raises(InputError) as caught:
        read_design(spoilt(case), "trial.toml")

    told = str(caught.value)
    assert caught.value.field == f"trial.toml: {case['field']}"
    assert [text for text in case["says"] if text not in told] == []
    assert "\n" not in told


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_json_schema_refuses_what_it_can(case: dict[str, Any]) -> None:
    """Independent implementation: jsonschema, which reads the schema alone."""
    assert bool(list(VALIDATOR.iter_errors(spoilt(case)))) is case["schema"]


def test_the_corpus_is_large_and_spoils_something() -> None:
    """Invariant: every case differs from its example, once, and most can be said in the schema."""
    assert len({case["id"] for case in CASES}) == len(CASES) > 90
    assert all(repr(spoilt(case)) != repr(table_of(case.get("base", "two_arm"))) for case in CASES)
    assert sum(case["schema"] for case in CASES) > len(CASES) / 2


def test_further_wrong_fields_are_counted() -> None:
    """Invariant: a reader who mends the first line knows that there are more."""
    table = table_of("two_arm")
    table["arms"][0]["patients"] = table["arms"][1]["patients"] = -1
    table["sites"] = 0

    with pytest.raises(InputError, match=r"arms\.ketamine\.patients|sites") as caught:
        read_design(table)
    assert "2 more fields are wrong" in str(caught.value)


def test_the_caller_says_which_limits_may_be_set() -> None:
    """Invariant: who acts on some limits only refuses the others."""
    table = table_of("pressure_limit")

    assert read_design(table, limit_names=load_rules().limits) == read_design(table)
    with pytest.raises(InputError, match=r"protocol\.limits\.dbp_pause_mmhg: 100\.0: is no limit.*sbp_pause_mmhg"):
        read_design(table, limit_names=["sbp_pause_mmhg"])


@pytest.mark.parametrize("text", ["name = ", "[[[", "a = 1\na = 2\n"])
def test_what_is_no_toml_is_refused(text: str, tmp_path: Path) -> None:
    """Invariant: a file that cannot be read names itself, not its traceback."""
    path = tmp_path / "trial.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=r"design file: 'trial\.toml': cannot be read as TOML"):
        load_design(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """Invariant."""
    with pytest.raises(InputError, match=r"design file: 'none\.toml': cannot be read"):
        load_design(tmp_path / "none.toml")


@pytest.mark.parametrize("name", examples())
def test_a_key_that_is_left_out_never_breaks_the_reader(name: str) -> None:
    """Invariant: a design without any one key is complete or refused in one line."""
    table = table_of(name)
    told = []
    for key in table:
        try:
            read_design({other: value for other, value in table.items() if other != key})
        except InputError as error:
            told.append(str(error))

    assert len(told) >= 3
    assert not [line for line in told if "\n" in line]
