"""The arms of a trial, simulated: what its instruments read by day, for the chain and for the empirical comparator.

Both forecasters have the same people with the same random numbers; the comparator's run follows its own drug benefit
in belief, scores and readings (`Links(benefit="empirical")`). Hand-set values are one world: trials of the published
size are drawn from one large population. With a posterior every drawn trial is a world of its own: its parameters, its
trial effects and its people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from reprieve.core.parameters import ParameterSet
from reprieve.core.results import digest
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.links import Links
from reprieve.model.population import population
from reprieve.model.simulate import simulate
from reprieve.model.symptoms import SCORES
from reprieve.trials.blind_values import CHAIN, COMPARATOR, FORECASTERS, Values
from reprieve.trials.draws import TRIALS_DRAWN, draws
from reprieve.trials.stacked import shared, stacked
from reprieve.trials.trial import PlannedArm, Trial

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]
type Report = Callable[[int], None]

LINKS = {CHAIN: Links(), COMPARATOR: Links(benefit="empirical")}
PEAK = "dissociation"  # highest CADSS of the first infusion, held beside the scores
AT_ONCE = 4000  # patients in one run: what is held beside the readings stays below about 0.2 GB


@dataclass(frozen=True)
class Arm:
    """Readings (patient, day) by forecaster and score on `days`, and the patients of each drawn trial.

    Under the score `dissociation` stands the highest CADSS of the first infusion, in the one column of day 0.
    """

    days: Index
    readings: Mapping[str, Mapping[str, Array]]
    drawn: Index
    inputs_digest: str

    def at(self, forecaster: str, score: str, size: int, day: int) -> Array:
        """Readings on one day in each drawn trial, (trial, patient)."""
        column = 0 if score == PEAK else int(np.searchsorted(self.days, day))
        return self.readings[forecaster][score][:, column][self.drawn[:, :size]]


def simulated(
    trial: Trial,
    sizes: Mapping[str, int],
    days: Sequence[int],
    values: Values,
    *,
    patients: int,
    seed: int,
    trials: int = TRIALS_DRAWN,
    progress: Report | None = None,
) -> dict[str, Arm]:
    """Simulate the arms; they hold different people. `sizes` is the largest trial drawn from each, `days` ascending.

    `patients` is the size of the one population per arm, from which `trials` are drawn; neither plays a part where
    every drawn trial has its own people.
    `progress` is told how many more patients are done.
    """
    found = {}
    sets = {who: values.sets(who) for who in FORECASTERS}
    own = values.trials
    for number, (name, plan) in enumerate(trial.arms.items()):
        size = sizes.get(name, 1)
        count = own * size if own else patients
        drawn = (
            np.arange(count, dtype=np.int64).reshape(own, size) if own else _drawn(count, size, seed, number, trials)
        )
        grid = np.array(days, dtype=np.int64)
        runs = {
            who: _readings(trial, plan, grid, sets[who], LINKS[who], number * count, count, seed, progress)
            for who in FORECASTERS
        }
        marks = [marks for _, marks in runs.values()]
        found[name] = Arm(grid, {who: held for who, (held, _) in runs.items()}, drawn, digest(marks))
    return found


def patients_in_all(trial: Trial, sizes: Mapping[str, int], values: Values, patients: int) -> int:
    """How many virtual patients `simulated` runs, both forecasters together."""
    own = values.trials
    counts = (own * sizes.get(name, 1) if own else patients for name in trial.arms)
    return len(FORECASTERS) * sum(counts)


def _drawn(patients: int, size: int, seed: int, arm: int, trials: int) -> Index:
    return draws(patients, size, seed, "abcdefgh"[arm], trials)


def _readings(
    trial: Trial,
    plan: PlannedArm,
    days: Index,
    sets: Sequence[ParameterSet],
    links: Links,
    start: int,
    count: int,
    seed: int,
    progress: Report | None,
) -> tuple[dict[str, Array], list[str]]:
    """Readings of `count` patients (patient, day) by score, and the digests of the runs."""
    held = {name: np.empty((count, len(days))) for name in SCORES} | {PEAK: np.zeros((count, 1))}
    time_h = np.asarray(days * HOURS_PER_DAY, dtype=np.float64)
    marks = []
    for who, owner, these in portions(sets, count):
        people = population(who.stop - who.start, seed, start=start + who.start, profile=trial.profile)
        parameters, people = stacked(these, owner, people) if len(sets) > 1 else (these[0], people)
        run = simulate(plan.regimen, people, time_h=time_h, parameters=parameters, links=links)
        for name in SCORES:
            held[name][who] = run.values[f"{name}_observed"]
        peaks = run.felt["dissociation_peak"]
        held[PEAK][who] = peaks[:, :1] if peaks.shape[1] else 0
        marks.append(digest([run.inputs_digest, [these[0].version, these[-1].version]]))
        if progress is not None:
            progress(who.stop - who.start)
    return held, marks


def portions(sets: Sequence[ParameterSet], count: int) -> Iterator[tuple[slice, Index, Sequence[ParameterSet]]]:
    """Cut `count` patients, the same number for each set, into runs: patients, the set of each, the sets.

    A run holds sets that may share one, and about `AT_ONCE` patients. A single set is cut by patients alone.
    """
    if len(sets) == 1:
        for first in range(0, count, AT_ONCE):
            who = slice(first, min(first + AT_ONCE, count))
            yield who, np.zeros(who.stop - who.start, dtype=np.int64), sets
        return
    size = count // len(sets)
    first = 0
    for _, alike in groupby(sets, key=shared):
        many = list(alike)
        for part in range(0, len(many), most := max(1, AT_ONCE // size)):
            these = many[part : part + most]
            owner = np.repeat(np.arange(len(these), dtype=np.int64), size)
            yield slice(first, first + len(owner)), owner, these
            first += len(owner)
