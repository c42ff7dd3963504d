"""Arms: who they are, what they are given, how many there are in each."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reprieve.core.errors import InputError
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.regimen import KETAMINES, Regimen, Substance
from reprieve.trials.design.schedule import arm_sizes

if TYPE_CHECKING:
    from reprieve.trials.design.form import ArmForm, DesignForm

LEAST_PATIENTS = 2  # an arm of one has no spread
_GIVEN = {
    "ketamine": (KETAMINES, "must give ketamine"),
    "active": (frozenset(Substance) - {Substance.SALINE}, "must give something that is felt"),
    "inert": (frozenset({Substance.SALINE}), "must give saline"),
}


def names(design: DesignForm, where: str) -> None:
    """Arms have names of their own, and among them are a ketamine arm and a control."""
    seen: set[str] = set()
    for arm in design.arms:
        if arm.name.strip() != arm.name or not arm.name.strip():
            raise InputError(f"{where}: arms.name", arm.name, "must not be blank or begin or end with a blank")
        if arm.name.lower() in seen:
            raise InputError(f"{where}: arms.name", arm.name, "is the name of two arms", "name each arm once")
        seen.add(arm.name.lower())
    roles = [arm.role for arm in design.arms]
    if "ketamine" not in roles:
        raise InputError(f"{where}: arms.role", roles, "must hold a ketamine arm", 'write role = "ketamine" in one arm')
    if set(roles) == {"ketamine"}:
        fix = 'write role = "active" or "inert" in the arm that the others are compared with'
        raise InputError(f"{where}: arms.role", roles, "must hold a control", fix)


def regimens(design: DesignForm, where: str) -> None:
    """Every regimen can be read and simulated, starts on day 0 and fits the arm's role."""
    _disposition(design.disposition, where)
    for arm in design.arms:
        first = _regimen(design, f"{where}: arms.{arm.name}.regimen", arm.regimen)
        if arm.second is not None:
            _regimen(design, f"{where}: arms.{arm.name}.second", arm.second)
        _fits_role(arm, first, where)


def sizes(design: DesignForm, where: str) -> None:
    """The number of patients is said once: by `allocation`, or by `patients` in every arm."""
    said = [arm for arm in design.arms if arm.patients is not None]
    silent = [arm for arm in design.arms if arm.patients is None]
    if design.allocation is not None:
        if said:
            field, value = f"{where}: arms.{said[0].name}.patients", said[0].patients
            raise InputError(field, value, "is given together with [allocation]", "keep one of the two")
        _check_ratio(design, where)
    elif not said:
        raise InputError(f"{where}: allocation", None, "must be given", "or write `patients` in every arm")
    elif silent:
        field = f"{where}: arms.{silent[0].name}.patients"
        raise InputError(field, None, "must be given as in the other arms", "or write [allocation] instead in all")
    for arm, size in zip(design.arms, arm_sizes(design), strict=True):
        if size < LEAST_PATIENTS:
            raise InputError(f"{where}: arms.{arm.name}.patients", size, f"must be at least {LEAST_PATIENTS}")


def _check_ratio(design: DesignForm, where: str) -> None:
    allocation, arms = design.allocation, len(design.arms)
    if allocation is None:
        return
    if len(allocation.ratio) != arms:
        rule = f"must hold one number for each of the {arms} arms"
        raise InputError(f"{where}: allocation.ratio", allocation.ratio, rule, "in the order of the arms")
    whole = sum(allocation.ratio)
    below = allocation.patients // whole * whole
    if below != allocation.patients:
        ratio = ":".join(map(str, allocation.ratio))
        fix = f"write {below} or {below + whole}" if below else f"write {whole}"
        rule = f"cannot be divided {ratio}"
        raise InputError(f"{where}: allocation.patients", allocation.patients, rule, fix)


def _regimen(design: DesignForm, field: str, text: str) -> Regimen:
    try:
        regimen = Regimen.parse(text)
        _simulated(text, design.disposition)
    except InputError as error:
        inner = "" if error.field in ("regimen", "") else f": {error.field}"
        fix = error.fix.replace("use model ", "write disposition = ")
        raise type(error)(f"{field}{inner}", error.value, error.rule, fix) from None
    if regimen.doses[0].start_h >= HOURS_PER_DAY:
        day = f"day {regimen.doses[0].start_h / HOURS_PER_DAY:g}"
        raise InputError(field, day, "must start on day 0", "days count from the first infusion")
    return regimen


def _disposition(name: str, where: str) -> None:
    from reprieve.model.disposition import load_model

    try:
        load_model(name)
    except InputError as error:
        raise type(error)(f"{where}: disposition", name, error.rule, error.fix) from None


@cache
def _simulated(text: str, disposition: str) -> None:
    """Ask the kinetic model itself whether it can give this regimen to somebody."""
    from reprieve.model.disposition import load_model
    from reprieve.model.individuals import individuals
    from reprieve.model.population import population

    model, anybody = load_model(disposition), population(1, profile="typical")
    model.schedule(Regimen.parse(text), individuals(model.parameters, anybody, 0), anybody)


def _fits_role(arm: ArmForm, regimen: Regimen, where: str) -> None:
    allowed, rule = _GIVEN[arm.role]
    if regimen.substance not in allowed:
        fix = f"the regimen gives {regimen.substance}: change it or the role"
        raise InputError(f"{where}: arms.{arm.name}.role", arm.role, rule, fix)
