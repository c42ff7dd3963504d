"""Sedation by minute: the chance that the patient is drowsy.

    S = Ce^g / (C50^g + Ce^g)

Neither tolerance over infusions nor adaptation within a session: no source for either.

Source: NCT00088699 (sedation, asked for: 15 of 65 after one infusion); values assumed, set to reproduce it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]


def score(effect_site: Array, ind: Mapping[str, Array]) -> Array:
    """Return the probability of being drowsy, 0 to 1, shape (n, k, m).

    `effect_site` is in ng/mL by patient, infusion and minute. Exactly zero at zero concentration.
    """
    half = ind["sedation_half_ng_per_ml"][:, None, None]
    raised = (effect_site / half) ** ind["sedation_steepness"][:, None, None]
    return np.asarray(raised / (1 + raised))
