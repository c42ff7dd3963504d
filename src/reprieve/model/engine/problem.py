"""What an executor is given and returns: one schedule, one grid, arrays with one column per patient.

Letters in shapes: v rate changes, m modes, r modes with a ramp, g ports, s outputs, e elements, n nodes,
q output times, p patients.
"""

from __future__ import annotations

from dataclasses import dataclass

from reprieve.model.engine.grid import Array, Grid, Index
from reprieve.model.engine.operators import Operators


@dataclass(frozen=True, slots=True)
class Plasma:
    """Linear disposition of a chunk. At the time tau after rate change v

        a_m = level[v, m] exp(-rate[m] tau),   b_m = (lag[v, m] + level[v, m] tau) exp(-rate[m] tau)   (m in r)
        y_s = sum_g steady[s, g] inflow[v, g] + sum_m gain[s, m] a_m + sum_r ramp[s, r] b_r

    `rate_per_h` (m, p), `level` (v, m, p), `lag` (v, r, p), `inflow` (v, g, p), `repeated` (r,);
    `steady` (s, g, p), `gain` (s, m, p), `ramp` (s, r, p). Output 0 is the block signal x, which drives the chain.
    """

    rate_per_h: Array
    level: Array
    lag: Array
    inflow: Array
    repeated: Index
    steady: Array
    gain: Array
    ramp: Array


@dataclass(frozen=True, slots=True)
class Pools:
    """Patient parameters of surge and synapses, each (p,), rates per hour; spine formation is common to all."""

    surge_zero: Array
    surge_gate: Array
    labile_loss_per_h: Array
    consolidation_per_h: Array
    consolidated_loss_per_h: Array
    labile_max: Array
    formation_per_h: float


@dataclass(frozen=True, slots=True)
class Problem:
    """One chunk of patients under one schedule."""

    grid: Grid
    operators: Operators
    plasma: Plasma
    pools: Pools


@dataclass(frozen=True, slots=True)
class States:
    """`plasma` (s, p, q); `chain` (4, p, q): signal, function, labile, consolidated; `peak` (p,): the largest x.

    The output times q of plasma and chain differ.
    """

    plasma: Array
    chain: Array
    peak: Array


SIGNAL_ROW, FUNCTION_ROW, LABILE_ROW, CONSOLIDATED_ROW = range(4)
