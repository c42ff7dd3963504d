"""Named time points: windows, what they count from, and that early effect and durability stay apart."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.timepoints import rules, timepoint
from tests.evidence.invented import HIERARCHY

WINDOWS = {
    "24h": ("first", 0.5, 3.0, True),
    "1w": ("first", 4.0, 10.0, False),
    "2w": ("first", 11.0, 20.0, False),
    "eot": ("last", 0.5, 8.0, False),
    "4w": ("last", 21.0, 42.0, False),
}
BEYOND = 1e-6


def test_the_windows_are_the_stated_ones() -> None:
    """Contract: the five names of the command and their windows, as fixed before any pool was computed."""
    found = {p.key: (p.since, p.from_day, p.to_day, p.single_dose_only) for p in rules().timepoints}

    assert found == WINDOWS
    assert all(p.reason for p in rules().timepoints)
    assert all(p.holds(p.nominal_day) for p in rules().timepoints)


@pytest.mark.parametrize("key", WINDOWS)
def test_a_window_holds_its_edges_and_nothing_beyond(key: str) -> None:
    """Closed form: from <= day <= to; an unknown day is in no window."""
    point, (_, low, high, _) = timepoint(key), WINDOWS[key]

    assert point.holds(low)
    assert point.holds(high)
    assert not point.holds(low - BEYOND)
    assert not point.holds(high + BEYOND)
    assert not point.holds(None)


@pytest.mark.parametrize("since", ["first", "last"])
def test_no_day_lies_in_two_windows_of_one_basis(since: str) -> None:
    """Invariant: windows that count from the same dose do not overlap."""
    spans = sorted((p.from_day, p.to_day) for p in rules().timepoints if p.since == since)

    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_the_hierarchy_of_instruments_is_the_stated_one() -> None:
    """Contract: interview before self-report, DSM-5 before DSM-IV, IES-R last."""
    assert rules().instruments == HIERARCHY
    assert rules().instruments_reason


@pytest.mark.parametrize(("key", "since"), [("1w", "last"), ("2w", "last"), ("4w", "first")])
def test_since_counts_from_the_other_dose_and_says_so(key: str, since: str) -> None:
    """Invariant: the window stays, the basis and the words change."""
    usual, other = timepoint(key), timepoint(key, since)

    assert other.since == since != usual.since
    assert (other.from_day, other.to_day, other.nominal_day) == (usual.from_day, usual.to_day, usual.nominal_day)
    assert f"the {since} dose" in other.label
    assert f"the {usual.since} dose" not in other.label


@pytest.mark.parametrize("key", WINDOWS)
def test_the_usual_basis_may_be_said(key: str) -> None:
    """Invariant: saying the default changes nothing."""
    assert timepoint(key, WINDOWS[key][0]) == timepoint(key)


@pytest.mark.parametrize(
    ("key", "since", "words"),
    [
        ("3w", None, ["at", "3w", "24h, 1w, 2w, eot, 4w"]),
        ("", None, ["at"]),
        ("24H", None, ["at", "24H"]),
        ("1w", "second", ["since", "second", "first, last"]),
        ("24h", "last", ["since", "24h is counted from the first dose"]),
        ("eot", "first", ["since", "eot is counted from the last dose"]),
        ("eot", "second", ["since", "second"]),
    ],
)
def test_what_is_no_time_point_is_refused(key: str, since: str | None, words: list[str]) -> None:
    """Contract: the field is named, and what is known."""
    with pytest.raises(InputError) as caught:
        timepoint(key, since)

    assert [word for word in words if word not in str(caught.value)] == []
