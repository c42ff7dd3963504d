"""The mixed model of a two-period crossover: score ~ period + treatment, patients as random intercepts, REML.

    sum and difference of a patient's two scores are independent:
        (y1 - y2) / sqrt 2   variance s^2              (y1 + y2) / sqrt 2   variance s^2 (1 + 2 g)
    a single score           variance s^2 (1 + g)      g = variance between patients / s^2, not below 0

So for a given g the fit is weighted least squares, and g is found by a search in one variable. With complete data
and g above 0 the difference is half the difference between the two orders' mean period differences, and its test the
t test of Hills and Armitage (1979, Br J Clin Pharmacol 8:7) with n - 2 degrees of freedom. Patients with one score add
what they know between patients. Degrees of freedom are those within patients, complete ones minus 2. A carry-over is
not fitted: whoever expects one lengthens the washout (Senn 2002, Cross-over Trials in Clinical Research).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.trials.analysis.checks import Array, check_arm, check_level
from reprieve.trials.analysis.degrees import Difference, difference

CLOSE = 1e-12  # to which g / (1 + g) is found


@dataclass(frozen=True, kw_only=True)
class Crossover(Result):
    """Active minus control within patients, second minus first period, and the spreads in points."""

    difference: Difference
    period: Difference
    between_sd: float
    within_sd: float
    complete: int
    patients: int


def crossover(scores: Array, active_first: Array, *, level: float = 0.95) -> Crossover:
    """Compare treatments by `scores` (patients, 2; NaN where missing) in two periods.

    `active_first` (patients,) is 1 where the active treatment came in the first period, 0 where it came in the second.

    Raises `InputError` for other shapes or codes, an order without a complete patient, or fewer than 3 complete ones.
    """
    scores, active_first = np.asarray(scores, float), np.asarray(active_first, float)
    if scores.ndim != 2 or scores.shape[1] != 2 or np.isinf(scores).any():
        raise InputError("scores", scores.shape, "must be a table of patients by two periods, finite or NaN")
    check_arm(active_first, len(scores))
    check_level(level)
    whole = ~np.isnan(scores).any(axis=1)
    if len(set(active_first[whole])) < 2 or whole.sum() < 3:
        raise InputError("scores", int(whole.sum()), "complete patients must be three at least, in both orders")
    rows = _Rows(scores, active_first)
    found = minimize_scalar(rows.deviance, bounds=(0.0, 1.0 - CLOSE), method="bounded", options={"xatol": CLOSE})
    share = min((0.0, float(found.x)), key=rows.deviance)  # the search stays off its ends
    beta, covariance, variance = rows.fit(share)
    degrees = int(whole.sum()) - 2
    single = int((~np.isnan(scores)).any(axis=1).sum()) - int(whole.sum())
    sd = np.sqrt(np.diagonal(covariance))
    return Crossover(
        versions=versions(),
        inputs_digest=digest([scores, active_first, level]),
        warnings=(f"{single} patients were seen in one period only",) if single else (),
        difference=difference(float(beta[2]), float(sd[2]), degrees, level),
        period=difference(float(beta[1]), float(sd[1]), degrees, level),
        between_sd=float(np.sqrt(variance * share / (1 - share))),
        within_sd=float(np.sqrt(variance)),
        complete=int(whole.sum()),
        patients=int(whole.sum()) + single,
    )


class _Rows:
    """Independent rows y with regressors intercept, second period, active treatment; variance s^2 (1 + times g)."""

    def __init__(self, scores: Array, active_first: Array) -> None:
        seen = ~np.isnan(scores)
        design = np.stack([np.ones_like(scores), np.tile([0.0, 1.0], (len(scores), 1))], axis=2)
        active = np.column_stack([active_first, 1 - active_first])
        design = np.concatenate([design, active[:, :, None]], axis=2)
        whole = seen.all(axis=1)
        turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
        alone = seen & ~whole[:, None]
        self.y = np.concatenate([(scores[whole] @ turn.T).T.reshape(-1), scores[alone]])
        both = np.einsum("kp,npq->knq", turn, design[whole]).reshape(-1, 3)
        self.x = np.concatenate([both, design[alone]])
        n = int(whole.sum())
        self.times = np.repeat([0.0, 2.0, 1.0], [n, n, int(alone.sum())])

    def fit(self, share: float) -> tuple[Array, Array, float]:
        """Coefficients (3,), their covariance (3, 3) and s^2 at g = share / (1 - share)."""
        weight = 1 / (1 + self.times * share / (1 - share))
        information = (self.x * weight[:, None]).T @ self.x
        beta = np.linalg.solve(information, (self.x * weight[:, None]).T @ self.y)
        rest = self.y - self.x @ beta
        variance = float(weight @ rest**2) / (len(self.y) - 3)
        return beta, variance * np.linalg.inv(information), variance

    def deviance(self, share: float) -> float:
        """Minus twice the restricted log likelihood, s^2 profiled out, without its constant."""
        weight = 1 / (1 + self.times * share / (1 - share))
        _, _, variance = self.fit(share)
        _, log_information = np.linalg.slogdet((self.x * weight[:, None]).T @ self.x)
        tiny = np.finfo(np.float64).tiny
        return float((len(self.y) - 3) * np.log(max(variance, tiny)) - np.log(weight).sum() + log_information)
