"""A Bayesian random-effects pool for few studies, by quadrature: the same numbers every time, no sampler.

Estimates are normal with known variances, true effects normal around mu with standard deviation tau. mu has a flat
prior (or a stated normal one), tau a weakly informative one (`tau_priors`). Meant for three to eight studies, where
tau2 is hardly estimated and Knapp-Hartung intervals get very wide. It works for any k >= 1, but with one or two studies
the answer on tau is the prior's. Its numbers agree with R bayesmeta.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest
from reprieve.evidence.pooling.notes import versions_for
from reprieve.evidence.pooling.sensitivity import studies
from reprieve.evidence.pooling.tau_grid import Given, Grid, grid, mixture_cdf, mixture_quantile, tau_quantile
from reprieve.evidence.pooling.tau_priors import HALF_NORMAL, SMD_PRIORS, TauPrior
from reprieve.evidence.pooling.wls import Array

FEW = 3


@dataclass(frozen=True, slots=True)
class Shrunken:
    """The posterior of one study's true effect: mean, SD, equal-tailed interval. `yi` is what the study found."""

    label: str
    yi: float
    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Posterior(Result):
    """The posterior of mu, tau and a new study's true effect. Credible intervals are equal-tailed at `level`.

    `p_negative` is the probability that mu is below zero: that ketamine is better on a symptom scale. `pi_low` to
    `pi_high` predicts the true effect in a new study. Means and SDs that a heavy-tailed prior leaves without a value
    are NaN.
    """

    k: int
    mean: float
    median: float
    sd: float
    ci_low: float
    ci_high: float
    level: float
    p_negative: float
    tau_mean: float
    tau_median: float
    tau_sd: float
    tau_low: float
    tau_high: float
    pi_low: float
    pi_high: float
    prior: str
    prior_source: str
    prior_seen: str
    mu_prior: str
    shrunken: tuple[Shrunken, ...]

    @property
    def ci(self) -> tuple[float, float]:
        """The credible interval of mu."""
        return self.ci_low, self.ci_high


def posterior(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    prior: TauPrior = HALF_NORMAL,
    mu_prior: tuple[float, float] | None = None,
    level: float = 0.95,
) -> Posterior:
    """Return the posterior of estimates `yi` with sampling variances `vi`, both (k,).

    The default `prior` of tau, half-normal(0.5), fits SMDs and log ratios; give one in the unit of the estimates for
    anything else, such as points of a scale. `mu_prior` is (mean, sd) of a normal, None for flat.

    Raises `InputError` for values that are not finite, variances that are not positive, a prior that is none, or a
    level outside 0 to 1.
    """
    y, v, names = studies(yi, vi, labels, least=1, what="the Bayesian model")
    if not 0 < level < 1:
        raise InputError("level", level, "must lie between 0 and 1", "write 0.95 for 95 %")
    if mu_prior is not None and not (np.isfinite(mu_prior).all() and mu_prior[1] > 0):
        raise InputError("mu_prior", mu_prior, "must be a finite mean and a positive standard deviation")
    given = Given(y, v, prior, mu_prior)
    on = grid(given)
    tails = (1 - level) / 2, (1 + level) / 2
    share, centre, spread = on.probability, on.mean, np.sqrt(on.variance)
    new = np.sqrt(on.variance + on.tau**2)
    first, second = _moments_exist(prior, len(y), mu_prior is None)
    mean, sd = _moments(share, centre, on.variance)
    tau_mean, tau_sd = _moments(share, on.tau, 0 * on.tau)
    return Posterior(
        k=len(y),
        mean=mean if first or mu_prior else math.nan,
        median=mixture_quantile(0.5, share, centre, spread),
        sd=sd if second or mu_prior else math.nan,
        ci_low=mixture_quantile(tails[0], share, centre, spread),
        ci_high=mixture_quantile(tails[1], share, centre, spread),
        level=level,
        p_negative=mixture_cdf(0.0, share, centre, spread),
        tau_mean=tau_mean if first else math.nan,
        tau_median=tau_quantile(given, on, 0.5),
        tau_sd=tau_sd if second else math.nan,
        tau_low=tau_quantile(given, on, tails[0]),
        tau_high=tau_quantile(given, on, tails[1]),
        pi_low=mixture_quantile(tails[0], share, centre, new),
        pi_high=mixture_quantile(tails[1], share, centre, new),
        prior=prior.name,
        prior_source=prior.source,
        prior_seen=str(prior.seen.value),
        mu_prior="flat" if mu_prior is None else f"normal({mu_prior[0]:g}, {mu_prior[1]:g})",
        shrunken=tuple(_shrunken(name, float(a), float(b), on, tails) for name, a, b in zip(names, y, v, strict=True)),
        versions=versions_for("EE"),
        inputs_digest=digest([y, v, names, prior.family, prior.location, prior.scale, mu_prior, level]),
        warnings=(f"k = {len(y)}: what is said of tau is the prior's",) if len(y) < FEW else (),
    )


def over_priors(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    priors: Sequence[TauPrior] = SMD_PRIORS,
    mu_prior: tuple[float, float] | None = None,
    level: float = 0.95,
) -> tuple[Posterior, ...]:
    """Return the posterior under each prior of tau: the answer should not hang on one of them.

    Raises `InputError` as `posterior` does.
    """
    return tuple(posterior(yi, vi, labels, prior=one, mu_prior=mu_prior, level=level) for one in priors)


def _moments(share: Array, mean: Array, variance: Array) -> tuple[float, float]:
    """Mean and SD of a mixture."""
    centre = float(share @ mean)
    return centre, math.sqrt(float(share @ (variance + (mean - centre) ** 2)))


def _moments_exist(prior: TauPrior, k: int, flat: bool) -> tuple[bool, bool]:
    """Whether tau has a posterior mean and a variance: its tail falls as tau^-(a + k - 1), flat prior of mu.

    So has mu then; under a normal prior it always has both.
    """
    power = prior.tail + k - (1 if flat else 0)
    edge = 1 if prior.family == "log-t5" else 0  # logarithms make its tail just integrable at the limit
    return power + edge > 2, power + edge > 3


def _shrunken(label: str, y: float, v: float, on: Grid, tails: tuple[float, float]) -> Shrunken:
    own = v / (v + on.tau**2)  # the share of the pool in the study's true effect, given tau
    mean = (1 - own) * y + own * on.mean
    variance = own * on.tau**2 + own**2 * on.variance
    centre, sd = _moments(on.probability, mean, variance)
    low, high = (mixture_quantile(p, on.probability, mean, np.sqrt(variance)) for p in tails)
    return Shrunken(label, y, centre, sd, low, high)
