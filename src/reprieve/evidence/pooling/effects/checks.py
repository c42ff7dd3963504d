"""What an argument of an effect size may be. One table of rules, for single values and for columns of a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects.formulas import VTYPES

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect size `yi` with its sampling variance `vi`. `how` says what it was computed from and the assumptions."""

    measure: str
    yi: float
    vi: float
    how: str

    @property
    def se(self) -> float:
        """Return the standard error, the root of `vi`."""
        return math.sqrt(self.vi)


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a value, and its words."""

    holds: Callable[[Array], npt.NDArray[np.bool_]]
    words: str


RULES = {
    "sd": Rule(lambda x: x > 0, "must be positive: it is a standard deviation"),
    "se": Rule(lambda x: x > 0, "must be positive: it is a standard error"),
    "variance": Rule(lambda x: x > 0, "must be positive: it is a variance"),
    "n": Rule(lambda x: x >= 2, "must be at least 2: it is the size of a group with a spread"),
    "total": Rule(lambda x: x >= 1, "must be at least 1: it is the size of a group"),
    "count": Rule(lambda x: x >= 0, "must not be negative: it is a count"),
    "r": Rule(lambda x: np.abs(x) <= 1, "must lie from -1 to 1: it is a correlation"),
    "p": Rule(lambda x: (np.abs(x) > 0) & (np.abs(x) <= 1), "must be above 0 and at most 1: it is a p value"),
    "level": Rule(lambda x: (x > 0) & (x < 1), "must lie between 0 and 1"),
    "df": Rule(lambda x: x >= 1, "must be at least 1: it is a number of degrees of freedom"),
    "any": Rule(np.isfinite, "must be a finite number"),
}


def broken(kind: str, values: Array) -> npt.NDArray[np.intp]:
    """Return the indices of the values that break the rule `kind`; a missing value (NaN) breaks none."""
    return np.flatnonzero(~np.isnan(values) & ~(np.isfinite(values) & RULES[kind].holds(values)))


def require(kind: str, **values: float) -> None:
    """Refuse a single value that breaks the rule `kind` or is not finite. Raises `InputError` naming it."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise InputError(name, value, "must be a finite number")
        if not RULES[kind].holds(np.asarray(value, dtype=float)):
            raise InputError(name, value, RULES[kind].words)


def require_within(**counts: tuple[float, float]) -> None:
    """Refuse a count above its group; each argument is (count, size). Raises `InputError` naming it."""
    for name, (count, size) in counts.items():
        require("count", **{name: count})
        require("total", **{f"size of the group of {name}": size})
        if count > size:
            raise InputError(name, count, f"is more than the {size:g} in its group")


def choose(option: str, value: str, known: tuple[str, ...]) -> str:
    """Return `value`. Raises `InputError` when it is not one of `known`."""
    if value not in known:
        raise InputError(option, value, "is not known here", f"use {', '.join(known)}")
    return value


def effect(
    measure: str, formula: Callable[..., tuple[Array, Array]], how: str, *values: float, **options: str
) -> Effect:
    """Return the effect that a formula gives for single values.

    `vtype` among the options is checked. Raises `InputError` when the effect or its variance does not exist.
    """
    if "vtype" in options:
        choose("vtype", options["vtype"], VTYPES[measure])
    with np.errstate(all="ignore"):
        yi, vi = (float(found) for found in formula(*(np.float64(value) for value in values), **options))
    if not (math.isfinite(yi) and math.isfinite(vi) and vi > 0):
        shown = ", ".join(f"{value:g}" for value in values)
        raise InputError(measure, shown, "gives no effect with a positive, finite variance")
    return Effect(measure, yi, vi, how)
