"""The difference in the share of responders between two arms, with its interval.

newcombe: the hybrid score interval without continuity correction (Newcombe 1998, Stat Med 17:873, method 10), from
the two Wilson intervals; it never leaves -1 to 1 and keeps its level in small arms. wald: the textbook interval.
The test is Pearson's chi-square without continuity correction.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.trials.analysis.checks import Array, check_arm, check_level

type Interval = Literal["newcombe", "wald"]
type Missing = Literal["non-responder", "left out"]

INTERVALS: tuple[Interval, ...] = ("newcombe", "wald")
MISSING: tuple[Missing, ...] = ("non-responder", "left out")


@dataclass(frozen=True, kw_only=True)
class Responders(Result):
    """Shares of responders and their difference, active minus control; p is NaN where all or none responded."""

    active: int
    active_patients: int
    control: int
    control_patients: int
    difference: float
    low: float
    high: float
    level: float
    interval: Interval
    missing: Missing
    p: float


def wilson(events: int, patients: int, z: float) -> tuple[float, float]:
    """Wilson's score interval of a share, `z` the normal quantile.

    >>> [round(end, 4) for end in wilson(81, 263, 1.959964)]
    [0.2553, 0.3662]
    """
    share = events / patients
    middle, widen = share + z**2 / (2 * patients), 1 + z**2 / patients
    half = z * sqrt(share * (1 - share) / patients + z**2 / (4 * patients**2))
    low, high = (middle - half) / widen, (middle + half) / widen
    return (0.0 if events == 0 else low), (1.0 if events == patients else high)


def risk_difference(a: int, n: int, b: int, m: int, level: float, interval: Interval) -> tuple[float, float, float]:
    """Difference a / n - b / m with the lower and upper end of its interval."""
    z = float(ndtri((1 + level) / 2))
    first, second = a / n, b / m
    gap = first - second
    if interval == "wald":
        half = z * sqrt(first * (1 - first) / n + second * (1 - second) / m)
        return gap, max(-1.0, gap - half), min(1.0, gap + half)
    (low1, high1), (low2, high2) = wilson(a, n, z), wilson(b, m, z)
    return (
        gap,
        gap - sqrt((first - low1) ** 2 + (high2 - second) ** 2),
        gap + sqrt((high1 - first) ** 2 + (second - low2) ** 2),
    )


def responders(
    responded: Array,
    arm: Array,
    *,
    missing: Missing = "non-responder",
    interval: Interval = "newcombe",
    level: float = 0.95,
) -> Responders:
    """Compare `responded` (patients,; 1, 0, or NaN where not known) by `arm` (patients,; 1 active, 0 control).

    Raises `InputError` for other values, or an arm without a patient who counts.
    """
    responded, arm = np.asarray(responded, float), np.asarray(arm, float)
    check_arm(arm, len(responded) if responded.ndim else 0)
    check_level(level)
    if interval not in INTERVALS:
        raise InputError("interval", interval, f"must be one of {', '.join(INTERVALS)}")
    if missing not in MISSING:
        raise InputError("missing", missing, f"must be one of {', '.join(MISSING)}")
    unknown = np.isnan(responded)
    if not np.isin(responded[~unknown], (0, 1)).all():
        raise InputError("responded", np.unique(responded[~unknown]).tolist(), "must be 1, 0, or NaN where not known")
    counted = ~unknown if missing == "left out" else np.ones(len(arm), bool)
    n, m = (int((counted & (arm == side)).sum()) for side in (1, 0))
    a, b = (int(((responded == 1) & (arm == side)).sum()) for side in (1, 0))
    if not n or not m:
        raise InputError("responded", (n, m), "must be known in at least one patient of each arm")
    gap, low, high = risk_difference(a, n, b, m, level, interval)
    pooled = (a + b) / (n + m)
    se = sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    told = f"{int(unknown.sum())} patients without a response on record: {missing}"
    return Responders(
        versions=versions(),
        inputs_digest=digest([responded, arm, missing, interval, level]),
        warnings=(told,) if unknown.any() else (),
        active=a,
        active_patients=n,
        control=b,
        control_patients=m,
        difference=gap,
        low=low,
        high=high,
        level=level,
        interval=interval,
        missing=missing,
        p=2 * float(ndtr(-abs(gap) / se)) if se > 0 else nan,
    )
