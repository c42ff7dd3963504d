"""Frozen replay: the doses that were really given, run again without any rule, must give the same curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import NumericsError
from reprieve.model.population import Population
from reprieve.model.simulation import Simulation
from reprieve.trials.protocol.steer import Run, Steered, given_to, of, untreated

type Array = NDArray[np.float64]

# The engine holds 1e-6; a hard neighbour in the same group may refine a patient by 1e-5 (docs/engine.md).
TOLERANCE = 2e-5
FLOOR = 1e-3  # added to the size of a value, so that what decays to nothing is not compared with nothing


def check(steered: Steered, patients: Population, run: Run, *, time_h: Array) -> float:
    """Return the largest difference over patients, curves and times, relative to |value| + 0.001.

    Compares everything that is computed rather than read: readings are rounded to whole points.

    Raises `NumericsError` naming patient and curve if a difference is beyond the tolerance.
    """
    worst = 0.0
    for who, part in steered.parts:
        patterns, where = np.unique(steered.shares[who], axis=0, return_inverse=True)
        for number, rows in enumerate(patterns):
            mine = np.flatnonzero(where.ravel() == number)
            kept = np.flatnonzero(rows.any(axis=1)).tolist()
            given = given_to(steered.grid, rows)
            minutes = steered.grid.minutes if given is not None else np.zeros(0)
            again = run(
                given or untreated(steered.grid.regimen, time_h),
                patients.take(who[mine]),
                time_h=time_h,
                minutes=minutes,
                planned=None if given is None else of(steered.grid.regimen, kept),
            )
            worst = max(worst, _compared(part, again, mine, minutes))
    return worst


def _compared(steered: Simulation, again: Simulation, mine: NDArray[np.int64], minutes: Array) -> float:
    worst = 0.0
    pairs = [(name, held[mine], again.values[name]) for name, held in steered.values.items() if "observed" not in name]
    if len(minutes):
        here, there = (np.searchsorted(one.minute, minutes) for one in (steered, again))
        pairs += [(name, held[mine][..., here], again.acute[name][..., there]) for name, held in steered.acute.items()]
    for name, first, second in pairs:
        apart = np.abs(first - second) / (np.abs(second) + FLOOR)
        worst = max(worst, float(apart.max(initial=0)))
        if worst > TOLERANCE:
            patient = int(again.patients.ids[int(np.argmax(apart.reshape(len(apart), -1).max(axis=1)))])
            raise NumericsError(
                f"frozen replay: patient {patient}, {name}: the doses given do not give the curve of the steered run "
                f"(apart by {apart.max():.2g}, at most {TOLERANCE:g})"
            )
    return worst
