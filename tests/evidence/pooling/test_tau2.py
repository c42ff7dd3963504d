"""The estimators of tau2: each solves its own equation, at zero where the equation has no other answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.heterogeneity import tau2_interval
from reprieve.evidence.pooling.tau2 import METHODS, estimate, invert_q
from reprieve.evidence.pooling.wls import Basis, basis, solve
from tests.evidence.pooling.grid import columns, fixtures
from tests.tolerance import close

Array = np.ndarray[Any, np.dtype[np.float64]]


def case(name: str = "bcg", mods: bool = True) -> tuple[Array, Array, Basis]:
    held = columns(name)
    parts = [np.ones(len(held["yi"])), np.array(held["x"])][: 1 + mods]
    return np.array(held["yi"])[:, None], np.array(held["vi"])[:, None], basis(np.column_stack(parts))


def projection(w: Array, x: Array) -> Array:
    """P by its definition, as a matrix."""
    diagonal = np.diag(w)
    return np.asarray(diagonal - diagonal @ x @ np.linalg.inv(x.T @ diagonal @ x) @ x.T @ diagonal)


@pytest.mark.parametrize("method", METHODS)
def test_each_estimate_solves_its_equation(method: str) -> None:
    """Closed form: the moment or likelihood equation of each method, written with the matrix P."""
    y, v, on = case()
    tau2 = float(estimate(y, v, on, method).tau2[0])
    k, p = on.q.shape
    flat, first = y[:, 0], v[:, 0]

    at_zero, at_tau2 = projection(1 / first, on.q), projection(1 / (first + tau2), on.q)
    plain = projection(np.ones(k), on.q)
    start = flat.var()
    begun = projection(1 / (first + start), on.q)
    q = flat @ at_tau2 @ flat
    square = flat @ at_tau2 @ at_tau2 @ flat
    left, right = {
        "DL": (flat @ at_zero @ flat, k - p + tau2 * np.trace(at_zero)),
        "HE": (flat @ plain @ flat, np.trace(plain * first) + tau2 * np.trace(plain)),
        "SJ": (tau2, start * (flat @ begun @ flat) / (k - p)),
        "ML": (square, (1 / (first + tau2)).sum()),
        "REML": (square, np.trace(at_tau2)),
        "PM": (q, k - p),
        "EB": (q * k / (k - p), k),
        "EE": (tau2, 0),
    }[method]
    assert close(left, right, "solver")


@pytest.mark.parametrize("method", ["DL", "HE", "ML", "REML", "PM", "EB", "EE"])
@pytest.mark.parametrize("mods", [False, True])
def test_zero_is_exactly_zero(method: str, mods: bool) -> None:
    """Invariant: studies that spread less than chance give tau2 = 0, not some 1e-13. SJ is positive by construction."""
    y, v, on = case("alike", mods)

    assert estimate(y, v, on, method).tau2[0] == 0
    assert estimate(y, v, on, "SJ").tau2[0] > 0


def test_hedges_below_zero_is_zero() -> None:
    """Closed form: var(y) - mean(v) is negative here."""
    assert fit([0.1, 0.12, 0.11], [0.3, 0.2, 0.4], method="HE").tau2 == 0


def test_eb_and_pm_are_one() -> None:
    """R metafor 3.8-1: EB and PM have the same root, in every case of the fixtures, and here by construction."""
    held = {(c["data"], c["mods"], c["method"]): c["tau2"] for c in fixtures()["cases"] if c["test"] == "z"}
    pairs = [(value, held[data, mods, "PM"]) for (data, mods, method), value in held.items() if method == "EB"]

    assert all(close(1e3 * eb, 1e3 * pm, "metafor_iterated") for eb, pm in pairs)
    for name in ("bcg", "wide"):
        y, v, on = case(name)
        assert estimate(y, v, on, "EB").tau2[0] == estimate(y, v, on, "PM").tau2[0]


@pytest.mark.parametrize("method", METHODS)
def test_columns_do_not_know_each_other(method: str) -> None:
    """Invariant: a data set gives the same tau2 alone and beside others."""
    y, v, on = case()
    order = np.argsort(np.random.default_rng(5).random((13, 6)), axis=0)

    together = estimate(y[order, 0], v[order, 0], on, method).tau2

    alone = [estimate(y[one], v[one], on, method).tau2[0] for one in order.T]
    assert close(together, alone, "solver")


def test_the_inverse_of_q_is_its_inverse() -> None:
    """Closed form: Q(invert_q(target)) = target over eighteen orders of magnitude of tau2."""
    y, v, on = case()
    at = 10.0 ** np.arange(-6, 13)
    targets = [float(solve(y, v, on, np.array([one])).q[0]) for one in at]

    found = [float(invert_q(y, v, on, target)[0][0]) for target in targets]

    assert close(np.array(found) / at, np.ones(len(at)), "solver")


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_likelihood_does_not_stop_at_a_lower_peak(method: str) -> None:
    """Invariant: no tau2 on a fine grid is likelier than the one returned, with variances over up to ten decades."""
    rng = np.random.default_rng(11)
    for _ in range(150):
        k, p = int(rng.integers(4, 14)), int(rng.integers(1, 4))
        v = 10 ** rng.uniform(-rng.uniform(0, 6), rng.uniform(0, 4), (k, 1))
        y = rng.normal(size=(k, 1)) * (10 ** rng.uniform(-2, 2) + np.sqrt(v))
        on = basis(np.column_stack([np.ones(k), rng.normal(size=(k, p - 1))]))

        found = estimate(y, v, on, method)

        grid = np.r_[0, np.geomspace(1e-4 * v.min(), 1e2 * (v.max() + y.var()), 300), found.tau2]
        fitted = solve(np.repeat(y, len(grid), axis=1), v, on, grid)
        loss = fitted.q - np.log(fitted.weight).sum(axis=0)
        if method == "REML":
            loss = loss - np.linalg.slogdet(fitted.inverse)[1]
        assert found.converged[0]
        assert loss[-1] <= loss.min() + 1e-9 * (1 + abs(loss.min()))


def test_q_profile_ends_solve_their_equation() -> None:
    """Closed form (viechtbauer2007): Q at the ends is the 97.5 % and 2.5 % point of chi-squared, 12 df (R: qchisq)."""
    y, v, on = case(mods=False)

    low, high = tau2_interval(y[:, 0], v[:, 0], on)

    ends = [float(solve(y, v, on, np.array([end])).q[0]) for end in (low, high)]
    assert close(ends, [23.3366641586453, 4.40378850698170], "solver")


def test_q_profile_is_zero_where_q_is_improbably_small() -> None:
    """R metafor 3.8-1, `confint`: both ends are zero when Q(0) is below the lower point."""
    y = np.array([0.1, 0.1001, 0.0999, 0.1, 0.1])

    assert tau2_interval(y, np.full(5, 0.2), basis(np.ones((5, 1)))) == (0, 0)


def test_an_interval_needs_a_degree_of_freedom() -> None:
    """Invariant."""
    with pytest.raises(InputError, match="too few"):
        tau2_interval(np.array([1.0]), np.array([1.0]), basis(np.ones((1, 1))))
