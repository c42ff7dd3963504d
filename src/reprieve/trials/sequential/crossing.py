"""What a trial with bounds does when there is a difference: where it stops, its power, how much information it needs.

The drift is the mean of Z when all information is in: the difference over its standard error then. A trial with
looks needs R times the information of one without for the same power, R = (drift / (z(alpha) + z(power)))^2.

Source: jennison2000 (chapters 2 and 19).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from reprieve.core.errors import InputError
from reprieve.trials.sequential.bounds import Bounds
from reprieve.trials.sequential.looks import number, probability
from reprieve.trials.sequential.walk import drifting, exits, start

type Array = NDArray[np.float64]

_LARGEST_DRIFT = 40.0  # beyond any power that is a double below 1
_CLOSE = 1e-13


@dataclass(frozen=True, slots=True)
class Crossing:
    """Probabilities (looks,) of stopping at each look: for efficacy, for futility, or at the harmful side's bound.

    `expected_information` is the mean information fraction at which the trial ends.
    """

    efficacy: Array
    futility: Array
    harm: Array
    expected_information: float

    @property
    def power(self) -> float:
        """Probability of rejecting in favour of the active arm."""
        return float(self.efficacy.sum())


def crossing(bounds: Bounds, drift: float, *, heed_futility: bool = True) -> Crossing:
    """Return where a trial stops under `drift`. With `heed_futility` false nobody acts on the futility bounds.

    Raises `InputError` for a drift that is no number.
    """
    drift = number("drift", drift)
    root = np.sqrt(bounds.information)
    before = np.concatenate([[0.0], bounds.information[:-1]])
    moves = [drifting(a, b, drift) for a, b in zip(before, bounds.information, strict=True)]
    heeded = heed_futility and bool(np.any(bounds.futility > -inf))
    low = bounds.low(heed_futility)
    down, up = exits(start(), moves, low * root, bounds.efficacy * root)
    none = np.zeros(bounds.looks)
    stopped = np.append((down + up)[:-1], 0.0)
    stopped[-1] = 1 - stopped.sum()
    return Crossing(
        efficacy=up,
        futility=down if heeded else none,
        harm=none if heeded else down,
        expected_information=float(stopped @ bounds.information),
    )


def drift_for(bounds: Bounds, power: float, *, heed_futility: bool = True) -> float:
    """Return the drift at which the trial has `power`.

    Raises `InputError` for a power that is not above the error it has without a difference, or not below 1.
    """
    wanted = probability("power", power)

    def excess(drift: float) -> float:
        return crossing(bounds, drift, heed_futility=heed_futility).power - wanted

    if excess(0.0) >= 0:
        raise InputError("power", power, "must be above the error under no difference", "ask for 0.8 or 0.9")
    return float(brentq(excess, 0.0, _LARGEST_DRIFT, xtol=_CLOSE))


def inflation(bounds: Bounds, power: float, *, heed_futility: bool = True) -> float:
    """Return the largest information of the trial over that of one without looks, at the same error and power."""
    fixed = -ndtri(bounds.alpha / bounds.sides) + ndtri(probability("power", power))
    return float((drift_for(bounds, power, heed_futility=heed_futility) / fixed) ** 2)
