"""The formulas: (estimate, sampling variance) from summary numbers, for single values and arrays alike.

Group 1 minus group 2, or their log ratio. What cannot be computed comes out as NaN or infinite; whoever calls says why.
`vtype` chooses a variance as in R metafor: LS large-sample, UB unbiased, LS2 another large-sample form, HO equal
spreads. The variants each measure knows are in `VTYPES`, the first being the default.
Sources: hedges1981 (J), hedges1982 and hedges1983 (SMD: LS, UB), bonett2009 (SMDH), becker1988 (SMCC, SMCR),
hedges1999 (ROM), yusuf1985 (PETO), fleiss2009 (counts, proportions), fisher1921 (ZCOR).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Pair = tuple[Array, Array]
Values = Any  # a float or an array of them: NumPy takes both, and a union would have to be narrowed in every line

VTYPES: dict[str, tuple[str, ...]] = {
    "MD": ("LS", "UB", "HO"),
    "SMD": ("LS", "UB", "LS2"),
    "SMDH": ("LS",),
    "ROM": ("LS", "HO"),
    "MC": ("LS",),
    "SMCC": ("LS", "LS2"),
    "SMCR": ("LS", "LS2"),
    "OR": ("LS",),
    "RR": ("LS",),
    "RD": ("LS", "UB"),
    "PETO": ("LS",),
    "PR": ("LS", "UB"),
    "PLO": ("LS",),
    "PAS": ("LS",),
    "COR": ("LS",),
    "ZCOR": ("LS",),
    "GEN": ("LS",),
}


def small_sample(df: Values) -> Array:
    """J = Γ(df/2) / (√(df/2) Γ((df - 1)/2)): the exact factor that takes the bias out of d; NaN for df <= 1."""
    from scipy.special import poch

    free = np.asarray(df, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        j = poch((free - 1) / 2, 1 / 2) / np.sqrt(free / 2)  # the quotient itself: logarithms would lose digits
    return np.asarray(np.where(free > 1, j, np.nan))


def pooled(sd1: Values, n1: Values, sd2: Values, n2: Values) -> Array:
    """√(((n1 - 1) sd1² + (n2 - 1) sd2²) / (n1 + n2 - 2))."""
    return np.asarray(np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2)))


def md(m1: Values, sd1: Values, n1: Values, m2: Values, sd2: Values, n2: Values, vtype: str = "LS") -> Pair:
    """m1 - m2, v = sd1²/n1 + sd2²/n2; HO puts the pooled SD in both places."""
    if vtype == "HO":
        sd1 = sd2 = pooled(sd1, n1, sd2, n2)
    return m1 - m2, sd1**2 / n1 + sd2**2 / n2


def smd(m1: Values, sd1: Values, n1: Values, m2: Values, sd2: Values, n2: Values, vtype: str = "LS") -> Pair:
    """Hedges g over the pooled SD: see `smd_of_d`."""
    return smd_of_d((m1 - m2) / pooled(sd1, n1, sd2, n2), n1, n2, vtype)


def smd_of_d(d: Values, n1: Values, n2: Values, vtype: str = "LS") -> Pair:
    """g = J d with m = n1 + n2 - 2 degrees of freedom.

    LS v = 1/n1 + 1/n2 + g²/(2(n1 + n2)); UB the last term is (1 - (m - 2)/(m J²)) g²; LS2 v = J² (LS with d).
    """
    m = n1 + n2 - 2
    j = small_sample(m)
    g, base = j * d, 1 / n1 + 1 / n2
    if vtype == "UB":
        return g, base + (1 - (m - 2) / (m * j**2)) * g**2
    if vtype == "LS2":
        return g, j**2 * (base + d**2 / (2 * (n1 + n2)))
    return g, base + g**2 / (2 * (n1 + n2))


def smdh(m1: Values, sd1: Values, n1: Values, m2: Values, sd2: Values, n2: Values, vtype: str = "LS") -> Pair:
    """Difference over √((sd1² + sd2²)/2), which fits groups that differ in spread, times J with n1 + n2 - 2.

    v = J² (g² Σ sd⁴/(n - 1) / (2(sd1² + sd2²)²) + 2 Σ sd²/(n - 1) / (sd1² + sd2²)); metafor 3.8-1 has g there, not d.
    """
    j, both = small_sample(n1 + n2 - 2), sd1**2 + sd2**2
    g = j * (m1 - m2) / np.sqrt(both / 2)
    spread = g**2 * (sd1**4 / (n1 - 1) + sd2**4 / (n2 - 1)) / (2 * both**2)
    return g, j**2 * (spread + 2 * (sd1**2 / (n1 - 1) + sd2**2 / (n2 - 1)) / both)


def rom(m1: Values, sd1: Values, n1: Values, m2: Values, sd2: Values, n2: Values, vtype: str = "LS") -> Pair:
    """log(m1/m2), v = sd1²/(n1 m1²) + sd2²/(n2 m2²); HO puts the pooled SD in both places."""
    if vtype == "HO":
        sd1 = sd2 = pooled(sd1, n1, sd2, n2)
    return np.log(m1 / m2), sd1**2 / (n1 * m1**2) + sd2**2 / (n2 * m2**2)


def mc(m1: Values, sd1: Values, m2: Values, sd2: Values, n: Values, r: Values, vtype: str = "LS") -> Pair:
    """m1 - m2 of the same n people, v = (sd1² + sd2² - 2 r sd1 sd2)/n."""
    return m1 - m2, spread_of_change(sd1, sd2, r) ** 2 / n


def spread_of_change(sd1: Values, sd2: Values, r: Values) -> Array:
    """SD of the difference of two correlated readings: √(sd1² + sd2² - 2 r sd1 sd2)."""
    # As a sum of terms that are never negative: equal SDs and r near 1 keep their digits.
    return np.asarray(np.sqrt((sd1 - sd2) ** 2 + 2 * (1 - r) * sd1 * sd2))


def smcc(m1: Values, sd1: Values, m2: Values, sd2: Values, n: Values, r: Values, vtype: str = "LS") -> Pair:
    """Mean change over the SD of the change, times J with n - 1. LS v = 1/n + g²/(2n); LS2 v = J² (1/n + d²/(2n))."""
    d, j = (m1 - m2) / spread_of_change(sd1, sd2, r), small_sample(n - 1)
    if vtype == "LS2":
        return j * d, j**2 * (1 / n + d**2 / (2 * n))
    return j * d, 1 / n + (j * d) ** 2 / (2 * n)


def smcr(m1: Values, sd1: Values, m2: Values, n: Values, r: Values, vtype: str = "LS") -> Pair:
    """Mean change over `sd1`, times J with n - 1. LS v = 2(1 - r)/n + g²/(2n); LS2 v = J² (2(1 - r)/n + d²/(2n))."""
    d, j = (m1 - m2) / sd1, small_sample(n - 1)
    if vtype == "LS2":
        return j * d, j**2 * (2 * (1 - r) / n + d**2 / (2 * n))
    return j * d, 2 * (1 - r) / n + (j * d) ** 2 / (2 * n)


def odds_ratio(a: Values, b: Values, c: Values, d: Values, vtype: str = "LS") -> Pair:
    """log(ad/(bc)), v = 1/a + 1/b + 1/c + 1/d: a and c have the event, b and d do not."""
    return np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d


def risk_ratio(a: Values, b: Values, c: Values, d: Values, vtype: str = "LS") -> Pair:
    """log of (a/n1)/(c/n2), v = 1/a - 1/n1 + 1/c - 1/n2, written so that nothing cancels."""
    n1, n2 = a + b, c + d
    return np.log(a / n1) - np.log(c / n2), b / (a * n1) + d / (c * n2)


def risk_difference(a: Values, b: Values, c: Values, d: Values, vtype: str = "LS") -> Pair:
    """p1 - p2, v = Σ p(1 - p)/n; UB divides by n - 1."""
    n1, n2, less = a + b, c + d, 1 if vtype == "UB" else 0
    return a / n1 - c / n2, a * b / (n1**2 * (n1 - less)) + c * d / (n2**2 * (n2 - less))


def peto(a: Values, b: Values, c: Values, d: Values, vtype: str = "LS") -> Pair:
    """(O - E)/V, v = 1/V: observed minus expected events of group 1 over their hypergeometric variance."""
    n1, n2 = a + b, c + d
    n = n1 + n2
    spread = (a + c) * (b + d) * n1 * n2 / (n**2 * (n - 1))
    return (a - (a + c) * n1 / n) / spread, 1 / spread


def proportion(x: Values, m: Values, vtype: str = "LS") -> Pair:
    """p = x/(x + m), v = p(1 - p)/n; UB divides by n - 1."""
    n = x + m
    return x / n, x * m / (n**2 * (n - (1 if vtype == "UB" else 0)))


def logit_proportion(x: Values, m: Values, vtype: str = "LS") -> Pair:
    """log(p/(1 - p)), v = 1/x + 1/m."""
    return np.log(x / m), 1 / x + 1 / m


def arcsine_proportion(x: Values, m: Values, vtype: str = "LS") -> Pair:
    """asin √p, v = 1/(4n)."""
    return np.arcsin(np.sqrt(x / (x + m))), 1 / (4 * (x + m))


def correlation(r: Values, n: Values, vtype: str = "LS") -> Pair:
    """Pearson r, v = (1 - r²)²/(n - 1); none below 4 pairs, as for z."""
    return r + np.zeros_like(n), np.where(n > 3, (1 - r**2) ** 2 / (n - 1), np.nan)


def z_correlation(r: Values, n: Values, vtype: str = "LS") -> Pair:
    """atanh r, v = 1/(n - 3); none below 4 pairs."""
    return np.arctanh(r), np.where(n > 3, 1 / (n - 3), np.nan)
