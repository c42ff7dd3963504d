"""NMDA-receptor block and the glutamate surge it releases.

    x = fu_K K / IC50_K + fu_NK NK / IC50_NK        unbound plasma concentrations, nmol/L
    R = x / (1 + x)                                 share of receptors blocked
    u = max(0, R (1 - R / R0)) * gate               surge: peak at R0 / 2, zero at and beyond R0

Source: Shaffer 2014 for the half-occupancy concentrations (rat, in vivo; the additive form is our reading); the
inverted U after Moghaddam 1997. That block causes benefit through this surge is a hypothesis, not a finding.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.core.units import molecular_weight_g_per_mol

Array = NDArray[np.float64]


def ketamine_weight(ind: Mapping[str, Array]) -> Array:
    """Block signal x per ng/mL of total plasma ketamine, shape (n,)."""
    nmol_per_l = 1000 / molecular_weight_g_per_mol("ketamine")
    return np.asarray(nmol_per_l * ind["unbound_ketamine"] / ind["ic50_ketamine_nmol_per_l"])


def norketamine_weight(ind: Mapping[str, Array]) -> Array:
    """Block signal x per ng/mL of total plasma norketamine, shape (n,)."""
    nmol_per_l = 1000 / molecular_weight_g_per_mol("norketamine")
    return np.asarray(nmol_per_l * ind["unbound_norketamine"] / ind["ic50_norketamine_nmol_per_l"])


def block(signal: Array) -> Array:
    """Share of receptors blocked, from the block signal x >= 0."""
    return np.asarray(signal / (1 + signal))


def surge(blocked: Array, surge_zero: Array, gate: Array) -> Array:
    """Glutamate surge (dimensionless) at the blocked share R; `surge_zero` is R0, `gate` is 0 to 1."""
    return np.asarray(np.maximum(0, blocked * (1 - blocked / surge_zero)) * gate)
