"""How many patients a power needs: the root of any power function that rises with them."""

from __future__ import annotations

from collections.abc import Callable

from scipy.optimize import brentq

from reprieve.core.errors import InputError
from reprieve.trials.sequential.looks import probability

LEAST, MOST = 2.0, 1e7  # patients per arm: below a t test has nothing to estimate, above no trial is
_CLOSE = 1e-10


def sample_size(power_at: Callable[[float], float], power: float) -> float:
    """Return the patients per arm at which `power_at` reaches `power`, not rounded; round up for a trial.

    >>> from reprieve.trials.sequential.classical import power_two_means
    >>> round(sample_size(lambda n: power_two_means(n, n, 1, 1), 0.9), 3)
    22.021

    Raises `InputError` naming `power` if no number of patients from 2 to ten million reaches it.
    """
    wanted = probability("power", power)
    if power_at(LEAST) >= wanted:
        return LEAST
    if power_at(MOST) < wanted:
        raise InputError(
            "power", power, f"is not reached by {MOST:g} patients per arm", "is there a difference at all?"
        )
    high = LEAST
    while power_at(high) < wanted:
        high *= 2
    return float(brentq(lambda n: power_at(n) - wanted, high / 2, high, xtol=_CLOSE))
