"""The truth of a design: the same virtual patients under both arms, under the stated strategy.

difference = mean over patients of ( score under the active arm - score under control ) on the primary day
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.results import Result, digest, versions
from reprieve.trials.analysis.survival import log_rank
from reprieve.trials.simulation.analysed import response, times_to_loss
from reprieve.trials.simulation.effect import Effect, mean
from reprieve.trials.simulation.outcome import Case, Outcome, Parameters, outcomes
from reprieve.trials.simulation.people import enrol, replicate_seed
from reprieve.trials.simulation.plan import Plan, plan
from reprieve.trials.simulation.unblinding import unblinding
from reprieve.trials.simulation.values import Values, values

if TYPE_CHECKING:
    from reprieve.calibration.posterior import Posterior
    from reprieve.trials.design.form import DesignForm, Estimand
    from reprieve.trials.simulation.baseline import Remembered

type Array = NDArray[np.float64]

PATIENTS = 10_000


@dataclass(frozen=True, kw_only=True)
class Truth(Result):
    """The true difference of each compared arm on the primary day, arm name -> effect, active minus control.

    `difference` in points, `responders` in shares, `effect` on the scale of the primary analysis (`nan` error where it
    is a log hazard ratio). `unblinding` is the share of the difference that goes through belief; its error grows
    without limit as the difference goes to 0, and it is NaN where there is none.
    """

    world: str
    patients: int
    values: str
    strategies: dict[str, str]
    difference: dict[str, Effect]
    responders: dict[str, Effect]
    effect: dict[str, Effect]
    unblinding: dict[str, Effect]

    def to_json(self) -> dict[str, Any]:
        """Plain data, intervals with their level and kind."""

        def told(table: dict[str, Effect]) -> dict[str, Any]:
            return {name: one.to_json() for name, one in table.items()}

        return {
            "world": self.world,
            "patients": self.patients,
            "values": self.values,
            "strategies": self.strategies,
            "interval": "95 % interval of the simulation, equal-tailed",
            "difference": told(self.difference),
            "responders": told(self.responders),
            "effect": told(self.effect),
            "unblinding": told(self.unblinding),
            "inputs_digest": self.inputs_digest,
            "versions": dict(self.versions),
        }


def truth(
    design: DesignForm,
    seed: int = 1,
    *,
    world: str = "as_modelled",
    patients: int = PATIENTS,
    posterior: Posterior | None = None,
    draw: int | None = None,
    executor: str = "numba",
    estimand: Estimand | None = None,
    followed: float = 0.0,
) -> Truth:
    """Return the truth of `design` in `patients` virtual patients who meet its entry criterion.

    `draw` takes the parameters of that replicate of an assurance run; without it they are the central ones.

    Raises `InputError` as `plan` and `enrol` do.
    """
    source = values(posterior, draw is not None, design.population, seed)
    case = Case(design, plan(design, world), estimand or design.estimand, executor, followed)
    people, found, parameters = _simulated(case, source, seed, patients, draw or 0)
    names = {case.plan.names[number]: number for number in case.plan.compared}
    method = design.analysis.method
    given = [design.model_dump(), case.estimand.model_dump(), seed, world, patients, source.label, draw, followed]
    return Truth(
        versions=versions(),
        inputs_digest=digest(given),
        world=world,
        patients=patients,
        values=source.label,
        strategies={what: getattr(case.estimand, what) for what in ("stopped", "rescue", "withdrawn")},
        difference={name: gap(case, found, number, "points") for name, number in names.items()},
        responders={name: gap(case, found, number, "responders") for name, number in names.items()},
        effect={name: gap(case, found, number, method) for name, number in names.items()},
        unblinding=unblinding(case, people, parameters),
    )


def truths(case: Case, source: Values, seed: int, patients: int) -> dict[int, Effect]:
    """Return the effect of each compared arm, on the scale of the analysis, at the central parameters."""
    _, found, _ = _simulated(case, source, seed, patients, 0)
    return {number: gap(case, found, number, case.design.analysis.method) for number in case.plan.compared}


def _simulated(
    case: Case, source: Values, seed: int, patients: int, number: int
) -> tuple[Remembered, tuple[Outcome, ...], Parameters]:
    parameters = partial(source.of, number)
    people, _ = enrol(case.design, replicate_seed(seed, "truth"), patients, parameters(False))
    return people, outcomes(case, people, parameters), parameters


def gap(case: Case, found: tuple[Outcome, ...], number: int, method: str) -> Effect:
    """Return the true difference between arm `number` and control in the given patients, on the scale of `method`."""
    asked = case.plan
    tables = [found[arm].counted.truth for arm in (number, asked.control)]
    share = case.design.analysis.response_share
    if method == "loss_of_response":
        return _loss(tables, asked, share)
    if method == "responders":
        one, two = (response(table, asked.primary, share) for table in tables)
    else:
        one, two = (table[:, asked.primary] for table in tables)
    return mean(one - two)


def _loss(tables: list[Array], asked: Plan, share: float) -> Effect:
    """One-step log hazard ratio with everybody in both arms; its error is not known, since the arms share patients."""
    parts = [times_to_loss(table, asked.days, asked.primary, share) for table in tables]
    time, event = (np.concatenate([part[column] for part in parts]) for column in (1, 2))
    arm = np.repeat([1.0, 0.0], [len(part[0]) for part in parts])
    observed, expected, variance = log_rank(time, event, arm)
    return Effect((observed - expected) / variance if variance > 0 else nan, nan)
