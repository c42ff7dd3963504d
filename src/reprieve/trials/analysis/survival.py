"""Time to loss of response: Kaplan-Meier medians with intervals, and the log-rank test of two arms.

Greenwood's variance; the interval of the median are the times at which the interval of the curve crosses one half
(Brookmeyer and Crowley 1982, Biometrics 38:29), the curve transformed by log-log or log. Where a curve runs along
one half exactly, the median is the middle of that stretch, as in R survival. Log-rank with the hypergeometric
variance (Mantel 1966, Cancer Chemother Rep 50:163).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import Literal

import numpy as np
from scipy.special import chdtrc, ndtri

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.trials.analysis.checks import Array, check_arm, check_level

type Transform = Literal["log-log", "log"]

TRANSFORMS: tuple[Transform, ...] = ("log-log", "log")
TIE = 1e-8  # a curve nearer to one half than this runs along it: sums of rounding are far smaller, steps larger


@dataclass(frozen=True, slots=True)
class Median:
    """Median time of one arm; infinite where the curve, or an end of its interval, does not fall to one half."""

    time: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Loss(Result):
    """Two arms compared: medians, events observed and expected without a difference, log-rank test."""

    active: Median
    control: Median
    observed: tuple[float, float]  # active, control
    expected: tuple[float, float]
    statistic: float  # chi-square, one degree of freedom
    p: float  # NaN where no moment has an event with both arms at risk
    level: float
    transform: Transform


def kaplan_meier(time: Array, event: Array) -> tuple[Array, Array, Array]:
    """Times of events (k,), the curve after each (k,), and Greenwood's variance of its logarithm (k,).

    >>> [part.round(3).tolist() for part in kaplan_meier(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0]))]
    [[1.0, 3.0], [0.667, 0.0], [0.167, inf]]
    """
    moments = np.unique(time[event == 1])
    at_risk = len(time) - np.searchsorted(np.sort(time), moments)
    events = np.searchsorted(np.sort(time[event == 1]), moments, "right")
    events = np.diff(events, prepend=0)
    left = at_risk - events
    terms = np.divide(events, at_risk * left, out=np.full(len(moments), inf), where=left > 0)
    return moments, np.cumprod(left / at_risk), np.cumsum(terms)


def median(time: Array, event: Array, *, level: float = 0.95, transform: Transform = "log-log") -> Median:
    """Kaplan-Meier median of `time` (patients,) with `event` (patients,; 1 lost, 0 censored) and its interval."""
    moments, curve, variance = kaplan_meier(time, event)
    z, inside = float(ndtri((1 + level) / 2)), curve > 0
    log_curve, sd = np.log(curve[inside]), np.sqrt(variance[inside])
    low, high = np.full(len(curve), nan), np.full(len(curve), nan)  # not known once the curve is at zero
    if transform == "log":
        low[inside], high[inside] = np.exp(log_curve - z * sd), np.minimum(1, np.exp(log_curve + z * sd))
    else:
        spread = z * sd / log_curve
        low[inside], high[inside] = np.exp(log_curve * np.exp(-spread)), np.exp(log_curve * np.exp(spread))
    return Median(_half(moments, curve), _half(moments, low), _half(moments, high))


def _half(moments: Array, curve: Array) -> float:
    """The first time at which `curve` is below one half, or the middle of the stretch where it is one half."""
    flat, below = np.flatnonzero(np.abs(curve - 0.5) < TIE), np.flatnonzero(curve < 0.5 - TIE)
    first = float(moments[below[0]]) if len(below) else inf
    if not len(flat):
        return first
    return (float(moments[flat[0]]) + first) / 2 if len(below) else float(moments[flat[0]])


def log_rank(time: Array, event: Array, arm: Array) -> tuple[float, float, float]:
    """Events observed and expected in the arm coded 1, and the hypergeometric variance of their difference."""
    moments = np.unique(time[event == 1])

    def count(chosen: Array, side: Literal["left", "right"]) -> Array:
        return np.asarray(np.searchsorted(np.sort(chosen), moments, side), float)

    active = arm == 1
    n, n1 = len(time) - count(time, "left"), active.sum() - count(time[active], "left")
    d = count(time[event == 1], "right") - count(time[event == 1], "left")
    share = n1 / n
    variance = d * share * (1 - share) * (n - d) / np.maximum(n - 1, 1)
    return float((event[active] == 1).sum()), float((d * share).sum()), float(variance.sum())


def loss_of_response(
    time: Array, event: Array, arm: Array, *, level: float = 0.95, transform: Transform = "log-log"
) -> Loss:
    """Compare `time` (patients,) to loss of response, `event` 1 or 0 where censored, by `arm` (1 active, 0 control).

    Raises `InputError` for shapes that differ, times not finite or below 0, and other codes.
    """
    time, event, arm = (np.asarray(given, float) for given in (time, event, arm))
    check_arm(arm, len(time) if time.ndim else 0)
    check_level(level)
    if transform not in TRANSFORMS:
        raise InputError("transform", transform, f"must be one of {', '.join(TRANSFORMS)}")
    if event.shape != time.shape or not np.isin(event, (0, 1)).all():
        raise InputError("event", np.unique(event).tolist(), "must be 1 where lost and 0 where censored, as times are")
    if not (np.isfinite(time) & (time >= 0)).all():
        raise InputError("time", float(np.nanmin(time)), "must be finite and not below 0", "censor at the last visit")
    observed, expected, variance = log_rank(time, event, arm)
    total = float(event.sum())
    statistic = (observed - expected) ** 2 / variance if variance > 0 else nan
    sides = [median(time[arm == side], event[arm == side], level=level, transform=transform) for side in (1, 0)]
    return Loss(
        versions=versions(),
        inputs_digest=digest([time, event, arm, level, transform]),
        warnings=() if variance > 0 else ("no event with both arms at risk: the arms cannot be compared",),
        active=sides[0],
        control=sides[1],
        observed=(observed, total - observed),
        expected=(expected, total - expected),
        statistic=statistic,
        p=float(chdtrc(1, statistic)) if variance > 0 else nan,
        level=level,
        transform=transform,
    )
