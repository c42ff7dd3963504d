"""The scorecard: its statistics against other implementations, its order, and what it says of itself."""

import json
import math
from functools import cache

import numpy as np
import pytest
from scipy import stats

import reprieve as rp
from reprieve.cli import main
from reprieve.core.errors import InputError
from reprieve.trials import predicted
from reprieve.trials.arms import CHAIN, COMPARATOR, Arm, simulated
from reprieve.trials.observed import Observed, Statement
from reprieve.trials.predicted import f_statistic, figures, no_difference
from reprieve.trials.published import load_trial
from reprieve.trials.replay import feder2021
from reprieve.trials.scorecard import Scorecard, scorecard
from reprieve.trials.trial import Trial
from tests.tolerance import close, monte_carlo

RANDOM = np.random.default_rng(20210105)


@cache
def card() -> Scorecard:
    return scorecard("all", patients=120)


def trial(name: str) -> Trial:
    found = load_trial(name)
    assert isinstance(found, Trial)
    return found


def arm(before: np.ndarray, after: np.ndarray, trials: int) -> Arm:
    """People with two readings, drawn into trials of the same size."""
    drawn = RANDOM.integers(0, len(before), (trials, len(before)))
    readings = {"pcl5": np.stack([before, after], axis=1)}
    return Arm({CHAIN: readings, COMPARATOR: readings}, drawn, "")


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
        arms[name] = Arm({CHAIN: readings, COMPARATOR: readings}, drawn, "")
    said = Statement(("x",), "x", "pcl5", ("a", "b", "c"), (12, 12, 12), (1.0,), "no_difference", "x", "x")

    share = no_difference(said, arms, CHAIN)
    assert close(share, 0.95, monte_carlo(k=4, se=math.sqrt(0.95 * 0.05 / 4000)))


def test_the_critical_value_is_the_square_of_t_for_two_arms() -> None:
    """scipy.stats.t: F with one degree of freedom is t squared."""
    assert close(predicted.critical((11, 10)), stats.t.isf(0.025, 19) ** 2, "solver")


def test_the_comparator_reads_what_the_chain_reads_where_no_drug_is_given() -> None:
    """Invariant: without ketamine both forecasters are baseline and non-drug response, so readings are the same."""
    arms = simulated(trial("dadabayev2020"), {}, 30, 1)
    placebo, ketamine = arms["ptsd_pain_ketorolac"].readings, arms["ptsd_pain_ketamine"].readings

    for score in ("caps5", "pcl5", "iesr"):
        assert close(placebo[COMPARATOR][score], placebo[CHAIN][score], "closed_form")
        assert np.all(ketamine[COMPARATOR][score][:, 0] == ketamine[CHAIN][score][:, 0])
    assert not np.allclose(ketamine[COMPARATOR]["iesr"], ketamine[CHAIN]["iesr"])


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


def test_the_first_line_says_assumed_and_not_blind() -> None:
    """Contract: assumed until calibrated; Feder 2021 and Abdallah 2022 helped to set Emax."""
    line = card().first_line

    assert line.startswith("Values are assumed until calibrated.")
    assert "abdallah2022 and feder2021 helped to set the drug effect (Emax)" in line
    assert scorecard("dadabayev2020", patients=20).first_line == "Values are assumed until calibrated."


def test_a_refused_trial_gives_its_reason_and_no_number() -> None:
    """Contract: what cannot be simulated is listed, not skipped."""
    found = scorecard("beaglehole2025", patients=20)

    assert (found.rows, found.verdicts) == ((), ())
    assert "absorption" in found.not_scored[0].reason


def test_the_same_seed_gives_the_same_card() -> None:
    """Invariant (house rule 6)."""
    first, again, other = (scorecard("dadabayev2020", 60, seed).to_json() for seed in (1, 1, 2))

    assert first == again
    assert first["inputs_digest"] != other["inputs_digest"]


@pytest.mark.parametrize("patients", [10, 0, -1])
def test_too_few_patients_are_refused(patients: int) -> None:
    """Invariant: a trial cannot be drawn from fewer people than one arm had."""
    with pytest.raises(InputError, match=r"patients.*at least the 11"):
        scorecard("dadabayev2020", patients=patients)


def test_the_face_gives_the_card_of_another_trial() -> None:
    """Contract: rp.replay knows every trial of `reprieve replay`."""
    found = rp.replay("dadabayev2020", patients=20)

    assert isinstance(found, Scorecard)


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: --json is one object, with reported and predicted of both forecasters."""
    assert main(["replay", "feder2014", "--patients", "30", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert found["statement"].startswith("Values are assumed")
    assert {"median", "low", "high", "width", "inside"} == set(found["rows"][0]["chain"])
    assert {"c0001", "c0003", "c0006"} == {one["row_id"] for one in found["not_scored"]}


def test_the_command_prints_the_caution_on_its_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: nobody reads a number before reading what it is."""
    assert main(["replay", "--patients", "60"]) == 0
    out = capsys.readouterr().out

    assert out.splitlines()[0].startswith("Values are assumed until calibrated. Not blind: abdallah2022 and feder2021")
    assert "Inside: chain" in out
    assert "Not scored, and why" in out


@pytest.mark.parametrize("arguments", [["replay", "feder1999"], ["replay", "feder2021", "--patients", "3"]])
def test_bad_input_ends_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit code 2 and one line on standard error."""
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
