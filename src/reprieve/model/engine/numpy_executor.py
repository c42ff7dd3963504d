"""The method in NumPy: the readable definition, always there, and the oracle of the Numba executor."""

from __future__ import annotations

import numpy as np

from reprieve.model.engine.amplitudes import amplitudes, at_nodes, at_times
from reprieve.model.engine.grid import Array, Grid, rule
from reprieve.model.engine.numerics import numerics
from reprieve.model.engine.operators import FUNCTION, SIGNAL, Filters, Operators
from reprieve.model.engine.plan import Plan
from reprieve.model.engine.problem import (
    BLOCK,
    CONSOLIDATED_ROW,
    FIRST_OUTPUT,
    FUNCTION_ROW,
    LABILE_ROW,
    SIGNAL_ROW,
    SURGE,
    Answer,
    Pools,
    Request,
)
from reprieve.model.receptor import block, surge


def run(request: Request, plan: Plan, answer: Answer) -> None:
    """Integrate the chain for the patients of a request, a chunk at a time, and write their answer."""
    chunk = numerics().numpy_chunk
    for start in range(0, request.patients, chunk):
        part = slice(start, start + chunk)
        _run(request.take(part), plan, answer.take(part))


def _run(request: Request, plan: Plan, answer: Answer) -> None:
    grid, weights, pools = plan.grid, plan.operators, request.pools
    held = amplitudes(request.modes, request.schedule)
    released = surge(block(at_nodes(held, request.signal, grid)), pools.surge_zero, pools.surge_gate)
    filters = filter_starts(released, grid, weights)
    spines = formation(released, filters, grid, weights, request.filters)
    labile, labile_nodes = labile_starts(spines, grid, pools)
    consolidated = consolidated_starts(labile_nodes, grid, pools)
    chain = _chain_at_outputs(plan, pools, released, filters, spines, labile, consolidated)
    chain[:, grid.output_element < 0] = 0
    # Between nodes a state that is all but zero may come out a rounding below it.
    answer.chain[:] = np.maximum(chain, 0).swapaxes(1, 2)
    if not request.plasma_h.size:
        return
    wanted = [request.signal, *(request.gains(name) for name in request.outputs)]
    plasma = at_times(held, wanted, grid.plasma_segment, grid.plasma_tau_h).swapaxes(1, 2)
    answer.plasma[BLOCK] = block(plasma[0])
    answer.plasma[SURGE] = surge(answer.plasma[BLOCK], pools.surge_zero[:, None], pools.surge_gate[:, None])
    answer.plasma[FIRST_OUTPUT:] = plasma[1:]


def filter_starts(released: Array, grid: Grid, operators: Operators) -> Array:
    """Signal, function and delay at the start of each element: (e, 3, p)."""
    gained = operators.end_surge[grid.shape] @ released
    starts = np.zeros_like(gained)
    state = np.zeros_like(gained[0])
    for e, shape in enumerate(grid.shape):
        starts[e] = state
        state = operators.end_state[shape] @ state + gained[e]
    return starts


def formation(released: Array, filters: Array, grid: Grid, operators: Operators, rates: Filters) -> Array:
    """Spine formation kM M at the nodes: (e, n, p)."""
    delay = operators.delay_state[grid.shape] @ filters + operators.delay_surge[grid.shape] @ released
    return np.asarray(rates.delay_per_h * delay)


def labile_starts(spines: Array, grid: Grid, pools: Pools) -> tuple[Array, Array]:
    """Labile synapses at the start of each element (e, p) and at its nodes (e, n, p), by integrating factor."""
    gauss = rule(grid.nodes)
    h = grid.length_h[:, None, None]
    loss = pools.labile_loss_per_h + pools.consolidation_per_h
    exponent = gauss.to_all @ (spines / pools.labile_max + loss)
    exponent *= h
    keep = np.exp(-exponent)
    weighted = gauss.to_all @ (spines / keep[:, :-1])
    weighted *= h
    starts = _recur(keep[:, -1], keep[:, -1] * weighted[:, -1])
    nodes = keep[:, :-1] * (starts[:, None] + weighted[:, :-1])
    return starts, nodes


def consolidated_starts(labile_nodes: Array, grid: Grid, pools: Pools) -> Array:
    """Consolidated synapses at the start of each element: (e, p)."""
    gauss = rule(grid.nodes)
    left = grid.shape_length_h[:, None, None] * (1 - gauss.node)[:, None]
    decay = np.exp(-pools.consolidated_loss_per_h * left)[grid.shape]
    gained = np.einsum("n,enp,enp->ep", gauss.to_end, labile_nodes, decay)
    keep = np.exp(-pools.consolidated_loss_per_h * grid.length_h[:, None])
    return _recur(keep, grid.length_h[:, None] * pools.consolidation_per_h * gained)


def _recur(keep: Array, gained: Array) -> Array:
    """Values at element starts of y <- keep y + gained, from 0."""
    starts = np.zeros_like(gained)
    for e in range(1, len(gained)):
        starts[e] = keep[e - 1] * starts[e - 1] + gained[e - 1]
    return starts


def _chain_at_outputs(
    plan: Plan, pools: Pools, released: Array, filters: Array, spines: Array, labile: Array, consolidated: Array
) -> Array:
    """Chain states at the output times from the values at element starts: (4, q, p)."""
    grid, operators = plan.grid, plan.operators
    gauss = rule(grid.nodes)
    element = np.maximum(grid.output_element, 0)
    h = grid.length_h[element, None]
    to = operators.output_to
    out = np.zeros((4, *labile[element].shape))
    linear = operators.output_state @ filters[element] + operators.output_surge @ released[element]
    out[SIGNAL_ROW], out[FUNCTION_ROW] = linear[:, SIGNAL], linear[:, FUNCTION]
    rate = spines[element] / pools.labile_max + pools.labile_loss_per_h + pools.consolidation_per_h
    exponent = h[..., None] * (gauss.to_node @ rate)
    weighted = spines[element] * np.exp(exponent)
    nodes = np.exp(-exponent) * (labile[element, None] + h[..., None] * (gauss.to_node @ weighted))
    gained = h * np.einsum("qn,qnp->qp", to, weighted)
    out[LABILE_ROW] = np.exp(-h * np.einsum("qn,qnp->qp", to, rate)) * (labile[element] + gained)
    fade = pools.consolidated_loss_per_h
    theta = grid.output_theta[:, None]
    source = nodes * np.exp(-fade * h[..., None] * (theta - gauss.node)[..., None])
    out[CONSOLIDATED_ROW] = consolidated[element] * np.exp(-fade * h * theta)
    out[CONSOLIDATED_ROW] += h * pools.consolidation_per_h * np.einsum("qn,qnp->qp", to, source)
    return out
