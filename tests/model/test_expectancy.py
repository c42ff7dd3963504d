from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.special import expit, logit

from reprieve.core.errors import InputError
from reprieve.core.parameters import load_parameters
from reprieve.model.expectancy import course, logistic, treatment_end_h
from reprieve.model.individuals import individuals
from reprieve.model.population import population
from tests.model.files import data_file
from tests.tolerance import close

SET = load_parameters(data_file("expectancy"))
SIX_H = np.array([0.0, 48.0, 96.0, 168.0, 216.0, 264.0])
END_H = treatment_end_h(264.7, SET["contact_window_d"])
TIME_H = np.linspace(-24, 1300, 120)

type Array = NDArray[np.float64]


def people(n: int = 8) -> dict[str, Array]:
    return individuals(SET, population(n, seed=4))


def felt(n: int, dissociation: float = 14.0, sedation: float = 0.3, benefit: float = 0.2) -> tuple[Array, ...]:
    return tuple(np.full((n, 6), value) for value in (dissociation, sedation, benefit))


def run(
    ind: dict[str, Array], feelings: tuple[Array, ...], clamp: float | None = None, time: Array = TIME_H
) -> tuple[Array, Array]:
    cadss, drowsy, benefit = feelings
    return course(time, SIX_H, END_H, cadss, drowsy, benefit, ind, clamp)


def test_the_response_solves_its_differential_equation() -> None:
    """Independent implementation: belief from scipy, both parts by scipy DOP853 at 1e-11, piece by piece."""
    ind = people(4)
    rng = np.random.default_rng(0)
    cadss, drowsy, benefit = rng.gamma(1, 12, (4, 6)), rng.uniform(0, 1, (4, 6)), rng.uniform(0, 0.6, (4, 6))
    time = np.linspace(0, 1300, 90)

    belief, placebo = run(ind, (cadss, drowsy, benefit), time=time)

    for i in range(4):
        one = {name: values[i] for name, values in ind.items()}
        expected_belief, expected = oracle(one, cadss[i], drowsy[i], benefit[i], time)
        assert close(belief[i], expected_belief, "states")
        assert close(placebo[i], expected, "states")


def oracle(p: dict[str, float], cadss: Array, drowsy: Array, benefit: Array, time: Array) -> tuple[list[float], Array]:
    f, fast, slow, x = p["nondrug_fast_share"], 0.0, 0.0, p["expectation_logit"]
    beliefs, out = [], np.zeros(len(time))
    edges = [*SIX_H, END_H, time.max() + 1]
    for k, (a, b) in enumerate(pairwise(edges)):
        if k < 6:
            gone = 1 - (1 - (f * fast + (1 - f) * slow)) * (1 - benefit[k])
            x += p["belief_dissociation_weight_per_point"] * (cadss[k] - p["belief_dissociation_neutral_points"])
            x += p["belief_sedation_weight"] * drowsy[k] + p["belief_improvement_weight"] * gone
            beliefs.append(expit(x))
            target = p["nondrug_base"] + p["nondrug_belief"] * beliefs[-1]
            target = min(max(target, p["nondrug_low"]), p["nondrug_high"])
            tau = np.array([p["nondrug_fast_time_d"], p["nondrug_slow_time_d"]]) * 24
        else:
            target, tau = 0.0, np.array([p["nondrug_fast_fade_d"], p["nondrug_slow_fade_d"]]) * 24
        here = (time >= a) & (time < b)
        at = np.unique([a, *time[here], b])
        path = solve_ivp(
            lambda _, y, target=target, tau=tau: (target - y) / tau,
            (a, b),
            [fast, slow],
            "DOP853",
            t_eval=at,
            rtol=1e-11,
            atol=1e-13,
        )
        mixed = f * path.y[0] + (1 - f) * path.y[1]
        out[here] = mixed[np.searchsorted(at, time[here])]
        fast, slow = path.y[0, -1], path.y[1, -1]
    return beliefs, out


def test_belief_adds_what_is_felt() -> None:
    """Closed form: with P and D at zero each infusion adds the same amount to the log odds of belief."""
    ind = people()
    ind["nondrug_base"], ind["nondrug_belief"] = np.zeros(8), np.full(8, 1e-300)

    belief, _ = run(ind, felt(8, 11.0, 0.25, 0.0))

    step = SET["belief_dissociation_weight_per_point"] * (11 - SET["belief_dissociation_neutral_points"])
    step += SET["belief_sedation_weight"] * 0.25
    expected = ind["expectation_logit"][:, None] + step * np.arange(1, 7)
    assert close(logit(belief), expected, "solver")


