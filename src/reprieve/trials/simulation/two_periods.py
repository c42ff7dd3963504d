"""A crossover patient: two treatments one after the other, with what the first leaves behind.

    benefit   1 - (1 - D1)(1 - D2)                     each as if given alone, on one clock: the chain fades by itself
    non-drug  P1 before the second period, then P2 + P1(start) (f e^(-t/fast) + (1 - f) e^(-t/slow))

The second period begins with the belief that the patient had before the first; what is left of the first non-drug
response moves to the new one at the rates of the response itself. Presence follows the first treatment's course until
the second period and the second's from then on. Readings look back over both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.units import HOURS_PER_DAY
from reprieve.model import observation, symptoms
from reprieve.model.individuals import individuals
from reprieve.model.regimen import Regimen
from reprieve.trials.simulation.treated import treated

if TYPE_CHECKING:
    from reprieve.core.parameters import ParameterSet
    from reprieve.model.simulation import Simulation
    from reprieve.trials.simulation.baseline import Remembered
    from reprieve.trials.simulation.outcome import Case
    from reprieve.trials.simulation.plan import Arm

type Array = NDArray[np.float64]


def delayed(regimen: Regimen, days: float) -> Regimen:
    """Return the regimen with every dose `days` later."""
    later = tuple(replace(dose, start_h=dose.start_h + days * HOURS_PER_DAY) for dose in regimen.doses)
    return replace(regimen, doses=later)


def two_periods(case: Case, arm: Arm, patients: Remembered, parameters: ParameterSet) -> tuple[Array, Array]:
    """Return readings and the probability of being there, (n, t) each, on the days of the plan, both periods."""
    score, days, start_d = case.design.visits.score, case.plan.days, case.plan.second_d
    recall_h, index = observation.recall_times(days * HOURS_PER_DAY, observation.recall_days(symptoms.SCORES[score]))
    grid_h = np.unique([*recall_h, *(days * HOURS_PER_DAY)])
    other = replace(arm, regimen=delayed(arm.second or arm.regimen, start_d), second=None)
    first, second = (
        treated(case.design, one, patients, parameters, days=grid_h / HOURS_PER_DAY, executor=case.executor)
        for one in (arm, other)
    )
    ind = individuals(parameters, patients)
    benefit = 1 - (1 - first.values["benefit"]) * (1 - second.values["benefit"])
    placebo = _nondrug(first, second, grid_h, start_d * HOURS_PER_DAY, ind)
    latent = symptoms.totals(patients, placebo, benefit, ind)[score]
    average = observation.recalled(latent, np.searchsorted(grid_h, recall_h)[index])
    readings = observation.observe(score, average, days * HOURS_PER_DAY, patients, ind)
    at, start = np.searchsorted(grid_h, days * HOURS_PER_DAY), int(np.searchsorted(grid_h, start_d * HOURS_PER_DAY))
    stay = [run.values["retained"] for run in (first, second)]
    late = stay[0][:, start, None] * stay[1] / stay[1][:, start, None]
    return readings, np.where(grid_h < start_d * HOURS_PER_DAY, stay[0], late)[:, at]


def _nondrug(first: Simulation, second: Simulation, grid_h: Array, start_h: float, ind: dict[str, Array]) -> Array:
    """The non-drug response in both periods, (n, g)."""
    after_d = np.maximum(grid_h - start_h, 0) / HOURS_PER_DAY
    share = ind["nondrug_fast_share"][:, None]
    fast, slow = (np.exp(-after_d / ind[f"nondrug_{name}_time_d"][:, None]) for name in ("fast", "slow"))
    left = first.values["placebo"][:, [int(np.searchsorted(grid_h, start_h))]]
    late = second.values["placebo"] + left * (share * fast + (1 - share) * slow)
    return np.where(grid_h < start_h, first.values["placebo"], late)
