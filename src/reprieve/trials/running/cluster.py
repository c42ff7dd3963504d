"""Work on an existing Dask cluster. Dask moves a chunk whose worker is gone to another one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any
from uuid import uuid4

from reprieve.core.errors import InputError
from reprieve.core.results import versions
from reprieve.trials.running.errors import ReplicateError, RunError
from reprieve.trials.running.layout import Block, Chunk
from reprieve.trials.running.processes import check_can_be_sent
from reprieve.trials.running.work import Failure, Outcome, Task, attempt

# Chunks that wait at each thread of the cluster beside the one in work: none has to wait for us, few are lost.
IN_HAND = 2
# How long a cluster may be without any worker, and how often we look.
PATIENCE_S, LOOK_EVERY_S = 60.0, 5.0
# How long a scheduler may take to answer at the start.
ANSWER_WITHIN_S = 20.0


def blocks(task: Task, chunks: Sequence[Chunk], address: str) -> Iterator[Block]:
    """Do `chunks` on the cluster whose scheduler is at `address`, and give each block when it is finished.

    Closing the iterator takes back what the cluster has not begun.

    Raises `InputError` without the extra or for an address where no scheduler answers, `ReplicateError` for a task
    that failed, `RunError` if workers die again and again, run other versions, or are all gone.
    """
    check_can_be_sent(task)
    client = _client(address)
    try:
        yield from _all(client, task, chunks, address)
    finally:
        client.close()


def _client(address: str) -> Any:
    try:
        import distributed
    except ImportError:
        raise InputError("cluster", address, "needs Dask", "pip install reprieve[cluster]") from None
    try:
        return distributed.Client(address, timeout=ANSWER_WITHIN_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError("cluster", address, f"no scheduler answers there ({type(error).__name__})") from None


def _all(client: Any, task: Task, chunks: Sequence[Chunk], address: str) -> Iterator[Block]:
    waiting, run = deque(chunks), uuid4().hex
    held: dict[Any, Chunk] = {}
    ended: SimpleQueue[Any] = SimpleQueue()
    alone_since: float | None = None
    while waiting or held:
        room = IN_HAND * max(1, _threads(client, address)) if waiting else 0
        while waiting and len(held) < room:
            chunk = waiting.popleft()
            future = client.submit(attempt, task, chunk, key=f"reprieve-{run}-{chunk.index}", pure=False)
            held[future] = chunk
            future.add_done_callback(ended.put)
        try:
            future = ended.get(timeout=LOOK_EVERY_S)
        except Empty:
            alone_since = _still_there(client, address, alone_since)
            continue
        alone_since = None
        yield _block(future, held.pop(future))


def _threads(client: Any, address: str) -> int:
    """How many threads the workers have. Raises `RunError` if the scheduler is gone."""
    gone = RunError(f"cluster: the scheduler at {address} is gone; finished chunks are kept")
    if client.status != "running":
        raise gone
    try:
        return sum(client.nthreads().values())
    except OSError:
        # The client learns a moment later than the first call that fails.
        raise gone from None


def _still_there(client: Any, address: str, alone_since: float | None) -> float | None:
    """Since when the cluster has no workers; None while it has. Raises `RunError` after too long."""
    if _threads(client, address):
        return None
    since = monotonic() if alone_since is None else alone_since
    if monotonic() - since > PATIENCE_S:
        raise RunError(f"cluster: no workers at {address} for {PATIENCE_S:g} s; finished chunks are kept")
    return since


def _block(future: Any, chunk: Chunk) -> Block:
    """What a finished chunk gave."""
    import distributed

    try:
        outcome: Outcome = future.result()
    except distributed.KilledWorker:
        raise RunError(f"{chunk}: several workers of the cluster died over them: is there enough memory?") from None
    except Exception as error:
        raise RunError(f"cluster: {chunk}: {type(error).__name__}: {error}") from error
    ours = versions()
    theirs = outcome.versions
    odd = [f"{name} {theirs.get(name)}, here {ours[name]}" for name in ours if theirs.get(name) != ours[name]]
    if odd:
        raise RunError(f"cluster: a worker runs other versions: {'; '.join(odd)}")
    if isinstance(outcome.result, Failure):
        raise ReplicateError(outcome.result.replicate, outcome.result.said)
    return outcome.result
