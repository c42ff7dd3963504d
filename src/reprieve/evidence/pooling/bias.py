"""Everything that can be asked of a funnel, at once: regression tests, PET-PEESE, trim and fill, ranks, contours.

None of them proves publication bias. Small trials differ from large ones in more than whether they were printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.core.results import Result, digest
from reprieve.evidence.pooling.begg import RankTest, rank_test
from reprieve.evidence.pooling.egger import PetPeese, Regression, egger, pet_peese
from reprieve.evidence.pooling.funnel import LEAST, RULE, Contour, contours, funnel
from reprieve.evidence.pooling.notes import versions_for
from reprieve.evidence.pooling.trim_fill import TrimFill, trim_fill


@dataclass(frozen=True, kw_only=True)
class SmallStudy(Result):
    """Small-study effects of k studies. `contours` are those of the funnel at each study's standard error."""

    k: int
    method: str
    test: str
    level: float
    egger_lm: Regression
    egger_rma: Regression
    pet_peese: PetPeese
    trim_fill_l0: TrimFill
    trim_fill_r0: TrimFill
    rank: RankTest
    contours: tuple[Contour, ...]


def small_study(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    force: bool = False,
) -> SmallStudy:
    """Examine the funnel of estimates `yi` with variances `vi`, both (k,).

    Raises `InputError` below ten studies unless forced (then below three), for studies of one size, and as `fit` does.
    """
    y, v, names = funnel(yi, vi, labels, what="a small-study test", force=force)
    shared = {"method": method, "test": test}
    return SmallStudy(
        k=len(y),
        method=method,
        test=test,
        level=level,
        egger_lm=egger(y, v, model="lm", level=level, force=force),
        egger_rma=egger(y, v, model="rma", level=level, force=force, **shared),
        pet_peese=pet_peese(y, v, level=level, force=force),
        trim_fill_l0=trim_fill(y, v, names, estimator="L0", level=level, force=force, **shared),
        trim_fill_r0=trim_fill(y, v, names, estimator="R0", level=level, force=force, **shared),
        rank=rank_test(y, v, force=force),
        contours=contours(np.sqrt(v)),
        versions=versions_for(method),
        inputs_digest=digest([y, v, names, method, test, level]),
        warnings=(f"k = {len(y)}, {RULE}; shown because it was asked for",) if len(y) < LEAST else (),
    )
