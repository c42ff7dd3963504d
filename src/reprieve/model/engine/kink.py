"""The kink of the surge: where the block signal x passes R0 / (1 - R0) the surge is zero from there on.

Compartments respond to an inflow without overshoot, so x never exceeds what the largest inflow would reach if it
went on for ever. That bound tells at once that a patient has no kink; only for the others x itself is looked at,
for all of them together. Doses given at once have no such bound.
"""

from __future__ import annotations

import numpy as np

from reprieve.model.disposition.schedule import Schedule
from reprieve.model.engine.amplitudes import Amplitudes, amplitudes, at_nodes, at_times
from reprieve.model.engine.grid import Array, Grid, Index, rule, since
from reprieve.model.engine.numerics import numerics
from reprieve.model.engine.problem import Flags, Gains, Request


def limit_of(surge_zero: Array) -> Array:
    """The block signal at which the surge is gone, (p,); infinite if R0 is 1 or more."""
    room = np.maximum(1 - surge_zero, np.finfo(float).tiny)
    return np.where(surge_zero < 1, surge_zero / room, np.inf)


def may_pass(request: Request) -> Index:
    """Patients whose block signal could reach the limit."""
    schedule = request.schedule
    if schedule.impulse_mg.any():
        return np.arange(request.patients, dtype=np.int64)
    most = sum(
        (request.signal.steady[port] * _largest_inflow(schedule, port) for port in range(len(request.modes.ports))),
        np.zeros(request.patients),
    )
    return np.flatnonzero(most >= limit_of(request.pools.surge_zero)).astype(np.int64)


def _largest_inflow(schedule: Schedule, port: int) -> Array:
    mine = schedule.step_mg_per_h[schedule.port == port]
    return np.asarray(np.cumsum(mine, axis=0).max(axis=0, initial=0))


def passing(request: Request, grid: Grid, wanted: Flags) -> Index:
    """Patients among `wanted` (p,) whose block signal passes the limit at a node or a rate change of `grid`."""
    may = may_pass(request)
    may = may[wanted[may]]
    chunk = numerics().numpy_chunk
    highest = [_highest(request.take(may[start : start + chunk]), grid) for start in range(0, may.size, chunk)]
    return may[np.concatenate([np.empty(0), *highest]) > limit_of(request.pools.surge_zero[may])]


def _highest(request: Request, grid: Grid) -> Array:
    """The largest block signal of each patient at the nodes and the rate changes, (p,)."""
    held = amplitudes(request.modes, request.schedule)
    event_h = np.unique(request.schedule.time_h)
    at_events = at_times(held, [request.signal], *since(event_h, event_h))[0]
    at_all_nodes = at_nodes(held, request.signal, grid).max(axis=(0, 1))
    return np.asarray(np.maximum(at_all_nodes, at_events.max(axis=0)))


def edges(request: Request, grid: Grid) -> tuple[float, ...]:
    """Times at which the first patient of a request crosses the limit, by bisection between neighbouring nodes."""
    limit = float(limit_of(request.pools.surge_zero)[0])
    return crossings(amplitudes(request.modes, request.schedule), request.signal, request.schedule, grid, limit)


def crossings(
    held: Amplitudes, signal: Gains, schedule: Schedule, grid: Grid, limit: float
) -> tuple[float, ...]:
    """Times at which the signal of the first patient crosses `limit`; rate changes count as nodes."""
    event_h = np.unique(schedule.time_h)

    def above(time_h: Array) -> Flags:
        return np.asarray(at_times(held, [signal], *since(event_h, time_h))[0, :, 0] > limit)

    nodes_h = (grid.start_h[:, None] + grid.length_h[:, None] * rule(grid.nodes).node).reshape(-1)
    inside = at_nodes(held, signal, grid)[..., 0].reshape(-1) > limit
    time_h = np.concatenate([nodes_h, event_h])
    order = np.argsort(time_h, kind="stable")
    time_h, high = time_h[order], np.concatenate([inside, above(event_h)])[order]
    at = np.flatnonzero(high[1:] != high[:-1])
    low, top, first = time_h[at].copy(), time_h[at + 1].copy(), high[at]
    for _ in range(numerics().bisections):
        middle = (low + top) / 2
        same = above(middle) == first
        low, top = np.where(same, middle, low), np.where(same, top, middle)
    return tuple(low.tolist())
