"""The same system through adaptive solvers: numbalsoda and SciPy (LSODA), diffrax (Tsit5).

Each solver gets what suits it: a compiled right-hand side without allocation, one call per smooth segment
(all restart at rate changes), all patients in one compiled loop where it offers one, and both tolerances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import carray, cfunc, njit  # type: ignore[attr-defined]
from numpy.typing import NDArray

from benchmarks.equations import (
    INFLOW_R,
    INFLOW_S,
    PARAMETERS,
    PER_MG,
    STATES,
    acute,
    chain,
    kinetics,
    system,
)
from tests.oracle.solver import Change

Array = NDArray[np.float64]
Index = NDArray[np.int64]
MOST_STEPS = 1_000_000


@dataclass(frozen=True, slots=True)
class Segments:
    """Smooth pieces of a schedule, and the times asked of each.

    `times` holds, piece after piece, its start, the output times inside it and its end; `first` (v + 1,)
    where each piece begins; `row` (len(times),) the output row of each time, -1 for starts and ends;
    `rate` (v, 2, p) inflows of S and R in mg/h; `outputs` the number of output times.
    """

    times: Array
    first: Index
    row: Index
    rate: Array
    outputs: int


def segments(changes: list[list[Change]], output_h: Array) -> Segments:
    """Pieces of one schedule (rates may differ between patients, times may not), for sorted `output_h`."""
    starts = [c.time_h for c in changes[0]]
    ends = [*starts[1:], max(float(output_h[-1]), starts[-1])]
    times: list[float] = []
    row: list[int] = []
    first = [0]
    keep = []
    for v, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end <= start:
            continue
        inside = np.flatnonzero((output_h > start) & (output_h <= end))
        times += [start, *output_h[inside].tolist()]
        row += [-1, *inside.tolist()]
        if times[-1] < end:
            times.append(end)
            row.append(-1)
        first.append(len(times))
        keep.append(v)
    rate = np.array([[[c[v].s_mg_per_h for c in changes], [c[v].r_mg_per_h for c in changes]] for v in keep])
    return Segments(np.array(times), np.array(first), np.array(row), rate, output_h.size)


@njit
def _copy(rows, row, found):  # type: ignore[no-untyped-def]
    for i in range(row.size):
        if row[i] >= 0:
            found[row[i]] = rows[i]


class Numbalsoda:
    """LSODA called from compiled code, a loop over patients and segments."""

    name = "numbalsoda LSODA"

    def __init__(self) -> None:
        from numbalsoda import lsoda, lsoda_sig

        @cfunc(lsoda_sig)
        def rhs(t, y_, d_, p_):  # type: ignore[no-untyped-def]
            system(carray(y_, (STATES,)), carray(d_, (STATES,)), carray(p_, (PARAMETERS,)))

        @njit
        def loop(address, packed, times, first, row, rate, rtol, atol, found):  # type: ignore[no-untyped-def]
            failed = 0
            for i in range(packed.shape[0]):
                data = packed[i].copy()
                y = np.zeros(STATES)
                for v in range(first.size - 1):
                    data[INFLOW_S] = rate[v, 0, i] * data[PER_MG]
                    data[INFLOW_R] = rate[v, 1, i] * data[PER_MG]
                    here = slice(first[v], first[v + 1])
                    rows, success = lsoda(address, y, times[here], data, rtol, atol, MOST_STEPS)
                    failed += not success
                    _copy(rows, row[here], found[i])
                    y = rows[-1].copy()
            return failed

        self._rhs, self._loop = rhs, loop

    def __call__(self, packed: Array, pieces: Segments, rtol: float, atol: float) -> Array:
        """States (p, q, state)."""
        found = np.zeros((len(packed), pieces.outputs, STATES))
        failed = self._loop(
            self._rhs.address,
            packed,
            pieces.times,
            pieces.first,
            pieces.row,
            pieces.rate,
            rtol,
            atol,
            found,
        )
        if failed:
            raise RuntimeError(f"LSODA failed on {failed} segments")
        return found


class Scipy:
    """scipy.integrate.odeint (LSODA), compiled right-hand side, a Python loop over patients and segments."""

    name = "SciPy odeint, Numba right-hand side"

    def __init__(self) -> None:
        @njit
        def rhs(t, y, p):  # type: ignore[no-untyped-def]
            d = np.empty(STATES)
            system(y, d, p)
            return d

        self._rhs: Any = rhs

    def __call__(self, packed: Array, pieces: Segments, rtol: float, atol: float) -> Array:
        """States (p, q, state)."""
        from scipy.integrate import odeint

        found = np.zeros((len(packed), pieces.outputs, STATES))
        for i, constants in enumerate(packed):
            data, y = constants.copy(), np.zeros(STATES)
            for v in range(len(pieces.first) - 1):
                data[INFLOW_S], data[INFLOW_R] = pieces.rate[v, :, i] * data[PER_MG]
                here = slice(pieces.first[v], pieces.first[v + 1])
                rows = odeint(
                    self._rhs,
                    y,
                    pieces.times[here],
                    args=(data,),
                    tfirst=True,
                    rtol=rtol,
                    atol=atol,
                    mxstep=MOST_STEPS,
                )
                wanted = pieces.row[here]
                found[i, wanted[wanted >= 0]] = rows[wanted >= 0]
                y = rows[-1]
        return found


class Diffrax:
    """diffrax Tsit5 in float64, all patients in one vmap, one solve per segment."""

    name = "diffrax Tsit5, vmap"

    def __init__(self) -> None:
        import diffrax
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)

        def rhs(t: Any, y: Any, p: Any) -> Any:
            return jnp.stack([*kinetics(y, p), *chain(y, p, lambda x: jnp.maximum(0.0, x)), *acute(y, p)])

        def solve(y: Any, p: Any, times: Any, rtol: Any, atol: Any) -> Any:
            found = diffrax.diffeqsolve(
                diffrax.ODETerm(rhs),
                diffrax.Tsit5(),
                times[0],
                times[-1],
                None,
                y,
                args=p,
                saveat=diffrax.SaveAt(ts=times),
                stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol),
                max_steps=10_000_000,
            )
            return found.ys

        self._solve = jax.jit(jax.vmap(solve, in_axes=(0, 0, None, None, None)))
        self._block = jax.block_until_ready

    def __call__(self, packed: Array, pieces: Segments, rtol: float, atol: float) -> Array:
        """States (p, q, state)."""
        found = np.zeros((len(packed), pieces.outputs, STATES))
        data = packed.copy()
        y = np.zeros((len(packed), STATES))
        for v in range(len(pieces.first) - 1):
            data[:, INFLOW_S] = pieces.rate[v, 0] * data[:, PER_MG]
            data[:, INFLOW_R] = pieces.rate[v, 1] * data[:, PER_MG]
            here = slice(pieces.first[v], pieces.first[v + 1])
            rows = np.asarray(self._block(self._solve(y, data, pieces.times[here], rtol, atol)))
            wanted = pieces.row[here]
            found[:, wanted[wanted >= 0]] = rows[:, wanted >= 0]
            y = rows[:, -1]
        return found
