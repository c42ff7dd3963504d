"""The cases that R metafor was run on, and what Reprieve gives for each of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from reprieve.evidence.pooling.fit import TESTS, fit
from reprieve.evidence.pooling.heterogeneity import tau2_interval
from reprieve.evidence.pooling.regression import Design, design, omnibus, read_formula
from reprieve.evidence.pooling.tau2 import METHODS
from reprieve.evidence.pooling.wls import basis
from tests.house.project import ROOT
from tests.tolerance import FLOOR

Array = npt.NDArray[np.float64]
FOLDER = ROOT / "validation" / "metafor"
EVERY_MODS = ("none", "x", "f")
GRID: dict[str, tuple[str, ...]] = {
    "bcg": EVERY_MODS,
    "normand1999": EVERY_MODS,
    "hackshaw1998": EVERY_MODS,
    "raudenbush1985": EVERY_MODS,
    "konstantopoulos2011": EVERY_MODS,
    "alike": EVERY_MODS,
    "wide": EVERY_MODS,
    "tiny": EVERY_MODS,
    "shifted": EVERY_MODS,
    "two": ("none",),
    "three": EVERY_MODS,
}
CLOSED = ("DL", "HE", "SJ", "EE")
# Quantities and the power of the unit of the estimates that each is in.
UNITS = {"beta": 1, "se": 1, "ci_low": 1, "ci_high": 1, "pi_low": 1, "pi_high": 1}
UNITS |= {"tau2": 2, "tau2_ci_low": 2, "tau2_ci_high": 2}
UNITS |= dict.fromkeys(("statistic", "p", "i2", "h2", "q", "q_p", "qm", "qm_df", "qm_p"), 0)
SEARCHED = ("tau2_ci_low", "tau2_ci_high")


@cache
def fixtures() -> dict[str, Any]:
    held: dict[str, Any] = json.loads((FOLDER / "fixtures" / "pooling.json").read_text(encoding="utf-8"))
    return held


def declared() -> Iterator[tuple[str, str, str, str]]:
    """Every case that there must be: data set, method, test, moderators."""
    for data, mods in GRID.items():
        yield from product((data,), METHODS, TESTS, mods)


def key(case: dict[str, Any]) -> tuple[str, str, str, str]:
    return case["data"], case["method"], case["test"], case["mods"]


def quantities(method: str, mods: str) -> set[str]:
    """What must be compared in a case."""
    expected = set(UNITS)
    if method == "EE":
        expected -= {"tau2_ci_low", "tau2_ci_high"}
    if mods != "none" or method == "EE":
        expected -= {"pi_low", "pi_high"}
    return expected


def columns(data: str) -> dict[str, list[Any]]:
    held: dict[str, list[Any]] = fixtures()["data"][data]
    return held


def planned(data: str, mods: str, rows: list[int] | None = None) -> Design | None:
    """The design by the product's own reader of formulas."""
    if mods == "none":
        return None
    chosen = columns(data)[mods] if rows is None else [columns(data)[mods][row] for row in rows]
    return design(read_formula(mods, ("x", "f")), {mods: chosen})


@cache
def tau2_ends(data: str, mods: str) -> tuple[float, float]:
    plan, held = planned(data, mods), columns(data)
    matrix = np.ones((len(held["yi"]), 1)) if plan is None else plan.matrix
    return tau2_interval(np.array(held["yi"]), np.array(held["vi"]), basis(matrix))


def ours(data: str, method: str, test: str, mods: str) -> dict[str, Any]:
    """What Reprieve gives, by the names of the fixtures."""
    plan, held = planned(data, mods), columns(data)
    fitted = fit(held["yi"], held["vi"], None if plan is None else plan.matrix, method=method, test=test)
    assert fitted.converged
    qm, qm_df, qm_p = omnibus(fitted, (0,) if plan is None else plan.tested)
    low, high = fitted.ci()
    found: dict[str, Any] = {name: getattr(fitted, name) for name in ("beta", "se", "statistic", "tau2", "q", "q_p")}
    found |= {"i2": fitted.i2, "h2": fitted.h2, "p": fitted.p_values, "ci_low": low, "ci_high": high}
    found |= {"qm": qm, "qm_df": qm_df, "qm_p": qm_p}
    wanted = quantities(method, mods)
    if "pi_low" in wanted:
        found["pi_low"], found["pi_high"] = fitted.prediction()
    if "tau2_ci_low" in wanted:
        found["tau2_ci_low"], found["tau2_ci_high"] = tau2_ends(data, mods)
    return found


def compared(case: dict[str, Any]) -> Iterator[tuple[str, Array, Array]]:
    """Each quantity of a case: its name, ours, metafor's; in units of the spread of the estimates."""
    spread = float(np.std(columns(case["data"])["yi"]))
    for name, value in ours(*key(case)).items():
        unit = spread ** UNITS[name]
        yield name, np.ravel(np.asarray(value, float)) / unit, np.ravel(np.asarray(case[name], float)) / unit


def worst() -> dict[tuple[str, str], float]:
    """The largest relative error by quantity and kind of method, over all cases."""
    found: dict[tuple[str, str], float] = {}
    for case in fixtures()["cases"]:
        kind = "closed" if case["method"] in CLOSED else "iterated"
        for name, got, expected in compared(case):
            error = float(np.max(np.abs(got - expected) / (np.abs(expected) + FLOOR)))
            found[name, kind] = max(error, found.get((name, kind), 0.0))
    return found
