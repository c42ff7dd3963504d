"""Regimens: which drug, how much, by which route, how fast and when.

A regimen is a list of doses; a dose is one administration, made of phases of constant rate.
A pause is a phase of amount 0. Time 0 is the start of day 0.
Amounts are held as they were ordered (mg or mg/kg, base or hydrochloride).
`Regimen.amount_mg` gives mg of base.

Everything is checked when it is made. What cannot be right is refused with an `InputError` naming the field.
The limits are in `data/regimen.toml`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.units import base_amount
from reprieve.model.regimen_limits import (
    at_least_zero,
    at_most,
    check_weight,
    last_start_h,
    member,
    positive,
    shortest_phase_h,
)

type Unit = Literal["mg", "mg/kg"]

UNITS: tuple[Unit, ...] = ("mg", "mg/kg")
LARGEST_DENOMINATOR = 1_000_000  # of a time that was typed, such as 40/60 h
_DOSE_FIELDS = {"mg": "dose_mg", "mg/kg": "dose_mg_per_kg"}


class Substance(StrEnum):
    """What is given. `active` is a comparator known only by what it feels like."""

    RACEMATE = "ketamine"
    S = "esketamine"
    R = "arketamine"
    SALINE = "saline"
    MIDAZOLAM = "midazolam"
    OTHER_ACTIVE = "active"


class Route(StrEnum):
    """How it is given. Only intravenous doses have a duration; the others are one amount at one moment."""

    IV = "iv"
    IM = "im"
    NASAL = "nasal"
    ORAL = "oral"
    SUBLINGUAL = "sublingual"


class Basis(StrEnum):
    """What the amount counts: ketamine base (the usual label) or ketamine hydrochloride."""

    BASE = "base"
    HCL = "hcl"


KETAMINES = frozenset({Substance.RACEMATE, Substance.S, Substance.R})
WITHOUT_AMOUNT = frozenset({Substance.SALINE, Substance.OTHER_ACTIVE})


def dose_field(unit: str) -> str:
    """Return the name of the field that holds a dose in `unit`. Raises `InputError` for another unit."""
    if unit not in _DOSE_FIELDS:
        raise InputError("unit", unit, f"must be {' or '.join(UNITS)}")
    return _DOSE_FIELDS[unit]


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of constant rate: `amount` in the dose's unit over `duration_h`. Amount 0 is a pause.

    Raises `InputError` for a negative or non-finite number.
    """

    duration_h: float
    amount: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "duration_h", at_least_zero("duration_h", self.duration_h))
        object.__setattr__(self, "amount", at_least_zero("amount", self.amount))

    @property
    def rate_per_h(self) -> float:
        """Amount per hour, in the dose's unit. Raises `InputError` for a phase without duration."""
        return self.amount / positive("duration_h", self.duration_h)


