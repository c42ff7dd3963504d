"""The one door of the engine: patients in, plasma and chain out, with the error it believes it makes.

Patients are grouped by how fine a grid their own rates need, chunked, and handed to an executor. The hardest
patients of each group (extremes of every rate) are solved again with two more nodes; if the two answers differ by
more than the tolerance the whole group moves to a finer grid, and after `refinements` moves the run is refused.
Patients whose surge reaches zero get a grid of their own with edges at the crossings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError, NumericsError
from reprieve.model.disposition.modes import Modes
from reprieve.model.disposition.schedule import Schedule
from reprieve.model.engine import grid as grids
from reprieve.model.engine import numpy_executor, operators
from reprieve.model.engine.grid import Array, Grid, Index
from reprieve.model.engine.numerics import Numerics, numerics
from reprieve.model.engine.problem import Plasma, Pools, Problem, States
from reprieve.model.receptor import block, surge

Executor = Callable[[Problem], States]
Fineness = tuple[int, int]
Into = tuple[Array, Array, Array]
CHAIN = ("signal", "functional", "labile", "consolidated")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the engine: disposition, schedule, parameters, outputs, sorted times of plasma and chain.

    `signal_gain` (m, p), `signal_ramp` (m, p), `signal_steady` (g, p): the block signal x per unit inflow.
    """

    modes: Modes
    schedule: Schedule
    outputs: tuple[str, ...]
    plasma_h: Array
    chain_h: Array
    pools: Pools
    filters: operators.Filters
    signal_gain: Array
    signal_ramp: Array
    signal_steady: Array


@dataclass(frozen=True, slots=True)
class Answer:
    """Outputs by name (p, q), block and surge (p, q) at the plasma times, chain states by name (p, q) at theirs.

    `peak_signal` (p,) is the largest block signal x met; `error_estimate` see the module.
    """

    plasma: Mapping[str, Array]
    block: Array
    surge: Array
    chain: Mapping[str, Array]
    error_estimate: float
    peak_signal: Array


def solve(request: Request, executor: str = "auto") -> Answer:
    """Solve every patient of a request.

    Raises `InputError` for an unknown executor and `NumericsError` if the tolerance cannot be met.
    """
    settings = numerics()
    run, chunk = _executor(executor, request.pools.labile_max.size, settings)
    pools = request.pools
    patients = pools.labile_max.size
    plasma = np.zeros((1 + len(request.outputs), patients, request.plasma_h.size))
    chain = np.zeros((len(CHAIN), patients, request.chain_h.size))
    peak = np.zeros(patients)
    worst = 0.0
    for fineness, members in _groups(request, settings):
        error = _settle(request, members, fineness, run, chunk, settings, (plasma, chain, peak))
        worst = max(worst, error)
    _redo_kinks(request, settings, (plasma, chain, peak))
    blocked = block(plasma[0])
    released = surge(blocked, pools.surge_zero[:, None], pools.surge_gate[:, None])
    named = dict(zip(request.outputs, plasma[1:], strict=True))
    return Answer(named, blocked, released, dict(zip(CHAIN, chain, strict=True)), worst, peak)


def executor_name(name: str, patients: int) -> str:
    """`numpy` or `numba`; `auto` takes Numba from the population size at which it pays.

    Raises `InputError` for another name.
    """
    if name not in ("auto", "numpy", "numba"):
        raise InputError("executor", name, "must be auto, numpy or numba")
    if name != "auto":
        return name
    return "numba" if patients >= numerics().numba_from_patients else "numpy"


def _executor(name: str, patients: int, settings: Numerics) -> tuple[Executor, int]:
    if executor_name(name, patients) == "numpy":
        return numpy_executor.run, settings.numpy_chunk
    from reprieve.model.engine import numba_executor

    return numba_executor.run, settings.numba_chunk


