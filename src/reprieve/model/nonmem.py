"""NONMEM event tables, in and out: `ID TIME AMT RATE DUR EVID II ADDL CMT DV MDV`, times in hours.

Read: EVID 0 (observation) and EVID 1 (dose); infusions by RATE or by DUR; repeats by ADDL and II.
Everything else is refused with the row and the column: nothing of a table is dropped without a word.
Rows are counted as a spreadsheet shows them: the header is row 1.
The mapping to regimens is described in docs/regimens.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.units import MINUTES_PER_HOUR
from reprieve.model.nonmem_rows import Row, rows_of
from reprieve.model.regimen import Basis, Dose, Phase, Regimen, Route, Substance, Unit, dose_field
from reprieve.model.regimen_limits import (
    SECONDS_PER_HOUR,
    at_least_zero,
    at_most,
    check_weight,
    limit,
    member,
    positive,
    shortest_phase_h,
)

CENTRAL = 1
DOSES_BY = ("rate", "duration")
WITHOUT_DURATION = "an IV dose without RATE or DUR is an infusion of zero length"


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation row: patient, time, value (None where the table has none), MDV 0 or 1, compartment."""

    id: int
    time_h: float
    dv: float | None
    mdv: int
    cmt: int = CENTRAL


@dataclass(frozen=True, slots=True)
class EventTable:
    """What a table holds. A patient with observations only has no regimen."""

    regimens: Mapping[int, Regimen]
    observations: tuple[Observation, ...]

    @property
    def regimen(self) -> Regimen:
        """The one regimen of all patients. Raises `InputError` if there is none or they differ."""
        first = next(iter(self.regimens.values()), None)
        if first is None:
            raise InputError("EVID", 0, "the table holds no dose", "a dose row has EVID 1 and a positive AMT")
        for patient, other in self.regimens.items():
            if other != first:
                raise InputError("ID", patient, "has another regimen than the first ID", "split the table")
        return first


@dataclass(frozen=True, slots=True)
class _Options:
    unit: Unit
    routes: Mapping[int, Route]
    bolus_h: float


def read_nonmem(
    source: str | Path | Mapping[str, Sequence[object]],
    *,
    unit: Unit,
    substance: Substance = Substance.RACEMATE,
    basis: Basis = Basis.BASE,
    routes: Mapping[int, Route] | None = None,
    bolus_minutes: float | None = None,
    join_within_h: float = 0.0,
) -> EventTable:
    """Read an event table: CSV text (commas, semicolons or blanks), a `Path` to such a file, or columns.

    unit: what AMT counts, `mg` or `mg/kg`. A table does not say it, so the caller must.
    routes: route of each dosing compartment; without it compartment 1 is IV and no other is known.
    bolus_minutes: how long an IV dose without RATE and DUR runs; without it such a dose is refused.
    join_within_h: a row that starts at most so long after the end of the previous infusion continues it,
    and the gap becomes a pause. 0 joins only rows that follow without a gap.

    Raises `InputError` naming row and column, or the patient whose doses make no valid regimen.
    Raises `UnsupportedError` for what NONMEM knows and this reader does not.
    """
    dose_field(unit)
    gap_h = at_least_zero("join_within_h", join_within_h)
    bolus_h = 0.0 if bolus_minutes is None else positive("bolus_minutes", bolus_minutes) / MINUTES_PER_HOUR
    known = {cmt: member(Route, "routes", route) for cmt, route in (routes or {CENTRAL: Route.IV}).items()}
    options = _Options(unit, known, bolus_h)
    regimens: dict[int, Regimen] = {}
    observations: list[Observation] = []
    seen: set[int] = set()
    for patient, group in groupby(rows_of(source), _patient):
        rows = list(group)
        if patient in seen:
            fix = "keep its rows together"
            raise InputError(rows[0].where("ID"), patient, "comes back after another ID", fix)
        seen.add(patient)
        _check_order(rows)
        doses: list[Dose] = []
        for row in rows:
            if _is_dose(row):
                doses += _doses(row, options)
                at_most(f"ID {patient}: doses", len(doses), "doses_max")
            else:
                observations.append(_observation(row, patient))
        if doses:
            regimens[patient] = _regimen(patient, doses, gap_h, substance, basis)
    if not seen:
        raise InputError("event table", "", "holds no row")
    return EventTable(MappingProxyType(regimens), tuple(observations))


def _patient(row: Row) -> int:
    return row.whole("ID", at_least=1)


def _check_order(rows: Sequence[Row]) -> None:
    last_h = 0.0
    for row in rows:
        time_h = row.number("TIME", needed=True)
        if time_h < 0:
            raise InputError(row.where("TIME"), time_h, "must not be negative")
        if time_h < last_h:
            rule = f"is before the row above, {last_h:g} h"
            raise InputError(row.where("TIME"), time_h, rule, "sort by TIME")
        last_h = time_h


