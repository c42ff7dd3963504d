"""A run that is interrupted or killed in the middle, in a process of its own, goes on to the same rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from reprieve.trials.running import run
from reprieve.trials.running.rows import Rows
from tests.house.project import ROOT
from tests.trials.running import tasks

REPLICATES, CHUNK = 240, 4
SCRIPT = """
import sys
from reprieve.trials.running import run
from tests.trials.running import tasks

if __name__ == "__main__":
    def say(done):
        print(done, flush=True)
    folder, workers = sys.argv[1], int(sys.argv[2])
    run(tasks.slow, 240, folder=folder, chunk=4, workers=workers, resume=True, progress=say)
"""


@pytest.fixture(scope="module")
def whole() -> Rows:
    return run(tasks.slow, REPLICATES)


def begun(folder: Path, workers: int, lines: int) -> subprocess.Popen[str]:
    """A run in a process group of its own that has told `lines` times what it has done."""
    script = folder.parent / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        start_new_session=True,
    )
    assert process.stdout is not None
    for _ in range(lines):
        assert process.stdout.readline()
    return process


def resumed(folder: Path) -> Rows:
    return run(tasks.slow, REPLICATES, folder=folder, chunk=CHUNK, resume=True)


@pytest.mark.parametrize(("workers", "lines"), [(1, 2), (1, 17), (2, 9), (2, 30)])
def test_a_killed_run_goes_on_to_the_same_rows(workers: int, lines: int, tmp_path: Path, whole: Rows) -> None:
    """Invariant: kill -9 at some moment loses at most what was in work, and no bit changes."""
    process = begun(tmp_path / "run", workers, lines)
    process.kill()
    process.communicate()

    rows = resumed(tmp_path / "run")

    assert rows.digest == whole.digest
    assert (lines - 1) * CHUNK <= rows.kept < REPLICATES
    assert rows.damaged == ()


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    """Invariant: nobody goes on computing for a run that is gone."""
    process = begun(tmp_path / "run", 2, 5)
    workers = [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    process.kill()
    process.communicate()

    gone, alive = psutil.wait_procs(workers, timeout=20)
    assert (len(gone), alive) == (2, [])


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_finished(workers: int, tmp_path: Path, whole: Rows) -> None:
    """Invariant: an interrupt for the whole group, as a terminal sends it: no worker says a word, chunks stay."""
    process = begun(tmp_path / "run", workers, 10)
    os.killpg(process.pid, signal.SIGINT)
    _, words = process.communicate()

    assert process.returncode == -signal.SIGINT
    assert words.count("Traceback") == words.count("KeyboardInterrupt") == 1
    rows = resumed(tmp_path / "run")
    assert rows.digest == whole.digest
    assert 9 * CHUNK <= rows.kept < REPLICATES


def test_a_second_run_in_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Invariant: two processes; the second one is told who is there, and the lock dies with a killed first."""
    from reprieve.core.errors import InputError

    process = begun(tmp_path / "run", 1, 2)
    with pytest.raises(InputError, match=f"is in use by process {process.pid} on"):
        resumed(tmp_path / "run")
    process.kill()
    process.communicate()

    assert resumed(tmp_path / "run").replicates == REPLICATES
