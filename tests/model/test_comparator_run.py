"""A run whose drug benefit is the empirical comparator's: one benefit in scores, belief and dropout."""

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.model import empirical
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from tests.tolerance import close

SIX = Regimen.parse("0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11")
PEOPLE = population(40, seed=5)
TIME_H = np.array([0.0, 24, 168, 336, 1008])
EMPIRICAL = Links(benefit="empirical")


def test_the_benefit_is_the_comparators() -> None:
    """Closed form: `model.empirical`, three numbers, from dose and time alone."""
    run = simulate(SIX, PEOPLE, time_h=TIME_H, links=EMPIRICAL)

    ind = individuals(default_parameters(), PEOPLE)
    starts = np.array([dose.start_h for dose in SIX.doses])
    assert close(run.values["benefit"], empirical.benefit(TIME_H, starts, np.full(6, 0.5), ind), "closed_form")


@pytest.mark.parametrize("score", ["caps5", "pcl5", "iesr"])
def test_every_score_takes_the_same_share(score: str) -> None:
    """Closed form: baseline (1 - P)(1 - D); the comparator knows no clusters."""
    run = simulate(SIX, PEOPLE, time_h=TIME_H, links=EMPIRICAL)

    left = (1 - run.values["placebo"]) * (1 - run.values["benefit"])
    assert close(run.values[score], run.baseline[score][:, None] * left, "closed_form")
    assert close(run.values["caps5"], run.values["caps5_empirical"], "closed_form")


def test_belief_follows_its_own_improvement() -> None:
    """Invariant: without a drug effect belief is that of a run whose chain is cut; with it, belief is higher."""
    cut, chain_cut = (
        simulate(SIX, PEOPLE, time_h=TIME_H, links=Links(benefit=b, drug=False)) for b in ("empirical", "chain")
    )
    whole = simulate(SIX, PEOPLE, time_h=TIME_H, links=EMPIRICAL)

    assert np.array_equal(cut.felt["belief"], chain_cut.felt["belief"])
    assert np.all(whole.felt["belief"][:, 0] == cut.felt["belief"][:, 0])
    assert np.all(whole.felt["belief"][:, -1] > cut.felt["belief"][:, -1])


def test_dropout_follows_its_score() -> None:
    """Invariant: a comparator without a half-life to speak of leaves people as ill, and more of them leave."""
    gone = default_parameters().replace(empirical_half_life_d=0.01)
    run, none = (
        simulate(SIX, PEOPLE, time_h=TIME_H, parameters=p, links=EMPIRICAL) for p in (default_parameters(), gone)
    )

    assert np.all(run.values["retained"][:, -1] > none.values["retained"][:, -1])


def test_the_chain_has_no_part_in_it() -> None:
    """Invariant: another Emax of the chain changes nothing that a patient would report."""
    other = default_parameters().replace(benefit_max=0.8, lambda_e=0.1)
    first, second = (simulate(SIX, PEOPLE, time_h=TIME_H, parameters=p, links=EMPIRICAL) for p in (None, other))

    for name in ("caps5_observed", "pcl5_observed", "iesr_observed", "retained", "cluster_e"):
        assert np.array_equal(first.values[name], second.values[name])


def test_without_ketamine_the_two_are_one() -> None:
    """Invariant: with saline both are baseline and non-drug response."""
    saline = Regimen.parse("saline over 40 min on days 0, 2")
    chain, other = (simulate(saline, PEOPLE, time_h=TIME_H, links=links) for links in (Links(), EMPIRICAL))

    for name in ("caps5_observed", "pcl5_observed", "iesr_observed"):
        assert np.array_equal(chain.values[name], other.values[name])


def test_another_benefit_is_refused() -> None:
    """Invariant: one line naming the field."""
    with pytest.raises(InputError, match=r"benefit.*chain, empirical"):
        Links(benefit="magic")
