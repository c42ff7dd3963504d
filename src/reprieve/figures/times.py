"""When a picture needs values: close together where things change, far apart where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reprieve.core.units import HOURS_PER_DAY, MINUTES_PER_HOUR

if TYPE_CHECKING:
    from reprieve.model.regimen import Regimen

type Array = npt.NDArray[np.float64]

# A minute before, so that what jumps at a dose is drawn as a jump.
MINUTES_AROUND_A_DOSE = (-1, *range(0, 60, 10), 5, *range(60, 180, 20), *range(180, 360, 60), 360, 480, 600, 720, 960)
EVERY_H = 12


def course_h(regimen: Regimen, days: float) -> Array:
    """Times for a course: around every dose by minutes, then every 12 h, to the end of follow-up."""
    end_h = days * HOURS_PER_DAY
    after = np.array(MINUTES_AROUND_A_DOSE) / MINUTES_PER_HOUR
    around = [dose.start_h + after for dose in regimen.doses]
    grid = np.concatenate([*around, _ends_h(regimen), np.arange(0, end_h, EVERY_H), [end_h]])
    return np.unique(grid[(grid >= 0) & (grid <= end_h)])


def exposure_h(regimen: Regimen, hours: float) -> Array:
    """Times after the first dose for a picture of its concentrations, in hours since day 0."""
    start_h = regimen.doses[0].start_h
    steps = [(0.0, 2.0, 2), (2.0, 6.0, 5), (6.0, 24.0, 15), (24.0, max(24.0, hours), 60)]
    parts = [np.arange(a * MINUTES_PER_HOUR, b * MINUTES_PER_HOUR, step) for a, b, step in steps]
    after = np.concatenate([*parts, [hours * MINUTES_PER_HOUR]]) / MINUTES_PER_HOUR
    ends = np.array([end for end in _ends_h(regimen) if end <= start_h + hours])
    return np.unique(np.concatenate([start_h + after[after <= hours], ends]))


def _ends_h(regimen: Regimen) -> Sequence[float]:
    """Ends of all stretches at one rate: there a concentration has its kinks and its peak."""
    ends = []
    for dose in regimen.doses:
        at_h = dose.start_h
        for phase in dose.phases:
            at_h += phase.duration_h
            ends.append(at_h)
    return ends
