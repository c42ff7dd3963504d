"""The third forecaster: what it pools, and its predictive distribution."""

import math

import numpy as np
import pytest
from scipy import stats

from reprieve.evidence.package.load import load
from reprieve.evidence.pooling.meta import meta
from reprieve.trials import crps
from reprieve.trials.observed import Observed, observed
from reprieve.trials.published import load_trial
from reprieve.trials.random_effects import predicted, remaining, third
from reprieve.trials.trial import HeldRow, Trial
from tests.tolerance import close, monte_carlo

PACKAGE = load()
RANDOM = np.random.default_rng(172)


def trial(name: str) -> Trial:
    found = load_trial(name)
    assert isinstance(found, Trial)
    return found


def row(name: str, row_id: str, day: float | None = None) -> Observed:
    return observed(trial(name), HeldRow(row_id, day), PACKAGE)


@pytest.mark.parametrize(
    ("name", "row_id", "others"),
    [
        ("feder2021", "c0009", {"feder2014", "duek2023"}),
        ("feder2014", "c0005", {"feder2021", "duek2023"}),
        ("duek2023", "c0031", {"feder2014", "feder2021"}),
        ("duek2023", "c0033", set()),
    ],
)
def test_it_pools_the_other_trials_at_that_time(name: str, row_id: str, others: set[str]) -> None:
    """Evidence package: what `reprieve evidence meta` would pool, without the trial."""
    assert {one.study for one in remaining(trial(name), row(name, row_id), PACKAGE)} == others


def test_it_is_the_prediction_of_the_pool_with_the_trials_own_error() -> None:
    """Monte Carlo from the pooled figures of `evidence.pooling.meta`, its t and a normal error, 200,000 draws."""
    one = row("feder2021", "c0009")
    found = third(trial("feder2021"), one, PACKAGE)
    assert found.forecast is not None
    chosen = remaining(trial("feder2021"), one, PACKAGE)
    pool = meta(
        {"study": [c.study for c in chosen], "yi": [c.yi for c in chosen], "vi": [c.vi for c in chosen]}, label="study"
    )

    assert one.se is not None
    sd = one.se / math.sqrt(1 / 15 + 1 / 15)
    t = RANDOM.standard_t(1, 200_000) * sd * math.sqrt(pool.se**2 + pool.tau2)
    drawn = sd * pool.estimate + t + RANDOM.normal(0, one.se, 200_000)
    for p, bound in ((0.25, found.forecast.low50), (0.5, found.forecast.median), (0.75, found.forecast.high50)):
        assert close(float((drawn <= bound).mean()), p, monte_carlo(k=4, se=math.sqrt(p * (1 - p) / 200_000)))
    assert close(
        float((drawn <= found.forecast.low).mean()), 0.025, monte_carlo(k=4, se=math.sqrt(0.025 * 0.975 / 2e5))
    )


def test_without_spread_it_is_normal() -> None:
    """Closed form: bounds and score of a normal."""
    found = predicted(-3.0, 0.0, 5, 2.0, 1.0)

    assert close(np.array([found.low, found.high]), stats.norm.ppf([0.025, 0.975], -3, 2), "solver")
    assert close(found.crps, crps.normal(-3, 2, 1), "solver")


def test_with_many_degrees_of_freedom_it_is_normal_too() -> None:
    """Closed form: the sum of two normals, as t with 1e7 degrees of freedom is one."""
    found = predicted(-3.0, 1.5, 1e7, 2.0, 1.0)

    assert close(np.array([found.low, found.high]), stats.norm.ppf([0.025, 0.975], -3, 2.5), "solver")
    assert close(found.crps, crps.normal(-3, 2.5, 1), "solver")


@pytest.mark.parametrize(
    ("name", "row_id", "day", "reason"),
    [
        ("duek2023", "c0033", None, "0 of the other trials"),
        ("feder2014", "o0016", None, "not a difference"),
        ("feder2021", "e0029", 14, "not a difference"),
    ],
)
def test_it_says_why_it_gives_nothing(name: str, row_id: str, day: float | None, reason: str) -> None:
    """Contract of issue 4: below two remaining trials it is left out, and the card says so."""
    found = third(trial(name), row(name, row_id, day), PACKAGE)

    assert found.forecast is None
    assert reason in found.reason
