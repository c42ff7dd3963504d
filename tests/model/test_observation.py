from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.parameters import load_parameters
from reprieve.model.individuals import individuals
from reprieve.model.observation import (
    fluctuation,
    longest_recall_days,
    observe,
    recall_days,
    recall_times,
    recall_warnings,
    recalled,
)
from reprieve.model.population import population
from tests.model.files import data_file
from tests.tolerance import close, monte_carlo

SET = load_parameters(data_file("observation"))
N = 20_000
DAYS_H = 24.0 * np.arange(0.0, 43.0)


def test_recall_averages_the_window() -> None:
    """Closed form by hand: the mean of today and six days back, the baseline standing for days before 0."""
    time = np.array([10.0, 72.0, 240.0])
    grid, index = recall_times(time, 7)
    latent = np.vstack([100 - grid, 2 * grid])

    average = recalled(latent, index)

    by_hand = [
        [np.mean([max(t - 24 * j, 0) for j in range(7)]) for t in time],
    ]
    assert close(average[0], 100 - np.array(by_hand[0]), "closed_form")
    assert close(average[1], 2 * np.array(by_hand[0]), "closed_form")


@given(times=st.lists(st.floats(-100, 3000), min_size=1, max_size=20), window=st.integers(1, 30))
def test_the_grid_holds_every_look_back(times: list[float], window: int) -> None:
    """Invariant: index finds t - j days, not before 0, on a sorted grid without repeats."""
    time = np.array(times)

    grid, index = recall_times(time, window)

    assert np.all(np.diff(grid) > 0)
    assert np.array_equal(grid[index], np.maximum(time[:, None] - 24.0 * np.arange(window), 0))


def test_a_shorter_window_is_a_part_of_a_longer_one() -> None:
    """Invariant: one grid serves all scales, each with its first columns."""
    grid, index = recall_times(DAYS_H, 30)
    short_grid, short = recall_times(DAYS_H, 7)

    assert np.array_equal(grid[index[:, :7]], short_grid[short])


def test_a_constant_score_is_recalled_as_it_is() -> None:
    """Invariant: averaging changes nothing that does not change."""
    grid, index = recall_times(DAYS_H, 7)

    assert close(recalled(np.full((2, len(grid)), 41.3), index), np.full((2, len(DAYS_H)), 41.3), "closed_form")


def test_windows_are_a_week() -> None:
    """CAPS-5 past-week form (version 16 April 2018); IES-R past 7 days."""
    assert [recall_days(name) for name in ("CAPS-5", "PCL-5", "IES-R")] == [7, 7, 7]
    assert longest_recall_days() == 7
    with pytest.raises(InputError, match=r"^instrument: 'CADSS'"):
        recall_days("CADSS")


def test_an_early_reading_warns() -> None:
    """Issue: a CAPS-5 younger than 7 days after the first infusion must say so."""
    early = recall_warnings(np.array([0.0, 24.0, 168.0, 900.0]), 0.0)

    assert [text.split(":")[0] for text in early] == ["caps5_observed", "pcl5_observed", "iesr_observed"]
    assert "read 1 d after the first infusion" in early[0]
    assert recall_warnings(np.array([0.0, 168.0, 900.0]), 0.0) == ()
    assert recall_warnings(np.array([168.0]), 24.0) != ()


@pytest.mark.parametrize("lag", [1, 5, 25])
def test_fluctuation_has_the_correlation_of_its_process(lag: int) -> None:
    """Closed form (Ornstein-Uhlenbeck): correlation exp(-lag / tau), variance 1 on every day."""
    time = np.array([-30, -30 + lag, 0, lag]) * 24.0

    x = fluctuation(time, population(N), 5.0)

    assert close(x.mean(axis=0), np.zeros(4), monte_carlo(k=4.5, se=1 / sqrt(N)))
    assert close(x.var(axis=0), np.ones(4), monte_carlo(k=4.5, se=sqrt(2 / N)))
    for a, b in ((0, 1), (2, 3)):
        r = exp(-lag / 5)
        assert close(np.corrcoef(x[:, a], x[:, b])[0, 1], r, monte_carlo(k=4.5, se=(1 - r * r) / sqrt(N)))


def test_days_before_and_after_day_0_are_one_path() -> None:
    """Closed form: correlation exp(-4 / tau) from day -2 to day 2."""
    x = fluctuation(np.array([-48.0, 48.0]), population(N), 5.0)

    r = exp(-4 / 5)
    assert close(np.corrcoef(x[:, 0], x[:, 1])[0, 1], r, monte_carlo(k=4.5, se=(1 - r * r) / sqrt(N)))


