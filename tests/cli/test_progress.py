"""Progress on long runs, for people who watch."""

from __future__ import annotations

import io
import sys

import pytest

from reprieve.cli.progress import WORTH_WATCHING, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_run_that_is_watched_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: the bar goes to standard error, never to standard output."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)

    with progress(2 * WORTH_WATCHING) as report:
        assert report is not None
        report(WORTH_WATCHING)
        report(WORTH_WATCHING)

    assert "virtual patients" in screen.getvalue()


@pytest.mark.parametrize(("patients", "watched"), [(WORTH_WATCHING, True), (2 * WORTH_WATCHING, False)])
def test_others_see_nothing(patients: int, watched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: a short run, or one that nobody watches, has no bar."""
    screen = Terminal() if watched else io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)

    with progress(patients) as report:
        assert report is None

    assert screen.getvalue() == ""
