"""The between-study variance tau2 by eight methods, for one design and many columns of estimates at once.

DL and HE are method-of-moments closed forms that PyMARE has; ML and REML are a search, which `likelihood` takes from
PyMARE and sharpens. SJ, PM and EB are ours: PyMARE has none of them.

    DL   (dersimonian1986)  y'Py = k - p + tau2 tr P             with W = 1 / v
    HE   (hedges1985)       the same with W = I
    SJ   (sidik2005)        tau2_0 y'Py / (k - p)                with W = 1 / (v + tau2_0), tau2_0 the variance of y
    ML, REML                the maximum of the (restricted) likelihood
    PM   (paule1982)        y'Py = k - p                         with W = 1 / (v + tau2)
    EB   (morris1983)       the same equation as PM, times k / (k - p), so the same root
    EE                      tau2 = 0

An estimate below zero is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.evidence.pooling.library import pymare
from reprieve.evidence.pooling.likelihood import SETTLED, STEPS, Flags, maximise
from reprieve.evidence.pooling.wls import Array, Basis, solve

METHODS = ("DL", "HE", "SJ", "ML", "REML", "EB", "PM", "EE")


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """One tau2 per column, and whether each search settled. Shapes (d,)."""

    tau2: Array
    converged: Flags


def estimate(y: Array, v: Array, on: Basis, method: str) -> Heterogeneity:
    """Estimate tau2 of each column of `y` with variances `v`, both (k, d), under the design that `on` spans.

    There must be more rows than coefficients unless the method is EE.
    """
    settled = np.ones(y.shape[1], dtype=bool)
    if method == "EE":
        return Heterogeneity(np.zeros(y.shape[1]), settled)
    # Every method but SJ's start sees y through P only. Plain residuals and a common unit lose no digits to a
    # large mean or to a tiny or huge scale.
    unit = np.sqrt(np.median(v))
    plain = (y - on.q @ (on.q.T @ y)) / unit
    spread = v / unit**2
    if method == "SJ":
        start = (y / unit).var(axis=0)
        return Heterogeneity(unit**2 * _sidik_jonkman(plain, spread, on, start), settled)
    if method in ("PM", "EB"):
        found, settled = invert_q(plain, spread, on, float(len(y) - on.q.shape[1]))
    elif method in ("ML", "REML"):
        found, settled = maximise(plain, spread, on, method)
    else:
        found = _moments(plain, spread, on, method)
    return Heterogeneity(unit**2 * found, settled)


def _moments(y: Array, v: Array, on: Basis, method: str) -> Array:
    estimators = pymare().estimators
    kind = estimators.DerSimonianLaird if method == "DL" else estimators.Hedges
    found = kind(small_sample_correction="wald").fit(y, v, on.q).params_["tau2"]
    return np.asarray(np.maximum(np.ravel(found).astype(float), 0.0))


def _sidik_jonkman(y: Array, v: Array, on: Basis, start: Array) -> Array:
    free = len(y) - on.q.shape[1]
    # Where all estimates are equal the start is zero, and so is the answer.
    return np.asarray(start * solve(y, v, on, start).q / free)


def invert_q(y: Array, v: Array, on: Basis, target: float) -> tuple[Array, Flags]:
    """Return the tau2 >= 0 at which Q(tau2) = y'Py equals `target`, zero where Q(0) is below it; and whether settled.

    Q falls and is convex in tau2, so Newton from zero climbs to the root and never passes it. While far below the
    root it doubles tau2 at each step.
    """
    tau2 = np.zeros(y.shape[1])
    settled = np.zeros(y.shape[1], dtype=bool)
    for _ in range(STEPS):
        fitted = solve(y, v, on, tau2)
        slope = ((fitted.weight * fitted.residual) ** 2).sum(axis=0)
        excess = fitted.q - target
        step = np.divide(excess, slope, out=np.zeros_like(tau2), where=excess > 0)
        tau2 = tau2 + step
        settled = step <= SETTLED * tau2
        if settled.all():
            break
    return tau2, settled
