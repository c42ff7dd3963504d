"""What follows from a design: its control, the size of its arms, when a crossover goes on, what an arm is given."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.regimen import Regimen

if TYPE_CHECKING:
    from reprieve.trials.design.form import ArmForm, DesignForm


def control(design: DesignForm) -> ArmForm:
    """Return the arm that the others are compared with: the first whose role is not ketamine."""
    return next(arm for arm in design.arms if arm.role != "ketamine")


def active_arms(design: DesignForm) -> tuple[ArmForm, ...]:
    """Return the ketamine arms, in the order of the file."""
    return tuple(arm for arm in design.arms if arm.role == "ketamine")


def comparisons(design: DesignForm) -> int:
    """Return how many tests the primary analysis makes."""
    return 1 if design.analysis.contrast == "trend" else len(active_arms(design))


def alpha_each(design: DesignForm) -> float:
    """Return the two-sided error of each comparison."""
    return design.analysis.alpha / (comparisons(design) if design.analysis.multiplicity == "bonferroni" else 1)


def arm_sizes(design: DesignForm) -> tuple[int, ...]:
    """Return the patients of each arm, in the order of the file."""
    if design.allocation is None:
        return tuple(arm.patients or 0 for arm in design.arms)
    share = design.allocation.patients // sum(design.allocation.ratio)
    return tuple(share * part for part in design.allocation.ratio)


def regimens(arm: ArmForm) -> tuple[Regimen, ...]:
    """Return what an arm is given: one regimen, two in a crossover, each from its own day 0."""
    return tuple(Regimen.parse(text) for text in (arm.regimen, arm.second) if text is not None)


def second_start_d(design: DesignForm) -> int:
    """Return the day on which the second period of a crossover begins, the same in all arms.

    It is the first whole day at least `washout_d` days after the day of the last infusion of the first period in any
    arm. The second regimen's own day 0 is that day.
    """
    last = max(regimens(arm)[0].last_start_h for arm in design.arms)
    return ceil(last // HOURS_PER_DAY + (design.washout_d or 0.0))


def look_sizes(design: DesignForm) -> tuple[int, ...]:
    """Return how many patients must have their primary visit before each interim look."""
    everybody = sum(arm_sizes(design))
    return tuple(ceil(look.information * everybody) for look in design.interim.looks) if design.interim else ()


def information(design: DesignForm) -> tuple[float, ...]:
    """Return the information fractions of all analyses, the last one included, for `sequential.bounds`."""
    return (*(look.information for look in design.interim.looks), 1.0) if design.interim else (1.0,)
