"""What a design asks of the simulator, in each world."""

from __future__ import annotations

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population
from reprieve.trials.design.form import Allocation, Analysis, Blinding, Protocol
from reprieve.trials.simulation.plan import plan
from reprieve.trials.simulation.treated import belief, treated
from tests.tolerance import close
from tests.trials.simulation.cases import KETAMINE, MIDAZOLAM, arm, design


def test_without_a_difference_every_arm_is_the_control() -> None:
    """Definition: the control's regimen in every arm, names and sizes as written."""
    asked = design(arms=[arm("a", masked=True), arm("b", "active", psychotherapy=True), arm("c", patients=7)])

    found = plan(asked, "no_difference")

    assert {one.regimen for one in found.arms} == {plan(asked).arms[1].regimen}
    assert {(one.masked, one.psychotherapy) for one in found.arms} == {(False, True)}
    assert (found.names, found.sizes) == (("a", "b", "c"), (20, 20, 7))


def test_belief_alone_switches_the_drug_off_in_every_arm() -> None:
    """Definition: regimens stay, the drug's benefit goes."""
    found, whole = plan(design(), "belief_only"), plan(design())

    assert [one.regimen for one in found.arms] == [one.regimen for one in whole.arms]
    assert [one.drug for one in found.arms] == [False, False]
    assert [one.drug for one in whole.arms] == [True, True]


def test_ketamine_arms_are_compared_with_the_first_that_is_not() -> None:
    """Definition: saline is listed later, so midazolam is the control; nobody is compared with saline."""
    arms = [arm("low"), arm("midazolam", "active"), arm("high"), arm("saline", "inert", regimen="saline over 40 min")]

    found = plan(design(arms=arms))

    assert (found.control, found.compared) == (1, (0, 2))


def test_an_allocation_gives_the_sizes() -> None:
    """Definition: 90 patients, 2 to 1."""
    arms = [arm("a", patients=None), arm("b", "active", patients=None)]

    assert plan(design(arms=arms, allocation=Allocation(patients=90, ratio=[2, 1]))).sizes == (60, 30)


def test_days_start_at_baseline() -> None:
    """Definition: day 0, then the visits; the primary day is one of them."""
    found = plan(design())

    assert found.days.tolist() == [0, 4, 7, 14]
    assert found.primary == 2


@pytest.mark.parametrize(
    ("given", "world", "field"),
    [
        ({}, "other", "world"),
        ({"analysis": Analysis(method="ancova", contrast="trend")}, "as_modelled", "analysis.contrast"),
        ({"arms": [arm("a"), arm("b")]}, "as_modelled", "arms.role"),
    ],
)
def test_what_cannot_be_simulated_is_refused_by_name(given: dict[str, object], world: str, field: str) -> None:
    """Invariant: one line that names the field."""
    with pytest.raises(InputError) as refused:
        plan(design(**given), world)
    assert refused.value.field == field


def test_under_anaesthesia_belief_stays_where_it_was() -> None:
    """Closed form: each patient's own expectation after every infusion, whatever was given."""
    people, days = population(20, 3), np.array([0.0, 7.0])
    asked = design(arms=[arm("a", masked=True), arm("b", "active", masked=True)])

    for one in plan(asked).arms:
        run = treated(asked, one, people, default_parameters(), days=days)
        logit = default_parameters()["expectation_logit"] + 0.8 * people.effect("expectation_logit")
        assert close(run.felt["belief"], (1 / (1 + np.exp(-logit)))[:, None].repeat(2, axis=1), "closed_form")


def test_fixed_belief_is_the_same_for_all() -> None:
    """Definition: the level given."""
    asked = design(blinding=Blinding(kind="fixed", level=0.4))

    run = treated(asked, plan(asked).arms[0], population(20, 3), default_parameters(), days=np.array([0.0, 7.0]))

    assert np.all(run.felt["belief"] == 0.4)
    assert belief(design(), default_parameters()) is None


def test_fewer_infusions_are_the_first_ones() -> None:
    """Invariant: until the infusion that is left out the course is the same, and the drug's benefit lower after it."""
    asked, people = design(), population(20, 3)
    one, days = plan(asked).arms[0], np.array([0.0, 1.0, 3.0, 7.0])

    whole, short = (treated(asked, one, people, default_parameters(), days=days, infusions=k) for k in (None, 1))

    assert close(short.values["benefit"][:, :3], whole.values["benefit"][:, :3], "states")
    assert np.all(short.values["benefit"][:, 3] < whole.values["benefit"][:, 3])
    assert tuple(form.regimen for form in asked.arms) == (KETAMINE, MIDAZOLAM)


def test_rules_that_would_steer_are_carried_out() -> None:
    """Invariant: under a low limit infusions are paused and the row says how many; without rules it says nothing."""
    limits = {"sbp_alert_mmhg": 140.0, "dbp_alert_mmhg": 85.0, "sbp_pause_mmhg": 140.0, "dbp_pause_mmhg": 85.0}
    days = np.array([0.0, 7.0])
    steered = design(protocol=Protocol(rules="shipped", limits=limits))
    plain = design()
    runs = [
        treated(asked, plan(asked).arms[0], population(20, 3), default_parameters(), days=days, executor="numpy")
        for asked in (steered, plain)
    ]

    assert 0 < runs[0].felt["paused"].mean() < 1
    assert "paused" not in runs[1].felt
