"""The mixed model for repeated measures: score ~ visit x arm + visit x baseline, unstructured covariance, REML.

Missing scores may depend on what was observed (missing at random). Newton's method on the logarithm of the Cholesky
factor's diagonal and the factor's other elements, so that the covariance is positive definite at every step; where
the observed information is not positive definite the expected one is blended in, or takes its place (Fisher scoring).
Sources: Mallinckrodt et al. 2008, Drug Inf J 42:303 (the model); Pinheiro and Bates 1996, Stat Comput 6:289
(the parameters).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.trials.analysis.checks import check_inputs, check_level
from reprieve.trials.analysis.degrees import METHODS, Difference, Method, contrast_degrees, difference
from reprieve.trials.analysis.likelihood import Array, Curvature, Fit, Moments, curvature, evaluate, moments, triangle

ARM = 1  # column of the regressors intercept, arm, baseline
ENOUGH = 1e-12  # gain in log likelihood that the next Newton step promises
SINGULAR = 1e-10  # smallest eigenvalue of the correlations of a covariance that is called positive definite
BLENDS = (0.0, 0.1, 0.3, 0.6, 1.0)  # shares of expected in the information, the first that is definite serves
LONGEST = 3.0  # longest step in any parameter, standardised scores


@dataclass(frozen=True, kw_only=True)
class Mmrm(Result):
    """Differences between arms at every visit. Without `converged` the numbers are where the search stopped."""

    differences: tuple[Difference, ...]
    covariance: Array  # (visits, visits), of the residuals
    loglik: float  # restricted, normal constant (N - p) log 2 pi included, for the coding intercept, 0/1, baseline
    method: Method
    converged: bool
    iterations: int
    patients: int
    observations: int

    def at(self, visit: int) -> Difference:
        """Active minus control at `visit`, counted from 0; negative counts from the last."""
        return self.differences[visit]


def mmrm(
    scores: Array,
    arm: Array,
    baseline: Array,
    *,
    method: Method = "kenward-roger",
    level: float = 0.95,
    max_iterations: int = 100,
) -> Mmrm:
    """Fit `scores` (patients, visits; NaN where missing) on `arm` (patients,; 1 active, 0 control) and `baseline`.

    Raises `InputError` for shapes that differ, a missing arm or baseline, a visit at which the arms cannot be
    compared, two visits never observed in the same patient.
    """
    scores, arm, baseline = (np.asarray(given, float) for given in (scores, arm, baseline))
    check_inputs(scores, arm, baseline)
    check_level(level)
    if method not in METHODS:
        raise InputError("method", method, f"must be one of {', '.join(METHODS)}")
    unit, spread = _unit(scores[~np.isnan(scores)]), _unit(baseline)
    centre = float(np.nanmean(scores))
    design = np.column_stack([np.ones(len(arm)), arm, (baseline - baseline.mean()) / spread])
    held = moments((scores - centre) / unit, design)
    _check_identified(held)
    root, fit, iterations, trouble = _climb(held, max_iterations)
    variance, degrees = contrast_degrees(fit, curvature(fit, held), held, ARM, method)
    ses = unit * np.sqrt(np.maximum(variance, 0))
    without = len(arm) - int(held.patients.sum())
    told = [f"not converged: {trouble}"] if trouble else []
    told += [f"{without} patients without any score were left out"] if without else []
    visits = scores.shape[1]
    shift = (held.observations - held.coefficients) * np.log(unit) + visits * np.log(spread)
    return Mmrm(
        versions=versions(),
        inputs_digest=digest([scores, arm, baseline, method, level, max_iterations]),
        warnings=tuple(told),
        differences=tuple(
            difference(float(b) * unit, float(se), float(df), level)
            for b, se, df in zip(fit.beta[:, ARM], ses, degrees, strict=True)
        ),
        covariance=unit**2 * root @ root.T,
        loglik=fit.loglik - float(shift),
        method=method,
        converged=not trouble,
        iterations=iterations,
        patients=int(held.patients.sum()),
        observations=held.observations,
    )


def _unit(values: Array) -> float:
    spread = float(np.std(values)) if values.size else 0.0
    return spread if spread > 0 else 1.0


def _check_identified(held: Moments) -> None:
    for visit, seen in enumerate(held.seen.T):
        if np.linalg.matrix_rank((seen[:, None, None] * held.zz).sum(axis=0)) < held.zz.shape[1]:
            raise InputError("scores", f"visit {visit}", "must be observed in both arms and at different baselines")
    together = np.einsum("g,gi,gj->ij", held.patients, held.seen, held.seen)
    if not together.all():
        first, second = (int(index) for index in np.argwhere(together == 0)[0])
        raise InputError("scores", f"visits {first} and {second}", "are never observed in the same patient")
    if held.observations <= held.coefficients:
        raise InputError("scores", held.observations, f"must be more than the {held.coefficients} coefficients")


def _start(held: Moments) -> Array:
    """A first covariance (V, V): residuals of each visit's own regression, correlations by pairs, drawn to zero."""
    visits = held.seen.shape[1]
    normal = np.einsum("gv,gmn->vmn", held.seen, held.zz)
    beta = np.linalg.solve(normal, held.yz.sum(axis=0)[:, :, None])[:, :, 0]
    masked = beta * held.seen[:, :, None]
    turned = held.yz @ masked.transpose(0, 2, 1)
    pair = held.seen[:, :, None] * held.seen[:, None, :]
    residual = held.yy - turned - turned.transpose(0, 2, 1) + masked @ held.zz @ masked.transpose(0, 2, 1)
    count = np.einsum("g,gij->ij", held.patients, pair)
    raw = (residual * pair).sum(axis=0) / count
    sd = np.sqrt(np.maximum(np.diagonal(raw), 1e-8))
    correlation = np.clip(raw / np.outer(sd, sd), -1, 1)
    np.fill_diagonal(correlation, 1)
    lowest = float(np.linalg.eigvalsh(correlation)[0])
    keep = 1.0 if lowest > 0.05 else 0.95 / (1 - lowest)
    return np.asarray(np.outer(sd, sd) * (keep * correlation + (1 - keep) * np.eye(visits)))


