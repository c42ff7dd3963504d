"""Interim looks: decisions from given z, patients enrolled, arms dropped."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from numpy.typing import NDArray

from reprieve.trials.design.form import Analysis, Interim, Look
from reprieve.trials.sequential.bounds import bounds
from reprieve.trials.simulation.analysed import FAILED, Finding
from reprieve.trials.simulation.looks import Rules, course, rules
from reprieve.trials.simulation.plan import Plan, plan
from tests.tolerance import close
from tests.trials.simulation.cases import arm, design

ARM = np.tile([0, 1], 20)
TWO = Rules((0.5, 1.0), (20,), (2.8, 2.0), 0.0, -inf)


def says(*z: float) -> Finding:
    return FAILED if np.isnan(z[0]) else Finding(-z[0], 1.0, inf, 0.5, -1.0, 1.0, z[0], failed=False)


def went(how: Rules, asked: Plan, given: NDArray[np.int64], table: dict[int, list[float]]) -> tuple[object, list[int]]:
    """The course with the z of each arm at each look, and the sizes analysed."""
    calls: dict[int, int] = dict.fromkeys(table, 0)
    sizes = []

    def ask(number: int, who: NDArray[np.bool_]) -> Finding:
        calls[number] += 1
        sizes.append(int(who.sum()))
        return says(table[number][calls[number] - 1])

    return course(how, asked, given, ask), sizes


@pytest.mark.parametrize(
    ("z", "look", "why", "rejected", "patients"),
    [
        ([3.0], 0, "efficacy", True, 20),
        ([-0.1], 0, "futility", False, 20),
        ([1.0, 2.1], 1, "final", True, 40),
        ([1.0, 1.9], 1, "final", False, 40),
        ([1.0, -2.5], 1, "final", True, 40),
        ([float("nan"), 2.1], 1, "final", True, 40),
        ([1.0, float("nan")], 1, "final", False, 40),
    ],
)
def test_what_is_decided(z: list[float], look: int, why: str, rejected: bool, patients: int) -> None:
    """Definition: bounds 2.8 and 2, futility below 0, 20 of 40 patients at the look."""
    found, sizes = went(TWO, plan(design()), ARM, {0: z})

    assert (found.look, found.why, found.rejected[0]) == (look, why, rejected)  # type: ignore[attr-defined]
    assert found.enrolled.sum() == patients  # type: ignore[attr-defined]
    assert sizes == [20, 40][: look + 1]


def test_harm_ends_a_trial_without_futility() -> None:
    """Definition: at minus the efficacy bound, where no futility bound lies above it."""
    found, _ = went(Rules((0.5, 1.0), (20,), (2.8, 2.0), -inf, -inf), plan(design()), ARM, {0: [-3.0]})

    assert (found.why, found.rejected[0]) == ("harm", True)  # type: ignore[attr-defined]


def test_a_dropped_arm_takes_no_more_patients() -> None:
    """Definition: arm 0 is below 0.3 at 30 of 60; its ten to come are not enrolled, nor is it asked about again."""
    asked = plan(design(arms=[arm("a"), arm("b"), arm("c", "active")]))
    given = np.tile([0, 1, 2], 20)

    found, sizes = went(Rules((0.5, 1.0), (30,), (2.8, 2.0), -1.0, 0.3), asked, given, {0: [0.1], 1: [1.0, 2.2]})

    assert found.dropped == (0,)  # type: ignore[attr-defined]
    assert found.rejected == {0: False, 1: True}  # type: ignore[attr-defined]
    assert np.bincount(given[found.enrolled]).tolist() == [10, 20, 20]  # type: ignore[attr-defined]
    assert sizes == [30, 30, 50]


def test_with_every_arm_dropped_the_trial_ends() -> None:
    """Definition: nobody is left to compare."""
    found, _ = went(Rules((0.5, 1.0), (20,), (2.8, 2.0), -9.0, 0.3), plan(design()), ARM, {0: [0.1]})

    assert (found.look, found.why) == (0, "futility")  # type: ignore[attr-defined]


def test_bounds_are_those_of_the_design() -> None:
    """Independent implementation: `sequential.bounds` at the error of each of two comparisons."""
    arms = [arm("a"), arm("b"), arm("c", "active")]
    looks = Interim(looks=[Look(information=0.5)], efficacy="obrien_fleming", futility_z=0.0, drop_arms_below_z=0.2)

    found = rules(design(arms=arms, interim=looks, analysis=Analysis(method="ancova", alpha=0.04)))

    assert close(np.array(found.upper), bounds((0.5, 1.0), 0.02, "obrien_fleming").efficacy, "closed_form")
    assert (found.patients, found.futility, found.drop) == ((30,), 0.0, 0.2)


def test_without_looks_the_bound_is_the_normal_quantile() -> None:
    """Closed form: 1.959964 at a two-sided 5 %; bounds of the caller's go before the design's."""
    assert close(rules(design()).upper[0], 1.959963984540054, "optimiser")
    assert rules(design(), (2.5,)).upper == (2.5,)
