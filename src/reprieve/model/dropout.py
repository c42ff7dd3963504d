"""Who is still in the study: a hazard of leaving that follows the score and the worst dissociation so far.

    h_d = h0 exp(a (score_d - reference) + b worst_d)       per day, d = 0, 1, 2, ...
    retained(t) = exp(-sum over days begun before t of h_d times the part of the day passed)

The hazard is set once a day, from the score and the infusions at that day's start, so the result does not
depend on the output times. It is a probability; nobody is removed here.

Source: nct02655692, nct02397889 and duek2023 (flow of participants), rodrigues2022; `dropout.toml`.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.units import HOURS_PER_DAY

type Array = NDArray[np.float64]


def day_grid_h(time_h: Array) -> Array:
    """Return the starts of the days, (d,) in hours, at which `retained` needs the score."""
    last = float(np.max(time_h, initial=0))
    return np.arange(max(1, np.ceil(last / HOURS_PER_DAY)), dtype=np.float64) * HOURS_PER_DAY


def retained(
    time_h: Array,
    score_by_day: Array,
    dose_start_h: Array,
    dissociation: Array,
    ind: Mapping[str, Array],
) -> Array:
    """Return the probability of still being in the study at `time_h` (t,), (n, t).

    `score_by_day` (n, d) is the CAPS-5 total at `day_grid_h(time_h)`; `dissociation` (n, k) the peak of each
    infusion in CADSS points. Exactly 1 up to time 0.

    Raises `InputError` if the scores do not cover the days.
    """
    time = np.asarray(time_h, dtype=np.float64)
    grid = day_grid_h(time)
    if score_by_day.shape[1] != len(grid):
        raise InputError("score_by_day", score_by_day.shape, f"must hold {len(grid)} days")
    exponent = ind["dropout_per_point"][:, None] * (score_by_day - ind["dropout_reference_points"][:, None])
    exponent += ind["dropout_per_dissociation_point"][:, None] * _worst(grid, dose_start_h, dissociation)
    hazard = ind["dropout_per_day"][:, None] * np.exp(exponent)
    cumulative = np.concatenate([np.zeros((len(hazard), 1)), np.cumsum(hazard, axis=1)], axis=1)
    passed = np.clip(time / HOURS_PER_DAY, 0, None)
    day = np.minimum(np.floor(passed).astype(np.int64), len(grid) - 1)
    return np.asarray(np.exp(-(cumulative[:, day] + hazard[:, day] * (passed - day))))


def _worst(grid_h: Array, dose_start_h: Array, dissociation: Array) -> Array:
    """Highest peak of the infusions begun by each day's start, (n, d); 0 before the first."""
    n = len(dissociation)
    running = np.maximum.accumulate(np.hstack([np.zeros((n, 1)), dissociation]), axis=1)
    return running[:, np.searchsorted(np.asarray(dose_start_h), grid_h, side="right")]
