"""`reprieve calibrate` and the calibration's part of `reprieve model card`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from reprieve.calibration import calibrate as fits
from reprieve.calibration import card as card_module
from reprieve.calibration.calibrate import Outcome
from reprieve.calibration.card import card
from reprieve.calibration.running import Task
from reprieve.calibration.sbc import Ranks
from reprieve.cli import calibrate, main
from tests.calibration.toys import put
from tests.cli.program import json_of, out_of

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of finished fits, and a program that fits nothing: it finds them there."""

    def done(tasks: Sequence[Task], workers: int, told: Any) -> Iterator[Any]:
        import numpy as np

        for task in tasks:
            key = task.arguments[0]
            if task.name.endswith(("from 0", "from 4")):
                yield key, Ranks({"nondrug_belief": np.zeros(4, dtype=np.int64)}, 63, 0)
            else:
                yield Outcome(key, key.forecaster != "comparator", ("a: R-hat 1.02, not below 1.01",), 12.0, kept=False)

    monkeypatch.setattr("reprieve.calibration.running.side_by_side", done)
    return put(tmp_path)


def test_quick_fits_are_the_whole_ones(place: Path, capsys: Capture) -> None:
    """Contract of `reprieve calibrate --json`: folder, fits with their diagnostics, SBC, what was shipped."""
    found = json_of(capsys, "calibrate", "--quick", "--out", str(place))

    assert list(found) == ["folder", "fits", "sbc", "shipped"]
    assert [one["fit"] for one in found["fits"]] == ["efficacy-chain", "efficacy-comparator", "tolerability"]
    assert found["fits"][0]["divergences"] == 0
    assert (found["sbc"], found["shipped"]) == ({}, [])


def test_what_failed_stands_first(place: Path, capsys: Capture) -> None:
    """Invariant: the first line counts the fits that missed a limit, and each says which."""
    out = out_of(capsys, "calibrate", "--quick", "--out", str(place))

    assert out.startswith("1 of 3 fits missed a limit.")
    assert out.index("efficacy, comparator") < out.index("efficacy, chain")
    assert "efficacy, comparator: a: R-hat 1.02" in out


def test_ranks_go_into_the_headers(place: Path, capsys: Capture) -> None:
    """Invariant: simulation-based calibration is kept with the fit that it judges."""
    found = json_of(capsys, "calibrate", "--quick", "--sbc", "8", "--out", str(place))

    assert found["sbc"]["efficacy-chain"]["flagged"] == ["nondrug_belief"]
    assert card(place).parts["chain"].sbc is not None


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (["--quick", "--ship"], "ship: True: needs the full fits"),
        (["--ship", "--held-out", "none"], "ship: True"),
        (["--held-out", "feder1914"], "held-out: 'feder1914'"),
        (["--sbc", "3"], "sbc: 3: must be 0 or at least 8"),
    ],
)
def test_bad_wishes_end_in_one_line(given: list[str], part: str, place: Path, capsys: Capture) -> None:
    """Invariant: exit code 2 and one line that names the option."""
    code = main(["calibrate", "--out", str(place), *given])

    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert part in err


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Invariant: no traceback about a module that is not there."""
    monkeypatch.setattr(fits, "find_spec", lambda name: None)

    code = main(["calibrate"])

    assert code == 2
    assert "pip install 'reprieve[calibrate]'" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("screen", "watched"), [(Terminal(), True), (io.StringIO(), False)])
def test_a_person_who_watches_sees_the_time_left(
    screen: io.StringIO, watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant: the bar goes to standard error, and only to a terminal."""
    monkeypatch.setattr(sys, "stderr", screen)

    with calibrate._bar("fits", [Task("a", print, (), 100)]) as told:
        if told is not None:
            told("a", 50)

    assert (told is not None) == watched
    assert ("fits" in screen.getvalue()) == watched


def test_the_model_card_holds_the_calibration(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Invariant: the shipped fits stand in front of the quantities, in words and as JSON."""
    monkeypatch.setattr(card_module, "card_or_none", lambda: card(place))

    found = json_of(capsys, "model", "card")
    out = out_of(capsys, "model", "card")

    assert found["calibration"] == card(place).to_json()
    assert out.startswith("Learned from data, of the fitted parameters: chain 7 of 8")
    assert "Simulation-based calibration: not run." in out


def test_a_package_without_fits_says_so(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Invariant: no fit is no error."""
    monkeypatch.setattr(card_module, "card_or_none", lambda: None)

    assert json_of(capsys, "model", "card")["calibration"] is None
    assert out_of(capsys, "model", "card").startswith("No calibration is shipped")
