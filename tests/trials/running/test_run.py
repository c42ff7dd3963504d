"""Runs in memory and in processes: the same rows, whoever does them and however they are cut."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.trials.running import processes, run
from reprieve.trials.running.errors import ReplicateError, RunError
from reprieve.trials.running.layout import Chunk, chunks, usual_chunk
from reprieve.trials.running.rows import joined
from reprieve.trials.running.work import block_of
from tests.trials.running import tasks

REPLICATES = 37


def one_by_one() -> list[list[float]]:
    return [[*tasks.plain(number).values()] for number in range(REPLICATES)]


def test_rows_are_what_the_task_gives_in_order() -> None:
    """Independent implementation: a plain loop. Every bit is kept, signs of zero and numbers near zero too."""
    rows = run(tasks.plain, REPLICATES)

    assert rows.table.tobytes() == np.array(one_by_one()).tobytes()
    assert rows.names == tuple(tasks.plain(0))
    assert rows["second"].tolist() == [tasks.plain(number)["second"] for number in range(REPLICATES)]
    assert rows.replicates == REPLICATES


@pytest.mark.parametrize(("workers", "chunk"), [(1, 1), (1, 100), (2, 3), (3, 10)])
def test_rows_do_not_depend_on_workers_or_chunks(workers: int, chunk: int) -> None:
    """Invariant: bit for bit."""
    rows = run(tasks.plain, REPLICATES, workers=workers, chunk=chunk)

    assert rows.digest == run(tasks.plain, REPLICATES).digest


def test_linear_algebra_does_not_depend_on_workers() -> None:
    """Invariant: a task runs with one thread everywhere, so libraries round in one way."""
    here = run(tasks.solved, 3, chunk=1)
    there = run(tasks.solved, 3, chunk=1, workers=2)

    assert here.digest == there.digest
    assert here["threads"].tolist() == [1, 1, 1]


def test_threads_are_given_back() -> None:
    """Invariant: a run leaves the process as it found it, also after a failure."""
    from reprieve.trials.running.threads import VARIABLES, blas_threads

    before = blas_threads(), [os.environ.get(name) for name in VARIABLES]
    run(tasks.plain, 2, workers=2, chunk=1)
    with pytest.raises(ReplicateError):
        run(tasks.Failing(0), 1)

    assert (blas_threads(), [os.environ.get(name) for name in VARIABLES]) == before


def test_columns_stand_in_the_order_of_replicate_0() -> None:
    """Invariant: the order in which a task writes its names does not mix columns."""
    rows = run(tasks.turned, 20, chunk=10)

    assert rows.names == ("one", "two")
    assert rows["two"].tolist() == [number + 1 for number in range(20)]


def test_blocks_may_come_in_any_order() -> None:
    """Invariant: rows stand by number even if the last chunk is finished first."""
    found = {chunk.index: block_of(tasks.plain, chunk) for chunk in reversed(chunks(REPLICATES, 5))}

    assert joined(found).digest == run(tasks.plain, REPLICATES).digest


def test_workers_do_not_hear_interrupts() -> None:
    """Invariant: Ctrl-C is for the parent, from the first moment of a worker on; the parent hears it again after."""
    import signal

    rows = run(tasks.deaf, 4, workers=2, chunk=1)

    assert rows["deaf"].tolist() == [1, 1, 1, 1]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_names_its_replicate(workers: int) -> None:
    """Invariant: one line with the number, the kind and the words."""
    with pytest.raises(ReplicateError) as caught:
        run(tasks.Failing(13), 20, workers=workers, chunk=4)

    assert str(caught.value) == "replicate 13: ArithmeticError: no convergence after 100 steps"
    assert caught.value.replicate == 13


def test_names_that_change_are_refused() -> None:
    """Invariant: within a chunk and between chunks."""
    with pytest.raises(ReplicateError, match=r"replicate 3: .*early, late"):
        run(tasks.changing, 10)
    with pytest.raises(RunError, match=r"replicate 10: .*early, late"):
        run(tasks.changing_by_chunk, 20, chunk=10)


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    """Invariant: kill -9 of a worker in mid-run changes nothing in the rows."""
    rows = run(tasks.Dying(17, tmp_path), REPLICATES, workers=2, chunk=3)

    assert len(list(tmp_path.iterdir())) == 1
    assert rows.digest == run(tasks.plain, REPLICATES).digest


def test_a_chunk_that_kills_its_workers_ends_the_run(tmp_path: Path) -> None:
    """Invariant: no endless loop; the line says which replicates and how the processes ended."""
    with pytest.raises(RunError, match=r"replicates 3 to 5: their process died 3 times \(signal 9\)"):
        run(tasks.Dying(4, tmp_path, times=9), 12, workers=2, chunk=3)

    assert len(list(tmp_path.iterdir())) == processes.MOST_DEATHS


def test_no_process_is_left_behind() -> None:
    """Invariant: an ended iterator ends its processes, whether they are busy or not."""
    import multiprocessing

    coming = processes.blocks(tasks.plain, chunks(REPLICATES, 2), 2)
    next(coming)
    assert len(multiprocessing.active_children()) == 2

    coming.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_a_task_that_cannot_travel_is_refused() -> None:
    """Invariant: the line says what to do; with one worker the same task runs."""
    factor = 2.0

    def inner(number: int) -> dict[str, float]:
        return {"double": factor * number}

    with pytest.raises(InputError, match="cannot be sent to another process"):
        run(inner, 4, workers=2)

    assert run(inner, 4)["double"].tolist() == [0, 2, 4, 6]


def test_a_worker_that_does_not_come_up_ends_the_run(tmp_path: Path) -> None:
    """Invariant: a script that starts workers without a guard gets one line, not a hang."""
    import subprocess
    import sys

    from tests.house.project import ROOT

    script = tmp_path / "script.py"
    script.write_text("from reprieve.trials.running import run\nfrom tests.trials.running import tasks\n"
                      "run(tasks.plain, 4, workers=2, chunk=1)\n")  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": "."},
        check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "RunError: a worker process did not come up (exit code 1)" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"replicates": 0}, "replicates: 0: must be a whole number, 1 or more"),
        ({"replicates": 2.5}, "replicates: 2.5: must be a whole number, 1 or more"),
        ({"workers": 0}, "workers: 0: must be a whole number, 1 or more"),
        ({"workers": 5000}, "workers: 5000: must be at most 512"),
        ({"chunk": -1}, "chunk: -1: must be a whole number, 1 or more"),
        ({"resume": True}, "resume: True: needs the folder of the run; give the folder"),
    ],
)
def test_bad_input_is_one_line(given: dict[str, int], line: str) -> None:
    """Invariant: the line names the field and the rule."""
    with pytest.raises(InputError) as caught:
        run(tasks.plain, **{"replicates": 5, **given})  # type: ignore[arg-type]

    assert str(caught.value) == line


def test_progress_hears_of_every_replicate() -> None:
    """Invariant: first what was there, then what was done."""
    heard: list[int] = []

    run(tasks.plain, 25, chunk=10, progress=heard.append)

    assert heard == [0, 10, 10, 5]


@pytest.mark.parametrize(("replicates", "size", "files"), [(1, 10, 1), (1000, 10, 100), (100_000, 500, 200)])
def test_the_usual_chunk_keeps_losses_and_files_few(replicates: int, size: int, files: int) -> None:
    """Closed form: ten replicates, or as many as keep the files at two hundred."""
    assert usual_chunk(replicates) == size
    assert len(chunks(replicates, size)) == files


def test_chunks_cover_every_replicate_once() -> None:
    """Closed form: 23 in tens."""
    assert chunks(23, 10) == [Chunk(0, 0, 10), Chunk(1, 10, 10), Chunk(2, 20, 3)]
    assert [number for chunk in chunks(23, 10) for number in chunk.numbers] == list(range(23))
