"""How much a pool hangs on each study: leave one out, and add one after the other in the order of their years.

As R metafor's `leave1out` and `cumul`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.notes import versions_for
from reprieve.evidence.pooling.wls import Array


@dataclass(frozen=True, slots=True)
class Step:
    """One of the fits. `label` is the study left out, or the last one added; `k` is how many studies it has.

    Intervals are two-sided at the level of the result; `df` is infinite for the test "z", `i2` in per cent.
    """

    label: str
    k: int
    estimate: float
    se: float
    statistic: float
    df: float
    p: float
    ci_low: float
    ci_high: float
    q: float
    q_df: int
    q_p: float
    tau2: float
    i2: float
    h2: float


@dataclass(frozen=True, kw_only=True)
class Sensitivity(Result):
    """The same pool fitted again and again. `kind` is "leave_one_out" or "cumulative"."""

    kind: str
    method: str
    test: str
    level: float
    steps: tuple[Step, ...]

    def table(self) -> dict[str, list[object]]:
        """Return one row per fit as columns."""
        return {one.name: [getattr(step, one.name) for step in self.steps] for one in fields(Step)}


def leave_one_out(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
) -> Sensitivity:
    """Pool estimates `yi` with sampling variances `vi`, both (k,), k times, each time without one study.

    Raises `InputError` for fewer than three studies (two would leave one, which is no pool) and as `fit` does.
    """
    y, v, names = studies(yi, vi, labels, least=3, what="leaving one out")
    keep = ~np.eye(len(y), dtype=bool)
    steps = tuple(_step(name, y[rest], v[rest], method, test, level) for name, rest in zip(names, keep, strict=True))
    return _result("leave_one_out", steps, method, test, level, digest([y, v, names, method, test, level]))


def cumulative(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    order: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
) -> Sensitivity:
    """Pool the first study, the first two, and so on, in ascending `order` (k,), such as the year of publication.

    Studies of the same year keep the order of the table. The first row is that study alone: its own normal
    interval, no heterogeneity.
    Raises `InputError` for an order that is not k finite numbers and as `fit` does.
    """
    y, v, names = studies(yi, vi, labels, least=1, what="a cumulative pool")
    years = np.asarray(order, dtype=float)
    if years.shape != y.shape or not np.isfinite(years).all():
        raise InputError("order", years.tolist(), f"must be {len(y)} finite numbers", "give every study its year")
    sequence = np.argsort(years, kind="stable")
    steps = []
    for last in range(len(y)):
        rows = sequence[: last + 1]
        steps.append(_step(names[rows[last]], y[rows], v[rows], method, test, level))
    return _result("cumulative", tuple(steps), method, test, level, digest([y, v, years, names, method, test, level]))


def studies(
    yi: npt.ArrayLike, vi: npt.ArrayLike, labels: Sequence[str] | None, *, least: int, what: str
) -> tuple[Array, Array, tuple[str, ...]]:
    """Return estimates and variances as arrays (k,) and one label per study, "study 1", ... by default.

    Raises `InputError` for values that are not finite, variances that are not positive, lengths that differ, or
    fewer than `least` studies for `what`.
    """
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    if y.ndim != 1 or v.shape != y.shape:
        raise InputError("yi, vi", [list(y.shape), list(v.shape)], "must be two lists of the same length")
    for row, (one, spread) in enumerate(zip(y, v, strict=True), start=1):
        if not np.isfinite(one):
            raise InputError(f"yi of study {row}", float(one), "must be finite")
        if not (np.isfinite(spread) and spread > 0):
            raise InputError(f"vi of study {row}", float(spread), "must be positive and finite: it is a variance")
    if len(y) < least:
        raise InputError("studies", len(y), f"are too few for {what}: it needs at least {least}")
    names = tuple(f"study {row + 1}" for row in range(len(y))) if labels is None else tuple(str(one) for one in labels)
    if len(names) != len(y):
        raise InputError("labels", len(names), f"must be as many as the studies, {len(y)}")
    return y, v, names


def _step(label: str, y: Array, v: Array, method: str, test: str, level: float) -> Step:
    # One study has no heterogeneity to estimate and no degree of freedom for t.
    done = fit(y, v, method=method, test=test) if len(y) > 1 else fit(y, v, method="EE", test="z")
    low, high = done.ci(level)
    return Step(
        label=label,
        k=len(y),
        estimate=float(done.beta[0]),
        se=float(done.se[0]),
        statistic=float(done.statistic[0]),
        df=done.df,
        p=float(done.p_values[0]),
        ci_low=float(low[0]),
        ci_high=float(high[0]),
        q=done.q,
        q_df=done.q_df,
        q_p=done.q_p,
        tau2=done.tau2,
        i2=done.i2,
        h2=done.h2,
    )


def _result(kind: str, steps: tuple[Step, ...], method: str, test: str, level: float, inputs: str) -> Sensitivity:
    return Sensitivity(
        kind=kind,
        method=method,
        test=test,
        level=level,
        steps=steps,
        versions=versions_for(method),
        inputs_digest=inputs,
    )
