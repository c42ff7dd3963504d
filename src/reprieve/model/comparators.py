"""Comparators, described by what they feel like: dissociation, sedation and nausea, no drug benefit.

    shape(t) = (1 - 2^(-t / on)) / (1 - 2^(-T / on))     while the infusion runs, 0 <= t <= T
    shape(t) = 2^(-(t - T) / off)                        after it; 0 before the start
    felt = peak * shape                                  every infusion like the first

Saline feels like the non-drug part of an infusion of ketamine (tolerability/dissociation.py). Midazolam
means 0.045 mg/kg over 40 minutes. The other active substance is a placeholder, half-way between midazolam
and ketamine.

Source: NCT01920555 (midazolam by minute), NCT00088699 (sedation on placebo); the rest assumed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.instruments import instrument
from reprieve.model.tolerability.dissociation import INSTRUMENT

type Array = NDArray[np.float64]

# Where the peak of dissociation stands: saline shares it with ketamine's own non-drug part.
_DISSOCIATION = {
    "saline": "nondrug_dissociation_points",
    "midazolam": "midazolam_dissociation_points",
    "active": "active_dissociation_points",
}


def felt(substance: str, minutes: Array, ind: Mapping[str, Array], n_doses: int) -> dict[str, Array]:
    """Return what `n_doses` infusions of a comparator feel like.

    `substance` is saline, midazolam or active; `minutes` (m,) counts from each infusion's start.
    Keys: `dissociation` (n, k, m), CADSS-23 points; `sedation` (n, k, m), probability of being drowsy;
    `nausea` (n, k), probability of reporting it unasked.

    Raises `InputError` for another substance or `n_doses` below 0.
    """
    name = str(substance)
    if name not in _DISSOCIATION:
        raise InputError("substance", name, f"must be one of {', '.join(_DISSOCIATION)}")
    if n_doses < 0:
        raise InputError("n_doses", n_doses, "must not be negative")
    curve = _shape(name, np.asarray(minutes, dtype=np.float64), ind)
    points = np.minimum(instrument(INSTRUMENT).maximum, ind[_DISSOCIATION[name]][:, None] * curve)
    drowsy = ind[f"{name}_sedation"][:, None] * curve
    nausea = np.repeat(ind[f"{name}_nausea"][:, None], n_doses, axis=1)
    return {"dissociation": _every(points, n_doses), "sedation": _every(drowsy, n_doses), "nausea": nausea}


def _shape(name: str, minutes: Array, ind: Mapping[str, Array]) -> Array:
    end = ind["comparator_infusion_min"][:, None]
    onset = ind["comparator_onset_half_life_min"][:, None]
    offset = ind[f"{name}_offset_half_life_min"][:, None]
    running = np.clip(minutes[None, :], 0, end)
    rising = (1 - 2 ** (-running / onset)) / (1 - 2 ** (-end / onset))
    return np.asarray(rising * 2 ** (-np.maximum(0, minutes[None, :] - end) / offset))


def _every(by_minute: Array, n_doses: int) -> Array:
    return np.repeat(by_minute[:, None, :], n_doses, axis=1)
