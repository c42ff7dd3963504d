"""The continuous ranked probability score: how far a forecast lies from what was observed, in the units of the figure.

    CRPS(F, y) = integral (F(x) - 1{x >= y})^2 dx = E|X - y| - E|X - X'| / 2

Lower is better; for a forecast of one number it is the absolute error. For m draws the second term divides by
m (m - 1), so that a small sample is not punished for being small (the fair form).

Source: gneiting2007 (definition and closed form), ferro2014 (fair form).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError


def ensemble(draws: npt.ArrayLike, value: float) -> float:
    """Return the fair score of draws (m,) for an observed `value`, in their unit.

    Raises `InputError` for fewer than two draws or one that is not finite.
    """
    x = np.sort(np.asarray(draws, dtype=np.float64))
    if x.ndim != 1 or x.size < 2 or not np.all(np.isfinite(x)):
        raise InputError("draws", x.size, "must be at least two finite numbers")
    m = x.size
    # Sum over all ordered pairs of |x_i - x_j|, from the ranks of the sorted draws.
    pairs = 2 * float(np.sum((2 * np.arange(1, m + 1) - m - 1) * x))
    return float(np.mean(np.abs(x - value))) - pairs / (2 * m * (m - 1))


def normal(mean: float, sd: float, value: float) -> float:
    """Return the score of a normal forecast, closed form. Raises `InputError` if `sd` is not positive."""
    if not sd > 0:
        raise InputError("sd", sd, "must be positive")
    z = (value - mean) / sd
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    below = math.erfc(-z / math.sqrt(2)) / 2
    return sd * (z * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi))


def of_cdf(cdf: Callable[[float], float], value: float, scale: float) -> float:
    """Return the score of a forecast by its distribution function, by quadrature outwards from the observed value.

    `scale` is the size of the forecast's spread; tails may be as heavy as those of Cauchy.
    """
    from scipy.integrate import quad

    def outwards(sign: float) -> float:
        def squared(u: float) -> float:
            # x = value + sign scale u / (1 - u) maps the half line to 0 <= u < 1.
            tail = cdf(value + sign * scale * u / (1 - u))
            return (tail if sign < 0 else 1 - tail) ** 2 * scale / (1 - u) ** 2

        found, _ = quad(squared, 0, 1, limit=200, epsabs=1e-9 * scale, epsrel=1e-9)
        return float(found)

    return outwards(-1.0) + outwards(1.0)
