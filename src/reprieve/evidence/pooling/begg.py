"""Begg's rank test (begg1994): do standardised estimates rise or fall with their variances?

As R metafor's `ranktest`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.evidence.pooling.funnel import funnel


@dataclass(frozen=True, slots=True)
class RankTest:
    """Kendall's tau-b between standardised estimates and variances. `p` is exact unless ranks are tied."""

    k: int
    tau: float
    p: float
    exact: bool


def rank_test(yi: npt.ArrayLike, vi: npt.ArrayLike, *, force: bool = False) -> RankTest:
    """Test estimates `yi` with variances `vi`, both (k,), by ranks; of the tests here the one with the least power.

    Raises `InputError` below ten studies unless forced (then below three) and for studies of one size.
    """
    from scipy.stats import kendalltau

    y, v, _ = funnel(yi, vi, what="the rank test", force=force)
    weight = 1 / v
    centred = y - (weight * y).sum() / weight.sum()
    standardised = centred / np.sqrt(v - 1 / weight.sum())
    exact = len(np.unique(v)) == len(v) and len(np.unique(standardised)) == len(v)
    done = kendalltau(standardised, v, method="exact" if exact else "asymptotic")
    return RankTest(len(y), float(done.statistic), float(done.pvalue), exact)
