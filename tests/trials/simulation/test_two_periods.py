"""Crossovers: two treatments one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.model.parameters import default_parameters
from reprieve.trials.analysis.crossover import crossover
from reprieve.trials.design.form import Analysis, DesignForm, Dropout, Estimand, Rescue, Visits
from reprieve.trials.simulation.outcome import Case
from reprieve.trials.simulation.people import enrol
from reprieve.trials.simulation.plan import plan
from reprieve.trials.simulation.replicate import Replicator
from reprieve.trials.simulation.treated import treated
from reprieve.trials.simulation.two_periods import delayed, two_periods
from tests.tolerance import close, monte_carlo
from tests.trials.simulation.cases import arm, design

KETAMINE, MIDAZOLAM = "0.5 mg/kg over 40 min", "midazolam 0.045 mg/kg over 40 min"


def either_order(washout_d: float = 14.0, **given: Any) -> DesignForm:
    usual: dict[str, Any] = {
        "kind": "crossover",
        "washout_d": washout_d,
        "arms": [
            arm("ketamine first", regimen=KETAMINE, second=MIDAZOLAM),
            arm("midazolam first", "active", regimen=MIDAZOLAM, second=KETAMINE),
        ],
        "visits": Visits(days=[1, 7], primary_day=7),
        "analysis": Analysis(method="crossover"),
    }
    return design(**usual | given)


def test_days_hold_both_periods() -> None:
    """Definition: each period has a baseline; the second begins a washout after the last infusion."""
    found = plan(either_order())

    assert found.days.tolist() == [0, 1, 7, 14, 15, 21]
    assert (found.primary, found.second_d) == (2, 14)


def test_the_first_period_is_that_of_a_parallel_trial() -> None:
    """Invariant: what comes later changes nothing before, readings and presence included."""
    asked = either_order()
    case = Case(asked, plan(asked), asked.estimand)
    people, _ = enrol(asked, 1, 30, default_parameters())

    readings, retained = two_periods(case, case.plan.arms[0], people, default_parameters())

    alone = treated(asked, case.plan.arms[0], people, default_parameters(), days=case.plan.days)
    assert close(readings[:, :4], alone.values["caps5_observed"][:, :4], "solver")
    assert close(retained[:, :4], alone.values["retained"][:, :4], "states")
    assert np.all(np.diff(retained, axis=1) <= 0)


def test_after_a_long_washout_the_second_period_is_a_first_one() -> None:
    """Closed form: once nothing is left, mean scores after ketamine second are those of ketamine first."""
    asked = either_order(washout_d=700.0)
    case = Case(asked, plan(asked), asked.estimand)
    people, _ = enrol(asked, 1, 1500, default_parameters())

    first, second = (two_periods(case, one, people, default_parameters())[0] for one in case.plan.arms)

    gap = second[:, 3 + 2] - first[:, 2]
    assert first[:, 2].mean() < first[:, 0].mean() - 2
    assert close(gap.mean(), 0.0, monte_carlo(k=4, se=float(gap.std()) / np.sqrt(1500)))


def test_a_short_washout_carries_over() -> None:
    """Invariant: with a week between them the second baseline is lower after ketamine than after midazolam."""
    asked = either_order(washout_d=8.0)
    case = Case(asked, plan(asked), asked.estimand)
    people, _ = enrol(asked, 1, 400, default_parameters())

    first, second = (two_periods(case, one, people, default_parameters())[0] for one in case.plan.arms)

    assert first[:, 3].mean() < second[:, 3].mean() - 0.5


def test_a_trial_is_analysed_in_both_periods() -> None:
    """Independent implementation: the analysis of both primary readings by hand; the truth is of the first period."""
    simulator = Replicator(either_order(), 3, truth_patients=0)
    trial = simulator.trial(0)
    row = simulator.row(trial)

    expected = crossover(trial.scores[:, [2, 5]], (trial.people.arm == 0).astype(float)).difference
    assert (row["estimate_1"], row["p_1"]) == (expected.estimate, expected.p)
    both = [one.counted.truth[:, 2] for one in trial.outcomes]
    assert close(row["truth_1"], (both[0] - both[1]).mean(), "closed_form")


def test_without_a_difference_both_periods_are_the_control() -> None:
    """Definition: midazolam twice in either order, so that the truth is nothing."""
    found = plan(either_order(), "no_difference")

    assert {one.regimen for one in found.arms} == {one.second for one in found.arms}
    assert Replicator(either_order(), 3, world="no_difference", truth_patients=0)(0)["truth_1"] == 0


def test_a_regimen_is_delayed_whole() -> None:
    """Definition: every dose starts so many days later."""
    one = plan(either_order()).arms[0].regimen

    assert [dose.start_h for dose in delayed(one, 14).doses] == [336.0]
    assert delayed(one, 14).doses[0].phases == one.doses[0].phases


@pytest.mark.parametrize(
    ("estimand", "field"),
    [
        (Estimand(stopped="composite"), "estimand.stopped"),
        (Estimand(withdrawn="while_on_treatment"), "estimand.withdrawn"),
        (Estimand(rescue_rule=Rescue(from_day=1, share_of_baseline=0.5, points=3)), "estimand.rescue_rule"),
    ],
)
def test_what_a_crossover_does_not_simulate_is_refused(estimand: Estimand, field: str) -> None:
    """Invariant: one line that names the field."""
    with pytest.raises(InputError) as refused:
        plan(either_order(estimand=estimand))
    assert refused.value.field == field


def test_who_leaves_in_the_first_period_is_missing_in_the_second() -> None:
    """Invariant: a patient gone before the second period has no score in it."""
    asked = either_order(estimand=Estimand(stopped="hypothetical", dropout=Dropout(scale=20)))
    trial = Replicator(asked, 3, truth_patients=0).trial(0)

    left = np.stack([one.what.left_d for one in trial.outcomes])[trial.people.arm, np.arange(40)]
    early = left < 14
    assert early.sum() > 3
    assert np.isnan(trial.scores[early, 3:]).all()
