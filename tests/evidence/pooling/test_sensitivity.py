"""Leave one out, cumulative pools and influence: R metafor, closed forms, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.influence import influence
from reprieve.evidence.pooling.sensitivity import cumulative, leave_one_out
from tests.evidence.pooling.diagnostics import EVERY, TWO, all_agree, cases, data, name, refused
from tests.tolerance import close

STEPS = ("estimate", "se", "statistic", "p", "ci_low", "ci_high", "q", "q_p", "tau2", "i2", "h2")
DELETION = ("rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "q_del", "hat", "weight")
FULL = ("bcg", "normand1999", "alike", "three", "five")
SOME = ("hackshaw1998", "egger2001", "raudenbush1985", "skewed", "ties")
WITH_MODERATOR = tuple(one for one in (*FULL, *SOME) if one not in ("three", "hackshaw1998"))
Y, V = [-1.1, -0.2, -0.5, 0.1], [0.05, 0.02, 0.08, 0.04]


def declared() -> set[tuple[Any, ...]]:
    rows: set[tuple[Any, ...]] = set()
    for sets, choices in ((FULL, EVERY), (SOME, TWO)):
        for held, (method, test) in ((one, choice) for one in sets for choice in choices):
            rows |= {(kind, held, method, test, None) for kind in ("leave_one_out", "cumulative")}
            rows |= {("influence", held, method, test, mods) for mods in (False, held in WITH_MODERATOR)}
    return rows


def test_the_grid_is_complete() -> None:
    """Invariant: every declared case is in the fixture, once, and no other."""
    found = [
        tuple(case.get(key) for key in ("kind", "data", "method", "test", "mods")) for case in cases("sensitivity")
    ]

    assert set(found) == declared()
    assert len(found) == len(set(found)) == 190


@pytest.mark.parametrize("case", cases("sensitivity", "leave_one_out"), ids=name)
def test_leave_one_out(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, leave1out()."""
    held = data("sensitivity", case)

    found = leave_one_out(held["yi"], held["vi"], method=case["method"], test=case["test"])

    all_agree(found.table(), case, STEPS)


@pytest.mark.parametrize("case", cases("sensitivity", "cumulative"), ids=name)
def test_cumulative(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, cumul() with order = year, ties in the order of the table."""
    held = data("sensitivity", case)

    found = cumulative(held["yi"], held["vi"], held["year"], method=case["method"], test=case["test"])

    all_agree(found.table(), case, STEPS)
    assert [one.label for one in found.steps] == [f"study {row + 1:.0f}" for row in case["order"]]
    assert [one.k for one in found.steps] == list(range(1, len(held["yi"]) + 1))


@pytest.mark.parametrize("case", cases("sensitivity", "influence"), ids=name)
def test_influence(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, influence(), without and with a moderator, and its rule for the flag."""
    held = data("sensitivity", case)
    design = np.column_stack([np.ones(len(held["yi"])), held["x"]]) if case["mods"] else None

    found = influence(held["yi"], held["vi"], design, method=case["method"], test=case["test"])

    all_agree(found.table(), case, DELETION)
    all_agree({"dfbetas": np.array(found.table()["dfbetas"], dtype=float).T}, case, ["dfbetas"])
    assert [one.influential for one in found.cases] == case["influential"]


def test_the_outlier_is_flagged() -> None:
    """R metafor 3.8-1: of the five made-up studies the last, at -3, is flagged under DL and z."""
    held = data("sensitivity", {"data": "five"})

    found = influence(held["yi"], held["vi"], labels=list("abcde"), method="EE", test="z")

    assert "e" in found.flagged


def test_leaving_one_out_is_a_fit_of_the_others() -> None:
    """Invariant."""
    found = leave_one_out(Y, V, ["a", "b", "c", "d"])

    alone = fit(Y[:2] + Y[3:], V[:2] + V[3:])
    assert found.steps[2].label == "c"
    assert close(found.steps[2].estimate, float(alone.beta[0]), "closed_form")
    assert (found.steps[2].k, found.steps[2].df) == (3, 2)
    assert found.table()["label"] == ["a", "b", "c", "d"]


def test_the_last_cumulative_pool_is_the_pool() -> None:
    """Invariant; the first is the study itself with its own normal interval."""
    found = cumulative(Y, V, [2020, 2014, 2017, 2014], ["a", "b", "c", "d"], method="DL")

    whole = fit(Y, V, method="DL")
    assert [one.label for one in found.steps] == ["b", "d", "c", "a"]
    assert close(found.steps[-1].estimate, float(whole.beta[0]), "closed_form")
    assert close(found.steps[0].se, math.sqrt(0.02), "closed_form")
    assert (found.steps[0].df, found.steps[0].tau2) == (math.inf, 0)


def test_without_its_own_study_nothing_else_matters() -> None:
    """Closed form: the hat values of one column are the weights, and sum to one."""
    found = influence(Y, V, method="DL", test="z")

    assert close(sum(one.hat for one in found.cases), 1.0, "closed_form")
    assert close([one.weight for one in found.cases], [100 * one.hat for one in found.cases], "closed_form")


def test_a_study_that_the_design_needs_is_kept_with_the_reason() -> None:
    """Invariant: without the only study of its group there is no fit; metafor gives NA, here the case says why."""
    design = np.column_stack([np.ones(5), [0, 0, 0, 0, 1]])

    found = influence([*Y, 0.3], [*V, 0.1], design, ["a", "b", "c", "d", "e"], method="DL", test="z")

    assert "zero" in found.cases[4].refused
    assert math.isnan(found.cases[4].rstudent)
    assert not found.cases[4].influential
    assert [one.refused for one in found.cases[:4]] == [""] * 4


def test_what_is_refused() -> None:
    """Invariant: one line with the value and the rule."""
    assert "at least 3" in refused(leave_one_out, Y[:2], V[:2])
    assert "at least 3" in refused(influence, Y[:2], V[:2])
    assert "too few to delete" in refused(influence, Y[:3], V[:3], np.column_stack([np.ones(3), [1, 2, 4]]))
    assert "order" in refused(cumulative, Y, V, [2020, 2014, math.nan, 2014])
    assert "order" in refused(cumulative, Y, V, [2020, 2014])
    assert "vi of study 2" in refused(leave_one_out, Y, [0.1, 0.0, 0.1, 0.1])
    assert "yi of study 1" in refused(leave_one_out, [math.inf, *Y[1:]], V)
    assert "same length" in refused(leave_one_out, Y, V[:3])
    assert "labels" in refused(leave_one_out, Y, V, ["a"])
    assert "method" in refused(leave_one_out, Y, V, method="best")


def test_equal_inputs_give_equal_digests() -> None:
    """Invariant: the digest follows what was asked."""
    assert leave_one_out(Y, V).inputs_digest == leave_one_out(Y, V).inputs_digest
    assert leave_one_out(Y, V).inputs_digest != leave_one_out(Y, V, method="DL").inputs_digest
