"""`docs/designs.md` says every field of the form, and what it shows is so."""

from __future__ import annotations

import doctest
import re
import tomllib

from reprieve.core.schemas import Strict
from reprieve.trials.design.examples import examples
from reprieve.trials.design.form import (
    Allocation,
    Analysis,
    ArmForm,
    Baseline,
    Blinding,
    DesignForm,
    Dropout,
    Entry,
    Estimand,
    Interim,
    Look,
    Protocol,
    Rescue,
    Visits,
)
from reprieve.trials.design.load import read_design
from tests.house.project import ROOT

PAGE = (ROOT / "docs" / "designs.md").read_text(encoding="utf-8")
# The forms whose keys the page gives with the name of their table.
PREFIXED: dict[type[Strict], str] = {
    Baseline: "baseline",
    Entry: "entry",
    Dropout: "dropout",
    Rescue: "rescue_rule",
    Look: "looks",
}
PLAIN: tuple[type[Strict], ...] = (
    ArmForm,
    Allocation,
    Visits,
    Estimand,
    Analysis,
    Blinding,
    Interim,
    Protocol,
    DesignForm,
)
TABLES = {
    "arms",
    "allocation",
    "baseline",
    "entry",
    "visits",
    "estimand",
    "analysis",
    "blinding",
    "interim",
    "protocol",
}
INNER = {"looks", "dropout", "rescue_rule"}


def keys() -> set[str]:
    """Every key of a design file, as the page writes it."""
    plain = {field.alias or name for form in PLAIN for name, field in form.model_fields.items()}
    prefixed = {f"{name}.{key}" for form, name in PREFIXED.items() for key in form.model_fields}
    return (plain | prefixed) - TABLES - INNER


def described() -> dict[str, list[str]]:
    """Rows of the tables of the page by their first cell."""
    rows = re.findall(r"^\| `([a-z0-9_.]+)` \| (.+) \|$", PAGE, flags=re.MULTILINE)
    return {key: rest.split(" | ") for key, rest in rows}


def test_every_key_has_a_row_with_meaning_values_and_default() -> None:
    """Invariant: nothing can be written into a design that the page does not explain."""
    found = described()

    assert keys() - found.keys() == set()
    assert [key for key in keys() if len(found[key]) != 3] == []


def test_every_table_is_named() -> None:
    """Invariant: each table of the file has its heading."""
    headings = re.findall(r"^## (.+)$", PAGE, flags=re.MULTILINE)

    assert [name for name in TABLES if not any(f"[{name}]" in heading for heading in headings)] == []


def test_every_example_is_listed() -> None:
    """Invariant."""
    assert [name for name in examples() if name not in described()] == []


def test_the_designs_that_it_shows_are_read() -> None:
    """Invariant: what a reader copies works."""
    shown = re.findall(r"```toml\n(.+?)```", PAGE, flags=re.DOTALL)

    assert shown
    for text in shown:
        assert read_design(tomllib.loads(text)).name


def test_the_python_that_it_shows_runs() -> None:
    """Invariant: printed results are what the code gives."""
    test = doctest.DocTestParser().get_doctest(PAGE.replace("```", "\n"), {}, "designs.md", "docs/designs.md", 0)
    result = doctest.DocTestRunner().run(test)

    assert result.attempted > 10
    assert result.failed == 0
