"""Effects as papers report them: d, t, F or p with group sizes, a contrast with its SE, CI or p, a log odds ratio."""

from __future__ import annotations

import math

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects import formulas
from reprieve.evidence.pooling.effects.checks import Effect, effect, require
from reprieve.evidence.pooling.effects.formulas import small_sample
from reprieve.evidence.pooling.effects.spread import se_from_ci, se_from_p, t_from_p

# The variance of a logistic distribution of unit scale is π²/3 (hasselblad1995).
LOGISTIC_SD = math.pi / math.sqrt(3)


def smd_from_d(d: float, n1: float, n2: float, *, corrected: bool = False, vtype: str = "LS") -> Effect:
    """Hedges g from a reported d and the group sizes; `corrected` says that it already is g.

    Variances as for `smd`. Raises `InputError` for a group below 2.
    """
    require("any", d=d)
    require("n", n1=n1, n2=n2)
    raw = d / float(small_sample(n1 + n2 - 2)) if corrected else d
    how = "reported g and group sizes" if corrected else "reported d and group sizes, J applied"
    return effect("SMD", formulas.smd_of_d, how, raw, n1, n2, vtype=vtype)


def smd_from_t(t: float, n1: float, n2: float, *, vtype: str = "LS") -> Effect:
    """Hedges g from the t of two independent groups: d = t √(1/n1 + 1/n2). Raises `InputError` for a group below 2."""
    return _of_t(t, n1, n2, vtype, "t of two independent groups")


def smd_from_f(f: float, n1: float, n2: float, sign: float, *, vtype: str = "LS") -> Effect:
    """Hedges g from the F of two independent groups (1 numerator df): t = √F with the sign of `sign`.

    Raises `InputError` for a negative F, no sign, or a group below 2.
    """
    require("any", f=f, sign=sign)
    if f < 0:
        raise InputError("f", f, "must not be negative")
    if sign == 0 and f > 0:
        raise InputError("sign", sign, "must be positive or negative: F has none")
    return _of_t(math.copysign(math.sqrt(f), sign), n1, n2, vtype, "F with 1 numerator df; sign as reported")


def smd_from_p(p: float, n1: float, n2: float, sign: float, *, vtype: str = "LS") -> Effect:
    """Hedges g from the two-sided p of a t test of two independent groups, with the sign of `sign`.

    Raises `InputError` for p outside 0 to 1, no sign, or a group below 2.
    """
    require("n", n1=n1, n2=n2)
    return _of_t(t_from_p(p, n1 + n2 - 2, sign), n1, n2, vtype, "t found from a two-sided p; sign as reported")


def smd_from_difference(difference: float, se: float, sd: float, n1: float, n2: float) -> Effect:
    """Hedges g from a reported difference of groups, its SE (adjusted or not) and the SD of the scores.

    g = J difference/sd, v = (se/sd)² + g²/(2(n1 + n2)); for an unadjusted SE this is the variance of `smd`.
    Raises `InputError` for an SE or SD that is not positive, or a group below 2.
    """
    require("any", difference=difference)
    require("se", se=se)
    require("sd", sd=sd)
    require("n", n1=n1, n2=n2)
    g = float(small_sample(n1 + n2 - 2)) * difference / sd
    return Effect("SMD", g, (se / sd) ** 2 + g**2 / (2 * (n1 + n2)), f"reported difference and SE over an SD of {sd:g}")


def contrast(
    estimate: float,
    *,
    se: float | None = None,
    ci: tuple[float, float] | None = None,
    p: float | None = None,
    level: float = 0.95,
    df: float = math.inf,
) -> Effect:
    """A contrast as reported, with the variance from exactly one of its SE, its CI of `level`, or its two-sided p.

    `df` is that of the t the interval or p was built on; z when infinite.
    Raises `InputError` for none or several of them, or impossible ones.
    """
    require("any", estimate=estimate)
    given = [name for name, value in (("se", se), ("ci", ci), ("p", p)) if value is not None]
    if len(given) != 1:
        raise InputError("se, ci, p", given, "give exactly one of them")
    basis = "z" if math.isinf(df) else f"t with {df:g} df"
    if ci is not None:
        if not ci[0] <= estimate <= ci[1]:
            raise InputError("ci", ci, f"does not hold the estimate {estimate:g}")
        se, how = se_from_ci(*ci, level=level, df=df), f"reported estimate and {level:.3g} interval, {basis}"
    elif p is not None:
        se, how = se_from_p(estimate, p, df=df), f"reported estimate and two-sided p, {basis}"
    else:
        how = "reported estimate and SE"
    assert se is not None
    require("se", se=se)
    return Effect("GEN", estimate, se**2, how)


def smd_to_log_odds_ratio(smd: Effect) -> Effect:
    """A standardised mean difference as log odds ratio: times π/√3 (hasselblad1995; logistic scores, equal spread)."""
    return Effect("OR", smd.yi * LOGISTIC_SD, smd.vi * LOGISTIC_SD**2, f"{smd.how}; times π/√3")


def log_odds_ratio_to_smd(ratio: Effect) -> Effect:
    """A log odds ratio as standardised mean difference: over π/√3 (hasselblad1995; logistic scores, equal spread)."""
    return Effect("SMD", ratio.yi / LOGISTIC_SD, ratio.vi / LOGISTIC_SD**2, f"{ratio.how}; over π/√3")


def _of_t(t: float, n1: float, n2: float, vtype: str, how: str) -> Effect:
    require("any", t=t)
    require("n", n1=n1, n2=n2)
    return effect("SMD", formulas.smd_of_d, how, t * math.sqrt(1 / n1 + 1 / n2), n1, n2, vtype=vtype)
