"""What a rule may name: truths, numbers with a unit, categories with their values; the units' algebra."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real
from typing import Any

from reprieve.core.errors import InputError


class Kind(StrEnum):
    """What values a name can take."""

    TRUTH = "truth"
    NUMBER = "number"
    CATEGORY = "category"


type Value = bool | float | str
type Unit = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that rules may use. `unit` (UCUM) belongs to numbers, `allowed` to categories."""

    name: str
    kind: Kind
    unit: str = ""
    allowed: tuple[str, ...] = ()
    meaning: str = ""
    code: str = ""

    def read(self, value: Any) -> Value | None:
        """Return a value from outside as bool, float or str; None where it is missing (None or NaN).

        Raises `InputError` naming the variable: a value of another kind, an infinity, an unknown category.
        """
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        if hasattr(value, "dtype"):
            value = _plain(self, value)
            if value is None:
                return None
        if self.kind is Kind.TRUTH:
            return _truth(self, value)
        return _number(self, value) if self.kind is Kind.NUMBER else _category(self, value)


def truth(name: str, meaning: str = "") -> Variable:
    """Declare a yes or no."""
    return Variable(name, Kind.TRUTH, meaning=meaning)


def number(name: str, unit: str, meaning: str = "") -> Variable:
    """Declare a number in a UCUM unit; `1` for none, `{words}` for counts and scores."""
    return Variable(name, Kind.NUMBER, unit=unit, meaning=meaning)


def category(name: str, allowed: Iterable[str], meaning: str = "") -> Variable:
    """Declare a choice among named values."""
    return Variable(name, Kind.CATEGORY, allowed=tuple(allowed), meaning=meaning)


def declare(*variables: Variable) -> Mapping[str, Variable]:
    """Return variables by name. Raises `InputError` if a name is used twice."""
    found: dict[str, Variable] = {}
    for variable in variables:
        if variable.name in found:
            raise InputError("variables", variable.name, "is declared twice")
        found[variable.name] = variable
    return found


def unit_of(text: str) -> Unit:
    """Return a unit as its factors and powers: `mg/kg/h` is mg, kg to -1, h to -1. `1` has none.

    Factors are compared by name: nothing is converted, so hours never meet minutes.
    """
    above, *below = text.split("/")
    powers: dict[str, int] = {}
    for part, power in ((above, 1), *((part, -1) for part in below)):
        for factor in part.split("."):
            if factor not in ("", "1"):
                powers[factor] = powers.get(factor, 0) + power
    return _sorted(powers)


def times(left: Unit, right: Unit, power: int = 1) -> Unit:
    """Return the unit of a product; of a quotient with `power` -1."""
    powers = dict(left)
    for factor, own in right:
        powers[factor] = powers.get(factor, 0) + power * own
    return _sorted(powers)


def shown(unit: Unit) -> str:
    """Return a unit as text."""
    above = [name for name, power in unit for _ in range(power)]
    below = [name for name, power in unit for _ in range(-power)]
    return "/".join([".".join(above) or ("" if below else "1"), *below])


def _sorted(powers: Mapping[str, int]) -> Unit:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _plain(variable: Variable, value: Any) -> Any:
    if getattr(value, "ndim", 1):
        raise InputError(variable.name, value, "must be one value", "use `over` for arrays")
    item = value.item()
    return None if isinstance(item, float) and math.isnan(item) else item


def _truth(variable: Variable, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(variable.name, value, "must be true or false, or absent")
    return value


def _number(variable: Variable, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(variable.name, value, f"must be a number in {variable.unit}, or absent")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise InputError(variable.name, value, "must be finite, or absent")
    return found


def _category(variable: Variable, value: Any) -> str:
    if not isinstance(value, str) or value not in variable.allowed:
        raise InputError(variable.name, value, f"must be one of {', '.join(variable.allowed)}, or absent")
    return value
