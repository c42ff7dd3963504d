"""A figure as a trial of the published size would report it, once per drawn trial; and the verdict of a test."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.trials import response
from reprieve.trials.arms import Arm
from reprieve.trials.observed import Observed, Statement
from reprieve.trials.trial import Trial

type Array = NDArray[np.float64]

ALPHA = 0.05


def figures(trial: Trial, row: Observed, arms: Mapping[str, Arm], forecaster: str) -> Array:
    """Return the figure in each drawn trial, (trials,). Without responders the time to loss is infinite."""
    if row.analysis == "response":
        return _response(trial, row, arms[row.arms[0]], forecaster).mean(axis=1)
    if row.analysis == "loss":
        return _loss(trial, row, arms[row.arms[0]], forecaster)
    after, before = (_readings(row, arms, forecaster, day) for day in (row.day, 0))
    if row.analysis == "change":
        after = [y - x for y, x in zip(after, before, strict=True)]
    means = [y.mean(axis=1) for y in after]
    if len(means) == 1:
        return np.asarray(means[0])
    gap = means[0] - means[1]
    if row.analysis == "baseline_adjusted":
        return np.asarray(gap - _slope(before, after) * (before[0].mean(axis=1) - before[1].mean(axis=1)))
    return np.asarray(gap)


def _readings(row: Observed, arms: Mapping[str, Arm], forecaster: str, day: int) -> list[Array]:
    pairs = zip(row.arms, row.sizes, strict=True)
    return [arms[arm].at(forecaster, row.score, size, day) for arm, size in pairs]


def _slope(before: list[Array], after: list[Array]) -> Array:
    """Slope of the later reading on baseline within arms, as in an analysis of covariance, (trials,)."""
    x, y = ([z - z.mean(axis=1, keepdims=True) for z in both] for both in (before, after))
    product = sum((a * b).sum(axis=1) for a, b in zip(x, y, strict=True))
    square = sum((a * a).sum(axis=1) for a in x)
    return np.asarray(product / np.maximum(square, np.finfo(np.float64).tiny))


def _response(trial: Trial, row: Observed, arm: Arm, forecaster: str) -> Array:
    answered = response.responded(arm.readings[forecaster][row.score], trial.response_share)
    return np.asarray(answered[:, row.day][arm.drawn[:, : row.sizes[0]]])


def _loss(trial: Trial, row: Observed, arm: Arm, forecaster: str) -> Array:
    answered = response.responded(arm.readings[forecaster][row.score], trial.response_share)
    after_d = np.arange(answered.shape[1], dtype=np.float64) - row.day
    days = response.days_to_loss(answered, row.day, after_d, trial.visit_days)
    found = np.array([response.median(days[who]) for who in arm.drawn[:, : row.sizes[0]]])
    return np.where(np.isnan(found), np.inf, found)


def no_difference(said: Statement, arms: Mapping[str, Arm], forecaster: str) -> float:
    """Return the share of drawn trials in which the arms do not differ at two-sided p > 0.05.

    One-way analysis of variance of the mean of the readings on the days of the test minus baseline.
    """
    changes = []
    for name, size in zip(said.arms, said.sizes, strict=True):
        later = [arms[name].at(forecaster, said.score, size, int(day)) for day in said.days]
        changes.append(np.mean(later, axis=0) - arms[name].at(forecaster, said.score, size, 0))
    return float((f_statistic(changes) <= critical(said.sizes)).mean())


def f_statistic(groups: list[Array]) -> Array:
    """F of a one-way analysis of variance in each trial, (trials,); each group is (trials, patients)."""
    sizes = np.array([group.shape[1] for group in groups])
    means = np.stack([group.mean(axis=1) for group in groups])
    grand = (sizes[:, None] * means).sum(axis=0) / sizes.sum()
    between = (sizes[:, None] * (means - grand) ** 2).sum(axis=0) / (len(groups) - 1)
    inner = sum(((group - group.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) for group in groups)
    within = np.asarray(inner) / (sizes.sum() - len(groups))
    return np.asarray(between / np.maximum(within, np.finfo(np.float64).tiny))


def critical(sizes: tuple[int, ...]) -> float:
    """The F that is exceeded with probability 0.05 when no arm differs."""
    from scipy.stats import f

    return float(f.isf(ALPHA, len(sizes) - 1, sum(sizes) - len(sizes)))
