"""The answer at a time point: the pool, its refusals, how it moves, and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, sqrt

import pytest

import reprieve as rp
from reprieve.core.errors import InputError
from reprieve.evidence.answer import Answer, answer
from reprieve.evidence.package.load import load
from reprieve.evidence.selection import SECOND_HAND, Filters
from tests.evidence.invented import SERIES, only, overlap, reading, trial, values, with_trial
from tests.tolerance import close

EOT = ("feder2014", "feder2021", "duek2023")
# Borgogna 2024, abstract: Hedges g, positive when ketamine is better.
BORGOGNA = {"24h": (0.35, 0.06, 0.64), "1w": (0.24, 0.0, 0.48), "2w": (0.17, -0.1, 0.44), "all": (0.27, 0.03, 0.51)}
BY_COMPARATOR = {"inert": (0.44, 0.03, 0.85), "active": (0.24, -0.3, 0.78)}


def studies(found: Answer) -> tuple[str, ...]:
    return tuple(one.study for one in found.selection.chosen)


def figures(found: Answer) -> tuple[list[float], list[float]]:
    rows = found.selection.chosen
    return [one.yi or 0.0 for one in rows], [one.vi or 0.0 for one in rows]


def by_hand(yi: Sequence[float], vi: Sequence[float], random: bool) -> tuple[float, float, float]:
    """Estimate, standard error and tau2 by inverse variance; random effects by DerSimonian & Laird 1986."""
    w = [1 / v for v in vi]
    mean = sum(a * b for a, b in zip(w, yi, strict=True)) / sum(w)
    q = sum(a * (b - mean) ** 2 for a, b in zip(w, yi, strict=True))
    c = sum(w) - sum(a**2 for a in w) / sum(w)
    tau2 = max(0.0, (q - (len(yi) - 1)) / c) if random else 0.0
    w = [1 / (v + tau2) for v in vi]
    return sum(a * b for a, b in zip(w, yi, strict=True)) / sum(w), 1 / sqrt(sum(w)), tau2


def test_the_pool_at_the_end_of_treatment_is_that_of_anyones_table() -> None:
    """Independent path: `reprieve.meta` of the three rows as a table, the options of the command."""
    found = answer(load(), "eot")
    yi, vi = figures(found)

    pool = rp.meta({"study": list(EOT), "yi": yi, "vi": vi}, label="study", method="REML", test="knha")

    assert studies(found) == EOT
    assert found.pool is not None
    assert found.pool.to_json() == pool.to_json()
    assert found.patients == 34 + 30 + 27
    assert found.refused == ""


@pytest.mark.parametrize("method", ["EE", "DL"])
@pytest.mark.parametrize("at", ["eot", "1w"])
def test_the_pool_by_hand(method: str, at: str) -> None:
    """Closed form: inverse variance, DerSimonian & Laird 1986, written in this file; interval with z."""
    found = answer(load(), at, method=method, test="z", with_variants=False)
    estimate, se, tau2 = by_hand(*figures(found), random=method == "DL")

    assert found.pool is not None
    assert close([found.pool.estimate, found.pool.se, found.pool.tau2], [estimate, se, tau2], "metafor_closed")
    z = 1.959963984540054
    assert close([found.pool.ci_low, found.pool.ci_high], [estimate - z * se, estimate + z * se], "metafor_closed")


def test_the_sign_is_negative_when_ketamine_is_better() -> None:
    """Invariant: every result turned round turns estimate and interval round, and nothing else."""
    one, other = answer(load(), with_variants=False), answer(values(load(), -1), with_variants=False)

    assert one.pool is not None
    assert other.pool is not None
    assert one.pool.estimate < 0
    found = [other.pool.estimate, other.pool.ci_low, other.pool.ci_high, other.pool.tau2]
    assert close(found, [-one.pool.estimate, -one.pool.ci_high, -one.pool.ci_low, one.pool.tau2], "optimiser")


def test_the_scale_of_an_instrument_does_not_matter() -> None:
    """Invariant: scores and SDs in other units give the same standardised effect."""
    package = load()
    other = replace(
        package,
        outcomes=tuple(
            replace(one, value=one.value * 10, dispersion=None if one.dispersion is None else one.dispersion * 10)
            for one in package.outcomes
        ),
    )
    one, two = answer(package, with_variants=False), answer(other, with_variants=False)

    assert one.pool is not None
    assert two.pool is not None
    assert close(two.pool.estimate, one.pool.estimate, "optimiser")


@pytest.mark.parametrize(("at", "alone"), [("2w", "feder2021"), ("4w", "duek2023"), ("24h", None)])
def test_fewer_than_two_studies_are_not_pooled(at: str, alone: str | None) -> None:
    """Contract: k < 2 refuses, and names the study that is there."""
    found = answer(load(), at)

    assert (found.pool, found.bayes) == (None, None)
    assert found.refused.startswith("not pooled")
    assert (alone or "no study") in found.refused
    assert studies(found) == ((alone,) if alone else ())


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_when_it_refuses_and_when_it_warns(k: int) -> None:
    """Contract: below 2 nothing is pooled, below 5 it warns, from 5 on it does not."""
    package = only("abdallah2022")
    for i in range(k):
        name = f"new{2030 + i}"
        package = reading(trial(package, name, year=2030 + i), name, 7, ketamine=(25.0 + i, 10, 30))

    found = answer(package, "1w", with_variants=False)

    assert (found.pool is None) == (k < 2)
    assert any("fewer than 5" in line for line in found.warnings) == (2 <= k < 5)
    if found.pool is not None:
        assert found.pool.k == k


@pytest.mark.parametrize("at", ["24h", "1w", "2w", "eot", "4w"])
def test_trials_in_words_are_warned_of(at: str) -> None:
    """Invariant (issue 3): the largest trial, 158 patients, is named although it printed no figures."""
    assert any("abdallah2022" in line for line in answer(load(), at, with_variants=False).warnings)


def test_no_systematic_search_is_said_every_time() -> None:
    """Contract: where no systematic search stands behind it, every answer says so."""
    for at in ("24h", "1w", "2w", "eot", "4w"):
        assert "No systematic search" in answer(load(), at, with_variants=False).search


@pytest.mark.parametrize("at", ["24h", "1w", "2w"])
def test_published_figures_of_the_same_time_point_come_first_with_our_sign(at: str) -> None:
    """Published figures: Borgogna 2024, abstract; 0.24 (0.00 to 0.48) becomes -0.24 (-0.48 to 0.00)."""
    beside = answer(load(), at, with_variants=False).published

    g, low, high = BORGOGNA[at]
    assert (beside[0].estimate, beside[0].ci_low, beside[0].ci_high) == (-g, -high, -low)
    g, low, high = BORGOGNA["all"]
    assert (beside[1].estimate, beside[1].ci_low, beside[1].ci_high) == (-g, -high, -low)
    assert {one.source for one in beside} == {"borgogna2024"}
    assert all(one.ci_low <= one.estimate <= one.ci_high for one in beside)


@pytest.mark.parametrize("comparator", ["active", "inert"])
def test_published_figures_follow_the_comparator(comparator: str) -> None:
    """Published figures: Borgogna 2024's subgroups at 24 hours; the other subgroup is not shown."""
    beside = answer(load(), "24h", filters=Filters(comparator=comparator), with_variants=False).published
    (other,) = BY_COMPARATOR.keys() - {comparator}

    assert -BY_COMPARATOR[comparator][0] in {one.estimate for one in beside if comparator in one.label}
    assert not any(f"{other} comparator" in one.label for one in beside)


