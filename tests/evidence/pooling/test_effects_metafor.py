"""Effect sizes against R metafor: every case of the fixture, and that the fixture is complete."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from reprieve.evidence.pooling.effects.formulas import VTYPES
from reprieve.evidence.pooling.escalc import MEASURES, escalc
from tests.house.project import ROOT
from tests.tolerance import close

FIXTURE: dict[str, Any] = json.loads((ROOT / "validation/metafor/fixtures/effects.json").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = FIXTURE["cases"]
HEADER_ROW = 1
# metafor gives these the variance of LS: nothing to compare.
SAME_AS_LS = {("MD", "UB")}
# In groups of millions metafor's J, from log-gamma, has 9 digits, and UB subtracts it from 1; test_effects.py holds
# ours to the closed form.
LOST_DIGITS = {"large-SMD-UB"}


def array(values: list[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values])


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_effects_are_those_of_metafor(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, `escalc`: estimates and variances of every row; rows it leaves missing are excluded."""
    yi, vi = array(case["yi"]), array(case["vi"])
    there = np.flatnonzero(np.isfinite(yi) & np.isfinite(vi))

    found = escalc(case["measure"], case["columns"], **{name: name for name in case["columns"]}, **case["options"])

    assert [row - HEADER_ROW - 1 for row in found.rows] == there.tolist()
    assert len(found.excluded) == len(yi) - len(there)
    # As ratios: the table of tolerances compares values below its floor as if they were at it.
    assert close(found.yi, yi[there], "metafor_closed")
    assert close(found.yi[yi[there] != 0] / yi[there][yi[there] != 0], np.ones(sum(yi[there] != 0)), "metafor_closed")
    if case["id"] not in LOST_DIGITS:
        assert close(found.vi / vi[there], np.ones(len(there)), "metafor_closed")


def test_the_grid_is_complete() -> None:
    """Invariant: every measure with every variance has cases, so the comparison cannot quietly shrink."""
    have = {(case["measure"], case["options"].get("vtype", "LS")) for case in CASES}
    wanted = {(measure, vtype) for measure in MEASURES for vtype in VTYPES[measure]}

    assert wanted - have == SAME_AS_LS
    assert FIXTURE["metafor"] == "3.8.1"
    assert len(CASES) >= 100


def test_the_names_of_the_cases_are_unique() -> None:
    """Invariant: a failure names one case."""
    assert [name for name, count in Counter(case["id"] for case in CASES).items() if count > 1] == []


def test_the_corners_are_there() -> None:
    """Invariant: empty cells, every rule for them, groups of two, and every kind of input are compared."""
    columns = {name for case in CASES for name in case["columns"]}
    rules = {case["options"].get("to", "only0") for case in CASES}
    smallest = min(
        min(case["columns"]["n1i"]) for case in CASES if "m1i" in case["columns"] and "n1i" in case["columns"]
    )

    assert columns >= {"di", "ti", "pi", "sei", "ri", "xi", "bi"}
    assert rules == {"only0", "all", "if0all", "none"}
    assert smallest == 2
