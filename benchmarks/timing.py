"""Fair timing: everything compiled first, engines in turn, medians, matched measured error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from benchmarks.peers import Segments
from benchmarks.problem import Array, Course, errors

Solver = Callable[[Array, Segments, float, float], Array]
RTOLS = tuple(10 ** (-k / 4) for k in range(14, 45))
ATOL_SHARES = (1e-3, 1e-2, 1e-1)


@dataclass(frozen=True, slots=True)
class Setting:
    """Tolerances of an adaptive solver and what they give: errors of concentrations and of the chain."""

    rtol: float
    atol: float
    plasma_error: float
    chain_error: float


@dataclass(frozen=True, slots=True)
class Contender:
    """One engine in the race: `run` solves `patients` patients once."""

    name: str
    patients: int
    run: Callable[[], object]
    setting: str
    plasma_error: float
    chain_error: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds per patient in each round."""

    contender: Contender
    seconds: tuple[float, ...]

    @property
    def per_patient(self) -> float:
        """Median seconds per patient."""
        return median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the range over the median."""
        return (max(self.seconds) - min(self.seconds)) / 2 / self.per_patient


def matched(
    solver: Solver,
    course: Course,
    packed: Array,
    pieces: Segments,
    reference: dict[str, Array],
    allowed: tuple[float, float],
    rtols: Sequence[float] = RTOLS,
) -> Setting:
    """The fastest tolerances whose measured errors are at most `allowed` (concentrations, chain).

    For each share of absolute in relative tolerance the loosest relative tolerance that suffices is found by
    bisection; the fastest of these is returned.
    """
    found: list[tuple[float, Setting]] = []
    for share in ATOL_SHARES:
        low, high = 0, len(rtols) - 1
        best: tuple[float, Setting] | None = None
        while low <= high:
            middle = (low + high) // 2
            start = perf_counter()
            states = solver(packed, pieces, rtols[middle], rtols[middle] * share)
            seconds = perf_counter() - start
            setting = Setting(rtols[middle], rtols[middle] * share, *errors(course.outputs(states), reference))
            if setting.plasma_error <= allowed[0] and setting.chain_error <= allowed[1]:
                best, high = (seconds, setting), middle - 1
            else:
                low = middle + 1
        if best is not None:
            found.append(best)
    if not found:
        raise RuntimeError("no tolerance reaches the allowed error")
    return min(found, key=lambda pair: pair[0])[1]


def race(contenders: Sequence[Contender], rounds: int) -> list[Timing]:
    """Run the contenders in turn, `rounds` times; each has already run once."""
    seconds: list[list[float]] = [[] for _ in contenders]
    for _ in range(rounds):
        for contender, held in zip(contenders, seconds, strict=True):
            start = perf_counter()
            contender.run()
            held.append((perf_counter() - start) / contender.patients)
    return [Timing(c, tuple(s)) for c, s in zip(contenders, seconds, strict=True)]


def seconds_of(call: Callable[[], object], rounds: int = 3) -> float:
    """Median seconds of a call that has already run once."""
    held = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        held.append(perf_counter() - start)
    return median(held)
