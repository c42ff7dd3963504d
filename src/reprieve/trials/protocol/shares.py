"""How often infusions are paused, slowed, stopped or withheld, under one set of limits or several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.results import Result, digest, versions
from reprieve.core.rules.files import load_rules
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.population import Population
from reprieve.model.regimen import Regimen
from reprieve.trials.protocol.frozen import check
from reprieve.trials.protocol.log import ACTIONS, RESUMED
from reprieve.trials.protocol.policy import Policy
from reprieve.trials.protocol.steer import Run, Steered, steer
from reprieve.trials.protocol.watch import Watch

type Array = NDArray[np.float64]

SHOWN = tuple(action for action in ACTIONS if action != RESUMED)
# Stands wherever these shares are shown.
TOO_MANY = (
    "The model puts 4.5 % of infusions above 180/110; Yale 2024 reported 0.98 % (limit not printed). "
    "Read the shares against one another rather than alone."
)


@dataclass(frozen=True, slots=True)
class Share:
    """A mean over infusions with its Monte-Carlo standard error, patients counted as independent."""

    value: float
    se: float


@dataclass(frozen=True, kw_only=True)
class Shares(Result):
    """Shares of planned infusions by action, and the dose given as a share of the order, for each set of limits.

    `not_assessed` names the watched rules that no reading of the model can decide.
    """

    limits: Mapping[str, Mapping[str, float]]
    actions: Mapping[str, Mapping[str, Share]]
    dose: Mapping[str, Share]
    patients: int
    not_assessed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        sets = {
            name: {
                "limits": dict(self.limits[name]),
                **{action: {"share": one.value, "se": one.se} for action, one in self.actions[name].items()},
                "dose_given": {"share": self.dose[name].value, "se": self.dose[name].se},
            }
            for name in self.limits
        }
        return {
            "patients": self.patients,
            "sets": sets,
            "not_assessed": list(self.not_assessed),
            "warnings": list(self.warnings),
            "versions": dict(self.versions),
            "inputs_digest": self.inputs_digest,
        }


def limits_compared(
    regimen: Regimen,
    patients: Population,
    limits: Mapping[str, Mapping[str, float]],
    run: Run,
    *,
    policy: Policy | None = None,
    frozen: bool = True,
) -> Shares:
    """Give `regimen` to the same patients under each named set of limits; an empty set is the shipped one.

    Raises `InputError` for a limit that is not in the rule file or out of its range, `NumericsError` if the doses given
    do not give the same curves without the rules (`frozen` runs them again).
    """
    policy = policy or Policy()
    time_h = np.arange(0.0, np.ceil(regimen.last_start_h / HOURS_PER_DAY) + 2) * HOURS_PER_DAY
    actions: dict[str, Mapping[str, Share]] = {}
    dose: dict[str, Share] = {}
    rules = load_rules()
    watch = Watch(rules, slow_on=policy.slow_on)
    for name, own in limits.items():
        watch = Watch(rules.with_limits(own, by=name) if own else rules, slow_on=policy.slow_on)
        steered = steer(regimen, patients, policy, watch, run, time_h=time_h)
        if frozen:
            check(steered, patients, run, time_h=time_h)
        actions[name], dose[name] = shares_of(steered)
    return Shares(
        versions=versions(),
        inputs_digest=digest([regimen.to_json(), patients.ids, patients.seed, dict(limits), policy, rules.digest]),
        warnings=(TOO_MANY,),
        limits=limits,
        actions=actions,
        dose=dose,
        patients=len(patients),
        not_assessed=watch.not_assessed(),
    )


def shares_of(steered: Steered) -> tuple[dict[str, Share], Share]:
    """Return the share of infusions by action, and the mean share of the dose that was given."""
    return {action: _share(steered.infusions(action)) for action in SHOWN}, _share(steered.dose_share)


def _share(by_infusion: Array) -> Share:
    mine = by_infusion.mean(axis=1)
    return Share(float(mine.mean()), float(mine.std(ddof=1) / np.sqrt(len(mine))) if len(mine) > 1 else float("nan"))
