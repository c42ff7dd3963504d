"""Running the program in tests: inside this process, or in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from reprieve.cli import main
from tests.house.project import ROOT

SIX_INFUSIONS = "0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"


def out_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard output of a call that ends well and says nothing on standard error."""
    code = main(arguments)
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The one JSON object that a call prints. NaN and infinity are no JSON."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    found: dict[str, Any] = json.loads(out_of(capsys, *arguments, "--json"), parse_constant=refuse)
    assert isinstance(found, dict)
    return found


def process(*arguments: str, before: str = "", after: str = "") -> subprocess.CompletedProcess[str]:
    """The program in a process of its own; Python statements may run before it and after it."""
    script = "\n".join(
        [before, "import sys", "from reprieve.cli import main", "code = main()", after, "sys.exit(code)"]
    )
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
