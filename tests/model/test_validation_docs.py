"""docs/validation.md names tests that exist: the matrix cannot rot in silence."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "validation.md"
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE.read_text(encoding="utf-8"))))
ACCEPTANCE = ROOT / "tests" / "model" / "test_acceptance.py"


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(("path", "test"), NAMED, ids=lambda x: str(x).rsplit("/", 1)[-1])
def test_every_named_test_exists(path: str, test: str) -> None:
    """Invariant: a file or test that the page names is there."""
    assert (ROOT / path).is_file()
    if test:
        assert test in functions_of(ROOT / path)


def test_every_acceptance_statement_has_its_test_and_its_row() -> None:
    """Invariant: statements 1 to 8 are each tested under their number and named on the page."""
    numbers = {int(name.split("_")[1]) for name in functions_of(ACCEPTANCE)}
    shown = {int(test.split("_")[1]) for path, test in NAMED if path.endswith("test_acceptance.py") and test}

    assert numbers == shown == set(range(1, 9))
