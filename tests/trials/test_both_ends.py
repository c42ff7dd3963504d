"""The two trials that pull in opposite directions: covered or not, vacuous or not, on invented forecasts."""

import pytest

from reprieve.trials.both_ends import checks
from reprieve.trials.forecast import Forecast
from reprieve.trials.observed import Observed
from reprieve.trials.random_effects import Third
from reprieve.trials.scored import SAMPLING_WIDTH, Gap, Judged, Scored
from reprieve.trials.statement import Statement


def positive(low: float, high: float) -> Scored:
    """Feder 2021 with a standard error of 4 and the chain's interval from `low` to `high`."""
    row = Observed(
        *("c0009", "CAPS-5", "caps5", "mean", ("a", "b"), (15, 15), 14, -11.88, None, None, "feder2021", "abstract"),
        se=4.0,
    )
    forecast = Forecast((low + high) / 2, low, high, low, high, 1.0)
    return Scored("feder2021", row, forecast, forecast, Third(None, (), ""), ())


def null(probability: float, widening: float) -> Judged:
    """The null of Abdallah 2022, given `probability`."""
    said = Statement(
        ("c0012",), "PCL-5", "pcl5", ("a", "b"), (50, 50), (7.0,), "no_difference", "abdallah2022", "abstract"
    )
    return Judged("abdallah2022", said, probability, 0.5, Gap(-3.0, -9.0, 3.0, widening), 2000, ())


@pytest.mark.parametrize(
    ("times", "centre", "covered", "vacuous"),
    [(1.2, -8, True, False), (2.5, -8, True, True), (1.2, 4, False, False)],
)
def test_feder_2021_is_held_against_interval_and_sampling_error(
    times: float, centre: float, covered: bool, vacuous: bool
) -> None:
    """Definition, docs/decisions/0017: twice the width that a standard error of 4 alone would give is the limit."""
    half = times * SAMPLING_WIDTH * 4 / 2
    (found,) = checks([positive(centre - half, centre + half)], [])

    assert (found.covered, found.vacuous) == (covered, vacuous)
    assert ("NOT covered" in found.words) == (not covered)
    assert ("vacuous" in found.words) == vacuous


@pytest.mark.parametrize(
    ("probability", "widening", "covered", "vacuous"),
    [(0.6, 1.3, True, False), (0.04, 1.3, False, False), (0.6, 2.1, True, True)],
)
def test_the_null_is_held_against_its_probability(
    probability: float, widening: float, covered: bool, vacuous: bool
) -> None:
    """Definition, docs/decisions/0017: a probability of 0.05 at least."""
    (found,) = checks([], [null(probability, widening)])

    assert (found.covered, found.vacuous) == (covered, vacuous)
