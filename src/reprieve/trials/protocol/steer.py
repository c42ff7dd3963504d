"""A course under session rules: what is read decides what is given, and what is given decides what is read.

What is read at a moment depends on the dose before it alone. So there is one course in which both agree, and it is
found by repetition: simulate, take every decision anew from the readings, give accordingly, simulate again. Each pass
settles at least the next decision of every patient; it ends when nobody's doses change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import NumericsError
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.population import Population
from reprieve.model.regimen import Regimen
from reprieve.model.simulation import Simulation
from reprieve.trials.protocol import steps
from reprieve.trials.protocol.log import PAUSED, RESUMED, SLOWED, STOPPED, WITHHELD, Decision
from reprieve.trials.protocol.policy import Policy
from reprieve.trials.protocol.watch import Seen, Watch

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]


class Run(Protocol):
    """Simulates a regimen: `simulate` with everything but these arguments fixed."""

    def __call__(
        self,
        regimen: Regimen,
        patients: Population,
        *,
        time_h: Array,
        minutes: Array,
        given: Array | None = None,
        planned: Regimen | None = None,
    ) -> Simulation:
        """Return the simulation."""


@dataclass(frozen=True)
class Steered:
    """A steered course: shares given (n, infusions, steps), 0 throughout where withheld, and every decision in order.

    `parts` are simulations with the numbers of their patients; every patient is in exactly one. `regimens` are the
    doses each patient really got, None for one who got none.
    """

    grid: steps.Grid
    shares: Array
    decisions: tuple[Decision, ...]
    parts: tuple[tuple[Index, Simulation], ...]
    passes: int

    @property
    def regimens(self) -> tuple[Regimen | None, ...]:
        """What each patient got."""
        return tuple(given_to(self.grid, rows) for rows in self.shares)

    @property
    def dose_share(self) -> Array:
        """Share of the planned dose that was given, by patient and infusion (n, infusions)."""
        return np.asarray(self.shares.sum(axis=2) / self.grid.planned)

    def infusions(self, action: str) -> Array:
        """Whether a decision of this kind was taken in each infusion, (n, infusions)."""
        place = {int(patient): number for number, patient in enumerate(self.ids)}
        found = np.zeros(self.shares.shape[:2])
        for one in self.decisions:
            if one.action == action:
                found[place[one.patient], one.infusion - 1] = 1
        return found

    @property
    def ids(self) -> Index:
        """Ids of the patients, (n,)."""
        ids = np.empty(len(self.shares), dtype=np.int64)
        for who, run in self.parts:
            ids[who] = run.patients.ids
        return ids


def given_to(grid: steps.Grid, rows: Array) -> Regimen | None:
    """The regimen of one patient from shares (infusions, steps); None if every infusion was withheld."""
    doses = tuple(grid.dose(number, row) for number, row in enumerate(rows) if row.any())
    return replace(grid.regimen, doses=doses) if doses else None


def steer(
    regimen: Regimen, patients: Population, policy: Policy, watch: Watch, run: Run, *, time_h: Array
) -> Steered:
    """Give `regimen` to `patients` under the rules of `watch`, read at `time_h` (t,).

    Raises `InputError` as `steps.grid`, `NumericsError` if decisions do not come to an end.
    """
    grid = steps.grid(regimen, policy)
    shares = grid.start(len(patients))
    taken: dict[int, list[Decision]] = {}
    withheld: dict[int, list[Decision]] = {}
    todo = everybody = np.arange(len(patients), dtype=np.int64)
    # Every reading can bring one decision.
    most = shares.shape[1] * grid.total + 1
    passes = 0
    while len(todo):
        passes += 1
        if passes > most:
            raise NumericsError(f"protocol: decisions did not end after {most} passes")
        changed = []
        for who, kept, part in _simulated(grid, shares, patients, todo, run, np.zeros(1)):
            seen = watch.seen(part, grid.minutes, kept)
            # After the first pass everybody here had a decision, which the new readings may take back.
            for row in np.flatnonzero(seen.anything) if passes == 1 else range(len(who)):
                patient = int(who[row])
                rows, decisions, sent_home = _course(grid, policy, seen, int(row), kept, shares[patient])
                taken[patient] = decisions
                withheld.setdefault(patient, []).extend(sent_home)
                if not np.array_equal(rows, shares[patient]):
                    shares[patient] = rows
                    changed.append(patient)
        todo = np.array(sorted(changed), dtype=np.int64)
    parts = tuple((who, part) for who, _, part in _simulated(grid, shares, patients, everybody, run, time_h))
    log = tuple(one for patient in sorted(taken) for one in _in_order(withheld[patient], taken[patient]))
    return Steered(grid, shares, log, parts, passes)


def _in_order(withheld: list[Decision], taken: list[Decision]) -> list[Decision]:
    return sorted([*withheld, *taken], key=lambda one: (one.infusion, one.minute))


def _simulated(
    grid: steps.Grid, shares: Array, patients: Population, who: Index, run: Run, time_h: Array
) -> Iterator[tuple[Index, tuple[int, ...], Simulation]]:
    """Simulate patients by the infusions that were not withheld from them."""
    held = shares[who].any(axis=2)
    for pattern in np.unique(held, axis=0):
        mine = who[(held == pattern).all(axis=1)]
        kept = tuple(np.flatnonzero(pattern).tolist())
        if not kept:
            late = untreated(grid.regimen, time_h)
            yield mine, kept, run(late, patients.take(mine), time_h=time_h, minutes=np.zeros(0))
            continue
        given = grid.given(shares[mine][:, kept])
        fine = grid.fine(kept)
        part = run(
            fine, patients.take(mine), time_h=time_h, minutes=grid.minutes, given=given, planned=of(grid.regimen, kept)
        )
        yield mine, kept, part


def untreated(regimen: Regimen, time_h: Array) -> Regimen:
    """A course that starts only after the last reading: what is read is a patient who got nothing."""
    late = float(np.max(time_h)) + HOURS_PER_DAY
    return replace(regimen, doses=(replace(regimen.doses[0], start_h=late),))


def of(regimen: Regimen, kept: Sequence[int]) -> Regimen:
    """Return the infusions `kept` of a regimen."""
    return replace(regimen, doses=tuple(regimen.doses[number] for number in kept))


def _course(
    grid: steps.Grid, policy: Policy, seen: Seen, row: int, kept: Sequence[int], held: Array
) -> tuple[Array, list[Decision], list[Decision]]:
    """Return one patient's shares (infusions, steps), decisions, and the decision to withhold an infusion, if any.

    Withholding an infusion renumbers those after it, so it is final: it waits until what came before it has settled.
    """
    rows = held.copy()
    decisions: list[Decision] = []
    for place, infusion in enumerate(kept):
        here = (row, place, 0)
        if seen.fires("start", here) and np.array_equal(rows, held):
            rows[infusion] = 0
            return rows, decisions, [seen.decision("start", here, infusion, WITHHELD)]
        rows[infusion], found = _infusion(grid, policy, seen, (row, place), infusion)
        decisions += found
    return rows, decisions, []


def _infusion(
    grid: steps.Grid, policy: Policy, seen: Seen, whose: tuple[int, int], infusion: int
) -> tuple[Array, list[Decision]]:
    """Return the shares (steps,) of an infusion whose readings are `seen`, and the decisions taken in it."""
    shares = grid.start(1)[0, 0]
    decisions = []
    for at in range(1, grid.total):
        place = (*whose, at)
        action = _action(shares, at, seen, place)
        if action is None:
            continue
        decisions.append(seen.decision(KINDS[action], place, infusion, action))
        new = _changed(shares, at, action, grid, policy)
        if action in (PAUSED, SLOWED) and new.sum() < shares.sum() - steps.NOTHING:
            decisions.append(seen.time_out(place, infusion, grid.total * grid.step_min))
        shares = new
    return shares, decisions


KINDS = {PAUSED: "pause", RESUMED: "pause", SLOWED: "slow", STOPPED: "stop"}


def _action(row: Array, at: int, seen: Seen, place: tuple[int, int, int]) -> str | None:
    """What happens at a reading: nothing once the infusion is over."""
    if not row[at:].any():
        return None
    if seen.fires("stop", place):
        return STOPPED
    waiting = row[at - 1] <= steps.NOTHING
    if waiting and row[at] <= steps.NOTHING:
        return None  # a pause lasts until its end
    if seen.fires("pause", place):
        return PAUSED
    if waiting:
        return RESUMED
    return SLOWED if row[at] >= 1 and seen.fires("slow", place) else None


def _changed(row: Array, at: int, action: str, grid: steps.Grid, policy: Policy) -> Array:
    if action == STOPPED:
        return steps.stopped(row, at)
    if action == PAUSED:
        return steps.paused(row, at, grid.pause)
    return steps.slowed(row, at, policy.slow_factor) if action == SLOWED else row