@given(times=st.lists(st.floats(-500, 2000), min_size=1, max_size=10), start=st.integers(0, 50))
def test_readings_do_not_depend_on_who_or_when_else(times: list[float], start: int) -> None:
    """Invariant: one patient at one time reads the same alone as among others, to the bit."""
    time, patients = np.array(times), population(60)
    ind = individuals(SET, patients)
    latent = np.linspace(0, 80, 60)[:, None] + np.zeros(len(time))

    whole = observe("pcl5", latent, time, patients, ind)

    one = slice(start, start + 1)
    for j, t in enumerate(times):
        alone = observe(
            "pcl5",
            latent[one, j : j + 1],
            np.array([t]),
            patients.take(one),
            {name: values[one] for name, values in ind.items()},
        )
        assert alone[0, 0] == whole[start, j]


@pytest.mark.parametrize(("score", "top"), [("caps5", 80), ("pcl5", 80), ("iesr", 88)])
def test_readings_are_whole_points_within_the_scale(score: str, top: int) -> None:
    """Invariant: a bounded integer, at both ends of the scale."""
    patients = population(500)
    latent = np.repeat(np.linspace(0, top, 500)[:, None], len(DAYS_H), axis=1)

    readings = observe(score, latent, DAYS_H, patients, individuals(SET, patients))

    assert np.array_equal(readings, np.rint(readings))
    assert readings.min() == 0
    assert readings.max() == top


@pytest.mark.parametrize("score", ["caps5", "pcl5", "iesr"])
def test_readings_scatter_as_stated(score: str) -> None:
    """Closed form: variance of fluctuation plus error plus 1/12 for rounding, in the middle of the scale."""
    patients = population(N)
    latent = np.full((N, 1), 40.0)

    readings = observe(score, latent, np.array([48.0]), patients, individuals(SET, patients))

    variance = SET[f"{score}_fluctuation_sd_points"] ** 2 + SET[f"{score}_error_sd_points"] ** 2 + 1 / 12
    assert close(readings.mean(), 40.0, monte_carlo(k=4.5, se=sqrt(variance / N)))
    assert close(readings.var(), variance, monte_carlo(k=4.5, se=variance * sqrt(2 / N)))


@pytest.mark.parametrize(("profile", "baseline", "sd"), [("civilian", "CAPS-5", 6.0), ("veteran", "CAPS-5", 8.5)])
def test_observed_baselines_have_the_published_spread(profile: str, baseline: str, sd: float) -> None:
    """PTSD-Repository: CAPS-5 SD 6 in Feder 2021 and 8.5 in Abdallah 2022."""
    patients = population(N, profile=profile)
    latent = np.sum(list(patients.baseline_of(baseline).values()), axis=0)[:, None]

    readings = observe("caps5", latent, np.array([0.0]), patients, individuals(SET, patients))

    assert close(readings.std(), sd, monte_carlo(k=4, se=0.05))


def test_scales_share_the_fluctuation_and_not_the_error() -> None:
    """Closed form: the covariance of two readings of one constant score is the product of fluctuation SDs."""
    patients = population(N)
    latent, time, ind = np.full((N, 1), 40.0), np.array([0.0]), individuals(SET, patients)

    a, b = (observe(score, latent, time, patients, ind)[:, 0] for score in ("caps5", "pcl5"))

    expected = SET["caps5_fluctuation_sd_points"] * SET["pcl5_fluctuation_sd_points"]
    assert close(np.cov(a, b)[0, 1], expected, monte_carlo(k=4.5, se=a.std() * b.std() / sqrt(N)))


def test_the_typical_patient_is_read_without_noise() -> None:
    """Invariant: random effects zero means no fluctuation and no error; the reading is the rounded score."""
    patients = population(2, profile="typical")
    latent = np.array([[40.4, 3.2], [79.9, 0.0]])

    readings = observe("caps5", latent, np.array([0.0, 24.0]), patients, individuals(SET, patients))

    assert readings.tolist() == [[40, 3], [80, 0]]


def test_a_window_of_no_days_is_refused() -> None:
    """Invariant: the error names the field."""
    with pytest.raises(InputError, match=r"^recall_days:"):
        recall_times(DAYS_H, 0)
