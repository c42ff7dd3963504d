"""The truth behind simulated trials, and the share of it that goes through belief."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reprieve.core.parameters import ParameterSet
from reprieve.model import symptoms
from reprieve.model.individuals import individuals
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population
from reprieve.trials.design.form import Blinding, Dropout, Estimand, Visits
from reprieve.trials.simulation.baseline import remembered
from reprieve.trials.simulation.plan import plan
from reprieve.trials.simulation.treated import treated
from reprieve.trials.simulation.truth import Truth, truth
from reprieve.trials.simulation.unblinding import by_draw, clamped
from tests.tolerance import close, monte_carlo
from tests.trials.simulation.cases import STAYS, Fake, arm, design, flat

LEVEL = 0.6


def test_the_truth_of_alike_patients_with_held_belief() -> None:
    """Closed form: -(1 - P) D sum of lambda z, averaged over the days looked back on; P exponential, D the chain's.

    Nobody differs but in baseline and error, belief is held, one infusion, day 6. Errors cancel but for rounding.
    """
    p = flat().replace(nondrug_base=0.1)
    arms = [arm("a", regimen="0.5 mg/kg over 40 min"), arm("b", "active", regimen="midazolam 0.045 mg/kg over 40 min")]
    asked = design(
        arms=arms,
        visits=Visits(days=[6], primary_day=6),
        blinding=Blinding(kind="fixed", level=LEVEL),
        estimand=STAYS,
    )

    held: Any = Fake(p)
    found = truth(asked, 4, patients=2000, posterior=held).difference["a"]

    target = p["nondrug_base"] + p["nondrug_belief"] * LEVEL
    days = np.arange(7.0)
    parts = [1 - np.exp(-days / p[f"nondrug_{speed}_time_d"]) for speed in ("fast", "slow")]
    share = p["nondrug_fast_share"]
    placebo = target * (share * parts[0] + (1 - share) * parts[1])
    people = population(400, 11)
    run = treated(asked, plan(asked).arms[0], people, p, days=days)
    weighted = np.mean([p[f"lambda_{c.lower()}"] * z for c, z in people.baseline.items()], axis=1).sum()
    assert 0 < target < p["nondrug_high"]
    expected = -float(((1 - placebo) * run.values["benefit"].mean(axis=0)).mean() * weighted)
    assert found.value < -2
    spread = float((run.values["benefit"][:, -1] * 40).std())
    assert close(found.value, expected, monte_carlo(k=4, se=np.hypot(found.se, spread / np.sqrt(400))))


def test_nothing_remains_open_where_the_drug_does_nothing() -> None:
    """Invariant: without the drug's benefit the whole difference goes through belief: share 1."""
    found = truth(design(), 2, world="belief_only", patients=400)

    assert found.difference["ketamine"].value != 0
    assert close(found.unblinding["ketamine"].value, 1.0, "closed_form")
    assert found.unblinding["ketamine"].se < 1e-12


def test_clamped_belief_leaves_nothing_to_unblinding() -> None:
    """Invariant: where belief is held for everybody, or nothing is felt, the share is 0."""
    held = truth(design(blinding=Blinding(kind="fixed", level=LEVEL)), 2, patients=400)
    masked = truth(design(arms=[arm("a", masked=True), arm("b", "active", masked=True)]), 2, patients=400)

    assert close(held.unblinding["ketamine"].value, 0.0, "closed_form")
    assert close(masked.unblinding["a"].value, 0.0, "closed_form")


def test_with_the_same_days_clamping_gives_the_control_s_non_drug_response() -> None:
    """Closed form: latent score = totals(P of the control arm, D of the active arm)."""
    asked, people, days = plan(design()), remembered(population(50, 3)), np.array([0.0, 2.0, 7.0, 14.0])
    ind = individuals(default_parameters(), people)
    runs = {k: treated(design(), asked.arms[k], people, default_parameters(), days=days) for k in (0, 1)}

    found = clamped(asked, 0, people, lambda _: default_parameters(), runs, "caps5")

    expected = symptoms.totals(people, runs[1].values["placebo"], runs[0].values["benefit"], ind)["caps5"]
    assert close(found, expected, "solver")


def test_belief_between_infusions_is_that_of_the_last_one() -> None:
    """Invariant: with a control on other days each infusion takes the control's latest belief; a share comes out."""
    arms = [arm("a"), arm("b", "active", regimen="midazolam 0.045 mg/kg over 40 min on days 0, 2, 5")]

    share = truth(design(arms=arms), 2, patients=400).unblinding["a"]

    assert abs(share.value) < 1
    assert share.se < 0.5


def test_the_share_by_draw_is_that_of_the_truth_at_each_draw() -> None:
    """Invariant: a stronger pull of belief gives a larger share; patients are the same under every draw."""

    class Pulled(Fake):
        def parameters(self, draw: int, **_: Any) -> ParameterSet:
            return self.held.replace(nondrug_belief=(0.2, 0.4, 0.8)[draw])

    held: Any = Pulled(default_parameters())

    shares = by_draw(design(), 3, 2, patients=300, posterior=held)["ketamine"]

    assert shares[0] < shares[1] < shares[2]
    assert np.array_equal(shares, by_draw(design(), 3, 2, patients=300, posterior=held)["ketamine"])


@pytest.fixture(scope="module")
def strategies() -> dict[str, Truth]:
    names = ("hypothetical", "treatment_policy", "while_on_treatment", "composite")
    leaving = Dropout(scale=25)
    arms = [arm("a", regimen="0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"), arm("b", "inert", regimen="saline")]
    arms[1] = arm("b", "inert", regimen="saline over 40 min on days 0, 2, 4, 7, 9, 11")
    asked = design(arms=arms, visits=Visits(days=[1, 7, 14], primary_day=14))
    return {
        name: truth(asked, 5, patients=800, estimand=Estimand(stopped=name, dropout=leaving))  # type: ignore[arg-type]
        for name in names
    }


def test_strategies_stand_in_their_order(strategies: dict[str, Truth]) -> None:
    """Invariant: the drug's effect is largest as if nobody stopped, smaller as it is, smallest as failure."""
    gap = {name: found.difference["a"].value for name, found in strategies.items()}

    assert gap["hypothetical"] < gap["treatment_policy"] < gap["composite"] < 0
    assert gap["hypothetical"] < gap["while_on_treatment"] < gap["composite"]
    shares = {name: found.responders["a"].value for name, found in strategies.items()}
    assert shares["hypothetical"] > shares["composite"] > 0


def test_a_truth_says_what_it_rests_on(strategies: dict[str, Truth]) -> None:
    """Contract: strategy, patients, values and interval stand in the plain data."""
    told = strategies["composite"].to_json()

    assert told["strategies"] == {"stopped": "composite", "rescue": "treatment_policy", "withdrawn": "hypothetical"}
    assert told["patients"] == 800
    assert told["interval"] == "95 % interval of the simulation, equal-tailed"
    low, high = told["difference"]["a"]["low"], told["difference"]["a"]["high"]
    assert close(high - low, 2 * 1.959963984540054 * told["difference"]["a"]["se"], "closed_form")
    assert truth(design(), 2, world="no_difference", patients=50).to_json()["unblinding"]["ketamine"]["value"] is None
    assert strategies["composite"].inputs_digest != strategies["hypothetical"].inputs_digest
