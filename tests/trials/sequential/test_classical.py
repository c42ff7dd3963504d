"""Classical power: means, shares, events, repeated readings, and how many patients a power needs."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from reprieve.core.errors import InputError
from reprieve.trials.analysis.mmrm import mmrm
from reprieve.trials.sequential.classical import log_rank_events, power_log_rank, power_two_means, power_two_shares
from reprieve.trials.sequential.repeated import last_visit_variance, power_repeated
from reprieve.trials.sequential.sample_size import sample_size
from tests.tolerance import close, monte_carlo
from tests.trials.sequential.cases import fixture

R = fixture("power")
# Patients per arm for 80 % power, two-sided alpha 0.05 and 0.01, by Cohen's d.
COHEN = {
    0.05: {0.8: 26, 0.6: 45, 0.5: 64, 0.4: 100, 0.3: 175, 0.2: 393, 1.0: 17},
    0.01: {0.8: 38, 0.6: 68, 0.5: 95, 0.4: 149, 0.2: 586, 1.0: 26},
}


def equal(power: Callable[..., float], *values: Any, **options: Any) -> Callable[[float], float]:
    """The power of a trial with arms of equal size, as a function of that size."""
    return lambda n: power(n, n, *values, **options)


@pytest.mark.parametrize(
    "case", R["means"], ids=lambda c: f"{c['active']}-{c['control']}-{c['difference']}-{c['sides']}"
)
def test_two_means_are_power_t_test(case: dict[str, Any]) -> None:
    """R 4.2.2, power.t.test (strict = FALSE), and R pwr 1.3-0, pwr.t2n.test, for arms of unequal size."""
    sizes = case["active"], case["control"]

    found = power_two_means(*sizes, case["difference"], 1, alpha=case["alpha"], sides=case["sides"])

    assert close(found, case["power"], "metafor_closed")


@pytest.mark.parametrize("case", R["needed"], ids=lambda c: f"{c['difference']}-{c['power']}")
def test_patients_needed_are_those_of_power_t_test(case: dict[str, Any]) -> None:
    """R 4.2.2, power.t.test solved for n at tolerance 1e-12."""
    found = sample_size(equal(power_two_means, case["difference"], 1), case["power"])

    assert close(found, case["patients"], "metafor_closed")


def test_the_examples_of_the_help_pages() -> None:
    """R 4.2.2, examples of ?power.t.test and ?power.prop.test, as they print."""
    assert f"{power_two_means(20, 20, 1, 1):.7f}" == "0.8689528"
    assert f"{sample_size(equal(power_two_means, 1, 1), 0.9):.5f}" == "22.02110"
    assert f"{power_two_shares(50, 50, 0.5, 0.75):.4f}" == "0.7402"
    assert f"{sample_size(equal(power_two_shares, 0.5, 0.75), 0.9):.1f}" == "76.7"


@pytest.mark.parametrize("alpha", COHEN)
def test_cohens_table_of_sample_sizes(alpha: float) -> None:
    """Cohen 1988, tables 2.3.1 to 2.3.6, 80 % power, as quoted on a public page: within the two patients by which his
    approximation is off at small sizes."""
    for effect, patients in COHEN[alpha].items():
        found = sample_size(equal(power_two_means, effect, 1, alpha=alpha), 0.8)

        assert abs(found - patients) < 2


@pytest.mark.parametrize("case", R["shares"], ids=lambda c: f"{c['patients']}-{c['active']}-{c['sides']}")
def test_two_shares_are_power_prop_test(case: dict[str, Any]) -> None:
    """R 4.2.2, power.prop.test (strict = FALSE)."""
    n = case["patients"]

    found = power_two_shares(n, n, case["active"], case["control"], sides=case["sides"])

    assert close(found, case["power"], "closed_form")
    assert close(sample_size(equal(power_two_shares, 0.5, 0.75), 0.9), R["share_needed"], "metafor_closed")


@pytest.mark.parametrize("case", R["events"], ids=lambda c: f"{c['hazard_ratio']}-{c['allocation']}-{c['power']}")
def test_events_are_schoenfelds(case: dict[str, Any]) -> None:
    """R rpact 3.3.4, getSampleSizeSurvival by Schoenfeld: events of a fixed design; and back to the power."""
    share = case["allocation"] / (1 + case["allocation"])

    events = log_rank_events(case["hazard_ratio"], case["power"], share_active=share)

    assert close(events, case["events"], "closed_form")
    assert close(power_log_rank(events, case["hazard_ratio"], share_active=share), case["power"], "closed_form")


def test_grid_is_complete() -> None:
    """Invariant: nothing was dropped from the fixtures."""
    assert {name: len(R[name]) for name in ("means", "needed", "shares", "events")} == {
        "means": 102,
        "needed": 4,
        "shares": 18,
        "events": 12,
    }


def compound(visits: int, rho: float) -> np.ndarray[Any, Any]:
    """Unit variances, one correlation."""
    return np.full((visits, visits), rho) + (1 - rho) * np.eye(visits)


def test_repeated_readings_are_those_of_longpower() -> None:
    """R longpower, example of ?power.mmrm: correlation 0.25, retention 1 to 0.7, 0.5 SD, 80 % power: N = 174."""
    power = equal(power_repeated, 0.5, compound(4, 0.25), [1, 0.9, 0.8, 0.7])

    assert ceil(2 * sample_size(power, 0.8)) == 174


@pytest.mark.parametrize(
    ("phi_a", "phi_b", "ratio", "expected"),
    [(1, 1, 1, 169), (1, 1, 2, 190), (1, 2, 1, 253), (2, 2, 1, 337)],
)
def test_the_z_formula_of_lu(phi_a: float, phi_b: float, ratio: float, expected: int) -> None:
    """Closed form: (phi_a + ratio phi_b)(z + z)^2 / 0.5^2 and its share, spelt out in longpower's example."""
    one = (phi_a + ratio * phi_b) * (ndtri(0.025) + ndtri(0.1)) ** 2 / 0.5**2
    total = one + one / ratio

    found = power_repeated(one, one / ratio, 0.5, [[phi_a]], [1], covariance_control=[[phi_b]])

    assert ceil(total) == expected
    assert close(found, 0.9, "solver")


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.floats(0, 0.95), st.floats(0.5, 15))
def test_nobody_leaves_nothing_changes(visits: int, rho: float, sd: float) -> None:
    """Closed form: with everybody there the other visits say nothing, and phi is the last visit's variance."""
    assert close(last_visit_variance(sd**2 * compound(visits, rho), np.ones(visits)), sd**2, "solver")


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.9, 0.9), st.floats(0.05, 1))
def test_two_visits_have_a_formula(rho: float, kept: float) -> None:
    """Closed form: phi = 1 + (1 - r)(1 - rho^2) / r, the double-sampling regression estimate."""
    found = last_visit_variance(compound(2, rho), [1, kept])

    assert close(found, 1 + (1 - kept) * (1 - rho**2) / kept, "solver")