@dataclass(frozen=True, slots=True)
class Dose:
    """One administration: `phases` from `start_h` on, amounts in `unit`.

    An IV dose has phases of at least a second and neither starts nor ends with a pause.
    A dose by another route is one phase of duration 0.
    An IV dose whose amounts are all 0 is an infusion without drug.
    `withheld` is what was ordered and then not given because the infusion was stopped, in `unit`.

    Raises `InputError` naming `start_h`, `duration_h`, `phases`, `unit`, `route`, `withheld`, `dose_mg` or
    `dose_mg_per_kg`.
    """

    start_h: float
    phases: tuple[Phase, ...]
    unit: Unit
    route: Route = Route.IV
    withheld: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_h", _checked_start(self.start_h))
        object.__setattr__(self, "phases", _checked_phases(self.phases))
        object.__setattr__(self, "route", member(Route, "route", self.route))
        object.__setattr__(self, "withheld", at_least_zero("withheld", self.withheld))
        field = dose_field(self.unit)
        if self.route is Route.IV:
            _check_infusion(self.phases)
        else:
            _check_single_amount(self.phases, self.route, field)
        _check_amount(field, self.planned, self.unit, self.route)

    @property
    def amount(self) -> float:
        """What is given, in `unit`."""
        return math.fsum(phase.amount for phase in self.phases)

    @property
    def planned(self) -> float:
        """What was ordered: given and withheld, in `unit`."""
        return self.amount + self.withheld

    @property
    def duration_h(self) -> float:
        """From start to end, pauses included."""
        return math.fsum(phase.duration_h for phase in self.phases)

    @property
    def end_h(self) -> float:
        """When it ends, on the clock of the regimen."""
        return self.start_h + self.duration_h

    def paused(self, at_h: float, for_h: float) -> Dose:
        """Hold the infusion `at_h` after its start; what is left is given `for_h` later at the same rate.

        Raises `InputError` if `at_h` is not inside the infusion.
        """
        before, after = self._split("pause", at_h)
        return replace(self, phases=(*before, Phase(positive("pause_h", for_h), 0.0), *after))

    def stopped(self, at_h: float) -> Dose:
        """End the infusion `at_h` after its start; what is left is not given and counts as `withheld`.

        Raises `InputError` if `at_h` is not inside the infusion.
        """
        before, after = self._split("stop", at_h)
        rest = math.fsum(phase.amount for phase in after)
        while self.amount > 0 and before[-1].amount == 0:
            before = before[:-1]
        return replace(self, phases=before, withheld=self.withheld + rest)

    def rate_changed(self, at_h: float, factor: float) -> Dose:
        """Run at `factor` times the rate from `at_h` after the start; the total amount stays, the end moves.

        Raises `InputError` if `at_h` is not inside the infusion or `factor` is not positive.
        """
        speed = positive("rate_factor", factor)
        before, after = self._split("rate_change", at_h)
        running = [phase.amount > 0 or self.amount == 0 for phase in after]
        changed = (
            replace(phase, duration_h=float(_exact(phase.duration_h) / _exact(speed))) if runs else phase
            for phase, runs in zip(after, running, strict=True)
        )
        return replace(self, phases=(*before, *changed))

    def _split(self, what: str, at_h: float) -> tuple[tuple[Phase, ...], tuple[Phase, ...]]:
        """Phases before and after `at_h`, both non-empty."""
        field = f"{what}_at_h"
        time_h = positive(field, at_h)
        if self.route is not Route.IV:
            raise InputError(field, at_h, f"needs an infusion, this dose is {self.route}")
        if time_h >= self.duration_h or math.isclose(time_h, self.duration_h):
            raise InputError(field, at_h, f"must be before the end of the infusion, {self.duration_h:g} h")
        end_h = Fraction(0)
        for row, phase in enumerate(self.phases):
            inside_h = _exact(time_h) - end_h
            end_h += _exact(phase.duration_h)
            if math.isclose(time_h, end_h):
                return self.phases[: row + 1], self.phases[row + 1 :]
            if time_h < end_h:
                first, second = _cut(phase, inside_h)
                return (*self.phases[:row], first), (second, *self.phases[row + 1 :])
        raise AssertionError("a time before the end lies in a phase")


