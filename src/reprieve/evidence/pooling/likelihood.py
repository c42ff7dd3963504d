"""tau2 by maximum likelihood, plain (ML) or restricted (REML), for many columns of estimates at once.

    -2 l(tau2) = y'Py - sum log w [+ log |X'WX| for REML],   W = diag(w),  w = 1 / (v + tau2)

PyMARE searches first. Where the variances span many powers of ten the likelihood can have two peaks, and its short
scan can miss the higher one; so a long scan of our own stands beside it, and the best of all points is taken.
Newton within the neighbours of that point finds the peak itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reprieve.evidence.pooling.library import pymare
from reprieve.evidence.pooling.wls import Array, Basis, solve, traces

type Flags = npt.NDArray[np.bool_]

SCAN = 60
STEPS = 200  # halving a bracket 60 times exhausts a double
SETTLED = 1e-10  # of the last step: Newton has then twice as many digits
_BELOW, _ABOVE = 1e-3, 10.0  # how far the scan goes below the smallest variance and above all that is there


def maximise(y: Array, v: Array, on: Basis, method: str) -> tuple[Array, Flags]:
    """Return the tau2 >= 0 of the highest likelihood of each column, shape (d,), and whether the search settled."""
    search = pymare().estimators.VarianceBasedLikelihoodEstimator(method, small_sample_correction="wald")
    theirs = np.maximum(np.ravel(search.fit(y, v, on.q).params_["tau2"]).astype(float), 0.0)
    points = np.sort(np.vstack([_scan(y, v), theirs]), axis=0)
    n, d = points.shape
    columns = np.tile(np.arange(d), n)
    loss = _loss(points.reshape(-1), y[:, columns], v[:, columns], on, method).reshape(n, d)
    best, each = loss.argmin(axis=0), np.arange(d)
    low, high = points[np.maximum(best - 1, 0), each], points[np.minimum(best + 1, n - 1), each]
    return _climb(points[best, each], low, high, y, v, on, method)


def _scan(y: Array, v: Array) -> Array:
    """Zero, and points evenly spread in the logarithm: shape (1 + SCAN, d)."""
    low = _BELOW * v.min(axis=0)
    high = _ABOVE * (v.max(axis=0) + (y**2).sum(axis=0))
    return np.vstack([np.zeros(y.shape[1]), np.geomspace(low, high, SCAN)])


def _loss(tau2: Array, y: Array, v: Array, on: Basis, method: str) -> Array:
    """Minus twice the log likelihood, without its constants."""
    fitted = solve(y, v, on, tau2)
    plain = fitted.q - np.log(fitted.weight).sum(axis=0)
    return np.asarray(plain if method == "ML" else plain - np.linalg.slogdet(fitted.inverse)[1])


def _climb(start: Array, low: Array, high: Array, y: Array, v: Array, on: Basis, method: str) -> tuple[Array, Flags]:
    """Newton on the score between `low` and `high`; halving where a step would leave them.

    Where the likelihood is not concave Fisher scoring takes over: its information is always positive.
    At zero, with a likelihood that falls from there, zero is the answer.
    """
    tau2, settled = start, np.zeros(len(start), dtype=bool)
    smallest = v.min(axis=0)
    for _ in range(STEPS):
        score, observed, expected = _score(tau2, y, v, on, method)
        low, high = np.where(score > 0, tau2, low), np.where(score > 0, high, tau2)
        new = tau2 + score / np.where(observed > expected / 4, observed, expected)
        new = np.where((new < low) | (new > high), (low + high) / 2, new)
        settled = np.abs(new - tau2) <= SETTLED * (new + smallest)
        tau2 = new
        if settled.all():
            break
    return tau2, settled


def _score(tau2: Array, y: Array, v: Array, on: Basis, method: str) -> tuple[Array, Array, Array]:
    """Return twice the score of the likelihood, and twice its observed and expected information."""
    fitted = solve(y, v, on, tau2)
    pull = fitted.weight * fitted.residual  # Py
    gamma = np.einsum("dij,dj->di", fitted.inverse, np.einsum("ki,kd->di", on.q, fitted.weight * pull))
    again = pull - on.q @ gamma.T
    square, cube = (pull**2).sum(axis=0), (fitted.weight * pull * again).sum(axis=0)  # y'PPy, y'PPPy
    if method == "ML":
        expected = (fitted.weight**2).sum(axis=0)
        return square - fitted.weight.sum(axis=0), 2 * cube - expected, expected
    trace, expected = traces(on, fitted)
    return square - trace, 2 * cube - expected, expected
