"""The answer: its numbers against independent arithmetic and published figures, its words, the ledger, the change."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import erf, gamma, sqrt

import pytest

import reprieve as rp
from reprieve.evidence.answer import Answer, answer
from reprieve.evidence.certainty import certainty
from reprieve.evidence.change import change
from reprieve.evidence.found import NO_SYSTEMATIC_SEARCH, found
from reprieve.evidence.ledger import claims, ledger
from reprieve.evidence.package.load import load
from reprieve.evidence.selection import SECOND_HAND, Filters
from reprieve.evidence.sentence import better_in_hundred, sentence
from tests.evidence.made import POINTS, with_trial
from tests.tolerance import close


def hedges(m1: float, s1: float, n1: int, m2: float, s2: float, n2: int) -> tuple[float, float]:
    """Hedges g and its large-sample variance, written out once more."""
    df = n1 + n2 - 2
    pooled = sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df)
    j = gamma(df / 2) / (sqrt(df / 2) * gamma((df - 1) / 2))
    g = j * (m1 - m2) / pooled
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def eot() -> Answer:
    return answer(load(), "eot")


def test_effects_from_published_means() -> None:
    """Register NCT00749203: CAPS day 7, 54.0 (23.63) n 19 v 65.69 (16.36) n 15; Duek 2023 file: PCL-5 day 5."""
    rows = {one.study: (one.yi or 0.0, one.vi or 0.0) for one in eot().selection.chosen}

    feder = hedges(54.0, 23.63, 19, 65.69, 16.36, 15)
    duek = hedges(29.5, 20.73, 14, 35.08, 16.77, 13)
    assert close(rows["feder2014"], feder, "closed_form")
    assert close(rows["duek2023"], duek, "closed_form")


def test_the_reported_effect_keeps_its_size() -> None:
    """Feder 2021, abstract: d 1.13 favouring ketamine, 15 and 15 patients; J of 28 degrees of freedom."""
    row = next(one for one in eot().selection.chosen if one.study == "feder2021")

    assert close(row.yi or 0.0, -1.13 * gamma(14) / (sqrt(14) * gamma(13.5)), "closed_form")


def test_equal_effects_by_hand() -> None:
    """Closed form: the mean weighted by inverse variances."""
    found = answer(load(), "eot", method="EE", test="z")
    assert found.pool is not None
    weights = [1 / (one.vi or 1) for one in found.selection.chosen]

    mean = sum(w * (one.yi or 0) for w, one in zip(weights, found.selection.chosen, strict=True)) / sum(weights)
    assert close([found.pool.estimate, found.pool.se], [mean, 1 / sqrt(sum(weights))], "closed_form")


def test_the_pool_is_the_pool_of_anyones_table() -> None:
    """Invariant: the same three rows through the public door give the same numbers."""
    found = eot()
    table = {"yi": [one.yi for one in found.selection.chosen], "vi": [one.vi for one in found.selection.chosen]}

    again = rp.meta(table)
    assert found.pool is not None
    assert (again.estimate, again.ci, again.prediction, again.tau2) == (
        found.pool.estimate,
        found.pool.ci,
        found.pool.prediction,
        found.pool.tau2,
    )


def test_the_published_pool_has_our_sign() -> None:
    """Borgogna 2024, abstract: g 0.24 (0.00 to 0.48) at 1 week, positive when ketamine is better."""
    beside = answer(load(), "1w").published[0]

    assert (beside.estimate, beside.ci_low, beside.ci_high) == (-0.24, -0.48, 0.0)


@pytest.mark.parametrize("at", ["24h", "2w", "4w"])
def test_fewer_than_two_trials_are_not_pooled(at: str) -> None:
    """Invariant: one study is a study, not a pool; the refusal names it."""
    found = answer(load(), at)

    assert found.pool is None
    assert found.bayes is None
    assert "a pool needs 2" in found.refused
    assert all(one.study in found.refused for one in found.selection.chosen)


def test_fewer_than_five_trials_warn() -> None:
    """Invariant."""
    assert any("fewer than 5" in line for line in eot().warnings)


@pytest.mark.parametrize("at", POINTS)
def test_the_unverified_are_counted(at: str) -> None:
    """Independent recount: rows with figures in the window that were seen neither in paper nor register."""
    found = answer(load(), at)

    kinds = Counter(one.kind for one in found.selection.left_out)
    assert found.left_out_unverified == kinds["second-hand"] + kinds["unverified"]


def test_the_second_hand_rows_have_their_own_pool() -> None:
    """Invariant: it is listed even where it changes nothing, and names its assumption."""
    labels = [one.label for one in answer(load(), "eot").variants]

    assert any("second-hand" in label and "assumed" in label for label in labels)


def test_leaving_one_out_of_the_variants() -> None:
    """Invariant: each variant without a trial is the pool of the others."""
    whole = eot()
    for one in whole.variants:
        if one.label.startswith("without "):
            gone = one.label.removeprefix("without ")
            assert set(one.studies) == {row.study for row in whole.selection.chosen} - {gone}


def test_the_sentence_names_who_is_missing_and_how_sure_one_is() -> None:
    """Abdallah 2022: 158 patients, no group-by-time effect, no figures in the abstract."""
    words = sentence(eot(), load())

    assert "abdallah2022 (158 patients, no difference" in words
    assert "Certainty of this evidence: very low" in words
    assert "includes no difference" in words


@pytest.mark.parametrize("effect", [-1.5, -0.5, 0.0, 0.3])
def test_better_in_a_hundred_pairs(effect: float) -> None:
    """Closed form: the normal distribution at the effect over the root of two (McGraw and Wong 1992)."""
    assert better_in_hundred(effect) == round(100 * (1 + erf(-effect / 2)) / 2)
    assert better_in_hundred(0.0) == 50


def test_certainty_is_the_sum_of_its_domains() -> None:
    """GRADE: randomised evidence starts high, serious takes one level, very serious two."""
    judged = certainty(load(), "eot")
    assert judged is not None
    none = replace(load(), certainty=tuple(replace(one, judgement="not_serious") for one in load().certainty))
    one_down = replace(none, certainty=(replace(none.certainty[0], judgement="serious"), *none.certainty[1:]))

    clear, marked = certainty(none, none.certainty[0].timepoint), certainty(one_down, none.certainty[0].timepoint)
    assert judged.level == "very low"
    assert clear is not None
    assert marked is not None
    assert (clear.level, marked.level) == ("high", "moderate")
    assert certainty(load(), "24h") is None


def test_the_ledger_is_the_audit() -> None:
    """The audit's tally: of twelve claims 3 supported, 4 partly, 4 not supported, 1 citation not found."""
    tally = Counter(one.verdict for one in claims())

    assert tally == {"supported": 3, "partly": 4, "not supported": 4, "citation not found": 1}
    assert all(better.source in load().sources for one in claims() for better in one.better)


