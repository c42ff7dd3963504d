"""The score process of a trial that may stop: who is still going, by recursive numerical integration.

    B(t) = Z(t) sqrt(t) ,   B(t') | B(t) ~ N(B(t) + drift (t' - t), t' - t)          t: information fraction
    g(x, t') = integral of g(u, t) phi((x - m(u)) / s) / s over the u that went on

A walk starts at a point and is carried from look to look; only those between the limits go on. The integral is
Gauss-Legendre on panels of four standard deviations of the narrower neighbouring step.

Source: armitage1969 (the recursion), jennison2000 (chapter 19).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil, inf, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

type Array = NDArray[np.float64]

REACH_SD = 9.0  # beyond it lies 1e-19 of a normal distribution
PANEL_SD = 4.0
NODES = 16  # per panel; bounds differ from those of panels a quarter as wide by rounding, 2e-15


@dataclass(frozen=True, slots=True)
class Move:
    """A step: from u to a normal with mean `grow` u + `shift` and standard deviation `sd`."""

    shift: float
    sd: float
    grow: float = 1.0


@dataclass(frozen=True, slots=True)
class Walk:
    """Mass (m,) that is still going, at places (m,) of the score."""

    places: Array
    mass: Array

    def above(self, move: Move, limit: float) -> float:
        """Probability of going on until now and stepping to `limit` or above."""
        return float(self.mass @ ndtr((self._means(move) - limit) / move.sd))

    def below(self, move: Move, limit: float) -> float:
        """Probability of going on until now and stepping below `limit`."""
        return float(self.mass @ ndtr((limit - self._means(move)) / move.sd))

    def between(self, move: Move, low: float, high: float, next_sd: float) -> Walk:
        """The walk of those who step between `low` and `high`; `next_sd` is the step after this one."""
        means = self._means(move)
        low = max(low, float(means.min()) - REACH_SD * move.sd)
        high = min(high, float(means.max()) + REACH_SD * move.sd)
        if low >= high:
            return Walk(np.zeros(1), np.zeros(1))
        places, weights = _panels(low, high, PANEL_SD * min(move.sd, next_sd))
        apart = (places[:, None] - means) / move.sd
        density = np.exp(-apart * apart / 2) @ self.mass / (move.sd * sqrt(2 * pi))
        return Walk(places, density * weights)

    def _means(self, move: Move) -> Array:
        return move.grow * self.places + move.shift


def start(place: float = 0.0) -> Walk:
    """A walk that is at one place for certain."""
    return Walk(np.array([place]), np.ones(1))


def drifting(before: float, after: float, drift: float) -> Move:
    """The step of the score from information fraction `before` to `after` under a drift, the mean of Z(1)."""
    gap = after - before
    return Move(drift * gap, sqrt(gap))


def predicted(before: float, after: float) -> Move:
    """The same step where nothing was known of the drift before the data (flat prior): B(t)/t is a martingale."""
    return Move(0.0, sqrt((after - before) * after / before), after / before)


def exits(walk: Walk, moves: list[Move], low: Array, high: Array) -> tuple[Array, Array]:
    """Probabilities (looks,) of leaving below `low` and at `high` or above, at each look, both on the score's scale."""
    down, up = np.zeros(len(moves)), np.zeros(len(moves))
    for look, move in enumerate(moves):
        up[look] = walk.above(move, high[look])
        down[look] = walk.below(move, low[look]) if low[look] > -inf else 0.0
        if look + 1 < len(moves):
            walk = walk.between(move, low[look], high[look], moves[look + 1].sd)
    return down, up


def _panels(low: float, high: float, width: float) -> tuple[Array, Array]:
    """Places and weights of the integral from `low` to `high`."""
    count = max(1, ceil((high - low) / width))
    half = (high - low) / count / 2
    middles = low + half * (2 * np.arange(count) + 1)
    places, weights = _rule()
    return (middles[:, None] + half * places).ravel(), np.tile(half * weights, count)


@cache
def _rule() -> tuple[Array, Array]:
    places, weights = np.polynomial.legendre.leggauss(NODES)
    return places, weights
