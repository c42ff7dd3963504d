"""Candidates: the figures of a row, by formulas written here, and how good it is."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest
from scipy.stats import t as student

from reprieve.core.provenance import SeenHow
from reprieve.evidence.candidates import Candidate, candidates
from reprieve.evidence.package.load import Package, load
from tests.evidence.invented import CONTROL, KETAMINE, exact_factor, hedges, reading, row, trial, with_trial
from tests.tolerance import close

FEDER = ((54.0, 23.63, 19), (65.69, 16.36, 15))
DUEK = ((29.5, 20.73, 14), (35.08, 16.77, 13))


def held(package: Package, study: str) -> dict[str, Candidate]:
    return {one.row_id: one for one in candidates(package, package.study(study))}


@pytest.mark.parametrize(
    ("study", "row_id", "arms", "printed"),
    [("feder2014", "o0018+o0019", FEDER, -0.55), ("duek2023", "o0065+o0067", DUEK, -0.29)],
)
def test_published_scores_give_hedges_g(
    study: str, row_id: str, arms: tuple[tuple[float, float, int], ...], printed: float
) -> None:
    """Published scores (NCT00749203, CAPS day 7; duek2023 participant file, PCL-5 day 5), Hedges 1981 done by hand."""
    one = held(load(), study)[row_id]
    g, variance = hedges(*arms)

    assert close([one.yi or 0, one.vi or 0], [g, variance], "closed_form")
    assert round(g, 2) == printed
    assert (one.n_ketamine, one.n_comparator) == (arms[0][2], arms[1][2])
    assert (one.analysis, one.seen, one.doses_given) == ("final", SeenHow.FULL_TEXT, 1)


def test_a_reported_d_gets_the_small_sample_factor() -> None:
    """Published d -1.13 (Feder 2021), 15 and 15 patients: g = J(28) d."""
    one = held(load(), "feder2021")["c0008"]
    g = exact_factor(28) * -1.13

    assert one.yi is not None
    assert close(one.yi, g, "closed_form")
    assert one.vi is not None
    assert close(one.vi, 2 / 15 + g**2 / 60, "closed_form")
    assert (one.analysis, one.days_since_last, one.doses_given) == ("reported", 3.0, 6)


@pytest.mark.parametrize("r", [0.3, 0.5, 0.7])
def test_a_crossover_contrast_needs_a_correlation(r: float) -> None:
    """Published -12.7 (Feder 2014), p .02, 29 pairs: t gives the SD of differences, SD = SD_d / sqrt(2 (1 - r))."""
    package = load()
    one = {c.row_id: c for c in candidates(package, package.study("feder2014"), r)}["c0001"]
    reach = float(student.isf(0.01, 28))
    d = -reach / sqrt(29) * sqrt(2 * (1 - r))

    assert one.yi is not None
    assert close(one.yi, exact_factor(28) * d, "metafor_iterated")
    assert one.needs_assumption
    assert one.seen is SeenHow.SECONDARY


def test_the_correlation_left_out_is_the_stated_default() -> None:
    """Contract: 0.5, assumed, in `answer.toml`."""
    package = load()
    study = package.study("feder2014")

    assert candidates(package, study) == candidates(package, study, 0.5)
    assert candidates(package, study) != candidates(package, study, 0.7)


@pytest.mark.parametrize("weaker", [SeenHow.ABSTRACT, SeenHow.SECONDARY, SeenHow.UNVERIFIED])
@pytest.mark.parametrize("arm", ["k", "m"])
def test_a_figure_is_as_good_as_the_worst_that_went_into_it(weaker: SeenHow, arm: str) -> None:
    """Invariant: one arm seen second-hand makes the effect second-hand."""
    package = with_trial()
    rows = tuple(
        replace(one, seen=weaker) if one.row_id == f"new2030-CAPS-5-mean-7-{arm}" else one for one in package.outcomes
    )

    assert held(replace(package, outcomes=rows), "new2030")[row("new2030", 7)].seen is weaker


@pytest.mark.parametrize(
    "cells",
    [
        {"n": None},
        {"dispersion": None},
        {"day": None},
        {"n": 1},
        {"dispersion_type": "se"},
        {"measure": "count"},
        {"subscale": "intrusion"},
        {"instrument": "MADRS"},
        {"arm": "all"},
    ],
)
def test_half_a_comparison_is_no_candidate(cells: dict[str, object]) -> None:
    """Invariant: without mean, SD, n and day of both arms on a whole PTSD scale there is no effect."""
    package = with_trial()
    rows = tuple(
        replace(one, **cells) if one.row_id == "new2030-CAPS-5-mean-7-m" else one  # type: ignore[arg-type]
        for one in package.outcomes
    )

    assert held(replace(package, outcomes=rows), "new2030") == {}


def test_readings_of_other_days_scales_or_measures_are_never_paired() -> None:
    """Invariant: both arms are compared at one day, on one instrument, by one measure."""
    package = trial(load(), "new2030")
    for day, instrument, measure in ((3.0, "CAPS-5", "mean"), (3.0, "PCL-5", "mean"), (3.0, "CAPS-5", "change")):
        package = reading(package, "new2030", day, instrument=instrument, measure=measure)
    package = reading(package, "new2030", 9.0)

    found = held(package, "new2030")

    assert set(found) == {
        row("new2030", 3),
        row("new2030", 9),
        row("new2030", 3, "PCL-5"),
        row("new2030", 3, "CAPS-5", "change"),
    }
    assert close([one.yi or 0 for one in found.values()], [hedges(KETAMINE, CONTROL)[0]] * len(found), "closed_form")


def test_two_ketamine_arms_count_once() -> None:
    """Closed form: two equal arms together are one arm of twice the size; SD by Cochrane Handbook 6.5.2.10."""
    package = with_trial()
    arm = next(one for one in package.arms if (one.study, one.arm) == ("new2030", "ketamine"))
    twin = next(one for one in package.outcomes if one.row_id == "new2030-CAPS-5-mean-7-k")
    package = replace(
        package,
        arms=(*package.arms, replace(arm, arm="ketamine_2")),
        outcomes=(*package.outcomes, replace(twin, row_id="twin", arm="ketamine_2")),
    )

    (one,) = held(package, "new2030").values()

    mean, sd, n = KETAMINE
    together = sqrt(2 * (n - 1) * sd**2 / (2 * n - 1))
    assert one.yi is not None
    assert close(one.yi, hedges((mean, together, 2 * n), CONTROL)[0], "closed_form")
    assert (one.n_ketamine, one.n_comparator) == (2 * n, CONTROL[2])
    assert "combined" in one.how


@pytest.mark.parametrize("role", ["active", "inert"])
def test_the_comparator_is_that_of_the_arm(role: str) -> None:
    """Invariant: the role of the control arm travels with the row."""
    package = reading(trial(load(), "new2030", role=role), "new2030", 7)

    assert held(package, "new2030")[row("new2030", 7)].comparator == role


def test_a_contrast_in_words_has_no_figure() -> None:
    """Published in words: abdallah2022 reports no difference over the whole course."""
    words = [one for one in candidates(load(), load().study("abdallah2022")) if one.whole_course]

    assert words
    assert not any(one.poolable for one in words)
    assert {one.direction for one in words} == {"no_difference"}
