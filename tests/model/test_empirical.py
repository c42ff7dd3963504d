from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from reprieve.core.errors import InputError
from reprieve.core.parameters import load_parameters
from reprieve.model.empirical import benefit, score
from reprieve.model.individuals import individuals
from reprieve.model.population import population
from tests.model.files import data_file
from tests.tolerance import close

SET = load_parameters(data_file("empirical"))
SIX_H = np.array([0.0, 48.0, 96.0, 168.0, 216.0, 264.0])
TIME_H = np.linspace(-24, 1300, 97)


def people(n: int = 5) -> dict[str, np.ndarray]:
    return individuals(SET, population(n))


def amounts(d: np.ndarray, ind: dict[str, np.ndarray]) -> np.ndarray:
    top, half = ind["empirical_benefit_max"][:, None], ind["empirical_benefit_half"][:, None]
    return np.asarray(half * d / (top - d))


def test_the_amount_is_a_sum_of_exponentials() -> None:
    """Closed form: A(t) = sum of (dose / reference)^g 2^(-(t - t_i) / half-life) over infusions begun."""
    ind = people()
    doses = np.array([0.5, 0.2, 0.5, 1.0, 0.5, 0.0])

    found = amounts(benefit(TIME_H, SIX_H, doses, ind), ind)

    passed = TIME_H[:, None] - SIX_H
    patient = ind["empirical_half_life_d"] * 24
    each = np.where(passed > 0, (doses / 0.5) * 2.0 ** (-np.maximum(passed, 0)[None] / patient[:, None, None]), 0)
    assert close(found, each.sum(axis=2), "solver")


def test_it_solves_its_differential_equation() -> None:
    """Independent implementation: scipy DOP853 at 1e-12 between infusions, with jumps added by hand."""
    ind = people(3)
    doses = np.full((3, 6), 0.35)
    time = np.linspace(0, 600, 40)

    found = benefit(time, SIX_H, doses, ind)

    for i in range(3):
        k = np.log(2) / (24 * ind["empirical_half_life_d"][i])
        jump = (0.35 / 0.5) ** ind["empirical_dose_exponent"][i]
        expected = []
        for t in time:
            amount, edges = 0.0, [*SIX_H[t > SIX_H], t]
            for a, b in pairwise(edges):
                amount += jump
                if b > a:
                    run = solve_ivp(lambda _, y, k=k: -k * y, (a, b), [amount], "DOP853", rtol=1e-12, atol=1e-14)
                    amount = run.y[0, -1]
            expected.append(ind["empirical_benefit_max"][i] * amount / (ind["empirical_benefit_half"][i] + amount))
        assert close(found[i], expected, "states")


def test_a_reading_at_the_start_is_before_the_infusion() -> None:
    """Invariant: the first infusion leaves the baseline of day 0 alone and acts right after."""
    found = benefit(np.array([0.0, 1e-6]), SIX_H, np.full(6, 0.5), people())

    assert not found[:, 0].any()
    assert np.all(found[:, 1] > 0)


def test_dose_zero_is_exactly_nothing() -> None:
    """Invariant: a comparator has no drug benefit, at any time, in any patient."""
    assert not benefit(TIME_H, SIX_H, np.zeros(6), people(50)).any()
    assert not benefit(TIME_H, np.zeros(0), np.zeros(0), people(50)).any()


@given(dose=st.floats(0.01, 3), n=st.integers(1, 20))
def test_it_is_bounded_and_grows_with_dose(dose: float, n: int) -> None:
    """Invariant: 0 <= D < Emax; more drug, more benefit; nothing before the first infusion."""
    ind = people(n)

    less, more = (benefit(TIME_H, SIX_H, np.full(6, x * dose), ind) for x in (1, 2))

    assert np.all((less >= 0) & (more < ind["empirical_benefit_max"][:, None]))
    assert np.all(more >= less)
    assert not more[:, TIME_H < 0].any()


def test_it_shifts_with_time_and_ignores_the_order_of_times() -> None:
    """Invariant: moving infusions and times together, or shuffling times, changes nothing else."""
    ind, doses = people(), np.full(6, 0.5)
    order = np.random.default_rng(0).permutation(len(TIME_H))

    plain = benefit(TIME_H, SIX_H, doses, ind)

    assert close(benefit(TIME_H + 240, SIX_H + 240, doses, ind), plain, "closed_form")
    assert np.array_equal(benefit(TIME_H[order], SIX_H, doses, ind), plain[:, order])


def test_it_knows_nothing_of_the_chain() -> None:
    """Invariant: the comparator runs on its own five quantities, so it can disagree with the mechanism."""
    assert all(name.startswith("empirical_") for name in SET.names)
    assert set(SET.assumed()) == set(SET.names)


def test_the_score_multiplies_what_is_left() -> None:
    """Closed form: baseline (1 - P)(1 - D)."""
    start, p, d = np.array([40.0]), np.array([[0.1, 0.2]]), np.array([[0.0, 0.5]])

    assert close(score(start, p, d), [[36.0, 16.0]], "closed_form")


@pytest.mark.parametrize(
    ("starts", "doses", "field"),
    [
        ([0.0, 0.0], [0.5, 0.5], "dose_start_h"),
        ([5.0, 0.0], [0.5, 0.5], "dose_start_h"),
        ([0.0], [-0.5], "dose_mg_per_kg"),
    ],
)
def test_bad_infusions_are_refused(starts: list[float], doses: list[float], field: str) -> None:
    """Invariant: the error names the field."""
    with pytest.raises(InputError, match=f"^{field}:"):
        benefit(TIME_H, np.array(starts), np.array(doses), people(1))
