"""The scorecard: its statistics against other implementations, its order, and what it says of itself."""

import json
import math
from functools import cache

import numpy as np
import pytest
from scipy import stats

import reprieve as rp
from reprieve.calibration.posterior import Posterior
from reprieve.cli import main
from reprieve.core.errors import InputError
from reprieve.trials import predicted
from reprieve.trials.acute_rows import MORE
from reprieve.trials.arms import PEAK, Arm, simulated
from reprieve.trials.blind_values import CHAIN, COMPARATOR, assumed
from reprieve.trials.observed import Observed
from reprieve.trials.predicted import f_statistic, figures, gap, probability
from reprieve.trials.published import load_trial
from reprieve.trials.replay import feder2021
from reprieve.trials.scorecard import Scorecard, scorecard
from reprieve.trials.statement import Statement
from reprieve.trials.trial import Trial
from tests.tolerance import close, monte_carlo
from tests.trials.posteriors import invented

RANDOM = np.random.default_rng(20210105)


@cache
def card() -> Scorecard:
    return scorecard("all", patients=120, values="assumed")


@cache
def blind_card() -> Scorecard:
    """All trials from an invented posterior: 40 drawn trials each."""
    return scorecard("all", values="posterior", trials=40, find=invented)


def trial(name: str) -> Trial:
    found = load_trial(name)
    assert isinstance(found, Trial)
    return found


def arm(before: np.ndarray, after: np.ndarray, trials: int) -> Arm:
    """People with two readings, drawn into trials of the same size."""
    drawn = RANDOM.integers(0, len(before), (trials, len(before)))
    readings = {"pcl5": np.stack([before, after], axis=1)}
    return Arm(np.array([0, 1]), {CHAIN: readings, COMPARATOR: readings}, drawn, "")


def row(analysis: str, arms: tuple[str, ...], sizes: tuple[int, ...]) -> Observed:
    return Observed("x", "x", "pcl5", analysis, arms, sizes, 1, 0.0, None, None, "x", "x")


def test_f_is_that_of_scipy() -> None:
    """scipy.stats.f_oneway on every trial."""
    groups = [RANDOM.normal(mean, 2, (30, n)) for mean, n in ((0, 11), (1, 8), (0.5, 15))]

    expected = [stats.f_oneway(*(group[i] for group in groups)).statistic for i in range(30)]
    assert close(f_statistic(groups), expected, "solver")


def test_the_adjusted_difference_is_that_of_least_squares() -> None:
    """numpy.linalg.lstsq: coefficient of the arm in a regression on arm and baseline."""
    a, b = (arm(x := RANDOM.normal(40, 9, n), 0.7 * x + RANDOM.normal(0, 8, n), 12) for n in (14, 13))

    found = figures(trial("duek2023"), row("baseline_adjusted", ("a", "b"), (14, 13)), {"a": a, "b": b}, CHAIN)

    for i in range(12):
        readings = [one.readings[CHAIN]["pcl5"][one.drawn[i]] for one in (a, b)]
        both = np.concatenate(readings)
        design = np.column_stack([np.ones(27), np.repeat([1.0, 0.0], [14, 13]), both[:, 0]])
        assert close(found[i], np.linalg.lstsq(design, both[:, 1])[0][1], "solver")


@pytest.mark.parametrize(("analysis", "expected"), [("mean", 12.0), ("change", -28.0)])
def test_one_arm_is_its_mean_or_its_change(analysis: str, expected: float) -> None:
    """Closed form: everybody falls from 40 to 12."""
    found = figures(
        trial("duek2023"), row(analysis, ("a",), (5,)), {"a": arm(np.full(5, 40.0), np.full(5, 12.0), 3)}, CHAIN
    )

    assert close(found, [expected] * 3, "closed_form")


