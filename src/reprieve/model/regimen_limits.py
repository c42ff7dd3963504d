"""Hard limits of a valid regimen, and the checks that name the field they refuse."""

import math
from enum import StrEnum
from functools import cache
from pathlib import Path

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet, load_parameters
from reprieve.core.units import HOURS_PER_DAY, MINUTES_PER_HOUR

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = SECONDS_PER_MINUTE * MINUTES_PER_HOUR


@cache
def limits() -> ParameterSet:
    """Return the limits with their sources. Read on first use."""
    return load_parameters(Path(__file__).parent / "data" / "regimen.toml")


def limit(name: str) -> float:
    """Return one limit in its own unit."""
    return limits()[name]


def count_limit(name: str) -> int:
    """Return one limit that is a count."""
    return int(limits()[name])


def shortest_phase_h() -> float:
    """Return the shortest stretch at one rate, in hours."""
    return limit("shortest_phase_s") / SECONDS_PER_HOUR


def last_start_h() -> float:
    """Return the latest start of a dose, in hours."""
    return limit("day_max") * HOURS_PER_DAY


def finite(field: str, value: object) -> float:
    """Return `value` as a float. Raises `InputError` if it is no number (a text, a bool) or not finite."""
    if isinstance(value, bool | str | bytes):
        raise InputError(field, value, "must be a number")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InputError(field, value, "must be a number") from None
    if not math.isfinite(number):
        raise InputError(field, value, "must be a finite number")
    return number + 0.0  # turns -0.0 into 0.0, which prints as it was typed


def at_least_zero(field: str, value: object) -> float:
    """Return `value` as a float. Raises `InputError` if it is not a finite number of at least zero."""
    number = finite(field, value)
    if number < 0:
        raise InputError(field, value, "must not be negative")
    return number


def positive(field: str, value: object) -> float:
    """Return `value` as a float. Raises `InputError` if it is not a finite positive number."""
    number = finite(field, value)
    if number <= 0:
        raise InputError(field, value, "must be positive")
    return number


def at_most(field: str, value: float, name: str, fix: str = "") -> float:
    """Return `value`. Raises `InputError` if it is above the limit called `name`."""
    quantity = limits().quantity(name)
    if value > quantity.value:
        shown = "" if quantity.unit == "1" else f" {quantity.unit}"
        raise InputError(field, value, f"must be at most {quantity.value:g}{shown} ({quantity.label})", fix)
    return value


def member[E: StrEnum](kind: type[E], field: str, value: object) -> E:
    """Return the member of `kind` with that value. Raises `InputError` if there is none."""
    if not isinstance(value, str) or value not in list(kind):
        raise InputError(field, value, f"must be one of {', '.join(kind)}")
    return kind(value)


def check_weight(weight_kg: object) -> float:
    """Return a body weight in kg. Raises `InputError` if it is not that of an adult."""
    weight = positive("weight_kg", weight_kg)
    low, high = limit("weight_kg_min"), limit("weight_kg_max")
    if not low <= weight <= high:
        raise InputError("weight_kg", weight_kg, f"must be from {low:g} to {high:g} kg", "adults only")
    return weight
