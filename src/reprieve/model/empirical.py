"""The empirical comparator: three numbers, no mechanism. If the chain cannot beat it, that is the finding.

    dA/dt = sum_i (dose_i / reference)^g delta(t - t_i) - k A
    D = Emax A / (A50 + A)
    score = baseline (1 - P) (1 - D)

Emax, k and g are the three numbers; A50 only sets the scale of A and stays fixed. A jumps at each infusion's
start and decays exponentially in between: closed form.

Source: standard kinetic-pharmacodynamic form, no publication for ketamine; values assumed, `empirical.toml`.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.units import HOURS_PER_DAY

type Array = NDArray[np.float64]


def benefit(time_h: Array, dose_start_h: Array, dose_mg_per_kg: Array, ind: Mapping[str, Array]) -> Array:
    """Return D, the share of symptoms that the drug removes, (n, t); 0 <= D < Emax.

    `time_h` (t,) in any order; `dose_start_h` (k,) ascending; `dose_mg_per_kg` (k,) or (n, k), base; a
    comparator has dose 0, which gives exactly 0. The value at an infusion's start is the one before it.

    Raises `InputError` if infusions are not in order or a dose is negative.
    """
    starts = np.asarray(dose_start_h, dtype=np.float64)
    n = len(ind["empirical_benefit_max"])
    doses = np.broadcast_to(np.asarray(dose_mg_per_kg, dtype=np.float64), (n, len(starts)))
    if np.any(np.diff(starts) <= 0):
        raise InputError("dose_start_h", starts.tolist(), "must be ascending")
    if np.any(doses < 0):
        raise InputError("dose_mg_per_kg", float(doses.min()), "must not be negative")
    time = np.asarray(time_h, dtype=np.float64)
    rate = math.log(2) / (ind["empirical_half_life_d"] * HOURS_PER_DAY)
    piece = np.searchsorted(starts, time, side="left") - 1
    amount = np.zeros((n, len(time)))
    level = np.zeros(n)
    for k, start in enumerate(starts):
        if k:
            level = level * np.exp(-rate * (start - starts[k - 1]))
        ratio = doses[:, k] / ind["empirical_reference_mg_per_kg"]
        level = level + ratio ** ind["empirical_dose_exponent"]
        here = piece == k
        amount[:, here] = level[:, None] * np.exp(-rate[:, None] * (time[here] - start))
    top, half = ind["empirical_benefit_max"][:, None], ind["empirical_benefit_half"][:, None]
    return np.asarray(top * amount / (half + amount))


def score(baseline: Array, placebo: Array, benefit: Array) -> Array:
    """Return the total (n, t) in points from its baseline (n,), P (n, t) and D (n, t)."""
    return np.asarray(baseline[:, None] * (1 - placebo) * (1 - benefit))