def test_arms_without_a_difference_differ_in_one_trial_of_twenty() -> None:
    """Definition of alpha 0.05, Monte Carlo over 4,000 trials; people drawn anew for each."""
    shape = (4000, 12)
    people = [(RANDOM.normal(40, 9, shape), RANDOM.normal(30, 9, shape)) for _ in "abc"]
    arms = {}
    for name, (before, after) in zip("abc", people, strict=True):
        readings = {"pcl5": np.stack([before.ravel(), after.ravel()], axis=1)}
        drawn = np.arange(before.size).reshape(shape)
        arms[name] = Arm(np.array([0, 1]), {CHAIN: readings, COMPARATOR: readings}, drawn, "")
    said = Statement(("x",), "x", "pcl5", ("a", "b", "c"), (12, 12, 12), (1.0,), "no_difference", "x", "x")

    share = probability(said, arms, CHAIN)
    assert close(share, 0.95, monte_carlo(k=4, se=math.sqrt(0.95 * 0.05 / 4000)))


def test_the_critical_value_is_the_square_of_t_for_two_arms() -> None:
    """scipy.stats.t: F with one degree of freedom is t squared."""
    assert close(predicted.critical((11, 10)), stats.t.isf(0.025, 19) ** 2, "solver")


def test_the_comparator_reads_what_the_chain_reads_where_no_drug_is_given() -> None:
    """Invariant: without ketamine both forecasters are baseline and non-drug response, so readings are the same."""
    arms = simulated(trial("dadabayev2020"), {}, [0, 1, 7], assumed(), patients=30, seed=1)
    placebo, ketamine = arms["ptsd_pain_ketorolac"].readings, arms["ptsd_pain_ketamine"].readings

    for score in ("caps5", "pcl5", "iesr"):
        assert close(placebo[COMPARATOR][score], placebo[CHAIN][score], "closed_form")
        assert np.all(ketamine[COMPARATOR][score][:, 0] == ketamine[CHAIN][score][:, 0])
    assert not np.allclose(ketamine[COMPARATOR]["iesr"], ketamine[CHAIN]["iesr"])


def test_more_dissociation_is_counted_where_it_is_more_and_differs() -> None:
    """scipy.stats.ttest_ind on every trial: higher in the first arm and two-sided p below 0.05."""
    peaks = {name: RANDOM.normal(mean, 6, 400) for name, mean in (("a", 7), ("b", 3))}
    arms = {}
    for name, felt in peaks.items():
        readings = {PEAK: felt[:, None]}
        arms[name] = Arm(np.array([0]), {CHAIN: readings}, np.arange(400).reshape(20, 20), "")
    said = Statement(("x",), "x", PEAK, ("a", "b"), (20, 20), (0.0,), MORE, "x", "x")

    first, second = (peaks[name].reshape(20, 20) for name in "ab")
    found = stats.ttest_ind(first, second, axis=1)
    assert close(
        probability(said, arms, CHAIN), float(((found.statistic > 0) & (found.pvalue < 0.05)).mean()), "closed_form"
    )


def test_the_predicted_difference_is_ketamine_minus_comparator_and_knows_its_sampling_error() -> None:
    """Closed form: with nothing but sampling error its interval is as wide as that of sampling error alone."""
    shape = (3000, 25)
    arms = {}
    for name, fall in (("ptsd_pain_ketamine", 12), ("ptsd_pain_ketorolac", 4)):
        before = RANDOM.normal(40, 9, shape)
        readings = {"iesr": np.stack([before.ravel(), (before - fall + RANDOM.normal(0, 5, shape)).ravel()], axis=1)}
        arms[name] = Arm(np.array([0, 7]), {CHAIN: readings}, np.arange(shape[0] * shape[1]).reshape(shape), "")
    said = Statement(
        ("x",), "x", "iesr", ("ptsd_pain_ketorolac", "ptsd_pain_ketamine"), (25, 25), (7.0,), "no_difference", "", ""
    )

    found = gap(trial("dadabayev2020"), said, arms)
    assert close(found.median, -8.0, monte_carlo(k=4, se=5 * math.sqrt(2 / 25) * 1.25 / math.sqrt(3000)))
    assert close(found.widening, 1.0, monte_carlo(k=4, se=0.03))


def test_feder_2021_on_the_card_is_that_of_the_demo() -> None:
    """Invariant: one trial, two doors, the same people and the same drawn trials."""
    shown = {row.source + row.unit + f"{row.predicted_low}": row for row in feder2021(120).rows}
    rows = [one for one in card().rows if one.trial == "feder2021"]

    spans = sorted((one.predicted_low, one.predicted_high) for one in shown.values())
    assert close(np.array(sorted((one.chain.low, one.chain.high) for one in rows)), np.array(spans), "closed_form")


