"""What a folder keeps, and what it refuses."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import polars
import pytest

from reprieve.core.errors import InputError
from reprieve.trials.running import durable, run
from reprieve.trials.running.errors import ReplicateError
from reprieve.trials.running.folder import stamp_of
from reprieve.trials.running.lock import locked
from reprieve.trials.running.rows import Rows
from tests.trials.running import tasks

REPLICATES = 37


@pytest.fixture(scope="module")
def whole() -> Rows:
    return run(tasks.plain, REPLICATES)


def begun(folder: Path, fails_at: int = 23) -> Path:
    """A folder with the chunks before the one that fails."""
    with pytest.raises(ReplicateError):
        run(tasks.Failing(fails_at), REPLICATES, folder=folder, chunk=5, stamp={"seed": 1})
    return folder


def resumed(folder: Path, **options: object) -> Rows:
    return run(tasks.plain, REPLICATES, folder=folder, resume=True, stamp={"seed": 1}, **options)  # type: ignore[arg-type]


def test_finished_chunks_stay_after_a_failure(tmp_path: Path, whole: Rows) -> None:
    """Invariant: what was done before an exception is kept, and the rest is added."""
    folder = begun(tmp_path / "run")
    assert len(list((folder / "chunks").iterdir())) == 4

    rows = resumed(folder, workers=2)

    assert (rows.digest, rows.kept, rows.damaged) == (whole.digest, 20, ())


def test_a_finished_run_is_only_read(tmp_path: Path, whole: Rows) -> None:
    """Invariant: nothing is computed twice."""
    run(tasks.plain, REPLICATES, folder=tmp_path)

    rows = run(tasks.Failing(0), REPLICATES, folder=tmp_path, resume=True)

    assert (rows.digest, rows.kept) == (whole.digest, REPLICATES)


def test_a_run_goes_on_to_more_replicates(tmp_path: Path, whole: Rows) -> None:
    """Invariant: replicates are not part of what a run is; a short last chunk is done again, whole ones are not."""
    run(tasks.plain, 23, folder=tmp_path, chunk=5)

    rows = run(tasks.plain, REPLICATES, folder=tmp_path, resume=True)

    assert (rows.digest, rows.kept) == (whole.digest, 20)
    fewer = run(tasks.plain, 12, folder=tmp_path, resume=True)
    assert fewer.table.tobytes() == whole.table[:12].tobytes()
    assert run(tasks.plain, REPLICATES, folder=tmp_path, resume=True).kept == REPLICATES


@pytest.mark.parametrize("cut", [0, 1, 64, 70, 300, -1])
def test_a_torn_file_is_not_trusted(cut: int, tmp_path: Path, whole: Rows) -> None:
    """Invariant: a file cut anywhere is found out and computed again."""
    folder = begun(tmp_path / "run")
    file = folder / "chunks" / "000002.rows"
    file.write_bytes(file.read_bytes()[:cut])

    rows = resumed(folder)

    assert (rows.digest, rows.damaged) == (whole.digest, ("000002.rows",))
    assert resumed(folder).damaged == ()


def test_a_changed_bit_is_not_trusted(tmp_path: Path, whole: Rows) -> None:
    """Invariant: one bit anywhere in a file."""
    folder = begun(tmp_path / "run")
    file = folder / "chunks" / "000001.rows"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(bytes(content))

    assert resumed(folder).digest == whole.digest


def test_a_foreign_file_is_not_trusted(tmp_path: Path, whole: Rows) -> None:
    """Invariant: a whole file of another run, or of another chunk, is no part of this one."""
    folder = begun(tmp_path / "run")
    run(tasks.turned, REPLICATES, folder=tmp_path / "other", chunk=5, stamp={"seed": 2})
    place = folder / "chunks"
    (place / "000000.rows").write_bytes((tmp_path / "other" / "chunks" / "000000.rows").read_bytes())
    (place / "000003.rows").write_bytes((place / "000002.rows").read_bytes())

    rows = resumed(folder)

    assert (rows.digest, rows.damaged) == (whole.digest, ("000000.rows", "000003.rows"))


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: a file is there whole or not at all; the leftovers go at the next start."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.write(tmp_path / "file", b"content")

    assert [path.name for path in tmp_path.iterdir()] == ["file.part"]
    durable.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_flushed_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: the content is on the disk, then the name, then the folder is flushed."""
    import os
    import stat

    real, names = os.fsync, []

    def watched(place: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(place).st_mode) else "file"
        names.append((kind, (tmp_path / "file").exists()))
        real(place)

    monkeypatch.setattr(os, "fsync", watched)
    durable.write(tmp_path / "file", b"content")

    assert names == [("file", False), ("folder", True)]


