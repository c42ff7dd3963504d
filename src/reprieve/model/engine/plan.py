"""Grid and operators of a schedule at a fineness; the same for all patients, so kept once made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from reprieve.model.engine import operators
from reprieve.model.engine.grid import Grid, build
from reprieve.model.engine.numerics import numerics
from reprieve.model.engine.problem import Request

Fineness = tuple[int, int]
Times = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A grid with its operators."""

    grid: Grid
    operators: operators.Operators


def plan(request: Request, fineness: Fineness, nodes: int, edges_h: Times = ()) -> Plan:
    """The plan of a request: (front, tail) halvings of element lengths, nodes per element, further edges."""
    event_h = tuple(np.unique(request.schedule.time_h).tolist())
    times = (tuple(request.chain_h.tolist()), tuple(request.plasma_h.tolist()))
    return _made(event_h, times, request.filters, fineness, nodes, edges_h)


@lru_cache(maxsize=32)
def _made(
    event_h: Times,
    times_h: tuple[Times, Times],
    filters: operators.Filters,
    fineness: Fineness,
    nodes: int,
    edges_h: Times,
) -> Plan:
    settings = numerics()
    front, tail = (2.0**-level for level in fineness)
    finer = replace(
        settings,
        first_element_h=settings.first_element_h * front,
        first_share=settings.first_share * front,
        longest_first_day_h=settings.longest_first_day_h * tail,
        longest_second_day_h=settings.longest_second_day_h * tail,
        day_h=settings.day_h * tail,
    )
    chain_h, plasma_h = (np.array(times) for times in times_h)
    end_h = max(float(chain_h.max(initial=0)), event_h[-1] + settings.first_element_h)
    grid = build(np.array(event_h), end_h, chain_h, plasma_h, nodes, finer, np.array(edges_h))
    return Plan(grid, operators.build(grid, filters))
