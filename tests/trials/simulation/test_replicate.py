"""Simulated trials: rows, worlds, type I error."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet
from reprieve.trials.characteristics import characteristics
from reprieve.trials.design.form import Analysis, DesignForm, Dropout, Entry, Estimand, Interim, Look, Rescue, Visits
from reprieve.trials.simulation.analysed import analysed
from reprieve.trials.simulation.people import read_before
from reprieve.trials.simulation.replicate import Replicate, Replicator
from reprieve.trials.simulation.values import ASSUMED
from tests.tolerance import close, monte_carlo
from tests.trials.simulation.cases import HYPOTHETICAL, MIDAZOLAM, STAYS, Fake, arm, design, flat

REPLICATES = 250
WORLDS = ("as_modelled", "no_difference", "belief_only")


def small(asked: DesignForm | None = None, seed: int = 3, **given: object) -> Replicator:
    return Replicator(asked or design(), seed, **{"truth_patients": 0, "posterior": Fake(flat()), **given})  # type: ignore[arg-type]


def test_a_row_depends_on_its_number_alone() -> None:
    """Invariant: another order, another process' copy, another maker: the same bits."""
    first = small()
    rows = [first(number) for number in range(4)]
    copy = pickle.loads(pickle.dumps(small()))

    for number in (3, 0, 2):
        again = copy(number)
        assert list(again) == list(rows[number])
        assert np.array_equal(list(again.values()), list(rows[number].values()), equal_nan=True)
    assert len({row["estimate_1"] for row in rows}) == 4
    assert copy.digest == first.digest
    assert small(seed=4).digest != first.digest


def test_every_row_has_the_same_keys() -> None:
    """Contract: numbers only, the same names whatever happens, in every world."""
    looks = Interim(looks=[Look(information=0.5)], futility_z=0.5)
    asked = design(interim=looks, estimand=Estimand(rescue_rule=Rescue(from_day=4, share_of_baseline=0.7, points=5)))

    rows = [small(asked, world=world)(number) for world in WORLDS for number in range(3)]

    assert len({tuple(row) for row in rows}) == 1
    assert all(type(value) is float for row in rows for value in row.values())


def test_the_control_arm_is_the_same_in_every_world() -> None:
    """Invariant (common random numbers): what the world changes, the control's patients do not feel."""
    trials = {world: small(world=world).trial(2) for world in WORLDS}

    control = trials["as_modelled"].people.arm == 1
    for trial in trials.values():
        assert np.array_equal(trial.scores[control], trials["as_modelled"].scores[control], equal_nan=True)
    active = [trial.scores[~control] for trial in trials.values()]
    assert not np.array_equal(active[0], active[1], equal_nan=True)
    assert not np.array_equal(active[0], active[2], equal_nan=True)


def test_without_a_difference_the_truth_is_nothing() -> None:
    """Closed form: both arms are one, so the counterfactual difference is exactly 0."""
    row = small(world="no_difference")(1)

    assert (row["truth_1"], row["truth_se_1"]) == (0.0, 0.0)


def test_the_entry_criterion_holds_in_a_replicate() -> None:
    """Invariant: everybody in a trial met it at screening."""
    trial = small(design(entry=Entry(minimum=41.0, screening_day=-5))).trial(0)

    assert read_before("caps5", -5, trial.people.patients, flat()).min() >= 41
    assert trial.people.screened > 40


@cache
def null_trials() -> tuple[Replicate, ...]:
    visits = Visits(days=[1, 4], primary_day=4)
    arms = [arm("a", regimen="0.5 mg/kg over 40 min"), arm("b", "active", regimen="midazolam 0.045 mg/kg over 40 min")]
    asked = design(arms=[one.model_copy(update={"patients": 30}) for one in arms], visits=visits, estimand=HYPOTHETICAL)
    simulator = Replicator(asked, 77, world="no_difference", truth_patients=0)
    return tuple(simulator.trial(number) for number in range(REPLICATES))


@pytest.mark.parametrize("method", ["ancova", "mmrm", "responders"])
def test_the_type_one_error_is_alpha(method: Any) -> None:
    """Definition of alpha 0.05, Monte Carlo over 250 trials of 30 per arm without any difference."""
    how, days = Analysis(method=method), np.array([0.0, 1.0, 4.0])

    found = [analysed(how, one.scores, (one.people.arm == 0).astype(float), days, 2) for one in null_trials()]

    assert not any(one.failed for one in found)
    rejected = np.mean([one.p < 0.05 for one in found])
    assert close(rejected, 0.05, monte_carlo(k=4, se=math.sqrt(0.05 * 0.95 / REPLICATES)))
    z = np.array([one.z for one in found])
    assert close(z.mean(), 0.0, monte_carlo(k=4, se=1 / math.sqrt(REPLICATES)))


def test_a_trial_that_cannot_be_analysed_is_counted() -> None:
    """Invariant: with everybody gone after baseline nothing is rejected, and the row says that it failed."""
    asked = design(estimand=Estimand(stopped="hypothetical", dropout=Dropout(scale=1e4)))

    row = small(asked)(0)

    assert (row["failed"], row["failed_1"], row["rejected"], row["success_1"]) == (1.0, 1.0, 0.0, 0.0)
    assert math.isnan(row["estimate_1"])
    assert row["final_no_success"] == 1.0
    assert row["left:ketamine"] == 1.0


