"""One fit: what it is by definition, what it must not depend on, what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.fit import TESTS, critical, fit, two_sided
from reprieve.evidence.pooling.tau2 import METHODS
from tests.evidence.pooling.grid import columns
from tests.tolerance import close

EVERY = pytest.mark.parametrize("method", METHODS)


def bcg() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    held = columns("bcg")
    return np.array(held["yi"]), np.array(held["vi"]), np.column_stack([np.ones(13), held["x"]])


def test_equal_effects_are_the_weighted_mean() -> None:
    """Closed form: the mean with weights 1/v, its variance 1/sum(1/v)."""
    y, v, _ = bcg()

    found = fit(y, v, method="EE", test="z")

    assert close(found.beta[0], (y / v).sum() / (1 / v).sum(), "closed_form")
    assert close(found.se[0], (1 / v).sum() ** -0.5, "closed_form")


def test_two_studies_by_hand() -> None:
    """Closed form: with two studies Q = (y1 - y2)^2 / (v1 + v2), and PM, DL, HE and REML agree when v1 = v2."""
    y, v = np.array([0.1, 0.9]), np.array([0.05, 0.05])

    for method in ("PM", "EB", "DL", "HE", "REML"):
        found = fit(y, v, method=method)

        assert close(found.q, 0.8**2 / 0.1, "closed_form")
        assert close(found.tau2, 0.8**2 / 2 - 0.05, "closed_form")
        assert found.q_df == 1


def test_knapp_hartung_by_hand() -> None:
    """Closed form (hartung2001): sum w (y - mean)^2 / ((k - 1) sum w), t with k - 1 degrees of freedom."""
    y, v, _ = bcg()

    found = fit(y, v, tau2=0.3)

    w = 1 / (v + 0.3)
    mean = (w * y).sum() / w.sum()
    se = math.sqrt((w * (y - mean) ** 2).sum() / (12 * w.sum()))
    low, high = found.ci()
    assert close([found.beta[0], found.se[0]], [mean, se], "closed_form")
    assert close([low[0], high[0]], [mean - 2.178812829667229 * se, mean + 2.178812829667229 * se], "closed_form")
    assert found.df == 12


def test_prediction_interval_by_hand() -> None:
    """Closed form: estimate +- t sqrt(se^2 + tau2), none under equal effects."""
    y, v, _ = bcg()
    found = fit(y, v, tau2=0.3)

    low, high = found.prediction()

    reach = critical(0.95, 12) * math.sqrt(found.se[0] ** 2 + 0.3)
    assert close([low, high], [found.beta[0] - reach, found.beta[0] + reach], "closed_form")
    assert all(map(math.isnan, fit(y, v, method="EE").prediction()))


@EVERY
@pytest.mark.parametrize("test", TESTS)
def test_the_unit_does_not_matter(method: str, test: str) -> None:
    """Invariant: estimates times c and variances times c^2 give estimates times c, and the same statistics."""
    y, v, x = bcg()
    here = fit(y, v, x, method=method, test=test)

    for c in (1e-6, 1e6):
        there = fit(c * y, c**2 * v, x, method=method, test=test)
        assert close(there.beta / c, here.beta, "closed_form")
        assert close(there.tau2 / c**2, here.tau2, "solver")
        assert close(there.statistic, here.statistic, "solver")
        assert there.converged


@EVERY
def test_the_order_and_the_origin_do_not_matter(method: str) -> None:
    """Invariant: studies in another order, or all shifted with an intercept, are the same evidence."""
    y, v, x = bcg()
    here, order = fit(y, v, x, method=method), np.random.default_rng(3).permutation(13)

    turned = fit(y[order], v[order], x[order], method=method)
    shifted = fit(y + 100, v, x, method=method)

    assert close(turned.beta, here.beta, "solver")
    assert close(shifted.beta - [100, 0], here.beta, "solver")
    assert close([turned.tau2, shifted.tau2], [here.tau2, here.tau2], "solver")


@EVERY
def test_another_coding_of_the_same_design_fits_the_same(method: str) -> None:
    """Invariant: tau2, Q and I2 depend on the space of the design only."""
    y, v, x = bcg()
    other = x @ np.array([[2.0, -1.0], [0.5, 3.0]])

    here, there = fit(y, v, x, method=method), fit(y, v, other, method=method)

    assert close([there.tau2, there.q, there.i2], [here.tau2, here.q, here.i2], "solver")
    assert close(other @ there.beta, x @ here.beta, "solver")


@EVERY
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-4, 4)), min_size=2, max_size=12),
)
def test_any_table_gives_a_possible_answer(method: str, rows: list[tuple[float, float]]) -> None:
    """Invariant: tau2 >= 0, the estimate within the estimates, I2 within 0 to 100, p within 0 to 1, settled."""
    y, v = np.array([row[0] for row in rows]), 10 ** np.array([row[1] for row in rows])

    found = fit(y, v, method=method, test="z")

    slack = 1e-9 * (1 + np.abs(y).max())
    assert found.converged
    assert found.tau2 >= 0
    assert y.min() - slack <= found.beta[0] <= y.max() + slack
    assert 0 <= found.i2 <= 100
    assert found.h2 >= 0
    assert 0 <= found.p_values[0] <= 1
    assert 0 <= found.q_p <= 1


@pytest.mark.parametrize("vi", [[1e-30, 1e-25, 1e-28], [1e29, 3e29, 2e29], [1e-12, 1.0, 1e12]])
@EVERY
def test_huge_and_tiny_variances_give_finite_answers(method: str, vi: list[float]) -> None:
    """Invariant: no overflow, no NaN, whatever the scale of the variances."""
    found = fit([0.1, 0.4, 0.2], vi, method=method)

    values = [*found.beta, *found.se, found.tau2, found.q, found.i2, found.h2, found.q_p, *found.p_values]
    assert np.isfinite(values).all()


def test_studies_that_agree_exactly() -> None:
    """Closed form: no residual, so Q = 0, tau2 = 0, I2 = 0 and the Knapp-Hartung error is exactly zero."""
    for method in METHODS:
        found = fit([0.3, 0.3, 0.3], [0.1, 0.2, 0.3], method=method)

        assert (found.tau2, found.i2, found.se[0], found.p_values[0]) == (0, 0, 0, 0)
        assert close(found.q, 0, "closed_form")


def test_one_study_under_equal_effects() -> None:
    """Closed form: the estimate itself."""
    found = fit([0.3], [0.04], method="EE", test="z")

    assert close([found.beta[0], found.se[0]], [0.3, 0.2], "closed_form")
    assert (found.q, found.q_df, found.q_p, found.i2, found.h2) == (0, 0, 1, 0, 1)


def test_tails_of_t_and_z() -> None:
    """R 4.2.2: qt(0.975, 3), qt(0.975, 1), qnorm(0.975), 2 * pt(-30, 5), 2 * pnorm(-10)."""
    assert close(critical(0.95, 3), 3.182446305283710, "closed_form")
    assert close(critical(0.95, 1), 12.70620473617471, "closed_form")
    assert close(critical(0.95, math.inf), 1.959963984540054, "closed_form")
    assert close(1e6 * two_sided(np.array([30.0]), 5)[0], 1e6 * 7.718648620496047e-07, "metafor_closed")
    assert close(1e23 * two_sided(np.array([-10.0]), math.inf)[0], 1e23 * 1.523970604832105e-23, "metafor_closed")


TWO = [0.1, 0.2]
THREE = [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"method": "XX"}, ["method", "XX", "REML"]),
        ({"test": "t"}, ["test", "knha"]),
        ({"tau2": -1.0}, ["tau2", "-1"]),
        ({"tau2": math.inf}, ["tau2"]),
        ({"tau2": 0.1, "method": "EE"}, ["tau2", "equal effects"]),
        ({"vi": [0.1, 0.0, 0.3]}, ["vi", "study 2", "0.0", "positive"]),
        ({"vi": [0.1, 1e-31, 0.3]}, ["vi", "study 2", "1e-31", "from 1e-30"]),
        ({"yi": [0.1, 1e31, 0.3]}, ["yi", "study 2", "1e+31", "at most"]),
        ({"vi": [0.1, -0.2, 0.3]}, ["study 2", "-0.2"]),
        ({"vi": [0.1, math.nan, 0.3]}, ["vi", "study 2", "nan"]),
        ({"yi": [0.1, 0.2, math.inf]}, ["yi", "study 3", "inf"]),
        ({"vi": TWO}, ["vi", "3"]),
        ({"yi": []}, ["yi"]),
        ({"yi": [THREE]}, ["yi"]),
        ({"design": [[1.0], [1.0]]}, ["design", "3"]),
        ({"design": [[1.0, 1], [1, 2], [1, math.nan]]}, ["design", "study 3"]),
        ({"design": [[1.0, 2], [1, 2], [1, 2]]}, ["mods", "column 1 and column 2", "collinear"]),
        ({"design": [[1.0, 0], [1, 0], [1, 0]], "terms": ("intercept", "z")}, ["mods", "z", "zeros"]),
        ({"design": np.eye(3)}, ["studies", "3", "at least 4"]),
        ({"design": np.eye(3), "method": "EE"}, ["studies", "Knapp-Hartung", "at least 4"]),
        ({"design": np.ones((3, 4)), "method": "EE", "test": "z"}, ["studies", "4 coefficients"]),
    ],
)
def test_what_is_refused(given_: dict[str, Any], words: list[str]) -> None:
    """Invariant: one line that names the field, the value and the rule."""
    call: dict[str, Any] = {"yi": THREE, "vi": THREE} | given_

    with pytest.raises(InputError) as caught:
        fit(call.pop("yi"), call.pop("vi"), call.pop("design", None), **call)

    assert [word for word in words if word not in str(caught.value)] == []


def test_a_column_that_three_others_explain_is_named_with_them() -> None:
    """Invariant: all columns of the dependence are named, and no other."""
    rng = np.random.default_rng(1)
    a, b, c = rng.normal(size=(3, 9))

    with pytest.raises(InputError, match="'a and b and d': are collinear"):
        fit(c, np.ones(9), np.column_stack([np.ones(9), a, b, c, a - 2 * b]), terms=("one", "a", "b", "c", "d"))


def test_results_are_frozen() -> None:
    """Invariant (house rule 4)."""
    with pytest.raises(AttributeError):
        fit(THREE, THREE).tau2 = 1.0  # type: ignore[misc]
