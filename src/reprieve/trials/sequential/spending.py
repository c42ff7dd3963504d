"""How much of the error is spent by an information fraction t.

    O'Brien-Fleming-like   f(t) = 2 (1 - Phi(z(1 - alpha / 2) / sqrt(t)))
    Pocock-like            f(t) = alpha log(1 + (e - 1) t)

for a one-sided alpha; a two-sided test spends half of alpha on each side by the same function.

Source: lan1983; the formulas as the reference manual of the R package gsDesign gives them (sfLDOF, sfLDPocock).
"""

from __future__ import annotations

from math import e

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

type Array = NDArray[np.float64]


def obrien_fleming_like(information: Array, alpha: float) -> Array:
    """One-sided error spent by each information fraction: almost nothing early."""
    return np.asarray(2 * ndtr(ndtri(alpha / 2) / np.sqrt(information)))


def pocock_like(information: Array, alpha: float) -> Array:
    """One-sided error spent by each information fraction: much of it early."""
    return np.asarray(alpha * np.log1p((e - 1) * information))


SPENDING = {"lan_demets_obrien_fleming": obrien_fleming_like, "lan_demets_pocock": pocock_like}
