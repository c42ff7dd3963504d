"""Every patient of a replicate under every arm: what the estimand asks about, and what a trial would hold.

All patients are simulated under all arms with the same random numbers. The trial holds each under the own arm only;
the other courses are the truth's, and cost little since numbers are drawn once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.instruments import instrument
from reprieve.core.random import uniform
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.symptoms import SCORES
from reprieve.trials.protocol.joined import STEERED
from reprieve.trials.simulation.events import FOLLOWED, LEAVE, Counted, Happened, counted, happened, leaving_day
from reprieve.trials.simulation.treated import treated
from reprieve.trials.simulation.two_periods import two_periods

if TYPE_CHECKING:
    from reprieve.core.parameters import ParameterSet
    from reprieve.trials.design.form import DesignForm, Estimand
    from reprieve.trials.simulation.baseline import Remembered
    from reprieve.trials.simulation.plan import Arm, Plan

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Index = NDArray[np.int64]
type Parameters = Callable[[bool], ParameterSet]


@dataclass(frozen=True, slots=True)
class Case:
    """What is simulated: a design, its plan in a world, the estimand, the engine's executor.

    `followed` is the share of those who stop treatment before their last infusion who stay for the visits.
    """

    design: DesignForm
    plan: Plan
    estimand: Estimand
    executor: str = "numba"
    followed: float = 0.0

    @property
    def top(self) -> float:
        """The highest score of the instrument that is read."""
        return float(instrument(SCORES[self.design.visits.score]).maximum)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One arm for all patients: scores under the estimand, and what happened to whom.

    `infusions` says what session rules made of the infusions, share of the dose and actions as 0 or 1, (n, infusions)
    by name; empty without rules.
    """

    counted: Counted
    what: Happened
    infusions: Mapping[str, Array]


def outcomes(
    case: Case, patients: Remembered, parameters: Parameters, *, shift: Array | None = None, truth: bool = True
) -> tuple[Outcome, ...]:
    """Return the outcome of every arm in the plan's order; arms that are alike are simulated once.

    `parameters` gives the set for an arm with or without psychotherapy; `shift` (n,) is what each patient's site adds
    to readings after baseline. Without `truth` the courses of those who stopped are left out unless they are followed.
    """
    chance = [uniform(patients.seed, stream, patients.ids)[:, 0] for stream in (LEAVE, FOLLOWED)]
    found: dict[tuple[object, ...], Outcome] = {}
    keys = [(arm.regimen, arm.second, arm.masked, arm.psychotherapy, arm.drug) for arm in case.plan.arms]
    for key, arm in zip(keys, case.plan.arms, strict=True):
        if key not in found:
            found[key] = _outcome(case, arm, patients, parameters(arm.psychotherapy), shift, chance, truth)
    return tuple(found[key] for key in keys)


def _outcome(
    case: Case,
    arm: Arm,
    patients: Remembered,
    parameters: ParameterSet,
    shift: Array | None,
    chance: list[Array],
    truth: bool,
) -> Outcome:
    days, name = case.plan.days, f"{case.design.visits.score}_observed"
    simulated = partial(treated, case.design, arm, parameters=parameters, days=days, executor=case.executor)
    steered: Mapping[str, Array] = {}
    if arm.second is None:
        run = simulated(patients)
        if case.design.protocol.rules != "none":
            steered = {one: run.felt[one] for one in STEERED}
        readings, retained, last_d = run.values[name], run.values["retained"], float(arm.start_d[-1])
    else:
        readings, retained = two_periods(case, arm, patients, parameters)
        last_d = case.plan.second_d + arm.second.last_start_h / HOURS_PER_DAY
    left_d = leaving_day(retained, days, chance[0], case.estimand.dropout)
    what = happened(left_d, last_d, chance[1], case.followed)
    planned = shifted(readings, shift, case.top)
    short = planned
    if case.estimand.stopped == "treatment_policy" and arm.second is None:
        for infusions, who in _alike(arm, what, truth):
            part = simulated(patients.take(who), infusions=infusions).values[name]
            short = short.copy() if short is planned else short
            short[who] = shifted(part, None if shift is None else shift[who], case.top)
    return Outcome(counted(days, planned, short, what, case.estimand, case.top), what, steered)


def shifted(readings: Array, shift: Array | None, top: float) -> Array:
    """Return `readings` (n, t), day 0 first, with the site's `shift` (n,) on all after it, in whole points."""
    if shift is None:
        return readings
    return np.hstack([readings[:, :1], np.clip(np.rint(readings[:, 1:] + shift[:, None]), 0, top)])


def _alike(arm: Arm, what: Happened, truth: bool) -> Iterator[tuple[int, Index]]:
    """Those who stopped, by the number of infusions they were given; without `truth` those who were followed."""
    wanted = what.stopped if truth else what.followed
    given = np.searchsorted(arm.start_d, what.left_d, side="right")
    for infusions in np.unique(given[wanted]):
        yield int(infusions), np.flatnonzero(wanted & (given == infusions))
