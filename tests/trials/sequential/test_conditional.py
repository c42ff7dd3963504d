"""Power from an interim look on."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from reprieve.core.errors import InputError
from reprieve.trials.sequential.bounds import bounds
from reprieve.trials.sequential.conditional import conditional_power, predictive_power
from tests.tolerance import close
from tests.trials.sequential.cases import bounds_of, fixture

CASES = fixture("onward")["cases"]
PLANNED_DRIFT = 3


NAMES = [f"{c['shape']}-{len(c['looks'])}-{c['sides']}-{c['look']}-{c['z']}" for c in CASES]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_it_is_the_multivariate_normal_of_r(case: dict[str, Any]) -> None:
    """R mvtnorm 1.1-3, Miwa's algorithm: boxes of the joint distribution of the looks that remain."""
    made, look, z = bounds_of(case), case["look"], case["z"]

    assert close(conditional_power(made, look, z), case["trend"], "metafor_closed")
    assert close(conditional_power(made, look, z, PLANNED_DRIFT), case["planned"], "metafor_closed")
    assert close(predictive_power(made, look, z), case["predictive"], "metafor_closed")


def test_grid_is_complete() -> None:
    """Invariant: two shapes, one to three looks left, one and two sides."""
    assert len(CASES) == 60
    assert {len(case["looks"]) - case["look"] for case in CASES} == {1, 2, 3}
    assert {(case["shape"], case["sides"]) for case in CASES} == {
        (shape, sides) for shape in ("obrien_fleming", "lan_demets_pocock") for sides in (1, 2)
    }


@given(st.floats(0.05, 0.95), st.floats(-3, 4), st.floats(-4, 4))
@settings(max_examples=50, deadline=None)
def test_with_one_look_left_it_is_the_textbook(t: float, z: float, drift: float) -> None:
    """Closed form: the last step of the score, known or averaged over a flat prior."""
    made = bounds([t, 1], 0.025, sides=1)
    c = float(made.efficacy[-1])

    known = ndtr((z * sqrt(t) + drift * (1 - t) - c) / sqrt(1 - t))
    assert close(conditional_power(made, 1, z, drift), known, "solver")
    assert close(predictive_power(made, 1, z), ndtr((z - c * sqrt(t)) / sqrt(1 - t)), "solver")


def test_binding_futility_counts() -> None:
    """Independent implementation: SciPy's bivariate normal gives what a bound that must be obeyed costs."""
    plain, free = bounds(3, 0.025, "pocock", 1), bounds(3, 0.025, "pocock", 1, futility_z=1)
    obeyed = replace(free, binding=True)

    assert conditional_power(free, 1, 0.5, 1) == conditional_power(plain, 1, 0.5, 1)
    # Lost: stopped below 1 at the second look though the last would have crossed, by the bivariate normal.
    t, z, drift, c = free.information, 0.5, 1, float(free.efficacy[-1])
    mean = z * sqrt(t[0]) + drift * (t[1:] - t[0])
    joint = multivariate_normal(mean, np.minimum.outer(t[1:], t[1:]) - t[0])
    below = ndtr((sqrt(t[1]) - mean[0]) / sqrt(t[1] - t[0])) - joint.cdf(np.array([sqrt(t[1]), c]))
    assert close(conditional_power(plain, 1, z, drift) - conditional_power(obeyed, 1, z, drift), below, "optimiser")


@pytest.mark.parametrize(("look", "z"), [(0, 1), (3, 1), (True, 1), (1.0, 1)])
def test_only_interim_looks_look_ahead(look: Any, z: float) -> None:
    """Invariant: the last look has nothing after it."""
    with pytest.raises(InputError, match=r"^look"):
        conditional_power(bounds(3), look, z)
    with pytest.raises(InputError, match=r"^look"):
        predictive_power(bounds(3), look, z)


def test_a_score_that_is_no_number_is_named() -> None:
    """Invariant."""
    with pytest.raises(InputError, match=r"^z"):
        conditional_power(bounds(2), 1, float("nan"))
    with pytest.raises(InputError, match=r"^z"):
        predictive_power(bounds(2), 1, float("inf"))
    with pytest.raises(InputError, match=r"^drift"):
        conditional_power(bounds(2), 1, 1, float("inf"))
