"""The method of `numpy_executor` as one compiled kernel for large populations; equal to it to rounding.

Patients go in blocks of a few lanes: the innermost loop of everything runs over the lanes, with the short loops over
nodes unrolled around it, so that the compiler keeps sums in vector registers. Elements that share a template share
its exponentials. A block's working set stays in cache, and nothing is allocated inside the loop over blocks.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from reprieve.model.engine.grid import Array, Grid, Index, rule
from reprieve.model.engine.kernel import LANES, NODES, integrate
from reprieve.model.engine.problem import Plasma, Problem, States

Flags = NDArray[np.bool_]

STATES = 4


def run(problem: Problem) -> States:
    """Integrate the chain for one chunk of patients; the last block is filled up with copies of its last patient.

    The kernel is compiled for the shipped number of nodes; another number is refused by an assertion.
    """
    grid, weights, plasma, pools = problem.grid, problem.operators, problem.plasma, problem.pools
    assert grid.nodes == NODES
    patients = pools.labile_max.size
    blocks = -(-patients // LANES)
    outputs = plasma.gain.shape[0]
    plasma_out = np.empty((outputs, blocks * LANES, grid.plasma_segment.size))
    chain_out = np.empty((STATES, blocks * LANES, grid.output_element.size))
    peak = np.zeros((blocks, LANES))
    by_template, template_from = _grouped(grid.template, grid.template_offset_h.size)
    element = np.maximum(grid.output_element, 0)
    threads = numba.get_num_threads()
    gauss = rule(NODES)
    integrate(
        grid.segment, grid.length_h, grid.shape, grid.shape_length_h, grid.template_offset_h, _shapes(grid),
        by_template, template_from, gauss.node, gauss.to_all,
        weights.end_state, weights.end_surge, weights.delay_state, weights.delay_surge * pools.formation_per_h,
        weights.output_state, weights.output_surge, weights.output_to, pools.formation_per_h,
        grid.output_element, np.searchsorted(element, np.arange(grid.elements + 1)), grid.output_theta,
        grid.plasma_segment, grid.plasma_tau_h, _driving(plasma), _ramp_row(plasma), _uses(plasma),
        *(_blocked(x, blocks) for x in _plasma_arrays(plasma)),
        *(_blocked(x, blocks) for x in _pool_arrays(problem)),
        np.empty((threads, grid.elements, NODES, LANES)),
        np.empty((threads, 4 * NODES, LANES)),
        np.empty((threads, grid.shape_length_h.size, NODES + 1, LANES)),
        np.empty((threads, STATES + 1, LANES)),
        np.empty((threads, outputs, grid.plasma_segment.size, LANES)),
        np.empty((threads, STATES, grid.output_element.size, LANES)),
        plasma_out, chain_out, peak,
    )  # fmt: skip
    return States(plasma_out[:, :patients], chain_out[:, :patients], peak.reshape(-1)[:patients])


def _pool_arrays(problem: Problem) -> tuple[Array, ...]:
    pools = problem.pools
    loss = pools.labile_loss_per_h + pools.consolidation_per_h
    inverse_max = 1 / pools.labile_max
    shares = (1 / pools.surge_zero, pools.surge_gate)
    return (*shares, loss, pools.consolidation_per_h, pools.consolidated_loss_per_h, inverse_max)


def _plasma_arrays(plasma: Plasma) -> tuple[Array, ...]:
    inflow = np.einsum("sgp,vgp->vsp", plasma.steady, plasma.inflow)
    return plasma.rate_per_h, plasma.level, plasma.lag, inflow, plasma.gain, plasma.ramp


def _driving(plasma: Plasma) -> Index:
    """The modes in the block signal."""
    return np.flatnonzero(_uses(plasma)[0]).astype(np.int64)


def _ramp_row(plasma: Plasma) -> Index:
    """For every mode its row among the repeated ones, or -1."""
    row = np.full(plasma.rate_per_h.shape[0], -1, dtype=np.int64)
    row[plasma.repeated] = np.arange(plasma.repeated.size)
    return row


def _blocked(values: Array, blocks: int) -> Array:
    """(..., p) as (blocks, ..., lanes), contiguous; missing lanes repeat the last patient."""
    missing = blocks * LANES - values.shape[-1]
    if missing:
        values = np.concatenate([values, np.repeat(values[..., -1:], missing, axis=-1)], axis=-1)
    return np.ascontiguousarray(np.moveaxis(values.reshape(*values.shape[:-1], blocks, LANES), -2, 0))


def _uses(plasma: Plasma) -> Flags:
    """Which modes each output has: (s, m)."""
    uses = plasma.gain.any(axis=2)
    uses[:, plasma.repeated] |= plasma.ramp.any(axis=2)
    return np.asarray(uses)


def _shapes(grid: Grid) -> Index:
    """Element shape of every template."""
    shapes = np.empty(grid.template_offset_h.size, dtype=np.int64)
    shapes[grid.template] = grid.shape
    return shapes


def _grouped(kind: Index, kinds: int) -> tuple[Index, Index]:
    """Element indices sorted by kind, and where each kind starts among them."""
    order = np.argsort(kind, kind="stable").astype(np.int64)
    return order, np.searchsorted(kind[order], np.arange(kinds + 1)).astype(np.int64)
