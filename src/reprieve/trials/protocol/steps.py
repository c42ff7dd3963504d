"""An infusion cut into equal steps, and what pausing, slowing and stopping make of it.

A row holds, step by step, the share of a planned step's amount that is given. What was planned is always given or
withheld: sum(row) + withheld = planned steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.units import MINUTES_PER_HOUR
from reprieve.model.regimen import Dose, Phase, Regimen, Route
from reprieve.trials.protocol.policy import Policy

type Array = NDArray[np.float64]

# Shares below this are what rounding leaves of nothing.
NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Grid:
    """Steps of all infusions: `planned` of `step_min` minutes each, `total` with the room for pauses."""

    regimen: Regimen
    step_min: float
    planned: int
    total: int
    pause: int

    @property
    def minutes(self) -> Array:
        """Minutes after the start at which the rules are asked, (total + 1,)."""
        return np.round(np.arange(self.total + 1) * self.step_min, 6)

    def start(self, patients: int) -> Array:
        """Shares as planned, (patients, infusions, total)."""
        rows = np.zeros((patients, len(self.regimen.doses), self.total))
        rows[:, :, : self.planned] = 1
        return rows

    def fine(self, kept: tuple[int, ...]) -> Regimen:
        """The regimen of the infusions `kept`, the dose of each spread over all its steps: see `given`."""
        doses = []
        for number in kept:
            dose = self.regimen.doses[number]
            step = Phase(self.step_min / MINUTES_PER_HOUR, dose.amount / self.total)
            doses.append(replace(dose, phases=(step,) * self.total))
        return replace(self.regimen, doses=tuple(doses))

    def given(self, rows: Array) -> Array:
        """Multipliers of the fine regimen's phases, (n, infusions * total), from shares (n, infusions, total)."""
        return np.asarray((rows * (self.total / self.planned)).reshape(len(rows), -1))

    def dose(self, number: int, row: Array) -> Dose:
        """The infusion as it was given: stretches of constant rate, a pause is a stretch without drug."""
        planned = self.regimen.doses[number]
        last = int(np.flatnonzero(row > NOTHING)[-1]) + 1
        edges = [0, *(np.flatnonzero(np.diff(row[:last])) + 1), last]
        amount = planned.amount / self.planned
        phases = tuple(
            Phase((b - a) * self.step_min / MINUTES_PER_HOUR, float(amount * row[a:b].sum()))
            for a, b in pairwise(edges)
        )
        withheld = max(0.0, planned.amount - math.fsum(phase.amount for phase in phases))
        whole = withheld <= NOTHING * max(1.0, planned.amount)
        return replace(planned, phases=phases, withheld=0.0 if whole else withheld)


def grid(regimen: Regimen, policy: Policy) -> Grid:
    """Return the steps of a regimen.

    Raises `InputError` for a dose that is no plain infusion, infusions of different length, or infusions so close
    that one with pauses would run into the next.
    """
    lengths = {round(dose.duration_h * MINUTES_PER_HOUR, 6) for dose in regimen.doses}
    if any(dose.route is not Route.IV or len(dose.phases) != 1 for dose in regimen.doses):
        raise InputError("regimen", regimen.text(), "must hold plain infusions of one rate to be steered by rules")
    if len(lengths) != 1:
        raise InputError("regimen", sorted(lengths), "must hold infusions of one length to be steered by rules")
    minutes = lengths.pop()
    planned = max(1, math.ceil(minutes / policy.check_every_min - NOTHING))
    step = minutes / planned
    total = planned * policy.longest
    for before, after in pairwise(regimen.doses):
        if before.start_h + total * step / MINUTES_PER_HOUR > after.start_h:
            rule = f"starts before the one before it could be over with pauses ({total * step:g} min)"
            raise InputError("regimen", after.start_h, rule)
    return Grid(regimen, step, planned, total, max(1, math.ceil(policy.pause_min / step - NOTHING)))


def paused(row: Array, at: int, length: int) -> Array:
    """Return the row with `length` empty steps from step `at` on; what no longer fits is withheld."""
    return np.concatenate([row[:at], np.zeros(length), row[at:]])[: len(row)]


def stopped(row: Array, at: int) -> Array:
    """Return the row with nothing from step `at` on."""
    return np.concatenate([row[:at], np.zeros(len(row) - at)])


def slowed(row: Array, at: int, factor: float) -> Array:
    """Return the row with the rest given at `factor` times its rate; what no longer fits is withheld."""
    rest, left = row[at:], float(row[at:].sum())
    if left <= NOTHING:
        return row
    rate = factor * float(rest[rest > NOTHING][0])
    given = np.clip(left - rate * np.arange(len(rest)), 0, rate)
    return np.concatenate([row[:at], np.where(given > NOTHING, given, 0)])
