"""What every look at a funnel needs: the rule on when not to look, and the contours of significance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.fit import critical
from reprieve.evidence.pooling.sensitivity import studies
from reprieve.evidence.pooling.wls import Array

LEAST = 10
RULE = (
    f"fewer than {LEAST} studies: such a test cannot tell chance from bias "
    "(Sterne 2011; Cochrane Handbook, section 13.3.5.4)"
)
_SAME = 1e-8  # standard errors whose spread is below this share of their mean are one size


def funnel(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    what: str,
    force: bool = False,
    least: int = 3,
    sizes: bool = True,
) -> tuple[Array, Array, tuple[str, ...]]:
    """Return estimates, variances (k,) and labels of studies whose funnel may be examined.

    `force` looks at fewer than ten studies all the same, down to `least`. `sizes` asks for studies of different size.
    Raises `InputError` with the rule for too few studies, or for standard errors that are all equal.
    """
    y, v, names = studies(yi, vi, labels, least=least, what=what)
    if len(y) < LEAST and not force:
        raise InputError("studies", len(y), f"{what} refuses {RULE}", "ask for it with force to see it all the same")
    se = np.sqrt(v)
    if sizes and se.max() - se.min() <= _SAME * se.mean():
        rule = f"are all equal, so the studies have one size and {what} has nothing to compare"
        raise InputError("standard errors", float(se[0]), rule)
    return y, v, names


@dataclass(frozen=True, slots=True)
class Contour:
    """One contour: at standard error `se` an estimate between `low` and `high` is not significant at `level`."""

    level: float
    se: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def contours(
    se: npt.ArrayLike, *, levels: Sequence[float] = (0.90, 0.95, 0.99), reference: float = 0.0
) -> tuple[Contour, ...]:
    """Return the contours of a contour-enhanced funnel (peters2008) at the standard errors `se`, any number of them.

    They are normal, two-sided and centred on `reference`, no effect, not on the pooled estimate.
    Raises `InputError` for a standard error that is negative or not finite, or a level outside 0 to 1.
    """
    at = np.atleast_1d(np.asarray(se, dtype=float))
    if at.ndim != 1 or not np.isfinite(at).all() or (at < 0).any():
        raise InputError("se", at.tolist(), "must be standard errors, zero or positive")
    points = tuple(at.tolist())
    out = []
    for level in levels:
        reach = critical(level, math.inf) * at
        out.append(Contour(level, points, tuple((reference - reach).tolist()), tuple((reference + reach).tolist())))
    return tuple(out)
