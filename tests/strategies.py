"""Shared Hypothesis strategies of whole simulations: infusion courses as clinics give them, patients, output times.

Regimens of every substance, route and basis for the regimen language are in `tests/model/regimen_strategies.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from reprieve.model.population import PROFILES, Population, population
from reprieve.model.regimen import Dose, Phase, Regimen, Substance

type Array = NDArray[np.float64]

HOURS_PER_DAY = 24
MINUTES_PER_HOUR = 60
MOST_DOSES = 3
MOST_PATIENTS = 4
COMPARATORS = (Substance.SALINE, Substance.MIDAZOLAM, Substance.OTHER_ACTIVE)

seeds = st.integers(0, 10_000)
doses_mg_per_kg = st.floats(0.05, 1.0)
minutes_long = st.integers(8, 100)  # pushes are another matter: docs/validation.md
USUAL_MINUTES = 20


def infusion(mg_per_kg: float, minutes: float = 40, start_h: float = 0) -> Dose:
    """One infusion at a constant rate."""
    return Dose(start_h, (Phase(minutes / MINUTES_PER_HOUR, mg_per_kg),), "mg/kg")


def course(mg_per_kg: float = 0.5, days: tuple[float, ...] = (0,), minutes: float = 40) -> Regimen:
    """Equal infusions of the racemate on some days."""
    return Regimen(tuple(infusion(mg_per_kg, minutes, HOURS_PER_DAY * day) for day in days))


@st.composite
def infusions(draw: st.DrawFn, start_h: float = 0) -> Dose:
    """An infusion that went to plan, or was paused, stopped or given at another rate."""
    dose = infusion(draw(doses_mg_per_kg), draw(minutes_long), start_h)
    at_h = draw(st.floats(0.1, 0.9)) * dose.duration_h
    match draw(st.sampled_from(["plain", "plain", "paused", "stopped", "changed"])):
        case "paused":
            return dose.paused(at_h, draw(st.floats(0.02, 1)))
        case "stopped":
            return dose.stopped(at_h)
        case "changed":
            return dose.rate_changed(at_h, draw(st.floats(0.5, 2)))
    return dose


@st.composite
def courses(draw: st.DrawFn, most: int = MOST_DOSES, usual: bool = False) -> Regimen:
    """One to `most` infusions of the racemate, half a day to a week apart, the first within a day.

    `usual` ones went to plan, over 20 min or more.
    """

    def one(start_h: float) -> Dose:
        if not usual:
            return draw(infusions(start_h))
        return infusion(draw(doses_mg_per_kg), max(draw(minutes_long), USUAL_MINUTES), start_h)

    made = [one(draw(st.sampled_from([0.0, 1.5, 24.0])))]
    for _ in range(draw(st.integers(0, most - 1))):
        gap_h = draw(st.one_of(st.integers(1, 7).map(lambda days: 24.0 * days), st.floats(12, 170)))
        made.append(one(made[-1].start_h + gap_h))
    return Regimen(tuple(made))


@st.composite
def comparators(draw: st.DrawFn) -> Regimen:
    """A course of saline, midazolam or another active substance."""
    substance = draw(st.sampled_from(COMPARATORS))
    mg_per_kg = 0.045 if substance is Substance.MIDAZOLAM else 0.0
    starts = [24.0 * day for day in range(draw(st.integers(1, MOST_DOSES)))]
    return Regimen(tuple(infusion(mg_per_kg, 40, start) for start in starts), substance)


@st.composite
def populations(draw: st.DrawFn, least: int = 1, most: int = MOST_PATIENTS) -> Population:
    """A few patients of any seed, profile and first id."""
    return population(
        draw(st.integers(least, most)),
        draw(seeds),
        start=draw(st.sampled_from([0, 1, 1000])),
        profile=draw(st.sampled_from(PROFILES)),
    )


@dataclass(frozen=True)
class Case:
    """Patients under a course, and how far apart they are."""

    regimen: Regimen
    patients: Population
    variability: float


@st.composite
def cases(draw: st.DrawFn, usual: bool = False) -> Case:
    """Any course in any patients at up to twice the model's own variability; `usual` ones at its own at most."""
    variability = draw(st.sampled_from([0.0, 0.5, 1.0, *([] if usual else [2.0])]))
    return Case(draw(courses(usual=usual)), draw(populations()), variability)


def around(regimen: Regimen, until_d: int = 14) -> Array:
    """Output times around every dose (middle, end, hours and a day later) and every other day until then."""
    near = [
        dose.start_h + x
        for dose in regimen.doses
        for x in (dose.duration_h / 2, dose.duration_h, dose.duration_h + 1, 8.0, 24.0)
    ]
    return np.unique([*near, *(24.0 * np.arange(0, until_d + 1, 2))])


def scaled(regimen: Regimen, factor: float) -> Regimen:
    """The same course with every amount multiplied."""

    def more(dose: Dose) -> Dose:
        phases = tuple(Phase(phase.duration_h, phase.amount * factor) for phase in dose.phases)
        return replace(dose, phases=phases, withheld=0.0)

    return replace(regimen, doses=tuple(map(more, regimen.doses)))


def shifted(regimen: Regimen, by_h: float) -> Regimen:
    """The same course, later."""
    return replace(regimen, doses=tuple(replace(dose, start_h=dose.start_h + by_h) for dose in regimen.doses))