def _climb(held: Moments, max_iterations: int) -> tuple[Array, Fit, int, str]:
    """The Cholesky factor (V, V) at the maximum, its fit, the steps made, and what went wrong if anything."""
    root = np.linalg.cholesky(_start(held))
    fit = evaluate(root @ root.T, held)
    if fit is None:
        raise InputError("scores", held.observations, "give no covariance to start from: they leave no residual")
    for iteration in range(1, max_iterations + 1):
        step, gain = _step(root, curvature(fit, held))
        if not np.isfinite(gain):
            return root, fit, iteration, "the information is singular"
        done = gain < ENOUGH
        for _ in range(40):
            new_root = _moved(root, step)
            new = evaluate(new_root @ new_root.T, held)
            if new is not None and new.loglik >= fit.loglik - (1e-9 if done else 0.0):
                break
            step = step / 2
        else:
            return root, fit, iteration, "no step raises the likelihood"
        root, fit = new_root, new
        if done:
            sd = np.sqrt((root**2).sum(axis=1))
            lowest = np.linalg.eigvalsh(root @ root.T / np.outer(sd, sd))[0]
            return root, fit, iteration, "" if lowest > SINGULAR else "the covariance is singular"
    return root, fit, max_iterations, f"{max_iterations} steps were not enough"


def _step(root: Array, curve: Curvature) -> tuple[Array, float]:
    """The Newton step (K,) in the parameters and the gain it promises; NaN where no information is definite."""
    rows, columns = triangle(len(root))
    diagonal = rows == columns
    stretch = np.where(diagonal, root[rows, columns], 1.0)
    edge = np.eye(len(root))[rows][:, :, None] * root[:, columns].T[:, None, :]  # (K, V, V)
    jacobian = ((edge + edge.transpose(0, 2, 1))[:, rows, columns] * stretch[:, None]).T
    score = jacobian.T @ (curve.score[rows, columns] * np.where(diagonal, 1, 2))
    bend = 2 * curve.score[np.ix_(rows, rows)] * (columns[:, None] == columns) * np.outer(stretch, stretch)
    bend[diagonal, diagonal] += score[diagonal]
    observed, expected = jacobian.T @ curve.observed @ jacobian - bend, jacobian.T @ curve.expected @ jacobian
    for share in BLENDS:
        information = (1 - share) * observed + share * expected
        try:
            np.linalg.cholesky(information)
        except np.linalg.LinAlgError:
            continue
        step = np.linalg.solve(information, score)
        longest = np.abs(step).max()
        return step * min(1.0, LONGEST / longest) if longest > 0 else step, float(score @ step) / 2
    return np.zeros(len(rows)), float("nan")


def _moved(root: Array, step: Array) -> Array:
    """The factor after `step`: diagonal multiplied by its exponential, the rest added to."""
    rows, columns = triangle(len(root))
    new = root.copy()
    old = root[rows, columns]
    new[rows, columns] = np.where(rows == columns, old * np.exp(np.where(rows == columns, step, 0)), old + step)
    return new
