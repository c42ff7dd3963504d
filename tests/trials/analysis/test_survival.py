"""Time to loss of response: Kaplan-Meier medians and the log-rank test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reprieve.core.errors import InputError
from reprieve.trials.analysis.survival import TRANSFORMS, Median, Transform, kaplan_meier, loss_of_response
from tests.tolerance import close
from tests.trials.analysis.cases import Array, case, fixtures

DATA = ("aml", "veteran", "lung", "ovarian", "weeks", "late", "exact")


def columns(name: str) -> tuple[Array, Array, Array]:
    time, event, arm = (np.array(case("survival", name)[key], float) for key in ("time", "event", "arm"))
    return time, event, arm


def printed(values: list[float | None]) -> Median:
    """A median of the fixture; R's NA means not reached."""
    return Median(*(np.inf if value is None else value for value in values))


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", DATA)
def test_medians_are_those_of_survfit(name: str, transform: Transform) -> None:
    """R survival 3.5-3, `quantile(survfit(...), 0.5)`: median and both ends; NA there is infinite here."""
    found = loss_of_response(*columns(name), transform=transform)

    for got, values in zip((found.active, found.control), case("survival", name)[transform], strict=True):
        expected = printed(values)
        assert close([got.time, got.low, got.high], [expected.time, expected.low, expected.high], "metafor_closed")


@pytest.mark.parametrize("name", DATA)
def test_log_rank_is_survdiff(name: str) -> None:
    """R survival 3.5-3, `survdiff`: observed, expected, chi-square and p, with tied times."""
    held = case("survival", name)

    found = loss_of_response(*columns(name))

    assert close(found.observed, held["observed"], "metafor_closed")
    assert close(found.expected, held["expected"], "metafor_closed")
    assert close([found.statistic, found.p], [held["chisq"], held["p"]], "metafor_closed")


@pytest.mark.parametrize("name", DATA)
def test_scipy_says_the_same(name: str) -> None:
    """scipy.stats `logrank` and `ecdf`, a second implementation."""
    time, event, arm = columns(name)
    samples = [stats.CensoredData.right_censored(time[arm == side], event[arm == side] == 0) for side in (1, 0)]

    found = loss_of_response(time, event, arm)
    moments, curve, _ = kaplan_meier(time[arm == 1], event[arm == 1])

    assert close(found.statistic, stats.logrank(*samples).statistic ** 2, "solver")
    assert close(curve, stats.ecdf(samples[0]).sf.evaluate(moments), "closed_form")


def test_grid_is_complete() -> None:
    """Invariant: every declared data set with both transforms of both arms."""
    assert tuple(held["data"] for held in fixtures("survival")) == DATA
    assert all(len(held[transform]) == 2 for held in fixtures("survival") for transform in TRANSFORMS)


@given(st.integers(0, 10**6))
def test_swapped_arms_swap_the_result(seed: int) -> None:
    """Invariant."""
    draw = np.random.default_rng(seed)
    time, event = draw.integers(1, 9, 30).astype(float), draw.integers(0, 2, 30).astype(float)
    arm = draw.permutation(np.repeat([0.0, 1.0], 15))

    one, other = loss_of_response(time, event, arm), loss_of_response(time, event, 1 - arm)

    assert (one.active, one.control) == (other.control, other.active)
    if not np.isnan(one.p):
        assert close(other.statistic, one.statistic, "solver")


def test_no_event_is_said() -> None:
    """Invariant: without an event there is no test, and the medians are not reached."""
    found = loss_of_response(np.array([3.0, 4]), np.array([0.0, 0]), np.array([0.0, 1]))

    assert np.isnan(found.p)
    assert found.active == Median(np.inf, np.inf, np.inf)
    assert found.warnings == ("no event with both arms at risk: the arms cannot be compared",)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"time": [-1, 2]}, "time"),
        ({"event": [2, 0]}, "event"),
        ({"arm": [1, 1]}, "hold both"),
        ({"level": 1}, "level"),
    ],
)
def test_bad_input_is_refused(more: dict[str, Any], says: str) -> None:
    """Invariant (house rule 5)."""
    with pytest.raises(InputError, match=says):
        loss_of_response(**({"time": [1, 2], "event": [1, 1], "arm": [1, 0]} | more))
