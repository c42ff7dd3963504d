"""Doses that differ between patients of one run: what was given to each is what each is simulated on."""

from dataclasses import replace

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.model.population import population
from reprieve.model.regimen import Dose, Phase, Regimen
from reprieve.model.simulate import simulate
from tests.tolerance import close

TWO = Regimen.parse("0.5 mg/kg over 40 min on days 0, 3")
DAYS_H = np.array([0.0, 1, 3, 4, 10]) * 24
MINUTES = np.arange(0, 81, 10.0)
# Each infusion in eight stretches of ten minutes, of which the first four are the plan.
CUT = replace(TWO, doses=tuple(Dose(d.start_h, (Phase(1 / 6, d.amount / 4),) * 8, d.unit) for d in TWO.doses))
PLAN = np.tile(np.repeat([1.0, 0.0], 4), 2)


def test_each_patient_gets_their_own_doses() -> None:
    """Independent implementation: a pause of `Dose.paused`, a stop of `Dose.stopped`, each simulated alone."""
    people = population(3, seed=8)
    given = np.tile(PLAN, (3, 1))
    given[1, :8] = [1, 1, 0, 0, 1, 1, 0, 0]
    given[2, 8:] = [1, 1, 0, 0, 0, 0, 0, 0]
    run = simulate(CUT, people, time_h=DAYS_H, minutes=MINUTES, given=given, planned=TWO)
    alone = (
        TWO,
        replace(TWO, doses=(TWO.doses[0].paused(1 / 3, 1 / 3), TWO.doses[1])),
        replace(TWO, doses=(TWO.doses[0], TWO.doses[1].stopped(1 / 3))),
    )

    for row, regimen in enumerate(alone):
        one = simulate(
            regimen, people.take(slice(row, row + 1)), time_h=DAYS_H, minutes=MINUTES, planned=TWO
        )
        for name in ("caps5", "benefit", "placebo", "caps5_empirical", "retained", "ketamine_venous_ng_per_ml"):
            assert close(run.values[name][row], one.values[name][0], "states"), name
        assert close(run.acute["sbp_mmhg"][row], one.acute["sbp_mmhg"][0], "states")


def test_chunks_do_not_mix_what_was_given() -> None:
    """Invariant: patients of any chunk keep their own doses: the last of many is the same alone."""
    people = population(600, seed=8)
    given = np.tile(PLAN, (600, 1))
    given[599, :8] = [1, 0, 1, 0, 1, 0, 1, 0]
    run = simulate(CUT, people, time_h=DAYS_H, minutes=MINUTES, given=given, planned=TWO)
    last = people.take(slice(599, 600))
    one = simulate(CUT, last, time_h=DAYS_H, minutes=MINUTES, given=given[599:], planned=TWO)

    assert close(run.values["caps5"][599], one.values["caps5"][0], "states")


@pytest.mark.parametrize(
    "given",
    [np.ones((2, 16)), np.ones((3, 15)), -np.ones((3, 16)), np.full((3, 16), np.nan)],
    ids=["patients", "phases", "negative", "missing"],
)
def test_doses_that_cannot_be_are_refused(given: np.ndarray) -> None:
    """Invariant: the field is named."""
    with pytest.raises(InputError) as error:
        simulate(CUT, population(3, seed=8), time_h=DAYS_H, given=given)

    assert error.value.field == "given"
