"""From parameter values to one `Person` of the oracle: scaling by weight is written out again here.

Only values of quantities are read from the package, no function that computes with them. Simons 2022:
volumes with weight, clearances with weight to the 0.75. Otto 2021: the same for the central volume and
clearance of norketamine, its tissue volume and flow unscaled. Amounts travel as ketamine mass;
hydroxynorketamine alone is converted by its molecular weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log

import numpy as np
from numpy.typing import NDArray

from tests.oracle import solver
from tests.oracle.system import Chain, Disposition, Person

Array = NDArray[np.float64]
Individuals = Mapping[str, Array]
KETAMINE, NORKETAMINE, HYDROXYNORKETAMINE = 237.73, 223.70, 239.70
MINUTES = 60.0
HOURS = 24.0


def disposition(ind: Individuals, weight_kg: Array, i: int) -> Disposition:
    """Plasma kinetics of patient `i` under `reprieve_iv_default`."""
    v = {name: float(values[i]) for name, values in ind.items()}
    size = float(weight_kg[i]) / v["pk_reference_weight_kg"]
    flow = size ** v["pk_clearance_exponent"]
    volume = size ** v["pk_volume_exponent"]
    clearance = v["clk1_l_per_min_70kg"] * MINUTES * flow
    return Disposition(
        v1=v["vk1_l_70kg"] * volume,
        v2=v["vk2_l_70kg"] * volume,
        v3=v["vk3_l_70kg"] * volume,
        cl_s=clearance,
        cl_r=clearance * v["r_to_s_clearance"],
        q2=v["clk2_l_per_min_70kg"] * MINUTES * flow,
        q3=v["clk3_l_per_min_70kg"] * MINUTES * flow,
        mean_transit_nk_h=v["mtt_k_nk_min"] / MINUTES,
        nk_formed=v["fm_nk"],
        vn1=v["vn_l_70kg"] * volume,
        vn2=v["vpn_l"],
        cl_n=v["cln_l_per_h_70kg"] * flow,
        q_n=v["qn_l_per_h"],
        mean_transit_hnk_h=v["mtt_nk_hnk_min"] / MINUTES,
        hnk_per_nk=v["fm_hnk_of_nk"] * HYDROXYNORKETAMINE / KETAMINE,
        vh1=v["vh1_l_70kg"] * volume,
        vh2=v["vh2_l_70kg"] * volume,
        cl_h=v["clh1_l_per_min_70kg"] * MINUTES * flow,
        q_h=v["clh2_l_per_min_70kg"] * MINUTES * flow,
        arm_share=v["venous_slow_share"],
        arm_rate=v["venous_slow_rate_per_h"],
    )


def chain(ind: Individuals, area_h: float, i: int) -> Chain:
    """Receptor and plasticity of patient `i`; `area_h` is J. Effect-site rates default to 1 where absent."""
    v = {name: float(values[i]) for name, values in ind.items()}
    ketamine_nmol, norketamine_nmol = 1000.0 / KETAMINE, 1000.0 / NORKETAMINE
    return Chain(
        effect_site_rate=v.get("effect_site_rate_per_h", 1.0),
        adaptation_rate=v.get("adaptation_rate_per_h", 1.0),
        ketamine_weight=ketamine_nmol * v["unbound_ketamine"] / v["ic50_ketamine_nmol_per_l"],
        norketamine_weight=norketamine_nmol * v["unbound_norketamine"] / v["ic50_norketamine_nmol_per_l"],
        surge_zero=v["surge_zero"],
        surge_gate=v["surge_gate"],
        area_h=area_h,
        k_signal=log(2) / v["signal_half_life_h"],
        k_function=log(2) / v["functional_half_life_h"],
        k_delay=log(2) / v["formation_half_life_h"],
        k_labile=log(2) / (HOURS * v["labile_half_life_d"]),
        k_consolidate=log(2) / (HOURS * v["consolidation_half_life_d"]),
        k_consolidated=log(2) / (HOURS * v["consolidated_half_life_d"]),
        labile_max=v["labile_max"],
    )


def person(ind: Individuals, weight_kg: Array, area_h: float, i: int) -> Person:
    """Patient `i`."""
    return Person(disposition(ind, weight_kg, i), chain(ind, area_h, i))


def typical(weight_kg: float = 70.0) -> Person:
    """The typical adult from the shipped parameter files, with J computed here."""
    from importlib.resources import files

    from reprieve.core.parameters import load_parameters

    folder = files("reprieve.model") / "data"
    parts = [folder / part for part in ("disposition/reprieve_iv_default.toml", "receptor.toml", "plasticity.toml")]
    values = {n: np.full(1, q.value) for part in parts for n, q in load_parameters(part).quantities.items()}
    return person(values, np.full(1, weight_kg), reference_area_h(values), 0)


def reference_area_h(values: Individuals) -> float:
    """J of the typical values in `values` (first patient), for 35 mg over 40 min at 70 kg."""
    first = {name: held[:1] for name, held in values.items()}
    return solver.reference_area_h(person(first, np.full(1, 70.0), 1.0, 0))
