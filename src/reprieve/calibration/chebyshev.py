"""Chebyshev interpolation in one variable: nodes, coefficients from values at the nodes, and the basis.

    f(x) = sum_m c_m T_m(u) ,  u = (2 x - low - high) / (high - low) ,  T_m(u) = 2 u T_(m-1) - T_(m-2)

Source: trefethen2013.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]


def nodes(low: float, high: float, count: int) -> Array:
    """Return the Chebyshev points of the first kind on [low, high], (count,)."""
    angle = np.pi * (np.arange(count) + 0.5) / count
    return np.asarray(low + (high - low) * (np.cos(angle) + 1) / 2)


def coefficients(values: Array) -> Array:
    """Return the coefficients c (m, ...) of the interpolant through `values` (m, ...) at the nodes."""
    count = len(values)
    angle = np.pi * (np.arange(count) + 0.5) / count
    transform = 2 / count * np.cos(np.arange(count)[:, None] * angle)
    transform[0] /= 2
    return np.asarray(np.tensordot(transform, values, axes=1))


def basis(x: Any, low: float, high: float, count: int, xp: Any = np) -> Any:
    """Return T_m at `x` (n,) as (n, count); outside [low, high] the nearer end holds. `xp`: NumPy or jax.numpy."""
    u = xp.clip((2 * x - low - high) / (high - low), -1, 1)
    columns = [xp.ones_like(u), u]
    while len(columns) < count:
        columns.append(2 * u * columns[-1] - columns[-2])
    return xp.stack(columns[:count], axis=-1)
