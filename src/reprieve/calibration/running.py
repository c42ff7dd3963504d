"""Fits side by side, each in a process of its own. What is interrupted is lost; what is finished stays.

Processes are started fresh ("spawn"): a library that already runs threads must not be copied into them. An interruption
is taken by the parent alone, which ends the others.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from reprieve.core.errors import InputError, NumericsError, ReprieveError

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

# One thread per process: fits run side by side, and the sums of one do not depend on how many run. No accelerator: a
# posterior must come out the same on any machine of a kind.
_SURROUNDINGS = {
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class Task:
    """Work for one process: `run(*arguments, told)`, a function at the top of a module; `size` is its share of work."""

    name: str
    run: Callable[..., Any]
    arguments: tuple[Any, ...]
    size: int


def side_by_side(
    tasks: Iterable[Task], workers: int = 2, told: Callable[[str, int], None] | None = None
) -> Iterator[Any]:
    """Yield what each task returns, as they finish; `told` hears the name of a task and the work it has done.

    Raises what a task raised, after ending the others; `NumericsError` if a process died; `InputError` for no workers.
    """
    if workers < 1:
        raise InputError("workers", workers, "must be at least 1")
    waiting = list(tasks)
    running: dict[Connection, tuple[Task, SpawnProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                task = waiting.pop(0)
                running |= _start(task)
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                yield from _hear(ready, running, told)
    finally:
        for _, process in running.values():
            process.terminate()
        for connection, (_, process) in running.items():
            process.join()
            connection.close()


def _start(task: Task) -> dict[Connection, tuple[Task, SpawnProcess]]:
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, task), name=task.name, daemon=True)
    process.start()
    theirs.close()
    return {ours: (task, process)}


def _hear(
    connection: Connection,
    running: dict[Connection, tuple[Task, SpawnProcess]],
    told: Callable[[str, int], None] | None,
) -> Iterator[Any]:
    """Take one message. A process whose pipe is closed without a last word has died."""
    task, process = running[connection]
    try:
        kind, content = connection.recv()
    except EOFError:
        kind, content = "failed", NumericsError(f"{task.name}: the process ended before the fit was done")
    if kind == "told":
        if told is not None:
            told(task.name, content)
        return
    del running[connection]
    connection.close()
    process.join()
    if kind == "failed":
        raise content
    yield content


def _work(connection: Connection, task: Task) -> None:
    """Run a task in its process and send what comes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(_SURROUNDINGS)
    try:
        answer: tuple[str, Any] = ("done", task.run(*task.arguments, lambda done: connection.send(("told", done))))
    except ReprieveError as error:
        answer = ("failed", error)
    except Exception as error:
        answer = ("failed", NumericsError(f"{task.name}: {type(error).__name__}: {error}"))
    connection.send(answer)
    connection.close()
