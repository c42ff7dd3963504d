"""A forecast of one figure, summarised: median, 95 % and 50 % intervals, their Monte Carlo errors, and the score."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.trials import crps

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]

# Bounds of the two equal-tailed intervals and the median, as probabilities.
LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
PARTS = 10  # of the drawn trials, for the Monte Carlo error of a score


@dataclass(frozen=True, slots=True)
class Forecast:
    """Median and equal-tailed 95 % and 50 % intervals; a bound may be infinite.

    `crps` is the score against the observed figure, `mc` the Monte Carlo standard errors of low, median, high and
    score, None for a forecast that was not drawn.
    """

    median: float
    low: float
    high: float
    low50: float
    high50: float
    crps: float
    mc: tuple[float, float, float, float] | None = None

    @property
    def width(self) -> float:
        """Width of the 95 % interval."""
        return self.high - self.low

    def holds(self, value: float) -> bool:
        """Whether `value` lies in the 95 % interval."""
        return self.low <= value <= self.high

    def holds50(self, value: float) -> bool:
        """Whether `value` lies in the 50 % interval."""
        return self.low50 <= value <= self.high50

    def to_json(self, value: float) -> dict[str, Any]:
        """Return it as plain data, with whether the intervals hold `value`."""
        plain = {**asdict(self), "width": self.width, "width50": self.high50 - self.low50}
        plain["mc"] = dict(zip(("low", "median", "high", "crps"), self.mc, strict=True)) if self.mc else None
        return {**plain, "inside": self.holds(value), "inside50": self.holds50(value)}


def of_draws(trials: Array, value: float, beyond: float = math.inf, worlds: int | None = None) -> Forecast:
    """Summarise drawn trials (m,) against an observed `value`.

    Draws may be infinite; for the score they and `value` count as `beyond` at most. `worlds`: trial i was drawn in
    world i modulo `worlds` and trials of one world are no independent draws; left out, each has its own.

    Raises `InputError` for fewer than two drawn trials, or if the score would be infinite.
    """
    drawn = np.asarray(trials, dtype=np.float64)
    if drawn.size < 2:
        raise InputError("trials", int(drawn.size), "must be at least two")
    x = np.sort(drawn)
    low, low50, median, high50, high = (float(x[_rank(x.size, p)]) for p in LEVELS)
    world = np.arange(drawn.size) % (worlds or drawn.size)
    low_mc, median_mc, high_mc = (_error(drawn, x, world, p) for p in (LEVELS[0], LEVELS[2], LEVELS[-1]))
    capped, held = np.minimum(drawn, beyond), min(value, beyond)
    errors = (low_mc, median_mc, high_mc, _score_error(capped, held, world))
    return Forecast(median, low, high, low50, high50, crps.ensemble(capped, held), errors)


def _rank(size: int, p: float) -> int:
    """Place of a quantile among `size` sorted draws: the nearest draw, so that a share stays a share."""
    return int(np.round(p * (size - 1)))


def _error(drawn: Array, x: Array, world: Index, p: float) -> float:
    """Standard error of a quantile, free of distribution: half the distance of the draws one SE of rank away.

    The rank's SE is that of the share of draws at or below the quantile, worlds counting once each.
    """
    rank = _rank(x.size, p)
    shares = np.bincount(world, drawn <= x[rank]) / np.bincount(world)
    reach = x.size * math.sqrt(max(float(shares.var()) / shares.size, p * (1 - p) / x.size))
    first, last = (x[int(np.clip(np.round(rank + sign * reach), 0, x.size - 1))] for sign in (-1, 1))
    return 0.0 if first == last else float(last - first) / 2


def _score_error(x: Array, value: float, world: Index) -> float:
    """Standard error of the score, from its spread over parts that share no world."""
    part = world % PARTS
    groups = [x[part == one] for one in range(PARTS)]
    scores = [crps.ensemble(group, value) for group in groups if group.size > 1]
    return float(np.std(scores, ddof=1) / math.sqrt(len(scores))) if len(scores) > 1 else math.nan
