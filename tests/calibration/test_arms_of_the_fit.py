"""What the efficacy fit learns from: verified rows, each study once, nothing left of a study that is held out."""

from itertools import combinations

import numpy as np
import pytest

from reprieve.calibration import evidence_rows as rows
from reprieve.calibration.arms import evidence, same_patients
from reprieve.calibration.efficacy import efficacy
from reprieve.calibration.priors import neutral, priors
from reprieve.core.errors import InputError
from reprieve.core.provenance import VERIFIED
from reprieve.evidence.package.load import load
from reprieve.model.parameters import default_parameters
from reprieve.model.regimen import Regimen
from reprieve.model.setting import KETAMINE
from tests.tolerance import Tolerance, close

STUDIES = evidence().studies
PTSD = ("feder2014", "feder2021", "abdallah2022", "duek2023", "albott2018", "feder2025_wet")
SCORES = {"CAPS", "CAPS-5", "PCL-5", "MADRS", "HDRS-6"}
CONDITIONS = {"ptsd", "ptsd_with_depression", "depression"}
THREE_DIGITS = Tolerance(5e-4, "printed to three digits", absolute=True)


def test_every_row_in_use_is_verified() -> None:
    """Invariant (issue 4): unverified rows stay out."""
    used = [rows.row(name) for name in evidence().row_ids()]

    assert len(used) > 30
    assert {row.seen for row in used} <= VERIFIED


def test_an_unverified_row_is_refused() -> None:
    """Invariant: c0003 was never seen in the paper."""
    with pytest.raises(InputError, match=r"c0003.*not verified"):
        rows.row("c0003")


@pytest.mark.parametrize("held_out", PTSD)
def test_nothing_of_a_held_out_study_remains(held_out: str) -> None:
    """Invariant (issue 4): a replay never sees its own trial, nor another report of the same patients."""
    held = evidence(held_out)
    gone = same_patients(held_out)

    left = {rows.row(name).study for name in held.row_ids()} | set(held.studies)
    results = (*held.means, *held.ratios, *held.contrasts, *held.responders, *held.nulls)

    assert not left & gone
    assert not {one.study for one in results} & gone
    assert set(held.studies) == set(STUDIES) - gone


def test_sub_studies_go_with_their_trial() -> None:
    """Invariant: Norbury 2021 and the reprint of 2023 are patients of Feder 2021."""
    assert {"norbury2021", "feder2023", "feder2021"} <= same_patients("feder2021")


@pytest.mark.parametrize("forecaster", ["chain", "comparator"])
def test_no_prior_was_set_from_a_trial_of_the_fit(forecaster: str) -> None:
    """Invariant (issue 4): each prior lists the studies behind it, and none is a trial in PTSD."""
    assert not {study for prior in priors(forecaster) for study in prior.studies} & set(PTSD)


def test_hand_set_values_of_a_held_out_trial_are_replaced() -> None:
    """Invariant: fixed quantities chosen with a trial in view change when that trial is held out."""
    changed = dict(neutral("feder2014"))

    assert list(changed) == ["midazolam_sedation"]
    assert changed["midazolam_sedation"] != default_parameters()["midazolam_sedation"]
    assert neutral("") == neutral("feder2021") == ()


def test_each_randomised_study_of_iv_ketamine_is_used_or_left_out_with_a_reason() -> None:
    """Invariant (house rule 5): nothing is dropped silently."""
    held = evidence()
    told = {*held.studies, *(one.study for one in held.left_out)}
    scored = {one.study for one in load().outcomes if one.instrument in SCORES}
    in_scope = {one.study for one in load().studies if one.condition in CONDITIONS and one.study in scored}

    assert in_scope <= told
    assert not set(held.studies) & {one.study for one in held.left_out}


def test_regimens_are_those_of_the_evidence_package() -> None:
    """Paper, doses table of the evidence package: days and doses of each arm that is fitted."""
    for arm in evidence().arms:
        doses = [one for one in load().doses if (one.study, one.arm) == arm.key]
        regimen = Regimen.parse(arm.regimen)
        starts = [dose.start_h / 24 for dose in regimen.doses]

        assert starts == sorted(one.day for one in doses)[: len(starts)], arm.key
        if regimen.substance in KETAMINE:
            assert {one.dose_mg_per_kg for one in doses} == {dose.amount for dose in regimen.doses}, arm.key


def test_correlations_of_change_follow_from_those_of_the_scores() -> None:
    """Closed form: cov(Ya - Y0, Yb - Y0) from correlations and pooled SDs of the scores of Duek 2023."""
    held = evidence()
    sd = {}
    for day in (-1, 5, 30, 90):
        group = [
            (one.n or 0, one.dispersion or 0.0)
            for one in load().outcomes
            if (one.study, one.instrument, one.subscale, one.measure, one.day)
            == ("duek2023", "PCL-5", None, "mean", day)
        ]
        sd[day] = np.sqrt(sum((n - 1) * s**2 for n, s in group) / sum(n - 1 for n, _ in group))
    r = {(one.day_a, one.day_b): one.pearson_r for one in load().correlations if one.arm == "all"}
    change = {day: np.sqrt(sd[day] ** 2 + sd[-1] ** 2 - 2 * r[-1, day] * sd[day] * sd[-1]) for day in (5, 30, 90)}

    for a, b in combinations((5, 30, 90), 2):
        shared = r[a, b] * sd[a] * sd[b] - (r[-1, a] * sd[a] + r[-1, b] * sd[b]) * sd[-1] + sd[-1] ** 2
        assert close(held.quantities[f"duek_change_{a}_{b}"].value, shared / change[a] / change[b], THREE_DIGITS)


def test_shares_of_baseline_and_their_errors() -> None:
    """Closed form: Feder 2014, 54.0 of 82.5, 65.69 of 77.1; pooled SD over root n over baseline, with the crosswalk."""
    held = evidence()
    means = next(one for one in held.means if one.study == "feder2014")
    value, covariance = rows.shares(means, held)
    pooled = np.sqrt((18 * 23.63**2 + 14 * 16.36**2) / 32)
    error = pooled / np.sqrt([19, 15]) / [82.5, 77.1]

    assert close(value[:, 0], np.array([54.0 / 82.5, 65.69 / 77.1]), "closed_form")
    assert close(covariance[:, 0, 0], error**2 + held.quantities["crosswalk_error"].value ** 2, "closed_form")


def test_error_from_a_printed_interval() -> None:
    """Paper, Albott 2018, abstract: -33.3 (95 % CI -43.5 to -23.0), n 15; the package's note gives the SD as 18.5."""
    error = rows.standard_error(rows.outcome("o0149"))

    assert close(error * np.sqrt(15), 18.5, Tolerance(0.05, "printed to three digits", absolute=True))


def test_an_unknown_study_is_named() -> None:
    """Invariant: a mistyped study would otherwise hold out nothing."""
    with pytest.raises(InputError, match="feder2012"):
        efficacy("chain", "feder2012")
    with pytest.raises(InputError, match="forecaster"):
        efficacy("oracle")
