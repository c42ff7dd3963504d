"""The whole system as ordinary differential equations, written from the published equations.

Nothing here is taken from the package under test: no modes, no grids, no filters, only right-hand sides
in hours, litres and ng/mL. `solver.py` integrates them with an adaptive solver.

Parent and hydroxynorketamine: Simons 2022, Table 4 and Figure 2; norketamine: Otto 2021, Table 3 and its
control stream; R to S clearance: Hasan 2021; venous link: fitted to Otto 2021, Figure 3b; block: Shaffer
2014.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

NG_PER_ML_PER_MG_PER_L = 1000.0

STATES = (
    "s_central", "s_fast", "s_slow",
    "r_central", "r_fast", "r_slow",
    "arm",
    "to_norketamine_1", "to_norketamine_2", "norketamine", "norketamine_tissue",
    "to_hydroxy_1", "to_hydroxy_2", "hydroxynorketamine", "hydroxy_tissue",
    "effect_site", "adaptation",
    "signal", "function", "delay", "labile", "consolidated",
)  # fmt: skip
INDEX = {name: i for i, name in enumerate(STATES)}


@dataclass(frozen=True, slots=True)
class Disposition:
    """Plasma kinetics of one patient: volumes in L, clearances in L/h, transit times in h, rates per hour."""

    v1: float
    v2: float
    v3: float
    cl_s: float
    cl_r: float
    q2: float
    q3: float
    mean_transit_nk_h: float
    nk_formed: float
    vn1: float
    vn2: float
    cl_n: float
    q_n: float
    mean_transit_hnk_h: float
    hnk_per_nk: float
    vh1: float
    vh2: float
    cl_h: float
    q_h: float
    arm_share: float
    arm_rate: float


@dataclass(frozen=True, slots=True)
class Chain:
    """Receptor, effect site and plasticity of one patient; rates per hour, area J in h."""

    effect_site_rate: float
    adaptation_rate: float
    ketamine_weight: float
    norketamine_weight: float
    surge_zero: float
    surge_gate: float
    area_h: float
    k_signal: float
    k_function: float
    k_delay: float
    k_labile: float
    k_consolidate: float
    k_consolidated: float
    labile_max: float


@dataclass(frozen=True, slots=True)
class Person:
    """One patient."""

    pk: Disposition
    chain: Chain


def blocked(ketamine: float, norketamine: float, chain: Chain) -> float:
    """Share of receptors blocked: competitive occupancy by parent and metabolite."""
    x = chain.ketamine_weight * ketamine + chain.norketamine_weight * norketamine
    return x / (1.0 + x)


def surge(block: float, chain: Chain) -> float:
    """Inverted U of the block, zero at and beyond `surge_zero`."""
    return max(0.0, block * (1.0 - block / chain.surge_zero)) * chain.surge_gate


def derivatives(person: Person, s_mg_per_h: float, r_mg_per_h: float) -> Callable[[float, list[float]], list[float]]:
    """Right-hand side f(t, y) while the infusion runs at constant rates of the two enantiomers."""
    pk, ch = person.pk, person.chain
    into_s = s_mg_per_h * NG_PER_ML_PER_MG_PER_L / pk.v1
    into_r = r_mg_per_h * NG_PER_ML_PER_MG_PER_L / pk.v1
    transit_nk = 2.0 / pk.mean_transit_nk_h
    transit_hnk = 2.0 / pk.mean_transit_hnk_h

    def f(_t: float, y: list[float]) -> list[float]:
        s1, s2, s3, r1, r2, r3, arm, g1, g2, n1, n2, w1, w2, h1, h2, ce, ad, b, fu, m, lab, con = y
        k = s1 + r1
        u = surge(blocked(k, n1, ch), ch)
        return [
            into_s - (pk.cl_s * s1 + pk.q2 * (s1 - s2) + pk.q3 * (s1 - s3)) / pk.v1,
            pk.q2 * (s1 - s2) / pk.v2,
            pk.q3 * (s1 - s3) / pk.v3,
            into_r - (pk.cl_r * r1 + pk.q2 * (r1 - r2) + pk.q3 * (r1 - r3)) / pk.v1,
            pk.q2 * (r1 - r2) / pk.v2,
            pk.q3 * (r1 - r3) / pk.v3,
            pk.arm_rate * (k - arm),
            # transit states are fluxes divided by L: ng/mL times L/h
            transit_nk * (pk.nk_formed * (pk.cl_s * s1 + pk.cl_r * r1) - g1),
            transit_nk * (g1 - g2),
            (g2 - pk.cl_n * n1 - pk.q_n * (n1 - n2)) / pk.vn1,
            pk.q_n * (n1 - n2) / pk.vn2,
            transit_hnk * (pk.hnk_per_nk * pk.cl_n * n1 - w1),
            transit_hnk * (w1 - w2),
            (w2 - pk.cl_h * h1 - pk.q_h * (h1 - h2)) / pk.vh1,
            pk.q_h * (h1 - h2) / pk.vh2,
            ch.effect_site_rate * (k - ce),
            ch.adaptation_rate * (ce - ad),
            u / ch.area_h - ch.k_signal * b,
            ch.k_signal * b - ch.k_function * fu,
            ch.k_signal * b - ch.k_delay * m,
            ch.k_delay * m * (1.0 - lab / ch.labile_max) - (ch.k_labile + ch.k_consolidate) * lab,
            ch.k_consolidate * lab - ch.k_consolidated * con,
        ]

    return f
