"""How many patients a trial needs: a search on simulated trials, with the Monte-Carlo interval of what it finds.

Near the target, power on the probit scale is a straight line in the square root of the size: exactly so for a normal
test statistic with known variance. The line is fitted to every trial simulated so far, the size where it meets the
target is tried next together with sizes 20 % below and 25 % above, and so on until the interval is narrow enough or the
replicates are spent. Sizes far from the crossing drop out of the fit, because the line holds only locally: with
uncertain parameters power levels off below 1. No replicate number is used at two sizes, so trials are independent.

Source: zimmer2023 (search on simulated power by a fitted curve); fieller1954 (the interval of the crossing).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from reprieve.core.errors import InputError

# Sizes beside the crossing, as shares of it: far enough for a slope, near enough for a straight line.
BESIDE = (1.0, 0.8, 1.25)
# How far from the crossing a size may be to count in the fit, as a factor.
WINDOW = 1.5
LEVEL = 0.95
# How many standard errors from the target the smallest or largest size must be to end the search there.
SURE = 4.0
STEPS = 50

type Array = NDArray[np.float64]
type Rejections = Callable[[int, int, int], int]


@dataclass(frozen=True, slots=True)
class Tried:
    """Trials simulated at one size: how many, and how many met the criterion."""

    size: int
    replicates: int
    rejected: int

    @property
    def power(self) -> float:
        """Their share."""
        return self.rejected / self.replicates

    @property
    def se(self) -> float:
        """The Monte-Carlo standard error of the share."""
        return sqrt(self.power * (1 - self.power) / self.replicates)


@dataclass(frozen=True, slots=True)
class SampleSize:
    """What a search found.

    `size` is the smallest allowed size whose fitted power reaches `target`; None where none up to the largest does.
    `low` and `high` span the 95 % Monte-Carlo interval of the size, `high` infinite where the curve is too flat to say;
    `power` and `power_se` are the curve at `size`. `said` is a sentence about what was found.
    """

    target: float
    size: int | None
    low: float
    high: float
    power: float
    power_se: float
    tried: tuple[Tried, ...]
    said: str

    @property
    def replicates(self) -> int:
        """Trials simulated in all."""
        return sum(one.replicates for one in self.tried)


def sample_size(
    rejections: Rejections,
    target: float,
    *,
    smallest: int,
    largest: int,
    step: int = 1,
    replicates: int = 4000,
    batch: int = 200,
    precision: float = 0.1,
) -> SampleSize:
    """Search the smallest size from `smallest` to `largest`, a multiple of `step`, with power `target`.

    `rejections(size, first, count)` simulates replicates `first` to `first + count - 1` at a size and returns how many
    met the criterion. At most about `replicates` are spent, `batch` at a time; the search ends early when the interval
    is no wider than `precision` times the size.

    Raises `InputError` for a target outside (0, 1), or bounds, step, batch or precision that leave nothing to search.
    """
    _check(target, smallest, largest, step, replicates, batch, precision)
    search = _Search(rejections, target, ceil(smallest / step) * step, floor(largest / step) * step, step, batch)
    search.bracket(replicates)
    while search.spent < replicates and search.turn < STEPS and not search.decided(precision):
        search.refine(replicates)
    return search.answer()


@dataclass(frozen=True, slots=True)
class Line:
    """Probit power = `level` + `slope` times the root of the size, with the covariance of the two."""

    level: float
    slope: float
    covariance: Array

    def at(self, size: float) -> tuple[float, float]:
        """Power at a size and its standard error."""
        x = sqrt(size)
        value = self.level + self.slope * x
        density = float(np.exp(-(value**2) / 2) / sqrt(2 * np.pi))
        return float(ndtr(value)), density * sqrt(max(0.0, float(np.array([1, x]) @ self.covariance @ [1, x])))

    def crossing(self, target: float) -> float:
        """The size at which the line meets a target; infinite for a line that does not rise."""
        x = (float(ndtri(target)) - self.level) / self.slope if self.slope > 0 else inf
        return max(x, 0.0) ** 2

    def interval(self, target: float) -> tuple[float, float]:
        """Fieller's 95 % interval of the crossing."""
        gap, q2 = self.level - float(ndtri(target)), float(ndtri((1 + LEVEL) / 2)) ** 2
        (v_level, v_both), (_, v_slope) = self.covariance
        a, b, c = self.slope**2 - q2 * v_slope, gap * self.slope - q2 * v_both, gap**2 - q2 * v_level
        if self.slope <= 0 or a <= 0 or b**2 < a * c:
            return 0.0, inf
        root = sqrt(b**2 - a * c)
        return float(max(0.0, (-b - root) / a) ** 2), float(max(0.0, (-b + root) / a) ** 2)


