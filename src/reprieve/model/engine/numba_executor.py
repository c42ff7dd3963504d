"""The method of `numpy_executor` as one compiled kernel for large populations; equal to it to rounding.

Patients go in blocks of a few lanes: the innermost loop of everything runs over the lanes, with the short loops over
nodes unrolled around it, so that the compiler keeps sums in vector registers. A block is loaded, integrated and
written by one thread; its working set stays in cache, and nothing is allocated inside the loop over blocks.
"""

from __future__ import annotations

import numba
import numpy as np

from reprieve.model.engine.grid import Array, Grid, Index, rule
from reprieve.model.engine.kernel import LANES, NODES, WORK_ROWS, integrate
from reprieve.model.engine.plan import Plan
from reprieve.model.engine.problem import CHAIN, FIRST_OUTPUT, Answer, Flags, Gains, Request


def run(request: Request, plan: Plan, answer: Answer) -> None:
    """Integrate the chain for the patients of a request and write their answer.

    The kernel is compiled for the shipped number of nodes; another number is refused by an assertion.
    """
    grid, weights, modes = plan.grid, plan.operators, request.modes
    assert grid.nodes == NODES
    signals = [request.signal, *(request.gains(name) for name in request.outputs)]
    repeated = np.flatnonzero(modes.repeated).astype(np.int64)
    event_h, event = np.unique(request.schedule.time_h, return_inverse=True)
    element = np.maximum(grid.output_element, 0)
    gauss, uses = rule(NODES), _uses(signals)
    formation = request.filters.delay_per_h
    counts = (len(signals), modes.rate_per_h.shape[0], repeated.size, event_h.size)
    integrate(
        grid.segment, grid.length_h, grid.shape, grid.shape_length_h, grid.template_offset_h, _shapes(grid),
        *_grouped(grid.template, grid.template_offset_h.size), gauss.node, gauss.to_all,
        weights.end_state, weights.end_surge, weights.delay_state * formation, weights.delay_surge * formation,
        weights.output_state, weights.output_surge, weights.output_to, grid.output_element,
        np.searchsorted(element, np.arange(grid.elements + 1)), grid.output_theta,
        grid.plasma_segment, grid.plasma_tau_h, uses, _ramp_row(modes.rate_per_h.shape[0], repeated),
        event_h, event, request.schedule.port.astype(np.int64), np.array(modes.port, dtype=np.int64),
        np.ascontiguousarray(request.schedule.step_mg_per_h), np.ascontiguousarray(request.schedule.impulse_mg),
        np.ascontiguousarray(modes.rate_per_h), np.stack([x.gain for x in signals]),
        np.stack([x.ramp[repeated] for x in signals]), np.stack([x.steady for x in signals]),
        _pools(request), _rooms(counts, grid), answer.plasma, answer.chain,
    )  # fmt: skip


def _pools(request: Request) -> Array:
    """Pool parameters as the kernel wants them: (6, p)."""
    pools = request.pools
    loss = pools.labile_loss_per_h + pools.consolidation_per_h
    own = (pools.consolidation_per_h, pools.consolidated_loss_per_h, 1 / pools.labile_max)
    return np.stack([1 / pools.surge_zero, pools.surge_gate, loss, *own])


def _rooms(counts: tuple[int, int, int, int], grid: Grid) -> tuple[Array, ...]:
    """Working space of every thread: one set of arrays, first axis the thread, last one the lanes."""
    signals, modes, repeated, changes = counts
    shapes = (
        (modes,),
        (signals, modes),
        (signals, repeated),
        (changes, signals),
        (changes, modes),
        (changes, repeated),
        (WORK_ROWS,),
        (grid.elements, NODES),
        (grid.shape_length_h.size, NODES + 1),
        (signals + FIRST_OUTPUT - 1, grid.plasma_segment.size),
        (len(CHAIN), grid.output_element.size),
    )
    threads = numba.get_num_threads()
    return tuple(np.empty((threads, *shape, LANES)) for shape in shapes)


def _uses(signals: list[Gains]) -> Flags:
    """Which modes each signal has: (s, m)."""
    return np.array([x.gain.any(axis=1) | x.ramp.any(axis=1) for x in signals])


def _ramp_row(modes: int, repeated: Index) -> Index:
    """For every mode its row among the repeated ones, or -1."""
    row = np.full(modes, -1, dtype=np.int64)
    row[repeated] = np.arange(repeated.size)
    return row


def _shapes(grid: Grid) -> Index:
    """Element shape of every template."""
    shapes = np.empty(grid.template_offset_h.size, dtype=np.int64)
    shapes[grid.template] = grid.shape
    return shapes


def _grouped(kind: Index, kinds: int) -> tuple[Index, Index]:
    """Element indices sorted by kind, and where each kind starts among them."""
    order = np.argsort(kind, kind="stable").astype(np.int64)
    return order, np.searchsorted(kind[order], np.arange(kinds + 1)).astype(np.int64)
