"""Leaving, stopping and rescue, and what each strategy makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reprieve.core.random import uniform
from reprieve.model.parameters import default_parameters
from reprieve.trials.design.form import Dropout, Estimand, Rescue
from reprieve.trials.simulation.events import LEAVE, Counted, Happened, counted, happened, leaving_day
from reprieve.trials.simulation.people import enrol
from reprieve.trials.simulation.plan import plan
from reprieve.trials.simulation.treated import treated
from tests.tolerance import close, monte_carlo
from tests.trials.simulation.cases import design

DAYS = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
NAN = float("nan")
PLANNED = np.array([[40.0, 30.0, 25.0, 20.0, 10.0]])
SHORTENED = np.array([[40.0, 30.0, 27.0, 28.0, 29.0]])
WITHOUT = np.array([[40.0, 30.0, NAN, NAN, NAN]])


def count(left_d: float, last_infusion_d: float = 3.0, followed: bool = False, **given: Any) -> Counted:
    """One patient under a strategy."""
    stopped = left_d < last_infusion_d
    what = Happened(np.array([left_d]), np.array([stopped]), np.array([stopped and followed]))
    return counted(DAYS, PLANNED, SHORTENED, what, Estimand(**given), 80.0)


def same(found: NDArray[np.float64], expected: list[float]) -> bool:
    return np.array_equal(found, [expected], equal_nan=True)


def test_a_constant_hazard_gives_exponential_days() -> None:
    """Closed form: with retained = exp(-h t) the patient leaves at -log(u) / (scale h)."""
    u, h = np.array([0.9, 0.7, 0.5, 0.2]), 0.1
    retained = np.exp(-h * DAYS)[None, :].repeat(4, axis=0)

    found = leaving_day(retained, DAYS, u, Dropout(scale=2.0))

    expected = -np.log(u) / (2 * h)
    assert close(found[expected <= 4], expected[expected <= 4], "closed_form")
    assert np.all(np.isinf(found[expected > 4]))


@pytest.mark.parametrize("dropout", [Dropout(kind="none"), Dropout(scale=0.0)])
def test_nobody_leaves_where_nobody_may(dropout: Dropout) -> None:
    """Invariant: without dropout everybody stays."""
    assert np.all(np.isinf(leaving_day(np.full((3, 5), 0.5), DAYS, np.full(3, 0.99), dropout)))


@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_the_share_present_is_the_model_s(scale: float) -> None:
    """Invariant: at every visit the share still there is the mean of `retained` to the power of the scale."""
    asked = design()
    days, n = plan(asked).days, 3000
    people, _ = enrol(asked, 2, n, default_parameters())
    run = treated(asked, plan(asked).arms[0], people, default_parameters(), days=days)

    left = leaving_day(run.values["retained"], days, uniform(2, LEAVE, people.ids)[:, 0], Dropout(scale=scale))

    for column, day in enumerate(days[1:], start=1):
        expected = float((run.values["retained"][:, column] ** scale).mean())
        se = np.sqrt(expected * (1 - expected) / n)
        assert close(float((left >= day).mean()), expected, monte_carlo(k=4, se=float(se))), day


def test_stopping_is_leaving_before_the_last_infusion() -> None:
    """Definition: later is withdrawal; those whose number is below the share stay for the visits."""
    found = happened(np.array([1.0, 1.0, 3.0, np.inf]), 3.0, np.array([0.1, 0.9, 0.1, 0.1]), 0.5)

    assert found.stopped.tolist() == [True, True, False, False]
    assert found.followed.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("strategy", "truth", "held"),
    [
        ("treatment_policy", SHORTENED[0].tolist(), WITHOUT[0].tolist()),
        ("hypothetical", PLANNED[0].tolist(), WITHOUT[0].tolist()),
        ("composite", [40, 30, 40, 40, 40], [40, 30, 40, 40, 40]),
        ("while_on_treatment", [40, 30, 30, 30, 30], [40, 30, 30, 30, 30]),
    ],
)
def test_stopping_without_follow_up(strategy: str, truth: list[float], held: list[float]) -> None:
    """Definition: a patient who stops after day 1 of 3, in the truth and in what the trial holds."""
    found = count(1.5, stopped=strategy)

    assert same(found.truth, truth)
    assert same(found.held, held)


@pytest.mark.parametrize(
    ("strategy", "held"),
    [
        ("treatment_policy", SHORTENED[0].tolist()),
        ("hypothetical", WITHOUT[0].tolist()),
        ("composite", [40, 30, 40, 40, 40]),
    ],
)
def test_stopping_with_follow_up(strategy: str, held: list[float]) -> None:
    """Definition: who stops and stays is read under the infusions given, unless the strategy sets that aside."""
    assert same(count(1.5, followed=True, stopped=strategy).held, held)


@pytest.mark.parametrize(
    ("strategy", "truth", "held"),
    [
        ("treatment_policy", PLANNED[0].tolist(), [40, 30, 25, 20, NAN]),
        ("hypothetical", PLANNED[0].tolist(), [40, 30, 25, 20, NAN]),
        ("composite", [40, 30, 25, 20, 40], [40, 30, 25, 20, 40]),
        ("while_on_treatment", [40, 30, 25, 20, 20], [40, 30, 25, 20, 20]),
    ],
)
def test_withdrawal_after_the_last_infusion(strategy: str, truth: list[float], held: list[float]) -> None:
    """Definition: the course goes on unseen; as failure or as the last reading it is known."""
    found = count(3.5, withdrawn=strategy)

    assert same(found.truth, truth)
    assert same(found.held, held)


@pytest.mark.parametrize(
    ("strategy", "truth", "held"),
    [
        ("treatment_policy", [40, 30, 25, 12, 2], [40, 30, 25, 12, 2]),
        ("hypothetical", PLANNED[0].tolist(), [40, 30, 25, NAN, NAN]),
        ("composite", [40, 30, 25, 40, 40], [40, 30, 25, 40, 40]),
        ("while_on_treatment", [40, 30, 25, 25, 25], [40, 30, 25, 25, 25]),
    ],
)
def test_rescue_at_the_first_reading_that_is_too_high(strategy: str, truth: list[float], held: list[float]) -> None:
    """Definition: above half of baseline on day 2, so rescued from then on, 8 points."""
    rule = Rescue(from_day=2, share_of_baseline=0.5, points=8)

    found = count(np.inf, rescue=strategy, rescue_rule=rule)

    assert found.rescued.tolist() == [True]
    assert same(found.truth, truth)
    assert same(found.held, held)


def test_nobody_is_rescued_who_is_well() -> None:
    """Definition: at a quarter of baseline or less from the rule's day on there is no rescue."""
    found = count(np.inf, rescue_rule=Rescue(from_day=4, share_of_baseline=0.25, points=8))

    assert found.rescued.tolist() == [False]
    assert same(found.truth, PLANNED[0].tolist())


def test_rescue_never_falls_below_the_scale() -> None:
    """Invariant: points taken off stop at zero."""
    found = count(np.inf, rescue_rule=Rescue(from_day=1, share_of_baseline=0.5, points=50))

    assert found.truth.min() == 0


def test_the_first_of_two_failures_counts() -> None:
    """Definition: rescued as failure on day 1, withdrawn later: the failure is known to the trial."""
    rule = Rescue(from_day=1, share_of_baseline=0.5, points=8)

    found = count(3.5, rescue="composite", rescue_rule=rule)

    assert same(found.held, [40, 30, 40, 40, 40])