def test_another_stamp_is_refused_by_name(tmp_path: Path) -> None:
    """Invariant: the line says what differs, and nothing in the folder changes."""
    folder = begun(tmp_path / "run")
    before = (folder / "run.json").read_bytes()

    with pytest.raises(InputError, match="seed is 1 there and 2 here"):
        run(tasks.plain, REPLICATES, folder=folder, resume=True, stamp={"seed": 2})
    with pytest.raises(InputError, match="chunk is 5 there and 7 here"):
        resumed(folder, chunk=7)
    with pytest.raises(InputError, match="executor is None there and 'numpy' here"):
        run(tasks.plain, REPLICATES, folder=folder, resume=True, stamp={"seed": 1, "executor": "numpy"})

    assert (folder / "run.json").read_bytes() == before


def test_other_versions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: rows of two versions are never mixed."""
    folder = begun(tmp_path / "run")
    monkeypatch.setattr("reprieve.trials.running.folder.versions", lambda: {"reprieve": "0", "numpy": "9.9"})

    with pytest.raises(InputError, match=r"version of numpy is '\d.*' there and '9.9' here"):
        resumed(folder)


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    """Invariant: without resume a folder that holds a run is refused."""
    folder = begun(tmp_path / "run")

    with pytest.raises(InputError, match="already holds a run; resume it or choose another folder"):
        run(tasks.plain, REPLICATES, folder=folder, stamp={"seed": 1})


@pytest.mark.parametrize("content", ["", "{", "[]", '{"form": 9}', '{"form": 1, "chunk": 0, "stamp": {}}'])
def test_a_manifest_that_no_run_wrote_is_refused(content: str, tmp_path: Path) -> None:
    """Invariant: one line, not a traceback."""
    (tmp_path / "run.json").write_text(content)

    with pytest.raises(InputError, match=r"holds a run\.json that no run wrote"):
        resumed(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Invariant: one line, not a traceback."""
    (tmp_path / "run").write_text("a file")

    with pytest.raises(InputError, match="cannot be a folder"):
        run(tasks.plain, 3, folder=tmp_path / "run")


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    """Invariant: the line says who holds it; afterwards the folder is free, though the lock file stays."""
    with locked(tmp_path), pytest.raises(InputError, match=r"is in use by process \d+ on .* since"):
        run(tasks.plain, 3, folder=tmp_path)

    assert (tmp_path / "lock").is_file()
    assert run(tasks.plain, 3, folder=tmp_path).replicates == 3


def test_workers_do_not_hold_the_lock(tmp_path: Path) -> None:
    """Invariant: a worker that outlives a killed parent for a moment does not keep the folder."""
    with locked(tmp_path):
        ours, theirs = multiprocessing.Pipe()
        worker = multiprocessing.get_context("spawn").Process(target=_tell, args=(theirs,))
        worker.start()
        assert ours.recv() == "up"
    with locked(tmp_path):
        ours.send("end")
    worker.join()


def _tell(pipe: multiprocessing.connection.Connection) -> None:
    pipe.send("up")
    pipe.recv()


def test_the_stamp_can_be_read_back(tmp_path: Path) -> None:
    """Invariant: the executor of a run is found again; versions are recorded without being asked for."""
    assert stamp_of(tmp_path / "run") is None
    begun(tmp_path / "run")

    stamp = stamp_of(tmp_path / "run")
    assert stamp is not None
    assert stamp["seed"] == 1
    assert "version of numpy" in stamp
    assert json.loads((tmp_path / "run" / "run.json").read_text())["chunk"] == 5


def test_the_table_holds_every_row(tmp_path: Path, whole: Rows) -> None:
    """Invariant: the Parquet table of a complete run is its rows."""
    run(tasks.plain, REPLICATES, folder=tmp_path)

    table = polars.read_parquet(tmp_path / "rows.parquet")
    assert table.columns == ["replicate", *whole.names]
    assert table["replicate"].to_list() == list(range(REPLICATES))
    assert table["first"].to_list() == whole["first"].tolist()
