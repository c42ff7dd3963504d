"""From surge to synapses and benefit: a short chain of labelled hypotheses.

    dB/dt = u / J - kB B                             signal (BDNF, TrkB, mTORC1 as one)
    dF/dt = kB B - kF F                              functional gain: hours to a day, behaviour precedes spines
    dM/dt = kB B - kM M                              delay before spines form
    dS/dt = kM M (1 - S / Smax) - (kS + kC) S        labile synapses
    dC/dt = kC S - kL C                              consolidated synapses: what repetition fills
    A = wF F + S + C ;  D = Emax A / (A50 + A)       drug benefit, 0 <= D < Emax

J makes the reference infusion (0.5 mg/kg over 40 min, typical adult) deliver one unit of signal. Saturation acts on
the labile pool alone, so that S is linear given its input and has an exact integrating factor (docs/decisions).
Each state is >= 0 for any input u >= 0: every loss is proportional to the state it drains.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.model.links import Links

Array = NDArray[np.float64]


def strength(
    functional: Array, labile: Array, consolidated: Array, ind: Mapping[str, Array], links: Links
) -> Array:
    """A, the chain's sum, shape of the states (n, t)."""
    weight = ind["functional_weight"][:, None] if links.function else 0
    return np.asarray(weight * functional + labile + consolidated)


def benefit(strength: Array, ind: Mapping[str, Array], links: Links) -> Array:
    """D, the drug-specific share of symptoms removed, shape (n, t); exactly 0 where the chain is at rest."""
    if not links.drug:
        return np.zeros_like(strength)
    return np.asarray(ind["benefit_max"][:, None] * strength / (ind["benefit_half"][:, None] + strength))
