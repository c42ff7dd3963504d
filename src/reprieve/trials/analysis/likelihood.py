"""The restricted likelihood of repeated measures with an unstructured covariance, from moments by missingness pattern.

Model: patient i has scores y_i at the visits O_i, mean B z_i with regressors z_i shared by all visits, covariance
Sigma restricted to O_i. With W_g the inverse of Sigma over the visits of pattern g, zero elsewhere, the information
of the coefficients is A = sum_g W_g (x) Z_g, so that moments replace patients and no matrix grows with their number.

    2 l = -sum_g n_g log|Sigma_g| - sum_g tr(W_g R_g) - log|A| - (N - p) log 2 pi

Source of the REML derivatives: Lindstrom and Bates 1988, J Am Stat Assoc 83:1014; Gilmour, Thompson and Cullis 1995,
Biometrics 51:1440 (expected and observed information in the projection P).
Shapes: G patterns, V visits, q regressors, p = V q coefficients, K = V (V + 1) / 2 elements of the covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import log, pi

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]
type Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over the patients of each missingness pattern; a score not seen counts as zero."""

    seen: Array  # (G, V), 1 where the visit is observed
    patients: Array  # (G,)
    zz: Array  # (G, q, q)
    yz: Array  # (G, V, q)
    yy: Array  # (G, V, V)

    @property
    def observations(self) -> int:
        """Number of scores observed."""
        return int(self.patients @ self.seen.sum(axis=1))

    @property
    def coefficients(self) -> int:
        """Number of coefficients, p."""
        return int(self.seen.shape[1] * self.zz.shape[1])


@dataclass(frozen=True, slots=True)
class Fit:
    """The likelihood at one covariance, coefficients profiled out."""

    loglik: float
    inverse: Array  # (G, V, V), W_g
    phi: Array  # (p, p), covariance of the coefficients, ordered by visit and then regressor
    beta: Array  # (V, q)


@dataclass(frozen=True, slots=True)
class Curvature:
    """Derivatives of the log likelihood by the elements of the covariance, lower triangle by rows."""

    score: Array  # (V, V), S with dl = tr(S dSigma)
    observed: Array  # (K, K), minus the second derivative
    expected: Array  # (K, K), its expectation
    slopes: Array  # (K, p, p), minus the derivative of A


def moments(scores: Array, design: Array) -> Moments:
    """Group `scores` (patients, visits; NaN where missing) with `design` (patients, q) by missingness pattern.

    Patients without any score are left out: they say nothing.
    """
    seen = ~np.isnan(scores)
    kept = seen.any(axis=1)
    seen, y, z = seen[kept], np.where(seen, scores, 0.0)[kept], design[kept]
    code = seen @ (2.0 ** np.arange(seen.shape[1]))
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1.0))

    def by_pattern(values: Array) -> Array:
        return np.asarray(np.add.reduceat(values[order], starts, axis=0))

    return Moments(
        seen=seen[order][starts].astype(float),
        patients=np.diff(np.append(starts, len(order))).astype(float),
        zz=by_pattern(z[:, :, None] * z[:, None, :]),
        yz=by_pattern(y[:, :, None] * z[:, None, :]),
        yy=by_pattern(y[:, :, None] * y[:, None, :]),
    )


@cache
def triangle(visits: int) -> tuple[Indices, Indices]:
    """Rows and columns of the K elements of a symmetric (V, V) matrix, lower triangle by rows."""
    return np.tril_indices(visits)


@cache
def duplication(visits: int) -> Array:
    """The (V * V, K) matrix that spreads the elements over both triangles."""
    rows, columns = triangle(visits)
    spread = np.zeros((visits, visits, len(rows)))
    spread[rows, columns, np.arange(len(rows))] = spread[columns, rows, np.arange(len(rows))] = 1
    return spread.reshape(visits * visits, -1)


