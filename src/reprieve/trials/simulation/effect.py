"""A mean over virtual patients and what it does not know."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]

Z95 = 1.959963984540054  # the 97.5 % point of the standard normal


@dataclass(frozen=True, slots=True)
class Effect:
    """A mean over virtual patients with its Monte-Carlo standard error."""

    value: float
    se: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval, equal-tailed, normal."""
        return self.value - Z95 * self.se, self.value + Z95 * self.se

    def to_json(self) -> dict[str, float | None]:
        """Value, error and interval; what is not known is null."""
        low, high = self.interval
        told = {"value": self.value, "se": self.se, "low": low, "high": high}
        return {name: None if isnan(number) else number for name, number in told.items()}


def mean(values: Array) -> Effect:
    """Mean over patients and its standard error."""
    n = len(values)
    return Effect(float(values.mean()), float(values.std(ddof=1)) / sqrt(n) if n > 1 else nan)
