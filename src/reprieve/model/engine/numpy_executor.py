"""The method in NumPy: the readable definition, always there, and the oracle of the Numba executor."""

from __future__ import annotations

import numpy as np

from reprieve.model.engine.grid import Array, Grid, Index, rule
from reprieve.model.engine.operators import FUNCTION, SIGNAL, Operators
from reprieve.model.engine.problem import (
    CONSOLIDATED_ROW,
    FUNCTION_ROW,
    LABILE_ROW,
    SIGNAL_ROW,
    Plasma,
    Pools,
    Problem,
    States,
)
from reprieve.model.receptor import block, surge


def run(problem: Problem) -> States:
    """Integrate the chain for one chunk of patients."""
    grid, operators, pools = problem.grid, problem.operators, problem.pools
    signal = block_signal(problem.plasma, grid)
    released = surge(block(signal), pools.surge_zero, pools.surge_gate)
    filters = filter_starts(released, grid, operators)
    spines = formation(released, filters, grid, operators, pools)
    labile, labile_nodes = labile_starts(spines, grid, pools)
    consolidated = consolidated_starts(labile_nodes, grid, pools)
    chain = _chain_at_outputs(problem, released, filters, spines, labile, consolidated)
    chain[:, grid.output_element < 0] = 0
    plasma = at_times(problem.plasma, grid.plasma_segment, grid.plasma_tau_h)
    return States(plasma.swapaxes(1, 2), chain.swapaxes(1, 2), signal.max(axis=(0, 1)))


def block_signal(plasma: Plasma, grid: Grid) -> Array:
    """The block signal x at every node of every element: (e, n, p). Elements of one template share exponentials."""
    level = plasma.level * plasma.gain[0]
    level[:, plasma.repeated] += plasma.lag * plasma.ramp[0]
    slope = plasma.level[:, plasma.repeated] * plasma.ramp[0]
    used = np.flatnonzero(level.any(axis=(0, 2)))
    climbing = np.flatnonzero(slope.any(axis=(0, 2)))
    height = np.concatenate([level[:, used], slope[:, climbing]], axis=1)
    start = _inflow(plasma)[:, 0]
    out = np.empty((grid.elements, grid.nodes, start.shape[-1]))
    for template, tau in enumerate(grid.template_node_h[..., None]):
        here = np.flatnonzero(grid.template == template)
        segment = grid.segment[here]
        decay = np.exp(-plasma.rate_per_h[used, None] * tau)
        if climbing.size:
            late = np.exp(-plasma.rate_per_h[plasma.repeated[climbing], None] * tau)
            decay = np.concatenate([decay, tau * late])
        out[here] = np.einsum("kmp,mnp->knp", height[segment], decay) + start[segment, None]
    return out


def at_times(plasma: Plasma, segment: Index, tau_h: Array) -> Array:
    """Every output of the disposition `tau_h` (q,) after rate change `segment` (q,): (s, q, p); zero where it is -1."""
    tau = tau_h[:, None]
    out = _inflow(plasma)[segment].swapaxes(0, 1).copy()
    ramp_of = {int(m): r for r, m in enumerate(plasma.repeated)}
    for m, rate in enumerate(plasma.rate_per_h):
        decay = np.exp(-rate * tau)
        level = plasma.level[segment, m]
        out += plasma.gain[:, m, None] * (level * decay)
        if m in ramp_of:
            r = ramp_of[m]
            out += plasma.ramp[:, r, None] * ((plasma.lag[segment, r] + level * tau) * decay)
    out[:, segment < 0] = 0
    return np.maximum(out, 0)


def _inflow(plasma: Plasma) -> Array:
    """Steady part of every output after each rate change: (v, s, p)."""
    return np.asarray(np.einsum("sgp,vgp->vsp", plasma.steady, plasma.inflow))


def filter_starts(released: Array, grid: Grid, operators: Operators) -> Array:
    """Signal, function and delay at the start of each element: (e, 3, p)."""
    gained = operators.end_surge[grid.shape] @ released
    starts = np.zeros_like(gained)
    state = np.zeros_like(gained[0])
    for e, shape in enumerate(grid.shape):
        starts[e] = state
        state = operators.end_state[shape] @ state + gained[e]
    return starts


def formation(released: Array, filters: Array, grid: Grid, operators: Operators, pools: Pools) -> Array:
    """Spine formation kM M at the nodes: (e, n, p)."""
    delay = operators.delay_state[grid.shape] @ filters + operators.delay_surge[grid.shape] @ released
    return np.asarray(pools.formation_per_h * delay)


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
    problem: Problem, released: Array, filters: Array, spines: Array, labile: Array, consolidated: Array
) -> Array:
    """Chain states at the output times from the values at element starts: (4, q, p)."""
    grid, operators, pools = problem.grid, problem.operators, problem.pools
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
