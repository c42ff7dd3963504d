"""The pictures that belong to one simulated regimen: of the population, and of one typical patient.

Pictures need more output times than a summary does, so the regimen is simulated again at those times, for at most
`MOST_PATIENTS` of the same patients, with the model's own parameters and all links on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reprieve.core.units import HOURS_PER_DAY
from reprieve.figures import course, times
from reprieve.figures.figure import Figure
from reprieve.model.population import population
from reprieve.model.simulate import simulate

if TYPE_CHECKING:
    from reprieve.model.population import Population
    from reprieve.model.regimen import Regimen
    from reprieve.model.simulation import Simulation

MOST_PATIENTS = 1000
HOURS_OF_EXPOSURE = 24.0
DAYS_AFTER_THE_LAST_DOSE = 31


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures of a population and of one typical patient, with the patient's simulation."""

    everyone: tuple[Figure, ...]
    one: tuple[Figure, ...]
    patient: Simulation

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All of them."""
        return (*self.everyone, *self.one)


def gallery(run: Simulation) -> Gallery:
    """Draw the regimen of `run` in its patients, and in one typical patient who starts at their median score.

    The patient is followed for a month after the last dose, or as long as the others if that is shorter.
    """
    days = float(run.time_d[-1])
    near = min(days, run.regimen.last_start_h / HOURS_PER_DAY + DAYS_AFTER_THE_LAST_DOSE)
    people = run.patients.take(slice(0, MOST_PATIENTS))
    start = float(np.median(run.baseline["caps5"]))
    typical = population(1, run.patients.seed, profile="typical", baseline_caps5=start)
    patient = simulated("course", run.regimen, typical, near, run.model)
    everyone = tuple(draw(kind, run.regimen, people, days, run.model) for kind in ("scores", "acute", "exposure"))
    return Gallery(everyone, (course.course(patient), course.chain(patient)), patient)


def draw(kind: str, regimen: Regimen, people: Population, days: float, model: str, log: bool = False) -> Figure:
    """Simulate and draw one picture: course, chain, scores, acute or exposure."""
    run = simulated(kind, regimen, people, days, model)
    if kind == "exposure":
        return course.exposure(run, HOURS_OF_EXPOSURE, log)
    return DRAWN[kind](run)


def simulated(kind: str, regimen: Regimen, people: Population, days: float, model: str) -> Simulation:
    """Simulate at the times that a picture needs."""
    time_h = times.exposure_h(regimen, HOURS_OF_EXPOSURE) if kind == "exposure" else times.course_h(regimen, days)
    return simulate(regimen, people, time_h=time_h, model=model)


DRAWN: Mapping[str, course.Draw] = {
    "course": course.course,
    "chain": course.chain,
    "scores": course.scores,
    "acute": course.acute,
}
KINDS = (*DRAWN, "exposure")
