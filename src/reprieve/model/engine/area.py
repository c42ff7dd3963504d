"""The area under the surge of a schedule in one patient, from the first dose until nothing is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reprieve.model.disposition.modes import Modes
from reprieve.model.disposition.schedule import Schedule
from reprieve.model.engine.door import plasma_of
from reprieve.model.engine.grid import Array, build, rule
from reprieve.model.engine.numerics import numerics
from reprieve.model.engine.numpy_executor import block_signal
from reprieve.model.receptor import block, surge


def of_surge(modes: Modes, schedule: Schedule, gains: tuple[Array, Array, Array], surge_zero: Array) -> float:
    """Area in hours under max(0, R (1 - R / R0)) for the first patient of `modes`.

    `gains` are gain, ramp and steady part of the block signal; the tail runs for `area_days`.
    """
    settings = numerics()
    end_h = float(schedule.time_h[-1]) + settings.area_days * settings.day_h
    fine = replace(settings, growth=settings.area_growth)
    grid = build(np.unique(schedule.time_h), end_h, np.empty(0), np.empty(0), settings.area_nodes, fine)
    plasma = plasma_of(modes, schedule, gains, (), np.zeros(1, dtype=np.int64))
    released = surge(block(block_signal(plasma, grid)), surge_zero[:1], np.ones(1))
    return float(np.einsum("e,n,en->", grid.length_h, rule(grid.nodes).to_end, released[..., 0]))
