"""Nausea: the chance that a patient reports it, unasked, at an infusion.

    p_k = o / (1 + o) ;  o = odds (C / Cr)^b exp(-d k)       logistic in log C and k, from k = 0

C is the peak effect-site concentration of the infusion, Cr that of the typical adult at 0.5 mg/kg in 40 min.

Source: Rodrigues 2022 (13.3 % of 203 patients over a course, spontaneous). Rates on asking are far higher and
are not pooled with these: 16 of 47 in Murrough 2013 (NCT00768430), 10 of 38 in Feder 2014 (NCT00749203).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]


def probability(peak_effect_site: Array, ind: Mapping[str, Array]) -> Array:
    """Return the probability of spontaneously reported nausea by infusion, shape (n, k).

    `peak_effect_site` is in ng/mL by patient and infusion, in time order. Exactly zero at zero concentration.
    """
    number = np.arange(peak_effect_site.shape[1], dtype=np.float64)
    relative = peak_effect_site / ind["nausea_reference_ng_per_ml"][:, None]
    decline = np.exp(-ind["nausea_decline_per_infusion"][:, None] * number)
    odds = ind["nausea_odds"][:, None] * relative ** ind["nausea_exponent"][:, None] * decline
    return np.asarray(odds / (1 + odds))
