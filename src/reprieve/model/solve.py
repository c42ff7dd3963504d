"""Plasma and chain of a population: disposition, block weights and the engine put together.

Patients whose rates meet are solved with the limit of their modes (disposition/separation.py), all others directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprieve.model import drive
from reprieve.model.disposition import DispositionModel, Modes, Options, limit
from reprieve.model.engine import door
from reprieve.model.engine.grid import Array, Index
from reprieve.model.engine.operators import Filters
from reprieve.model.engine.problem import Flags
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.population import Population
from reprieve.model.regimen import Regimen

EFFECT = ("effect_site", "adaptation")
UNIT = "_ng_per_ml"
BLOCK = ("block", "surge")


@dataclass(frozen=True, slots=True)
class Solved:
    """Plasma outputs, block and surge by name (n, p) at `plasma_h`; chain states by name (n, q) at `chain_h`."""

    plasma_h: Array
    plasma: Mapping[str, Array]
    chain_h: Array
    chain: Mapping[str, Array]
    error: float

    def at(self, time_h: Array) -> dict[str, Array]:
        """Everything at some of the times that both grids hold: concentrations carry their unit in the name."""
        plasma, chain = _picked(self.plasma, self.plasma_h, time_h), _picked(self.chain, self.chain_h, time_h)
        return {name if name in BLOCK else name + UNIT: values for name, values in plasma.items()} | chain


def _picked(table: Mapping[str, Array], held_h: Array, time_h: Array) -> dict[str, Array]:
    if np.array_equal(held_h, time_h):
        return dict(table)
    index = np.searchsorted(held_h, time_h)
    return {name: values[:, index] for name, values in table.items()}


def population(
    model: DispositionModel,
    regimen: Regimen,
    patients: Population,
    ind: Mapping[str, Array],
    filters: Filters,
    links: Links,
    options: Options,
    variability: float,
    *,
    plasma_h: Array,
    chain_h: Array,
    executor: str,
) -> Solved:
    """Solve every patient; both times are sorted. Arguments as in `simulate`."""
    own = individuals(model.parameters, patients, variability)
    schedule = model.schedule(regimen, own, patients, options)

    def modes(who: Index | None, separation: Array | float) -> Modes:
        people = patients if who is None else patients.take(who)
        mine = own if who is None else {name: values[who] for name, values in own.items()}
        rates = {
            name: ind[f"{name}_rate_per_h"] if who is None else ind[f"{name}_rate_per_h"][who]
            for name in EFFECT
        }
        built = model.modes(mine, people, regimen.substance, options, separation)
        return built.filtered("driver", rates[EFFECT[0]], EFFECT[0]).filtered(
            EFFECT[0], rates[EFFECT[1]], EFFECT[1]
        )

    def ask(built: Modes, who: Index | None, skip: Flags | None) -> tuple[door.Answer, float]:
        mine = ind if who is None else {name: values[who] for name, values in ind.items()}
        events = schedule if who is None else schedule.take(who)
        outputs = tuple(name for name in built.outputs if name != "driver")
        asked = drive.request(built, events, mine, filters, links, outputs, plasma_h, chain_h)
        return door.solve(asked, executor, skip)

    direct = modes(None, 0)
    meeting = direct.meeting
    answer, error = ask(direct, None, meeting)
    if meeting.any():
        who = np.flatnonzero(meeting).astype(np.int64)
        part, worst = ask(limit(modes, who), who, None)
        answer.put(who, part)
        error = max(error, worst)
    plasma, chain = answer.named()
    return Solved(plasma_h, plasma, chain_h, chain, error)
