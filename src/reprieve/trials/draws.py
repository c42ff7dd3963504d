"""Trials of the published size, drawn from one large virtual population."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reprieve.core.random import uniform

TRIALS_DRAWN = 2000


def draws(patients: int, size: int, seed: int, arm: str, trials: int = TRIALS_DRAWN) -> NDArray[np.int64]:
    """Indices (trials, size) of the patients in `trials` trials of the published size, with replacement."""
    trial = np.arange(trials, dtype=np.int64)
    return np.floor(uniform(seed, f"replay:trial:{arm}", trial, size) * patients).astype(np.int64)
