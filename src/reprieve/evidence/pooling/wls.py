"""Weighted least squares for one design and many columns of estimates at once.

    b = (X'WX)^-1 X'Wy,   P = W - WX (X'WX)^-1 X'W,   W = diag(1 / (v + tau2))

P depends on the column space of X only, so everything is computed on an orthonormal basis of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Basis:
    """The columns of a design: `X = q @ r`, `q` orthonormal, shape (k, p)."""

    q: Array
    r: Array


@dataclass(frozen=True, slots=True)
class Solution:
    """Columns y of shape (k, d) fitted with weights w of shape (k, d).

    `gamma` (d, p) are the coefficients on the basis, `inverse` (d, p, p) is (Q'WQ)^-1, `residual` is (k, d).
    """

    weight: Array
    gamma: Array
    inverse: Array
    residual: Array

    @property
    def q(self) -> Array:
        """The weighted sum of squared residuals y'Py of each column."""
        return np.asarray((self.weight * self.residual**2).sum(axis=0))


def basis(design: Array, terms: tuple[str, ...] = ()) -> Basis:
    """Return the basis of a design of shape (k, p).

    Raises `InputError` naming the columns (`terms`, else their numbers) that the others explain.
    """
    length = np.linalg.norm(design, axis=0)
    names = terms or tuple(f"column {place + 1}" for place in range(design.shape[1]))
    zero = [name for name, one in zip(names, length, strict=True) if one == 0]
    if zero:
        raise InputError("mods", ", ".join(zero), "holds only zeros", "leave it out")
    unit = design / length
    _refuse_collinear(unit, names)
    q, r = np.linalg.qr(unit)
    return Basis(q, r * length)


def _refuse_collinear(unit: Array, names: tuple[str, ...]) -> None:
    """The right singular vectors of vanishing singular values say which columns depend on each other."""
    if unit.shape[1] == 1:
        return
    _, singular, right = np.linalg.svd(unit, full_matrices=True)
    held = np.zeros(unit.shape[1])
    held[: len(singular)] = singular
    limit = held[0] * max(unit.shape) * np.finfo(float).eps * 8
    involved = (np.abs(right[held <= limit]) > np.sqrt(np.finfo(float).eps)).any(axis=0)
    if involved.any():
        shown = " and ".join(name for name, one in zip(names, involved, strict=True) if one)
        raise InputError("mods", shown, "are collinear: each follows from the others", "leave one out")


def solve(y: Array, v: Array, on: Basis, tau2: Array) -> Solution:
    """Fit the columns of `y` (k, d) with variances `v` (k, d) or (k, 1) and one `tau2` per column, shape (d,)."""
    weight = np.broadcast_to(1 / (v + tau2), y.shape)
    normal = np.einsum("ki,kd,kj->dij", on.q, weight, on.q)
    inverse = np.linalg.inv(normal)
    gamma = np.einsum("dij,dj->di", inverse, np.einsum("ki,kd->di", on.q, weight * y))
    return Solution(weight, gamma, inverse, y - on.q @ gamma.T)


def traces(on: Basis, fitted: Solution) -> tuple[Array, Array]:
    """Return tr(P) and tr(PP) of each column."""
    w = fitted.weight
    first = fitted.inverse @ np.einsum("ki,kd,kj->dij", on.q, w**2, on.q)
    second = fitted.inverse @ np.einsum("ki,kd,kj->dij", on.q, w**3, on.q)
    trace = w.sum(axis=0) - np.trace(first, axis1=1, axis2=2)
    squared = (w**2).sum(axis=0) - 2 * np.trace(second, axis1=1, axis2=2) + np.einsum("dij,dji->d", first, first)
    return np.asarray(trace), np.asarray(squared)
