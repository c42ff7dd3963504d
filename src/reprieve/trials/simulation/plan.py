"""What a design asks of the simulator: arms, sizes, days, comparisons, in one of three worlds.

as_modelled      every arm as written
no_difference    every arm gets what the control arm gets: the arms are exchangeable, type I error is counted here
belief_only      the drug does nothing for symptoms, but is felt: belief follows, false attribution is counted here
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.regimen import Regimen
from reprieve.trials.design import schedule

if TYPE_CHECKING:
    from reprieve.trials.design.form import ArmForm, DesignForm

type Array = NDArray[np.float64]

WORLDS = ("as_modelled", "no_difference", "belief_only")


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm as it is simulated: `second` is what a crossover gives in the second period, `drug` the drug's benefit.

    `masked` leaves belief where each patient started; `psychotherapy` beside it.
    """

    name: str
    regimen: Regimen
    second: Regimen | None
    masked: bool
    psychotherapy: bool
    drug: bool

    @property
    def start_d(self) -> Array:
        """Days at which the infusions start, (k,)."""
        return np.array([dose.start_h for dose in self.regimen.doses]) / HOURS_PER_DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """Arms in the design's order with their `sizes`, the `days` read (baseline, day 0, first), and who is compared.

    `primary` is the column of the primary day in `days`; `compared` holds the numbers of the arms that are compared
    with the arm numbered `control`, the primary comparison first. A crossover's second period, with a baseline of its
    own, begins on day `second_d` and takes the second half of `days`; 0 for a parallel trial.
    """

    world: str
    arms: tuple[Arm, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    control: int
    compared: tuple[int, ...]
    days: Array
    primary: int
    second_d: float

    @property
    def patients(self) -> int:
        """Patients in all arms together."""
        return sum(self.sizes)


def plan(design: DesignForm, world: str = "as_modelled") -> Plan:
    """Return the plan of a checked `design` in `world`.

    Raises `InputError` for an unknown world, a trend in the dose (not simulated), or a design without a control.
    """
    if world not in WORLDS:
        raise InputError("world", world, f"must be one of {', '.join(WORLDS)}")
    if design.analysis.contrast == "trend":
        raise InputError("analysis.contrast", "trend", "is not simulated", 'write contrast = "each"')
    roles = [arm.role for arm in design.arms]
    if set(roles) == {"ketamine"} or "ketamine" not in roles:
        raise InputError("arms.role", roles, "must hold ketamine and a control")
    control = design.arms.index(schedule.control(design))
    period = [0, *design.visits.days]
    second = _second(design)
    forms = [design.arms[control] if world == "no_difference" else form for form in design.arms]
    return Plan(
        world=world,
        arms=tuple(_arm(form, world) for form in forms),
        names=tuple(form.name for form in design.arms),
        sizes=schedule.arm_sizes(design),
        control=control,
        compared=tuple(number for number, role in enumerate(roles) if role == "ketamine"),
        days=np.array(period + [second + day for day in period if second], dtype=np.float64),
        primary=period.index(design.visits.primary_day),
        second_d=float(second),
    )


def _second(design: DesignForm) -> int:
    """The day on which a crossover's second period begins; 0 for a parallel trial. Refuses what is not simulated."""
    if design.kind != "crossover":
        return 0
    for what in ("stopped", "withdrawn"):
        if getattr(design.estimand, what) not in ("treatment_policy", "hypothetical"):
            fix = "treatment_policy or hypothetical: the score is missing"
            raise InputError(f"estimand.{what}", getattr(design.estimand, what), "is not simulated in a crossover", fix)
    if design.estimand.rescue_rule is not None:
        raise InputError("estimand.rescue_rule", "given", "is not simulated in a crossover", "leave it out")
    return schedule.second_start_d(design)


def _arm(form: ArmForm, world: str) -> Arm:
    second = form.regimen if form.second is not None and world == "no_difference" else form.second
    return Arm(
        name=form.name,
        regimen=Regimen.parse(form.regimen),
        second=None if second is None else Regimen.parse(second),
        masked=form.masked,
        psychotherapy=form.psychotherapy,
        drug=world != "belief_only",
    )
