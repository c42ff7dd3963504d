"""One chunk of work, in whatever process it is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from reprieve.core.errors import one_line
from reprieve.core.results import versions
from reprieve.trials.running.errors import ReplicateError
from reprieve.trials.running.layout import Block, Chunk
from reprieve.trials.running.threads import one_thread

type Task = Callable[[int], Mapping[str, float]]

_LONGEST_WORDS = 500
# A cluster may give several chunks to threads of one process; compiled loops and libraries may not like that.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that raised, in a form that every process can send."""

    replicate: int
    said: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker sends back, and the versions that it ran."""

    result: Block | Failure
    versions: Mapping[str, str]


def block_of(task: Task, chunk: Chunk) -> Block:
    """Do the replicates of a chunk. Raises `ReplicateError` naming the replicate whose task failed."""
    rows: list[list[float]] = []
    names: tuple[str, ...] = ()
    with _ONE_AT_A_TIME, one_thread():
        for number in chunk.numbers:
            try:
                row = task(number)
                names = names or tuple(row)
                rows.append(_row(row, names))
            except Exception as error:
                raise ReplicateError(number, _said(error)) from error
    return Block(chunk, names, np.array(rows, dtype=np.float64))


def attempt(task: Task, chunk: Chunk) -> Outcome:
    """The same for a worker: a failure is sent back, not raised."""
    try:
        return Outcome(block_of(task, chunk), versions())
    except ReplicateError as error:
        return Outcome(Failure(error.replicate, error.said), versions())


def _row(row: Mapping[str, float], names: tuple[str, ...]) -> list[float]:
    if not row or set(row) != set(names):
        odd = ", ".join(sorted(set(row) ^ set(names))) or "none at all"
        raise ValueError(f"a task must give the same names every time: {odd}")
    return [float(row[name]) for name in names]


def _said(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}", _LONGEST_WORDS)
