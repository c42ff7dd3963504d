"""Amplitudes of every mode after each rate change, carried from change to change by decay alone.

At the time tau after rate change v
    a_m = level[v, m] exp(-rate[m] tau),   b_m = (lag[v, m] + level[v, m] tau) exp(-rate[m] tau)   (repeated modes)
    y   = sum_g steady[g] inflow[v, g] + sum_m gain[m] a_m + sum_r ramp[r] b_r
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.model.disposition.modes import Modes
from reprieve.model.disposition.schedule import Schedule
from reprieve.model.engine.grid import Array, Grid, Index
from reprieve.model.engine.problem import Gains


@dataclass(frozen=True, slots=True)
class Amplitudes:
    """`rate_per_h` (m, p), `level` (v, m, p), `lag` (v, r, p), `inflow` (v, g, p), `repeated` (r,)."""

    rate_per_h: Array
    level: Array
    lag: Array
    inflow: Array
    repeated: Index


def amplitudes(modes: Modes, schedule: Schedule) -> Amplitudes:
    """Amplitudes after every distinct time of the schedule."""
    rate = modes.rate_per_h
    port = np.array(modes.port)
    repeated = np.flatnonzero(modes.repeated).astype(np.int64)
    times = np.unique(schedule.time_h)
    level = np.zeros((times.size, *rate.shape))
    lag = np.zeros((times.size, repeated.size, rate.shape[1]))
    inflow = np.zeros((times.size, len(modes.ports), rate.shape[1]))
    for v, time in enumerate(times):
        if v:
            elapsed = time - times[v - 1]
            decay = np.exp(-rate * elapsed)
            lag[v] = (lag[v - 1] + level[v - 1, repeated] * elapsed) * decay[repeated]
            level[v] = level[v - 1] * decay
            inflow[v] = inflow[v - 1]
        for change in np.flatnonzero(schedule.time_h == time):
            entered = int(schedule.port[change])
            step, impulse = schedule.step_mg_per_h[change], schedule.impulse_mg[change]
            mine = (port == entered)[:, None]
            inflow[v, entered] += step
            level[v] += mine * (step - rate * impulse)
            lag[v] += mine[repeated] * impulse
    return Amplitudes(rate, level, lag, inflow, repeated)


def at_times(held: Amplitudes, gains: list[Gains], segment: Index, tau_h: Array) -> Array:
    """Signals `tau_h` (q,) after rate change `segment` (q,): (s, q, p); zero where the change is -1."""
    tau = tau_h[:, None]
    out = np.stack([_inflow(held, one)[segment] for one in gains])
    ramp_of = {int(m): r for r, m in enumerate(held.repeated)}
    for m, rate in enumerate(held.rate_per_h):
        decay = np.exp(-rate * tau)
        level = held.level[segment, m]
        for s, one in enumerate(gains):
            if one.gain[m].any():
                out[s] += one.gain[m] * (level * decay)
            if m in ramp_of and one.ramp[m].any():
                out[s] += one.ramp[m] * ((held.lag[segment, ramp_of[m]] + level * tau) * decay)
    out[:, segment < 0] = 0
    return np.maximum(out, 0)


def at_nodes(held: Amplitudes, signal: Gains, grid: Grid) -> Array:
    """A signal at every node of every element: (e, n, p). Elements of one template share exponentials."""
    level = held.level * signal.gain
    level[:, held.repeated] += held.lag * signal.ramp[held.repeated]
    slope = held.level[:, held.repeated] * signal.ramp[held.repeated]
    used = np.flatnonzero(level.any(axis=(0, 2)))
    climbing = np.flatnonzero(slope.any(axis=(0, 2)))
    height = np.concatenate([level[:, used], slope[:, climbing]], axis=1)
    start = _inflow(held, signal)
    out = np.empty((grid.elements, grid.nodes, start.shape[-1]))
    for template, tau in enumerate(grid.template_node_h[..., None]):
        here = np.flatnonzero(grid.template == template)
        segment = grid.segment[here]
        decay = np.exp(-held.rate_per_h[used, None] * tau)
        if climbing.size:
            late = np.exp(-held.rate_per_h[held.repeated[climbing], None] * tau)
            decay = np.concatenate([decay, tau * late])
        out[here] = np.einsum("kmp,mnp->knp", height[segment], decay) + start[segment, None]
    return out


def _inflow(held: Amplitudes, signal: Gains) -> Array:
    """Steady part of a signal after each rate change: (v, p)."""
    return np.asarray(np.einsum("gp,vgp->vp", signal.steady, held.inflow))
