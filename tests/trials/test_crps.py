"""The continuous ranked probability score against other forms of itself."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from reprieve.core.errors import InputError
from reprieve.trials import crps
from tests.tolerance import close, monte_carlo

RANDOM = np.random.default_rng(359378)


@pytest.mark.parametrize(("mean", "sd", "value"), [(0, 1, 0), (-8, 4, -11.9), (3, 0.2, 5)])
def test_a_normal_forecast_in_closed_form_is_the_integral(mean: float, sd: float, value: float) -> None:
    """Definition: integral of (F(x) - 1{x >= y})^2 by quadrature; Gneiting and Raftery 2007, section 4.2."""
    below, _ = quad(lambda x: stats.norm.cdf(x, mean, sd) ** 2, mean - 12 * sd, value)
    above, _ = quad(lambda x: stats.norm.sf(x, mean, sd) ** 2, value, max(value, mean) + 12 * sd)

    assert close(crps.normal(mean, sd, value), below + above, "solver")


def test_draws_of_a_normal_score_as_the_normal() -> None:
    """Closed form for a normal forecast, Monte Carlo over 400 ensembles of 20: the fair form is unbiased."""
    scores = [crps.ensemble(RANDOM.normal(2, 3, 20), 5.0) for _ in range(400)]

    se = float(np.std(scores, ddof=1) / np.sqrt(400))
    assert close(float(np.mean(scores)), crps.normal(2, 3, 5), monte_carlo(k=4, se=se))


def test_the_fair_form_is_the_double_sum() -> None:
    """Independent implementation: E|X - y| - sum over pairs |x_i - x_j| / (2 m (m - 1)), pairs written out."""
    x, value = RANDOM.gumbel(0, 2, 37), 1.3

    pairs = np.abs(x[:, None] - x[None, :]).sum()
    assert close(crps.ensemble(x, value), np.abs(x - value).mean() - pairs / (2 * 37 * 36), "closed_form")


def test_the_plain_form_of_properscoring_follows() -> None:
    """Definition of properscoring's crps_ensemble: the second term over m^2, an empirical distribution's score."""
    x, value = np.sort(RANDOM.normal(0, 1, 25)), 0.4
    edges = np.unique([*x, value])
    share = np.searchsorted(x, edges[:-1], side="right") / 25
    integral = float((np.diff(edges) * (share - (edges[:-1] >= value)) ** 2).sum())

    spread = np.abs(x[:, None] - x[None, :]).mean() / 2
    plain = crps.ensemble(x, value) + spread * 25 / 24 - spread
    assert close(plain, integral, "closed_form")


@pytest.mark.parametrize("value", [-3.0, 0.2, 40.0])
def test_a_distribution_function_scores_as_the_closed_form(value: float) -> None:
    """Closed form for a normal forecast."""
    found = crps.of_cdf(lambda x: float(stats.norm.cdf(x, 1, 2)), value, 2.0)

    assert close(found, crps.normal(1, 2, value), "solver")


def test_the_tails_of_cauchy_have_a_finite_score() -> None:
    """Definition, by quadrature in pieces over the whole line, split at the observed value."""
    found = crps.of_cdf(lambda x: float(stats.cauchy.cdf(x)), 1.0, 1.0)

    left = sum(quad(lambda x: stats.cauchy.cdf(x) ** 2, a, b)[0] for a, b in ((-np.inf, -5), (-5, 1)))
    right = sum(quad(lambda x: stats.cauchy.sf(x) ** 2, a, b)[0] for a, b in ((1, 5), (5, np.inf)))
    assert close(found, left + right, "solver")


def test_one_number_scores_as_its_absolute_error() -> None:
    """Invariant: a forecast that is sure of one number."""
    assert close(crps.ensemble([3.0, 3.0, 3.0], 7.5), 4.5, "closed_form")


@pytest.mark.parametrize("draws", [[], [1.0], [1.0, np.inf], [1.0, np.nan]])
def test_what_has_no_score_is_refused(draws: list[float]) -> None:
    """Invariant: two finite draws at least."""
    with pytest.raises(InputError, match="two finite"):
        crps.ensemble(draws, 0.0)


def test_a_normal_needs_a_spread() -> None:
    """Invariant: a standard deviation is positive."""
    with pytest.raises(InputError, match=r"sd.*positive"):
        crps.normal(0, 0, 1)
