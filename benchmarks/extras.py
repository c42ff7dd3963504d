"""What is not a race: growth with patients and infusions, memory, start-up, compilation."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.ours import Engine
from benchmarks.problem import course
from benchmarks.timing import seconds_of

ROOT = Path(__file__).resolve().parents[1]
REGIMEN = "0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"


@dataclass(frozen=True, slots=True)
class Growth:
    """Seconds per patient at each size, and per patient and infusion at each count, by executor."""

    sizes: tuple[int, ...]
    by_size: dict[str, tuple[float, ...]]
    infusions: tuple[int, ...]
    by_infusions: dict[str, tuple[float, ...]]


def growth(sizes: Sequence[int], infusions: Sequence[int], patients: int) -> Growth:
    """Time the engine at every size (six infusions) and every number of infusions (`patients` patients)."""
    executors = ("numpy", "numba")
    by_size: dict[str, list[float]] = {name: [] for name in executors}
    by_infusions: dict[str, list[float]] = {name: [] for name in executors}
    for size in sizes:
        for name in executors:
            by_size[name].append(_engine_seconds(size, 6, name) / size)
    for count in infusions:
        for name in executors:
            by_infusions[name].append(_engine_seconds(patients, count, name) / patients / count)
    return Growth(
        tuple(sizes),
        {name: tuple(values) for name, values in by_size.items()},
        tuple(infusions),
        {name: tuple(values) for name, values in by_infusions.items()},
    )


def _engine_seconds(patients: int, infusion_count: int, executor: str) -> float:
    engine = Engine(course(patients, infusion_count), executor)
    engine()
    return seconds_of(engine)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes per patient: answers kept, and the peak above them while solving at two sizes."""

    kept: float
    work: tuple[float, float]
    sizes: tuple[int, int]


def memory(executor: str, sizes: tuple[int, int]) -> Memory:
    """Traced allocations of one engine call at two sizes; bounded work falls per patient."""
    work = []
    kept = 0.0
    for size in sizes:
        engine = Engine(course(size), executor)
        engine()
        tracemalloc.start()
        answers = engine()
        now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del answers
        kept = now / size
        work.append((peak - now) / size)
    return Memory(kept, (work[0], work[1]), sizes)


@dataclass(frozen=True, slots=True)
class Startup:
    """Wall seconds of fresh processes."""

    bare_python: float
    numpy_import: float
    simulate: float
    numba_first: float
    numba_cached: float


def startup(rounds: int = 5) -> Startup:
    """Fresh processes: empty, with NumPy imported, one patient simulated, and Numba twice."""
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory() as cache:
        compiled = {**os.environ, "NUMBA_CACHE_DIR": cache}
        code = "from benchmarks.extras import first_call; print(first_call())"
        first, cached = (float(_run([*python, code], compiled)[1]) for _ in range(2))
    return Startup(
        median(_run([*python, "pass"])[0] for _ in range(rounds)),
        median(_run([*python, "import numpy"])[0] for _ in range(rounds)),
        _simulate_seconds(rounds),
        first,
        cached,
    )


def _simulate_seconds(rounds: int) -> float:
    """Median wall seconds of `reprieve simulate` for one patient; not a number if the command fails."""
    command = [
        str(Path(sys.executable).with_name("reprieve")),
        "simulate",
        REGIMEN,
        "--patients",
        "1",
        "--json",
    ]
    try:
        return median(_run(command)[0] for _ in range(rounds))
    except (RuntimeError, FileNotFoundError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return nan


def first_call() -> float:
    """Seconds of the first Numba call less a second one: compilation, or loading from the cache."""
    engine = Engine(course(64), "numba")
    start = perf_counter()
    engine()
    middle = perf_counter()
    engine()
    return (middle - start) - (perf_counter() - middle)


def _run(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, str]:
    """Wall seconds and output of a process. Raises `RuntimeError` with its errors if it fails."""
    start = perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    seconds = perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return seconds, done.stdout
