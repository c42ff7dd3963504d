"""The one-line language of regimens, in and out. `docs/regimens.md` describes it.

    regimen  = leg { ";" leg }            `then` may stand for `;` after a schedule
    leg      = { word } step { "then" step } { change } [ schedule ] { change }
    step     = amount { word } "over" time | rate { word } "for" time | "pause" [ "for" ] time
             | amount { word }            by a route other than IV
             | "over" time                saline, active
    change   = "pause at" time "for" time | "stop at" time | "rate x" number "at" time | amount "not given"
    word     = substance | route | basis

So `then` before the schedule is the next step of the same infusion, and after it the next leg: never both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.regimen import WITHOUT_AMOUNT, Basis, Dose, Phase, Regimen, Route, Substance, Unit
from reprieve.model.regimen_limits import SECONDS_PER_HOUR, at_most
from reprieve.model.regimen_schedule import FIRST_WORDS, read_starts_h, starts_here
from reprieve.model.regimen_words import AN_AMOUNT, Amount, Reader

SUBSTANCES = {
    **{substance.value: substance for substance in Substance},
    "racemate": Substance.RACEMATE,
    "s-ketamine": Substance.S,
    "r-ketamine": Substance.R,
    "placebo": Substance.SALINE,
}
ROUTES = {
    **{route.value: route for route in Route},
    "intravenous": Route.IV,
    "intramuscular": Route.IM,
    "intranasal": Route.NASAL,
}
BASES = {"base": Basis.BASE, "hcl": Basis.HCL, "hydrochloride": Basis.HCL}
# Wishes we understand. The reason is what the literature lacks for adults.
UNSUPPORTED_ROUTES = {
    **dict.fromkeys(("sc", "subcutaneous"), "no human model of subcutaneous absorption is published"),
    "rectal": "no absorption rate of the rectal route is published",
    **dict.fromkeys(("inhaled", "inhalation"), "no absorption rate of the inhaled route is published"),
}
_CHANGE_WORDS = ("pause", "stop", "rate")
_KNOWN_WORDS = (*SUBSTANCES, *ROUTES, *BASES)


@dataclass(slots=True)
class _Words:
    """What the words of a text or of one leg say; None where they are silent."""

    substance: Substance | None = None
    basis: Basis | None = None
    route: Route | None = None


@dataclass(slots=True)
class _Leg:
    words: _Words = field(default_factory=_Words)
    phases: list[Phase] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    starts_h: list[Fraction] | None = None


def parse(source: str) -> Regimen:
    """Read a regimen from its one-line form.

    Raises `InputError` naming the field, or the place in the text and what was expected there.
    Raises `UnsupportedError` for a route without a published model.
    """
    if not isinstance(source, str) or not source.strip():
        raise InputError("regimen", source, "must not be empty", "`0.5 mg/kg over 40 min on days 0, 2, 4`")
    reader = Reader(source)
    said = _Words()
    legs: list[tuple[_Leg, Dose]] = []
    while not legs or reader.accept(";", "then"):
        legs.append(_leg(reader, said, first=not legs))
        # The first leg speaks for all: silence there is a statement.
        said.substance = said.substance or Substance.RACEMATE
        said.basis = said.basis or Basis.BASE
    if reader.peek().kind != "end":
        reader.fail(_after_leg(legs[-1][0]), (*FIRST_WORDS, *_CHANGE_WORDS, "then", "over"))
    if len(legs) > 1 and any(leg.starts_h is None for leg, _ in legs):
        fix = "write `on days 0, 2`; `then` joins steps of one infusion"
        raise InputError("day", source, "each leg needs its days", fix)
    doses = [
        replace(dose, start_h=float(start_h))
        for leg, dose in legs
        for start_h in leg.starts_h or [Fraction(0)]
    ]
    doses.sort(key=lambda dose: dose.start_h)
    return Regimen(tuple(doses), said.substance or Substance.RACEMATE, said.basis or Basis.BASE)


def _after_leg(leg: _Leg) -> str:
    change = "a change (`pause at`, `stop at`, `rate x`)"
    if leg.starts_h is None:
        return f"`then`, {change}, a schedule (`on days`, `twice weekly for`) or the end"
    return f"`;`, {change} or the end"


def _leg(reader: Reader, said: _Words, first: bool) -> tuple[_Leg, Dose]:
    """Read one leg: what is given (a dose at time 0) and when."""
    leg = _Leg()
    _read_words(reader, said, leg)
    _step(reader, said, leg)
    while reader.accept("then"):
        _step(reader, said, leg)
    dose = Dose(0.0, tuple(leg.phases), leg.units[0] if leg.units else "mg", leg.words.route or Route.IV)
    dose, last_h = _changes(reader, dose, Fraction(0))
    comma = reader.sees(",")
    reader.place += comma
    if starts_here(reader):
        leg.starts_h = read_starts_h(reader, first)
        dose, _ = _changes(reader, dose, last_h)
    else:
        reader.place -= comma
    return leg, dose


def _read_words(reader: Reader, said: _Words, leg: _Leg) -> None:
    while True:
        word = reader.peek().text
        if word in UNSUPPORTED_ROUTES:
            raise UnsupportedError("route", word, UNSUPPORTED_ROUTES[word], f"use {', '.join(Route)}")
        if word in SUBSTANCES:
            said.substance = _agreed("substance", said.substance, SUBSTANCES[word], "in one regimen")
        elif word in BASES:
            said.basis = _agreed("basis", said.basis, BASES[word], "in one regimen")
        elif word in ROUTES:
            leg.words.route = _agreed("route", leg.words.route, ROUTES[word], "in one dose")
        else:
            return
        reader.place += 1


def _agreed[T](name: str, before: T | None, now: T, where: str) -> T:
    if before is not None and before != now:
        raise InputError(name, str(now), f"there is {before} already: one {name} {where}")
    return now


def _step(reader: Reader, said: _Words, leg: _Leg) -> None:
    """Read one step of an infusion, or the whole of another dose."""
    at_most("phases", len(leg.phases) + 1, "phases_max")
    if leg.phases and reader.accept("pause"):
        reader.accept("for")
        leg.phases.append(Phase(float(reader.hours("pause")), 0.0))
        return
    if reader.sees("over") and (said.substance in WITHOUT_AMOUNT):
        reader.place += 1
        leg.phases.append(Phase(float(reader.hours("duration")), 0.0))
        return
    if not reader.sees_number():
        reader.fail(f"{AN_AMOUNT}, a substance, a route or a basis", _KNOWN_WORDS)
    amount = reader.amount()
    _read_words(reader, said, leg)
    leg.phases.append(_phase(reader, amount, leg))
    leg.units.append(_agreed("unit", leg.units[-1] if leg.units else None, amount.unit, "in one dose"))


def _phase(reader: Reader, amount: Amount, leg: _Leg) -> Phase:
    if amount.times_per_h:
        reader.expect("for", "over", what="`for` and the duration at this rate")
        hours = reader.hours("duration")
        return Phase(float(hours), float(amount.value * hours * amount.times_per_h))
    if leg.words.route in (None, Route.IV):
        reader.expect("over", what="`over` and a duration (an IV dose is an infusion)")
    elif not reader.accept("over"):
        return Phase(0.0, float(amount.value))
    return Phase(float(reader.hours("duration")), float(amount.value))


def _changes(reader: Reader, dose: Dose, last_h: Fraction) -> tuple[Dose, Fraction]:
    """Apply the changes that follow; times are since the start of the dose and must rise."""
    while True:
        comma = reader.sees(",")
        number = reader.sees_number(ahead=comma) and not reader.sees("times", ahead=comma + 1)
        if not (reader.sees(*_CHANGE_WORDS, ahead=comma) or number):
            return dose, last_h
        reader.place += comma
        if number:
            dose = _not_given(reader, dose)
            continue
        name = reader.peek().text
        reader.place += 1
        apply, at_h = _CHANGES[name](reader)
        if at_h <= last_h:
            raise InputError(name, f"{float(at_h):g} h", "changes of one infusion must be in order of time")
        dose, last_h = apply(dose), at_h


type _Change = tuple[Callable[[Dose], Dose], Fraction]


def _pause(reader: Reader) -> _Change:
    reader.expect("at")
    at_h = reader.hours("pause")
    reader.expect("for")
    for_h = reader.hours("pause")
    return lambda dose: dose.paused(float(at_h), float(for_h)), at_h


def _stop(reader: Reader) -> _Change:
    reader.expect("at")
    at_h = reader.hours("stop")
    return lambda dose: dose.stopped(float(at_h)), at_h


def _rate(reader: Reader) -> _Change:
    reader.expect("x", "×")
    factor = reader.number("rate_factor", "a factor such as 0.5")
    reader.expect("at")
    at_h = reader.hours("rate")
    return lambda dose: dose.rate_changed(float(at_h), float(factor)), at_h


_CHANGES: dict[str, Callable[[Reader], _Change]] = {"pause": _pause, "stop": _stop, "rate": _rate}


def _not_given(reader: Reader, dose: Dose) -> Dose:
    amount = reader.amount()
    reader.expect("not", what="`not given`, a change or a schedule")
    reader.expect("given")
    if amount.times_per_h or amount.unit != dose.unit:
        raise InputError("withheld", amount.unit, f"must be an amount in {dose.unit}")
    return replace(dose, withheld=dose.withheld + float(amount.value))


def text(regimen: Regimen) -> str:
    """Return the canonical one-line form. Equal doses share a leg. Reading it gives an equal regimen."""
    legs: dict[Dose, list[float]] = {}
    for dose in regimen.doses:
        legs.setdefault(replace(dose, start_h=0.0), []).append(dose.start_h)
    return "; ".join(_leg_text(dose, starts_h, regimen) for dose, starts_h in legs.items())


def _leg_text(dose: Dose, starts_h: Iterable[float], regimen: Regimen) -> str:
    before = "" if regimen.substance is Substance.RACEMATE else f"{regimen.substance} "
    after = " HCl" if regimen.basis is Basis.HCL else ""
    after += "" if dose.route is Route.IV else f" {dose.route}"
    steps = [_phase_text(dose, phase) for phase in dose.phases]
    if dose.amount > 0:
        first = f"{_number(dose.phases[0].amount)} {dose.unit}"
        steps[0] = steps[0].replace(first, first + after, 1)
    withheld = f", {_number(dose.withheld)} {dose.unit} not given" if dose.withheld else ""
    return f"{before}{' then '.join(steps)}{withheld} {_starts_text(list(starts_h))}"


def _phase_text(dose: Dose, phase: Phase) -> str:
    if dose.route is not Route.IV:
        return f"{_number(phase.amount)} {dose.unit}"
    if phase.amount > 0:
        return f"{_number(phase.amount)} {dose.unit} over {_time(phase.duration_h)}"
    return f"{'pause' if dose.amount > 0 else 'over'} {_time(phase.duration_h)}"


def _starts_text(starts_h: list[float]) -> str:
    days = [_exactly(start_h, 1, HOURS_PER_DAY) for start_h in starts_h]
    if None not in days:
        return f"on day{'s' if len(days) > 1 else ''} {', '.join(str(day) for day in days)}"
    return f"at hour{'s' if len(days) > 1 else ''} {', '.join(_number(start_h) for start_h in starts_h)}"


def _time(hours: float) -> str:
    """A time in the first unit that holds it exactly."""
    for unit, per_hour in (("min", 60), ("s", SECONDS_PER_HOUR)):
        shown = _exactly(hours, per_hour, 1)
        if shown is not None:
            return f"{shown} {unit}"
    return f"{_number(hours)} h"


def _exactly(hours: float, times: int, divided_by: int) -> str | None:
    """`hours` times `times` / `divided_by` as a short number that reads back as `hours`, or None."""
    shown = f"{hours * times / divided_by:.12g}"
    return shown if float(Fraction(shown) * divided_by / times) == hours else None


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")
