"""What every analysis asks of its arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError

type Array = NDArray[np.float64]


def check_level(level: float) -> None:
    """Raise `InputError` unless `level` is a confidence level between 0 and 1."""
    if not 0 < level < 1:
        raise InputError("level", level, "must lie between 0 and 1", "write 0.95 for 95 %")


def check_arm(arm: Array, patients: int) -> None:
    """Raise `InputError` unless `arm` (patients,) holds zeros and ones only, and both."""
    if arm.shape != (patients,):
        raise InputError("arm", arm.shape, f"must hold {patients} patients as the other columns do")
    if set(np.unique(arm).tolist()) != {0.0, 1.0}:
        raise InputError("arm", np.unique(arm).tolist(), "must be 1 for active and 0 for control, and hold both")


def check_inputs(scores: Array, arm: Array, baseline: Array) -> None:
    """Raise `InputError` unless `scores` (patients, visits), `arm` and `baseline` (patients,) fit and are usable."""
    if scores.ndim != 2 or not scores.size:
        raise InputError("scores", scores.shape, "must be a table of patients by visits")
    check_arm(arm, len(scores))
    if baseline.shape != arm.shape:
        raise InputError("baseline", baseline.shape, f"must hold {len(scores)} patients as scores do")
    if np.isinf(scores).any():
        raise InputError("scores", np.inf, "must be finite, or NaN where missing")
    if not np.isfinite(baseline).all():
        raise InputError("baseline", int((~np.isfinite(baseline)).sum()), "patients lack a finite baseline")
