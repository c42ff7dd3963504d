"""Many parameter sets in one run against a run per set."""

from dataclasses import replace

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet
from reprieve.model.links import Links
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.trials.arms import portions
from reprieve.trials.stacked import shared, stacked
from tests.tolerance import close

BASE = default_parameters()
TIME_H = np.array([0.0, 24, 168, 336])
SIX = Regimen.parse("0.5 mg/kg over 40 min on days 0, 2, 4")


def sets() -> list[ParameterSet]:
    """Sets that differ in values with and without a spread, in spreads, and in a correlated block."""
    return [
        BASE.learned({"benefit_max": 0.2, "nondrug_base": -0.3, "consolidation_half_life_d": 4.0}),
        BASE.learned({"labile_half_life_d": 2.0, "lambda_e": 0.9}, {"nondrug_base": 0.7, "sbp_rise_mmhg": 4.0}),
        BASE.learned({"sbp_rise_mmhg": 14.0, "empirical_half_life_d": 9.0, "empirical_dose_exponent": 0.5}),
    ]


@pytest.mark.parametrize("links", [Links(), Links(benefit="empirical")], ids=lambda one: one.benefit)
def test_one_run_is_a_run_per_set(links: Links) -> None:
    """Independent implementation: each set alone, the same patients; scores, readings, acute effects and dropout."""
    people = population(30, seed=7)
    owner = np.repeat(np.arange(3), 10)

    parameters, moved = stacked(sets(), owner, people)
    found = simulate(SIX, moved, time_h=TIME_H, parameters=parameters, links=links)
    for number, one in enumerate(sets()):
        who = slice(10 * number, 10 * number + 10)
        alone = simulate(SIX, people.take(who), time_h=TIME_H, parameters=one, links=links)
        for name in ("caps5", "pcl5_observed", "placebo", "benefit", "retained", "caps5_empirical"):
            assert close(found.values[name][who], alone.values[name], "solver")
        for name in ("sbp_mmhg", "dbp_mmhg", "dissociation"):
            assert close(found.acute[name][who], alone.acute[name], "solver")


def test_equal_sets_change_nothing() -> None:
    """Invariant: a set stacked on itself is itself, blocks included."""
    people = population(6, seed=2)
    parameters, moved = stacked([BASE, BASE], np.repeat([0, 1], 3), people)

    found, alone = (simulate(SIX, who, time_h=TIME_H, parameters=p) for who, p in ((moved, parameters), (people, BASE)))
    for name in ("caps5_observed", "retained"):
        assert close(found.values[name], alone.values[name], "closed_form")
    assert close(found.acute["sbp_mmhg"], alone.acute["sbp_mmhg"], "closed_form")


def test_what_the_engine_shares_may_not_differ() -> None:
    """Invariant: the engine has one set of filter rates for all patients of a run."""
    with pytest.raises(InputError, match="shares between patients"):
        stacked([BASE, BASE.replace(signal_half_life_h=2.0)], np.array([0, 1]), population(2))


def test_a_scale_may_not_differ() -> None:
    """Invariant: a quantity has one scale of its spread."""
    held = BASE.quantity("nondrug_base")
    assert held.between is not None
    quantity = replace(held, between=replace(held.between, kind="lognormal"))
    other = replace(BASE, quantities={**BASE.quantities, "nondrug_base": quantity})

    with pytest.raises(InputError, match=r"nondrug_base.*one scale"):
        stacked([BASE, other], np.array([0, 1]), population(2))


def test_portions_hold_every_patient_once_and_part_where_the_engine_must() -> None:
    """Invariant: patients in order, whole sets, and sets of one run agree in what the engine shares."""
    slow = BASE.replace(signal_half_life_h=2.0)
    held = [BASE, BASE, slow, slow, BASE]

    found = list(portions(held, 20))
    assert [(who.start, who.stop) for who, _, _ in found] == [(0, 8), (8, 16), (16, 20)]
    for who, owner, these in found:
        assert len(owner) == who.stop - who.start
        assert len({shared(one) for one in these}) == 1
        assert owner.max() == len(these) - 1
