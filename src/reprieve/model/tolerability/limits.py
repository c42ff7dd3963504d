"""Pressure limits that an infusion crosses: whether any reading of the session reaches them.

    sbp_160             SBP >= 160 mmHg
    sbp_180_or_dbp_110  SBP >= 180 or DBP >= 110 mmHg
    sbp_165_or_dbp_100  SBP >= 165 or DBP >= 100 mmHg

Source: Rodrigues 2022 for 165/100; 180/110 is the conventional reading of Yale 2024; 160 as in trial protocols.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]

PAIRS = {
    "sbp_180_or_dbp_110": ("severe_sbp_mmhg", "severe_dbp_mmhg"),
    "sbp_165_or_dbp_100": ("raised_sbp_mmhg", "raised_dbp_mmhg"),
}


def crossed(sbp_mmhg: Array, dbp_mmhg: Array, ind: Mapping[str, Array]) -> dict[str, Array]:
    """Return 1 where a session crosses a limit and 0 elsewhere, name -> (n, k), from readings (n, k, m)."""
    if not sbp_mmhg.shape[2]:
        return {}
    sbp, dbp = sbp_mmhg.max(axis=2), dbp_mmhg.max(axis=2)
    out = {"sbp_160": np.asarray(sbp >= ind["high_sbp_mmhg"][:, None], dtype=np.float64)}
    for name, (systolic, diastolic) in PAIRS.items():
        over = (sbp >= ind[systolic][:, None]) | (dbp >= ind[diastolic][:, None])
        out[name] = np.asarray(over, dtype=np.float64)
    return out
