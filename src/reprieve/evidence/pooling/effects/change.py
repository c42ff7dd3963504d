"""The same people twice: mean change and standardised mean changes, and crossovers on the scale of parallel trials.

The correlation `r` of the two readings is always stated by the caller; `correlation_from_change` finds it where a trial
reports the SD of the change.
"""

from __future__ import annotations

import math

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects import formulas
from reprieve.evidence.pooling.effects.checks import Effect, effect, require
from reprieve.evidence.pooling.effects.spread import t_from_p

LEAST_PAIRS = 3  # J needs more than one degree of freedom


def mc(m1: float, sd1: float, m2: float, sd2: float, n: float, r: float) -> Effect:
    """Mean change m1 - m2, v = (sd1² + sd2² - 2 r sd1 sd2)/n.

    Raises `InputError` for impossible values, and for a change without spread.
    """
    _check(n, r, sd1=sd1, sd2=sd2)
    require("any", m1=m1, m2=m2)
    return effect("MC", formulas.mc, _how(r), m1, sd1, m2, sd2, n, r)


def smcc(m1: float, sd1: float, m2: float, sd2: float, n: float, r: float, *, vtype: str = "LS") -> Effect:
    """Standardised mean change over the SD of the change, J with n - 1, v = 1/n + g²/(2n) (becker1988).

    Raises `InputError` for impossible values, and for a change without spread.
    """
    _check(n, r, sd1=sd1, sd2=sd2)
    require("any", m1=m1, m2=m2)
    return effect("SMCC", formulas.smcc, _how(r), m1, sd1, m2, sd2, n, r, vtype=vtype)


def smcr(m1: float, sd1: float, m2: float, n: float, r: float, *, vtype: str = "LS") -> Effect:
    """Standardised mean change over the raw `sd1`, J with n - 1, v = 2(1 - r)/n + g²/(2n) (becker1988).

    Raises `InputError` for impossible values.
    """
    _check(n, r, sd1=sd1)
    require("any", m1=m1, m2=m2)
    return effect("SMCR", formulas.smcr, _how(r), m1, sd1, m2, n, r, vtype=vtype)


def smd_crossover(m1: float, sd1: float, m2: float, sd2: float, n: float, r: float) -> Effect:
    """Standardised difference of a crossover on the scale of parallel trials (elbourne2002, variance of becker1988).

    g = J (m1 - m2)/√((sd1² + sd2²)/2), J with n - 1; v = 2(1 - r)/n + g²/(2n). Handbook 23.2.7.2 multiplies the second
    term by 2(1 - r) too, which is too small where r is large (kitchenham2020).
    Raises `InputError` for impossible values.
    """
    _check(n, r, sd1=sd1, sd2=sd2)
    return _paired((m1 - m2) / math.sqrt((sd1**2 + sd2**2) / 2), n, r, "crossover: means and SDs of both periods")


def smd_from_paired_se(difference: float, se: float, n: float, r: float) -> Effect:
    """Standardised difference of a crossover from the mean within-person difference and its standard error.

    SD of the difference = se √n; SD of one reading = that over √(2(1 - r)) (elbourne2002, morris2002).
    Raises `InputError` for impossible values and r = 1.
    """
    require("any", difference=difference)
    require("se", se=se)
    return _of_t(difference / se, n, r, "crossover: within-person difference and its SE")


def smd_from_paired_t(t: float, n: float, r: float) -> Effect:
    """Standardised difference of a crossover from the paired t: d = t √(2(1 - r)/n) (morris2002).

    Raises `InputError` for impossible values and r = 1.
    """
    return _of_t(t, n, r, "crossover: paired t")


def smd_from_paired_p(difference: float, p: float, n: float, r: float) -> Effect:
    """Standardised difference of a crossover from a two-sided p; `difference` gives the sign.

    Raises `InputError` for impossible values, r = 1, and a difference of 0 with p below 1.
    """
    _check(n, r)
    return _of_t(t_from_p(p, n - 1, difference), n, r, "crossover: paired t found from a two-sided p")


def correlation_from_change(sd1: float, sd2: float, sd_change: float) -> float:
    """Return r of two readings from their SDs and that of the change: (sd1² + sd2² - sd_change²)/(2 sd1 sd2).

    Cochrane Handbook 6.5.2.8. Raises `InputError` when no correlation fits the three SDs.
    """
    require("sd", sd1=sd1, sd2=sd2, sd_change=sd_change)
    r = (sd1**2 + sd2**2 - sd_change**2) / (2 * sd1 * sd2)
    if abs(r) > 1:
        raise InputError("sd_change", sd_change, f"fits no correlation of SDs {sd1:g} and {sd2:g}: r would be {r:.3g}")
    return r


def _of_t(t: float, n: float, r: float, how: str) -> Effect:
    _check(n, r)
    if r == 1:
        raise InputError("r", r, "must be below 1 to find the spread of one reading")
    return _paired(t * math.sqrt(2 * (1 - r) / n), n, r, how)


def _paired(d: float, n: float, r: float, how: str) -> Effect:
    require("any", d=d)
    return effect("SMD", formulas.smcr, f"{how}; correlation {r:g}", d, 1, 0, n, r)


def _check(n: float, r: float, **spreads: float) -> None:
    require("sd", **spreads)
    require("r", r=r)
    require("n", n=n)
    if n < LEAST_PAIRS:
        raise InputError("n", n, f"must be at least {LEAST_PAIRS} pairs")


def _how(r: float) -> str:
    return f"means and SDs of two readings; correlation {r:g}"
