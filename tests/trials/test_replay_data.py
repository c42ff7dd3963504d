"""The trials as data: they agree with the evidence package, hide no leak, and a bad file is refused by name."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.provenance import VERIFIED
from reprieve.evidence.package.load import load
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.trials.observed import observed, statement
from reprieve.trials.published import document, file_of, load_trial, names
from reprieve.trials.replay import published
from reprieve.trials.trial import HeldRow, HeldVerdict, NotScored, Trial
from reprieve.trials.trial_file import read_trial
from tests.tolerance import close

SIMULATED = [one for one in map(load_trial, names()) if isinstance(one, Trial)]
REFUSED = [one for one in map(load_trial, names()) if isinstance(one, NotScored)]
CITED = {"Feder 2014": "feder2014", "Feder 2021": "feder2021", "Abdallah 2022": "abdallah2022", "Duek 2023": "duek2023"}
REGISTERED = {"NCT02655692": "abdallah2022", "NCT02397889": "feder2021"}


def name_of(trial: Any) -> str:
    return str(getattr(trial, "study", getattr(trial, "trial", trial)))


def test_the_trials_of_issue_4_are_here() -> None:
    """Contract: seven published trials, each simulated or refused with its reason."""
    simulated = {"feder2014", "feder2021", "abdallah2022", "dadabayev2020", "duek2023"}

    assert {one.study for one in SIMULATED} == simulated
    assert {one.trial for one in REFUSED} == {"beaglehole2025", "pradhan2018"}
    assert all(one.reason for one in REFUSED)


@pytest.mark.parametrize("trial", SIMULATED, ids=name_of)
def test_doses_are_those_of_the_evidence_package(trial: Trial) -> None:
    """Evidence package, table doses: days, amounts and minutes of every arm."""
    for arm, plan in trial.arms.items():
        told = [one for one in load().doses if (one.study, one.arm) == (trial.study, arm)]
        given = plan.regimen.doses

        assert [dose.start_h / 24 for dose in given] == [one.day for one in told]
        assert [dose.duration_h * 60 for dose in given] == pytest.approx([one.infusion_min for one in told])
        if not plan.stands_for:
            assert [dose.amount for dose in given] == [one.dose_mg_per_kg or 0 for one in told]


@pytest.mark.parametrize("trial", SIMULATED, ids=name_of)
def test_the_role_of_an_arm_is_that_of_the_package(trial: Trial) -> None:
    """Evidence package, table arms: ketamine, active or inert."""
    roles = {one.arm: one.role for one in load().arms if one.study == trial.study}

    assert {name: plan.role for name, plan in trial.arms.items()} == {name: roles[name] for name in trial.arms}


@pytest.mark.parametrize("trial", SIMULATED, ids=name_of)
def test_every_row_is_verified_and_within_the_simulated_days(trial: Trial) -> None:
    """Invariant: nothing that nobody has seen in the paper or the register is held against the model."""
    rows = [observed(trial, held, load()) for held in trial.rows]
    said = [statement(trial, held, load()) for held in trial.verdicts]

    assert {*(one.seen for one in rows), *(one.seen for one in said)} <= VERIFIED
    assert max([*(one.day for one in rows), *(day for one in said for day in one.days)]) <= trial.last_day


def test_a_value_that_was_set_looking_at_a_trial_is_listed_as_seen() -> None:
    """Invariant: no leak is hidden. A quantity whose source or note names a trial stands in its `seen_by`."""
    seen = {one.study: set(one.seen_by) for one in SIMULATED}
    hidden = []
    for name, quantity in default_parameters().quantities.items():
        named = {study for word, study in {**CITED, **REGISTERED}.items() if word in quantity.note}
        named |= {quantity.source} & set(seen)
        hidden += [f"{name}: {study}" for study in named if name not in seen[study]]

    assert hidden == []


@pytest.mark.parametrize("study", ["feder2021", "abdallah2022"])
def test_the_two_trials_behind_the_drug_effect_are_not_blind(study: str) -> None:
    """plasticity.toml, benefit_max: set midway between what these two trials ask for."""
    trial = load_trial(study)

    assert isinstance(trial, Trial)
    assert not trial.blind
    assert {"benefit_max", "empirical_benefit_max"} <= set(trial.seen_by)


def test_the_figures_of_the_demo_are_those_of_the_package() -> None:
    """Evidence package, rows c0009, e0029, e0030, o0059: the demo shows the same, the share cut to four digits."""
    trial = load_trial("feder2021")
    assert isinstance(trial, Trial)
    held = published()
    rows = {held.row_id: observed(trial, held, load()) for held in trial.rows}

    contrast, shown = rows["c0009"], held.quantity("caps5_difference")
    assert (shown.value, shown.low, shown.high) == (contrast.value, contrast.low, contrast.high)
    assert round(rows["e0029"].value * 15) == round(held["response_ketamine"] * 15) == 10
    assert close(held["response_midazolam"], rows["e0030"].value, "closed_form")
    assert held["median_days_to_loss"] == rows["o0059"].value
    assert (trial.response_share, trial.visit_days) == (held["response_share"], held["visit_days"])


def test_the_intramuscular_trial_is_refused_for_what_the_model_refuses() -> None:
    """Decision 7: no human absorption rate of the intramuscular route."""
    with pytest.raises(UnsupportedError, match="absorption"):
        simulate(Regimen.parse("0.5 mg/kg im on day 0"), population(1), days=1)

    assert "absorption" in next(one.reason for one in REFUSED if one.trial == "beaglehole2025")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t.update(profile="martian"), "profile.*must be one of civilian"),
        (lambda t: t.pop("citation"), "citation.*must be given"),
        (lambda t: t.update(colour="red"), "colour.*is not a known key"),
        (lambda t: t.update(seen_by=["benefit_mox"]), "benefit_mox.*not a quantity of the model"),
        (lambda t: t.pop("seen_by"), "seen_by.*must be given"),
        (lambda t: t.update(last_day=-1), "last_day.*zero or more"),
        (lambda t: t.update(last_day=True), "last_day.*zero or more"),
        (lambda t: t.update(rows=[], verdicts=[]), "rows.*at least one"),
        (lambda t: t.update(rows="c0031"), "rows.*must be a list"),
        (lambda t: t.update(rows=["c0031"]), "rows.*list of tables"),
        (lambda t: t.update(verdicts=[{"rows": ["c0019"], "days": []}]), "verdicts.*whole days"),
        (lambda t: t["arms"].pop("midazolam"), "arms.*at least two"),
        (lambda t: t["arms"]["midazolam"].update(role="nice"), "role.*ketamine, active, inert"),
        (lambda t: t["arms"]["midazolam"].update(regimen="a lot"), "a lot|amount"),
        (lambda t: t.update(left_out=[{"row": "c0034"}]), "reason.*must be given"),
        (lambda t: t.update(refused="no"), "is not a known key"),
        (lambda t: t.update(psychotherapy="yes"), "psychotherapy.*true or false"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(spoil: Callable[[dict[str, Any]], Any], words: str) -> None:
    """Invariant: file, key and rule in one line, and no traceback from within."""
    table = deepcopy(document("duek2023"))
    spoil(table["replay"])

    with pytest.raises(InputError, match=words) as error:
        read_trial(table, "duek2023.toml")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("c9999", "is not in the evidence package"),
        ("c0009", "is of feder2021, not of feder2014"),
        ("c0003", "unverified"),
        ("c0001", "secondary"),
        ("c0006", "the model does not produce it"),
        ("o0012", "the model does not produce it"),
        ("e0089", "no count of responders"),
    ],
)
def test_a_row_that_cannot_be_predicted_is_refused(row: str, words: str) -> None:
    """Invariant: a row is predicted as it stands in the package, or refused by name."""
    trial = load_trial("feder2014")
    assert isinstance(trial, Trial)

    with pytest.raises(InputError, match=words):
        observed(trial, HeldRow(row), load())


@pytest.mark.parametrize(
    ("study", "row", "day", "se"),
    [
        ("feder2021", "c0009", None, 3.96),
        ("duek2023", "o0066", None, 21.21 / 14**0.5),
        ("duek2023", "e0045", 5, (8.5 / 15 * 6.5 / 15 / 14) ** 0.5),
        ("feder2021", "o0059", 14, None),
    ],
)
def test_the_standard_error_of_a_figure(study: str, row: str, day: int | None, se: float | None) -> None:
    """Evidence package: as printed, SD over root n, binomial with half a responder added, none of a median of days."""
    trial = load_trial(study)
    assert isinstance(trial, Trial)
    found = observed(trial, HeldRow(row, day), load())

    assert found.se is None if se is None else close(found.se or 0, se, "closed_form")


def test_responders_carry_their_own_threshold() -> None:
    """Evidence package: the fall that counts is in the row's own words."""
    duek, feder = load_trial("duek2023"), load_trial("feder2021")
    assert isinstance(duek, Trial)
    assert isinstance(feder, Trial)

    assert (observed(duek, HeldRow("e0046", 5), load()).share, observed(duek, HeldRow("e0046", 5), load()).score) == (
        0.5,
        "pcl5",
    )
    assert observed(feder, HeldRow("e0029", 14), load()).share == feder.response_share


