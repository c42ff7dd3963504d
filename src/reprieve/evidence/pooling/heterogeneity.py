"""How much the studies differ: Q, I2, H2 and the Q-profile interval of tau2."""

from __future__ import annotations

import numpy as np

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.library import pymare
from reprieve.evidence.pooling.wls import Array, Basis, solve, traces


def cochran_q(yi: Array, vi: Array, on: Basis) -> tuple[float, int, float]:
    """Return Cochran's Q with weights 1 / vi, its degrees of freedom and its p; Q of a perfect fit is 0, p 1."""
    from scipy.special import chdtrc

    free = len(yi) - on.q.shape[1]
    if free < 1:
        return 0.0, 0, 1.0
    plain = yi - on.q @ (on.q.T @ yi)  # Q sees yi through P only: a large mean costs no digits
    q = float(solve(plain[:, None], vi[:, None], on, np.zeros(1)).q[0])
    return q, free, float(chdtrc(free, q))


def i2_h2(vi: Array, on: Basis, tau2: float, q: float, method: str) -> tuple[float, float]:
    """Return I2 in per cent and H2.

    They compare tau2 with the typical variance (k - p) / tr(P) of the studies (higgins2002). Under equal effects
    there is no tau2: they come from Q.
    """
    free = len(vi) - on.q.shape[1]
    if free < 1:
        return 0.0, 1.0
    if method == "EE":
        return (max(0.0, 100 * (q - free) / q) if q > 0 else 0.0), q / free
    flat = solve(np.zeros((len(vi), 1)), vi[:, None], on, np.zeros(1))
    typical = free / float(traces(on, flat)[0][0])
    return 100 * tau2 / (typical + tau2), tau2 / typical + 1


def tau2_interval(yi: Array, vi: Array, on: Basis, level: float = 0.95) -> tuple[float, float]:
    """Return the Q-profile interval of tau2 (viechtbauer2007): the tau2 that Q does not reject at either tail.

    Both ends are zero where even tau2 = 0 makes Q improbably small.
    Raises `InputError` without a degree of freedom.
    """
    if len(yi) <= on.q.shape[1]:
        raise InputError("rows", len(yi), "are too few for an interval of tau2")
    unit = float(np.sqrt(np.median(vi)))
    plain = (yi - on.q @ (on.q.T @ yi)) / unit
    found = pymare().stats.q_profile(plain, vi / unit**2, on.q, alpha=1 - level)
    return float(found["ci_l"]) * unit**2, float(found["ci_u"]) * unit**2
