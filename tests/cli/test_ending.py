"""How the program ends: its exit codes, and one line on standard error."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reprieve.cli import main, program
from reprieve.core.errors import NumericsError
from tests.house.project import ROOT

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (NumericsError("accuracy of 1e-6 not reached\nat 3 h"), 1, "accuracy of 1e-6 not reached at 3 h"),
        (OSError(28, "No space left on device"), 1, "[Errno 28] No space left on device"),
        (MemoryError(), 1, "patients: not enough memory: simulate fewer at a time"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_every_ending_is_one_line(
    error: BaseException, code: int, line: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant: 1 for what went wrong, 130 for an interruption, never a traceback."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("reprieve.model.simulate.simulate", fail)

    assert main(["simulate", "0.5 mg/kg over 40 min", "--json"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.strip() == line


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: what nobody expected keeps its traceback."""
    monkeypatch.setattr("reprieve.model.simulate.simulate", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        main(["simulate", "0.5 mg/kg over 40 min", "--json"])


def test_a_closed_pipe_ends_without_a_word() -> None:
    """Invariant: `reprieve sources | head -1` says nothing on standard error."""
    script = "import sys; from reprieve.cli import main; sys.exit(main(['sources']))"
    run = f'{sys.executable} -c "{script}" | head -1'

    done = subprocess.run(["/bin/sh", "-c", run], capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["model"], ["model", "--help"], ["pk", "--help"]])
def test_help_ends_well(arguments: list[str], capsys: Capture) -> None:
    """Invariant: asking for help, or saying nothing, is no error."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "Usage: reprieve" in out
    assert err == ""


def test_no_help_line_is_cut(capsys: Capture) -> None:
    """Invariant: the list of commands can be read: each has a first sentence that fits."""
    main([])

    listed = capsys.readouterr().out.split("Commands:")[1]
    assert "..." not in listed


def test_the_version_is_that_of_the_package(capsys: Capture) -> None:
    """Invariant."""
    import reprieve

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"reprieve {reprieve.__version__}\n"


def test_a_usage_error_says_where_the_help_is(capsys: Capture) -> None:
    """Invariant: one line with the command whose help applies."""
    assert main(["model", "card", "surplus"]) == program.BAD_INPUT
    assert capsys.readouterr().err.endswith("see `reprieve model card --help`\n")
