"""Blindness: leaks are refused or named, and what the trial's file admits is dealt with in a fixed order."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from reprieve.calibration.store import shipped
from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.evidence.package.load import load
from reprieve.trials.blind import OPEN, REPLACED, alternatives, blinded, check_fit, family, read_alternatives
from reprieve.trials.blind_values import CHAIN, COMPARATOR, FORECASTERS, assumed, held_out, is_shipped
from reprieve.trials.published import file_of, load_trial, names
from reprieve.trials.trial import Trial
from tests.trials.posteriors import headers, invented

PACKAGE = load()
TRIALS = [one for one in map(load_trial, names()) if isinstance(one, Trial)]


def trial(name: str) -> Trial:
    found = load_trial(name)
    assert isinstance(found, Trial)
    return found


@pytest.mark.parametrize(
    ("study", "key"),
    [
        ("feder2021", "norbury2021"),
        ("feder2021", "feder2023"),
        ("feder2021", "nct02397889"),
        ("abdallah2022", "abdallah2021preprint"),
        ("duek2023", "danboeck2024"),
        ("feder2014", "borgogna2024"),
        ("dadabayev2020", "ptsdrepository"),
    ],
)
def test_sub_studies_records_and_pooled_results_count_as_the_trial(study: str, key: str) -> None:
    """Evidence package, overlaps, registry and published pools: whoever has seen one has seen the trial."""
    assert key in family(study, PACKAGE)


def test_another_trial_is_no_relative() -> None:
    """Evidence package: no overlap between the trials that are replayed."""
    studies = {one.study for one in TRIALS}

    assert all(family(study, PACKAGE) & studies == {study} for study in studies)


@pytest.mark.parametrize("forecaster", FORECASTERS)
@pytest.mark.parametrize("one", TRIALS, ids=lambda one: one.study)
def test_a_leak_does_not_get_through(one: Trial, forecaster: str) -> None:
    """Contract of issue 4: nothing leaks. The trial, a sub-study or a pool, in data or behind a prior."""
    blinded(one, forecaster, invented(forecaster, one.study), PACKAGE)

    for relative in sorted(family(one.study, PACKAGE)):
        for leak in (headers(studies=(relative,)), headers(behind=("lii2023", relative))):
            with pytest.raises(InputError, match=f"seen {one.study}"):
                blinded(one, forecaster, invented(forecaster, one.study, leak=leak), PACKAGE)


def test_a_prior_whose_source_is_the_trial_is_a_leak() -> None:
    """Contract of issue 4: a prior may not be set from the trial, whatever its list says."""
    leak = headers()
    leak["efficacy"]["priors"][0]["source"] = "nct02397889"

    with pytest.raises(InputError, match=r"prior of benefit_logit_mean.*nct02397889"):
        check_fit(leak, "feder2021", family("feder2021", PACKAGE))


@pytest.mark.parametrize("study", ["", "feder2014"])
def test_a_fit_with_the_trial_in_it_is_refused(study: str) -> None:
    """Contract of issue 4: the fit is the one without this trial."""
    with pytest.raises(InputError, match="has not left out feder2021"):
        blinded(trial("feder2021"), CHAIN, invented(CHAIN, study), PACKAGE)


@pytest.mark.parametrize("forecaster", FORECASTERS)
@pytest.mark.parametrize("one", TRIALS, ids=lambda one: one.study)
def test_the_shipped_fits_have_not_seen_their_trial(one: Trial, forecaster: str) -> None:
    """Contract of issue 4, on what is shipped: data, priors and their sources lie outside the trial's family."""
    from reprieve.calibration.posterior import load_posterior

    assert is_shipped(one) == any(name.endswith(f"--{one.study}") for name in shipped())
    if is_shipped(one):
        blinded(one, forecaster, load_posterior(forecaster, held_out=one.study), PACKAGE)


