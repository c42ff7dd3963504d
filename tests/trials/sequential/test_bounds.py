"""Bounds of group-sequential trials, where they stop, and how much information they need."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from reprieve.core.errors import InputError
from reprieve.trials.sequential.bounds import SHAPES, bounds
from reprieve.trials.sequential.crossing import crossing, drift_for, inflation
from reprieve.trials.sequential.walk import drifting, exits, start
from tests.tolerance import close, monte_carlo
from tests.trials.sequential.cases import bounds_of, fixture, label

CASES = fixture("bounds")["cases"]
DRAWN = [shape for shape in SHAPES if shape != "none"]

# Constants of equally spaced looks, 1 to 10 of them, by two-sided alpha.
POCOCK = {
    0.01: [2.576, 2.772, 2.873, 2.939, 2.986, 3.023, 3.053, 3.078, 3.099, 3.117],
    0.05: [1.960, 2.178, 2.289, 2.361, 2.413, 2.453, 2.485, 2.512, 2.535, 2.555],
    0.1: [1.645, 1.875, 1.992, 2.067, 2.122, 2.164, 2.197, 2.225, 2.249, 2.270],
}
OBRIEN_FLEMING = [1.960, 1.977, 2.004, 2.024, 2.040, 2.053, 2.063, 2.072, 2.080, 2.087]
INFLATION = {
    ("pocock", 0.8): [1.000, 1.110, 1.166, 1.202, 1.229, 1.249, 1.265, 1.279, 1.291, 1.301],
    ("pocock", 0.9): [1.000, 1.100, 1.151, 1.183, 1.207, 1.225, 1.239, 1.252, 1.262, 1.271],
    ("obrien_fleming", 0.8): [1.000, 1.008, 1.017, 1.024, 1.028, 1.032, 1.035, 1.037, 1.038, 1.040],
    ("obrien_fleming", 0.9): [1.000, 1.007, 1.016, 1.022, 1.026, 1.030, 1.032, 1.034, 1.036, 1.037],
}


@pytest.mark.parametrize("alpha", POCOCK)
def test_pocock_constants(alpha: float) -> None:
    """Jennison and Turnbull 2000, table 2.1, as quoted in public code: to the three digits printed."""
    found = [round(float(bounds(k, alpha, "pocock").efficacy[-1]), 3) for k in range(1, 11)]

    assert found == POCOCK[alpha]


def test_obrien_fleming_constants() -> None:
    """Jennison and Turnbull 2000, table 2.3, alpha 0.05, as quoted in public code: to the three digits printed."""
    found = [round(float(bounds(k, 0.05, "obrien_fleming").efficacy[-1]), 3) for k in range(1, 11)]

    assert found == OBRIEN_FLEMING


@pytest.mark.parametrize(("shape", "power"), INFLATION)
def test_inflation_factors(shape: str, power: float) -> None:
    """Jennison and Turnbull 2000, tables 2.2 and 2.4, alpha 0.05, as quoted in public code: to the digits printed."""
    found = [round(inflation(bounds(k, 0.05, shape), power), 3) for k in range(1, 11)]

    assert found == INFLATION[shape, power]


def test_lan_demets_bounds_at_five_looks() -> None:
    """Reboussin and others 2000, one-sided 0.025, as quoted in public code, printed to four digits."""
    fleming = bounds(5, 0.025, "lan_demets_obrien_fleming", 1).efficacy
    pocock = bounds(5, 0.025, "lan_demets_pocock", 1).efficacy

    assert close(fleming, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310], "optimiser")
    assert close(pocock, [2.4380, 2.4268, 2.4101, 2.3966, 2.3859], "optimiser")


def test_a_design_printed_by_rpact() -> None:
    """R rpact, public training page on design specification: looks at 0.3, 0.6, 1, futility 0 at the first only."""
    made = bounds([0.3, 0.6, 1], 0.025, "lan_demets_obrien_fleming", 1, futility_z=[0, -inf])
    drift = drift_for(made, 0.8)
    factor = inflation(made, 0.8)
    means = [factor * crossing(made, part * drift).expected_information for part in (1, 0.5, 0)]

    assert round(factor, 4) == 1.0718
    assert [round(mean, 4) for mean in means] == [0.8826, 0.8852, 0.6950]
    assert [round(float(spent), 4) for spent in made.spent] == [0.0, 0.0038, 0.0250]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_bounds_are_those_of_rpact(case: dict[str, Any]) -> None:
    """R rpact 3.3.4, getDesignGroupSequential at tolerance 1e-10: bounds and error spent."""
    found = bounds_of(case)

    assert close(found.efficacy, case["efficacy"], "metafor_iterated")
    assert close(found.spent, case["spent"], "metafor_iterated")


@pytest.mark.parametrize("case", CASES, ids=label)
def test_crossing_is_that_of_rpact(case: dict[str, Any]) -> None:
    """R rpact 3.3.4, getPowerAndAverageSampleNumber: stops by look under five drifts, expected information."""
    made = bounds_of(case)
    for under in case["under"]:
        found = crossing(made, under["drift"])

        assert close(found.efficacy + found.harm, under["rejected"], "metafor_iterated")
        assert close(found.expected_information, under["information"], "metafor_closed")
        if case["futility"]:
            assert close(found.futility[:-1], under["futility"], "metafor_closed")


@pytest.mark.parametrize("case", CASES, ids=label)
def test_inflation_is_that_of_rpact(case: dict[str, Any]) -> None:
    """R rpact 3.3.4, getDesignCharacteristics: inflation factor at 80 and 90 % power."""
    made = bounds_of(case)

    found = [inflation(made, one["power"]) for one in case["inflated"]]

    assert close(found, [one["inflation"] for one in case["inflated"]], "metafor_closed")


def test_grid_is_complete() -> None:
    """Invariant: every shape with equal and unequal looks, one and two sides, futility heeded and not."""
    assert len(CASES) == 72
    assert {case["shape"] for case in CASES} == set(DRAWN)
    for shape in DRAWN:
        own = [case for case in CASES if case["shape"] == shape]
        assert {case["sides"] for case in own} == {1, 2}
        assert {case["binding"] for case in own if case["futility"]} == {True, False}
        assert {len(case["looks"]) for case in own} >= {2, 3, 4, 5}


fractions = st.lists(st.integers(1, 24), min_size=0, max_size=4, unique=True).map(
    lambda whole: [*(one / 25 for one in sorted(whole)), 1.0]
)


@settings(max_examples=30, deadline=None)
@given(fractions, st.sampled_from([0.01, 0.05, 0.2]), st.sampled_from(SHAPES), st.sampled_from([1, 2]))
def test_the_error_is_alpha(looks: list[float], alpha: float, shape: str, sides: int) -> None:
    """Invariant: whatever the looks and the shape, the trial rejects a true null with probability alpha."""
    made = bounds(looks, alpha, shape, sides)
    under_null = crossing(made, 0)

    assert close(under_null.power + under_null.harm.sum(), alpha, "solver")
    assert close(made.spent[-1], alpha, "solver")
    assert np.all(np.diff(made.spent) >= 0)
    assert made.efficacy[-1] >= -ndtri(alpha / sides) - 1e-9


@settings(max_examples=15, deadline=None)
@given(fractions.filter(lambda looks: len(looks) > 1), st.sampled_from(DRAWN), st.floats(-1, 1.2), st.booleans())
def test_futility_keeps_or_uses_the_error(looks: list[float], shape: str, z: float, binding: bool) -> None:
    """Invariant: binding futility gives its error back to efficacy; non-binding futility moves no bound."""
    plain, made = bounds(looks, 0.025, shape, 1), bounds(looks, 0.025, shape, 1, futility_z=z, binding=binding)

    if binding:
        assert close(crossing(made, 0).power, 0.025, "solver")
        assert np.all(made.efficacy <= plain.efficacy + 1e-9)
    else:
        assert np.array_equal(made.efficacy, plain.efficacy)
        assert crossing(made, 0).power <= 0.025 + 1e-12
        assert crossing(made, 2).power <= crossing(plain, 2).power + 1e-12
        assert close(crossing(made, 0, heed_futility=False).power, 0.025, "solver")


@settings(max_examples=15, deadline=None)
@given(fractions, st.sampled_from(DRAWN), st.floats(0, 4), st.floats(0.05, 1))
def test_more_drift_more_power_and_less_time(looks: list[float], shape: str, drift: float, more: float) -> None:
    """Invariant: power rises with the drift; all ways to end sum to one at most; the mirror drift mirrors the stops."""
    made = bounds(looks, 0.05, shape)
    less, greater, mirrored = crossing(made, drift), crossing(made, drift + more), crossing(made, -drift)

    assert greater.power > less.power
    assert close(mirrored.harm, less.efficacy, "solver")
    assert less.power + less.harm.sum() <= 1 + 1e-12
    assert looks[0] <= less.expected_information <= 1 + 1e-12


def test_one_look_is_the_textbook() -> None:
    """Closed form: the normal quantile, Phi(drift - z), no inflation."""
    for shape in SHAPES:
        made = bounds(1, 0.05, shape)

        assert close(made.efficacy, [-ndtri(0.025)], "solver")
        assert close(crossing(made, 2.5).power, ndtr(2.5 + ndtri(0.025)), "solver")
        assert close(inflation(made, 0.9), 1 + 0 * made.alpha, "optimiser")


def test_the_first_look_spends_the_formula() -> None:
    """Closed form: at the first look Z is the quantile of what is spent there, however little that is."""
    made = bounds([0.1, 0.5, 1], 0.05, "lan_demets_obrien_fleming")
    spent = 2 * ndtr(ndtri(0.0125) / sqrt(0.1))

    assert close(made.efficacy[0], -ndtri(spent), "solver")
    assert close(made.spent[0], 2 * spent, "solver")
    assert spent < 1e-11


def test_looks_that_cannot_reject_cost_nothing() -> None:
    """Closed form: with no efficacy bounds the last look keeps the textbook's; binding futility lowers it."""
    plain = bounds(4, 0.05, "none")
    bound = bounds(4, 0.025, "none", 1, futility_z=0, binding=True)

    assert np.all(plain.efficacy[:-1] == inf)
    assert close(plain.efficacy[-1], -ndtri(0.025), "closed_form")
    assert bound.efficacy[-1] < plain.efficacy[-1]
    assert close(crossing(bound, 0).power, 0.025, "solver")