def _groups(request: Request, settings: Numerics) -> list[tuple[Fineness, Index]]:
    """Patients by the fineness (front, tail) that their fastest rates need, in steps of `fineness_step`."""
    front = _halvings(request.modes.rate_per_h.max(axis=0) * settings.first_element_h / settings.front_reach)
    loss = request.pools.labile_loss_per_h + request.pools.consolidation_per_h
    slowest = np.maximum(loss, request.pools.consolidated_loss_per_h)
    tail = _halvings(slowest * settings.day_h / settings.tail_reach)
    step = settings.fineness_step
    keys = -(-np.column_stack([front, tail]) // step) * step
    kinds, which = np.unique(keys, axis=0, return_inverse=True)
    members = (np.flatnonzero(which.reshape(-1) == i).astype(np.int64) for i in range(len(kinds)))
    return [((int(kind[0]), int(kind[1])), group) for kind, group in zip(kinds, members, strict=True)]


def _halvings(excess: Array) -> NDArray[np.int64]:
    """How often an element must be halved for the exponent over it to come down by the factor `excess`."""
    return np.ceil(np.log2(np.maximum(excess, 1))).astype(np.int64)


def _settle(
    request: Request,
    members: Index,
    fineness: Fineness,
    run: Executor,
    chunk: int,
    settings: Numerics,
    into: Into,
) -> float:
    """Solve one group, on finer grids until its hardest patients agree; returns their largest difference."""
    hardest = _hardest(request, members)
    others = np.setdiff1d(members, hardest)
    for _ in range(settings.refinements + 1):
        _solve_on(request, hardest, fineness, run, into)
        error = _check(request, hardest, fineness, settings.nodes + 2, into)
        if error <= settings.tolerance:
            for start in range(0, others.size, chunk):
                _solve_on(request, others[start : start + chunk], fineness, run, into)
            return error
        fineness = (fineness[0] + 1, fineness[1] + 1)
    raise NumericsError(
        f"accuracy {settings.tolerance:g} was not reached: difference {error:.1e} between two orders; "
        "check the patients' rates for extreme values"
    )


def _solve_on(request: Request, members: Index, fineness: Fineness, run: Executor, into: Into) -> None:
    plan = _plan(request, fineness, numerics().nodes)
    _store(run(Problem(*plan, _plasma(request, members), _take(request.pools, members))), members, into)


def _check(request: Request, members: Index, fineness: Fineness, nodes: int, stored: Into) -> float:
    """Largest difference between the chain stored for `members` and their solution with `nodes` nodes.

    Plasma is exact whatever the grid, so it says nothing here.
    """
    plan = _plan(request, fineness, nodes)
    again = numpy_executor.run(Problem(*plan, _plasma(request, members), _take(request.pools, members)))
    return difference(stored[1][:, members], again.chain)


def difference(first: Array, second: Array) -> float:
    """The engine's error measure |a - b| / (|b| + 1e-3), largest over everything."""
    floor = numerics().error_floor
    return float(np.max(np.abs(first - second) / (np.abs(second) + floor), initial=0))


def _hardest(request: Request, members: Index) -> Index:
    """The patients at the extremes of every rate and of the largest inflow."""
    pools = request.pools
    rows = np.vstack(
        [
            request.modes.rate_per_h,
            pools.labile_loss_per_h,
            pools.consolidated_loss_per_h,
            request.signal_steady.max(axis=0),
        ]
    )[:, members]
    return np.asarray(members[np.unique([*rows.argmin(axis=1), *rows.argmax(axis=1)])])


def _plan(
    request: Request, fineness: Fineness, nodes: int, extra_h: tuple[float, ...] = ()
) -> tuple[Grid, operators.Operators]:
    """Grid and operators of a fineness."""
    event_h = tuple(np.unique(request.schedule.time_h).tolist())
    times = (tuple(request.chain_h.tolist()), tuple(request.plasma_h.tolist()))
    return _cached_plan(event_h, times, request.filters, fineness, nodes, extra_h)


@lru_cache(maxsize=32)
def _cached_plan(
    event_h: tuple[float, ...],
    times_h: tuple[tuple[float, ...], tuple[float, ...]],
    filters: operators.Filters,
    fineness: Fineness,
    nodes: int,
    extra_h: tuple[float, ...],
) -> tuple[Grid, operators.Operators]:
    settings = numerics()
    front, tail = (2.0**-level for level in fineness)
    finer = replace(
        settings,
        first_element_h=settings.first_element_h * front,
        longest_first_day_h=settings.longest_first_day_h * tail,
        longest_second_day_h=settings.longest_second_day_h * tail,
        day_h=settings.day_h * tail,
    )
    chain_h, plasma_h = (np.array(times) for times in times_h)
    end_h = max(float(chain_h.max(initial=0)), event_h[-1] + settings.first_element_h)
    grid = grids.build(np.array(event_h), end_h, chain_h, plasma_h, nodes, finer, np.array(extra_h))
    return grid, operators.build(grid, filters)


def _store(states: States, members: Index, into: Into) -> None:
    plasma, chain, peak = into
    where = _span(members)
    plasma[:, where] = states.plasma
    chain[:, where] = states.chain
    peak[members] = states.peak


def _span(members: Index) -> Index | slice:
    """Members as a slice if they are neighbours: assignment is then a plain copy."""
    if members.size and members[-1] - members[0] == members.size - 1:
        return slice(int(members[0]), int(members[-1]) + 1)
    return members


def _take(pools: Pools, members: Index) -> Pools:
    varying: dict[str, Any] = {name: getattr(pools, name)[members] for name in Pools.__slots__[:-1]}
    return Pools(**varying, formation_per_h=pools.formation_per_h)


def _plasma(request: Request, members: Index) -> Plasma:
    gains = (request.signal_gain, request.signal_ramp, request.signal_steady)
    return plasma_of(request.modes, request.schedule, gains, request.outputs, members)


def plasma_of(
    modes: Modes,
    schedule: Schedule,
    gains: tuple[Array, Array, Array],
    outputs: tuple[str, ...],
    members: Index,
) -> Plasma:
    """Amplitudes of every mode after each distinct rate change, carried from change to change by decay alone.

    `gains` are gain, ramp and steady part of output 0, the block signal; `outputs` name the others.
    """
    rate = modes.rate_per_h[:, members]
    port = np.array(modes.port)
    repeated = np.flatnonzero(modes.repeated).astype(np.int64)
    times = np.unique(schedule.time_h)
    level = np.zeros((times.size, *rate.shape))
    lag = np.zeros((times.size, repeated.size, members.size))
    inflow = np.zeros((times.size, len(modes.ports), members.size))
    now_level, now_lag, now_inflow = np.zeros_like(rate), np.zeros_like(lag[0]), np.zeros_like(inflow[0])
    for v, time in enumerate(times):
        if v:
            elapsed = time - times[v - 1]
            decay = np.exp(-rate * elapsed)
            now_lag = (now_lag + now_level[repeated] * elapsed) * decay[repeated]
            now_level = now_level * decay
        for change in np.flatnonzero(schedule.time_h == time):
            entered = schedule.port[change]
            mine = (port == entered)[:, None]
            impulse = schedule.impulse_mg[change, members]
            now_inflow = now_inflow.copy()
            now_inflow[entered] += schedule.step_mg_per_h[change, members]
            now_level = now_level + mine * (schedule.step_mg_per_h[change, members] - rate * impulse)
            now_lag = now_lag + mine[repeated] * impulse
        level[v], lag[v], inflow[v] = now_level, now_lag, now_inflow
    steady = [gains[2], *(modes.steady[name] for name in outputs)]
    gain = [gains[0], *(modes.gain[name] for name in outputs)]
    ramp = [gains[1][repeated], *(modes.ramp[name][repeated] for name in outputs)]
    stacked = (np.array([x[:, members] for x in part]) for part in (steady, gain, ramp))
    return Plasma(rate, level, lag, inflow, repeated, *stacked)


def _redo_kinks(request: Request, settings: Numerics, into: Into) -> None:
    """Solve again, one by one, the patients whose block passes R0: their grid gets edges at the crossings."""
    zero = request.pools.surge_zero
    limit = np.where(zero < 1, zero / np.maximum(1 - zero, np.finfo(float).tiny), np.inf)
    for i in np.flatnonzero(into[2] >= limit):
        members = np.array([i], dtype=np.int64)
        fineness = next(kind for kind, group in _groups(request, settings) if i in group)
        edges = _crossings(request, members, fineness, float(limit[i]), settings)
        plan = _plan(request, fineness, settings.nodes + 2, edges)
        problem = Problem(*plan, _plasma(request, members), _take(request.pools, members))
        _store(numpy_executor.run(problem), members, into)


def _crossings(
    request: Request, members: Index, fineness: Fineness, limit: float, settings: Numerics
) -> tuple[float, ...]:
    """Times at which the block signal crosses `limit`, by bisection between neighbouring nodes."""
    grid, _ = _plan(request, fineness, settings.nodes)
    plasma = _plasma(request, members)
    node_h = (grid.start_h[:, None] + grid.length_h[:, None] * grids.rule(grid.nodes).node).reshape(-1)
    above = numpy_executor.block_signal(plasma, grid).reshape(-1) > limit
    at = np.flatnonzero(above[1:] != above[:-1])
    low, high, start_above = node_h[at].copy(), node_h[at + 1].copy(), above[at]
    event_h = np.unique(request.schedule.time_h)
    for _ in range(settings.bisections):
        middle = (low + high) / 2
        here = numpy_executor.at_times(plasma, *grids.since(event_h, middle))[0, :, 0] > limit
        low = np.where(here == start_above, middle, low)
        high = np.where(here == start_above, high, middle)
    return tuple(low.tolist())
