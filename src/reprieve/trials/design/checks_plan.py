"""When things happen: periods, visits, what patients are told, which rules steer an infusion."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from reprieve.core.errors import InputError
from reprieve.model.regimen import Regimen
from reprieve.trials.design.schedule import second_start_d
from reprieve.trials.design.wording import nearest

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm


def periods(design: DesignForm, where: str) -> None:
    """A crossover has two sequences, mirror images, and a washout; a parallel trial has neither."""
    if design.kind == "parallel":
        for arm in design.arms:
            if arm.second is not None:
                fix = 'write kind = "crossover", or leave it out'
                raise InputError(f"{where}: arms.{arm.name}.second", arm.second, "belongs to a crossover", fix)
        if design.washout_d is not None:
            raise InputError(f"{where}: washout_d", design.washout_d, "belongs to a crossover", "leave it out")
        return
    if design.washout_d is None:
        raise InputError(f"{where}: washout_d", None, "must be given in a crossover", "days from last to next infusion")
    if len(design.arms) != 2:
        raise InputError(f"{where}: arms", len(design.arms), "must be two in a crossover, one for each order")
    for arm, other in (design.arms, design.arms[::-1]):
        field = f"{where}: arms.{arm.name}.second"
        if arm.second is None:
            raise InputError(field, None, "must be given in a crossover", f"what {other.name} is given first")
        if Regimen.parse(arm.second) != Regimen.parse(other.regimen):
            rule = f"must be what {other.name} is given first"
            raise InputError(field, arm.second, rule, f"write {other.regimen!r}")


def visits(design: DesignForm, where: str) -> None:
    """Visits come after baseline, in order, once each, and the primary one is among them."""
    days = design.visits.days
    if days[0] <= 0:
        fix = "baseline is read by itself; visits start on day 1"
        raise InputError(f"{where}: visits.days", days[0], "must come after baseline, day 0", fix)
    for before, after in pairwise(days):
        if after <= before:
            rule = "is there twice" if after == before else f"comes after {before}"
            raise InputError(f"{where}: visits.days", after, rule, "list each day once, in rising order")
    if design.visits.primary_day not in days:
        fix = f"one of {', '.join(map(str, days))}"
        raise InputError(f"{where}: visits.primary_day", design.visits.primary_day, "is not one of visits.days", fix)
    if design.kind == "crossover" and days[-1] > second_start_d(design):
        rule = f"is after the second period begins, day {second_start_d(design)}"
        fix = "visits are days of a period: give a longer washout_d or earlier visits"
        raise InputError(f"{where}: visits.days", days[-1], rule, fix)


def blinding(design: DesignForm, where: str) -> None:
    """A level of belief is given where belief is held, and only there."""
    held, level = design.blinding.kind == "fixed", design.blinding.level
    if held and level is None:
        raise InputError(f"{where}: blinding.level", None, "must be given where kind is fixed", "0.5 for not knowing")
    if not held and level is not None:
        fix = 'write kind = "fixed", or leave it out'
        raise InputError(f"{where}: blinding.level", level, "cannot be held where belief follows what is felt", fix)


def protocol(design: DesignForm, where: str, limit_names: Collection[str] | None) -> None:
    """Limits are those of a rule, within the range that the rule file gives, and there are rules that use them."""
    held = design.protocol
    if held.rules == "none":
        for key, value in held:
            if value != type(held).model_fields[key].get_default(call_default_factory=True):
                fix = 'write rules = "shipped", or leave it out'
                raise InputError(f"{where}: protocol.{key}", value, "has no rules that use it", fix)
    if held.limits:
        _limits(held.limits, limit_names, where)


def _limits(values: Mapping[str, float], limit_names: Collection[str] | None, where: str) -> None:
    from reprieve.core.rules.files import load_rules

    rules = load_rules()
    names = [name for name in rules.limits if limit_names is None or name in limit_names]
    for name, value in values.items():
        field = f"{where}: protocol.limits.{name}"
        if name not in names:
            raise InputError(field, value, "is no limit of the rules", nearest(name, names, most=6))
        try:
            rules.limits[name].set_to(value, "design", "")
        except InputError as error:
            raise InputError(field, value, error.rule, error.fix) from None
    try:
        rules.with_limits(values, by="design")
    except InputError as error:
        raise InputError(f"{where}: protocol.limits", error.value, error.rule, error.fix) from None
