"""The area under the surge of a schedule in one patient, from the first dose until nothing is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reprieve.model.disposition.modes import Modes
from reprieve.model.disposition.schedule import Schedule
from reprieve.model.engine.amplitudes import amplitudes, at_nodes
from reprieve.model.engine.grid import Grid, build, rule
from reprieve.model.engine.kink import crossings, limit_of
from reprieve.model.engine.numerics import numerics
from reprieve.model.engine.problem import Gains
from reprieve.model.receptor import block, surge


def of_surge(modes: Modes, schedule: Schedule, signal: Gains, surge_zero: float) -> float:
    """Area in hours under max(0, R (1 - R / R0)) for one patient; the tail runs for `area_days`."""
    held = amplitudes(modes, schedule)
    grid = _grid(schedule, ())
    zero = np.array([surge_zero])
    found = crossings(held, signal, schedule, grid, float(limit_of(zero)[0]))
    grid = _grid(schedule, found) if found else grid
    blocked = block(at_nodes(held, signal, grid))
    released = surge(blocked, zero, np.ones(1))
    return float(np.einsum("e,n,en->", grid.length_h, rule(grid.nodes).to_end, released[..., 0]))


def _grid(schedule: Schedule, edges_h: tuple[float, ...]) -> Grid:
    settings = numerics()
    end_h = float(schedule.time_h[-1]) + settings.area_days * settings.day_h
    fine = replace(settings, growth=settings.area_growth)
    event_h, none = np.unique(schedule.time_h), np.empty(0)
    return build(event_h, end_h, none, none, settings.area_nodes, fine, np.array(edges_h))