def test_a_figure_whose_sign_is_ours_is_not_turned() -> None:
    """Invariant: only what favours ketamine when positive changes its sign."""
    package = load()
    turned = tuple(replace(one, favours="negative_favours_ketamine") for one in package.pooled)

    beside = answer(replace(package, pooled=turned), "1w", with_variants=False).published

    assert (beside[0].estimate, beside[0].ci_low, beside[0].ci_high) == BORGOGNA["1w"]


@pytest.mark.parametrize("at", ["24h", "1w", "2w", "eot", "4w"])
def test_rows_quoted_second_hand_have_their_own_pool(at: str) -> None:
    """Contract: a sensitivity pool with them, at every time point, equal to asking for them."""
    variant = answer(load(), at).variants[0]
    asked = answer(load(), at, filters=Filters(trusted=SECOND_HAND), with_variants=False)

    assert "second-hand" in variant.label
    assert variant.studies == studies(asked)
    assert (variant.pool is None) == (asked.pool is None)
    if variant.pool is not None and asked.pool is not None:
        assert variant.pool.estimate == asked.pool.estimate


def test_each_trial_left_out_in_turn() -> None:
    """Independent recomputation: the pool of the other rows, by `reprieve.meta`."""
    found = answer(load(), "eot")
    yi, vi = figures(found)
    held = {one.label: one for one in found.variants}

    for i, study in enumerate(EOT):
        rest = [j for j in range(len(EOT)) if j != i]
        pool = rp.meta({"yi": [yi[j] for j in rest], "vi": [vi[j] for j in rest]})
        variant = held[f"without {study}"]
        assert variant.studies == tuple(EOT[j] for j in rest)
        assert variant.pool is not None
        assert close(variant.pool.estimate, pool.estimate, "closed_form")