def test_todays_figure_is_computed() -> None:
    """Invariant: another trial in the package, another figure in the ledger."""
    now = ledger(load(), "meta_analysis_consistent")[0].today[0]
    then = ledger(with_trial("new2027"), "meta_analysis_consistent")[0].today[0]

    assert now.pool is not None
    assert then.pool is not None
    assert now.inputs_digest == eot().inputs_digest
    assert then.pool.k == now.pool.k + 1
    assert then.pool.estimate != now.pool.estimate


def test_the_change_names_the_new_trial() -> None:
    """Invariant: a trial more moves the answer and is named; none moves nothing."""
    moved = {one.at: one for one in change(load(), with_trial("new2027"))}
    same = change(load(), load())

    assert moved["eot"].studies_added == ("new2027",)
    assert moved["eot"].estimate_after != moved["eot"].estimate_before
    assert all(one.before == one.after and not one.studies_added for one in same)


def test_unverified_additions_do_not_move_the_answer() -> None:
    """Invariant: a row that nobody has seen stays outside until it is asked for."""
    package = with_trial("rumour2027", (10.0, 60.0), seen="unverified")

    assert all(one.before == one.after for one in change(load(), package))
    asked = answer(package, "24h", filters=Filters(trusted=SECOND_HAND))
    assert "rumour2027" not in {one.study for one in asked.selection.chosen}


def test_how_studies_were_found_adds_up() -> None:
    """Invariant: every screened record has met one decision, and the plain statement is there."""
    held = found(load())

    decided = sum(held.flow[f"records {name}"] for name in ("included", "context", "awaiting", "excluded"))
    assert decided == held.flow["records screened"] == len(load().screened)
    assert held.statement == NO_SYSTEMATIC_SEARCH == eot().search
