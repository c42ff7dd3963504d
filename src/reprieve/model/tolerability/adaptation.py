"""Adaptation within a session: the part of the effect-site concentration that still acts.

    dCe/dt = ke0 (C - Ce)         effect site, C the arterial concentration (computed with the concentrations)
    dCa/dt = ka (Ce - Ca)         adaptation (likewise)
    X = max(0, Ce - a Ca)

While the infusion runs Ce leads Ca and X is large; afterwards Ca lags behind and cancels what is left of Ce.
At steady state X = (1 - a) Ce, so a long infusion goes on acting.

Source: Olofsen 2012 for ke0. a and ka are assumed, set so that dissociation is near zero at 80 to 120 minutes
as in the record of NCT01920555, when a third of the peak concentration is still there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]


def acting(effect_site: Array, adaptation: Array, ind: Mapping[str, Array]) -> Array:
    """Return X, the acting concentration in ng/mL, of the shape (n, k, m) of its two inputs; never negative.

    `effect_site` and `adaptation` are concentrations in ng/mL by patient, infusion and minute.
    """
    share = ind["adaptation_share"][:, None, None]
    return np.asarray(np.maximum(0, effect_site - share * adaptation))
