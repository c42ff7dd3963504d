"""Tasks for runs. They stand in a module of their own, so that other processes find them."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprieve.core.random import normal
from reprieve.trials.running.threads import blas_threads


def plain(number: int) -> dict[str, float]:
    """Numbers that depend on the replicate only, among them what files and sums treat badly."""
    first, second = normal(7, "test:run", [number], 2)[0]
    return {"first": float(first), "missing": float("nan"), "zero": -0.0, "tiny": 5e-324 * number, "second": second}


def solved(number: int) -> dict[str, float]:
    """A linear system large enough for a library to use threads."""
    matrix = normal(7, "test:matrix", range(500 * number, 500 * number + 500), 500)
    found = np.linalg.solve(matrix @ matrix.T + np.eye(500), matrix[0])
    return {"first": float(found[0]), "sum": float(found.sum()), "threads": max(blas_threads(), default=1)}


def slow(number: int) -> dict[str, float]:
    """A few milliseconds of work, so that a run can be hit in the middle."""
    drawn = normal(7, "test:slow", range(1000 * number, 1000 * number + 1000), 8)
    return {"mean": float(drawn.mean()), "largest": float(drawn.max())}


def deaf(_: int) -> dict[str, float]:
    """Whether this process holds interrupts back."""
    return {"deaf": float(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))}


@dataclass(frozen=True)
class Failing:
    """`plain`, but one replicate raises."""

    number: int

    def __call__(self, number: int) -> Mapping[str, float]:
        if number == self.number:
            raise ArithmeticError("no convergence\nafter 100 steps")
        return plain(number)


@dataclass(frozen=True)
class Dying:
    """`plain`, but the process of one replicate is killed, the first `times` times; `folder` counts them."""

    number: int
    folder: Path
    times: int = 1

    def __call__(self, number: int) -> Mapping[str, float]:
        deaths = len(list(self.folder.iterdir()))
        if number == self.number and deaths < self.times:
            (self.folder / str(deaths)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(number)


def changing(number: int) -> dict[str, float]:
    """Other names from replicate 3 on."""
    return {"first": 1.0, "late" if number >= 3 else "early": 2.0}


def changing_by_chunk(number: int) -> dict[str, float]:
    """Other names from replicate 10 on, so that each chunk of ten is at peace with itself."""
    return {"first": 1.0, "late" if number >= 10 else "early": 2.0}


def turned(number: int) -> dict[str, float]:
    """The same names in another order from replicate 10 on."""
    names = ("one", "two") if number < 10 else ("two", "one")
    return {name: float(number + (name == "two")) for name in names}
