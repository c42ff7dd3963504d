"""The oracle is itself checked: published values, matrix exponentials, another solver, conservation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from tests.oracle.people import typical
from tests.oracle.solver import PK_STATES, RTOL, infusions, pk_exact, solve
from tests.oracle.system import INDEX, STATES, Person, blocked, derivatives
from tests.tolerance import Tolerance, close

Array = NDArray[np.float64]

# 35 mg of racemate over 40 min, 70 kg: ng/mL of total plasma by minutes from the start.
COURSE = {
    "arterial": {40: 292.4, 60: 92.91, 80: 64.72, 110: 43.59, 230: 21.75, 1440: 0.3003},
    "venous": {40: 185.1, 60: 104.5, 80: 87.04, 110: 67.13, 230: 29.87, 1440: 0.3518},
    "norketamine": {40: 49.61, 60: 88.75, 80: 98.94, 110: 89.66, 230: 48.47, 1440: 3.552},
    "hydroxynorketamine": {40: 9.953, 60: 21.41, 80: 28.16, 110: 31.77, 230: 29.29, 1440: 2.719},
}
LSODA_AGAINST_DOP853 = Tolerance(1e-8, "two adaptive solvers at 1e-12 and 1e-11")


def plasma(person: Person, state: dict[str, Array]) -> dict[str, Array]:
    """Observed concentrations of the default model."""
    arterial = state["s_central"] + state["r_central"]
    share = person.pk.arm_share
    return {
        "arterial": arterial,
        "venous": (1 - share) * arterial + share * state["arm"],
        "norketamine": state["norketamine"],
        "hydroxynorketamine": state["hydroxynorketamine"],
    }


@pytest.mark.parametrize("output", list(COURSE))
def test_typical_course_matches_the_published_composite(output: str) -> None:
    """Case T7: 35 mg over 40 min, computed once by matrix exponentials from the published parameters."""
    person = typical()
    minutes = np.array(list(COURSE[output]), dtype=np.float64)

    found = plasma(person, solve(person, infusions([0.0], 35.0, 40.0), minutes / 60))

    assert close(found[output], list(COURSE[output].values()), "published_pk")


def test_size_and_short_push_match_the_published_composite() -> None:
    """Cases T8 (100 kg, allometry) and T9 (7 mg over 2 min), computed by matrix exponentials."""
    heavy, usual = typical(100.0), typical()

    at_100_kg = plasma(heavy, solve(heavy, infusions([0.0], 35.0, 40.0), np.array([40.0]) / 60))
    push = plasma(usual, solve(usual, infusions([0.0], 7.0, 2.0), np.array([2.0, 10.0]) / 60))

    assert close(at_100_kg["arterial"], [217.7], "published_pk")
    assert close(at_100_kg["venous"], [137.9], "published_pk")
    assert close(push["arterial"], [405.6, 44.31], "published_pk")
    assert close(push["venous"][1], 31.04, "published_pk")


def test_kinetics_match_matrix_exponentials() -> None:
    """Closed form: the linear part by matrix exponentials of the system matrix."""
    person = typical()
    times = np.array([0.01, 0.3, 40 / 60, 0.7, 1.0, 4.0, 24.0, 72.0])

    found = solve(person, infusions([0.0], 35.0, 40.0), times)
    exact = pk_exact(person, 35.0, 40.0, 0.5, times)

    for name in STATES[:PK_STATES]:
        assert close(found[name], exact[:, INDEX[name]], LSODA_AGAINST_DOP853)


def test_reference_infusion_delivers_one_unit_of_signal() -> None:
    """Conservation: with J by quadrature, all signal formed is lost again, so kB times its area is 1."""
    person = typical()
    times = np.concatenate([np.linspace(0, 2, 401), np.geomspace(2, 960, 2001)[1:]])

    signal = solve(person, infusions([0.0], 35.0, 40.0), times)["signal"]
    area = person.chain.k_signal * np.trapezoid(signal, times)

    assert close(area, 1.0, Tolerance(1e-4, "trapezium rule on 2400 points"))


@pytest.mark.parametrize("surge_zero", [0.9, 0.2, 0.1])
def test_chain_matches_another_solver(surge_zero: float) -> None:
    """Independent implementation: explicit DOP853 at 1e-11, steps capped so that no kink is stepped over."""
    person = typical()
    person = replace(person, chain=replace(person.chain, surge_zero=surge_zero))
    times = np.array([0.1, 0.5, 40 / 60, 1.0, 3.0, 8.0, 12.0])
    end = 40 / 60

    found = solve(person, infusions([0.0], 35.0, 40.0), times)
    y = np.zeros(len(STATES))
    rows = []
    for span, rate in (((0.0, end), 35.0 / end / 2), ((end, 12.0), 0.0)):
        run = solve_ivp(
            derivatives(person, rate, rate), span, y, "DOP853", rtol=10 * RTOL, atol=1e-13, max_step=0.01,
            t_eval=times[(times > span[0]) & (times <= span[1])],
        )  # fmt: skip
        rows.append(run.y)
        y = run.y[:, -1]
    other = np.concatenate(rows, axis=1)

    for name in STATES:
        assert close(found[name], other[INDEX[name]], LSODA_AGAINST_DOP853)


def test_surge_zero_is_crossed_where_the_test_says() -> None:
    """Invariant: with R0 = 0.2 the typical peak block lies beyond R0, with 0.9 it does not."""
    person = typical()
    peak = solve(person, infusions([0.0], 35.0, 40.0), np.array([40 / 60]))
    arterial = float(peak["s_central"][0] + peak["r_central"][0])

    block = blocked(arterial, float(peak["norketamine"][0]), person.chain)

    assert 0.2 < block < 0.9
