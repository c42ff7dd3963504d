"""The race: both executors and the adaptive solvers, same patients, at matched measured error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.floor import Speeds, Work, count, speeds
from benchmarks.ours import Engine
from benchmarks.peers import Diffrax, Numbalsoda, Scipy, Segments, segments
from benchmarks.problem import Array, Course, course, errors
from benchmarks.timing import Contender, Setting, Timing, matched, race

LIMITS = (1e-6, 1e-5)
WHOLE = ", whole simulation"
DIFFRAX_RTOLS = tuple(10 ** (-k / 4) for k in range(16, 37))


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many patients each engine solves per round, how many have a reference, and how many rounds."""

    ours: int = 10_000
    numbalsoda: int = 96
    scipy: int = 16
    diffrax: int = 8
    reference: int = 48
    rounds: int = 7


@dataclass(frozen=True, slots=True)
class Result:
    """Timings in the order of the table, and the floor of one patient."""

    sizes: Sizes
    timings: tuple[Timing, ...]
    work: Work
    speeds: Speeds
    executor_seconds: float
    allowed: tuple[float, float]

    def ratio(self, fast: str, slow: str) -> float:
        """How many times more patients per second `fast` solves than `slow`."""
        per = {timing.contender.name: timing.per_patient for timing in self.timings}
        return per[slow] / per[fast]


def run(sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Run it."""
    problem = course(sizes.ours)
    say(f"reference solutions of {sizes.reference} patients")
    reference = problem.reference(sizes.reference)
    say("compiling and checking the engine")
    engines = [Engine(problem, name) for name in ("numpy", "numba")]
    ours = [(engine, _error_of(engine, reference)) for engine in engines]
    allowed = (
        max(LIMITS[0], *(error[0] for _, error in ours)),
        max(LIMITS[1], *(error[1] for _, error in ours)),
    )
    contenders = [Contender(engine.name, sizes.ours, engine, "own error estimate", *error) for engine, error in ours]
    say("the whole simulation once")
    for engine, error in ours:
        engine.simulate()
        name = engine.name + WHOLE
        contenders.append(Contender(name, sizes.ours, engine.simulate, "own error estimate", *error))
    say("matching tolerances of the adaptive solvers")
    contenders.append(_peer(Numbalsoda(), problem, reference, sizes.numbalsoda, sizes, allowed))
    contenders.append(_peer(Scipy(), problem, reference, sizes.scipy, sizes, allowed))
    contenders.append(_peer(Diffrax(), problem, reference, sizes.diffrax, sizes, allowed, DIFFRAX_RTOLS))
    say(f"{sizes.rounds} rounds")
    before = speeds()
    timings = race(contenders, sizes.rounds)
    after = speeds()
    best = Speeds(*(max(getattr(before, name), getattr(after, name)) for name in Speeds.__slots__))
    return Result(sizes, tuple(timings), count(*engines[1].problem()), best, engines[1].executor_seconds(), allowed)


def _error_of(engine: Engine, reference: dict[str, Array]) -> tuple[float, float]:
    patients = len(next(iter(reference.values())))
    return errors({name: values[:patients] for name, values in engine().items()}, reference)


def _peer(
    solver: Numbalsoda | Scipy | Diffrax,
    problem: Course,
    reference: dict[str, Array],
    patients: int,
    sizes: Sizes,
    allowed: tuple[float, float],
    rtols: tuple[float, ...] | None = None,
) -> Contender:
    """A solver with the tolerances that suffice for the patients it shares with the reference."""
    shared = min(patients, sizes.reference)
    pieces, packed = _inputs(problem, shared)
    solver(packed[:1], _inputs(problem, 1)[0], 1e-4, 1e-7)
    part = {name: values[:shared] for name, values in reference.items()}
    extra = {} if rtols is None else {"rtols": rtols}
    setting: Setting = matched(solver, problem, packed, pieces, part, allowed, **extra)
    all_pieces, all_packed = _inputs(problem, patients)
    return Contender(
        solver.name,
        patients,
        lambda: solver(all_packed, all_pieces, setting.rtol, setting.atol),
        f"rtol {setting.rtol:.1e}, atol {setting.atol:.1e}",
        setting.plasma_error,
        setting.chain_error,
    )


def _inputs(problem: Course, patients: int) -> tuple[Segments, Array]:
    changes = [problem.changes(i) for i in range(patients)]
    return segments(changes, problem.time_h), problem.packed(patients)
