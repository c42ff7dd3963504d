"""A summary of many columns that takes its patients block by block: count, mean, spread and quantiles.

Means and squared deviations of blocks are joined by the formula of Chan, Golub and LeVeque. For quantiles, values are
counted in buckets: 256 between a number and its double, so that a bucket is never wider than 0.4 % of |x| + floor, with
the floor of the engine's own error measure. Buckets are read off the bits of a number, so counting is exact, and two
tallies of the same values in any order hold the same counts.

Source: chan1983 (joining of means and variances); masson2019 (buckets of equal relative width).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from reprieve.core.intervals import PERCENTILES
from reprieve.model.engine.grid import Array
from reprieve.model.engine.numerics import numerics

BITS = 8  # a number and its double are 2**BITS buckets apart
_MANTISSA = 52
_LARGEST_WHOLE = 2**BITS  # up to here a bucket holds at most one whole number
_PERCENT = 100
_RANK_DECIMALS = 6


@dataclass(frozen=True, eq=False, slots=True)
class Spread:
    """What a tally says of each column, in the shape of the columns.

    `low`, `median` and `high` are the limits and the middle of the 95 % equal-tailed interval: the smallest value that
    at least 2.5, 50 and 97.5 % of the patients do not exceed, off by at most `RELATIVE_ERROR` times |x| + floor. Whole
    numbers up to 256, scores and events among them, come out exact. `sd` divides by n - 1.
    """

    count: int
    mean: Array
    sd: Array
    low: Array
    median: Array
    high: Array
    least: Array
    most: Array

    def bands(self) -> Array:
        """Lower limit, median and upper limit: (3, ...)."""
        return np.stack([self.low, self.median, self.high])


class Tally:
    """Counts, means and buckets of columns, one number per patient and column."""

    def __init__(self) -> None:
        self.count = 0
        self.shape: tuple[int, ...] = ()
        self._first = 0
        self._whole = True

    def add(self, values: Array) -> None:
        """Take a block of patients, (patient, ...); the trailing shape is that of the first block."""
        block = np.ascontiguousarray(values, dtype=np.float64).reshape(len(values), -1)
        mean = block.mean(axis=0)
        squares = ((block - mean) ** 2).sum(axis=0)
        least, most = block.min(axis=0), block.max(axis=0)
        if not self.count:
            self.shape = values.shape[1:]
            self._mean, self._squares, self._least, self._most = mean, squares, least, most
            self._buckets = np.zeros((block.shape[1], 0), dtype=np.int64)
        else:
            whole = self.count + len(block)
            apart = mean - self._mean
            self._mean = self._mean + apart * (len(block) / whole)
            self._squares = self._squares + squares + apart**2 * (self.count * len(block) / whole)
            self._least, self._most = np.minimum(self._least, least), np.maximum(self._most, most)
        self.count += len(block)
        self._whole = self._whole and bool(np.all(np.rint(block) == block))
        self._count_buckets(_bucket(block))

    def _count_buckets(self, bucket: NDArray[np.int64]) -> None:
        columns = bucket.shape[1]
        self._make_room(int(bucket.min()), int(bucket.max()))
        width = self._buckets.shape[1]
        place = bucket - self._first + width * np.arange(columns)
        self._buckets += np.bincount(place.reshape(-1), minlength=columns * width).reshape(columns, width)

    def _make_room(self, lowest: int, highest: int) -> None:
        """Widen the table so that it holds buckets `lowest` to `highest`."""
        width = self._buckets.shape[1]
        if not width:
            self._first = lowest
        before = max(0, self._first - lowest)
        after = max(0, highest + 1 - self._first - width)
        if before or after:
            self._buckets = np.pad(self._buckets, ((0, 0), (before, after)))
            self._first -= before

    def quantiles(self, percentiles: Sequence[float]) -> Array:
        """The smallest values that at least these percentages of the patients do not exceed: (percentile, ...)."""
        below = self._buckets.cumsum(axis=1)
        columns = np.arange(len(below))
        found = []
        for percentile in percentiles:
            # Rounded first: a rank that is whole but for the last bit is that rank.
            wanted = max(1, ceil(round(self.count * percentile / _PERCENT, _RANK_DECIMALS)))
            at = (below >= wanted).argmax(axis=1)
            inside = self._buckets[columns, at]
            share = (wanted - (below[columns, at] - inside)) / inside
            low, high = _edge(self._first + at), _edge(self._first + at + 1)
            value = low + (high - low) * (share if not self._whole else 1 / 2)
            if self._whole:
                value = np.where(np.abs(value) < _LARGEST_WHOLE, np.rint(value), value)
            found.append(np.clip(value, self._least, self._most))
        return np.stack(found).reshape(len(percentiles), *self.shape)

    def spread(self) -> Spread:
        """What the tally says so far."""
        low, median, high = self.quantiles(PERCENTILES)

        def shaped(values: Array) -> Array:
            return values.reshape(self.shape)

        return Spread(
            count=self.count,
            mean=shaped(self._mean),
            sd=shaped(np.sqrt(self._squares / max(1, self.count - 1))),
            low=low,
            median=median,
            high=high,
            least=shaped(self._least),
            most=shaped(self._most),
        )


RELATIVE_ERROR = 1 / 2**BITS


def _bucket(values: Array) -> NDArray[np.int64]:
    """The bucket of each value: the leading bits of |x| + floor less those of the floor, with the sign of x."""
    size = (np.abs(values) + numerics().error_floor).view(np.int64) >> (_MANTISSA - BITS)
    steps = size - _floor_bits()
    return np.where(values < 0, -steps - 1, steps)


def _edge(bucket: NDArray[np.int64]) -> Array:
    """The lower edge of each bucket; the upper edge of the one below it."""
    steps = np.abs(bucket)
    bits = (steps + _floor_bits()) << (_MANTISSA - BITS)
    size = np.maximum(bits.view(np.float64) - numerics().error_floor, 0)
    return np.where(bucket < 0, -size, size)


def _floor_bits() -> np.int64:
    return np.float64(numerics().error_floor).view(np.int64) >> (_MANTISSA - BITS)
