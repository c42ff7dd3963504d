"""The diff of the answer: nothing where nothing changed, the new study by name where it did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reprieve.evidence.answer import answer
from reprieve.evidence.change import change
from reprieve.evidence.package.load import load
from tests.evidence.invented import reading, trial, values, with_trial


def test_the_same_package_changes_nothing() -> None:
    """Invariant: before and after are the same words and numbers at every time point."""
    found = change(load(), load())

    assert [one.at for one in found] == ["24h", "1w", "2w", "eot", "4w"]
    for one in found:
        assert one.before == one.after
        assert one.estimate_before == one.estimate_after
        assert (one.studies_added, one.studies_gone) == ((), ())


def test_a_new_trial_is_named_and_moves_the_answer() -> None:
    """Independent path: the figures are those of the two answers."""
    after = with_trial()
    found = {one.at: one for one in change(load(), after)}

    for at in ("1w", "eot"):
        assert found[at].studies_added == ("new2030",)
        assert found[at].studies_gone == ()
        old, new = (answer(package, at, with_variants=False).pool for package in (load(), after))
        assert old is not None
        assert new is not None
        assert (found[at].estimate_before, found[at].estimate_after) == (old.estimate, new.estimate)
        assert f"{new.estimate:.3f}" in found[at].after
        assert f"{new.k} trials" in found[at].after
        assert found[at].before != found[at].after
    for at in ("24h", "2w", "4w"):
        assert found[at].before == found[at].after
        assert found[at].studies_added == ()


def test_a_second_trial_makes_a_pool() -> None:
    """Invariant: refused before, pooled after, and the other way round."""
    after = with_trial("new2030", 28)
    (forth,) = (one for one in change(load(), after) if one.at == "4w")
    (back,) = (one for one in change(after, load()) if one.at == "4w")

    assert forth.before.startswith("not pooled: only duek2023")
    assert forth.estimate_before is None
    assert forth.estimate_after is not None
    assert (back.before, back.after) == (forth.after, forth.before)
    assert (back.studies_added, back.studies_gone) == ((), ("new2030",))


@pytest.mark.parametrize("seen", ["secondary", "unverified", "assumed"])
def test_an_unverified_trial_changes_no_pool(seen: str) -> None:
    """Invariant: what nobody saw in the paper does not move the default answer."""
    after = reading(trial(load(), "new2030"), "new2030", 7, seen=seen)

    for one in change(load(), after):
        assert one.estimate_before == one.estimate_after
        assert one.studies_added == ()


def test_other_values_of_the_same_trials_are_seen() -> None:
    """Invariant: no study comes or goes, and yet the answer moves."""
    found = {one.at: one for one in change(load(), values(load(), 2))}

    assert found["eot"].studies_added == found["eot"].studies_gone == ()
    assert found["eot"].before != found["eot"].after
    assert found["eot"].estimate_before != found["eot"].estimate_after


def test_a_trial_taken_away_is_named() -> None:
    """Invariant: what is gone is said."""
    package = load()
    after = replace(package, studies=tuple(one for one in package.studies if one.study != "feder2021"))

    assert {one.at: one.studies_gone for one in change(package, after) if one.studies_gone} == {
        "2w": ("feder2021",),
        "eot": ("feder2021",),
    }
