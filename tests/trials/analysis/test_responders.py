"""The difference in shares of responders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.trials.analysis.responders import INTERVALS, Interval, responders
from tests.tolerance import close
from tests.trials.analysis.cases import Array, fixtures


def patients(a: int, n: int, b: int, m: int) -> tuple[Array, Array]:
    """`a` of `n` active and `b` of `m` control patients responded."""
    return np.repeat([1.0, 0, 1, 0], [a, n - a, b, m - b]), np.repeat([1.0, 0], [n, m])


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("held", fixtures("responders"), ids=lambda c: f"{c['counts']}-{c['level']}")
def test_it_is_prop_test(held: dict[str, Any], interval: Interval) -> None:
    """R 4.2.2, `prop.test(correct = FALSE)`: p, Wald interval, Newcombe's from its two Wilson intervals."""
    found = responders(*patients(*held["counts"]), interval=interval, level=held["level"])

    assert close(found.p, held["p"], "metafor_closed")
    assert close([found.low, found.high], held[interval], "metafor_closed")


def test_grid_is_complete() -> None:
    """Invariant: seven tables at two levels, with empty and full arms among them."""
    cases = fixtures("responders")

    assert len(cases) == 14
    assert {held["level"] for held in cases} == {0.95, 0.9}
    assert any(held["counts"][2] == 0 for held in cases)
    assert any(held["counts"][0] == held["counts"][1] for held in cases)


@given(st.integers(0, 12), st.integers(0, 9), st.sampled_from(INTERVALS))
def test_swapped_arms_change_the_sign_only(a: int, b: int, interval: Interval) -> None:
    """Invariant."""
    responded, arm = patients(a, 12, b, 9)

    one, other = responders(responded, arm, interval=interval), responders(responded, 1 - arm, interval=interval)

    assert close([-other.difference, -other.high, -other.low], [one.difference, one.low, one.high], "closed_form")
    assert close(other.p, one.p, "closed_form") if not np.isnan(one.p) else np.isnan(other.p)
    assert -1 <= one.low <= one.difference <= one.high <= 1


def test_unknown_responses_count_as_asked_and_are_told() -> None:
    """Closed form: 3 of 5 against 1 of 4, or 3 of 4 against 1 of 3."""
    responded = np.array([1, 1, 1, 0, np.nan, 1, 0, 0, np.nan])
    arm = np.array([1.0] * 5 + [0.0] * 4)

    counted, left_out = responders(responded, arm), responders(responded, arm, missing="left out")

    assert close(counted.difference, 3 / 5 - 1 / 4, "closed_form")
    assert close(left_out.difference, 3 / 4 - 1 / 3, "closed_form")
    assert counted.warnings == ("2 patients without a response on record: non-responder",)


def test_no_test_where_nobody_responds() -> None:
    """Invariant: p is NaN, the interval still says what is possible."""
    found = responders(*patients(0, 10, 0, 10))

    assert np.isnan(found.p)
    assert found.low < 0 < found.high


@pytest.mark.parametrize(
    ("more", "says"),
    [({"responded": [0.5, 1]}, "responded"), ({"arm": [1, 1]}, "hold both"), ({"interval": "exact"}, "interval")],
)
def test_bad_input_is_refused(more: dict[str, Any], says: str) -> None:
    """Invariant (house rule 5)."""
    with pytest.raises(InputError, match=says):
        responders(**({"responded": [1, 0], "arm": [1, 0]} | more))
