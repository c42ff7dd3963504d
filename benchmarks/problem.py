"""The benchmark problem: six infusions of 0.5 mg/kg over 40 min in 12 days, 42 days, 64 output times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.equations import NAMES, pack
from tests.oracle.people import person, reference_area_h
from tests.oracle.solver import Change, infusions, solve
from tests.oracle.system import Person

if TYPE_CHECKING:
    from reprieve.model.population import Population
    from reprieve.model.regimen import Regimen

Array = NDArray[np.float64]

DOSE_MG_PER_KG, MINUTES, DAYS = 0.5, 40.0, 42

SIX = (0, 2, 4, 7, 9, 11)
PLASMA = (
    "ketamine_arterial_ng_per_ml",
    "ketamine_venous_ng_per_ml",
    "norketamine_ng_per_ml",
    "hydroxynorketamine_ng_per_ml",
    "s_ketamine_ng_per_ml",
    "r_ketamine_ng_per_ml",
    "effect_site_ng_per_ml",
    "adaptation_ng_per_ml",
)
CHAIN = ("block", "surge", "signal", "functional", "labile", "consolidated", "benefit")


@dataclass(frozen=True)
class Course:
    """Pre-drawn patients under one schedule, and the 64 times at which everything is asked.

    `ind` holds the individual parameters, name -> (n,); `starts_d` the days of the infusions.
    """

    patients: Population
    ind: Mapping[str, Array]
    variability: float
    starts_d: tuple[int, ...]
    time_h: Array
    area_h: float

    @property
    def regimen(self) -> Regimen:
        """The schedule as the engine takes it."""
        from reprieve.model.regimen import Dose, Phase, Regimen

        phases = (Phase(MINUTES / 60, DOSE_MG_PER_KG),)
        return Regimen(tuple(Dose(24.0 * day, phases, "mg/kg") for day in self.starts_d))

    def person(self, i: int) -> Person:
        """Patient `i` for the oracle."""
        return person(self.ind, self.patients.weight_kg, self.area_h, i)

    def changes(self, i: int) -> list[Change]:
        """Rate changes of patient `i`."""
        starts = [24.0 * day for day in self.starts_d]
        return infusions(starts, DOSE_MG_PER_KG * float(self.patients.weight_kg[i]), MINUTES)

    def packed(self, patients: int) -> Array:
        """Constants of the first patients for the adaptive solvers."""
        return np.array([pack(self.person(i)) for i in range(patients)])

    def reference(self, patients: int) -> dict[str, Array]:
        """The oracle's outputs for the first patients, name -> (p, q)."""
        rows = [solve(self.person(i), self.changes(i), self.time_h) for i in range(patients)]
        states = np.array([np.stack([row[name] for name in NAMES], axis=-1) for row in rows])
        return self.outputs(states)

    def outputs(self, states: Array) -> dict[str, Array]:
        """Plasma and chain from adaptive solver states (p, q, state) in the order of `NAMES`."""
        state = dict(zip(NAMES, np.moveaxis(states, -1, 0), strict=False))
        v = {name: values[: len(states), None] for name, values in self.ind.items()}
        arterial = state["s_central"] + state["r_central"]
        share = v["venous_slow_share"]
        people = [self.person(i).chain for i in range(len(states))]
        weight_k = np.array([[p.ketamine_weight] for p in people])
        weight_n = np.array([[p.norketamine_weight] for p in people])
        x = weight_k * arterial + weight_n * state["norketamine"]
        block = x / (1 + x)
        total = v["functional_weight"] * state["function"] + state["labile"] + state["consolidated"]
        values = (
            arterial,
            (1 - share) * arterial + share * state["arm"],
            state["norketamine"],
            state["hydroxynorketamine"],
            state["s_central"],
            state["r_central"],
            state["effect_site"],
            state["adaptation"],
            block,
            np.maximum(0, block * (1 - block / v["surge_zero"])) * v["surge_gate"],
            *(state[name] for name in ("signal", "function", "labile", "consolidated")),
            v["benefit_max"] * total / (v["benefit_half"] + total),
        )
        return dict(zip(PLASMA + CHAIN, values, strict=True))


def course(patients: int, infusion_count: int = 6, variability: float = 1.0) -> Course:
    """Draw the patients of the benchmark; patient i is the same for any number of patients."""
    from reprieve.model.disposition import load_model
    from reprieve.model.individuals import individuals
    from reprieve.model.parameters import default_parameters
    from reprieve.model.population import population

    drawn = population(patients, seed=1)
    pk, mechanism = load_model("reprieve_iv_default").parameters, default_parameters()
    ind = {
        **individuals(pk, drawn, variability=variability),
        **individuals(mechanism, drawn, variability=variability),
    }
    typical = {n: np.full(1, q.value) for held in (pk, mechanism) for n, q in held.quantities.items()}
    starts = tuple((SIX + tuple(14 + day for day in SIX))[:infusion_count])
    area_h = reference_area_h(typical)
    return Course(drawn, ind, variability, starts, output_times(starts), area_h)


def output_times(starts_d: tuple[int, ...]) -> Array:
    """64 times (h): every day, the end of infusions and hours after them, filled up in the first day."""
    daily = np.arange(1, DAYS + 1) * 24.0
    edges = [24.0 * day + offset for offset in (MINUTES / 60, 2.0, 6.0) for day in starts_d[:6]]
    early = [0.25, 1.0, 4.0, 8.0, 12.0, 16.0, 20.0, 30.0, 36.0, 42.0, 54.0, 60.0, 66.0, 78.0]
    times = np.unique(np.concatenate([daily, edges]))
    fill = [t for t in early if t not in times][: 64 - times.size]
    return np.sort(np.concatenate([times, fill]))


def errors(found: Mapping[str, Array], reference: Mapping[str, Array]) -> tuple[float, float]:
    """Largest |x - ref| / (|ref| + 1e-3) of concentrations, and of block, chain and benefit."""

    def worst(names: tuple[str, ...]) -> float:
        parts = [np.abs(found[n] - reference[n]) / (np.abs(reference[n]) + 1e-3) for n in names if n in found]
        return float(max(np.max(part) for part in parts))

    return worst(PLASMA), worst(CHAIN)
