"""The unblinding share: how much of the difference between arms goes through belief.

    share = 1 - difference with belief clamped to the control arm's / difference

Belief is clamped per patient: the active arm's non-drug response runs with the belief which that patient has in the
control arm, infusion by infusion; the drug's benefit stays. Both differences are of what the instrument would read on
average, without error, everybody treated as planned.
"""

from __future__ import annotations

from functools import partial
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.units import HOURS_PER_DAY
from reprieve.model import expectancy, observation, symptoms
from reprieve.model.individuals import individuals
from reprieve.trials.simulation.effect import Effect
from reprieve.trials.simulation.outcome import Case
from reprieve.trials.simulation.people import enrol, replicate_seed
from reprieve.trials.simulation.plan import plan
from reprieve.trials.simulation.treated import treated
from reprieve.trials.simulation.values import values

if TYPE_CHECKING:
    from reprieve.calibration.posterior import Posterior
    from reprieve.model.simulation import Simulation
    from reprieve.trials.design.form import DesignForm
    from reprieve.trials.simulation.baseline import Remembered
    from reprieve.trials.simulation.outcome import Parameters
    from reprieve.trials.simulation.plan import Plan

type Array = NDArray[np.float64]

PATIENTS = 1000  # for each draw: its own Monte-Carlo error is then small beside the spread of draws


def by_draw(
    design: DesignForm,
    draws: int,
    seed: int = 1,
    *,
    patients: int = PATIENTS,
    posterior: Posterior | None = None,
    executor: str = "numba",
) -> dict[str, Array]:
    """Return the share under each of `draws` sets of parameters as assurance takes them, arm name -> (draws,).

    Their spread is what is not known of the model; patients are the same under all. Without a posterior all are one.
    """
    source = values(posterior, True, design.population, seed)
    asked = plan(design)
    case = Case(design, asked, design.estimand, executor)
    found = []
    for number in range(draws):
        parameters = partial(source.of, number)
        people, _ = enrol(design, replicate_seed(seed, "unblinding"), patients, parameters(False))
        found.append(unblinding(case, people, parameters))
    return {asked.names[arm]: np.array([one[asked.names[arm]].value for one in found]) for arm in asked.compared}


def unblinding(case: Case, people: Remembered, parameters: Parameters) -> dict[str, Effect]:
    """Return the unblinding share of each compared arm, arm name -> share with its standard error."""
    asked, score = case.plan, case.design.visits.score
    days = np.maximum(asked.days[asked.primary] - np.arange(observation.recall_days(symptoms.SCORES[score])), 0)
    grid = np.unique(days)
    runs = {}
    for number in (asked.control, *asked.compared):
        arm = asked.arms[number]
        held = parameters(arm.psychotherapy)
        runs[number] = treated(case.design, arm, people, held, days=grid, executor=case.executor)
    at = np.searchsorted(grid, days)
    control = runs[asked.control].values[score][:, at].mean(axis=1)
    shares = {}
    for number in asked.compared:
        whole = runs[number].values[score][:, at].mean(axis=1) - control
        held_back = clamped(asked, number, people, parameters, runs, score)[:, at].mean(axis=1)
        shares[asked.names[number]] = _share(whole, held_back - control)
    return shares


def _share(whole: Array, rest: Array) -> Effect:
    """1 - mean(rest) / mean(whole), error by the delta method; NaN where the whole is nothing."""
    total = float(whole.mean())
    if total == 0:
        return Effect(nan, nan)
    ratio = float(rest.mean()) / total
    return Effect(1 - ratio, float((rest - ratio * whole).std(ddof=1)) / (sqrt(len(whole)) * abs(total)))


def clamped(
    asked: Plan, number: int, people: Remembered, parameters: Parameters, runs: dict[int, Simulation], score: str
) -> Array:
    """The latent score (n, t) of arm `number` with each patient's belief as it is in the control arm."""
    arm, control, run = asked.arms[number], asked.arms[asked.control], runs[number]
    held = parameters(arm.psychotherapy)
    ind = individuals(held, people)
    end_h = expectancy.treatment_end_h(arm.regimen.doses[-1].end_h, held["contact_window_d"])
    start = np.broadcast_to(_logit(expectancy.logistic(ind["expectation_logit"])), len(people))
    belief = _logit(runs[asked.control].felt["belief"])
    place = np.searchsorted(control.start_d, arm.start_d, side="right")
    wished = np.column_stack([start, belief])[:, place]
    steps = np.diff(np.column_stack([ind["expectation_logit"], wished]), axis=1)
    _, placebo = expectancy.course(
        run.time_h, arm.start_d * HOURS_PER_DAY, end_h, steps, 0 * steps, 0 * steps, ind | _plain(len(people))
    )
    return symptoms.totals(people, placebo, run.values["benefit"], ind)[score]


def _plain(n: int) -> dict[str, Array]:
    """Weights with which a step in dissociation is a step in the log odds of belief, and nothing else moves it."""
    one, zero = np.ones(n), np.zeros(n)
    return {
        "belief_dissociation_weight_per_point": one,
        "belief_dissociation_neutral_points": zero,
        "belief_sedation_weight": zero,
        "belief_improvement_weight": zero,
    }


def _logit(share: Array) -> Array:
    edge = np.finfo(np.float64).eps
    inside = np.clip(share, edge, 1 - edge)
    return np.asarray(np.log(inside / (1 - inside)))
