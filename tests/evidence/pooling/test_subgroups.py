"""Subgroups: R metafor, closed forms, and the subgroups that are refused."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.subgroups import subgroups
from tests.evidence.pooling.diagnostics import METHODS, TESTS, agrees, all_agree, cases, data, kind, name, refused
from tests.tolerance import close

SETS = (
    *("bcg", "hackshaw1998", "egger2001", "raudenbush1985", "normand1999", "skewed", "alike", "ties"),
    *("singleton", "three_levels"),
)
PER_GROUP = ("k", "estimate", "se", "p", "ci_low", "ci_high", "tau2", "i2", "q")
Y, V, OF = [-1.1, -0.2, -0.5, 0.1], [0.05, 0.02, 0.08, 0.04], ["a", "a", "b", "b"]


def test_the_grid_is_complete() -> None:
    """Invariant: every declared case is in the fixture, once, and no other."""
    found = [(case["data"], case["method"], case["test"]) for case in cases("subgroups")]

    assert sorted(found) == sorted(product(SETS, METHODS, TESTS))
    assert len(found) == 80


@pytest.mark.parametrize("case", cases("subgroups"), ids=name)
def test_subgroups(case: dict[str, Any]) -> None:
    """R metafor 3.8-1: rma() per subgroup, with the factor as moderator, and rma() of the subgroups' estimates."""
    held = data("subgroups", case)

    found = subgroups(held["yi"], held["vi"], held["f"], method=case["method"], test=case["test"])

    pooled = [one for one in found.groups if not one.refused]
    assert [one.name for one in pooled] == case["levels"]
    all_agree({one: [getattr(group, one) for group in pooled] for one in PER_GROUP}, case, PER_GROUP)
    assert found.common_tau2 is not None
    assert found.separate_tau2 is not None
    common = [found.common_tau2.tau2, found.common_tau2.statistic, found.common_tau2.p]
    assert agrees(common, [case[f"common_{one}"] for one in ("tau2", "statistic", "p")], kind(case))
    separate = [found.separate_tau2.statistic, found.separate_tau2.p]
    assert agrees(separate, [case[f"separate_{one}"] for one in ("statistic", "p")], kind(case))


def test_under_equal_effects_q_adds_up() -> None:
    """Closed form (Borenstein 2009, chapter 19): Q between = Q total - sum of Q within; both tests are then one."""
    found = subgroups(Y, V, OF, method="EE", test="z")

    assert found.common_tau2 is not None
    assert found.separate_tau2 is not None
    between = fit(Y, V, method="EE", test="z").q - sum(one.q for one in found.groups)
    assert close(found.separate_tau2.statistic, between, "closed_form")
    assert close(found.common_tau2.statistic, between, "closed_form")
    assert (found.separate_tau2.df, found.separate_tau2.df_within) == (1, math.inf)


def test_two_subgroups_differ_as_a_z_test_says() -> None:
    """Closed form: with two subgroups the chi-square is the square of (a - b) / sqrt(se_a² + se_b²)."""
    found = subgroups(Y, V, OF, method="DL", test="z")

    a, b = found.groups
    assert found.separate_tau2 is not None
    z = (a.estimate - b.estimate) / math.hypot(a.se, b.se)
    assert close(found.separate_tau2.statistic, z**2, "closed_form")


def test_a_single_study_is_no_subgroup_but_is_kept() -> None:
    """Invariant: it is listed with the reason, changes no other number, and a warning says so."""
    found = subgroups([*Y, 3.0], [*V, 0.1], [*OF, "alone"], ["u", "v", "w", "x", "y"])

    without = subgroups(Y, V, OF)
    (alone,) = found.refused
    assert (alone.name, alone.k, alone.studies) == ("alone", 1, ("y",))
    assert "one study is no pool" in alone.refused
    assert math.isnan(alone.estimate)
    assert found.common_tau2 == without.common_tau2
    assert any("alone is not pooled" in line for line in found.warnings)
    assert found.table()["name"] == ["a", "alone", "b"]


def test_one_pooled_subgroup_has_nothing_to_be_compared_with() -> None:
    """Invariant."""
    found = subgroups(Y[:3], V[:3], ["a", "a", "b"])

    assert found.common_tau2 is None
    assert found.separate_tau2 is None


def test_perfect_agreement_within_a_subgroup_has_no_weight() -> None:
    """Invariant: Knapp-Hartung then has an error of zero, so the test with separate tau2 does not exist."""
    found = subgroups([0.5, 0.5, -0.1, 0.3], V, OF)

    assert found.separate_tau2 is not None
    assert math.isnan(found.separate_tau2.p)


def test_the_order_of_the_studies_does_not_matter() -> None:
    """Invariant."""
    turned = [3, 1, 0, 2]
    found = subgroups(np.array(Y)[turned], np.array(V)[turned], [OF[i] for i in turned], method="DL")

    plain = subgroups(Y, V, OF, method="DL")
    assert close([one.estimate for one in found.groups], [one.estimate for one in plain.groups], "closed_form")
    assert found.common_tau2 is not None
    assert plain.common_tau2 is not None
    assert close(found.common_tau2.p, plain.common_tau2.p, "closed_form")


def test_what_is_refused() -> None:
    """Invariant: one line with the value and the rule."""
    assert "groups" in refused(subgroups, Y, V, OF[:3])
    assert "group of study 2" in refused(subgroups, Y, V, ["a", " ", "b", "b"])
    assert "at least 2" in refused(subgroups, Y[:1], V[:1], OF[:1])
    assert "vi of study 1" in refused(subgroups, Y, [-1, *V[1:]], OF)