def fit(tried: tuple[Tried, ...]) -> Line:
    """The line of largest likelihood, half a success and half a failure added at each size so that it always exists."""
    x = np.sqrt([float(one.size) for one in tried])
    n = np.array([one.replicates + 1.0 for one in tried])
    share = np.array([one.rejected + 0.5 for one in tried]) / n
    design = np.column_stack([np.ones_like(x), x])
    value = ndtri(share)
    information = np.eye(2)
    for _ in range(STEPS):
        p = np.clip(ndtr(value), 1e-12, 1 - 1e-12)  # away from 0 and 1 only as far as division needs
        density = np.exp(-(value**2) / 2) / sqrt(2 * np.pi)
        weight = n * density**2 / (p * (1 - p))
        information = design.T @ (weight[:, None] * design)
        found = np.linalg.solve(information, design.T @ (weight * value + n * density * (share - p) / (p * (1 - p))))
        change = np.abs(design @ found - value).max()
        value = design @ found
        if change < 1e-10:  # the steps double their digits: this is the last one that does anything
            break
    return Line(float(found[0]), float(found[1]), np.linalg.inv(information))


class _Search:
    """Trials so far, and where to try next."""

    def __init__(
        self, rejections: Rejections, target: float, smallest: int, largest: int, step: int, batch: int
    ) -> None:
        self.rejections, self.target, self.step, self.batch = rejections, target, step, batch
        self.smallest, self.largest = smallest, largest
        self.counts: dict[int, tuple[int, int]] = {}
        self.spent = self.turn = 0

    @property
    def tried(self) -> tuple[Tried, ...]:
        return tuple(Tried(size, *self.counts[size]) for size in sorted(self.counts))

    def add(self, size: int) -> Tried:
        """Simulate one more batch at a size."""
        found = self.rejections(size, self.spent, self.batch)
        replicates, rejected = self.counts.get(size, (0, 0))
        self.counts[size] = (replicates + self.batch, rejected + found)
        self.spent += self.batch
        return Tried(size, *self.counts[size])

    def bracket(self, most: int) -> None:
        """Double the size from the smallest until power is past the target, and at least once."""
        size = self.smallest
        while (self.add(size).power < self.target or size == self.smallest) and size < self.largest:
            if len(self.counts) > 1 and self.spent >= most:
                break
            size = min(2 * size, self.largest)

    def refine(self, most: int) -> None:
        """Try the size where the line crosses the target, and those beside it."""
        crossing = self.line().crossing(self.target)
        tried = [one.size for one in self.tried]
        crossing = min(max(crossing, tried[0] / 2), 2 * tried[-1])
        self.turn += 1
        for share in BESIDE:
            if self.spent < most:
                self.add(self.allowed(crossing * share))

    def allowed(self, size: float) -> int:
        """The smallest size of the search that is not below `size`."""
        # A size that is a whole number of steps but for rounding is that size.
        steps = ceil(round(size / self.step, 6))
        return min(max(steps * self.step, self.smallest), self.largest)

    def line(self) -> Line:
        """The line through the sizes near its own crossing; through all while those are fewer than two."""
        line = fit(self.tried)
        for _ in range(len(BESIDE)):
            crossing = line.crossing(self.target)
            near = tuple(one for one in self.tried if crossing / WINDOW <= one.size <= crossing * WINDOW)
            nearer = fit(near) if len(near) > 1 else line
            if not isfinite(nearer.crossing(self.target)):  # too few trials near the crossing for a slope
                break
            line = nearer
        return line

    def end(self) -> Tried | None:
        """The smallest or the largest size, if power there leaves no doubt that the target is not between them."""
        first, last = self.tried[0], self.tried[-1]
        if first.size == self.smallest and first.power - SURE * first.se >= self.target:
            return first
        if last.size == self.largest and last.power + SURE * last.se < self.target:
            return last
        return None

    def decided(self, precision: float) -> bool:
        """Whether more trials would not change the answer much."""
        if self.end() is not None:
            return True
        line = self.line()
        low, high = line.interval(self.target)
        return self.turn > 0 and high - low <= precision * line.crossing(self.target) < inf

    def answer(self) -> SampleSize:
        """What the trials so far say."""
        end = self.end()
        if end is not None and end.size == self.smallest:
            said = f"power is {self.target:g} or more at the smallest size already"
            return SampleSize(self.target, end.size, 0.0, end.size, end.power, end.se, self.tried, said)
        line = self.line()
        crossing, (low, high) = line.crossing(self.target), line.interval(self.target)
        size: int | None = self.allowed(crossing) if isfinite(crossing) else None
        said = f"power reaches {self.target:g} at the size found"
        if end is not None or crossing > self.largest:
            size, said = None, f"power does not reach {self.target:g} up to the largest size, {self.largest}"
        power, power_se = line.at(size if size is not None else self.largest)
        return SampleSize(self.target, size, low, high, power, power_se, self.tried, said)


def _check(
    target: float, smallest: int, largest: int, step: int, replicates: int, batch: int, precision: float
) -> None:
    if not 0 < target < 1:
        raise InputError("power", target, "must be between 0 and 1")
    if step < 1:
        raise InputError("step", step, "must be at least 1")
    if smallest < 1 or ceil(smallest / step) >= largest // step:
        raise InputError("largest", largest, f"must leave two sizes from {smallest} on that are multiples of {step}")
    if batch < 1 or replicates < batch:
        raise InputError("replicates", replicates, f"must be at least one batch of {max(batch, 1)}")
    if not precision > 0:
        raise InputError("precision", precision, "must be positive")
