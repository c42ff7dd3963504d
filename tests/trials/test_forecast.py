"""Summaries of drawn trials: bounds, coverage, and the error that the number of draws leaves."""

import math

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.trials.forecast import of_draws
from tests.tolerance import close, monte_carlo

RANDOM = np.random.default_rng(4)


def test_bounds_are_those_of_numpy() -> None:
    """numpy.percentile, nearest: a share of 15 patients stays a share of 15 patients."""
    drawn = RANDOM.integers(0, 16, 501) / 15
    found = of_draws(drawn, 0.4)

    expected = np.percentile(drawn, (2.5, 25, 50, 75, 97.5), method="nearest")
    assert close(np.array([found.low, found.low50, found.median, found.high50, found.high]), expected, "closed_form")


def test_intervals_know_what_they_hold() -> None:
    """Closed form: 0 to 100, one draw each."""
    found = of_draws(np.arange(101.0), 10.0)

    assert (found.holds(10), found.holds50(10), found.holds(1)) == (True, False, False)
    assert found.to_json(10.0)["inside50"] is False
    assert close(found.width, found.high - found.low, "closed_form")


def test_monte_carlo_errors_are_those_of_repeated_draws() -> None:
    """Monte Carlo: SD over 300 repetitions of 1,000 normal draws; SE of their median: sqrt(pi / 2 / m)."""
    runs = [of_draws(RANDOM.normal(0, 1, 1000), 0.5) for _ in range(300)]

    for place, name in enumerate(("low", "median", "high", "crps")):
        values = np.array([getattr(one, name) for one in runs])
        stated = np.array([one.mc[place] for one in runs if one.mc])
        assert close(
            float(stated.mean()), float(values.std(ddof=1)), monte_carlo(k=5, se=float(values.std()) / math.sqrt(300))
        )
    assert close(
        float(np.mean([one.mc[1] for one in runs if one.mc])), math.sqrt(math.pi / 2000), monte_carlo(k=4, se=0.003)
    )


def test_trials_of_one_world_are_no_independent_draws() -> None:
    """Invariant: ten trials that all equal their world leave the error of the worlds, not of the trials."""
    worlds = RANDOM.normal(0, 1, 100)
    together = of_draws(np.tile(worlds, 10), 0.0, worlds=100)
    apart = of_draws(np.tile(worlds, 10), 0.0)
    alone = of_draws(worlds, 0.0)

    assert together.mc is not None
    assert apart.mc is not None
    assert alone.mc is not None
    assert together.mc[1] > 2 * apart.mc[1]
    assert abs(together.mc[1] - alone.mc[1]) < alone.mc[1]


def test_what_never_ends_counts_as_the_follow_up() -> None:
    """Closed form: a loss beyond 112 days scores as one at 112, and the bound stays infinite."""
    found = of_draws(np.array([7.0, 14.0, np.inf, np.inf]), 20.0, beyond=112)

    assert found.high == math.inf
    assert close(found.crps, of_draws(np.array([7.0, 14.0, 112.0, 112.0]), 20.0).crps, "closed_form")


def test_one_drawn_trial_is_no_forecast() -> None:
    """Invariant: no interval from one draw."""
    with pytest.raises(InputError, match="at least two"):
        of_draws(np.array([1.0]), 0.0)
