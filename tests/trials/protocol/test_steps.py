"""An infusion in steps: nothing planned is lost, whatever is done to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.model.regimen import Regimen
from reprieve.trials.protocol import steps
from reprieve.trials.protocol.policy import Policy
from tests.tolerance import close

SIX = Regimen.parse("0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11")

actions = st.lists(st.tuples(st.sampled_from(["pause", "slow", "stop"]), st.integers(1, 23)), max_size=6)


def done(row: steps.Array, what: str, at: int) -> steps.Array:
    """One action on a row."""
    if what == "pause":
        return steps.paused(row, at, 2)
    return steps.slowed(row, at, 0.5) if what == "slow" else steps.stopped(row, at)


@given(actions)
def test_what_was_planned_is_given_or_withheld(todo: list[tuple[str, int]]) -> None:
    """Invariant: the dose of a steered infusion and what it withholds add up to the order; no share is negative."""
    grid = steps.grid(SIX, Policy())
    row = grid.start(1)[0, 0]
    for what, at in sorted(todo, key=lambda one: one[1]):
        row = done(row, what, at)
    dose = grid.dose(0, row)

    assert np.all(row >= 0)
    assert close(dose.planned, SIX.doses[0].amount, "closed_form")
    assert close(dose.amount, SIX.doses[0].amount * row.sum() / grid.planned, "closed_form")


@given(actions)
def test_what_lies_before_an_action_stays(todo: list[tuple[str, int]]) -> None:
    """Invariant: an action never changes what was given before it."""
    row = steps.grid(SIX, Policy()).start(1)[0, 0]
    for what, at in todo:
        new = done(row, what, at)
        assert np.array_equal(new[:at], row[:at])
        row = new


def test_a_pause_a_slowing_and_a_stop_are_those_of_a_dose() -> None:
    """Independent implementation: `Dose.paused`, `.rate_changed` and `.stopped` of the regimen."""
    grid = steps.grid(SIX, Policy())
    row, dose = grid.start(1)[0, 0], SIX.doses[0]

    for steered, direct in (
        (steps.paused(row, 4, 2), dose.paused(20 / 60, 10 / 60)),
        (steps.slowed(row, 4, 0.5), dose.rate_changed(20 / 60, 0.5)),
        (steps.stopped(row, 4), dose.stopped(20 / 60)),
    ):
        made = grid.dose(0, steered)
        assert close([p.duration_h for p in made.phases], [p.duration_h for p in direct.phases], "closed_form")
        assert close([p.amount for p in made.phases], [p.amount for p in direct.phases], "closed_form")
        assert close(made.withheld, direct.withheld, "closed_form")


def test_a_length_that_the_checks_do_not_divide_gets_shorter_steps() -> None:
    """Closed form: 40 minutes checked at least every 15 are three steps of 13.3."""
    grid = steps.grid(SIX, Policy(check_every_min=15))

    assert grid.planned == 3
    assert close(grid.step_min, 40 / 3, "closed_form")


@pytest.mark.parametrize(
    ("regimen", "field"),
    [
        ("0.5 mg/kg over 40 min on days 0; 0.5 mg/kg over 60 min on days 2", "regimen"),
        ("0.5 mg/kg over 40 min on days 0, 0.05", "regimen"),
    ],
)
def test_a_course_that_cannot_be_steered_is_refused(regimen: str, field: str) -> None:
    """Invariant: infusions of two lengths, or so close that pauses run into the next, are named."""
    with pytest.raises(InputError) as error:
        steps.grid(Regimen.parse(regimen), Policy())

    assert error.value.field == field


@pytest.mark.parametrize("change", [{"check_every_min": 0}, {"pause_min": -1}, {"slow_factor": 1}, {"longest": 0}])
def test_a_policy_that_cannot_be_is_refused(change: dict[str, float]) -> None:
    """Invariant: the field is named."""
    with pytest.raises(InputError) as error:
        Policy(**change)  # type: ignore[arg-type]

    assert next(iter(change)) in error.value.field
