"""Leaving, stopping treatment and rescue, and how each strategy lets them count.

    leaves on the first day with  -scale log retained(t) >= -log u ,  u uniform, one per patient

Leaving before the last infusion stops treatment; a share of those who stop may stay for the visits. Leaving later, or
without staying, is withdrawal: what would have been read is not known to the trial, but it is there. Each strategy
gives two tables: the scores it asks about (the truth, complete) and those that the trial holds (NaN where missing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reprieve.trials.design.form import Dropout, Estimand

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]

LEAVE, FOLLOWED = "trial:leave", "trial:followed"
FILLED = ("composite", "while_on_treatment")


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to each patient of an arm, (n,): the day of leaving (inf: none) and who stopped or was followed."""

    left_d: Array
    stopped: Flags
    followed: Flags


@dataclass(frozen=True, slots=True)
class Counted:
    """Scores under a strategy, (n, t) on the days of the plan: `truth` complete, `held` by the trial; the rescued."""

    truth: Array
    held: Array
    rescued: Flags


def leaving_day(retained: Array, days: Array, u: Array, dropout: Dropout) -> Array:
    """Return the day on which each patient leaves, (n,), inf where nobody sees it.

    `retained` (n, t) is the probability of being there on `days` (t,), day 0 first; `u` (n,) uniform. Between two days
    the hazard is taken as constant, so presence on `days` follows `retained` to the power of the scale exactly.
    """
    left = np.full(len(u), np.inf)
    if dropout.kind == "none" or dropout.scale == 0:
        return left
    hazard = -dropout.scale * np.log(retained)
    wanted = -np.log(u)
    passed = hazard >= wanted[:, None]
    who = np.flatnonzero(passed.any(axis=1))
    column = np.maximum(passed[who].argmax(axis=1), 1)
    low, high = hazard[who, column - 1], hazard[who, column]
    part = (wanted[who] - low) / np.maximum(high - low, np.finfo(np.float64).tiny)
    left[who] = days[column - 1] + np.clip(part, 0, 1) * (days[column] - days[column - 1])
    return left


def happened(left_d: Array, last_infusion_d: float, stays: Array, followed: float) -> Happened:
    """Tell stopping from withdrawal. `stays` (n,) is uniform and decides who of those who stopped is `followed`."""
    stopped = left_d < last_infusion_d
    return Happened(left_d, stopped, stopped & (stays < followed))


def counted(
    days: Array, planned: Array, shortened: Array | None, what: Happened, estimand: Estimand, top: float
) -> Counted:
    """Return the scores that `estimand` asks about and those the trial holds.

    `planned` (n, t) is read under the arm as planned, day 0 first; `shortened` (n, t) with the infusions that were
    given, needed where stopping counts as treatment policy; `top` the scale's highest score.
    """
    after_leaving = days[None, :] > what.left_d[:, None]
    after_stop = after_leaving & what.stopped[:, None]
    course = planned
    if estimand.stopped == "treatment_policy" and shortened is not None:
        course = np.where(after_stop, shortened, planned)
    absent = after_leaving & ~what.followed[:, None]
    course, rescued, known, unknown = _rescue(days, course, absent, estimand, top)
    last = _last(course, days, what.left_d)
    for strategy, after in ((estimand.withdrawn, after_leaving & ~after_stop), (estimand.stopped, after_stop)):
        if strategy in FILLED:
            course = np.where(after, planned[:, :1] if strategy == "composite" else last, course)
            known = known | after
    if estimand.stopped == "hypothetical":
        unknown = unknown | after_stop
    return Counted(course, np.where((absent & ~known) | unknown, np.nan, course), rescued)


def _rescue(
    days: Array, course: Array, absent: Flags, estimand: Estimand, top: float
) -> tuple[Array, Flags, Flags, Flags]:
    """Scores after rescue, who was rescued (n,), and which scores (n, t) it makes known or unknown to the trial.

    Rescue comes at the first reading from the rule's day on that is above its share of baseline; it acts on the next.
    """
    rule = estimand.rescue_rule
    nowhere = np.zeros(course.shape, dtype=np.bool_)
    if rule is None:
        return course, nowhere[:, 0], nowhere, nowhere
    above = (course > rule.share_of_baseline * course[:, :1]) & (days >= rule.from_day) & (days > 0)
    rescued, column = above.any(axis=1), above.argmax(axis=1)
    after = rescued[:, None] & (days[None, :] > days[column][:, None])
    seen = after & ~absent[np.arange(len(course)), column][:, None]
    if estimand.rescue == "treatment_policy":
        return np.where(after, np.clip(course - rule.points, 0, top), course), rescued, nowhere, nowhere
    if estimand.rescue == "hypothetical":
        return course, rescued, nowhere, seen
    value = course[:, 0] if estimand.rescue == "composite" else course[np.arange(len(course)), column]
    return np.where(after, value[:, None], course), rescued, seen, nowhere


def _last(course: Array, days: Array, left_d: Array) -> Array:
    """The last score read by the day of leaving, (n, 1)."""
    column = np.maximum(np.searchsorted(days, left_d, side="right") - 1, 0)
    return course[np.arange(len(course)), column][:, None]
