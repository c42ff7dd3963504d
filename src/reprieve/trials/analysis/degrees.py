"""A difference with its t test, and the degrees of freedom of a repeated-measures contrast.

Satterthwaite: df = 2 v^2 / (g' C g), v the variance of the contrast, g its gradient by the elements of the
covariance, C the inverse of the observed REML information (Giesbrecht and Burns 1985, Biometrics 41:477).
Kenward-Roger (1997, Biometrics 53:983): the same df for one contrast, and the covariance of the coefficients
enlarged by 2 Phi {sum_kl C_kl (Q_kl - P_k Phi P_l)} Phi. The correction depends on the parameters; here they are the
elements of the covariance, whose second derivatives vanish, as in SAS PROC MIXED; the R package mmrm calls this
"Kenward-Roger-Linear".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from reprieve.trials.analysis.likelihood import Array, Curvature, Fit, Moments, duplication

type Method = Literal["satterthwaite", "kenward-roger"]

METHODS: tuple[Method, ...] = ("satterthwaite", "kenward-roger")


@dataclass(frozen=True, slots=True)
class Difference:
    """Active minus control, with its two-sided t test and its interval at `level`, equal-tailed."""

    estimate: float
    se: float
    df: float
    p: float
    low: float
    high: float
    level: float

    @property
    def interval(self) -> str:
        """What the interval is."""
        return f"{100 * self.level:g} % CI, equal-tailed, t with {self.df:.4g} df"


def difference(estimate: float, se: float, df: float, level: float = 0.95) -> Difference:
    """Test `estimate` against zero by t with `df` degrees of freedom; p and interval are NaN where `df` is."""
    half = float(stdtrit(df, (1 + level) / 2)) * se
    p = 2 * float(stdtr(df, -abs(estimate) / se)) if se > 0 else float("nan")
    return Difference(estimate, se, df, p, estimate - half, estimate + half, level)


def contrast_degrees(fit: Fit, curve: Curvature, held: Moments, column: int, method: Method) -> tuple[Array, Array]:
    """Variance and degrees of freedom, both (V,), of the coefficient of regressor `column` at every visit.

    NaN degrees where the observed information is not positive definite: there is no maximum to speak of.
    """
    visits, q = fit.beta.shape
    chosen = np.arange(visits) * q + column
    variance = np.diagonal(fit.phi)[chosen]
    try:
        np.linalg.cholesky(curve.observed)
        spread = np.linalg.inv(curve.observed)
    except np.linalg.LinAlgError:
        return variance, np.full(visits, np.nan)
    ends = fit.phi[:, chosen]
    gradient = ((curve.slopes @ ends) * ends).sum(axis=1)  # (K, V)
    degrees = 2 * variance**2 / ((spread @ gradient) * gradient).sum(axis=0)
    if method == "kenward-roger":
        variance = np.diagonal(adjusted(fit, curve, held, spread))[chosen]
    return variance, degrees


def adjusted(fit: Fit, curve: Curvature, held: Moments, spread: Array) -> Array:
    """The Kenward-Roger covariance (p, p) of the coefficients; `spread` (K, K) is that of the elements."""
    visits, q = fit.beta.shape
    w, phi, p = fit.inverse, fit.phi, held.coefficients
    wide = duplication(visits)
    table = (wide @ spread @ wide.T).reshape((visits,) * 4).transpose(0, 3, 1, 2).reshape(visits * visits, -1)
    middle = (w.reshape(len(w), -1) @ table.T).reshape(w.shape)  # sum_kl C_kl E_k W_g E_l
    products = (w @ middle @ w).reshape(len(w), -1).T @ held.zz.reshape(-1, q * q)
    second = products.reshape(visits, visits, q, q).transpose(0, 2, 1, 3).reshape(p, p)
    mixed = (spread @ curve.slopes.reshape(len(spread), -1)).reshape(curve.slopes.shape)
    first = (curve.slopes @ phi @ mixed).sum(axis=0)
    return np.asarray(phi + 2 * phi @ (second - first) @ phi)