def evaluate(sigma: Array, held: Moments) -> Fit | None:
    """The restricted likelihood at `sigma` (V, V), or None where it or the design is not of full rank."""
    visits, q, p = held.seen.shape[1], held.zz.shape[1], held.coefficients
    pair = held.seen[:, :, None] * held.seen[:, None, :]
    unseen = (1 - held.seen)[:, :, None] * np.eye(visits)
    try:
        root = np.linalg.cholesky(sigma * pair + unseen)
        inverse = np.linalg.inv(sigma * pair + unseen) - unseen
        products = inverse.reshape(-1, visits * visits).T @ held.zz.reshape(-1, q * q)
        normal = products.reshape(visits, visits, q, q).transpose(0, 2, 1, 3).reshape(p, p)
        log_normal = 2 * np.log(np.diagonal(np.linalg.cholesky(normal))).sum()
        phi = np.linalg.inv(normal)
    except np.linalg.LinAlgError:
        return None
    right = (inverse @ held.yz).sum(axis=0).ravel()
    beta = phi @ right
    log_sigma = 2 * held.patients @ np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    left_over = (inverse * held.yy).sum() - right @ beta
    loglik = -(log_sigma + left_over + log_normal + (held.observations - p) * log(2 * pi)) / 2
    return Fit(float(loglik), inverse, (phi + phi.T) / 2, beta.reshape(visits, q)) if np.isfinite(loglik) else None


def curvature(fit: Fit, held: Moments) -> Curvature:
    """Score, observed and expected information at a fit.

    With E_k the derivative of Sigma by its element k: 2 l_k = -tr(P E_k) + y'P E_k P y; the expected information
    is tr(P E_k P E_l) / 2, the observed one y'P E_k P E_l P y - tr(P E_k P E_l) / 2.
    """
    w, phi, (visits, q), p = fit.inverse, fit.phi, fit.beta.shape, held.coefficients
    rows, columns = triangle(visits)
    cross = held.yz - fit.beta @ held.zz  # sums of residual times regressor
    turned = cross @ fit.beta.T
    residual = held.yy - fit.beta @ held.yz.transpose(0, 2, 1) - turned
    by_pair = phi.reshape(visits, q, visits, q).transpose(0, 2, 1, 3).reshape(visits * visits, q * q)
    leverage = (held.zz.reshape(-1, q * q) @ by_pair.T).reshape(w.shape)
    h, wrw = w @ leverage @ w, w @ residual @ w
    nw = held.patients[:, None, None] * w

    outer = w[:, :, rows].transpose(0, 2, 1)[:, :, :, None] * w[:, columns, None, :]  # (G, K, V, V), W e_a e_b' W
    outer = (outer + outer.transpose(0, 1, 3, 2)) * np.where(rows == columns, 0.5, 1.0)[:, None, None]
    count = len(rows)
    slopes = outer.reshape(len(w), -1).T @ held.zz.reshape(-1, q * q)
    slopes = slopes.reshape(count, visits, visits, q, q).transpose(0, 1, 3, 2, 4).reshape(count, p, p)
    pulls = (outer.reshape(len(w), -1, visits) @ cross).sum(axis=0).reshape(count, p)
    scaled = phi @ slopes
    both = scaled.reshape(count, -1) @ scaled.transpose(0, 2, 1).reshape(count, -1).T / 2

    expected = _pairs(w, nw / 2 - h) + both
    observed = _pairs(w, wrw + h - nw / 2) - both - pulls @ phi @ pulls.T
    return Curvature((wrw + h - nw).sum(axis=0) / 2, observed, expected, slopes)


def _pairs(w: Array, other: Array) -> Array:
    """The (K, K) matrix of sum_g tr(W_g E_k M_g E_l) for symmetric M_g = `other` (G, V, V)."""
    visits = w.shape[1]
    table = (w.reshape(len(w), -1).T @ other.reshape(len(w), -1)).reshape((visits,) * 4)  # b, c, d, a
    flat = table.transpose(3, 0, 1, 2).reshape(visits * visits, -1)
    spread = duplication(visits)
    found = spread.T @ flat @ spread
    return np.asarray((found + found.T) / 2)
