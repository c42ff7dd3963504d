"""`reprieve trial`: what it prints, what it keeps, and how it ends."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars
import pytest

from reprieve.cli import main
from reprieve.cli.trial_progress import watching
from reprieve.trials.running.errors import ReplicateError
from reprieve.trials.sizing import SampleSize, Tried
from tests.cli.program import json_of, out_of
from tests.house.project import ROOT
from tests.trials import small_design

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def design(tmp_path: Path) -> str:
    return str(small_design.write(tmp_path))


@pytest.fixture(autouse=True)
def few_for_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """The truth from a few patients: these tests look at what is printed, not at the figure."""
    from reprieve.trials import simulated

    full = simulated.simulated_trial
    monkeypatch.setattr(simulated, "simulated_trial", lambda *a, **k: full(*a, **k, truth_patients=40))


def test_the_json_is_the_run(design: str, capsys: Capture) -> None:
    """Invariant: `trial --json` is the run of the same design, every figure with its Monte-Carlo error."""
    from reprieve.trials.simulated import simulated_trial

    found = json_of(capsys, "trial", design, "--replicates", "4", "--seed", "3")

    run = simulated_trial(design, 4, seed=3)
    assert list(found["worlds"]) == ["as_modelled", "no_difference", "belief_only"]
    for world, one in run.worlds.items():
        measures = found["worlds"][world]["measures"]
        assert measures[next(iter(one.measures))]["value"] == one.headline.value
        assert set(measures["expected patients"]) >= {"value", "se", "low", "high"}
    assert (found["seed"], found["replicates"], found["executor"]) == (3, 4, "numpy")
    assert found["truth"]["unblinding"]["ketamine"]["value"] is not None


def test_people_read_rates_errors_and_what_they_rest_on(design: str, capsys: Capture) -> None:
    """Invariant: the three rates, their errors, and the sentences that keep them honest."""
    out = out_of(capsys, "trial", design, "--replicates", "3")

    flat = " ".join(out.split())
    words = ["power", "type I error", "false attribution", "MC error", "bias", "coverage", "through belief"]
    words += ["16 + 8 patients", "The model's parameters", "never decides", "a rejection is a type I error"]
    assert [word for word in words if word not in flat] == []


def test_one_world_alone(design: str, capsys: Capture) -> None:
    """Invariant: only what was asked for is simulated and told."""
    out = out_of(capsys, "trial", design, "--replicates", "2", "--world", "belief_only")

    assert "false attribution" in out
    assert "type I error" not in out
    assert "As modelled" not in out


def test_a_run_is_kept_and_continued(design: str, tmp_path: Path, capsys: Capture) -> None:
    """Invariant: --out keeps, --resume goes on, and the rows are those of one run."""
    options = ["--world", "as_modelled", "--out", str(tmp_path / "run")]
    rows = tmp_path / "rows.parquet"
    out = out_of(capsys, "trial", design, "--replicates", "10", *options)
    assert f"Kept in {tmp_path / 'run'}; 0 replicates were there before." in " ".join(out.split())

    found = json_of(capsys, "trial", design, "--replicates", "12", *options, "--resume", "--full-output", str(rows))

    whole = json_of(capsys, "trial", design, "--replicates", "12", "--world", "as_modelled")
    assert found["kept"] == {"as_modelled": 10}
    assert found["inputs_digest"] == whole["inputs_digest"]
    table = polars.read_parquet(rows)
    assert table.columns[:2] == ["world", "replicate"]
    assert table["replicate"].to_list() == list(range(12))


def test_a_search_prints_the_size_and_the_curve(design: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: the size with its interval, the power at every size tried, in text and as JSON."""
    tried = (Tried(60, 200, 120), Tried(90, 400, 330))
    given: dict[str, Any] = {}

    def search(_: object, target: float, **options: Any) -> SampleSize:
        given.update(options, target=target)
        options["told"](60, 200)
        return SampleSize(target, 84, 80.2, 91.7, 0.8012, 0.012, tried, "power reaches 0.8 at the size found")

    monkeypatch.setattr("reprieve.trials.sizing_design.required_size", search)

    out = out_of(capsys, "trial", design, "--power", "0.8", "--replicates", "600", "--conditional", "--seed", "9")
    found = json_of(capsys, "trial", design, "--power", "0.8")

    assert "84 patients in all (95 % Monte-Carlo interval 80 to 92)" in " ".join(out.split())
    assert "0.825" in out
    assert (found["patients"], found["low"], found["high"]) == (84, 80.2, 91.7)
    assert [one["patients"] for one in found["tried"]] == [60, 90]
    assert given["target"] == 0.8


