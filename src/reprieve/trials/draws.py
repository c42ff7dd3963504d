"""Trials of the published size, drawn from one large virtual population."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reprieve.core.random import uniform

TRIALS_DRAWN = 2000


def draws(patients: int, size: int, seed: int, arm: str) -> NDArray[np.int64]:
    """Indices (trials, size) of the patients in trials of the published size, with replacement."""
    trial = np.arange(TRIALS_DRAWN, dtype=np.int64)
    return np.floor(uniform(seed, f"replay:trial:{arm}", trial, size) * patients).astype(np.int64)