def _is_dose(row: Row) -> bool:
    """EVID 1, or without an EVID column an amount. Other events and a steady state are refused."""
    if row.number("SS"):
        rule = "steady state is not supported"
        raise UnsupportedError(row.where("SS"), row.shown("SS"), rule, "write the doses")
    evid = row.whole("EVID") if row.has("EVID") else int(row.number("AMT") != 0)
    if evid not in (0, 1):
        names = {2: "other event", 3: "reset", 4: "reset and dose"}
        what = names.get(evid, "unknown event")
        raise UnsupportedError(row.where("EVID"), evid, f"{what}: only 0 and 1 are supported")
    return evid == 1


def _observation(row: Row, patient: int) -> Observation:
    for column in ("AMT", "RATE", "DUR", "II", "ADDL"):
        if row.number(column):
            raise InputError(row.where(column), row.shown(column), "must be empty in an observation row")
    dv = row.number("DV") if row.has("DV") else None
    mdv = row.whole("MDV") if row.has("MDV") else int(dv is None)
    if mdv not in (0, 1):
        raise InputError(row.where("MDV"), mdv, "must be 0 or 1")
    if mdv == 0 and dv is None:
        raise InputError(row.where("DV"), ".", "is missing where MDV is 0", "give DV, or set MDV to 1")
    return Observation(patient, row.number("TIME"), dv, mdv, _compartment(row))


def _compartment(row: Row) -> int:
    """The compartment; missing and 0 mean the default one."""
    return (row.whole("CMT") if row.has("CMT") else 0) or CENTRAL


def _doses(row: Row, options: _Options) -> list[Dose]:
    """The dose of a row and its repeats."""
    if row.number("DV"):
        raise InputError(row.where("DV"), row.shown("DV"), "must be empty in a dose row")
    if row.has("MDV") and row.whole("MDV") != 1:
        raise InputError(row.where("MDV"), row.shown("MDV"), "must be 1 in a dose row")
    compartment = _compartment(row)
    if compartment not in options.routes:
        known = ", ".join(f"{number} ({route})" for number, route in options.routes.items())
        rule = f"has no route: doses go into {known}"
        raise UnsupportedError(row.where("CMT"), compartment, rule, "name its route in `routes`")
    amount = row.number("AMT", needed=True)
    if amount <= 0:
        raise InputError(row.where("AMT"), row.shown("AMT"), "must be positive in a dose row")
    route = options.routes[compartment]
    duration_h = _duration_h(row, amount, route, options.bolus_h)
    starts_h = _starts_h(row, row.number("TIME"))
    try:
        first = Dose(starts_h[0], (Phase(duration_h, amount),), options.unit, route)
        return [replace(first, start_h=start_h) for start_h in starts_h]
    except InputError as error:
        raise type(error)(f"row {row.line}: {error.field}", error.value, error.rule, error.fix) from None


def _duration_h(row: Row, amount: float, route: Route, bolus_h: float) -> float:
    """How long the dose of a row runs. RATE counts where RATE and DUR agree up to rounding."""
    for column in ("RATE", "DUR"):
        value = row.number(column)
        if value in (-1, -2) and column == "RATE":
            rule = "a rate or duration taken from a model is not supported"
            raise UnsupportedError(row.where(column), value, rule, "write the rate")
        if value < 0:
            raise InputError(row.where(column), value, "must not be negative")
        if value and route is not Route.IV:
            raise InputError(row.where(column), value, f"a dose by the {route} route has no duration")
    rate, duration_h = row.number("RATE"), row.number("DUR")
    rounding = limit("event_table_rounding")
    if rate and duration_h and not math.isclose(amount / rate, duration_h, rel_tol=rounding):
        rule = f"does not agree with AMT / RATE, {amount / rate:g} h"
        raise InputError(row.where("DUR"), duration_h, rule, "give one of RATE and DUR")
    if rate or duration_h:
        return _whole_seconds(amount / rate if rate else duration_h)
    if route is Route.IV and not bolus_h:
        fix = "give one, or `bolus_minutes`"
        raise InputError(row.where("RATE"), row.shown("RATE"), WITHOUT_DURATION, fix)
    return bolus_h if route is Route.IV else 0.0


def _whole_seconds(hours: float) -> float:
    """`hours`, rid of the last digits of a division or difference where it is a whole number of seconds."""
    seconds = hours * SECONDS_PER_HOUR
    if not math.isfinite(seconds):
        return hours
    meant = round(seconds) / SECONDS_PER_HOUR
    return meant if math.isclose(meant, hours) else hours


