"""What enters a pool: one row per trial by fixed rules, and nobody hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.provenance import SeenHow
from reprieve.evidence.candidates import candidates
from reprieve.evidence.package.load import load
from reprieve.evidence.selection import SECOND_HAND, VERIFIED, Filters, select, trials
from reprieve.evidence.timepoints import rules, timepoint
from tests.evidence.made import POINTS, outcome, with_trial

ANYTHING = frozenset(SeenHow)


@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize("trusted", [VERIFIED, SECOND_HAND, ANYTHING], ids=["verified", "second-hand", "all"])
def test_every_trial_is_chosen_or_left_out_with_a_reason(at: str, trusted: frozenset[SeenHow]) -> None:
    """Invariant: nobody is hidden, and nobody counts twice."""
    found = select(load(), timepoint(at), Filters(trusted=trusted))

    chosen, left = [one.study for one in found.chosen], {one.study for one in found.left_out}
    assert {*chosen, *left} == {one.study for one in trials(load())}
    assert len(set(chosen)) == len(chosen)
    assert all(one.reason and one.kind for one in found.left_out)


@pytest.mark.parametrize("at", POINTS)
def test_only_verified_rows_of_ptsd_trials_enter(at: str) -> None:
    """Invariant: depression and context studies inform kinetics and tolerability, never the PTSD pool."""
    pools = {one.study: one.pool for one in load().studies}

    found = select(load(), timepoint(at))

    assert all(pools[one.study] == "ptsd" and one.seen in VERIFIED and not one.needs_assumption for one in found.chosen)


def test_todays_rows() -> None:
    """Trial register NCT00749203 (Feder 2014, day 7), Feder 2021 abstract, Duek 2023 participant file."""
    rows = {at: [(one.study, one.row_id) for one in select(load(), timepoint(at)).chosen] for at in POINTS}

    assert rows == {
        "24h": [],
        "1w": [("feder2014", "o0018+o0019"), ("duek2023", "o0065+o0067")],
        "2w": [("feder2021", "c0008")],
        "eot": [("feder2014", "o0018+o0019"), ("feder2021", "c0008"), ("duek2023", "o0065+o0067")],
        "4w": [("duek2023", "o0069+o0071")],
    }


def test_the_second_hand_row_enters_only_when_asked_for() -> None:
    """Feder 2014 at 24 h: 12.7 points, p .02, quoted by a review; the interval itself was never seen."""
    point = timepoint("24h")

    verified, quoted = select(load(), point), select(load(), point, Filters(trusted=SECOND_HAND))

    assert verified.chosen == ()
    assert verified.count("second-hand") == 1
    assert [(one.study, one.seen, one.needs_assumption) for one in quoted.chosen] == [
        ("feder2014", SeenHow.SECONDARY, True)
    ]


@pytest.mark.parametrize(
    ("at", "day", "inside"),
    [
        ("24h", 0.4, False),
        ("24h", 0.5, True),
        ("24h", 3, True),
        ("24h", 3.1, False),
        ("1w", 4, True),
        ("1w", 10.5, False),
    ],
)
def test_the_edges_of_a_window(at: str, day: float, inside: bool) -> None:
    """Invariant: a window holds its ends."""
    found = select(with_trial("edge2027", day=day), timepoint(at))

    assert ("edge2027" in {one.study for one in found.chosen}) is inside


def test_early_and_lasting_are_separate_pools() -> None:
    """Invariant: a reading after the second dose is no early reading, and days count from the dose that is named."""
    package = with_trial("two2027", day=3, days=(0.0, 2.0))

    early = {one.study for one in select(package, timepoint("24h")).chosen}
    end = {one.study: one for one in select(package, timepoint("eot")).chosen}

    assert "two2027" not in early
    assert end["two2027"].days_since_last == 1
    assert timepoint("4w", "first").since == "first"


@pytest.mark.parametrize(("at", "since"), [("24h", "last"), ("eot", "first"), ("1w", "middle")])
def test_a_basis_that_makes_no_sense_is_refused(at: str, since: str) -> None:
    """Invariant."""
    with pytest.raises(InputError, match="since"):
        timepoint(at, since)


def test_the_hierarchy_beats_the_better_result() -> None:
    """Invariant: one instrument per study by a list fixed beforehand, whatever another scale would have shown."""
    package = with_trial("scales2027")
    flattering = [
        outcome(f"y-{arm}", "scales2027", arm, value, 10, 1, "IES-R")
        for arm, value in (("ketamine", 5), ("midazolam", 60))
    ]
    both = replace(package, outcomes=(*package.outcomes, *flattering))

    chosen = {one.study: one for one in select(both, timepoint("24h")).chosen}

    assert chosen["scales2027"].instrument == "CAPS-5"
    assert rules().instruments.index("CAPS-5") < rules().instruments.index("IES-R")


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-30, 30), sign=st.sampled_from([-1.0, 1.0]))
def test_the_choice_does_not_look_at_results(shift: float, sign: float) -> None:
    """Invariant: other means, same rows."""
    package = load()
    moved = tuple(
        replace(one, value=sign * one.value + shift) if one.measure == "mean" else one for one in package.outcomes
    )

    for at in POINTS:
        before, after = select(package, timepoint(at)), select(replace(package, outcomes=moved), timepoint(at))
        assert [one.row_id for one in before.chosen] == [one.row_id for one in after.chosen]


def test_participants_count_once() -> None:
    """Invariant: of two trials with the same patients the list of overlaps names the one that stays."""
    package = with_trial("again2027", base=with_trial("first2027"))
    link = replace(package.overlaps[0], study_a="first2027", study_b="again2027", kept="first2027")

    found = select(replace(package, overlaps=(*package.overlaps, link)), timepoint("24h"))

    assert [one.study for one in found.chosen] == ["first2027"]
    assert [one.kind for one in found.left_out if one.study == "again2027"] == ["overlap"]


def test_filters() -> None:
    """Invariant: a filter keeps what it names; Abdallah 2022 is the veterans' trial with an inert comparator."""
    point = timepoint("eot")

    active = select(load(), point, Filters(comparator="active"))
    veterans = select(load(), point, Filters(population="veteran"))

    assert {one.comparator for one in active.chosen} == {"active"}
    assert select(load(), point, Filters(comparator="inert")).chosen == ()
    assert veterans.chosen == ()
    assert "abdallah2022" in {one.study for one in veterans.left_out if one.kind == "no figures"}


@pytest.mark.parametrize("wish", ["comparator", "population", "instrument", "analysis"])
def test_an_unknown_filter_is_refused_by_name(wish: str) -> None:
    """Invariant."""
    wrong: dict[str, Any] = {wish: "moon"}

    with pytest.raises(InputError, match=wish):
        Filters(**wrong)


def test_arms_of_one_kind_are_combined() -> None:
    """Closed form (Cochrane Handbook 6.5.2.10): two equal control arms make one of twice the size."""
    package = with_trial("three2027")
    control = next(one for one in package.arms if one.study == "three2027" and one.role == "active")
    third = outcome("z", "three2027", "other", 31, 12, 1)
    arms = (*package.arms, replace(control, arm="other"))

    study = package.study("three2027")
    one = next(
        c for c in candidates(replace(package, arms=arms, outcomes=(*package.outcomes, third)), study) if c.poolable
    )

    assert (one.n_ketamine, one.n_comparator) == (40, 80)
    assert "combined" in one.how