@dataclass(frozen=True, slots=True)
class Regimen:
    """A course of doses of one substance, in order of time, without overlap.

    Raises `InputError` naming the field: no dose or too many, not sorted, overlapping, a drug without amount.
    Raises `UnsupportedError` for saline with an amount, and for hydrochloride of a substance that is no
    ketamine: its salt is not known here.
    """

    doses: tuple[Dose, ...]
    substance: Substance = Substance.RACEMATE
    basis: Basis = Basis.BASE

    def __post_init__(self) -> None:
        object.__setattr__(self, "doses", _checked_doses(self.doses))
        object.__setattr__(self, "substance", member(Substance, "substance", self.substance))
        object.__setattr__(self, "basis", member(Basis, "basis", self.basis))
        if self.basis is Basis.HCL and self.substance not in KETAMINES:
            raise UnsupportedError(
                "basis", "HCl", f"is known for ketamine, not for {self.substance}", "give the amount as base"
            )
        for dose in self.doses:
            _check_substance(dose, self.substance)

    @classmethod
    def parse(cls, text: str) -> Regimen:
        """Read the one-line language, for example `0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11`.

        Raises `InputError` naming the place in the text and what was expected there.
        """
        from reprieve.model.regimen_text import parse

        return parse(text)

    def text(self) -> str:
        """Return the canonical form in the one-line language. Reading it back gives an equal regimen."""
        from reprieve.model.regimen_text import text

        return text(self)

    def to_json(self) -> dict[str, object]:
        """Return the regimen as a table of plain values, ready for `json.dumps`."""
        return {
            "substance": self.substance.value,
            "basis": self.basis.value,
            "doses": [
                {
                    "start_h": dose.start_h,
                    "unit": dose.unit,
                    "route": dose.route.value,
                    "withheld": dose.withheld,
                    "phases": [{"duration_h": p.duration_h, "amount": p.amount} for p in dose.phases],
                }
                for dose in self.doses
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | str) -> Regimen:
        """Build a regimen from what `to_json` gives, as a table or as JSON text.

        Raises `InputError` naming the place: not JSON, unknown or missing key, or an invalid value.
        """
        from reprieve.model.regimen_json import read

        return read(value)

    @property
    def last_start_h(self) -> float:
        """When the last dose starts."""
        return self.doses[-1].start_h

    def base_amount(self, amount: float) -> float:
        """Return `amount` (mg or mg/kg of this regimen's basis) in base, same unit."""
        return base_amount(amount, self.basis)

    def amount_mg(self, weight_kg: float) -> tuple[float, ...]:
        """Return the mg of base given in each dose to a patient of `weight_kg`.

        Raises `InputError` for a weight that is not an adult's.
        """
        weight = check_weight(weight_kg)
        return tuple(
            self.base_amount(dose.amount) * (weight if dose.unit == "mg/kg" else 1) for dose in self.doses
        )


def _checked_start(value: object) -> float:
    start_h = at_least_zero("start_h", value)
    if start_h > last_start_h():
        raise InputError("start_h", value, f"must be at most {last_start_h():g} h", "times are in hours")
    return start_h


def _checked_phases(value: object) -> tuple[Phase, ...]:
    phases = _items("phases", value, Phase)
    at_most("phases", len(phases), "phases_max")
    return phases


def _checked_doses(value: object) -> tuple[Dose, ...]:
    doses = _items("doses", value, Dose)
    at_most("doses", len(doses), "doses_max")
    for number, (before, after) in enumerate(pairwise(doses), start=1):
        where = f"dose {number + 1} starts"
        if after.start_h < before.start_h:
            raise InputError("start_h", after.start_h, f"{where} before dose {number}", "sort them by start")
        if after.start_h == before.start_h:
            raise InputError("start_h", after.start_h, f"{where} together with dose {number}: they overlap")
        if after.start_h < before.end_h:
            rule = f"{where} before dose {number} ends at {before.end_h:g} h: they overlap"
            raise InputError("start_h", after.start_h, rule, "move it, or join them as one infusion")
    return doses


def _items[T](field: str, value: object, kind: type[T]) -> tuple[T, ...]:
    """A non-empty tuple of `kind`, from a tuple or list."""
    if not isinstance(value, tuple | list) or not value:
        raise InputError(field, value, f"must be a list of at least one {kind.__name__}")
    for item in value:
        if not isinstance(item, kind):
            raise InputError(field, item, f"must be a {kind.__name__}")
    return tuple(value)


def _check_infusion(phases: tuple[Phase, ...]) -> None:
    shortest_h = shortest_phase_h()
    for phase in phases:
        if phase.duration_h == 0:
            raise InputError("duration_h", 0.0, "is zero", "an IV dose is an infusion: give its duration")
        # The last digit of a division must not refuse one second.
        if phase.duration_h < shortest_h and not math.isclose(phase.duration_h, shortest_h):
            raise InputError("duration_h", phase.duration_h, "each stretch must last at least a second")
    total_h = math.fsum(phase.duration_h for phase in phases)
    at_most("duration_h", total_h, "infusion_h_max", "durations are in hours")
    drug = any(phase.amount > 0 for phase in phases)
    if drug and (phases[0].amount == 0 or phases[-1].amount == 0):
        raise InputError("phases", "pause", "must not be the first or last phase of an infusion", "drop it")


def _check_single_amount(phases: tuple[Phase, ...], route: Route, field: str) -> None:
    if len(phases) != 1:
        raise InputError("phases", len(phases), f"a dose by the {route} route is one amount, without steps")
    if phases[0].duration_h != 0:
        rule = f"a dose by the {route} route has no duration"
        raise InputError("duration_h", phases[0].duration_h, rule, "drop it")
    if phases[0].amount == 0:
        raise InputError(field, phases[0].amount, "must be positive")


def _check_amount(field: str, amount: float, unit: str, route: Route) -> None:
    if unit == "mg":
        at_most(field, amount, "dose_mg_max", "check the unit")
    else:
        name = "iv" if route is Route.IV else "other_route"
        at_most(field, amount, f"{name}_dose_mg_per_kg_max", "check the unit")


def _check_substance(dose: Dose, substance: Substance) -> None:
    field = dose_field(dose.unit)
    if substance is Substance.SALINE and dose.planned > 0:
        raise UnsupportedError(field, dose.planned, "saline carries no drug", "write `saline over 40 min`")
    if dose.amount == 0 and substance not in WITHOUT_AMOUNT:
        raise InputError(field, dose.amount, "must be positive", "`saline over 40 min` has no drug")
    if substance is Substance.MIDAZOLAM:
        at_most(field, dose.planned, f"midazolam_{field}_max", "check the unit")


def _exact(value: float) -> Fraction:
    """The fraction that was meant, such as 2/3, if it is the one nearest to `value`; else `value` itself."""
    meant = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    return meant if float(meant) == value else Fraction(value)


def _cut(phase: Phase, at_h: Fraction) -> tuple[Phase, Phase]:
    """The phase up to `at_h` after its start and the rest, at the same rate."""
    duration_h, amount = _exact(phase.duration_h), _exact(phase.amount)
    first = amount * at_h / duration_h
    return Phase(float(at_h), float(first)), Phase(float(duration_h - at_h), float(amount - first))
