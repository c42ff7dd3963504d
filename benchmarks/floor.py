"""The arithmetic floor: what the method computes per patient, at the speeds this machine just reached.

`count` reads the work off a request and its plan; `speeds` measures multiply-adds, exponentials and divisions with
small compiled kernels whose data stay in the first-level cache. The three are added up: they share the vector
units. Loads and stores are not counted, so the floor cannot be reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reprieve.model.engine.plan import Plan
    from reprieve.model.engine.problem import Request

Array = NDArray[np.float64]
FAST = {"contract", "nsz", "arcp"}
WIDTH = 256
CHAINED = 16


@dataclass(frozen=True, slots=True)
class Work:
    """Operations of one patient, and the bytes of its answers."""

    exponentials: float
    divisions: float
    multiply_adds: float
    bytes_written: float


@dataclass(frozen=True, slots=True)
class Speeds:
    """Operations per second of one thread."""

    exponentials: float
    divisions: float
    multiply_adds: float

    def seconds(self, work: Work) -> float:
        """Shortest time for one patient."""
        return (
            work.exponentials / self.exponentials
            + work.divisions / self.divisions
            + work.multiply_adds / self.multiply_adds
        )


def count(request: Request, plan: Plan) -> Work:
    """Work of one patient; additions and multiplications that cannot be fused count as one each."""
    grid, modes = plan.grid, request.modes
    e, n, q = grid.elements, grid.nodes, grid.output_element.size
    plasma_times = grid.plasma_tau_h.size
    templates, shapes = grid.template_offset_h.size, grid.shape_length_h.size
    signals = [request.signal, *(request.gains(name) for name in request.outputs)]
    terms = sum(int((x.gain.any(axis=1) | x.ramp.any(axis=1)).sum()) for x in signals)
    ramps = sum(int(x.ramp.any(axis=1).sum()) for x in signals)
    driving = int(request.signal.gain.any(axis=1).sum())
    driving_ramps = int(request.signal.ramp.any(axis=1).sum())
    changes, every, repeated = np.unique(request.schedule.time_h).size, modes.rate_per_h.shape[0], sum(modes.repeated)
    nodes = e * n
    exponentials = divisions = fma = 0.0
    # amplitudes from rate change to rate change
    exponentials += changes * every
    fma += changes * (2 * every + 2 * repeated + len(signals))
    # block signal at the nodes: exponentials of offsets and of node fractions, heights, one sum over modes per node
    exponentials += (templates + shapes * n) * driving
    fma += templates * (driving + driving_ramps) + e * (driving + 3 * driving_ramps)
    fma += nodes * (driving + driving_ramps)
    # block and surge: 1 + x, one division, 1 - R / R0, times R, largest with 0, gate
    divisions += nodes
    fma += 5 * nodes
    # filters: spine delay at every node, three filters at every end
    fma += nodes * (3 + n) + e * (5 + 3 * n)
    # labile: exponent, integrating factor and integral at every node, then at the end
    exponentials += nodes + e
    divisions += nodes
    fma += nodes * (n + 2) + nodes * (n + 2) + e * (2 * n + 3)
    # consolidated: decay per shape, one integral per element
    exponentials += shapes * (n + 1)
    fma += e * (2 * n + 2)
    # chain at its output times, from the node values of the element
    inside = int((grid.output_theta != 1).sum())
    exponentials += q + inside * (1 + n)
    fma += q * (6 + 7 * n)
    # plasma at its output times: an exponential per mode, all outputs as sums; block and surge
    exponentials += plasma_times * every
    divisions += plasma_times
    fma += plasma_times * (every + 2 * repeated + terms + ramps + 5)
    return Work(exponentials, divisions, fma, 8.0 * (q * 4 + plasma_times * (len(signals) + 1)))


@njit(fastmath=FAST)
def _multiply_adds(a, repeats):  # type: ignore[no-untyped-def]
    for _ in range(repeats):
        for i in range(a.size):
            x = a[i]
            for _k in range(CHAINED):
                x = x * 0.5 + 0.25
            a[i] = x


@njit(fastmath=FAST, error_model="numpy")
def _divisions(a, repeats):  # type: ignore[no-untyped-def]
    for _ in range(repeats):
        for i in range(a.size):
            a[i] = 1.5 / (a[i] + 0.25)


def _exponentials() -> Callable[..., Any]:
    """A loop over the engine's own exponential: no vector library comes with the compiler."""
    from reprieve.model.engine.lanes import exp

    @njit(fastmath=FAST, error_model="numpy")
    def loop(a, repeats):  # type: ignore[no-untyped-def]
        for _ in range(repeats):
            for i in range(a.size):
                a[i] = exp(-a[i])

    return loop


def speeds(repeats: int = 20_000, rounds: int = 7) -> Speeds:
    """Measured operations per second, the best of `rounds`."""

    def best(kernel: Callable[..., Any], each: int) -> float:
        values = np.full(WIDTH, 0.5)
        kernel(values, 1)
        seconds = []
        for _ in range(rounds):
            start = perf_counter()
            kernel(values, repeats)
            seconds.append(perf_counter() - start)
        return each * WIDTH * repeats / min(seconds)

    return Speeds(best(_exponentials(), 1), best(_divisions, 1), best(_multiply_adds, CHAINED))