def test_a_look_that_always_stops_enrols_no_more() -> None:
    """Invariant: with a bound of zero the first look ends the trial at its patients."""
    asked = design(interim=Interim(looks=[Look(information=0.6)]))

    row = small(asked, upper=(0.0, 9.0))(0)

    assert (row["patients"], row["look"], row["success"]) == (24.0, 1.0, float(row["z_1"] > 0))
    assert row["look1_efficacy"] + row["look1_futility"] + row["look1_harm"] == 1.0
    assert row["final_success"] + row["final_no_success"] == 0.0


def test_all_patients_of_a_look_have_their_primary_visit() -> None:
    """Independent implementation: the look's estimate is the analysis of its first patients by hand."""
    asked = design(interim=Interim(looks=[Look(information=0.6)]))
    simulator = small(asked, upper=(0.0, 9.0))
    trial = simulator.trial(0)

    first, active = trial.scores[:24], (trial.people.arm[:24] == 0).astype(float)
    assert trial.course.findings[0] == analysed(
        asked.analysis, first, active, simulator.plan.days, simulator.plan.primary
    )


def test_sites_that_differ_move_the_arms_alike() -> None:
    """Invariant: a site's shift is the same in both arms, so the truth hardly moves and the readings do."""
    plain, apart = (small(design(sites=4, site_sd_points=sd), estimand=STAYS) for sd in (0.0, 6.0))
    first, second = plain.trial(0), apart.trial(0)

    assert np.array_equal(first.scores[:, 0], second.scores[:, 0])
    moved = second.scores[:, 1:] - first.scores[:, 1:]
    assert np.abs(moved).max() > 2
    inside = (second.scores[:, 1:] > 0).all(axis=1)
    assert np.ptp(moved[inside], axis=1).max() <= 1
    assert close(apart.row(second)["truth_1"], plain.row(first)["truth_1"], monte_carlo(k=1, se=1.0))


def test_followed_patients_are_read_after_stopping() -> None:
    """Invariant: with everybody followed nobody who stopped is missing; without, all of them are."""
    asked = design(estimand=Estimand(dropout=Dropout(scale=20)))

    for followed, missing in ((0.0, 1.0), (1.0, 0.0)):
        trial = small(asked, followed=followed).trial(0)
        stopped = np.stack([one.what.stopped for one in trial.outcomes])[trial.people.arm, np.arange(40)]
        assert stopped.sum() > 5
        assert np.isnan(trial.scores[stopped, -1]).mean() == missing


def test_both_executors_give_the_same_trial() -> None:
    """Invariant: readings are whole points, so that the engines' last digits do not show."""
    rows = [small(executor=name)(1) for name in ("numba", "numpy")]

    assert np.array_equal(list(rows[0].values()), list(rows[1].values()), equal_nan=True)


def test_draws_of_a_posterior_are_taken_round_and_round() -> None:
    """Contract: replicate r takes draw r modulo their number and a trial name of its own; else the centre."""
    asked: list[tuple[int, str]] = []

    class Told(Fake):
        def parameters(self, draw: int, **given: object):  # type: ignore[no-untyped-def]
            asked.append((draw, str(given["trial"])))
            return super().parameters(draw)

    held = small(posterior=Told(flat())).values
    held.of(7)
    still = replace(held, uncertainty=False)
    still.of(7)

    assert asked == [(1, "sim7")]
    assert small().values.label == "posterior fake 000000000000"
    assert replace(held, posterior=None).label == ASSUMED


def test_an_unknown_executor_or_world_is_refused() -> None:
    """Invariant: before anything is simulated."""
    with pytest.raises(InputError, match="executor"):
        small(executor="cuda")
    with pytest.raises(InputError, match="world"):
        small(world="best")


def test_time_to_loss_goes_all_the_way() -> None:
    """Invariant: log hazard ratios and their truth, of a trial's own patients or of many; its direction is open."""
    asked = design(
        arms=[arm("ketamine", patients=60), arm("midazolam", "active", patients=60)],
        visits=Visits(days=[4, 7, 14, 28, 42], primary_day=7),
        analysis=Analysis(method="loss_of_response"),
    )
    for patients in (0, 400):
        simulator = small(asked, truth_patients=patients, uncertainty=False, posterior=None)
        found = characteristics([simulator(number) for number in range(4)], asked)
        measures = found.comparisons[0].measures
        assert math.isfinite(measures["truth"].value)
        assert len({simulator(number)["truth_1"] for number in range(3)}) == (1 if patients else 3)
        assert measures["estimate"].replicates == 4
        assert math.isfinite(measures["SD of the error"].value)


def test_psychotherapy_is_that_of_the_arm() -> None:
    """Invariant: the arm that has it takes its parameters, the other does not; together they differ by it alone."""

    class Beside(Fake):
        def central(self, population: str, psychotherapy: bool = False) -> ParameterSet:
            return self.held.replace(nondrug_base=0.3 if psychotherapy else 0.0)

    arms = [arm("ketamine", regimen=MIDAZOLAM, psychotherapy=True), arm("midazolam", "active")]

    row = small(design(arms=arms, estimand=STAYS), posterior=Beside(flat()), uncertainty=False)(0)

    assert row["truth_1"] < -8