def test_two_looks_by_simulation() -> None:
    """Independent implementation: 400,000 score paths drawn look by look, binding futility and a drift of 2."""
    made = bounds([0.4, 1], 0.05, "pocock", 1, futility_z=0.2, binding=True)
    rng = np.random.default_rng(7)
    draws = 400_000
    first = 2 * 0.4 + sqrt(0.4) * rng.standard_normal(draws)
    last = first + 2 * 0.6 + sqrt(0.6) * rng.standard_normal(draws)
    z = first / sqrt(0.4)
    stopped = np.array([np.mean(z >= made.efficacy[0]), np.mean(z < 0.2)])
    going = (z < made.efficacy[0]) & (z >= 0.2)
    late = np.mean(going & (last >= made.efficacy[1]))

    found = crossing(made, 2)

    for ours, share in ((found.efficacy[0], stopped[0]), (found.futility[0], stopped[1]), (found.efficacy[1], late)):
        assert close(share, ours, monte_carlo(4.5, sqrt(ours * (1 - ours) / draws)))


def test_a_walk_without_limits_keeps_its_mass_and_moments() -> None:
    """Closed form: after steps to 0.3 and 0.5 under drift 1.5 the score is normal, mean 0.75, variance 0.5."""
    walk = start().between(drifting(0, 0.3, 1.5), -inf, inf, sqrt(0.2)).between(drifting(0.3, 0.5, 1.5), -inf, inf, 0.5)

    mean = walk.mass @ walk.places

    assert close(walk.mass.sum(), 1, "solver")
    assert close([mean, walk.mass @ (walk.places - mean) ** 2], [0.75, 0.5], "solver")


