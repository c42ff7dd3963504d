"""Two groups with means and SDs: difference, standardised difference, ratio of means."""

from __future__ import annotations

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects import formulas
from reprieve.evidence.pooling.effects.checks import Effect, effect, require

FROM_MEANS = "means and SDs of both groups"


def md(m1: float, sd1: float, n1: float, m2: float, sd2: float, n2: float, *, vtype: str = "LS") -> Effect:
    """Mean difference m1 - m2 in the unit of the means, v = sd1²/n1 + sd2²/n2; "HO" pools the SDs.

    Raises `InputError` for a spread that is not positive or a group below 2.
    """
    _check(m1, sd1, n1, m2, sd2, n2)
    return effect("MD", formulas.md, FROM_MEANS, m1, sd1, n1, m2, sd2, n2, vtype=vtype)


def smd(m1: float, sd1: float, n1: float, m2: float, sd2: float, n2: float, *, vtype: str = "LS") -> Effect:
    """Hedges g = J (m1 - m2)/pooled SD, J exact by the gamma function (hedges1981).

    v by `vtype`: "LS" 1/n1 + 1/n2 + g²/(2(n1 + n2)), "UB" unbiased, "LS2" J² times the variance of d.
    Raises `InputError` for a spread that is not positive or a group below 2.
    """
    _check(m1, sd1, n1, m2, sd2, n2)
    return effect("SMD", formulas.smd, FROM_MEANS, m1, sd1, n1, m2, sd2, n2, vtype=vtype)


def smdh(m1: float, sd1: float, n1: float, m2: float, sd2: float, n2: float) -> Effect:
    """Standardised difference for groups of unlike spread: over the root mean square of the SDs (bonett2009).

    Raises `InputError` for a spread that is not positive or a group below 2.
    """
    _check(m1, sd1, n1, m2, sd2, n2)
    return effect("SMDH", formulas.smdh, FROM_MEANS, m1, sd1, n1, m2, sd2, n2)


def rom(m1: float, sd1: float, n1: float, m2: float, sd2: float, n2: float, *, vtype: str = "LS") -> Effect:
    """Log ratio of means, log(m1/m2), v = sd1²/(n1 m1²) + sd2²/(n2 m2²) (hedges1999); "HO" pools the SDs.

    Raises `InputError` as `md`, and for means that are zero or differ in sign.
    """
    _check(m1, sd1, n1, m2, sd2, n2)
    if m1 * m2 <= 0:
        raise InputError("m1, m2", (m1, m2), "must be of one sign and not zero: a ratio of means has no logarithm")
    return effect("ROM", formulas.rom, FROM_MEANS, m1, sd1, n1, m2, sd2, n2, vtype=vtype)


def _check(m1: float, sd1: float, n1: float, m2: float, sd2: float, n2: float) -> None:
    require("any", m1=m1, m2=m2)
    require("sd", sd1=sd1, sd2=sd2)
    require("n", n1=n1, n2=n2)
