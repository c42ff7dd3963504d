"""What an instrument reads: the recalled average, a fluctuation that lasts for days, and an error.

    recalled(t) = mean of the latent score at t, t - 1 d, ..., t - (r - 1) d, with the baseline before time 0
    x_d = rho x_(d-1) + sqrt(1 - rho^2) e_d ,  rho = exp(-1 d / tau)      one path per patient, variance 1
    reading = round(recalled + sd_fluctuation x_day + sd_error e) within the scale's range

The path runs on whole days from day 0 in both directions, so it does not depend on the times asked for; the
three scales share it and each scales it. Each scale has one error per day. Repeated visits use the past-week
forms, so r is 7 days for CAPS-5, PCL-5 and IES-R.

Source: marx2022 (error of measurement), duek2023 (correlations between visits); `observation.toml`.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.instruments import instrument
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.population import Population
from reprieve.model.symptoms import SCORES

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]


def recall_days(name: str) -> int:
    """Return the recall window in days of the form for repeated visits: past-week if there is one.

    Raises `InputError` for a scale without a recall window.
    """
    scale = instrument(name)
    days = scale.short_recall_days or scale.recall_days
    if days is None:
        raise InputError("instrument", name, "has no recall window")
    return round(days)


def longest_recall_days() -> int:
    """Return the longest recall window of the three scores: the window to pass to `recall_times`."""
    return max(recall_days(name) for name in SCORES.values())


def recall_times(time_h: Array, window_d: int) -> tuple[Array, Index]:
    """Return the times (g,) at which the latent score is needed, sorted, and where each look back finds it.

    `index[i, j]` points to `time_h[i]` minus j days, time 0 standing for all times before: there the latent
    score is the baseline. Column 0 finds `time_h` itself if it is not negative.

    Raises `InputError` for a window below 1 day.
    """
    if window_d < 1:
        raise InputError("recall_days", window_d, "must be at least 1")
    back = np.asarray(time_h, dtype=np.float64)[:, None] - HOURS_PER_DAY * np.arange(window_d)
    grid, index = np.unique(np.maximum(back, 0), return_inverse=True)
    return grid, index.reshape(back.shape).astype(np.int64)


def recalled(latent: Array, index: Index) -> Array:
    """Return the average over the window, (n, t), of a latent score (n, g) on the grid of `recall_times`."""
    total = latent[:, index[:, 0]]
    for column in index.T[1:]:
        total = total + latent[:, column]
    return np.asarray(total / index.shape[1])


def fluctuation(time_h: Array, patients: Population, time_constant_d: float) -> Array:
    """Return the within-patient fluctuation at each time, (n, t): mean 0, variance 1."""
    day = _day(time_h)
    decay = np.exp(-1 / time_constant_d)
    middle = patients.normals("observation:fluctuation:0")[:, 0]
    after = _walk(middle, patients, "observation:fluctuation:after", max(0, int(day.max(initial=0))), decay)
    before = _walk(middle, patients, "observation:fluctuation:before", max(0, -int(day.min(initial=0))), decay)
    path = np.concatenate([before[:0:-1], after])
    return np.ascontiguousarray(path[day + len(before) - 1].T)


def observe(score: str, average: Array, time_h: Array, patients: Population, ind: Mapping[str, Array]) -> Array:
    """Return the readings of `score` (caps5, pcl5 or iesr), (n, t), whole points within the scale's range.

    `average` (n, t) is the recalled average at `time_h` (t,). Readings of a scale on one day share an error.
    """
    scale = instrument(score)
    x = fluctuation(time_h, patients, float(ind["fluctuation_time_d"][0]))
    reading = average + ind[f"{score}_fluctuation_sd_points"][:, None] * x
    reading += ind[f"{score}_error_sd_points"][:, None] * _errors(score, time_h, patients)
    return np.clip(np.rint(reading), scale.minimum, scale.maximum)


def recall_warnings(time_h: Array, first_dose_h: float) -> tuple[str, ...]:
    """Return a warning for each scale that is read less than its window after the first infusion."""
    day = (np.asarray(time_h, dtype=np.float64) - first_dose_h) / HOURS_PER_DAY
    warnings = []
    for key, name in SCORES.items():
        window = recall_days(name)
        early = day[(day > 0) & (day < window)]
        if len(early):
            warnings.append(
                f"{key}_observed: read {early.min():.3g} d after the first infusion; "
                f"{name} looks back {window} d and still holds days before treatment"
            )
    return tuple(warnings)


def _day(time_h: Array) -> Index:
    return np.floor(np.asarray(time_h, dtype=np.float64) / HOURS_PER_DAY).astype(np.int64)


def _walk(start: Array, patients: Population, stream: str, steps: int, decay: float) -> Array:
    """Days 0 to `steps` away from day 0, (steps + 1, n). The process looks the same in both directions."""
    path = np.empty((steps + 1, len(start)))
    path[0] = start
    if steps:
        path[1:] = patients.normals(stream, steps).T
        path[1:] *= np.sqrt(1 - decay**2)
    for day in range(1, steps + 1):
        path[day] += decay * path[day - 1]
    return path


def _errors(score: str, time_h: Array, patients: Population) -> Array:
    days, where = np.unique(_day(time_h), return_inverse=True)
    drawn = [patients.normals(f"observation:error:{score}:{day}")[:, 0] for day in days]
    return np.stack(drawn, axis=1)[:, where.ravel()] if drawn else np.zeros((len(patients), 0))
