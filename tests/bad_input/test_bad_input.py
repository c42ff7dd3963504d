"""Every case of the corpus ends as bad input must: exit 2, one line, nothing else, never a traceback."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reprieve.cli import main
from tests.house.project import ROOT

CORPUS = Path(__file__).with_name("corpus.toml")
CASES: list[dict[str, Any]] = tomllib.loads(CORPUS.read_text(encoding="utf-8"))["case"]
# In a process of its own each of these costs a start; the others run inside this one.
IN_A_PROCESS = ("command-unknown", "pk-dose-nan", "regimen-empty", "simulate-out-empty", "table-overlap")
BAD_INPUT = 2


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def check(case: dict[str, Any], code: int, out: str, err: str) -> None:
    lines = err.splitlines()
    missing = [word for word in case["says"] if word.lower() not in err.lower()]

    assert code == BAD_INPUT, err
    assert out == ""
    assert len(lines) == 1, err
    assert "Traceback" not in err
    assert not missing, err


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_bad_input_ends_in_one_line(case: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Invariant: exit 2, empty standard output, one line on standard error that says what is wrong."""
    code = main(case["argv"])

    check(case, code, *capsys.readouterr())


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_a_process_ends_the_same_way(name: str) -> None:
    """Invariant: what holds inside Python holds for the program as it is run."""
    case = next(case for case in CASES if case["id"] == name)
    command = [sys.executable, "-c", "import sys; from reprieve.cli import main; sys.exit(main())", *case["argv"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    check(case, done.returncode, done.stdout, done.stderr)


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    """Invariant: at least 100 cases, each with a name of its own."""
    names = Counter(case["id"] for case in CASES)

    assert len(CASES) >= 100
    assert [name for name, count in names.items() if count > 1] == []


def test_refused_output_writes_nothing(tmp_path: Path) -> None:
    """Invariant: what is refused leaves no file behind."""
    target = tmp_path / "course.csv"

    assert main(["simulate", "0.5 mg/kg over 40 min", "--patients", "0", "--out", str(target)]) == BAD_INPUT
    assert list(tmp_path.iterdir()) == []