def _starts_h(row: Row, start_h: float) -> list[float]:
    additional = row.whole("ADDL") if row.has("ADDL") else 0
    interval_h = row.number("II")
    if additional < 0:
        raise InputError(row.where("ADDL"), additional, "must not be negative")
    if interval_h < 0 or (additional and not interval_h):
        raise InputError(row.where("II"), row.shown("II"), "must be positive where ADDL repeats the dose")
    if interval_h and not additional:
        raise InputError(row.where("II"), interval_h, "repeats nothing without ADDL", "give ADDL, or II 0")
    at_most(row.where("ADDL"), additional + 1, "doses_max")
    return [start_h + interval_h * number for number in range(additional + 1)]


def _regimen(patient: int, doses: list[Dose], gap_h: float, substance: Substance, basis: Basis) -> Regimen:
    try:
        ordered = sorted(doses, key=lambda dose: dose.start_h)
        return Regimen(tuple(_joined(ordered, gap_h)), substance, basis)
    except InputError as error:
        raise type(error)(f"ID {patient}: {error.field}", error.value, error.rule, error.fix) from None


def _joined(doses: Sequence[Dose], gap_h: float) -> list[Dose]:
    """Infusions that follow each other within `gap_h` as one; a second is the rounding of a table."""
    rounding_h = shortest_phase_h()
    joined: list[Dose] = []
    for dose in doses:
        infusions = bool(joined) and joined[-1].route is Route.IV and dose.route is Route.IV
        apart_h = dose.start_h - joined[-1].end_h if infusions else math.inf
        if not -rounding_h < apart_h <= max(gap_h, rounding_h):
            joined.append(dose)
            continue
        pause = (Phase(_whole_seconds(apart_h), 0.0),) if apart_h >= rounding_h else ()
        joined[-1] = replace(joined[-1], phases=(*joined[-1].phases, *pause, *dose.phases))
    return joined


def to_nonmem(
    regimen: Regimen,
    weight_kg: float | None = None,
    ids: Sequence[int] = (1,),
    *,
    doses_by: Literal["rate", "duration"] = "rate",
) -> str:
    """Write a regimen as an event table in CSV, the same doses for every patient in `ids`.

    AMT is in the regimen's own unit and basis; with `weight_kg` it is in mg. Each phase with drug is a row,
    a pause is the time between two rows. What was withheld is not in the table: it was not given.
    Infusions are written by RATE or by DUR, as `doses_by` says. Routes are not in the table either:
    the compartment is 1 for all, and a reader needs `routes`.

    Raises `InputError` for mg and mg/kg in one regimen without a weight, for mixed routes, for a dose without
    drug, or for ids that are not positive whole numbers, each once.
    """
    if doses_by not in DOSES_BY:
        raise InputError("doses_by", doses_by, f"must be {' or '.join(DOSES_BY)}")
    if not ids or len(set(ids)) != len(ids) or any(type(i) is not int or i < 1 for i in ids):
        raise InputError("ids", list(ids), "must be whole numbers of at least 1, each once")
    if len({dose.route for dose in regimen.doses}) > 1:
        raise InputError("route", "mixed", "one table holds one route", "write one table for each route")
    column: Callable[[Phase, float], float]
    if doses_by == "rate":
        name, column = "RATE", lambda phase, amount: amount / phase.duration_h if phase.duration_h else 0.0
    else:
        name, column = "DUR", lambda phase, _: phase.duration_h
    rows = [
        f"{_number(start_h)},{_number(amount)},{_number(column(phase, amount))}"
        for start_h, amount, phase in _phase_rows(regimen, _factors(regimen, weight_kg))
    ]
    lines = [f"{patient},{row},1,{CENTRAL},1" for patient in ids for row in rows]
    return "\n".join([f"ID,TIME,AMT,{name},EVID,CMT,MDV", *lines, ""])


def _factors(regimen: Regimen, weight_kg: float | None) -> Mapping[Unit, float]:
    if weight_kg is not None:
        return {"mg": 1.0, "mg/kg": check_weight(weight_kg)}
    if len({dose.unit for dose in regimen.doses}) > 1:
        raise InputError("weight_kg", None, "is needed: the regimen has doses in mg and in mg/kg")
    return {"mg": 1.0, "mg/kg": 1.0}


def _phase_rows(regimen: Regimen, factors: Mapping[Unit, float]) -> list[tuple[float, float, Phase]]:
    rows = []
    for dose in regimen.doses:
        if dose.amount == 0:
            raise InputError("substance", regimen.substance, "an infusion without drug has no event row")
        for number, phase in enumerate(dose.phases):
            start_h = dose.start_h + math.fsum(before.duration_h for before in dose.phases[:number])
            if phase.amount > 0:
                rows.append((start_h, phase.amount * factors[dose.unit], phase))
    return rows


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")
