"""Plasma and chain of a population: disposition, block weights and the engine put together.

Patients whose rates meet are solved with the limit of their modes (disposition/separation.py), all others directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprieve.model import drive
from reprieve.model.disposition import Modes, limit
from reprieve.model.engine import door
from reprieve.model.engine.grid import Array, Index
from reprieve.model.engine.problem import Answer, Flags
from reprieve.model.individuals import individuals
from reprieve.model.population import Population
from reprieve.model.setting import Setting

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


@dataclass(frozen=True, slots=True)
class Cohort:
    """Patients with individual parameters, disposition `own` and mechanism `ind`, name -> (n,), and what they got."""

    patients: Population
    own: Mapping[str, Array]
    ind: Mapping[str, Array]
    given: Array | None = None

    def take(self, who: Index) -> Cohort:
        """Some of the patients."""

        def cut(table: Mapping[str, Array]) -> dict[str, Array]:
            return {name: values[who] for name, values in table.items()}

        given = None if self.given is None else self.given[who]
        return Cohort(self.patients.take(who), cut(self.own), cut(self.ind), given)


def population(
    setting: Setting, patients: Population, ind: Mapping[str, Array], plasma_h: Array, chain_h: Array
) -> Solved:
    """Solve every patient, with mechanism parameters `ind`; both times are sorted."""
    own = individuals(setting.model.parameters, patients, setting.variability)
    everybody = Cohort(patients, own, ind, setting.given)
    direct = modes_of(setting, everybody, 0)
    meeting = direct.meeting
    answer, error = _ask(setting, everybody, direct, (plasma_h, chain_h), meeting)
    if meeting.any():
        who = np.flatnonzero(meeting).astype(np.int64)
        exact = limit(lambda index, apart: modes_of(setting, everybody.take(index), apart), who)
        part, worst = _ask(setting, everybody.take(who), exact, (plasma_h, chain_h), None)
        answer.put(who, part)
        error = max(error, worst)
    plasma, chain = answer.named()
    return Solved(plasma_h, plasma, chain_h, chain, error)


def modes_of(setting: Setting, cohort: Cohort, separation: Array | float) -> Modes:
    """Modes of every patient, with the effect site and the adaptation behind it as outputs."""
    modes = setting.model.modes(
        cohort.own, cohort.patients, setting.regimen.substance, setting.options, separation
    )
    for source, name in (("driver", "effect_site"), ("effect_site", "adaptation")):
        modes = modes.filtered(source, cohort.ind[f"{name}_rate_per_h"], name)
    return modes


def _ask(
    setting: Setting, cohort: Cohort, modes: Modes, times_h: tuple[Array, Array], skip: Flags | None
) -> tuple[Answer, float]:
    schedule = setting.model.schedule(setting.regimen, cohort.own, cohort.patients, setting.options, cohort.given)
    outputs = tuple(name for name in modes.outputs if name != "driver")
    shared = drive.filters(setting.parameters)
    asked = drive.request(modes, schedule, cohort.ind, shared, setting.links, outputs, *times_h)
    return door.solve(asked, setting.executor, skip)
