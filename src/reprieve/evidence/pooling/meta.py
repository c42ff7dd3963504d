"""Meta-analysis of anyone's table: one call, one frozen result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reprieve.core.results import Result, digest
from reprieve.evidence.pooling.fit import Fit, critical, fit
from reprieve.evidence.pooling.heterogeneity import tau2_interval
from reprieve.evidence.pooling.notes import notes, versions_for
from reprieve.evidence.pooling.permutation import Permutation, permutation_test
from reprieve.evidence.pooling.reading import Read, read
from reprieve.evidence.pooling.regression import Design, omnibus
from reprieve.evidence.pooling.table import Excluded
from reprieve.evidence.pooling.wls import basis


@dataclass(frozen=True, slots=True)
class StudyEffect:
    """One study: its estimate, sampling variance and share of the weight in per cent."""

    label: str
    yi: float
    vi: float
    weight_percent: float


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient of a meta-regression; `df` is infinite for the test "z"."""

    term: str
    estimate: float
    se: float
    statistic: float
    df: float
    p: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, kw_only=True)
class Meta(Result):
    """A meta-analysis. Intervals are two-sided and equal-tailed at `level`; `i2` is in per cent.

    `pi_low` to `pi_high` predicts the true effect in a new study; `tau2_ci_low` to `tau2_ci_high` is the Q-profile
    interval. Both are NaN under equal effects. With moderators `coefficients` hold the answer: `estimate`, `se`, `p`
    and their intervals are NaN, and heterogeneity is what the moderators leave unexplained. `references` names the
    reference level of each factor; `qm` tests all moderators together, with `qm_df` degrees of freedom.
    """

    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p: float
    pi_low: float
    pi_high: float
    tau2: float
    tau2_ci_low: float
    tau2_ci_high: float
    i2: float
    h2: float
    q: float
    q_df: int
    q_p: float
    method: str
    test: str
    level: float
    converged: bool
    studies: tuple[StudyEffect, ...]
    excluded: tuple[Excluded, ...]
    coefficients: tuple[Coefficient, ...] = ()
    references: Mapping[str, str] | None = None
    qm: float = math.nan
    qm_df: tuple[float, ...] = ()
    qm_p: float = math.nan
    permutation: Permutation | None = None

    @property
    def ci(self) -> tuple[float, float]:
        """The confidence interval of the estimate."""
        return self.ci_low, self.ci_high

    @property
    def prediction(self) -> tuple[float, float]:
        """The prediction interval of the true effect in a new study."""
        return self.pi_low, self.pi_high

    def table(self) -> dict[str, list[object]]:
        """Return one row per study as columns: its own normal interval at `level`, and its weight in per cent."""
        reach = [critical(self.level, math.inf) * math.sqrt(one.vi) for one in self.studies]
        return {
            "study": [one.label for one in self.studies],
            "yi": [one.yi for one in self.studies],
            "vi": [one.vi for one in self.studies],
            "ci_low": [one.yi - r for one, r in zip(self.studies, reach, strict=True)],
            "ci_high": [one.yi + r for one, r in zip(self.studies, reach, strict=True)],
            "weight_percent": [one.weight_percent for one in self.studies],
        }

    def to_json(self) -> dict[str, object]:
        """Return the result as plain values; NaN where there is none."""
        plain = {name: getattr(self, name) for name in _KEYS}
        if self.coefficients:
            plain |= {
                "coefficients": [{name: getattr(one, name) for name in _COLUMNS} for one in self.coefficients],
                "references": dict(self.references or {}),
                "qm": self.qm,
                "qm_df": list(self.qm_df),
                "qm_p": self.qm_p,
            }
        if self.permutation is not None:
            plain["permutation"] = {name: getattr(self.permutation, name) for name in Permutation.__slots__}
        out = [{"row": one.row, "label": one.label, "reason": one.reason} for one in self.excluded]
        return plain | {"excluded": out, "warnings": list(self.warnings), "versions": dict(self.versions)}


_KEYS = (
    *("k", "estimate", "se", "ci_low", "ci_high", "p", "pi_low", "pi_high", "tau2", "tau2_ci_low", "tau2_ci_high"),
    *("i2", "h2", "q", "q_df", "q_p", "method", "test", "level", "converged"),
)
_COLUMNS = tuple(Coefficient.__slots__)


