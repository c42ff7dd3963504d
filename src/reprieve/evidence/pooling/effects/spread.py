"""From what a paper prints to a standard deviation or a standard error (Cochrane Handbook 6.5.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects.checks import choose, require


def sd_from_se(se: float, n: float) -> float:
    """Return the SD of one group from the standard error of its mean: se √n.

    Raises `InputError` for a standard error that is not positive or n below 2.
    """
    require("se", se=se)
    require("n", n=n)
    return se * math.sqrt(n)


def sd_from_ci(low: float, high: float, n: float, *, level: float = 0.95, distribution: str = "t") -> float:
    """Return the SD of one group from the confidence interval of its mean, built on t with n - 1 (or on z).

    Raises `InputError` for limits that are not in order, n below 2, or another distribution.
    """
    require("n", n=n)
    choose("distribution", distribution, ("t", "z"))
    df = n - 1 if distribution == "t" else math.inf
    return sd_from_se(se_from_ci(low, high, level=level, df=df), n)


def se_from_ci(low: float, high: float, *, level: float = 0.95, df: float = math.inf) -> float:
    """Return the standard error behind a confidence interval: half its width over the t (`df`) or z it was built on.

    Raises `InputError` for limits that are not in order.
    """
    require("any", low=low, high=high)
    require("level", level=level)
    if high <= low:
        raise InputError("low, high", (low, high), "must be in order: the lower limit first")
    return (high - low) / (2 * upper((1 - level) / 2, df))


def se_from_p(estimate: float, p: float, *, df: float = math.inf) -> float:
    """Return the standard error of an estimate from its two-sided p, by t with `df` or by z.

    Raises `InputError` for an estimate of 0 or p = 1, which any standard error fits.
    """
    t = t_from_p(p, df, estimate)
    if t == 0:
        raise InputError("p", p, "fits any standard error", "give the standard error")
    return estimate / t


def t_from_p(p: float, df: float, sign: float) -> float:
    """Return t with `df` degrees of freedom (z when infinite) from a two-sided p; it takes the sign of `sign`.

    Raises `InputError` for p outside 0 to 1, for p = 0, and for no sign where p is below 1.
    """
    require("p", p=p)
    if p < 0:
        raise InputError("p", p, "must be positive: the sign is given by the estimate")
    if sign == 0 and p < 1:
        raise InputError("p", p, "needs a direction, and the estimate is 0")
    require("any", sign=sign)
    return math.copysign(upper(p / 2, df), sign)


def pooled_sd(groups: Sequence[tuple[float, float]]) -> float:
    """Return the pooled SD of groups of (SD, n): √(Σ (n - 1) sd² / Σ (n - 1)).

    Raises `InputError` without groups, for an SD that is not positive, or n below 2.
    """
    if not groups:
        raise InputError("groups", (), "must hold at least one (SD, n)")
    for sd, n in groups:
        require("sd", sd=sd)
        require("n", n=n)
    return math.sqrt(math.fsum((n - 1) * sd**2 for sd, n in groups) / math.fsum(n - 1 for _, n in groups))


def upper(tail: float, df: float) -> float:
    """Return the value that t exceeds with probability `tail`; z where `df` is infinite.

    Raises `InputError` for degrees of freedom that are not positive.
    """
    from scipy.special import ndtri, stdtrit

    if math.isinf(df):
        return -float(ndtri(tail))
    require("df", df=df)
    return -float(stdtrit(df, tail))
