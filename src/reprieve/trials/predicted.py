"""A figure as a trial of the published size would report it, once per drawn trial; and the verdict of a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reprieve.core.intervals import PERCENTILES
from reprieve.trials import response
from reprieve.trials.acute_rows import MORE
from reprieve.trials.arms import Arm
from reprieve.trials.blind_values import CHAIN
from reprieve.trials.observed import Observed
from reprieve.trials.scored import SAMPLING_WIDTH, Gap
from reprieve.trials.statement import Statement
from reprieve.trials.trial import Trial

type Array = NDArray[np.float64]

ALPHA = 0.05


def figures(trial: Trial, row: Observed, arms: Mapping[str, Arm], forecaster: str) -> Array:
    """Return the figure in each drawn trial, (trials,). Without responders the time to loss is infinite."""
    if row.analysis == "response":
        return _response(row, arms[row.arms[0]], forecaster).mean(axis=1)
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


def _response(row: Observed, arm: Arm, forecaster: str) -> Array:
    before, after = (arm.at(forecaster, row.score, row.sizes[0], day) for day in (0, row.day))
    return np.asarray(after <= (1 - row.share) * before, dtype=np.float64)


def _loss(trial: Trial, row: Observed, arm: Arm, forecaster: str) -> Array:
    answered = response.responded(arm.readings[forecaster][row.score], row.share)
    after_d = (arm.days - row.day).astype(np.float64)
    days = response.days_to_loss(answered, int(np.searchsorted(arm.days, row.day)), after_d, trial.visit_days)
    found = np.array([response.median(days[who]) for who in arm.drawn[:, : row.sizes[0]]])
    return np.where(np.isnan(found), np.inf, found)


def days_needed(trial: Trial, rows: Sequence[Observed], said: Sequence[Statement]) -> list[int]:
    """Days on which readings are needed: baseline, those of rows and statements, the visits of a time to loss."""
    days = {0, *(row.day for row in rows), *(int(day) for one in said for day in one.days)}
    for row in rows:
        if row.analysis == "loss":
            days.update(range(row.day, trial.last_day + 1, int(trial.visit_days)))
    return sorted(days)


def probability(said: Statement, arms: Mapping[str, Arm], forecaster: str) -> float:
    """Return the share of drawn trials that say the same, by one-way analysis of variance at two-sided p of 0.05.

    Scores: the mean of the readings on the days of the test minus baseline does not differ between the arms. A side
    effect: it differs and is higher in the first arm.
    """
    if said.direction == MORE:
        groups = [
            arms[name].at(forecaster, said.score, size, 0) for name, size in zip(said.arms, said.sizes, strict=True)
        ]
        more = groups[0].mean(axis=1) > groups[1].mean(axis=1)
        return float((more & (f_statistic(groups) > critical(said.sizes))).mean())
    changes = [_change(said, name, size, arms, forecaster) for name, size in zip(said.arms, said.sizes, strict=True)]
    return float((f_statistic(changes) <= critical(said.sizes)).mean())


def _change(said: Statement, name: str, size: int, arms: Mapping[str, Arm], forecaster: str) -> Array:
    """What the test compares, (trial, patient): mean of the later readings minus baseline; a peak as it is."""
    if said.direction == MORE:
        return arms[name].at(forecaster, said.score, size, 0)
    later = [arms[name].at(forecaster, said.score, size, int(day)) for day in said.days]
    return np.asarray(np.mean(later, axis=0) - arms[name].at(forecaster, said.score, size, 0))


def gap(trial: Trial, said: Statement, arms: Mapping[str, Arm]) -> Gap:
    """Return the chain's predicted difference: the arm given most ketamine minus the arm given none."""
    sizes = dict(zip(said.arms, said.sizes, strict=True))
    treated = [name for name in said.arms if trial.arms[name].role == "ketamine"]
    most = max(treated, key=lambda name: sum(dose.amount for dose in trial.arms[name].regimen.doses))
    least = next(name for name in said.arms if name not in treated)
    more, less = (_change(said, name, sizes[name], arms, CHAIN) for name in (most, least))
    drawn = more.mean(axis=1) - less.mean(axis=1)
    low, median, high = (float(x) for x in np.percentile(drawn, PERCENTILES, method="nearest")[[0, 1, 2]])
    variances = more.var(axis=1, ddof=1) / more.shape[1] + less.var(axis=1, ddof=1) / less.shape[1]
    return Gap(median, low, high, (high - low) / (SAMPLING_WIDTH * float(np.sqrt(variances.mean()))))


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
