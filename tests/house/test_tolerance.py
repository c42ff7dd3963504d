"""The table of tolerances itself."""

import numpy as np
import pytest

from tests.tolerance import FLOOR, TABLE, close, error, monte_carlo, within


@pytest.mark.parametrize("kind", TABLE)
def test_the_limit_is_where_the_table_says(kind: str) -> None:
    """Closed form: error = |actual - expected| / (|expected| + FLOOR)."""
    limit = TABLE[kind].limit
    step = limit * (1 + FLOOR)

    assert within(1 + step / 2, 1.0, kind)
    assert not within(1 + step * 2, 1.0, kind)


def test_a_quantity_that_has_decayed_is_measured_against_the_floor() -> None:
    """Closed form: at an expected value of zero the error is |actual| / FLOOR."""
    assert error(1e-9, 0.0) == pytest.approx(1e-6)


@pytest.mark.parametrize("actual", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_close(actual: float) -> None:
    """Invariant: a comparison with nan must not pass."""
    assert not within([1.0, actual], [1.0, 1.0], "published_pk")


def test_arrays_of_other_shape_are_refused() -> None:
    """Invariant: broadcasting must not hide a wrong shape."""
    with pytest.raises(AssertionError, match="shapes differ"):
        close(np.ones((3, 2)), np.ones(2), "solver")


def test_the_message_names_the_worst_value() -> None:
    """Invariant: a failure can be read without a debugger."""
    with pytest.raises(AssertionError, match=r"at \(1,\): got .*3\.0.* expected .*2\.0"):
        close([1.0, 3.0, 1.0], [1.0, 2.0, 1.0], "solver")


def test_monte_carlo_states_its_false_alarm_rate() -> None:
    """Closed form: two sides of a normal distribution beyond 4 standard errors, 6.3e-5."""
    tolerance = monte_carlo(k=4, se=0.1)

    assert "1.58e+04" in tolerance.reason
    assert within(1.39, 1.0, tolerance)
    assert not within(1.41, 1.0, tolerance)
