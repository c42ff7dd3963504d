"""Unit factors of the disposition models, from the constants of `core`."""

from __future__ import annotations

from typing import Final

from reprieve.core import units

MINUTES_PER_HOUR: Final = units.MINUTES_PER_HOUR
NG_PER_ML: Final = units.NG_PER_ML_IN_MG_PER_L


def molar(metabolite: str) -> float:
    """ng/mL of a metabolite per mg/L of ketamine mass carried through a molar chain."""
    weight = units.molecular_weight_g_per_mol
    return NG_PER_ML * weight(metabolite) / weight("ketamine")