def test_dissociation_in_words_is_more_of_one_arm_than_of_another() -> None:
    """Evidence package, c0018: more dissociation on 0.5 mg/kg than on saline; a difference the other way is refused."""
    abdallah = load_trial("abdallah2022")
    assert isinstance(abdallah, Trial)
    found = statement(abdallah, HeldVerdict(("c0018",), (0.0,)), load())

    assert (found.score, found.arms, found.sizes) == ("dissociation", ("ketamine_0.5", "placebo"), (51, 54))
    with pytest.raises(InputError, match="on day 0"):
        statement(abdallah, HeldVerdict(("c0018",), (7.0,)), load())
    with pytest.raises(InputError, match="on day 0"):
        statement(abdallah, HeldVerdict(("c0017", "c0018"), (0.0,)), load())


def test_words_are_no_figure_and_one_verdict_says_one_thing() -> None:
    """Invariant: a row without an estimate is not held against an interval; one verdict is about one instrument."""
    abdallah = load_trial("abdallah2022")
    assert isinstance(abdallah, Trial)

    with pytest.raises(InputError, match="trajectory is not predicted"):
        observed(abdallah, HeldRow("c0015"), load())
    with pytest.raises(InputError, match="one thing"):
        statement(abdallah, HeldVerdict(("c0012", "c0014"), (7,)), load())


@pytest.mark.parametrize("name", ["feder1999", "", "all", "../feder2021"])
def test_an_unknown_trial_is_refused_with_the_known_ones(name: str) -> None:
    """Invariant: the line says what is here."""
    with pytest.raises(InputError, match=r"is not here; known: abdallah2022, .*feder2021"):
        file_of(name)