def test_misses_come_first_and_the_furthest_first() -> None:
    """Contract of issue 4: misses are shown first."""
    inside = [one.inside for one in card().rows]

    assert inside == sorted(inside)
    assert any(inside)
    assert [one.order for one in card().rows] == sorted(one.order for one in card().rows)


def test_words_are_scored_by_probability_alone() -> None:
    """Contract of issue 4: trials known only in direction are never scored by coverage."""
    in_words = {one.trial for one in card().verdicts}

    assert in_words == {"abdallah2022", "dadabayev2020"}
    assert not in_words & {one.trial for one in card().rows}
    assert all(0 <= p <= 1 for one in card().verdicts for p in one.probabilities().values())
    assert not {"crps", "inside"} & {key for one in card().to_json()["verdicts"] for key in one}


def test_the_first_line_is_the_verdict() -> None:
    """Contract of issue 4: better, worse or not distinguishable, with its standard error, before any figure."""
    for one in (card(), blind_card()):
        assert one.first_line == one.verdict.line
        assert any(word in one.first_line for word in ("better", "worse", "not distinguishable"))
        assert "SE" in one.first_line


def test_hand_set_values_are_called_no_blind_prediction() -> None:
    """Contract: Feder 2021 and Abdallah 2022 helped to set Emax, and the card says so."""
    said = " ".join(card().basis)

    assert "not a blind prediction" in said
    assert "abdallah2022: not blind: benefit_max" in said
    assert "feder2021: not blind: benefit_max" in said
    assert scorecard("dadabayev2020", patients=20, values="assumed").basis == card().basis[:1]


def test_a_posterior_card_names_what_still_knows_a_trial() -> None:
    """Contract of issue 4: each trial from a posterior that never saw it; what is left is named."""
    said = " ".join(blind_card().basis)

    assert said.startswith("Each trial is predicted from posteriors that never saw it.")
    assert "feder2014: not blind: iesr_location, iesr_scale." in said
    assert "benefit_max" not in said
    assert blind_card().to_json()["exposures"]["abdallah2022"][CHAIN][0]["how"] == "estimated"


def test_a_posterior_prediction_holds_more_than_sampling_error() -> None:
    """Invariant: parameters and trial effects differ between drawn trials, so their means spread wider."""
    rows = {
        one.observed.row_id: one for one in scorecard("duek2023", values="posterior", trials=300, find=invented).rows
    }
    found = rows["o0068"]

    assert found.observed.se is not None
    assert found.widening is not None
    assert found.widening > 1.2
    assert found.chain.mc is not None
    assert all(0 <= error < found.chain.width / 4 for error in found.chain.mc)


def test_the_median_widening_is_that_of_the_figures() -> None:
    """Definition: width over 2 * 1.96 observed standard errors; a median of days has none and is left out."""
    found = [one.chain.width / (2 * 1.959964 * one.observed.se) for one in blind_card().rows if one.observed.se]

    assert len(found) == len(blind_card().rows) - 1
    assert close(blind_card().widening(CHAIN), float(np.median(found)), "closed_form")


def test_the_two_ends_are_checked_for_cover_and_for_width() -> None:
    """Contract of issue 4: Feder 2021 and the null of Abdallah 2022, both covered, and not by saying nothing."""
    found = {one.trial: one for one in blind_card().checks}

    assert set(found) == {"feder2021", "abdallah2022"}
    row = next(one for one in blind_card().rows if one.observed.row_id == "c0009")
    assert found["feder2021"].covered == row.inside
    assert found["feder2021"].vacuous == (row.widening is not None and row.widening > 2)
    null = [
        one for one in blind_card().verdicts if one.said.direction == "no_difference" and one.trial == "abdallah2022"
    ]
    assert found["abdallah2022"].covered in {one.chain >= 0.05 for one in null}
    assert all("times as wide as sampling error alone" in one.words for one in found.values())


