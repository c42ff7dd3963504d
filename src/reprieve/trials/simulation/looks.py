"""Interim looks: who is analysed, what is decided, who is never enrolled.

Patients enter in order. A look at share f of the information analyses the first ceil(f N) patients, all of whom have
passed their primary visit; enrolment waits for the look, so that a trial which stops there has enrolled just those. Of
several comparisons each is tested at its own share of alpha, as the design says. An arm whose z falls below the limit
for dropping takes no further patients; the places are not given to other arms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.trials.design import schedule
from reprieve.trials.simulation.analysed import FAILED, Finding

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm
    from reprieve.trials.simulation.plan import Plan

type Flags = NDArray[np.bool_]
type Index = NDArray[np.int64]
type Ask = Callable[[int, Flags], Finding]


@dataclass(frozen=True, slots=True)
class Rules:
    """Shares of information at which the trial is looked at, the last 1, and what is done there.

    `patients` have entered at each interim look; `upper` is the z for efficacy at each look, `futility` and `drop`
    those below which an interim look stops the trial or drops an arm, -inf for never.
    """

    information: tuple[float, ...]
    patients: tuple[int, ...]
    upper: tuple[float, ...]
    futility: float
    drop: float


@dataclass(frozen=True, slots=True)
class Course:
    """How the trial went: the look at which it ended (0 the first) and why, each comparison's last finding and reject.

    `why` is efficacy, futility, harm or final; `enrolled` (n,) says who was ever in; `dropped` the arms dropped.
    """

    look: int
    why: str
    findings: dict[int, Finding]
    rejected: dict[int, bool]
    enrolled: Flags
    dropped: tuple[int, ...]


def rules(design: DesignForm, upper: tuple[float, ...] | None = None) -> Rules:
    """Return the looks of `design`; `upper` replaces its efficacy bounds, one z for each look, the last included."""
    from reprieve.trials.sequential.bounds import bounds

    interim, information = design.interim, schedule.information(design)
    if upper is None:
        shape = interim.efficacy if interim else "none"
        upper = tuple(map(float, bounds(information, schedule.alpha_each(design), shape).efficacy))
    futility = -inf if interim is None or interim.futility_z is None else interim.futility_z
    drop = -inf if interim is None or interim.drop_arms_below_z is None else interim.drop_arms_below_z
    return Rules(information, schedule.look_sizes(design), upper, futility, drop)


def course(how: Rules, plan: Plan, arm: Index, ask: Ask) -> Course:
    """Run the looks. `arm` (n,) in order of entry; `ask(number, who)` compares an arm with the control among `who`."""
    order = np.arange(len(arm))
    active = list(plan.compared)
    enrolled = np.ones(len(arm), dtype=np.bool_)
    findings: dict[int, Finding] = dict.fromkeys(active, FAILED)
    rejected = dict.fromkeys(active, False)
    dropped: list[int] = []
    for look, (size, upper) in enumerate(zip((*how.patients, len(arm)), how.upper, strict=True)):
        entered = enrolled & (order < size)
        for number in active:
            findings[number] = ask(number, entered)
        z = {number: findings[number].z for number in active}
        rejected |= {number: bool(abs(z[number]) >= upper) for number in active}
        last = look == len(how.upper) - 1
        why = "final" if last else _why(z, upper, how.futility)
        if why:
            return Course(look, why, findings, rejected, entered, tuple(dropped))
        for number in [one for one in active if z[one] < how.drop]:
            active.remove(number)
            dropped.append(number)
            enrolled &= (arm != number) | (order < entered.sum())
        if not active:
            return Course(look, "futility", findings, rejected, entered, tuple(dropped))
    raise AssertionError("the last look ends the trial")


def _why(z: dict[int, float], upper: float, futility: float) -> str:
    """Why an interim look ends the trial; empty if it goes on. A failed analysis (z NaN) ends nothing."""
    known = [value for value in z.values() if not np.isnan(value)]
    if any(value >= upper for value in known):
        return "efficacy"
    if len(known) == len(z) and all(value < futility for value in known):
        return "futility"
    if len(known) == len(z) and all(value <= -upper for value in known):
        return "harm"
    return ""