def test_other_estimators_stand_beside_it() -> None:
    """Closed form: equal effects and DerSimonian-Laird, by the formulas of this file."""
    found = answer(load(), "eot")
    held = {one.label: one for one in found.variants}

    for label, random in (("equal effects, z", False), ("DerSimonian-Laird, z", True)):
        pool = held[label].pool
        assert pool is not None
        assert close(pool.estimate, by_hand(*figures(found), random=random)[0], "metafor_closed")


def test_a_crossover_contrast_moves_with_its_correlation() -> None:
    """Contract: the pools with the assumed correlation at 0.3 and 0.7 are shown where it matters."""
    package = reading(trial(load(), "new2030"), "new2030", 1)
    held = {one.label: one for one in answer(package, "24h").variants}

    shown = [held[label].pool for label in held if "second-hand" in label]
    assert len(shown) == 3
    assert len({pool.estimate for pool in shown if pool is not None}) == 3
    assert any("0.3" in label for label in held)
    assert any("0.7" in label for label in held)


def test_the_answer_without_its_variants_is_the_same_answer() -> None:
    """Invariant: sensitivity pools are beside the answer, not in it."""
    full, short = answer(load()), answer(load(), with_variants=False)

    assert short.variants == ()
    assert short.inputs_digest == full.inputs_digest
    assert short.pool is not None
    assert full.pool is not None
    assert short.pool.to_json() == full.pool.to_json()


def test_the_bayesian_answer_is_beside_the_pool() -> None:
    """Invariant: the same rows; its interval is finite and holds its mean, its probability is one."""
    found = answer(load(), with_variants=False)

    assert found.bayes is not None
    assert found.bayes.ci_low < found.bayes.mean < found.bayes.ci_high
    assert isfinite(found.bayes.ci_low)
    assert 0.5 < found.bayes.p_negative < 1


def test_certainty_is_only_said_of_the_pool_that_was_judged() -> None:
    """Invariant: a subgroup, another basis or other rows have not been judged."""
    assert answer(load(), "eot", with_variants=False).certainty is not None
    for filters in (Filters(comparator="active"), Filters(population="civilian"), Filters(trusted=SECOND_HAND)):
        assert answer(load(), "eot", filters=filters, with_variants=False).certainty is None
    assert answer(load(), "1w", since="last", with_variants=False).certainty is None


def test_early_effect_and_durability_are_separate_pools() -> None:
    """Invariant: a trial read at day 1 and 4 weeks after six doses gives one row to each pool."""
    package = trial(load(), "new2030", doses=SERIES)
    package = reading(package, "new2030", 1, ketamine=(10, 5, 30))
    package = reading(package, "new2030", 39, ketamine=(30, 5, 30))

    early, late = answer(package, "24h", with_variants=False), answer(package, "4w", with_variants=False)

    assert studies(early) == ("new2030",)
    assert [one.day for one in early.selection.chosen] == [1]
    assert studies(late) == ("duek2023", "new2030")
    assert all(21 <= (one.days_since_last or 0) <= 42 for one in late.selection.chosen)


def test_shared_patients_are_not_pooled_twice() -> None:
    """Invariant: with two of three trials on the same people the pool has two."""
    found = answer(overlap(load(), "duek2023", "feder2014", "feder2014"), "eot", with_variants=False)

    assert found.pool is not None
    assert found.pool.k == 2


def test_the_digest_follows_what_was_pooled() -> None:
    """Invariant: the same question of the same rows, the same digest; another row, estimator or filter, another."""
    digests = [
        answer(load(), "1w", with_variants=False).inputs_digest,
        answer(with_trial(), "1w", with_variants=False).inputs_digest,
        answer(load(), "eot", with_variants=False).inputs_digest,
        answer(load(), "1w", method="DL", with_variants=False).inputs_digest,
        answer(load(), "1w", test="z", with_variants=False).inputs_digest,
        answer(load(), "1w", filters=Filters(comparator="active"), with_variants=False).inputs_digest,
    ]

    assert len(set(digests)) == len(digests)
    assert answer(load(), "1w", with_variants=False).inputs_digest == digests[0]


@pytest.mark.parametrize(
    ("options", "field"),
    [({"method": "BAYES"}, "method"), ({"test": "t"}, "test"), ({"since": "last"}, "since"), ({"at": "8w"}, "at")],
)
@pytest.mark.parametrize("at", ["eot", "24h"])
def test_what_cannot_be_asked_is_refused(options: dict[str, str], field: str, at: str) -> None:
    """Contract: `InputError` names the field, whether or not there is anything to pool."""
    wanted = {"at": at, **options}
    if wanted == {"at": "eot", "since": "last"}:
        wanted["since"] = "first"

    with pytest.raises(InputError, match=field):
        answer(load(), **wanted, with_variants=False)  # type: ignore[arg-type]
