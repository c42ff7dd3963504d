"""Subgroups: each pooled by itself, and two tests of whether they differ.

Common tau2: one regression on the subgroup as a factor, all its coefficients tested together (borenstein2009, ch. 19).
Separate tau2: Q between the pooled estimates of the subgroups, each weighted by its own standard error.
A difference between subgroups of trials is an observation, not a randomised comparison.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.notes import versions_for
from reprieve.evidence.pooling.regression import omnibus
from reprieve.evidence.pooling.sensitivity import studies
from reprieve.evidence.pooling.wls import Array

LEAST = 2
FEW = 5


@dataclass(frozen=True, slots=True)
class Subgroup:
    """One subgroup with `k` studies. `refused` says why it is not pooled; its numbers are then NaN."""

    name: str
    k: int
    estimate: float
    se: float
    df: float
    p: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float
    tau2: float
    i2: float
    q: float
    q_df: int
    q_p: float
    studies: tuple[str, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Between:
    """A test of no difference between the subgroups.

    `statistic` is F on `df` and `df_within` for a common tau2 under Knapp-Hartung, else chi-square on `df`
    (`df_within` is then infinite). `tau2` is the common one, NaN where each subgroup has its own.
    """

    tau2: float
    statistic: float
    df: int
    df_within: float
    p: float


@dataclass(frozen=True, kw_only=True)
class Subgroups(Result):
    """Subgroups in the order of their names. The tests are None where fewer than two could be pooled."""

    method: str
    test: str
    level: float
    groups: tuple[Subgroup, ...]
    common_tau2: Between | None
    separate_tau2: Between | None

    @property
    def refused(self) -> tuple[Subgroup, ...]:
        """The subgroups that were not pooled."""
        return tuple(one for one in self.groups if one.refused)

    def table(self) -> dict[str, list[object]]:
        """Return one row per subgroup as columns."""
        return {one.name: [getattr(group, one.name) for group in self.groups] for one in fields(Subgroup)}


def subgroups(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    groups: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
) -> Subgroups:
    """Pool estimates `yi` with variances `vi`, both (k,), within each of the `groups`, k words.

    A subgroup with fewer than two studies is kept with the reason and takes no part in the tests.
    Raises `InputError` for an empty group name, a length that differs, and as `fit` does.
    """
    y, v, names = studies(yi, vi, labels, least=2, what="subgroups")
    if len(groups) != len(y):
        raise InputError("groups", len(groups), f"must be as many as the studies, {len(y)}")
    of = np.array([str(one) for one in groups])
    for row, one in enumerate(of, start=1):
        if not one.strip():
            raise InputError(f"group of study {row}", str(one), "is empty", "name it, or leave the study out")
    wanted = (method, test, level)
    found = tuple(_subgroup(name, of == name, y, v, names, wanted) for name in sorted(set(of.tolist())))
    pooled = tuple(one for one in found if not one.refused)
    common = separate = None
    if len(pooled) > 1:
        common = _common(y, v, of, [one.name for one in pooled], method, test)
        separate = _separate(pooled)
    return Subgroups(
        method=method,
        test=test,
        level=level,
        groups=found,
        common_tau2=common,
        separate_tau2=separate,
        versions=versions_for(method),
        inputs_digest=digest([y, v, list(map(str, groups)), names, method, test, level]),
        warnings=tuple(_warnings(found)),
    )


def _subgroup(
    name: str,
    inside: npt.NDArray[np.bool_],
    y: Array,
    v: Array,
    names: tuple[str, ...],
    wanted: tuple[str, str, float],
) -> Subgroup:
    method, test, level = wanted
    members = tuple(names[i] for i in np.flatnonzero(inside))
    k = len(members)
    if k < LEAST:
        none = (math.nan,) * 11
        return Subgroup(name, k, *none, 0, math.nan, members, f"k = {k}: one study is no pool, it needs {LEAST}")
    done = fit(y[inside], v[inside], method=method, test=test)
    low, high = done.ci(level)
    pi_low, pi_high = done.prediction(level)
    return Subgroup(
        name=name,
        k=k,
        estimate=float(done.beta[0]),
        se=float(done.se[0]),
        df=done.df,
        p=float(done.p_values[0]),
        ci_low=float(low[0]),
        ci_high=float(high[0]),
        pi_low=pi_low,
        pi_high=pi_high,
        tau2=done.tau2,
        i2=done.i2,
        q=done.q,
        q_df=done.q_df,
        q_p=done.q_p,
        studies=members,
    )


def _common(y: Array, v: Array, of: npt.NDArray[np.str_], levels: list[str], method: str, test: str) -> Between:
    used = np.isin(of, levels)
    columns = [np.ones(int(used.sum()))] + [(of[used] == level).astype(float) for level in levels[1:]]
    done = fit(y[used], v[used], np.column_stack(columns), method=method, test=test)
    statistic, _, p = omnibus(done, tuple(range(1, len(levels))))
    return Between(done.tau2, statistic, len(levels) - 1, done.df, p)


def _separate(pooled: tuple[Subgroup, ...]) -> Between:
    from scipy.special import chdtrc

    df = len(pooled) - 1
    estimates, errors = np.array([one.estimate for one in pooled]), np.array([one.se for one in pooled])
    if not errors.all():  # the studies of a subgroup agree exactly under Knapp-Hartung: its weight has no bound
        return Between(math.nan, math.nan, df, math.inf, math.nan)
    weights = errors**-2.0
    mean = (weights * estimates).sum() / weights.sum()
    q = float((weights * (estimates - mean) ** 2).sum())
    return Between(math.nan, q, df, math.inf, float(chdtrc(df, q)))


def _warnings(groups: tuple[Subgroup, ...]) -> list[str]:
    out = [f"subgroup {one.name} is not pooled: {one.refused}" for one in groups if one.refused]
    thin = [f"{one.name} (k = {one.k})" for one in groups if not one.refused and one.k < FEW]
    if thin:
        out.append(f"fewer than {FEW} studies in {', '.join(thin)}: heterogeneity is hardly known there")
    return out
