"""The answer in words: the numbers of the pool, how sure, and who is not in it."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from reprieve.evidence.answer import answer
from reprieve.evidence.package.load import Package, load
from reprieve.evidence.selection import Filters
from reprieve.evidence.sentence import better_in_hundred, sentence
from tests.evidence.invented import reading, trial, values, with_trial

HALF, ROUNDING = 0.5, 1e-9


def said(package: Package, at: str, filters: Filters | None = None) -> str:
    return sentence(answer(package, at, filters=filters, with_variants=False), package)


@pytest.mark.parametrize(("effect", "pairs"), [(0, 50), (-9, 100), (9, 0), (-1, 76), (1, 24), (-0.2, 56), (-0.5, 64)])
def test_pairs_of_a_hundred(effect: float, pairs: int) -> None:
    """Closed form (McGraw & Wong 1992): Phi(-g / sqrt 2); no difference is 50 of 100."""
    assert better_in_hundred(effect) == pairs


@given(effect=st.floats(-5, 5))
def test_pairs_of_a_hundred_at_any_effect(effect: float) -> None:
    """Closed form (McGraw & Wong 1992) by SciPy's normal distribution."""
    assert abs(better_in_hundred(effect) - 100 * norm.cdf(-effect / sqrt(2))) <= HALF + ROUNDING


@pytest.mark.parametrize("at", ["1w", "eot"])
def test_the_numbers_are_those_of_the_pool(at: str) -> None:
    """Invariant: estimate, interval, trials, patients, pairs and prediction, each as in the answer."""
    found = answer(load(), at, with_variants=False)
    words = sentence(found, load())

    assert found.pool is not None
    pool = found.pool
    assert f"{abs(pool.estimate):.2f} standard deviations lower" in words
    assert f"({pool.k} trials, {found.patients} patients; 95 % confidence interval" in words
    assert f"{pool.ci_low:+.2f} to {pool.ci_high:+.2f}" in words
    assert f"in {better_in_hundred(pool.estimate)} of 100 random pairs" in words
    assert isfinite(pool.pi_low)
    assert f"{pool.pi_low:+.2f} to {pool.pi_high:+.2f}" in words


@pytest.mark.parametrize("at", ["1w", "eot"])
def test_it_says_how_sure_one_may_be(at: str) -> None:
    """Contract: the level of certainty is in the sentence; the pools of today are very low."""
    found = answer(load(), at, with_variants=False)

    assert found.certainty is not None
    assert found.certainty.level == "very low"
    assert "Certainty of this evidence: very low." in sentence(found, load())


@pytest.mark.parametrize("at", ["24h", "1w", "2w", "eot", "4w"])
def test_the_large_trial_without_figures_is_named(at: str) -> None:
    """Published size: abdallah2022, 158 patients, no difference and no figures; no answer is silent about it."""
    words = said(load(), at)

    assert "abdallah2022 (158 patients, no difference" in words
    assert "printed no figures" in words


@pytest.mark.parametrize("at", ["24h", "2w", "4w"])
def test_nothing_pooled_has_no_number(at: str) -> None:
    """Invariant: without a pool there is no effect, no certainty, but the reason."""
    words = said(load(), at)

    assert words.startswith("Nothing is pooled here: ")
    assert "standard deviations" not in words
    assert "Certainty" not in words
    assert "a pool needs 2" in words


def test_an_interval_that_includes_no_difference_says_so() -> None:
    """Invariant: the doubt is said if and only if the interval holds zero."""
    package = load()
    for i in range(6):
        name = f"new{2030 + i}"
        package = reading(trial(package, name), name, 7, ketamine=(20, 10, 60), control=(30, 10, 60))
    sure, unsure = answer(package, with_variants=False), answer(load(), with_variants=False)

    assert sure.pool is not None
    assert sure.pool.ci_high < 0
    assert "includes no difference" not in sentence(sure, package)
    assert unsure.pool is not None
    assert unsure.pool.ci_low < 0 < unsure.pool.ci_high
    assert "includes no difference" in sentence(unsure, load())


def test_a_harm_is_called_higher() -> None:
    """Invariant: results turned round, the words turn too."""
    words = said(values(load(), -1), "eot")

    assert "standard deviations higher with ketamine" in words
    assert "in 33 of 100 random pairs" in words


def test_a_subgroup_has_no_certainty() -> None:
    """Invariant: what has not been judged is not said."""
    assert "Certainty" not in said(load(), "eot", Filters(comparator="active"))


def test_nobody_silent_nothing_said() -> None:
    """Invariant: where every trial has figures there is no list of the missing."""
    silent = {"abdallah2022", "dadabayev2020", "beaglehole2025"}
    package = with_trial()
    package = replace(package, studies=tuple(one for one in package.studies if one.study not in silent))

    assert "Not in it" not in said(package, "eot")
