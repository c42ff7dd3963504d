"""Analysis of covariance at one visit: score ~ arm + baseline among the patients seen there, least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.trials.analysis.checks import check_inputs, check_level
from reprieve.trials.analysis.degrees import Difference, difference
from reprieve.trials.analysis.likelihood import Array


@dataclass(frozen=True, kw_only=True)
class Ancova(Result):
    """The adjusted difference between two arms at one visit, t test with n - 3 degrees of freedom."""

    difference: Difference
    residual_sd: float
    patients: int


def ancova(score: Array, arm: Array, baseline: Array, *, level: float = 0.95) -> Ancova:
    """Compare `score` (patients,; NaN where missing) by `arm` (patients,; 1 active, 0 control) given `baseline`.

    Raises `InputError` for shapes that differ, a missing arm or baseline, or patients seen who allow no comparison.
    """
    score, arm, baseline = (np.asarray(given, float) for given in (score, arm, baseline))
    check_inputs(score[..., None], arm, baseline)
    check_level(level)
    seen = ~np.isnan(score)
    y, z = score[seen], np.column_stack([np.ones(int(seen.sum())), arm[seen], baseline[seen]])
    z[:, 2] -= z[:, 2].mean() if len(z) else 0.0
    degrees = len(y) - z.shape[1]
    if degrees < 1 or np.linalg.matrix_rank(z) < z.shape[1]:
        raise InputError("score", len(y), "patients seen must fill both arms and differ at baseline, four at least")
    information = np.linalg.inv(z.T @ z)
    beta = information @ z.T @ (y - y.mean())
    rest = y - y.mean() - z @ beta
    variance = float(rest @ rest) / degrees
    left_out = len(score) - len(y)
    return Ancova(
        versions=versions(),
        inputs_digest=digest([score, arm, baseline, level]),
        warnings=(f"{left_out} patients without a score at the visit were left out",) if left_out else (),
        difference=difference(float(beta[1]), float(np.sqrt(variance * information[1, 1])), degrees, level),
        residual_sd=float(np.sqrt(variance)),
        patients=len(y),
    )
