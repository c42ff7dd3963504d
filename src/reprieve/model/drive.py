"""From individual parameters to an engine request: block weights, filter rates, synapse pools, and J.

J is the area of the surge after the reference infusion in the typical adult; dividing by it makes that infusion
deliver one unit of signal. It is one constant of the population, computed once per set of receptor parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.disposition import load_model
from reprieve.model.disposition.modes import Modes
from reprieve.model.disposition.schedule import Schedule
from reprieve.model.engine import area
from reprieve.model.engine.grid import Array
from reprieve.model.engine.operators import Filters
from reprieve.model.engine.problem import Gains, Pools, Request
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.population import population
from reprieve.model.receptor import ketamine_weight, norketamine_weight
from reprieve.model.regimen import Regimen

REFERENCE_REGIMEN = "0.5 mg/kg over 40 min"
REFERENCE_MODEL = "reprieve_iv_default"
SURGE = (
    "unbound_ketamine",
    "unbound_norketamine",
    "ic50_ketamine_nmol_per_l",
    "ic50_norketamine_nmol_per_l",
    "surge_zero",
)


def per_hour(half_life_h: float) -> float:
    """Rate of a half-life."""
    return math.log(2) / half_life_h


def filters(parameters: ParameterSet) -> Filters:
    """Rates of the three filters, common to all patients, and J.

    Raises `InputError` if a filter rate is given a spread between patients: the engine shares its weights.
    """
    names = ("signal_half_life_h", "functional_half_life_h", "formation_half_life_h")
    for name in names:
        if parameters.quantity(name).between is not None:
            raise InputError(
                name, "between", "must be the same for all patients", "vary it by parameter draws"
            )
    signal, function, delay = (per_hour(parameters[name]) for name in names)
    return Filters(signal, function, delay, reference_area_h(tuple(parameters[name] for name in SURGE)))


@lru_cache(maxsize=256)
def reference_area_h(surge: tuple[float, ...]) -> float:
    """J in hours: the area under the surge of the reference infusion in the typical adult."""
    patients = population(1, profile="typical")
    model = load_model(REFERENCE_MODEL)
    typical = individuals(model.parameters, patients)
    regimen = Regimen.parse(REFERENCE_REGIMEN)
    modes = model.modes(typical, patients, regimen.substance)
    ind = {name: np.array([value]) for name, value in zip(SURGE, surge, strict=True)}
    schedule = model.schedule(regimen, typical, patients)
    return area.of_surge(modes, schedule, block_signal(modes, ind), float(ind["surge_zero"][0]))


def block_signal(modes: Modes, ind: Mapping[str, Array]) -> Gains:
    """Gains of the block signal x: the driver and norketamine, weighted by their potency."""
    weights = [("driver", ketamine_weight(ind))]
    if "norketamine" in modes.outputs:
        weights.append(("norketamine", norketamine_weight(ind)))

    def total(table: Mapping[str, Array]) -> Array:
        first, *rest = (table[name] * weight for name, weight in weights)
        return first + rest[0] if rest else first

    return Gains(total(modes.steady), total(modes.gain), total(modes.ramp))


def request(
    modes: Modes,
    schedule: Schedule,
    ind: Mapping[str, Array],
    shared: Filters,
    links: Links,
    outputs: tuple[str, ...],
    plasma_h: Array,
    chain_h: Array,
) -> Request:
    """The engine's request for patients with individual parameters `ind`; both times (q,) are sorted."""
    labile, consolidation, consolidated = (
        math.log(2) / (ind[f"{name}_half_life_d"] * HOURS_PER_DAY)
        for name in ("labile", "consolidation", "consolidated")
    )
    pools = Pools(
        surge_zero=ind["surge_zero"],
        surge_gate=ind["surge_gate"] * links.block,
        labile_loss_per_h=labile,
        consolidation_per_h=consolidation * links.consolidation,
        consolidated_loss_per_h=consolidated,
        labile_max=ind["labile_max"],
    )
    return Request(modes, schedule, block_signal(modes, ind), pools, shared, outputs, plasma_h, chain_h)
