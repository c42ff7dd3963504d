"""Response and its loss, as a trial would see them: against the score read at day 0, at the visits there were."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]


def responded(score: Array, share: float) -> Array:
    """Whether `score` (patient, time) has fallen by at least `share` of its first column: 0 or 1, (patient, time)."""
    return np.asarray(score <= (1 - share) * score[:, :1], dtype=np.float64)


def days_to_loss(response: Array, day: int, after_d: Array, visit_days: float) -> Array:
    """Days from the end of treatment to the first visit without response; inf if never, nan without response then.

    `response` (patient, time) by `responded`, `day` the column where treatment ends, `after_d` (time,) days after it.
    """
    visit = (after_d > 0) & (after_d % visit_days == 0)
    lost = response[:, visit] == 0
    days = np.where(lost.any(axis=1), after_d[visit][lost.argmax(axis=1)], np.inf)
    return np.asarray(np.where(response[:, day] == 1, days, np.nan))


def median(days: Array) -> float:
    """Median over responders; half way between the middle two, inf if most never lost it, nan without responders."""
    kept = np.sort(days[~np.isnan(days)])
    if not kept.size:
        return float("nan")
    low, high = kept[(kept.size - 1) // 2], kept[kept.size // 2]
    return float(low if low == high else (low + high) / 2)
