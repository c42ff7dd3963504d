"""The benchmark system as an optimised right-hand side, shared by every adaptive solver.

Same equations as `tests/oracle/system.py`, with every quotient of parameters taken out of the right-hand
side: per evaluation one division, no allocation, multiply-adds otherwise. A patient is one row of `pack`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tests.oracle.system import Person

Array = NDArray[np.float64]

STATES = 22
INFLOW_S, INFLOW_R, PER_MG = 31, 32, 33
PARAMETERS = 34
NAMES = (
    "s_central", "s_fast", "s_slow", "r_central", "r_fast", "r_slow", "arm",
    "to_norketamine_1", "to_norketamine_2", "norketamine", "norketamine_tissue",
    "to_hydroxy_1", "to_hydroxy_2", "hydroxynorketamine", "hydroxy_tissue",
    "signal", "function", "delay", "labile", "consolidated", "effect_site", "adaptation",
)  # fmt: skip


def pack(person: Person) -> Array:
    """Rate constants of one patient as `kinetics` and `chain` read them; then two inflows, ng/mL per mg."""
    p, c = person.pk, person.chain
    transit, transit_h = 2 / p.mean_transit_nk_h, 2 / p.mean_transit_hnk_h
    return np.array([
        (p.cl_s + p.q2 + p.q3) / p.v1, (p.cl_r + p.q2 + p.q3) / p.v1,
        p.q2 / p.v1, p.q3 / p.v1, p.q2 / p.v2, p.q3 / p.v3, p.arm_rate,
        transit, transit * p.nk_formed * p.cl_s / p.vn1, transit * p.nk_formed * p.cl_r / p.vn1,
        (p.cl_n + p.q_n) / p.vn1, p.q_n / p.vn1, p.q_n / p.vn2,
        transit_h, transit_h * p.hnk_per_nk * p.cl_n / p.vh1,
        (p.cl_h + p.q_h) / p.vh1, p.q_h / p.vh1, p.q_h / p.vh2,
        c.ketamine_weight, c.norketamine_weight, 1 / c.surge_zero, c.surge_gate / c.area_h,
        c.k_signal, c.k_function, c.k_delay, 1 / c.labile_max, c.k_labile + c.k_consolidate,
        c.k_consolidate, c.k_consolidated, c.effect_site_rate, c.adaptation_rate,
        0.0, 0.0, 1000 / p.v1,
    ])  # fmt: skip


def kinetics(y: Any, p: Any) -> tuple[Any, ...]:
    """Derivatives of the 15 plasma states."""
    s1, s2, s3, r1, r2, r3, arm = y[0], y[1], y[2], y[3], y[4], y[5], y[6]
    g1, g2, n1, n2, w1, w2, h1, h2 = y[7], y[8], y[9], y[10], y[11], y[12], y[13], y[14]
    return (
        p[31] - p[0] * s1 + p[2] * s2 + p[3] * s3,
        p[4] * (s1 - s2),
        p[5] * (s1 - s3),
        p[32] - p[1] * r1 + p[2] * r2 + p[3] * r3,
        p[4] * (r1 - r2),
        p[5] * (r1 - r3),
        p[6] * (s1 + r1 - arm),
        p[8] * s1 + p[9] * r1 - p[7] * g1,
        p[7] * (g1 - g2),
        g2 - p[10] * n1 + p[11] * n2,
        p[12] * (n1 - n2),
        p[14] * n1 - p[13] * w1,
        p[13] * (w1 - w2),
        w2 - p[15] * h1 + p[16] * h2,
        p[17] * (h1 - h2),
    )


def chain(y: Any, p: Any, positive: Any) -> tuple[Any, ...]:
    """Derivatives of signal, function, delay, labile, consolidated; `positive` is max(0, .)."""
    x = p[18] * (y[0] + y[3]) + p[19] * y[9]
    block = x / (1.0 + x)
    signal, delay, labile = p[22] * y[15], p[24] * y[17], y[18]
    return (
        positive(block * (1.0 - block * p[20])) * p[21] - signal,
        signal - p[23] * y[16],
        signal - delay,
        delay * (1.0 - labile * p[25]) - p[26] * labile,
        p[27] * labile - p[28] * y[19],
    )


def acute(y: Any, p: Any) -> tuple[Any, ...]:
    """Derivatives of the effect site and its adaptation."""
    return p[29] * (y[0] + y[3] - y[20]), p[30] * (y[20] - y[21])


_kinetics, _chain, _acute = njit(kinetics), njit(chain), njit(acute)


@njit
def _positive(x):  # type: ignore[no-untyped-def]
    return max(0.0, x)


@njit
def system(y, d, p):  # type: ignore[no-untyped-def]
    """The whole right-hand side, compiled: 22 states."""
    a, b = _kinetics(y, p), _chain(y, p, _positive)
    for i in range(15):
        d[i] = a[i]
    for i in range(5):
        d[15 + i] = b[i]
    d[20], d[21] = _acute(y, p)