def test_a_quantity_is_estimated_replaced_or_named() -> None:
    """Definition, docs/decisions/0017: in this order."""
    found = blinded(trial("feder2021"), CHAIN, invented(CHAIN, "feder2021"), PACKAGE)
    how = {one.quantity: one.how for one in found.exposures}

    assert set(how) == set(trial("feder2021").seen_by)
    assert how["benefit_max"] == how["lambda_e"] == how["nondrug_base"] == "estimated"
    assert how["empirical_benefit_max"] == how["dropout_per_day"] == "has no part"
    assert how["lambda_b"] == REPLACED
    assert found.values["lambda_b"] == 1
    assert how["nondrug_low"] == OPEN
    assert "nondrug_low" in found.open


def test_what_the_fit_held_at_another_value_is_at_that_value_in_the_replay() -> None:
    """Invariant: fit and replay without Feder 2014 agree on the drowsiness of midazolam."""
    found = blinded(trial("feder2014"), CHAIN, invented(CHAIN, "feder2014"), PACKAGE)

    assert found.values == {"midazolam_sedation": 0.3}
    assert {one.how for one in found.exposures if one.quantity in found.values} == {REPLACED}


def test_the_comparator_has_nothing_of_the_chain() -> None:
    """Invariant: what a forecaster does not use cannot leak into it."""
    found = blinded(trial("feder2021"), COMPARATOR, invented(COMPARATOR, "feder2021"), PACKAGE)
    how = {one.quantity: one.how for one in found.exposures}

    assert how["benefit_max"] == how["lambda_e"] == "has no part"
    assert how["empirical_benefit_max"] == "estimated"


def test_an_alternative_from_the_family_is_not_used() -> None:
    """Contract of issue 4: a value whose sources include the trial replaces nothing."""
    one = replace(trial("duek2023"), seen_by=("pcl5_error_sd_points",))
    relatives = family("duek2023", PACKAGE)

    assert blinded(one, CHAIN, invented(CHAIN, "duek2023"), PACKAGE).open == ()
    for other in (other for held in alternatives().values() for other in held):
        if relatives & {*other.studies, other.source}:
            assert other.quantity not in blinded(one, CHAIN, invented(CHAIN, "duek2023"), PACKAGE).values


def test_every_drawn_trial_has_its_own_draw_and_effects() -> None:
    """Invariant: parameter and between-trial uncertainty; both forecasters share the trial effects."""
    held = held_out(trial("duek2023"), 60, 1, PACKAGE, invented)
    chain, comparator = held.sets(CHAIN), held.sets(COMPARATOR)

    assert len({one["benefit_max"] for one in chain}) == 60
    assert held.worlds == 30
    assert chain[0]["lambda_e"] == chain[30]["lambda_e"]
    assert chain[0]["nondrug_base"] == comparator[0]["nondrug_base"]
    assert {one["pcl5_error_sd_points"] for one in chain} == {4.8}


def test_hand_set_values_admit_all_that_was_seen() -> None:
    """Contract: with assumed values the card names every quantity of `seen_by`."""
    one = trial("feder2021")

    assert assumed().open(one) == one.seen_by


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t["alternative"][0].update(quantity="benefit_mox"), "benefit_mox"),
        (lambda t: t["alternative"][0].update(quantity="midazolam_sedation", value=2), "midazolam_sedation"),
        (lambda t: t["alternative"][0].update(value=True), "must be a number"),
        (lambda t: t["alternative"][0].update(seen="somewhere"), "seen.*full text"),
        (lambda t: t["alternative"][0].pop("studies"), "studies.*list"),
        (lambda t: t["alternative"][0].pop("source"), "source.*must be given"),
        (lambda t: t["alternative"][0].update(colour="red"), "colour.*not a known key"),
        (lambda t: t.update(alternative=["x"]), "list of tables"),
        (lambda t: t.update(schema=2), "schema"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(spoil: Callable[[dict[str, Any]], Any], words: str) -> None:
    """Invariant: file, key and rule in one line."""
    table = deepcopy(read_toml(file_of("feder2021").with_name("blind.toml")))
    spoil(table)

    with pytest.raises(InputError, match=words) as error:
        read_alternatives(table, "blind.toml")
    assert "\n" not in str(error.value)
