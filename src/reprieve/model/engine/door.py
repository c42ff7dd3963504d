"""The one door of the engine: a request in, plasma and chain out, with the error it believes it makes.

Everybody is solved on the plain grid. Patients whose own rates need a finer one are grouped by how fine, and solved
again. The hardest patients of each group (extremes of every rate) are checked with two more nodes; if the two chains
differ by more than the tolerance the group moves to a finer grid, and after `refinements` moves the run is refused.
Patients whose surge reaches zero get a grid of their own with edges at the crossings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError, NumericsError
from reprieve.model.engine import kink, numpy_executor
from reprieve.model.engine.grid import Array, Index
from reprieve.model.engine.numerics import Numerics, numerics
from reprieve.model.engine.plan import Fineness, Plan, Times, plan
from reprieve.model.engine.problem import Answer, Flags, Request

Executor = Callable[[Request, Plan, Answer], None]
PLAIN: Fineness = (0, 0)


def solve(request: Request, executor: str = "auto", skip: Flags | None = None) -> tuple[Answer, float]:
    """The answer for every patient but those to `skip` (p,), and the largest error estimated.

    What the answer holds for skipped patients has no meaning.

    Raises `InputError` for an unknown executor and `NumericsError` if the tolerance cannot be met.
    """
    settings = numerics()
    run = _executor(executor_name(executor, request.patients))
    answer = Answer.empty(request)
    plain = plan(request, PLAIN, settings.nodes)
    run(request, plain, answer)
    wanted = np.ones(request.patients, dtype=np.bool_) if skip is None else ~skip
    estimates = [0.0]
    for member in kink.passing(request, plain.grid, wanted):
        alone = np.array([member])
        found = kink.edges(request.take(alone), plain.grid)
        estimates.append(_settle(request, alone, PLAIN, numpy_executor.run, answer, found))
        wanted[member] = False
    for fineness, members in _groups(request, np.flatnonzero(wanted).astype(np.int64), settings):
        estimates.append(_settle(request, members, fineness, run, answer))
    return answer, max(estimates)


def executor_name(name: str, patients: int) -> str:
    """`numpy` or `numba`; `auto` takes Numba from the population size at which it pays.

    Raises `InputError` for another name.
    """
    if name not in ("auto", "numpy", "numba"):
        raise InputError("executor", name, "must be auto, numpy or numba")
    if name != "auto":
        return name
    return "numba" if patients >= numerics().numba_from_patients else "numpy"


def _executor(name: str) -> Executor:
    if name == "numpy":
        return numpy_executor.run
    from reprieve.model.engine import numba_executor

    return numba_executor.run


def _groups(request: Request, members: Index, settings: Numerics) -> list[tuple[Fineness, Index]]:
    """Patients by the fineness (front, tail) that their fastest rates need, in steps of `fineness_step`."""
    pools = request.pools
    front = _halvings(request.modes.rate_per_h.max(axis=0) * settings.first_element_h / settings.front_reach)
    loss = np.maximum(pools.labile_loss_per_h + pools.consolidation_per_h, pools.consolidated_loss_per_h)
    tail = _halvings(loss * settings.day_h / settings.tail_reach)
    steps = -(-np.stack([front, tail])[:, members] // settings.fineness_step)
    kinds, which = np.unique(steps[0] * (steps[1].max(initial=0) + 1) + steps[1], return_inverse=True)
    groups = [members[which == i] for i in range(len(kinds))]
    firsts = [steps[:, (which == i).argmax()] * settings.fineness_step for i in range(len(kinds))]
    return [((int(kind[0]), int(kind[1])), group) for kind, group in zip(firsts, groups, strict=True)]


def _halvings(excess: Array) -> NDArray[np.int64]:
    """How often an element must be halved for the exponent over it to come down by the factor `excess`."""
    return np.ceil(np.log2(np.maximum(excess, 1))).astype(np.int64)


def _settle(
    request: Request, members: Index, fineness: Fineness, run: Executor, answer: Answer, edges_h: Times = ()
) -> float:
    """Solve one group on finer grids until its hardest patients agree; returns their largest difference.

    The answer already holds the group's plasma, which no grid changes, and its chain on the plain grid.
    """
    settings = numerics()
    hardest = _hardest(request, members)
    few = request.chain_only(hardest)
    for _ in range(settings.refinements + 1):
        if fineness != PLAIN or edges_h:
            answer.chain[:, hardest] = _chain(few, fineness, settings.nodes, numpy_executor.run, edges_h)
        again = _chain(few, fineness, settings.nodes + 2, numpy_executor.run, edges_h)
        error = difference(answer.chain[:, hardest], again)
        if error <= settings.tolerance:
            others = np.setdiff1d(members, hardest) if fineness != PLAIN else hardest[:0]
            if others.size:
                answer.chain[:, others] = _chain(request.chain_only(others), fineness, settings.nodes, run)
            return error
        fineness = (fineness[0] + 1, fineness[1] + 1)
    raise NumericsError(
        f"accuracy {settings.tolerance:g} was not reached: difference {error:.1e} between two orders; "
        "check the patients' rates for extreme values"
    )


def _chain(request: Request, fineness: Fineness, nodes: int, run: Executor, edges_h: Times = ()) -> Array:
    held = Answer.empty(request)
    run(request, plan(request, fineness, nodes, edges_h), held)
    return held.chain


def difference(first: Array, second: Array) -> float:
    """The engine's error measure |a - b| / (|b| + 1e-3), largest over everything."""
    floor = numerics().error_floor
    return float(np.max(np.abs(first - second) / (np.abs(second) + floor), initial=0))


def _hardest(request: Request, members: Index) -> Index:
    """The patients at the extremes of every rate and of the block signal's steady part."""
    pools = request.pools
    single = (pools.labile_loss_per_h, pools.consolidated_loss_per_h, request.signal.steady.max(axis=0))
    rows = np.vstack([request.modes.rate_per_h, *single])[:, members]
    return np.asarray(members[np.unique([*rows.argmin(axis=1), *rows.argmax(axis=1)])])