def meta(
    table: object,
    *,
    yi: str = "yi",
    vi: str = "vi",
    label: str | None = None,
    method: str = "REML",
    test: str = "knha",
    mods: str | None = None,
    level: float = 0.95,
    permutations: int | None = None,
    seed: int = 1,
) -> Meta:
    """Pool the estimates of a table: a mapping of columns, a polars data frame, or the path of a CSV file.

    `yi` and `vi` name the columns of the estimates and of their sampling variances, `label` that of the study names.
    `method` is one of DL, HE, SJ, ML, REML, EB, PM (random effects) or EE (equal effects), `test` "knha"
    (Knapp-Hartung, t) or "z". `mods` such as "x + z" makes it a meta-regression. `permutations` adds permutation p,
    exact where there are no more arrangements than that, else of random ones that `seed` chooses.
    Rows with an empty cell are left out and listed in `excluded`.

    Raises `InputError` naming row and column for text, a variance that is not positive, a missing column, fewer than
    two usable rows, collinear moderators, or a choice that is not known.
    """
    critical(level, math.inf)  # refuses an impossible level before anything is read
    data = read(table, yi, vi, label, mods)
    plan = data.design
    matrix = None if plan is None else plan.matrix
    terms, tested = ((), ()) if plan is None else (plan.terms, plan.tested)
    fitted = fit(data.yi, data.vi, matrix, method=method, test=test, terms=terms)
    tried = None
    if permutations is not None:
        wanted: dict[str, Any] = {"method": method, "test": test, "permutations": permutations, "seed": seed}
        tried = permutation_test(data.yi, data.vi, matrix, tested=tested, **wanted)
    given = {"yi": data.yi, "vi": data.vi, "labels": data.labels, "mods": mods, "level": level}
    choices = {"method": method, "test": test, "permutations": permutations, "seed": seed}
    return _result(data, fitted, level, tried, digest({**given, **choices, "design": matrix}))


def _result(data: Read, fitted: Fit, level: float, tried: Permutation | None, inputs: str) -> Meta:
    plan = data.design
    nothing = (math.nan, math.nan)
    tau2_ci = nothing
    if fitted.method != "EE":
        tau2_ci = tau2_interval(data.yi, data.vi, basis(plan.matrix if plan else np.ones((len(data.yi), 1))), level)
    low, high = fitted.ci(level)
    alone = plan is None
    pi_low, pi_high = fitted.prediction(level) if alone else nothing
    qm, qm_df, qm_p = (math.nan, (), math.nan) if plan is None else omnibus(fitted, plan.tested)
    share = 100 * fitted.weights / fitted.weights.sum()
    rows = zip(data.labels, data.yi.tolist(), data.vi.tolist(), share.tolist(), strict=True)
    return Meta(
        k=len(data.yi),
        estimate=float(fitted.beta[0]) if alone else math.nan,
        se=float(fitted.se[0]) if alone else math.nan,
        ci_low=float(low[0]) if alone else math.nan,
        ci_high=float(high[0]) if alone else math.nan,
        p=float(fitted.p_values[0]) if alone else math.nan,
        pi_low=pi_low,
        pi_high=pi_high,
        tau2=fitted.tau2,
        tau2_ci_low=tau2_ci[0],
        tau2_ci_high=tau2_ci[1],
        i2=fitted.i2,
        h2=fitted.h2,
        q=fitted.q,
        q_df=fitted.q_df,
        q_p=fitted.q_p,
        method=fitted.method,
        test=fitted.test,
        level=level,
        converged=fitted.converged,
        studies=tuple(StudyEffect(*row) for row in rows),
        excluded=data.excluded,
        coefficients=_coefficients(fitted, plan, level) if plan else (),
        references=dict(plan.references) if plan else None,
        qm=qm,
        qm_df=qm_df,
        qm_p=qm_p,
        permutation=tried,
        versions=versions_for(fitted.method),
        inputs_digest=inputs,
        warnings=notes(data, fitted, tried),
    )


def _coefficients(fitted: Fit, plan: Design, level: float) -> tuple[Coefficient, ...]:
    low, high = fitted.ci(level)
    columns = (fitted.beta, fitted.se, fitted.statistic, np.full(len(low), fitted.df), fitted.p_values, low, high)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(Coefficient(term, *row) for term, row in zip(plan.terms, rows, strict=True))
