"""The question and its test: method, strategy for what comes between, interim looks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from reprieve.core.errors import InputError
from reprieve.trials.design.schedule import active_arms, alpha_each, arm_sizes, information, look_sizes, regimens

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm

LARGEST_ALPHA = 0.5
LEAST_SEEN = 2  # patients per arm whose primary visit a look needs


def method(design: DesignForm, where: str) -> None:
    """The analysis fits the kind of trial, its visits and its arms."""
    chosen, field = design.analysis.method, f"{where}: analysis.method"
    if (design.kind == "crossover") != (chosen == "crossover"):
        fix = (
            'write method = "crossover"' if design.kind == "crossover" else "mmrm, ancova, responders, loss_of_response"
        )
        raise InputError(field, chosen, f"does not fit a {design.kind} trial", fix)
    if design.analysis.alpha >= LARGEST_ALPHA:
        raise InputError(
            f"{where}: analysis.alpha", design.analysis.alpha, "must be below 0.5", "two-sided, such as 0.05"
        )
    if chosen in ("responders", "loss_of_response") and not 0 < design.analysis.response_share < 1:
        rule = "must lie between 0 and 1: the fall from baseline that counts as response"
        raise InputError(f"{where}: analysis.response_share", design.analysis.response_share, rule)
    if chosen == "loss_of_response" and design.visits.primary_day == design.visits.days[-1]:
        fix = "add visits, or make an earlier day the primary one"
        raise InputError(field, chosen, "needs visits after visits.primary_day: who responds then is followed", fix)
    if design.analysis.contrast == "trend":
        _trend(design, where)


def _trend(design: DesignForm, where: str) -> None:
    field = f"{where}: analysis.contrast"
    if design.analysis.method not in ("mmrm", "ancova"):
        raise InputError(field, "trend", "needs a score", 'write method = "mmrm" or "ancova", or contrast = "each"')
    doses = {round(sum(dose.amount for dose in regimens(arm)[0].doses), 9) for arm in active_arms(design)}
    units = {dose.unit for arm in active_arms(design) for dose in regimens(arm)[0].doses}
    if len(doses) < 2 or len(units) > 1:
        rule = "needs ketamine arms of different doses in one unit"
        raise InputError(field, "trend", rule, 'write contrast = "each" to compare arms one by one')


def estimand(design: DesignForm, where: str) -> None:
    """A rescue rule and the strategy for it come together, and it can act before the last visit."""
    held, last = design.estimand, design.visits.days[-1]
    if held.rescue_rule is None:
        if held.rescue != "treatment_policy":
            fix = "add [estimand.rescue_rule], or leave it out"
            raise InputError(f"{where}: estimand.rescue", held.rescue, "has no rescue medicine to count", fix)
    elif "rescue" not in held.model_fields_set:
        fix = "treatment_policy, hypothetical, composite or while_on_treatment"
        raise InputError(f"{where}: estimand.rescue", None, "must be given with a rescue_rule", fix)
    elif not 0 < held.rescue_rule.from_day <= last:
        field = f"{where}: estimand.rescue_rule.from_day"
        raise InputError(field, held.rescue_rule.from_day, f"must be from day 1 to the last visit, day {last}")
    if held.dropout.kind == "none" and held.dropout.scale != 1:
        fix = 'write kind = "model", or leave it out'
        raise InputError(f"{where}: estimand.dropout.scale", held.dropout.scale, "has no dropout to multiply", fix)


def interim(design: DesignForm, where: str) -> None:
    """Looks come one after another, each with a reason to stop, and no bound contradicts another."""
    if design.interim is None:
        return
    held, field = design.interim, f"{where}: interim"
    if design.kind == "crossover":
        raise InputError(field, "crossover", "looks are not offered for a crossover", "leave [interim] out")
    for before, after in pairwise(held.looks):
        if after.information <= before.information:
            rule = f"must rise: it comes after {before.information:g}"
            raise InputError(
                f"{field}.looks.information", after.information, rule, "list the looks in order, once each"
            )
    if held.efficacy == "none" and held.futility_z is None and held.drop_arms_below_z is None:
        fix = "write an efficacy shape, futility_z or drop_arms_below_z"
        raise InputError(f"{field}.efficacy", "none", "leaves the looks without a reason to stop", fix)
    if held.drop_arms_below_z is not None and len(active_arms(design)) < 2:
        fix = "use futility_z to stop a trial of two arms"
        raise InputError(f"{field}.drop_arms_below_z", held.drop_arms_below_z, "needs two ketamine arms", fix)
    if look_sizes(design)[0] < LEAST_SEEN * len(arm_sizes(design)):
        rule = f"is {look_sizes(design)[0]} patients: too few for {len(arm_sizes(design))} arms"
        raise InputError(f"{field}.looks.information", held.looks[0].information, rule, "look later")
    _bounds(design, field)


def _bounds(design: DesignForm, field: str) -> None:
    from reprieve.trials.sequential.bounds import bounds

    held = design.interim
    if held is None:
        return
    for key in ("futility_z", "drop_arms_below_z"):
        value = getattr(held, key)
        try:
            bounds(information(design), alpha_each(design), held.efficacy, 2, futility_z=value)
        except InputError as error:
            name = "looks.information" if error.field == "looks" else key
            raise InputError(f"{field}.{name}", error.value, error.rule, error.fix) from None
