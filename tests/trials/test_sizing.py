"""The search for a sample size, on tests whose power has a closed form."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, sqrt

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from reprieve.core.errors import InputError
from reprieve.core.random import normal
from reprieve.trials.sizing import Tried, fit, sample_size
from tests.tolerance import close, monte_carlo

REACH = float(ndtri(0.975))
SEARCHES = 100


def z_test(seed: int, effect: float, between: float = 0.0) -> Callable[[int, int, int], int]:
    """Rejections of a two-sample z-test with `size` patients per arm; the effect itself varies between trials."""

    def rejections(size: int, first: int, count: int) -> int:
        drawn = normal(seed, f"test:z:{size}", range(first, first + count), 2)
        return int(((effect + between * drawn[:, 1]) * sqrt(size / 2) + drawn[:, 0] > REACH).sum())

    return rejections


def power(size: float, effect: float, between: float = 0.0) -> float:
    return float(ndtr((effect * sqrt(size / 2) - REACH) / sqrt(1 + between**2 * size / 2)))


@pytest.mark.parametrize(("effect", "target"), [(0.5, 0.8), (0.3, 0.9)])
def test_the_interval_covers_the_size_of_the_closed_form(effect: float, target: float) -> None:
    """Closed form: n = 2 (z_a + z_b)^2 / effect^2 per arm. 95 of 100 intervals hold it, and the middle one hits it."""
    n = 2 * (REACH + float(ndtri(target))) ** 2 / effect**2

    found = [sample_size(z_test(seed, effect), target, smallest=10, largest=1000) for seed in range(SEARCHES)]

    covered = np.mean([one.low <= n <= one.high for one in found])
    assert close(covered, 0.95, monte_carlo(4, sqrt(0.95 * 0.05 / SEARCHES)))
    sizes = np.array([one.size for one in found], dtype=float)
    # Sizes are rounded up, by half a patient on average.
    assert close(sizes.mean() - 0.5, n, monte_carlo(5, sizes.std() / sqrt(SEARCHES)))
    assert max(one.high - one.low for one in found if one.replicates < 4000) <= 0.11 * n


def test_power_that_levels_off_is_followed() -> None:
    """Closed form: a normal effect between trials bends the curve; the fit is local, so the size is still right."""
    effect, between = 0.5, 0.2
    n = brentq(lambda size: power(size, effect, between) - 0.8, 10, 1000)

    found = [sample_size(z_test(seed, effect, between), 0.8, smallest=10, largest=1000) for seed in range(SEARCHES)]

    covered = np.mean([one.low <= n <= one.high for one in found])
    assert close(covered, 0.95, monte_carlo(4, sqrt(0.95 * 0.05 / SEARCHES)))


def test_a_target_out_of_reach_is_said() -> None:
    """Closed form: with this spread of effects no size gives more than 0.952."""
    found = sample_size(z_test(1, 0.5, 0.3), 0.99, smallest=10, largest=1000)

    assert found.size is None
    assert found.said == "power does not reach 0.99 up to the largest size, 1000"
    assert found.replicates < 4000


def test_the_smallest_size_may_be_enough() -> None:
    """Invariant: the search ends there, and says so."""
    found = sample_size(z_test(1, 2.0), 0.5, smallest=30, largest=1000)

    assert (found.size, found.said) == (30, "power is 0.5 or more at the smallest size already")


def test_sizes_are_whole_steps_and_replicates_are_never_used_twice() -> None:
    """Invariant: allocation ratios hold at every size tried; trials at different sizes are independent."""
    asked: list[tuple[int, int, int]] = []
    inner = z_test(3, 0.4)

    def rejections(size: int, first: int, count: int) -> int:
        asked.append((size, first, count))
        return inner(size, first, count)

    found = sample_size(rejections, 0.8, smallest=10, largest=500, step=6, replicates=2000, batch=150)

    assert found.size is not None
    assert [size for size, *_ in asked if size % 6 or not 12 <= size <= 498] == []
    assert [first for _, first, _ in asked] == list(range(0, 150 * len(asked), 150))
    assert found.replicates == 150 * len(asked)
    assert sum(one.rejected for one in found.tried) == sum(inner(*one) for one in asked)


def test_the_fitted_line_is_the_curve() -> None:
    """Closed form: on exact shares the line is level -z_a and slope effect / sqrt 2, whatever the sizes."""
    many = 10**8
    tried = tuple(Tried(size, many, round(many * power(size, 0.5))) for size in (20, 50, 120))

    line = fit(tried)

    assert close([line.level, line.slope], [-REACH, 0.5 / sqrt(2)], "optimiser")
    assert close(line.at(50)[0], power(50, 0.5), "optimiser")


def test_the_interval_is_that_of_repeated_fits() -> None:
    """Independent implementation: the spread of the crossing over binomial draws, against its own interval."""
    sizes = (50, 63, 79)
    shares = [power(size, 0.5) for size in sizes]
    drawn = np.random.default_rng(5).binomial(800, shares, size=(400, 3))
    lines = [fit(tuple(Tried(n, 800, int(k)) for n, k in zip(sizes, row, strict=True))) for row in drawn]
    n = 2 * (REACH + float(ndtri(0.8))) ** 2 / 0.25

    inside = [low <= n <= high for low, high in (line.interval(0.8) for line in lines)]

    assert close(np.mean(inside), 0.95, monte_carlo(4, sqrt(0.95 * 0.05 / 400)))


def test_a_line_that_does_not_rise_crosses_nowhere() -> None:
    """Closed form."""
    line = fit((Tried(10, 100, 60), Tried(40, 100, 50)))

    assert line.crossing(0.8) == inf
    assert line.interval(0.8) == (0, inf)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"target": 1.0}, "power"),
        ({"target": float("nan")}, "power"),
        ({"step": 0}, "step"),
        ({"smallest": 0}, "largest"),
        ({"largest": 9}, "largest"),
        ({"step": 600}, "largest"),
        ({"replicates": 10}, "replicates"),
        ({"batch": 0}, "replicates"),
        ({"precision": 0.0}, "precision"),
    ],
)
def test_bad_input_names_its_field(given: dict[str, float], field: str) -> None:
    """Invariant."""
    asked = {"target": 0.8, "smallest": 10, "largest": 1000, **given}
    with pytest.raises(InputError) as caught:
        sample_size(z_test(1, 0.5), asked.pop("target"), **asked)  # type: ignore[arg-type]

    assert caught.value.field == field
