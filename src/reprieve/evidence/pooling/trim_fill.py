"""Trim and fill (duval2000): how many studies one side of the funnel seems to lack, and the pool with them put back.

As R metafor's `trimfill`. Studies are sorted so that the side with too many is the upper one. Until the count k0
settles: pool all but the k0 largest, rank the distances from that estimate, and with T the sum of the ranks above it

    L0  (4 T - k (k + 1)) / (2 k - 1)          R0  the length of the run of highest ranks above it, less 1

Each of the k0 largest is then mirrored at the estimate. A picture of asymmetry, not a correction to report alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError, NumericsError
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.funnel import funnel
from reprieve.evidence.pooling.wls import Array

ESTIMATORS = ("L0", "R0")
SIDES = ("auto", "left", "right")
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Filled:
    """A study that was put in: the mirror image of `mirrors`."""

    mirrors: str
    yi: float
    vi: float


@dataclass(frozen=True, slots=True)
class TrimFill:
    """`k0` studies put in on `side`; `p_k0` tests that none is missing (R0 only, else NaN).

    `se_k0` is the standard error of the count before rounding, NaN where the formula for L0 has none.
    The pool with them: `estimate`, `se`, two-sided `p`, interval at `level`, `tau2`. `observed` is the pool without.
    """

    estimator: str
    side: str
    k: int
    k0: int
    se_k0: float
    p_k0: float
    filled: tuple[Filled, ...]
    observed: float
    estimate: float
    se: float
    p: float
    ci_low: float
    ci_high: float
    tau2: float
    level: float


def trim_fill(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    estimator: str = "L0",
    side: str = "auto",
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    force: bool = False,
) -> TrimFill:
    """Trim and fill estimates `yi` with variances `vi`, both (k,).

    `side` is where studies are missing; "auto" takes it from the slope of the estimates on their standard errors.
    Raises `InputError` below ten studies unless forced (then below three), for studies of one size when the side
    must be found, for an unknown estimator or side, and `NumericsError` where k0 goes round in circles.
    """
    if estimator not in ESTIMATORS:
        raise InputError("estimator", estimator, "is not known", f"use {' or '.join(ESTIMATORS)}")
    if side not in SIDES:
        raise InputError("side", side, "is not known", f"use {', '.join(SIDES)}")
    y, v, names = funnel(yi, vi, labels, what="trim and fill", force=force, sizes=side == "auto")
    if side == "auto":
        slope = fit(y, v, np.column_stack([np.ones(len(y)), np.sqrt(v)]), method=method, test=test).beta[1]
        side = "right" if slope < 0 else "left"
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * y, kind="stable")
    k0, se_k0, centre = _count(sign * y[order], v[order], estimator, method, test)
    extreme = order[len(y) - k0 :]
    mirrored = 2 * sign * centre - y[extreme]
    done = fit(np.append(y, mirrored), np.append(v, v[extreme]), method=method, test=test)
    low, high = done.ci(level)
    pieces = zip(extreme.tolist(), mirrored.tolist(), strict=True)
    return TrimFill(
        estimator=estimator,
        side=side,
        k=len(y),
        k0=k0,
        se_k0=se_k0,
        p_k0=0.5 ** (k0 + 1) if estimator == "R0" else math.nan,
        filled=tuple(Filled(names[i], value, float(v[i])) for i, value in pieces),
        observed=float(fit(y, v, method=method, test=test).beta[0]),
        estimate=float(done.beta[0]),
        se=float(done.se[0]),
        p=float(done.p_values[0]),
        ci_low=float(low[0]),
        ci_high=float(high[0]),
        tau2=done.tau2,
        level=level,
    )


def _count(y: Array, v: Array, estimator: str, method: str, test: str) -> tuple[int, float, float]:
    """Return k0, its standard error and the estimate of the last trimming, for `y` in ascending order."""
    k, k0 = len(y), 0
    for _ in range(_ROUNDS):
        kept = k - k0
        # The test plays no part in the estimate; z also serves a single study, which has no t.
        chosen = method if kept > 1 else "EE"
        centre = float(fit(y[:kept], v[:kept], method=chosen, test="z").beta[0])
        ranks = _signed_ranks(y - centre)
        found = _l0(ranks) if estimator == "L0" else _r0(ranks)
        before, k0 = k0, max(0, round(found))
        if k0 == before:
            return k0, _error(found, k, estimator), centre
    raise NumericsError(f"trim and fill: the number of missing studies did not settle in {_ROUNDS} rounds")


def _signed_ranks(distance: Array) -> Array:
    """Ranks of the sizes, with the sign of the distance; ties in the order they have."""
    ranks = np.empty(len(distance))
    ranks[np.argsort(np.abs(distance), kind="stable")] = np.arange(1, len(distance) + 1)
    return np.asarray(np.sign(distance) * ranks)


def _l0(ranks: Array) -> float:
    k = len(ranks)
    return (4 * float(ranks[ranks > 0].sum()) - k * (k + 1)) / (2 * k - 1)


def _r0(ranks: Array) -> float:
    below = -ranks[ranks < 0]
    if not len(below):
        raise InputError("yi", "all on one side", "has no study below the trimmed estimate, so R0 is not defined")
    return len(ranks) - float(below.max()) - 1


def _error(k0: float, k: int, estimator: str) -> float:
    if estimator == "R0":
        return math.sqrt(2 * max(0.0, k0) + 2)
    variance = (
        k * (k + 1) * (2 * k + 1) + 10 * k0**3 + 27 * k0**2 + 17 * k0 - 18 * k * k0**2 - 18 * k * k0 + 6 * k**2 * k0
    ) / 24
    # For a k0 that is large against k the formula for L0 turns negative: then there is no error to give.
    return 4 * math.sqrt(variance) / (2 * k - 1) if variance >= 0 else math.nan
