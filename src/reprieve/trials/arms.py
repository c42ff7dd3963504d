"""The arms of a trial, simulated: what its instruments read by day, for the chain and for the empirical comparator.

The comparator's reading shares the patient, the non-drug response, the fluctuation and the error with the chain's:

    reading_e = reading - mean of the chain's score over the recall window + mean of the comparator's over it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reprieve.core.instruments import instrument
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.observation import recall_days, recalled
from reprieve.model.population import population
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation
from reprieve.model.symptoms import SCORES
from reprieve.trials.draws import draws
from reprieve.trials.trial import Trial

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]

CHAIN, COMPARATOR = "chain", "comparator"


@dataclass(frozen=True)
class Arm:
    """Readings (patient, day) by score, day 0 first, of both forecasters, and the patients of each drawn trial."""

    readings: Mapping[str, Mapping[str, Array]]
    drawn: Index
    inputs_digest: str

    def at(self, forecaster: str, score: str, size: int, day: int) -> Array:
        """Readings on one day in each drawn trial, (trial, patient)."""
        return self.readings[forecaster][score][:, day][self.drawn[:, :size]]


def simulated(trial: Trial, sizes: Mapping[str, int], patients: int, seed: int) -> dict[str, Arm]:
    """Simulate the arms; they hold different people. `sizes` is the largest trial drawn from each."""
    days = np.arange(trial.last_day + 1)
    arms = {}
    for number, (name, plan) in enumerate(trial.arms.items()):
        people = population(patients, seed, start=number * patients, profile=trial.profile)
        run = simulate(plan.regimen, people, time_h=np.asarray(days * HOURS_PER_DAY, dtype=np.float64))
        drawn = draws(patients, sizes.get(name, 1), seed, "abcdefgh"[number])
        arms[name] = Arm({CHAIN: _chain(run), COMPARATOR: _comparator(run, days)}, drawn, run.inputs_digest)
    return arms


def _chain(run: Simulation) -> dict[str, Array]:
    return {score: run.values[f"{score}_observed"] for score in SCORES}


def _comparator(run: Simulation, days: Index) -> dict[str, Array]:
    left = run.values["caps5_empirical"] / run.baseline["caps5"][:, None]
    found = {}
    for score, name in SCORES.items():
        back = np.maximum(days[:, None] - np.arange(recall_days(name)), 0)
        shift = recalled(left * run.baseline[score][:, None] - run.values[score], back)
        scale = instrument(name)
        found[score] = np.clip(run.values[f"{score}_observed"] + shift, scale.minimum, scale.maximum)
    return found