def test_a_walk_that_nobody_goes_on_ends() -> None:
    """Closed form: between 2 and 1 there is nobody."""
    down, up = exits(start(), [drifting(0, 0.5, 0), drifting(0.5, 1, 0)], np.array([2.0, -inf]), np.array([1.0, 0.0]))

    assert up[1] == 0
    assert down[1] == 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"looks": 0}, "looks"),
        ({"looks": 51}, "looks"),
        ({"looks": True}, "looks"),
        ({"looks": "3"}, "looks"),
        ({"looks": []}, "looks"),
        ({"looks": [0.5, 0.4, 1]}, "looks"),
        ({"looks": [0.5, 0.5, 1]}, "looks"),
        ({"looks": [0.5, 0.5005, 1]}, "looks"),
        ({"looks": [0.5, 0.9]}, "looks"),
        ({"looks": [-0.5, 1]}, "looks"),
        ({"looks": [0.5, "1"]}, "looks"),
        ({"looks": [0.5, float("nan")]}, "looks"),
        ({"looks": 2, "alpha": 0}, "alpha"),
        ({"looks": 2, "alpha": 0.5}, "alpha"),
        ({"looks": 2, "alpha": "5 %"}, "alpha"),
        ({"looks": 2, "shape": "haybittle"}, "shape"),
        ({"looks": 2, "sides": 3}, "sides"),
        ({"looks": 2, "sides": True}, "sides"),
        ({"looks": 1, "futility_z": 0}, "futility_z"),
        ({"looks": 3, "futility_z": [0]}, "futility_z"),
        ({"looks": 2, "futility_z": 3}, "futility_z"),
        ({"looks": 2, "futility_z": inf}, "futility_z"),
        ({"looks": 2, "binding": True}, "binding"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], field: str) -> None:
    """Invariant: one line that names the argument."""
    with pytest.raises(InputError) as caught:
        bounds(**arguments)
    assert caught.value.field == field


def test_bad_power_and_drift_are_named() -> None:
    """Invariant."""
    made = bounds(2)
    with pytest.raises(InputError, match=r"^drift"):
        crossing(made, float("nan"))
    for power in (0, 1, 0.02):
        with pytest.raises(InputError, match=r"^power"):
            drift_for(made, power)
