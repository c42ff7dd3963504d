"""Replicates of a task: here, in processes, or on a cluster; in memory or in a folder that survives a crash.

Rows come back in the order of their numbers and are the same to the last bit for any number of workers, any chunk
size, any order of finishing, and after any number of interruptions. That holds because a task depends on its number
only, runs with one thread, and is kept as its bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from operator import index
from pathlib import Path
from typing import Any

from reprieve.core.errors import InputError
from reprieve.trials.running.folder import Stamp, Store, opened
from reprieve.trials.running.layout import Block, Chunk, chunks, usual_chunk
from reprieve.trials.running.rows import Rows, joined
from reprieve.trials.running.work import Task, block_of

MOST_WORKERS = 512

type Progress = Callable[[int], None]


def run(
    task: Task,
    replicates: int,
    *,
    folder: str | Path | None = None,
    workers: int = 1,
    cluster: str | None = None,
    resume: bool = False,
    chunk: int | None = None,
    progress: Progress | None = None,
    stamp: Stamp | None = None,
) -> Rows:
    """Do `task(0)` to `task(replicates - 1)` and return their rows.

    `task` takes the number of a replicate and returns name -> number, the same names each time. With one worker it runs
    in this process; with more, or on the Dask `cluster` whose scheduler has this address, it must be picklable.

    With a `folder` each finished chunk is kept there. `resume` goes on with what a folder holds; `stamp` is what the
    rows depend on (design, posterior, seed, executor, ...), and a folder with another stamp is refused. `chunk` is the
    number of replicates that are kept at a time. `progress` is told first how many replicates the folder held, then
    after each chunk how many more are done.

    Raises `InputError` for bad input, `ReplicateError` for a task that raised, `RunError` if workers cannot go on;
    finished chunks stay where they are.
    """
    _check(replicates, workers, chunk, resume, folder)
    usual = usual_chunk(replicates)
    place = nullcontext() if folder is None else opened(Path(folder), stamp or {}, chunk, usual, resume)
    with place as store:
        size = store.chunk if store is not None else chunk or usual
        layout = chunks(replicates, size)
        done = store.finished(layout) if store is not None else {}
        kept = sum(block.chunk.count for block in done.values())
        if progress is not None:
            progress(kept)
        todo = [one for one in layout if one.index not in done]
        with closing(_blocks(task, todo, workers, cluster)) as coming:
            for block in coming:
                _keep(store, done, block, progress)
        rows = joined(done, kept, tuple(store.damaged) if store is not None else ())
        if store is not None:
            store.complete(rows)
    return rows


def _keep(store: Store | None, done: dict[int, Block], block: Block, progress: Progress | None) -> None:
    if store is not None:
        store.keep(block)
    done[block.chunk.index] = block
    if progress is not None:
        progress(block.chunk.count)


def _blocks(task: Task, todo: Sequence[Chunk], workers: int, cluster: str | None) -> Any:
    """Blocks as they finish, wherever the work is done."""
    if not todo:
        return _here(task, ())
    if cluster is not None:
        from reprieve.trials.running import cluster as dask

        return dask.blocks(task, todo, cluster)
    if workers > 1:
        from reprieve.trials.running import processes

        return processes.blocks(task, todo, workers)
    return _here(task, todo)


def _here(task: Task, todo: Sequence[Chunk]) -> Iterator[Block]:
    for chunk in todo:
        yield block_of(task, chunk)


def _check(replicates: int, workers: int, chunk: int | None, resume: bool, folder: object) -> None:
    _whole("replicates", replicates, 1)
    _whole("workers", workers, 1)
    if workers > MOST_WORKERS:
        raise InputError("workers", workers, f"must be at most {MOST_WORKERS}")
    if chunk is not None:
        _whole("chunk", chunk, 1)
    if resume and folder is None:
        raise InputError("resume", resume, "needs the folder of the run", "give the folder")


def _whole(field: str, value: int, least: int) -> None:
    try:
        fits = index(value) >= least
    except TypeError:
        fits = False
    if not fits:
        raise InputError(field, value, f"must be a whole number, {least} or more")
