"""Feder 2021 again: the same regimens in virtual patients, published figures beside predicted ones.

Predictions are given twice: the expectation (many patients) and the 95 % interval of a trial of the published size,
since a trial of 15 and 15 scatters widely around its own truth. Parameters are assumed until they are calibrated.
This is a comparison and not a blind prediction: the largest benefit was chosen between what reproduces this trial
and what fits the null of Abdallah 2022, and the non-drug response with this trial's midazolam responders in view.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.intervals import OVER_TRIALS, PERCENTILES
from reprieve.core.parameters import ParameterSet, load_parameters
from reprieve.core.random import uniform
from reprieve.core.results import Result, digest, versions
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation

type Array = NDArray[np.float64]

TRIALS_DRAWN = 2000
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
    return load_parameters(files("reprieve.trials") / "data" / "feder2021.toml")


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
    drawn = [_draws(len(arm.patients), size, seed, name) for arm, name in ((ketamine, "a"), (midazolam, "b"))]
    scores = [arm.values["caps5_observed"][:, day] for arm in (ketamine, midazolam)]
    rest = [arm.values["caps5_empirical"][:, day] for arm in (ketamine, midazolam)]
    everyone = [_responded(arm, held) for arm in (ketamine, midazolam)]
    responded = [arm[:, day] for arm in everyone]
    lost = _days_to_loss(everyone[0], day, ketamine.time_d - held["primary_day"], held["visit_days"])
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
        _row(held, "median_days_to_loss", _median(lost), np.array([_median(lost[who]) for who in drawn[0]])),
    )


def _row(
    held: ParameterSet, name: str, expected: float, trials: Array, empirical: float | None = None
) -> Comparison:
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


def _draws(patients: int, size: int, seed: int, arm: str) -> NDArray[np.int64]:
    """Indices (trials, size) of the patients in trials of the published size, with replacement."""
    trial = np.arange(TRIALS_DRAWN, dtype=np.int64)
    return np.floor(uniform(seed, f"replay:trial:{arm}", trial, size) * patients).astype(np.int64)


def _responded(arm: Simulation, held: ParameterSet) -> Array:
    """Response by visit against the observed score at day 0, as a trial would have it: (patient, time)."""
    score = arm.values["caps5_observed"]
    return np.asarray(score <= (1 - held["response_share"]) * score[:, :1], dtype=np.float64)


def _days_to_loss(responded: Array, day: int, after_d: Array, visit_days: float) -> Array:
    """Days from week 2 to the first visit without response; inf if never, nan for those who had not responded.

    `responded` (patient, time) by `_responded`, `day` the column of week 2, `after_d` (time,) days after it.
    """
    visit = (after_d > 0) & (after_d % visit_days == 0)
    lost = responded[:, visit] == 0
    days = np.where(lost.any(axis=1), after_d[visit][lost.argmax(axis=1)], np.inf)
    return np.asarray(np.where(responded[:, day] == 1, days, np.nan))


def _median(days: Array) -> float:
    """Median over responders; half way between the middle two, inf if most never lost it, nan without responders."""
    kept = np.sort(days[~np.isnan(days)])
    if not kept.size:
        return float("nan")
    low, high = kept[(kept.size - 1) // 2], kept[kept.size // 2]
    return float(low if low == high else (low + high) / 2)
