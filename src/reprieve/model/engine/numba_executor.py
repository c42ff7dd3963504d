"""The method of `numpy_executor` as one compiled kernel for large populations; equal to it to rounding.

Patients go in blocks, one to each lane of a vector (`lanes.py`), so that the kernel reads like the arithmetic of one
patient. A block is loaded, integrated and written by one thread; its working set stays in cache, and nothing is
allocated inside the loop over blocks.
"""

from __future__ import annotations

import numba
import numpy as np

from reprieve.model.engine.grid import Array, Grid, Index, rule
from reprieve.model.engine.kernel import NODES, integrate
from reprieve.model.engine.lanes import LANES, aligned
from reprieve.model.engine.plan import Plan
from reprieve.model.engine.problem import CHAIN, FIRST_OUTPUT, Answer, Request


def run(request: Request, plan: Plan, answer: Answer) -> None:
    """Integrate the chain for the patients of a request and write their answer.

    The kernel is compiled for the shipped number of nodes; another number is refused by an assertion.
    """
    grid, weights, modes, schedule = plan.grid, plan.operators, request.modes, request.schedule
    assert grid.nodes == NODES
    signals = [request.signal, *(request.gains(name) for name in request.outputs)]
    event_h, event = np.unique(schedule.time_h, return_inverse=True)
    element = np.maximum(grid.output_element, 0)
    gauss, formation = rule(NODES), request.filters.delay_per_h
    term, term_from, gains = _terms([x.gain for x in signals])
    climb, climb_from, ramps = _terms([x.ramp for x in signals])
    steady = np.concatenate([x.steady for x in signals])
    inputs = (modes.rate_per_h, gains, ramps, steady, schedule.step_mg_per_h, schedule.impulse_mg, _pools(request))
    integrate(
        grid.segment, grid.length_h, grid.shape, grid.shape_length_h, grid.template_offset_h,
        *_grouped(_shapes(grid), grid.shape_length_h.size), *_grouped(grid.template, grid.template_offset_h.size),
        gauss.node, gauss.to_all, weights.end_state, weights.end_surge,
        weights.delay_state * formation, weights.delay_surge * formation,
        weights.output_state, weights.output_surge, weights.output_to, grid.output_element,
        np.searchsorted(element, np.arange(grid.elements + 1)), grid.output_theta,
        grid.plasma_segment, grid.plasma_tau_h, term, term_from, climb, climb_from,
        event_h, event, schedule.port.astype(np.int64), np.array(modes.port, dtype=np.int64),
        np.array(modes.repeated, dtype=np.bool_), tuple(np.ascontiguousarray(values) for values in inputs),
        tuple(_room(len(values)) for values in inputs),
        _rooms(len(signals), len(modes.rate_per_h), event_h.size, grid), answer.plasma, answer.chain,
    )  # fmt: skip


def _pools(request: Request) -> Array:
    """Pool parameters as the kernel wants them: (6, p)."""
    pools = request.pools
    loss = pools.labile_loss_per_h + pools.consolidation_per_h
    own = (pools.consolidation_per_h, pools.consolidated_loss_per_h, 1 / pools.labile_max)
    return np.stack([1 / pools.surge_zero, pools.surge_gate, loss, *own])


def _terms(tables: list[Array]) -> tuple[Index, Index, Array]:
    """Modes that are not zero in each signal, one signal after the other: mode, where signals start, values (k, p)."""
    modes = [np.flatnonzero(table.any(axis=1)) for table in tables]
    starts = np.cumsum([0, *(len(held) for held in modes)])
    values = np.concatenate([table[held] for table, held in zip(tables, modes, strict=True)])
    return np.concatenate(modes).astype(np.int64), starts.astype(np.int64), values


def _rooms(signals: int, modes: int, changes: int, grid: Grid) -> tuple[Array, ...]:
    """Working space of every thread, in the order in which the kernel names it."""
    return (
        _room(changes, signals),
        _room(changes, modes),
        _room(changes, modes),
        _room(2 * modes),
        _room(3 * modes),
        _room(NODES, 3 * modes),
        _room(grid.elements, NODES),
        _room(grid.shape_length_h.size, NODES + 1),
        _room(4 * NODES),
        _room(signals + FIRST_OUTPUT - 1, grid.plasma_segment.size),
        _room(len(CHAIN), grid.output_element.size),
    )


def _room(*shape: int) -> Array:
    """Space for an array of lanes of every thread: first axis the thread, last one the lanes."""
    return aligned((numba.get_num_threads(), *shape, LANES))


def _shapes(grid: Grid) -> Index:
    """Element shape of every template."""
    shapes = np.empty(grid.template_offset_h.size, dtype=np.int64)
    shapes[grid.template] = grid.shape
    return shapes


def _grouped(kind: Index, kinds: int) -> tuple[Index, Index]:
    """Indices sorted by kind, and where each kind starts among them."""
    order = np.argsort(kind, kind="stable").astype(np.int64)
    return order, np.searchsorted(kind[order], np.arange(kinds + 1)).astype(np.int64)
