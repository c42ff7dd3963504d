"""Dissociation by minute: the total of the 23-item CADSS, 0 to 92.

    CADSS_k = T_k M X^g / (C50^g + X^g) + N X^2 / (C0^2 + X^2)
    T_k = 1 - tau (1 - exp(-kappa k))                k = 0 for the first infusion

X is the acting concentration (adaptation.py), M the patient's largest score. N is the non-drug part: what is
reported because an infusion is felt at all. It comes with any X well above C0 and goes with it, and it is the
score of a saline infusion. Tolerance over infusions lowers the drug part alone.

Source: NCT01920555 (scores at 40, 80 and 120 minutes, four doses); values assumed, set to reproduce it.
Rodrigues 2022: lower after the first infusion, then flat; no figures, so tau and kappa are assumed too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.core.instruments import instrument
from reprieve.model.tolerability.adaptation import acting

type Array = NDArray[np.float64]

INSTRUMENT = "cadss23"


def tolerance_factor(infusions: int, ind: Mapping[str, Array]) -> Array:
    """Return T_k, the share of the first infusion's dissociation that is left, shape (n, infusions)."""
    number = np.arange(infusions, dtype=np.float64)
    rate = ind["dissociation_tolerance_rate"][:, None]
    return np.asarray(1 - ind["dissociation_tolerance_max"][:, None] * (1 - np.exp(-rate * number)))


def score(effect_site: Array, adaptation: Array, ind: Mapping[str, Array], tolerance: bool = True) -> Array:
    """Return the CADSS total in points, 0 to 92, shape (n, k, m).

    `effect_site` and `adaptation` are concentrations in ng/mL by patient, infusion and minute; infusions are
    in time order. `tolerance=False` keeps every infusion like the first. Exactly zero at zero concentration.

    Source: nct01920555 (shape and size), rodrigues2022 (tolerance), assumed values.
    """
    highest = instrument(INSTRUMENT).maximum
    x = acting(effect_site, adaptation, ind)
    power = ind["dissociation_steepness"][:, None, None]
    raised = (x / ind["dissociation_half_ng_per_ml"][:, None, None]) ** power
    drug = highest * ind["dissociation_max"][:, None, None] * raised / (1 + raised)
    if tolerance:
        drug = drug * tolerance_factor(effect_site.shape[1], ind)[:, :, None]
    felt = (x / ind["nondrug_half_ng_per_ml"][:, None, None]) ** 2
    other = ind["nondrug_dissociation_points"][:, None, None] * felt / (1 + felt)
    return np.asarray(np.minimum(highest, drug + other))
