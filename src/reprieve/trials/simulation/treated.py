"""The one place where an arm is simulated: patients, parameters and a regimen in, scores and what was felt out.

Everything else of a trial (entry, leaving, strategies, analysis) takes what this returns, so that another way of
giving the infusions can take its place.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.expectancy import logistic
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation
from reprieve.trials.protocol.frozen import check
from reprieve.trials.protocol.joined import joined
from reprieve.trials.protocol.policy import policy_of
from reprieve.trials.protocol.steer import steer
from reprieve.trials.protocol.watch import watch_of

if TYPE_CHECKING:
    from reprieve.core.parameters import ParameterSet
    from reprieve.model.population import Population
    from reprieve.trials.design.form import DesignForm
    from reprieve.trials.simulation.plan import Arm

type Array = NDArray[np.float64]

# Minutes at which acute effects are asked for beside the end of each infusion: the peak of a comparator, described
# over 40 minutes, and points around it for an infusion of another length.
MINUTES = (20.0, 40.0, 60.0)
# What moves belief, and what dissociation does to leaving: nothing under anaesthesia.
UNFELT = (
    "belief_dissociation_weight_per_point",
    "belief_sedation_weight",
    "belief_improvement_weight",
    "dropout_per_dissociation_point",
)


def treated(
    design: DesignForm,
    arm: Arm,
    patients: Population,
    parameters: ParameterSet,
    *,
    days: Array,
    executor: str = "numba",
    infusions: int | None = None,
) -> Simulation:
    """Return `patients` under `arm`, read on `days` (t,); `infusions` gives only the first so many.

    Sites are not told apart: in the model a site moves blood pressure and no score, and without session rules nothing
    here reads that. Where session rules steer the infusions, the doses given are run again without them.

    Raises `InputError` for a regimen that rules cannot steer, `NumericsError` if the second run gives other curves.
    """
    regimen = arm.regimen if infusions is None else replace(arm.regimen, doses=arm.regimen.doses[:infusions])
    held = parameters.replace(**dict.fromkeys(UNFELT, 0.0)) if arm.masked else parameters
    run = partial(
        simulate,
        model=design.disposition,
        parameters=held,
        links=Links(drug=arm.drug, belief=belief(design, parameters)),
        executor=executor,
    )
    time_h = days * HOURS_PER_DAY
    if design.protocol.rules == "none":
        return run(regimen, patients, time_h=time_h, minutes=np.array(MINUTES))
    steered = steer(regimen, patients, policy_of(design.protocol), watch_of(design.protocol), run, time_h=time_h)
    check(steered, patients, run, time_h=time_h)
    expected = individuals(held, patients)["expectation_logit"]
    return joined(steered, patients, logistic(expected))


def belief(design: DesignForm, parameters: ParameterSet) -> float | None:
    """Return the belief that everybody is held at, or None where it follows: at expectation if no level is given."""
    if design.blinding.kind == "follows":
        return None
    if design.blinding.level is not None:
        return design.blinding.level
    return float(logistic(np.array(parameters["expectation_logit"])))
