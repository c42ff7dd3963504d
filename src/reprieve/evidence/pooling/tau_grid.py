"""The posterior of tau on a grid, without a sampler.

With y_i ~ N(mu, v_i + tau2) and a flat or normal prior of mu, mu integrates out in closed form: given tau it is
normal with mean m(tau) and variance s2(tau). What is left is one integral over tau, done over t = log tau with
t = c + sinh(w), c the mode: panels in w are narrow at the mode and wide in the tails. Gauss-Legendre on each panel;
panels are halved until the integral stands still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reprieve.core.errors import NumericsError
from reprieve.evidence.pooling.tau_priors import TauPrior
from reprieve.evidence.pooling.wls import Array

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_REACH = 300.0  # how far t goes from the mode: exp(2 * 340) still is a number, and a t with 5 df holds 1e-11 beyond
_SETTLED = 1e-12
_MOST_PANELS = 1 << 13


@dataclass(frozen=True, slots=True)
class Given:
    """The data and the normal prior of mu, (mean, sd), or None for a flat one. `y`, `v` (k,)."""

    y: Array
    v: Array
    prior: TauPrior
    mu_prior: tuple[float, float] | None

    def conditional(self, log_tau: Array) -> tuple[Array, Array, Array]:
        """Return mean and variance of mu given tau, and the log density of log tau, each like `log_tau`."""
        total = self.v[:, None] + np.exp(2 * log_tau.ravel())
        centre = float(np.median(self.y))
        y, weight = self.y[:, None] - centre, 1 / total
        weight_sum, weighted = weight.sum(axis=0), (weight * y).sum(axis=0)
        log_density = -np.log(total).sum(axis=0) / 2
        if self.mu_prior is not None:
            weight_sum = weight_sum + self.mu_prior[1] ** -2
            weighted = weighted + (self.mu_prior[0] - centre) * self.mu_prior[1] ** -2
        mean, variance = weighted / weight_sum, 1 / weight_sum
        log_density += np.log(variance) / 2 - (weight * (y - mean) ** 2).sum(axis=0) / 2
        if self.mu_prior is not None:
            log_density -= ((self.mu_prior[0] - centre - mean) / self.mu_prior[1]) ** 2 / 2
        log_density += self.prior.log_density(log_tau.ravel())
        shape = log_tau.shape
        return (mean + centre).reshape(shape), variance.reshape(shape), log_density.reshape(shape)


@dataclass(frozen=True, slots=True)
class Grid:
    """Nodes of the integral over tau, each (n,): tau, its probability, and mean and variance of mu given it."""

    tau: Array
    probability: Array
    mean: Array
    variance: Array
    edges: Array
    cumulative: Array
    centre: float
    peak: float
    constant: float


def grid(given: Given) -> Grid:
    """Return the posterior of tau on nodes that integrate it to rounding.

    Raises `NumericsError` where no number of panels settles.
    """
    coarse = np.linspace(-40.0, 40.0, 1601)
    density = given.conditional(coarse)[2]
    centre, peak = float(coarse[np.argmax(density)]), float(density.max())
    reach = math.asinh(_REACH)
    before, panels = math.nan, 128
    while panels <= _MOST_PANELS:
        edges = np.linspace(-reach, reach, panels + 1)
        nodes, weights = _nodes(edges[:-1], edges[1:])
        log_tau = centre + np.sinh(nodes)
        mean, variance, found = given.conditional(log_tau)
        mass = weights * np.cosh(nodes) * np.exp(found - peak)
        total = float(mass.sum())
        if abs(total - before) <= _SETTLED * total:
            share = mass / total
            flat = (np.exp(log_tau).ravel(), share.ravel(), mean.ravel(), variance.ravel())
            cumulative = np.concatenate([[0.0], np.cumsum(share.sum(axis=0))])
            return Grid(*flat, edges, cumulative, centre, peak, total)
        before, panels = total, 2 * panels
    raise NumericsError("tau: the estimates lie too far from its prior to compute a posterior; are both in one unit?")


def tau_quantile(given: Given, on: Grid, p: float) -> float:
    """Return the tau below which the posterior holds the probability `p`."""
    from scipy.optimize import brentq

    last = len(on.edges) - 2
    panel = min(int(np.searchsorted(on.cumulative, p, side="right")) - 1, last)
    left, right = float(on.edges[panel]), float(on.edges[panel + 1])

    def beyond(end: float) -> float:
        nodes, weights = _nodes(np.array([left]), np.array([end]))
        found = given.conditional(on.centre + np.sinh(nodes))[2]
        inside = float((weights * np.cosh(nodes) * np.exp(found - on.peak)).sum()) / on.constant
        return float(on.cumulative[panel]) + inside - p

    if beyond(right) <= 0:  # rounding at the edge of a panel
        return math.exp(on.centre + math.sinh(right))
    return math.exp(on.centre + math.sinh(float(brentq(beyond, left, right, xtol=1e-14, rtol=1e-14))))


def mixture_cdf(x: float, probability: Array, mean: Array, sd: Array) -> float:
    """Return the probability below `x` of a mixture of normals."""
    from scipy.special import ndtr

    return float(probability @ ndtr((x - mean) / sd))


def mixture_quantile(p: float, probability: Array, mean: Array, sd: Array) -> float:
    """Return the quantile `p` of a mixture of normals."""
    from scipy.optimize import brentq

    def beyond(x: float) -> float:
        return mixture_cdf(x, probability, mean, sd) - p

    # Parts in the far tail of tau have an SD beyond any number of use: look outwards from the likeliest part.
    likeliest = int(np.argmax(probability))
    step = float(sd[likeliest])
    low = high = float(mean[likeliest])
    while beyond(low) > 0:
        low, step = low - step, 2 * step
    while beyond(high) < 0:
        high, step = high + step, 2 * step
    return low if low == high else float(brentq(beyond, low, high, xtol=1e-15 * step, rtol=1e-14, maxiter=500))


def _nodes(left: Array, right: Array) -> tuple[Array, Array]:
    """Nodes and weights of every panel, shape (nodes, panels)."""
    half = (right - left) / 2
    return (left + right) / 2 + np.outer(_NODES, half), np.outer(_WEIGHTS, half)
