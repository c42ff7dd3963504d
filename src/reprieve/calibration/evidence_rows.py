"""From rows of the evidence package to figures of the fit: shares of baseline with their standard errors.

    share = mean / baseline   or   1 + change / baseline
    SE    = pooled SD / sqrt(n) / baseline ,  plus share * SE(baseline) / baseline where the baseline is another study's

The SD of a visit is pooled over the arms of a study: with a dozen patients per arm its own SD is mostly noise. A row
without SD gives its standard error, or half its 95 % interval by Student's t.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.provenance import VERIFIED
from reprieve.evidence.package.load import load
from reprieve.evidence.package.rows import Contrast, Event, Outcome

if TYPE_CHECKING:
    from reprieve.calibration.arms import Evidence, Means

type Array = NDArray[np.float64]


@cache
def _rows() -> dict[str, Outcome | Contrast | Event]:
    package = load()
    held: list[Outcome | Contrast | Event] = [*package.outcomes, *package.contrasts, *package.events]
    return {row.row_id: row for row in held}


def row(row_id: str) -> Outcome | Contrast | Event:
    """Return a verified row. Raises `InputError` if there is none of that id or it was not seen at the source."""
    held = _rows().get(row_id)
    if held is None:
        raise InputError("row", row_id, "is not in the evidence package")
    if held.seen not in VERIFIED:
        raise InputError("row", row_id, f"is not verified (seen: {held.seen})", "leave it out")
    return held


def outcome(row_id: str) -> Outcome:
    """Return a verified outcome. Raises `InputError` as `row`, and for a row of another table."""
    held = row(row_id)
    if not isinstance(held, Outcome):
        raise InputError("row", row_id, "is not an outcome")
    return held


def contrast(row_id: str) -> Contrast:
    """Return a verified contrast. Raises `InputError` as `row`, and for a row of another table."""
    held = row(row_id)
    if not isinstance(held, Contrast):
        raise InputError("row", row_id, "is not a contrast")
    return held


def event(row_id: str) -> tuple[int, int]:
    """Return count and number at risk of a verified event. Raises `InputError` as `row`, and where one is missing."""
    held = row(row_id)
    if not isinstance(held, Event) or held.count is None or held.n_at_risk is None:
        raise InputError("row", row_id, "is not an event with count and number at risk")
    return held.count, held.n_at_risk


def standard_error(one: Outcome, sd: float | None = None) -> float:
    """Return the standard error of a mean in points; `sd` replaces the row's own SD.

    Raises `InputError` for a row with neither SD, standard error nor interval.
    """
    if one.dispersion_type == "sd" and one.dispersion is not None and one.n:
        return (sd or one.dispersion) / math.sqrt(one.n)
    if one.dispersion_type == "se" and one.dispersion is not None:
        return one.dispersion
    if one.ci_low is not None and one.ci_high is not None and one.n:
        from scipy.stats import t

        return float((one.ci_high - one.ci_low) / 2 / t.ppf(0.975, one.n - 1))  # 95 % two-sided
    raise InputError("row", one.row_id, "has neither SD, standard error nor interval")


def shares(means: Means, held: Evidence) -> tuple[Array, Array]:
    """Return shares of baseline (a, d) and their covariance (a, d, d) for the arms and days of a result."""
    table = [[outcome(name) for name in names] for names in means.rows]
    base = [outcome(name) for name in means.baseline]
    pooled = [_pooled([line[day] for line in table]) for day in range(len(means.days))]
    value = np.array([[_share(one, b.value) for one in line] for line, b in zip(table, base, strict=True)])
    error = np.array([[standard_error(one, sd) for one, sd in zip(line, pooled, strict=True)] for line in table])
    error /= np.array([[b.value] for b in base])
    correlation = _correlation(means, held)
    counts = np.array([[float(one.n or 0) for one in line] for line in table])
    # Patients at both of two visits: at most the smaller n, so a correlation counts sqrt(n_small / n_large).
    pair = counts[:, :, None], counts[:, None, :]
    both = np.sqrt(np.minimum(*pair) / np.maximum(*pair))
    covariance = error[:, :, None] * error[:, None, :] * correlation * both
    added = held.quantities[means.added_error].value if means.added_error else 0.0
    for arm, b in enumerate(base):
        borrowed = standard_error(b) / b.value if b.study != means.study else 0.0
        covariance[arm] += np.diag(np.full(len(means.days), added**2))
        covariance[arm] += np.outer(1 - value[arm], 1 - value[arm]) * borrowed**2
    return value, covariance


def spreads(means: Means, held: Evidence) -> tuple[Array, Array, bool]:
    """Return log SD of shares (a, d), its covariance (a, d, d), and whether the SD is that of a change.

    var log s = 1 / (2 (n - 1)); two visits correlate with the square of the correlation of their readings.
    """
    table = [[outcome(name) for name in names] for names in means.rows]
    base = [outcome(name).value for name in means.baseline]
    log_sd = np.array([[math.log((o.dispersion or 0) / b) for o in line] for line, b in zip(table, base, strict=True)])
    error = np.array([[math.sqrt(0.5 / ((one.n or 0) - 1)) for one in line] for line in table])
    covariance = error[:, :, None] * error[:, None, :] * _correlation(means, held) ** 2
    return log_sd, covariance, table[0][0].measure == "change"


def _share(one: Outcome, baseline: float) -> float:
    if one.measure == "mean":
        return one.value / baseline
    if one.measure == "change":
        return 1 + one.value / baseline
    raise InputError("row", one.row_id, f"is a {one.measure}, not a mean or a change")


def _pooled(rows: list[Outcome]) -> float | None:
    if any(one.dispersion_type != "sd" or one.dispersion is None or not one.n for one in rows):
        return None
    freedom = np.array([(one.n or 0) - 1 for one in rows])
    return float(np.sqrt(np.sum(freedom * np.array([(one.dispersion or 0) ** 2 for one in rows])) / freedom.sum()))


def _correlation(means: Means, held: Evidence) -> Array:
    matrix = np.eye(len(means.days))
    for (a, b), name in zip(combinations(range(len(means.days)), 2), means.correlations, strict=True):
        matrix[a, b] = matrix[b, a] = held.quantities[name].value
    return matrix
