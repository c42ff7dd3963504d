"""Chain against empirical comparator: better, worse or not distinguishable, from paired differences of scores.

    d_r = (CRPS_chain - CRPS_comparator) / SE_r          row r; SE_r the standard error of the observed figure
    D_t = mean of d_r over the rows of trial t
    D = mean of D_t over the trials ,  SE = sd(D_t) / sqrt(T)

Rows of a trial share its patients and its trial effects, so the trial is the unit and counts once. The chain is better
if the whole 95 % interval D +- t SE (T - 1 degrees of freedom) lies below 0, worse if above. One trial has no spread
between trials: it cannot tell the two apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

BETTER, WORSE, ALIKE = "better", "worse", "not distinguishable"
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, and the difference of scores behind it in observed standard errors: negative, the chain is closer.

    `se`, `low` and `high` are NaN with fewer than two trials; `by_trial` holds each trial's mean difference.
    """

    word: str
    difference: float
    se: float
    low: float
    high: float
    rows: int
    by_trial: tuple[tuple[str, float], ...]

    @property
    def line(self) -> str:
        """The first line of the card."""
        start = f"Chain against empirical comparator: {self.word}"
        if not self.by_trial:
            return f"{start}: no figure with a standard error was predicted."
        trials = f"{self.rows} figures, {len(self.by_trial)} trial{'s' if len(self.by_trial) > 1 else ''}"
        error = "one trial has no standard error"
        if not math.isnan(self.se):
            error = f"95 % CI {self.low:+.3f} to {self.high:+.3f}, SE {self.se:.3f}"
        return f"{start} (CRPS difference {self.difference:+.3f} observed SE, {error}; {trials})."

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "by_trial": dict(self.by_trial), "interval": "95 % CI, t over trials"}


def verdict(scores: Iterable[tuple[str, float, float, float | None]]) -> Verdict:
    """Judge rows given as (trial, CRPS of the chain, of the comparator, observed standard error).

    Rows without a standard error have no common unit and are left out.
    """
    held: dict[str, list[float]] = {}
    for trial, chain, comparator, se in scores:
        if se:
            held.setdefault(trial, []).append((chain - comparator) / se)
    by_trial = tuple((trial, float(np.mean(rows))) for trial, rows in held.items())
    rows = sum(map(len, held.values()))
    if not by_trial:
        return Verdict(ALIKE, math.nan, math.nan, math.nan, math.nan, 0, ())
    means = np.array([mean for _, mean in by_trial])
    difference, k = float(means.mean()), len(means)
    if k < 2:
        return Verdict(ALIKE, difference, math.nan, math.nan, math.nan, rows, by_trial)
    se = float(means.std(ddof=1) / math.sqrt(k))
    reach = _critical(k - 1) * se
    low, high = difference - reach, difference + reach
    word = BETTER if high < 0 else WORSE if low > 0 else ALIKE
    return Verdict(word, difference, se, low, high, rows, by_trial)


def _critical(df: int) -> float:
    from reprieve.evidence.pooling.fit import critical

    return critical(LEVEL, df)
