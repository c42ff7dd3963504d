"""The verdict: its word, its standard error, and what has no part in it."""

import math

import numpy as np
import pytest
from scipy import stats

from reprieve.trials.verdict import ALIKE, BETTER, WORSE, verdict
from tests.tolerance import close


def rows(*gaps: tuple[str, float]) -> list[tuple[str, float, float, float | None]]:
    """Rows whose chain is `gap` observed standard errors of 2 away from a comparator at 3."""
    return [(trial, 3 + 2 * gap, 3.0, 2.0) for trial, gap in gaps]


def test_it_is_the_t_interval_of_the_trials_means() -> None:
    """scipy.stats.t.interval on the mean difference of each trial."""
    found = verdict(rows(("a", -1.0), ("a", 0.0), ("b", 0.2), ("c", -0.4), ("c", -0.6)))

    means = np.array([-0.5, 0.2, -0.5])
    expected = stats.t.interval(0.95, 2, means.mean(), stats.sem(means))
    assert close(np.array([found.low, found.high]), np.array(expected), "solver")
    assert close(found.difference, means.mean(), "closed_form")
    assert found.word == ALIKE
    assert found.rows == 5


@pytest.mark.parametrize(("gap", "word"), [(-0.5, BETTER), (0.5, WORSE)])
def test_a_difference_that_every_trial_shows_is_told(gap: float, word: str) -> None:
    """Definition: the whole interval on one side of 0; lower scores are closer."""
    found = verdict(rows(("a", gap), ("b", 1.1 * gap), ("c", 0.9 * gap)))

    assert found.word == word
    assert word in found.line


def test_many_rows_of_one_trial_count_once() -> None:
    """Invariant: clustering. Rows repeated within a trial change neither difference nor error."""
    few = verdict(rows(("a", -0.5), ("b", 0.1), ("c", -0.2)))
    many = verdict(rows(*[("a", -0.5)] * 20, ("b", 0.1), ("c", -0.2)))

    assert close(np.array([few.difference, few.se]), np.array([many.difference, many.se]), "closed_form")
    assert few.word == many.word == ALIKE


def test_scales_add_up_in_standard_errors() -> None:
    """Invariant: a figure in other units, with its standard error in them, gives the same verdict."""
    one = verdict([("a", 3.0, 4.0, 2.0), ("b", 1.0, 2.0, 4.0)])
    other = verdict([("a", 0.03, 0.04, 0.02), ("b", 1.0, 2.0, 4.0)])

    assert close(one.difference, other.difference, "closed_form")


def test_one_trial_tells_nothing_apart() -> None:
    """Definition: a single trial has no spread between trials."""
    found = verdict(rows(("a", -5.0), ("a", -5.0)))

    assert found.word == ALIKE
    assert math.isnan(found.se)
    assert "one trial" in found.line


def test_a_figure_without_a_standard_error_has_no_part() -> None:
    """Definition: no common unit without one."""
    found = verdict([("a", 3.0, 9.0, None)])

    assert (found.word, found.rows, found.by_trial) == (ALIKE, 0, ())
    assert "no figure" in found.line
