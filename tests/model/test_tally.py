"""The summary that takes its patients block by block, against the same values held at once."""

from __future__ import annotations

from math import fsum, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reprieve.core.intervals import PERCENTILES
from reprieve.core.random import normal
from reprieve.model.engine.numerics import numerics
from reprieve.model.tally import RELATIVE_ERROR, Tally
from tests.tolerance import close


def tally(values: np.ndarray, *cuts: int) -> Tally:
    """A tally that takes `values` in blocks that end at `cuts`."""
    found = Tally()
    for block in np.split(values, cuts):
        found.add(block)
    return found


def columns() -> np.ndarray:
    """Values as the model has them: concentrations over many decades, scores, changes of both signs, flags."""
    z = normal(3, "test:tally", range(1000), 5)
    flags = z[:, 4] > 1
    return np.column_stack([np.exp(8 * z[:, 0]), 40 + 10 * z[:, 1], 5 * z[:, 2], np.rint(20 + 8 * z[:, 3]), flags])


def quantile_error(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.max(np.abs(found - exact) / (np.abs(exact) + numerics().error_floor)))


@pytest.mark.parametrize("cuts", [(), (1,), (400, 700), tuple(range(10, 1000, 10))])
def test_means_and_spreads_are_those_of_all_values(cuts: tuple[int, ...]) -> None:
    """Independent implementation: exact sums of all values at once."""
    values = columns()

    found = tally(values, *cuts).spread()

    means = [fsum(column) / 1000 for column in values.T]
    squares = [fsum((column - mean) ** 2) for column, mean in zip(values.T, means, strict=True)]
    assert found.count == 1000
    assert close(found.mean, means, "closed_form")
    assert close(found.sd, [sqrt(one / 999) for one in squares], "closed_form")
    assert found.least.tolist() == values.min(axis=0).tolist()
    assert found.most.tolist() == values.max(axis=0).tolist()


def test_a_spread_far_from_zero_keeps_its_digits() -> None:
    """Closed form: values around a hundred million with standard deviation 1; a sum of squares would lose it."""
    values = 1e8 + np.tile([-1.0, 1.0], 500)[:, None]

    assert close(tally(values, 100, 350).spread().sd, sqrt(1000 / 999), "closed_form")


def test_quantiles_are_within_a_bucket() -> None:
    """Independent implementation: numpy on all values; the bound is the one that is printed."""
    values = columns()

    found = tally(values, 300, 301).quantiles(PERCENTILES)

    exact = np.percentile(values, PERCENTILES, axis=0, method="inverted_cdf")
    assert quantile_error(found, exact) <= RELATIVE_ERROR


def test_whole_numbers_come_out_exact() -> None:
    """Independent implementation: numpy on all values. Scores, events and counts are read off, not estimated."""
    values = columns()[:, 3:]

    found = tally(values, 300).quantiles((0.5, *PERCENTILES, 99.5))

    exact = np.percentile(values, (0.5, *PERCENTILES, 99.5), axis=0, method="inverted_cdf")
    assert found.tolist() == exact.tolist()


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 40), st.just(2)), elements=st.floats(-1e6, 1e6)),
    st.floats(0, 100),
)
def test_any_values_and_any_quantile_keep_the_bound(values: np.ndarray, percentile: float) -> None:
    """Property: zeros, signs, repeats and extremes included."""
    # numpy asks for the same rank only away from the edge between two patients.
    rank = len(values) * percentile / 100
    if abs(rank - round(rank)) < 1e-6:
        return
    found = tally(values).quantiles((percentile,))

    exact = np.percentile(values, (percentile,), axis=0, method="inverted_cdf")
    assert quantile_error(found, exact) <= RELATIVE_ERROR


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_do_not_depend_on_order(seed: int) -> None:
    """Invariant: quantiles are the same to the last bit in any order and any blocks."""
    values = columns()
    turned = np.random.default_rng(seed).permutation(values)

    one, two = tally(values, 100), tally(turned, 7, 500, 501)

    assert one.quantiles(PERCENTILES).tobytes() == two.quantiles(PERCENTILES).tobytes()


def test_a_table_keeps_its_shape() -> None:
    """Invariant: (patient, dose, minute) gives (dose, minute)."""
    values = normal(1, "test:table", range(50), 12).reshape(50, 3, 4)

    found = tally(values, 20).spread()

    assert found.mean.shape == found.sd.shape == found.median.shape == (3, 4)
    assert found.bands().shape == (3, 3, 4)
    assert close(found.mean, values.mean(axis=0), "closed_form")
