"""Which studies pull a fit: case deletion diagnostics. As R metafor's `influence` (viechtbauer2010influence).

With b the coefficients of all k studies, b(i) those without study i, w = 1 / (v + tau2) and s2 the Knapp-Hartung factor
(1 for the test z):

    rstudent  (y_i - x_i b(i)) / sqrt(s2(i) (v_i + tau2(i)) + x_i V(i) x_i')
    dffits    (x_i b - x_i b(i)) / sqrt(s2(i) h_i (v_i + tau2(i))),   h_i = w_i x_i (X'WX)^-1 x_i'
    cook_d    (b - b(i))' V^-1 (b - b(i)),   cov_r = det V(i) / det V
    dfbetas   (b - b(i)) / sqrt(s2(i) diag (X'W(i)X)^-1), W(i) over all k studies with tau2(i)

A study is flagged where |dffits| > 3 sqrt(p / (k - p)), the chi-square tail below cook_d exceeds one half (p degrees
of freedom), h > 3 p / k, or any |dfbetas| > 1. The limits are a convention, not a test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest
from reprieve.evidence.pooling.fit import Fit, fit
from reprieve.evidence.pooling.notes import versions_for
from reprieve.evidence.pooling.sensitivity import studies
from reprieve.evidence.pooling.wls import Array

_ROUNDING = 100 * np.finfo(float).eps  # a residual below this is zero


@dataclass(frozen=True, slots=True)
class Case:
    """One study. `tau2_del` and `q_del` are tau2 and Q without it; `weight` is its share in per cent.

    `refused` says why the fit without it does not exist; its numbers are then NaN.
    """

    label: str
    rstudent: float
    dffits: float
    cook_d: float
    cov_r: float
    tau2_del: float
    q_del: float
    hat: float
    weight: float
    dfbetas: tuple[float, ...]
    influential: bool
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class Influence(Result):
    """The diagnostics of every study of one fit."""

    method: str
    test: str
    cases: tuple[Case, ...]

    @property
    def flagged(self) -> tuple[str, ...]:
        """The labels of the studies with the flag."""
        return tuple(one.label for one in self.cases if one.influential)

    def table(self) -> dict[str, list[object]]:
        """Return one row per study as columns."""
        return {one.name: [getattr(case, one.name) for case in self.cases] for one in fields(Case)}


def influence(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    design: npt.ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    *,
    method: str = "REML",
    test: str = "knha",
) -> Influence:
    """Return the diagnostics of estimates `yi` with variances `vi`, both (k,), on a `design` (k, p), by default ones.

    Raises `InputError` for fewer than p + 2 studies and as `fit` does.
    """
    y, v, names = studies(yi, vi, labels, least=3, what="deleting one")
    x = np.ones((len(y), 1)) if design is None else np.asarray(design, dtype=float)
    full = fit(y, v, x, method=method, test=test)
    if len(y) < x.shape[1] + 2:
        raise InputError("studies", len(y), f"are too few to delete one with {x.shape[1]} coefficients")
    inverse = np.linalg.inv((x * full.weights[:, None]).T @ x)
    hat = full.weights * np.einsum("ij,jk,ik->i", x, inverse, x)
    share = 100 * full.weights / full.weights.sum()
    cases = []
    for i, name in enumerate(names):
        rest = np.arange(len(y)) != i
        try:
            without = fit(y[rest], v[rest], x[rest], method=method, test=test)
        except InputError as error:
            cases.append(_refused(name, x.shape[1], float(hat[i]), float(share[i]), str(error)))
            continue
        cases.append(_case(name, i, y, v, x, full, without, float(hat[i]), float(share[i])))
    return Influence(
        method=method,
        test=test,
        cases=tuple(cases),
        versions=versions_for(method),
        inputs_digest=digest([y, v, x, names, method, test]),
    )


def _case(label: str, i: int, y: Array, v: Array, x: Array, full: Fit, without: Fit, hat: float, share: float) -> Case:
    from scipy.special import gammainc

    k, p = x.shape
    moved = full.beta - without.beta
    rest = np.arange(k) != i
    factor = _knapp_hartung(without, x[rest])
    total = factor * (v[i] + without.tau2)
    residual = float(y[i] - x[i] @ without.beta)
    residual = 0.0 if abs(residual) < _ROUNDING else residual
    whole = np.linalg.inv((x / (v + without.tau2)[:, None]).T @ x)
    # Where the others agree perfectly there is no error to compare with: infinite or NaN, as it comes.
    with np.errstate(divide="ignore", invalid="ignore"):
        rstudent = residual / np.sqrt(total + x[i] @ without.cov @ x[i])
        dffits = x[i] @ moved / np.sqrt(hat * total)
        dfbetas = moved / np.sqrt(factor * np.diag(whole))
        cook = moved @ np.linalg.solve(full.cov, moved) if np.linalg.det(full.cov) else math.nan
        ratio = np.linalg.det(without.cov) / np.linalg.det(full.cov)
    far = bool(np.abs(dffits) > 3 * math.sqrt(p / (k - p)) or gammainc(p / 2, cook / 2) > 0.5 or hat > 3 * p / k)
    return Case(
        label=label,
        rstudent=float(rstudent),
        dffits=float(dffits),
        cook_d=float(cook),
        cov_r=float(ratio),
        tau2_del=without.tau2,
        q_del=without.q,
        hat=hat,
        weight=share,
        dfbetas=tuple(dfbetas.tolist()),
        influential=far or bool((np.abs(dfbetas) > 1).any()),
    )


def _refused(label: str, p: int, hat: float, share: float, why: str) -> Case:
    none = math.nan
    return Case(label, none, none, none, none, none, none, hat, share, (none,) * p, False, why)


def _knapp_hartung(done: Fit, x: Array) -> float:
    """The factor that the test has put on the covariance."""
    if done.test == "z":
        return 1.0
    plain = np.linalg.inv((x * done.weights[:, None]).T @ x)
    return float(done.cov[0, 0] / plain[0, 0])
