"""Feder 2021 again: the same regimens in virtual patients, published figures beside predicted ones.

Predictions are given twice: the expectation (many patients) and the 95 % interval of a trial of the published size,
since a trial of 15 and 15 scatters widely around its own truth. Parameters are assumed until they are calibrated.
This is a comparison and not a blind prediction: the largest benefit was chosen between what reproduces this trial
and what fits the null of Abdallah 2022, and the non-drug response with this trial's midazolam responders in view.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.intervals import OVER_TRIALS, PERCENTILES
from reprieve.core.parameters import ParameterSet, read_parameters
from reprieve.core.results import Result, digest, versions
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation
from reprieve.trials import response
from reprieve.trials.draws import draws
from reprieve.trials.published import document, file_of

type Array = NDArray[np.float64]

EXPECTED = "expectation over all virtual patients"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One published figure and its prediction by the mechanistic chain and by the empirical comparator.

    `low` and `high` are the printed interval or None; `predicted_low` and `predicted_high` bound 95 % of trials of
    the published size. `empirical` is the comparator's expectation, None where it does not apply.
    """

    what: str
    unit: str
    published: float
    low: float | None
    high: float | None
    predicted: float
    predicted_low: float
    predicted_high: float
    empirical: float | None
    source: str
    seen: str
    note: str

    @property
    def inside(self) -> bool:
        """Whether the published figure lies in the interval predicted for a trial of its size."""
        return self.predicted_low <= self.published <= self.predicted_high


@dataclass(frozen=True, kw_only=True)
class Replay(Result):
    """A published trial beside its simulation."""

    trial: str
    about: dict[str, str]
    rows: tuple[Comparison, ...]
    ketamine: Simulation
    midazolam: Simulation

    def to_json(self) -> dict[str, Any]:
        """Rows and provenance as plain data."""
        return {
            "trial": self.trial,
            "about": self.about,
            "predicted": EXPECTED,
            "interval": OVER_TRIALS,
            "rows": [asdict(row) | {"inside": row.inside} for row in self.rows],
            "patients_per_arm": len(self.ketamine.patients),
            "warnings": list(self.warnings),
            "versions": dict(self.versions),
            "inputs_digest": self.inputs_digest,
        }


@cache
def published() -> ParameterSet:
    """What the trial published, with sources."""
    where = file_of("feder2021").name
    table = {key: part for key, part in document("feder2021").items() if key != "replay"}
    return read_parameters(table, where)


def feder2021(patients: int = 2000, seed: int = 1) -> Replay:
    """Replay Feder 2021 with `patients` virtual patients per arm; the arms hold different people.

    Raises `InputError` if there are fewer patients than the trial had.
    """
    held = published()
    size = int(held["patients_per_arm"])
    if patients < size:
        raise InputError("patients", patients, f"must be at least the {size} per arm of the trial")
    visits = np.arange(0, held["primary_day"] + held["follow_up_days"] + 1, held["visit_days"])
    daily = np.arange(0, 3 * held["primary_day"] + 1)
    times = np.unique([*visits, *daily]) * HOURS_PER_DAY
    arms = [
        simulate(
            Regimen.parse(held.about[arm]),
            population(patients, seed, start=start, profile="civilian"),
            time_h=times,
        )
        for arm, start in (("ketamine", 0), ("midazolam", patients))
    ]
    rows = _rows(held, arms[0], arms[1], size, seed)
    return Replay(
        versions=versions(),
        inputs_digest=digest([arm.inputs_digest for arm in arms]),
        warnings=arms[0].warnings,
        trial="Feder 2021",
        about=dict(held.about),
        rows=rows,
        ketamine=arms[0],
        midazolam=arms[1],
    )


def _rows(
    held: ParameterSet, ketamine: Simulation, midazolam: Simulation, size: int, seed: int
) -> tuple[Comparison, ...]:
    day = int(np.searchsorted(ketamine.time_d, held["primary_day"]))
    drawn = [draws(len(arm.patients), size, seed, name) for arm, name in ((ketamine, "a"), (midazolam, "b"))]
    scores = [arm.values["caps5_observed"][:, day] for arm in (ketamine, midazolam)]
    rest = [arm.values["caps5_empirical"][:, day] for arm in (ketamine, midazolam)]
    everyone = [
        response.responded(arm.values["caps5_observed"], held["response_share"]) for arm in (ketamine, midazolam)
    ]
    responded = [arm[:, day] for arm in everyone]
    lost = response.days_to_loss(everyone[0], day, ketamine.time_d - held["primary_day"], held["visit_days"])
    gap = scores[0][drawn[0]].mean(axis=1) - scores[1][drawn[1]].mean(axis=1)
    return (
        _row(
            held,
            "caps5_difference",
            scores[0].mean() - scores[1].mean(),
            gap,
            rest[0].mean() - rest[1].mean(),
        ),
        _row(held, "response_ketamine", responded[0].mean(), responded[0][drawn[0]].mean(axis=1)),
        _row(held, "response_midazolam", responded[1].mean(), responded[1][drawn[1]].mean(axis=1)),
        _row(
            held,
            "median_days_to_loss",
            response.median(lost),
            np.array([response.median(lost[who]) for who in drawn[0]]),
        ),
    )


def _row(held: ParameterSet, name: str, expected: float, trials: Array, empirical: float | None = None) -> Comparison:
    quantity = held.quantity(name)
    finite = np.where(np.isnan(trials), np.inf, trials)
    low, _, high = np.percentile(finite, PERCENTILES, method="nearest")
    return Comparison(
        quantity.label,
        quantity.unit,
        quantity.value,
        quantity.low,
        quantity.high,
        float(expected),
        float(low),
        float(high),
        None if empirical is None else float(empirical),
        quantity.source,
        str(quantity.seen),
        quantity.note,
    )
