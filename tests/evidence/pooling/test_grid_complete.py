"""The comparison cannot quietly shrink to the cases that happen to pass."""

from __future__ import annotations

import json

import pytest

from tests.evidence.pooling.grid import FOLDER, GRID, compared, declared, fixtures, key, quantities

LEAST = 150


def test_the_fixtures_are_exactly_the_declared_grid() -> None:
    """Invariant: every data set x method x test x moderators of the grid, once, and nothing else."""
    held = [key(case) for case in fixtures()["cases"]]

    assert len(held) == len(set(held)) >= LEAST
    assert set(held) == set(declared())
    assert set(fixtures()["data"]) == set(GRID)


def test_no_case_is_there_without_its_numbers() -> None:
    """Invariant: metafor answered every case, with every quantity and no empty value."""
    wrong = [
        key(case)
        for case in fixtures()["cases"]
        if not quantities(case["method"], case["mods"]) <= set(case) or "failed" in case or None in case.values()
    ]

    assert not wrong


@pytest.mark.parametrize("data", GRID)
def test_every_quantity_of_every_case_is_compared(data: str) -> None:
    """Invariant: the comparison leaves no quantity of the fixtures out."""
    told = {"data", "method", "test", "mods", "warned"}

    for case in fixtures()["cases"]:
        if case["data"] == data and case["test"] == "knha":
            names = {name for name, _, _ in compared(case)}
            assert names == set(case) - told == quantities(case["method"], case["mods"])


def test_versions_are_written_down() -> None:
    """Invariant: the fixtures say which R and which metafor made them."""
    versions = json.loads((FOLDER / "versions.json").read_text(encoding="utf-8"))

    assert {"R", "metafor", "metadat"} <= set(versions)
    assert versions["metafor"] == "3.8-1"