def test_the_third_forecaster_stands_beside_both() -> None:
    """Contract of issue 4: random effects of the remaining trials, and a reason where there are none."""
    rows = {one["row_id"]: one for one in card().to_json()["rows"]}

    assert rows["c0009"]["random_effects"]["crps"] > 0
    assert rows["c0009"]["random_effects_of"] == ["feder2014", "duek2023"]
    assert rows["c0033"]["random_effects"] is None
    assert "0 of the other trials" in rows["c0033"]["random_effects_missing"]


def test_without_a_posterior_the_hand_set_values_are_used_and_named() -> None:
    """Contract: a fit that is not shipped is no error unless it is asked for."""

    def nothing(forecaster: str, study: str) -> Posterior:
        raise InputError("posterior", forecaster, "there is no such fit")

    with pytest.raises(InputError, match="no such fit"):
        scorecard("dadabayev2020", patients=20, values="posterior", find=nothing)
    with pytest.raises(InputError, match=r"values.*assumed, posterior"):
        scorecard("dadabayev2020", patients=20, values="guessed")
    with pytest.raises(InputError, match=r"trials.*at least"):
        scorecard("dadabayev2020", patients=20, trials=3)


def test_a_refused_trial_gives_its_reason_and_no_number() -> None:
    """Contract: what cannot be simulated is listed, not skipped."""
    found = scorecard("beaglehole2025", patients=20, values="assumed")

    assert (found.rows, found.verdicts) == ((), ())
    assert "absorption" in found.not_scored[0].reason


def test_the_same_seed_gives_the_same_card() -> None:
    """Invariant (house rule 6)."""
    for asked in ({"values": "assumed"}, {"values": "posterior", "trials": 30, "find": invented}):
        first, again, other = (scorecard("dadabayev2020", 60, seed, **asked).to_json() for seed in (1, 1, 2))

        assert first == again
        assert first["inputs_digest"] != other["inputs_digest"]


@pytest.mark.parametrize("patients", [10, 0, -1])
def test_too_few_patients_are_refused(patients: int) -> None:
    """Invariant: a trial cannot be drawn from fewer people than one arm had."""
    with pytest.raises(InputError, match=r"patients.*at least the 11"):
        scorecard("dadabayev2020", patients=patients, values="assumed")


def test_the_face_gives_the_card_of_another_trial() -> None:
    """Contract: rp.replay knows every trial of `reprieve replay`."""
    found = rp.replay("dadabayev2020", patients=20)

    assert isinstance(found, Scorecard)


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: --json is one object, with reported and predicted of both forecasters."""
    assert main(["replay", "feder2014", "--values", "assumed", "--patients", "30", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert found["statement"].startswith("Chain against empirical comparator: ")
    assert found["verdict"]["word"] == "not distinguishable"
    assert {"median", "low", "high", "width", "inside", "crps", "mc"} <= set(found["rows"][0]["chain"])
    assert set(found["rows"][0]["chain"]["mc"]) == {"low", "median", "high", "crps"}
    assert {"c0001", "c0003", "c0006", "e0095", "e0096"} == {one["row_id"] for one in found["not_scored"]}


def test_the_command_prints_verdict_and_caution_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: nobody reads a number before reading what it is; misses first; coverage beside widths."""
    assert main(["replay", "--values", "assumed", "--patients", "60"]) == 0
    out = capsys.readouterr().out

    assert out.splitlines()[0].startswith("Chain against empirical comparator: ")
    places = [
        out.index(words)
        for words in ("not a blind prediction", "covered by", "misses of the chain first", "Not scored")
    ]
    assert places == sorted(places)
    assert "Inside the 95 % and the 50 % interval: chain" in out
    assert "[width]" in out
    assert "Random effects of the remaining trials" in out
    assert "nothing is pooled: c0033, c0032" in out or "nothing is pooled: c0032, c0033" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "feder1999"],
        ["replay", "feder2021", "--values", "assumed", "--patients", "3"],
        ["replay", "feder2021", "--values", "guessed"],
        ["replay", "feder2021", "--trials", "1"],
    ],
)
def test_bad_input_ends_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit code 2 and one line on standard error."""
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
