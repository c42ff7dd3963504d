"""The primary analysis of two arms of a simulated trial, whatever its method, as one row of numbers.

`z` is signed so that positive favours the active arm, and is the normal quantile of the analysis' own p value, so that
bounds in z keep the level of a t test. An analysis that cannot be made or does not settle is `failed`: it rejects
nothing, and it is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from reprieve.core.errors import InputError
from reprieve.trials.analysis.ancova import ancova
from reprieve.trials.analysis.crossover import crossover
from reprieve.trials.analysis.degrees import Difference
from reprieve.trials.analysis.mmrm import mmrm
from reprieve.trials.analysis.responders import responders
from reprieve.trials.analysis.survival import log_rank
from reprieve.trials.response import responded

if TYPE_CHECKING:
    from reprieve.trials.design.form import Analysis

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Finding:
    """What an analysis says: active minus control, in points, shares, or the log hazard ratio of losing response."""

    estimate: float
    se: float
    df: float
    p: float
    low: float
    high: float
    z: float
    failed: bool


FAILED = Finding(nan, nan, nan, nan, nan, nan, nan, failed=True)


def analysed(how: Analysis, scores: Array, active: Array, days: Array, primary: int) -> Finding:
    """Analyse `scores` (n, t) on `days` (t,), baseline first, NaN where missing, of patients in two arms.

    `active` (n,) is 1 or 0; `primary` is the column of the primary day. In a crossover the second half of `days` is the
    second period, and `active` says who had the active treatment first.
    """
    level = 1 - how.alpha
    try:
        if how.method == "mmrm":
            return _mmrm(how, scores, active, primary, level)
        if how.method == "ancova":
            return _of(ancova(scores[:, primary], active, scores[:, 0], level=level).difference)
        if how.method == "crossover":
            both = scores[:, [primary, primary + len(days) // 2]]
            return _of(crossover(both, active, level=level).difference)
        if how.method == "responders":
            return _responders(how, scores, active, primary, level)
        return _loss(how, scores, active, days, primary, level)
    except InputError:
        return FAILED


def _mmrm(how: Analysis, scores: Array, active: Array, primary: int, level: float) -> Finding:
    fit = mmrm(scores[:, 1:], active, scores[:, 0], method=how.degrees, level=level)
    return _of(fit.at(primary - 1)) if fit.converged else FAILED


def _of(found: Difference) -> Finding:
    if not isfinite(found.p):
        return FAILED
    z = favour(-found.estimate, found.p)
    return Finding(found.estimate, found.se, found.df, found.p, found.low, found.high, z, failed=False)


def favour(sign: float, p: float) -> float:
    """The z of a two-sided p value, with the sign of `sign`."""
    return float(np.copysign(-ndtri(max(p, np.finfo(np.float64).tiny) / 2), sign))


def response(scores: Array, column: int, share: float) -> Array:
    """Whether the score has fallen by `share` of baseline, (n,): 1, 0, or NaN where it was not read."""
    found = responded(scores[:, [0, column]], share)[:, 1]
    return np.where(np.isnan(scores[:, column]), np.nan, found)


def _responders(how: Analysis, scores: Array, active: Array, primary: int, level: float) -> Finding:
    found = responders(response(scores, primary, how.response_share), active, level=level)
    one, two = found.active / found.active_patients, found.control / found.control_patients
    se = sqrt(one * (1 - one) / found.active_patients + two * (1 - two) / found.control_patients)
    p = found.p if isfinite(found.p) else 1.0  # all or none responded: no sign of a difference
    return Finding(found.difference, se, inf, p, found.low, found.high, favour(found.difference, p), failed=False)


def times_to_loss(scores: Array, days: Array, primary: int, share: float) -> tuple[Index, Array, Array]:
    """Among responders at the primary visit: who they are, days to the first visit without response, and 1 or 0.

    Those who are not seen to lose it are censored at their last visit.
    """
    who = np.flatnonzero(response(scores, primary, share) == 1)
    later = range(primary + 1, len(days))
    if not len(who) or not later:
        return who, np.zeros(len(who)), np.zeros(len(who))
    after = np.stack([response(scores[who], column, share) for column in later], axis=1)
    passed = days[primary + 1 :] - days[primary]
    event = (after == 0).any(axis=1)
    first = passed[(after == 0).argmax(axis=1)]
    last = np.max(np.where(np.isnan(after), 0, passed), axis=1, initial=0)
    return who, np.where(event, first, last), event.astype(np.float64)


def _loss(how: Analysis, scores: Array, active: Array, days: Array, primary: int, level: float) -> Finding:
    """Log-rank test; the estimate is the one-step log hazard ratio (O - E) / V with SE 1 / sqrt(V)."""
    who, time, event = times_to_loss(scores, days, primary, how.response_share)
    if len(set(active[who])) < len(set(active)):
        return FAILED
    observed, expected, variance = log_rank(time, event, active[who])
    if not variance > 0:
        return FAILED
    estimate, se = (observed - expected) / variance, 1 / sqrt(variance)
    p = 2 * float(ndtr(-abs(estimate) / se))
    half = float(ndtri((1 + level) / 2)) * se
    return Finding(estimate, se, inf, p, estimate - half, estimate + half, favour(-estimate, p), failed=False)
