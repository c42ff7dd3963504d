"""Power from here on: at an interim look, how likely the trial is still to reject.

    conditional    P(cross a later efficacy bound | Z = z at t, drift)
    predictive     the same, averaged over what the data say of the drift: N(z / sqrt(t), 1 / t), flat prior

With one look left they are Phi((z sqrt(t) + drift (1 - t) - c) / sqrt(1 - t)) and Phi((z - c sqrt(t)) / sqrt(1 - t)).

Source: lan1982 (conditional), spiegelhalter1986 (predictive); the closed forms are derived.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import numpy as np

from reprieve.core.errors import InputError
from reprieve.trials.sequential.bounds import Bounds
from reprieve.trials.sequential.looks import number
from reprieve.trials.sequential.walk import Move, drifting, exits, predicted, start


def conditional_power(bounds: Bounds, look: int, z: float, drift: float | None = None) -> float:
    """Return the probability of rejecting at a later look, given `z` at interim look `look` (1 is the first).

    `drift` is the mean of Z at the end; left out, it is the one that the data suggest, z / sqrt(t). Futility bounds
    count if they are binding. Raises `InputError` naming `look`, `z` or `drift`.
    """
    before, z = _at(bounds, look), number("z", z)
    trend = z / sqrt(before) if drift is None else number("drift", drift)
    times = bounds.information[look - 1 :]
    return _later(bounds, look, z, [drifting(a, b, trend) for a, b in pairwise(times)])


def predictive_power(bounds: Bounds, look: int, z: float) -> float:
    """Return the probability of rejecting at a later look, given `z` at interim look `look`, the drift unknown.

    Futility bounds count if they are binding. Raises `InputError` naming `look` or `z`.
    """
    _at(bounds, look)
    times = bounds.information[look - 1 :]
    moves = [predicted(a, b) for a, b in pairwise(times)]
    return _later(bounds, look, number("z", z), moves)


def _at(bounds: Bounds, look: int) -> float:
    if isinstance(look, bool) or not isinstance(look, int) or not 1 <= look < bounds.looks:
        raise InputError(
            "look", look, f"must be an interim look, 1 to {bounds.looks - 1}", "the last one ends the trial"
        )
    return float(bounds.information[look - 1])


def _later(bounds: Bounds, look: int, z: float, moves: list[Move]) -> float:
    root = np.sqrt(bounds.information)
    low = bounds.low(bounds.binding) * root
    return float(exits(start(z * root[look - 1]), moves, low[look:], bounds.efficacy[look:] * root[look:])[1].sum())
