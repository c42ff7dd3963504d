"""The third forecaster: what the remaining trials pool to, without any model of how ketamine works.

    g_new = mu + t sqrt(se^2 + tau^2) ,  t with k - 1 degrees of freedom      true effect in a new trial
    difference = g_new SD + e ,  e ~ N(0, SE^2)                              as the trial reports it

mu, tau (REML) and se (Hartung-Knapp-Sidik-Jonkman) are of the k remaining trials, standardised mean differences at
one time point; SD and SE are the trial's own. With two trials left t has one degree of freedom: the interval is as
wide as two trials deserve.

Source: higgins2009 (prediction interval), hartung2001 and knapp2003 (standard error).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from reprieve.evidence.candidates import Candidate
from reprieve.evidence.package.load import Package
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.selection import select
from reprieve.evidence.timepoints import TimePoint, rules
from reprieve.trials import crps
from reprieve.trials.blind import family
from reprieve.trials.forecast import LEVELS, Forecast
from reprieve.trials.observed import Observed
from reprieve.trials.trial import Trial

LEAST = 2  # remaining trials below which nothing can be said of the spread between trials
NODES = 80  # of the Gauss-Hermite rule over the sampling error
CONTRASTS = ("mean", "baseline_adjusted", "change")


@dataclass(frozen=True, slots=True)
class Third:
    """The forecast of one row, or why there is none."""

    forecast: Forecast | None
    studies: tuple[str, ...]
    reason: str


def third(trial: Trial, row: Observed, package: Package) -> Third:
    """Return the random-effects prediction of a difference between two arms."""
    if len(row.arms) != 2 or row.analysis not in CONTRASTS or not row.se:
        return Third(None, (), "not a difference between arms with a standard error")
    chosen = remaining(trial, row, package)
    studies = tuple(one.study for one in chosen)
    if len(chosen) < LEAST:
        return Third(None, studies, f"{len(chosen)} of the other trials read at that time; {LEAST} are needed")
    pool = fit([one.yi or 0 for one in chosen], [one.vi or 0 for one in chosen])
    # The SD that the difference's own standard error implies: SE = SD sqrt(1 / n1 + 1 / n2).
    sd = row.se / math.sqrt(sum(1 / n for n in row.sizes))
    spread = sd * math.sqrt(float(pool.cov[0, 0]) + pool.tau2)
    return Third(predicted(sd * float(pool.beta[0]), spread, pool.df, row.se, row.value), studies, "")


def remaining(trial: Trial, row: Observed, package: Package) -> tuple[Candidate, ...]:
    """Return the other trials' effects at the named time point that holds the row's day and most of the others."""
    relatives = family(trial.study, package)
    best: tuple[Candidate, ...] = ()
    for point in _points(trial, row):
        found = tuple(one for one in select(package, point).chosen if one.study not in relatives)
        if len(found) > len(best):
            best = found
    return best


def _points(trial: Trial, row: Observed) -> Iterable[TimePoint]:
    last = max(dose.start_h for dose in trial.arms[row.arms[0]].regimen.doses) / 24
    return (one for one in rules().timepoints if one.holds(row.day - last if one.since == "last" else row.day))


def predicted(centre: float, spread: float, df: float, se: float, value: float) -> Forecast:
    """Return the forecast `centre + spread t_df + N(0, se^2)` against an observed `value`."""
    cdf = distribution(centre, spread, df, se)
    bounds = [quantile(cdf, p, centre, spread + se) for p in LEVELS]
    score = crps.of_cdf(cdf, value, spread + se)
    return Forecast(bounds[2], bounds[0], bounds[4], bounds[1], bounds[3], score)


def distribution(centre: float, spread: float, df: float, se: float) -> Callable[[float], float]:
    """Return the distribution function of the sum of a scaled t and a normal error."""
    from scipy.special import ndtr, stdtr

    nodes, weights = _rule()

    def cdf(x: float) -> float:
        if spread == 0:
            return float(ndtr((x - centre) / se))
        return float(weights @ stdtr(df, (x - centre - se * nodes) / spread))

    return cdf


@cache
def _rule() -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = hermegauss(NODES)
    return nodes, weights / weights.sum()


def quantile(cdf: Callable[[float], float], p: float, centre: float, scale: float) -> float:
    """Return where a distribution function reaches `p`, searched outwards from `centre` in steps of `scale`."""
    from scipy.optimize import brentq

    reach = scale
    while not cdf(centre - reach) < p < cdf(centre + reach):
        reach *= 2
    return float(brentq(lambda x: cdf(x) - p, centre - reach, centre + reach, xtol=1e-9 * scale))
