"""What group-sequential functions ask of their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError

type Array = NDArray[np.float64]

LEAST_GAP = 0.001  # between two looks, in information fraction: nearer ones say the same
MOST_LOOKS = 50
_CLOSE = 1e-12


def one_of[T](field: str, value: object, known: Sequence[T]) -> T:
    """Return the member of `known` that equals `value`. Raises `InputError` naming `field` if there is none."""
    for one in known:
        if value == one and not isinstance(value, bool):
            return one
    raise InputError(field, value, f"must be one of {', '.join(map(str, known))}")


def number(field: str, value: object) -> float:
    """Return `value` as a float. Raises `InputError` naming `field` if it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not isfinite(value):
        raise InputError(field, value, "must be a finite number")
    return float(value)


def probability(field: str, value: object) -> float:
    """Return a probability strictly between 0 and 1. Raises `InputError` naming `field`."""
    level = number(field, value)
    if not 0 < level < 1:
        raise InputError(field, value, "must lie between 0 and 1")
    return level


def error_level(alpha: object) -> float:
    """Return the error of a test, above 0 and below 0.5. Raises `InputError` naming `alpha`."""
    level = number("alpha", alpha)
    if not 0 < level < 0.5:
        raise InputError("alpha", alpha, "must lie between 0 and 0.5", "write 0.05 for 5 %")
    return level


def information_fractions(looks: int | Sequence[float]) -> Array:
    """Return the fractions (looks,). Raises `InputError` naming `looks`: none or too many, not rising, last not 1."""
    if isinstance(looks, int) and not isinstance(looks, bool):
        if not 1 <= looks <= MOST_LOOKS:
            raise InputError("looks", looks, f"must be from 1 to {MOST_LOOKS}")
        return np.arange(1, looks + 1) / looks
    if isinstance(looks, str | bytes | bool) or not hasattr(looks, "__len__") or not 1 <= len(looks) <= MOST_LOOKS:
        raise InputError("looks", looks, f"must be a number of looks or a list of 1 to {MOST_LOOKS} fractions")
    fractions = np.array([number("looks", one) for one in looks])
    if fractions[0] < LEAST_GAP or np.any(np.diff(fractions) < LEAST_GAP - _CLOSE):
        raise InputError("looks", list(looks), f"must rise from above 0, each by at least {LEAST_GAP:g}")
    if abs(fractions[-1] - 1) > _CLOSE:
        raise InputError("looks", list(looks), "must end with 1", "add the last look, where all information is in")
    return fractions


def futility_bounds(futility_z: float | Sequence[float] | None, looks: int, binding: bool) -> Array:
    """Return Z (looks,) below which a look stops, -inf where it does not. Raises `InputError` naming `futility_z`."""
    held = np.full(looks, -inf)
    if futility_z is None:
        if binding:
            raise InputError("binding", binding, "needs futility bounds", "give futility_z")
        return held
    if looks == 1:
        raise InputError("futility_z", futility_z, "needs an interim look")
    if isinstance(futility_z, int | float | np.number):
        held[:-1] = number("futility_z", futility_z)
        return held
    if len(futility_z) != looks - 1:
        rule = f"must be one number, or {looks - 1}: one for each interim look"
        raise InputError("futility_z", list(futility_z), rule)
    held[:-1] = [one if one == -inf else number("futility_z", one) for one in futility_z]
    return held
