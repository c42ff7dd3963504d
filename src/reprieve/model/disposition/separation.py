"""Rates that meet: partial fractions cancel there, so the limit is taken from both sides.

A concentration is a smooth function of the rates even where some of them are equal; only its form as a sum of
exponentials is not. Each group of poles g has a multiple m_g, different for groups that meet along a path.
At the separation d its rates are multiplied by (1 + m_g d), which parts all groups. The even part of the
result is interpolated at d = 0 from d = +-h, +-2h, ..., +-Kh:

    f(0) = sum_k w_k [ f(+k h) + f(-k h) ] + O(h^(2K)),    w_k = 1/2 prod_(l != k) l^2 / (l^2 - k^2)

The result is again a sum of exponentials: 2K times as many modes, each with a modest gain.
`h`, `K` and the amplification from which this is needed are in `data/numerics.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import prod

import numpy as np

from reprieve.core.parameters import load_parameters
from reprieve.model.disposition.response import Array


@dataclass(frozen=True, slots=True)
class Limits:
    """Amplification from which the limit is taken, largest step h, pairs K, steps tried."""

    amplification: float
    step: float
    pairs: int
    choices: int


@cache
def limits() -> Limits:
    """The shipped constants, from `data/numerics.toml`."""
    held = load_parameters(files("reprieve.model") / "data" / "numerics.toml")
    return Limits(
        held["amplification_limit"],
        held["separation_step"],
        int(held["separation_pairs"]),
        int(held["separation_choices"]),
    )


@cache
def ghosts() -> tuple[tuple[int, float], ...]:
    """Separations in steps h, and the weights with which results at them are summed; their sum is 1."""
    count = limits().pairs
    found = []
    for k in range(1, count + 1):
        weight = prod(other**2 / (other**2 - k**2) for other in range(1, count + 1) if other != k) / 2
        found += [(k, weight), (-k, weight)]
    return tuple(found)


def steps() -> tuple[float, ...]:
    """Steps h to choose from: with one of them, no pair of other rates meets by accident."""
    count, step = limits().choices, limits().step
    return tuple(step * (1 - choice / (2 * count)) for choice in range(count))


@dataclass(frozen=True, slots=True)
class Apart:
    """Multiplies the rates of each group of poles by 1 + multiple x separation."""

    multiple: Mapping[str, int]
    separation: float | Array = 0.0

    def __call__(self, group: str, rate: Array) -> Array:
        """The rates of `group`, unchanged at separation 0."""
        if not np.any(self.separation):
            return rate
        return np.asarray(rate * (1 + self.multiple[group] * self.separation))

    def joined(self, group: str, met: Iterable[str]) -> Apart:
        """The same with a new group, its multiple the smallest that none of the groups `met` has."""
        if group in self.multiple:
            return self
        taken = {self.multiple[name] for name in met}
        free = next(value for value in map(_alternating, range(len(taken) + 1)) if value not in taken)
        return Apart({**self.multiple, group: free}, self.separation)


def _alternating(place: int) -> int:
    """0, 1, -1, 2, -2, ..."""
    half = (place + 1) // 2
    return half if place % 2 else -half
