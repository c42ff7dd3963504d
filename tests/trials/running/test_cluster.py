"""A real Dask scheduler with two worker processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import distributed
import pytest

from reprieve.core.errors import InputError
from reprieve.trials.running import cluster, run
from reprieve.trials.running.errors import ReplicateError, RunError
from reprieve.trials.running.layout import chunks
from tests.trials.running import tasks

REPLICATES = 37


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as started:
        yield str(started.scheduler_address)


def test_a_cluster_gives_the_same_rows(address: str, tmp_path: Path) -> None:
    """Invariant: bit for bit what one process gives; the folder is kept here."""
    rows = run(tasks.plain, REPLICATES, cluster=address, chunk=3, folder=tmp_path)

    assert rows.digest == run(tasks.plain, REPLICATES).digest
    assert len(list((tmp_path / "chunks").iterdir())) == len(chunks(REPLICATES, 3))


def test_a_killed_worker_changes_nothing(address: str, tmp_path: Path) -> None:
    """Invariant: kill -9 of a worker of the cluster in mid-run."""
    rows = run(tasks.Dying(17, tmp_path), REPLICATES, cluster=address, chunk=3)

    assert len(list(tmp_path.iterdir())) == 1
    assert rows.digest == run(tasks.plain, REPLICATES).digest


def test_an_exception_names_its_replicate(address: str, tmp_path: Path) -> None:
    """Invariant: the same line as from a process here, and what was finished is kept and continued elsewhere."""
    folder = tmp_path / "run"
    with pytest.raises(ReplicateError, match="replicate 30: ArithmeticError: no convergence"):
        run(tasks.Failing(30), REPLICATES, cluster=address, chunk=3, folder=folder)

    rows = run(tasks.plain, REPLICATES, folder=folder, resume=True)
    assert rows.kept > 0
    assert rows.digest == run(tasks.plain, REPLICATES).digest


def test_a_worker_with_other_versions_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: rows of two versions are never mixed."""
    monkeypatch.setattr(cluster, "versions", lambda: {"numpy": "9.9"})

    with pytest.raises(RunError, match=r"a worker runs other versions: numpy \d.*, here 9\.9"):
        run(tasks.plain, 4, cluster=address)


def test_without_the_extra_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: one line."""
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(InputError) as caught:
        run(tasks.plain, 4, cluster="tcp://127.0.0.1:8786")

    assert str(caught.value) == "cluster: 'tcp://127.0.0.1:8786': needs Dask; pip install reprieve[cluster]"


@pytest.mark.parametrize("wrong", ["nonsense://here", "tcp://127.0.0.1:9"])
def test_an_address_without_a_scheduler_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: one line, soon."""
    monkeypatch.setattr(cluster, "ANSWER_WITHIN_S", 1)

    with pytest.raises(InputError, match=r"cluster: .*no scheduler answers there"):
        run(tasks.plain, 4, cluster=wrong)


def test_a_cluster_without_workers_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: never a hang: after a while without any worker the run says so."""
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.2)
    monkeypatch.setattr(cluster, "LOOK_EVERY_S", 0.1)
    options = {"n_workers": 0, "dashboard_address": ":0", "silence_logs": 50}

    with distributed.LocalCluster(**options) as empty:
        address = str(empty.scheduler_address)
        with pytest.raises(RunError, match="no workers at tcp"):
            run(tasks.plain, 4, cluster=address)


def test_a_scheduler_that_ends_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: never a hang: a scheduler that is gone is noticed."""
    monkeypatch.setattr(cluster, "LOOK_EVERY_S", 0.1)
    options = {"n_workers": 0, "dashboard_address": ":0", "silence_logs": 50}

    with distributed.LocalCluster(**options) as ending:
        coming = cluster.blocks(tasks.plain, chunks(4, 2), str(ending.scheduler_address))
        monkeypatch.setattr(cluster, "_still_there", closing(ending))
        with pytest.raises(RunError, match="cluster"):
            next(coming)


def closing(ending: distributed.LocalCluster) -> Callable[..., float | None]:
    """Look whether the cluster is there, but end it first."""
    look = cluster._still_there

    def end_and_look(*given: Any) -> float | None:
        ending.close()
        return look(*given)

    return end_and_look


def test_a_scheduler_that_just_ended_is_noticed_by_the_first_call() -> None:
    """Invariant: the client still says `running` for a moment; the call that fails then ends the run by name."""

    class Late:
        status = "running"

        def nthreads(self) -> dict[str, int]:
            raise OSError("Timed out trying to connect")

    with pytest.raises(RunError, match="the scheduler at tcp://gone is gone"):
        cluster._still_there(Late(), "tcp://gone", None)