def test_options_reach_the_search(design: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant."""
    given: dict[str, Any] = {}

    def search(_: object, target: float, **options: Any) -> SampleSize:
        given.update(options)
        return SampleSize(target, None, 900.0, float("inf"), 0.7, 0.01, (Tried(60, 20, 12),), "power does not reach it")

    monkeypatch.setattr("reprieve.trials.sizing_design.required_size", search)

    out = out_of(capsys, "trial", design, "--power", "0.8", "--replicates", "600", "--conditional", "--seed", "9")

    assert (given["replicates"], given["conditional"], given["seed"], given["workers"]) == (600, True, 9, 1)
    assert "not found (95 % Monte-Carlo interval 900 to any size)" in " ".join(out.split())


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--replicates", "0"], "replicates: 0: must be a whole number, 1 or more"),
        (["--workers", "-2"], "workers: -2: must be a whole number, 1 or more"),
        (["--world", "mars"], "world: 'mars': must be as_modelled, no_difference, belief_only or all"),
        (["--resume"], "resume: True: needs the folder of the run; give --out FOLDER too"),
        (["--executor", "abacus"], "executor: 'abacus': must be auto, numpy or numba"),
        (["--full-output", "rows.csv"], "full_output: 'rows.csv': must end in .parquet"),
        (["--power", "1.5"], "power: 1.5: must be between 0 and 1"),
        (["--power", "0.8", "--full-output", "x.parquet"], "full_output: 'x.parquet': does not go with --power"),
        (["--cluster", "nonsense://here"], "cluster: 'nonsense://here': no scheduler answers there"),
    ],
)
def test_bad_input_is_one_line(options: list[str], line: str, design: str, capsys: Capture) -> None:
    """Invariant: exit code 2, one line that names the field, nothing on standard output."""
    assert main(["trial", design, *options]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_a_design_that_is_not_there_is_one_line(capsys: Capture) -> None:
    """Invariant: the examples are named."""
    assert main(["trial", "nothing.toml"]) == 2

    assert "design: 'nothing.toml': is no file and no example; examples: " in capsys.readouterr().err


def test_a_failing_replicate_ends_in_one_line(design: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: exit code 1 and the number of the replicate."""

    def fail(*_: object, **__: object) -> None:
        raise ReplicateError(7, "ValueError: a bug")

    monkeypatch.setattr("reprieve.trials.simulated.run", fail)

    assert main(["trial", design]) == 1
    assert capsys.readouterr().err == "replicate 7: ValueError: a bug\n"


@pytest.mark.parametrize("kept", [True, False])
def test_ctrl_c_says_how_to_go_on(kept: bool, tmp_path: Path) -> None:
    """Invariant: exit code 130 and one line: what is kept, and how to go on."""
    script = (
        "import sys\n"
        "from reprieve.cli import main\n"
        "from reprieve.trials import simulated\n"
        "def say(*given, progress, **options):\n"
        "    progress(40)\n"
        "    print('begun', flush=True)\n"
        "    import threading\n"
        "    threading.Event().wait()\n"
        "simulated.run = say\n"
        "sys.exit(main())\n"
    )
    design = str(small_design.write(tmp_path))
    out = ["--out", str(tmp_path / "run")] if kept else []
    process = subprocess.Popen(
        [sys.executable, "-c", script, "trial", design, "--world", "no_difference", *out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate()

    said = f"40 replicates are kept in {tmp_path / 'run'}; the same command with --resume goes on"
    assert err == f"interrupted: {said if kept else 'nothing is kept without --out FOLDER'}\n"
    assert process.returncode == 130


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_shows_rate_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: on a terminal, a bar on standard error; what was kept before counts as done but not in the rate."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)

    with watching(1000) as watcher:
        hear = watcher.world("as_modelled")
        hear(400)
        hear(100)
        rate = float(watcher.bar.tasks[0].fields["rate"].split()[0])
        elapsed = watcher.bar.tasks[0].elapsed
        watcher.size(120, 50)

    assert watcher.done == 550
    assert watcher.bar.tasks[0].completed == 550
    assert rate * elapsed < 400
    assert "as_modelled" in screen.getvalue()


def test_nobody_watching_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: without a terminal nothing is drawn, and the count goes on."""
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)

    with watching(1000) as watcher:
        watcher.world("as_modelled")(400)
        watcher.size(120, 50)
        watcher.end()

    assert watcher.done == 450
    assert screen.getvalue() == ""
