"""Work in processes of their own on this machine.

Processes are spawned, never forked: a fork copies the threads' locks of compiled libraries in whatever state they are.
Each has a pipe to the parent and nothing else. The parent hears when a process ends (its sentinel) and gives the
chunk to a new one; a worker whose parent ends reads the end of its pipe and ends too. Only the parent writes files.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from reprieve.core.errors import InputError
from reprieve.trials.running.errors import ReplicateError, RunError
from reprieve.trials.running.layout import Block, Chunk
from reprieve.trials.running.threads import one_thread_below
from reprieve.trials.running.work import Failure, Outcome, Task, attempt

# A chunk whose process dies this often kills its process: the memory is not enough, or a library crashes.
MOST_DEATHS = 3


@dataclass(slots=True)
class Worker:
    """A process, its pipe, whether it is up, and the chunk it is busy with."""

    process: SpawnProcess
    pipe: Connection
    ready: bool = False
    chunk: Chunk | None = None


def blocks(task: Task, chunks: Sequence[Chunk], workers: int) -> Iterator[Block]:
    """Do `chunks` in `workers` processes and give each block when it is finished, in any order.

    Closing the iterator ends the processes at once.

    Raises `InputError` for a task that cannot be sent, `ReplicateError` for one that failed, `RunError` if processes
    die again and again.
    """
    check_can_be_sent(task)
    crew = _Crew(task, deque(chunks))
    try:
        for _ in range(min(workers, len(chunks))):
            crew.hire()
        for _ in chunks:
            yield crew.next_block()
    finally:
        crew.dismiss()


def check_can_be_sent(task: Task) -> None:
    """Raise `InputError` if a task cannot go to another process."""
    try:
        pickle.dumps(task)
    except Exception as error:
        said = f"cannot be sent to another process ({type(error).__name__}: {error})"
        raise InputError("task", task, said, "define it at the top of a module, or use one worker") from None


class _Crew:
    """The processes of one run and the chunks that wait."""

    def __init__(self, task: Task, waiting: deque[Chunk]) -> None:
        self.task = task
        self.waiting = waiting
        self.workers: list[Worker] = []
        self.deaths: dict[int, int] = {}
        self.early_deaths = 0

    def hire(self) -> None:
        """Start a process. It says that it is ready before it is given a chunk."""
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, self.task), daemon=True)
        with one_thread_below(), _no_interrupts():
            process.start()
        theirs.close()
        self.workers.append(Worker(process, ours))

    def next_block(self) -> Block:
        """Wait until some process has finished a chunk."""
        while True:
            heard = set(wait([place for worker in self.workers for place in (worker.pipe, worker.process.sentinel)]))
            for worker in list(self.workers):
                if not heard & {worker.pipe, worker.process.sentinel}:
                    continue
                try:
                    block = self._listen(worker)
                except (EOFError, OSError):
                    self._bury(worker)
                    continue
                if block is not None:
                    return block

    def _listen(self, worker: Worker) -> Block | None:
        """Read what a worker says, and give it more to do. Raises `EOFError` or `OSError` if it is gone."""
        if not worker.pipe.poll():  # its sentinel spoke: what it had sent before is read above
            raise EOFError
        said = worker.pipe.recv()
        worker.ready, worker.chunk = True, None
        result = said.result if isinstance(said, Outcome) else None
        if isinstance(result, Failure):
            raise ReplicateError(result.replicate, result.said)
        if self.waiting:
            worker.chunk = self.waiting.popleft()
            try:
                worker.pipe.send(worker.chunk)
            except OSError:
                self._bury(worker)
        return result

    def _bury(self, worker: Worker) -> None:
        """A worker is gone: its chunk waits again, first in line, and a new worker comes."""
        worker.pipe.close()
        worker.process.join()
        self.workers.remove(worker)
        how = _ending(worker.process.exitcode)
        if worker.chunk is not None:
            times = self.deaths[worker.chunk.index] = self.deaths.get(worker.chunk.index, 0) + 1
            if times >= MOST_DEATHS:
                raise RunError(f"{worker.chunk}: their process died {times} times ({how}): is there enough memory?")
            self.waiting.appendleft(worker.chunk)
        elif not worker.ready:
            self.early_deaths += 1
            if (worker.process.exitcode or 0) > 0 or self.early_deaths >= MOST_DEATHS:
                raise RunError(
                    f"a worker process did not come up ({how}): a script that starts workers needs "
                    "`if __name__ == '__main__':` around what it does"
                )
        if self.waiting:
            self.hire()

    def dismiss(self) -> None:
        """End all processes, whatever they do."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
            worker.process.close()
            worker.pipe.close()


def _serve(pipe: Connection, task: Task) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pipe.send(None)
        while True:
            pipe.send(attempt(task, pipe.recv()))
    except (EOFError, OSError):  # the parent is gone
        return


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Ctrl-C goes to every process of a terminal; a process started inside never sees it, its parent ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it would lift the block when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}"
    return f"exit code {code}"