def test_clamped_belief_ignores_what_is_felt() -> None:
    """Acceptance test 5: equal belief gives equal non-drug response; arms differ by the drug effect alone."""
    ind = people(40)

    strong = run(ind, felt(40, 30.0, 0.9, 0.5), clamp=0.5)
    nothing = run(ind, felt(40, 0.0, 0.0, 0.0), clamp=0.5)

    assert np.all(strong[0] == 0.5)
    assert np.array_equal(strong[1], nothing[1])


def test_unblinding_follows_from_what_is_felt() -> None:
    """Wilkinson 2019, direction: saline is less believed in than midazolam, midazolam less than ketamine."""
    ind = people(400)
    arms = {"saline": (2.0, 0.05, 0.0), "midazolam": (2.7, 0.35, 0.0), "ketamine": (14.0, 0.25, 0.2)}

    results = {arm: run(ind, felt(400, *feelings)) for arm, feelings in arms.items()}

    means = [(belief[:, -1].mean(), placebo[:, 60].mean()) for belief, placebo in results.values()]
    assert means[0][0] < means[1][0] < means[2][0]
    assert means[0][1] < means[1][1] < means[2][1]


def test_it_is_zero_before_and_fades_after() -> None:
    """Invariant: no response before the first infusion; towards zero after the end of treatment."""
    _, placebo = run(people(200), felt(200))
    after = TIME_H >= END_H

    assert not placebo[:, TIME_H <= 0].any()
    assert np.all(np.diff(np.abs(placebo[:, after])) <= 0)


def test_it_is_continuous() -> None:
    """Invariant: no jump at an infusion or at the end of treatment."""
    edges = np.array([*SIX_H, END_H])
    ind = people(50)

    _, before = run(ind, felt(50), time=np.nextafter(edges, -np.inf))
    _, at = run(ind, felt(50), time=edges)

    assert close(before, at, "solver")


def test_no_treatment_is_no_response() -> None:
    """Invariant: without infusions P is exactly 0 and there is no belief to report."""
    empty = np.zeros((3, 0))

    belief, placebo = course(TIME_H, np.zeros(0), 0.0, empty, empty, empty, people(3))

    assert belief.shape == (3, 0)
    assert not placebo.any()


@given(points=st.floats(0, 1e6), drowsy=st.floats(0, 1), benefit=st.floats(0, 1), n=st.integers(1, 20))
def test_it_stays_within_its_bounds(points: float, drowsy: float, benefit: float, n: int) -> None:
    """Invariant: belief in [0, 1], P between its bounds, without overflow whatever was felt."""
    ind = people(n)

    belief, placebo = run(ind, felt(n, points, drowsy, benefit))

    assert np.all((belief >= 0) & (belief <= 1))
    assert np.all((placebo >= SET["nondrug_low"]) & (placebo <= SET["nondrug_high"]))


@given(cut=st.integers(1, 9))
def test_patients_and_times_do_not_see_each_other(cut: int) -> None:
    """Invariant: a part of the patients, or times in another order, give the same numbers to the bit."""
    ind, feelings = people(10), felt(10)
    order = np.random.default_rng(cut).permutation(len(TIME_H))

    whole = run(ind, feelings)[1]
    part = run({name: v[:cut] for name, v in ind.items()}, tuple(x[:cut] for x in feelings))[1]

    assert np.array_equal(part, whole[:cut])
    assert np.array_equal(run(ind, feelings, time=TIME_H[order])[1], whole[:, order])


def test_logistic_does_not_overflow() -> None:
    """Independent implementation: scipy.special.expit."""
    x = np.array([-1e9, -800.0, -3.0, 0.0, 3.0, 800.0, 1e9])

    assert close(logistic(x), expit(x), "closed_form")


@pytest.mark.parametrize(
    ("starts", "end", "clamp", "field"),
    [
        ([0.0, 0.0], 10.0, None, "dose_start_h"),
        ([24.0, 0.0], 48.0, None, "dose_start_h"),
        ([0.0, 24.0], 20.0, None, "treatment_end_h"),
        ([0.0, 24.0], 48.0, 1.5, "belief"),
        ([0.0, 24.0], 48.0, float("nan"), "belief"),
    ],
)
def test_bad_input_is_refused(starts: list[float], end: float, clamp: float | None, field: str) -> None:
    """Invariant: the error names the field."""
    two = np.zeros((1, 2))

    with pytest.raises(InputError, match=f"^{field}:"):
        course(TIME_H, np.array(starts), end, two, two, two, people(1), clamp)
