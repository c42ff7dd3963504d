"""The analysis of a simulated trial as one row of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from reprieve.trials.analysis.ancova import ancova
from reprieve.trials.analysis.mmrm import mmrm
from reprieve.trials.analysis.survival import loss_of_response
from reprieve.trials.design.form import Analysis
from reprieve.trials.simulation.analysed import analysed, favour, response, times_to_loss
from tests.tolerance import close
from tests.trials.analysis.cases import made

NAN = float("nan")


def trial(seed: int = 1, missing: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with baseline first, arm, days."""
    after, arm, baseline = made(seed, missing=missing)
    return np.column_stack([baseline, after]), arm, np.array([0.0, 7.0, 14.0, 21.0, 28.0])


def test_scores_go_to_the_analysis_as_they_are() -> None:
    """Independent implementation: the analyses called by hand, primary day the third visit."""
    scores, arm, days = trial()

    by_ancova = analysed(Analysis(method="ancova"), scores, arm, days, 3)
    by_mmrm = analysed(Analysis(method="mmrm", alpha=0.1), scores, arm, days, 3)

    expected = ancova(scores[:, 3], arm, scores[:, 0]).difference
    assert (by_ancova.estimate, by_ancova.se, by_ancova.p) == (expected.estimate, expected.se, expected.p)
    wanted = mmrm(scores[:, 1:], arm, scores[:, 0], level=0.9).at(2)
    assert (by_mmrm.estimate, by_mmrm.df, by_mmrm.low) == (wanted.estimate, wanted.df, wanted.low)


@pytest.mark.parametrize("p", [0.9, 0.05, 1e-8])
def test_z_has_the_p_value_of_the_test(p: float) -> None:
    """scipy.stats.norm: two-sided tail of z is p; its sign says whom it favours."""
    assert close(2 * stats.norm.sf(favour(1.0, p)), p, "closed_form")
    assert favour(-1.0, p) == -favour(1.0, p)


def test_lower_scores_favour_the_active_arm_and_more_responders_do() -> None:
    """Definition: z is positive when the active arm does better."""
    scores, arm, days = trial(missing=0.0)
    better = scores.copy()
    better[arm == 1, 1:] *= 0.5

    for method in ("ancova", "mmrm", "responders"):
        found = analysed(Analysis(method=method), better, arm, days, 4)
        assert found.z > 2, method
        assert (found.estimate > 0) == (method == "responders")


def test_response_is_unknown_where_nothing_was_read() -> None:
    """Definition: a fall of 30 % or more of baseline."""
    scores = np.array([[40.0, 28.0], [40.0, 29.0], [40.0, NAN]])

    assert np.array_equal(response(scores, 1, 0.3), [1.0, 0.0, NAN], equal_nan=True)


def test_days_to_loss_by_hand() -> None:
    """Closed form: response on day 7; lost on day 14, never lost, last seen on day 14, seen no more, no responder."""
    days = np.array([0.0, 7.0, 14.0, 21.0])
    scores = np.array(
        [[40, 20, 39, 20], [40, 20, 20, 20], [40, 20, 20, NAN], [40, 20, NAN, NAN], [40, 39, 20, 20]], dtype=float
    )

    who, time, event = times_to_loss(scores, days, 1, 0.3)

    assert who.tolist() == [0, 1, 2, 3]
    assert time.tolist() == [7, 14, 7, 0]
    assert event.tolist() == [1, 0, 0, 0]


def test_the_log_hazard_ratio_has_the_p_value_of_the_log_rank_test() -> None:
    """Independent implementation: `loss_of_response`, chi-square with one degree of freedom."""
    rng = np.random.default_rng(4)
    arm = np.repeat([0.0, 1.0], 30)
    scores = np.column_stack([np.full(60, 40.0), np.full(60, 20.0), rng.choice([20.0, 39.0], (60, 3))])
    scores[arm == 1, 2:][:, :1] = 20
    days = np.array([0.0, 7.0, 14.0, 21.0, 28.0])

    found = analysed(Analysis(method="loss_of_response"), scores, arm, days, 1)

    who, time, event = times_to_loss(scores, days, 1, 0.3)
    expected = loss_of_response(time, event, arm[who])
    assert close(found.p, expected.p, "closed_form")
    assert close((found.estimate / found.se) ** 2, expected.statistic, "closed_form")
    assert (found.estimate < 0) == (expected.observed[0] < expected.expected[0])


@pytest.mark.parametrize("method", ["mmrm", "ancova", "loss_of_response"])
def test_what_cannot_be_analysed_fails_and_rejects_nothing(method: Any) -> None:
    """Invariant: a failed analysis has no number, and its z crosses no bound."""
    scores, arm, days = trial()
    scores[arm == 1, 1:] = NAN

    found = analysed(Analysis(method=method), scores, arm, days, 3)

    assert found.failed
    assert math.isnan(found.estimate)
    assert not abs(found.z) >= 0


def test_arms_that_all_respond_do_not_differ() -> None:
    """Definition: no response or all of it in both arms is p = 1, not a failure."""
    scores, arm, days = trial(missing=0.0)
    scores[:, 1:] = 0.0

    found = analysed(Analysis(method="responders"), scores, arm, days, 3)

    assert (found.estimate, found.p, found.failed) == (0.0, 1.0, False)
