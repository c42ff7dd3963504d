"""What the engine under test says, in the oracle's names; the package is imported only when a test runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.oracle.people import person, reference_area_h
from tests.oracle.solver import Change, solve

if TYPE_CHECKING:
    from reprieve.core.parameters import ParameterSet
    from reprieve.model.links import Links
    from reprieve.model.population import Population
    from reprieve.model.regimen import Regimen

Array = NDArray[np.float64]

PLASMA = (
    "ketamine_arterial",
    "ketamine_venous",
    "norketamine",
    "hydroxynorketamine",
    "effect_site",
    "adaptation",
)
STATES = ("block", "surge", "signal", "function", "labile", "consolidated", "benefit")


@dataclass(frozen=True)
class People:
    """Patients with their individual parameters and J, and the population parameters they were drawn from."""

    patients: Population
    ind: Mapping[str, Array]
    parameters: ParameterSet
    disposition: ParameterSet
    variability: float
    area_h: float

    def replaced(self, **values: float) -> People:
        """The same patients, some parameters of the mechanism set to one value for all; J stays."""
        n = len(self.patients)
        ind = {**self.ind, **{name: np.full(n, value) for name, value in values.items()}}
        return replace(self, ind=ind)


@cache
def people(n: int, *, profile: str = "civilian", seed: int = 1, variability: float = 1.0, **changed: float) -> People:
    """Draw patients; `changed` replaces population values, and with them J where they are the mechanism's."""
    from reprieve.model.disposition import load_model
    from reprieve.model.individuals import individuals
    from reprieve.model.parameters import default_parameters
    from reprieve.model.population import population

    patients = population(n, seed=seed, profile=profile)
    shipped = load_model("reprieve_iv_default").parameters, default_parameters()
    pk, chain = (held.replace(**{k: v for k, v in changed.items() if k in held.names}) for held in shipped)
    ind = {
        **individuals(pk, patients, variability=variability),
        **individuals(chain, patients, variability=variability),
    }
    # J belongs to the shipped disposition of the typical adult, whatever is simulated.
    typical = {name: np.full(1, q.value) for held in (shipped[0], chain) for name, q in held.quantities.items()}
    return People(patients, ind, chain, pk, variability, reference_area_h(typical))


def engine(
    regimen: Regimen, who: People, time_h: Array, executor: str = "numpy", links: Links | None = None
) -> dict[str, Array]:
    """Plasma and chain of every patient by the engine, name -> (patient, time)."""
    from reprieve.model import solve as engine_solve
    from reprieve.model.disposition import Options, load_model
    from reprieve.model.links import Links
    from reprieve.model.setting import Setting

    setting = Setting(
        regimen=regimen,
        model=replace(load_model("reprieve_iv_default"), parameters=who.disposition),
        parameters=who.parameters,
        links=links or Links(),
        options=Options(),
        time_h=time_h,
        minute=np.empty(0),
        observed=False,
        variability=who.variability,
        site=None,
        executor=executor,
    )
    solved = engine_solve.population(setting, who.patients, who.ind, time_h, time_h)
    plasma = (solved.plasma[name] for name in (*PLASMA, "block", "surge"))
    chain = [solved.chain[name] for name in ("signal", "functional", "labile", "consolidated")]
    values = (*plasma, *chain, benefit(who, *chain[1:]))
    return dict(zip(PLASMA + STATES, values, strict=True))


def oracle(changes_of: Mapping[int, list[Change]], who: People, time_h: Array) -> dict[str, Array]:
    """The same by the oracle; `changes_of` holds the rate changes of every patient in mg/h."""
    rows = [_one(who, i, changes, time_h) for i, changes in changes_of.items()]
    return {name: np.stack([row[name] for row in rows]) for name in PLASMA + STATES}


def _one(who: People, i: int, changes: list[Change], time_h: Array) -> dict[str, Array]:
    subject = person(who.ind, who.patients.weight_kg, who.area_h, i)
    state = solve(subject, changes, time_h)
    chain = subject.chain
    arterial = state["s_central"] + state["r_central"]
    x = chain.ketamine_weight * arterial + chain.norketamine_weight * state["norketamine"]
    block = x / (1 + x)
    released = np.maximum(0, block * (1 - block / chain.surge_zero)) * chain.surge_gate
    share = subject.pk.arm_share
    row = slice(i, i + 1)
    alone = replace(who, patients=who.patients.take(row), ind={n: v[row] for n, v in who.ind.items()})
    pools = [state[name] for name in ("function", "labile", "consolidated")]
    values = (
        arterial,
        (1 - share) * arterial + share * state["arm"],
        state["norketamine"],
        state["hydroxynorketamine"],
        state["effect_site"],
        state["adaptation"],
        block,
        released,
        state["signal"],
        *pools,
        benefit(alone, *(pool[None] for pool in pools))[0],
    )
    return dict(zip(PLASMA + STATES, values, strict=True))


def benefit(who: People, function: Array, labile: Array, consolidated: Array) -> Array:
    """D = Emax A / (A50 + A) with A = wF F + S + C, (patient, time)."""
    v = {name: who.ind[name][:, None] for name in ("functional_weight", "benefit_half", "benefit_max")}
    total = v["functional_weight"] * function + labile + consolidated
    return np.asarray(v["benefit_max"] * total / (v["benefit_half"] + total))