def test_it_is_the_information_of_generalised_least_squares() -> None:
    """Independent implementation: normal equations of 1,000 patients written out, one row of unknowns per visit."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(4, 4))
    covariance = root @ root.T + np.eye(4)
    covariance = (covariance + covariance.T) / 2
    left = np.array([1000, 900, 750, 600])
    information = np.zeros((4, 4))
    for patient in range(1000):
        seen = int(np.sum(left > patient))
        chosen = np.eye(4)[:seen]
        information += chosen.T @ np.linalg.solve(chosen @ covariance @ chosen.T, chosen)

    found = last_visit_variance(covariance, left / 1000)

    assert close(found, 1000 * np.linalg.inv(information)[-1, -1], "solver")


def test_simulated_trials_have_that_power() -> None:
    """Independent implementation: 300 trials of 60 per arm with dropout, analysed by the MMRM that trials use."""
    rng, trials, n = np.random.default_rng(11), 300, 60
    covariance, left = 100 * compound(4, 0.6), np.array([1, 0.95, 0.9, 0.8])
    expected = power_repeated(n, n, 5.5, covariance, left)
    arm = np.repeat([1.0, 0.0], n)
    found = 0
    for _ in range(trials):
        scores = rng.multivariate_normal(np.zeros(4), covariance, 2 * n) - 5.5 * arm[:, None] * np.arange(1, 5) / 4
        scores[rng.uniform(size=(2 * n, 1)) >= left] = np.nan
        fit = mmrm(scores, arm, rng.normal(size=2 * n))
        found += fit.differences[-1].p < 0.05

    # The formula knows no degrees of freedom: about 1 % of power at this size, allowed beside four standard errors.
    assert close(found / trials, expected - 0.01, monte_carlo(4, sqrt(expected * (1 - expected) / trials)))


@given(st.floats(2, 400), st.floats(0.05, 2), st.floats(1, 300))
@settings(max_examples=50, deadline=None)
def test_more_patients_more_power(n: float, effect: float, more: float) -> None:
    """Invariant: no power function falls with patients, and swapping the arms changes nothing."""
    assert power_two_means(n + more, n, effect, 1) >= power_two_means(n, n, effect, 1) - 1e-9
    assert power_two_shares(n + more, n + more, 0.3, 0.5) >= power_two_shares(n, n, 0.3, 0.5)
    assert close(power_two_means(n, n + more, effect, 1), power_two_means(n + more, n, -effect, 1), "solver")
    assert close(power_two_shares(n, n + more, 0.2, 0.6), power_two_shares(n + more, n, 0.6, 0.2), "solver")


def test_large_trials_are_normal() -> None:
    """Closed form: with many patients the t test is the z test."""
    n, effect = 1_000_000, 0.004

    expected = ndtr(effect * sqrt(n / 2) + ndtri(0.025))

    assert close(power_two_means(n, n, effect, 1), expected, "optimiser")


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: power_two_means(1, 20, 1, 1), "active"),
        (lambda: power_two_means(20, -1, 1, 1), "control"),
        (lambda: power_two_means(20, 20, float("nan"), 1), "difference"),
        (lambda: power_two_means(20, 20, 1, 0), "sd"),
        (lambda: power_two_means(20, 20, 1, 1, alpha=0), "alpha"),
        (lambda: power_two_means(20, 20, 1, 1, sides=0), "sides"),
        (lambda: power_two_shares(20, 20, 1.5, 0.5), "share_active"),
        (lambda: power_two_shares(20, 20, 0.5, 0), "share_control"),
        (lambda: power_log_rank(0, 0.5), "events"),
        (lambda: power_log_rank(10, -1), "hazard_ratio"),
        (lambda: log_rank_events(1, 0.8), "hazard_ratio"),
        (lambda: log_rank_events(0.5, 1), "power"),
        (lambda: log_rank_events(0.5, 0.8, share_active=1), "share_active"),
        (lambda: last_visit_variance([1, 2], [1, 1]), "covariance"),
        (lambda: last_visit_variance([[1, 2], [2, 1]], [1, 1]), "covariance"),
        (lambda: last_visit_variance([[1, 0.5], [0.4, 1]], [1, 1]), "covariance"),
        (lambda: last_visit_variance([[1, np.nan], [np.nan, 1]], [1, 1]), "covariance"),
        (lambda: last_visit_variance(compound(2, 0.5), [1]), "retained"),
        (lambda: last_visit_variance(compound(2, 0.5), [0.8, 0.9]), "retained"),
        (lambda: last_visit_variance(compound(2, 0.5), [1.1, 0.9]), "retained"),
        (lambda: last_visit_variance(compound(2, 0.5), [1, 0]), "retained"),
        (lambda: power_repeated(1, 20, 1, compound(2, 0.5), [1, 1]), "active"),
        (lambda: sample_size(lambda n: 0.05, 0.8), "power"),
        (lambda: sample_size(lambda n: n, 0), "power"),
    ],
)
def test_bad_input_is_named(call: Callable[[], float], field: str) -> None:
    """Invariant: one line that names the argument."""
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field


def test_the_smallest_trial_may_do() -> None:
    """Invariant: nothing below two patients per arm is offered."""
    assert sample_size(equal(power_two_means, 1000, 1), 0.8) == 2
