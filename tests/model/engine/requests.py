"""Requests to the engine as `simulate` makes them, with the engine's parameters open to a test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reprieve.model import drive
from reprieve.model.disposition import Options, load_model
from reprieve.model.engine import numpy_executor
from reprieve.model.engine.operators import Filters
from reprieve.model.engine.plan import Times, plan
from reprieve.model.engine.problem import Answer, Request
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.parameters import default_parameters
from reprieve.model.population import Population, population
from reprieve.model.regimen import Regimen
from reprieve.model.setting import Setting
from reprieve.model.solve import Cohort, modes_of
from tests.strategies import course

type Array = NDArray[np.float64]

SIX = course(0.5, (0, 2, 4, 7, 9, 11))
TIMES_H = np.unique(np.concatenate([np.linspace(0, 26, 53), 24.0 * np.arange(0, 43, 2)]))


def request(
    regimen: Regimen = SIX,
    patients: Population | None = None,
    variability: float = 1,
    time_h: Array = TIMES_H,
    model: str = "reprieve_iv_default",
    filters: Filters | None = None,
    **changed: float | Array,
) -> Request:
    """The engine's request of a population; `changed` sets mechanism parameters of every patient."""
    people = patients or population(5, seed=7)
    parameters = default_parameters()
    setting = Setting(
        regimen,
        load_model(model),
        parameters,
        Links(),
        Options(),
        time_h,
        np.zeros(1),
        False,
        variability,
        None,
        "numpy",
    )
    ind = individuals(parameters, people, variability)
    ind |= {name: np.full(len(people), value) for name, value in changed.items()}
    cohort = Cohort(people, individuals(setting.model.parameters, people, variability), ind)
    modes = modes_of(setting, cohort, 0)
    schedule = setting.model.schedule(regimen, cohort.own, people, setting.options)
    outputs = tuple(name for name in modes.outputs if name != "driver")
    shared = filters or drive.filters(parameters)
    return drive.request(modes, schedule, ind, shared, setting.links, outputs, time_h, time_h)


def faster(asked: Request, factor: Array) -> Request:
    """The same request with every rate of every mode multiplied, patient by patient: processes run faster.

    The steady parts stay, so the same plateaus are reached sooner.
    """
    return replace(asked, modes=replace(asked.modes, rate_per_h=asked.modes.rate_per_h * factor))


def on_fine_grid(asked: Request, fineness: tuple[int, int] = (4, 3), nodes: int = 10, edges_h: Times = ()) -> Answer:
    """The answer on elements a sixteenth to an eighth as long with ten nodes: what the truth is measured by."""
    answer = Answer.empty(asked)
    numpy_executor.run(asked, plan(asked, fineness, nodes, edges_h), answer)
    return answer
