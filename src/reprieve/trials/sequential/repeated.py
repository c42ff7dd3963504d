"""Power of an MMRM when patients leave: how much each reading, early or late, says about the last visit.

    I = sum over j of (r_j - r_(j+1)) [S_j^-1 in the corner of a zero matrix] ,  r_(v+1) = 0
    phi = (I^-1)_vv ,   Z ~ N(|d| / sqrt(phi_a / n + phi_b / m), 1)

S_j is the covariance of the first j readings, r_j the share still there at visit j; a patient who leaves does not come
back and leaves at random given what was read. Baseline as a covariate: give the covariance that is left after it.
Degrees of freedom are taken as many, so small trials have a little less power than this says.

Source: lu2008 (formula 3), seen as the R package longpower carries it out.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from reprieve.core.errors import InputError
from reprieve.trials.sequential.classical import patients
from reprieve.trials.sequential.looks import error_level, number, one_of

type Array = NDArray[np.float64]


def last_visit_variance(covariance: ArrayLike, retained: ArrayLike) -> float:
    """Return phi: the variance of the estimated mean at the last visit, times the patients randomised.

    `covariance` (visits, visits) in points squared, `retained` (visits,) the share still there at each visit.

    >>> round(last_visit_variance([[1, 0.5], [0.5, 1]], [1, 0.5]), 12)
    1.75

    Raises `InputError` naming `covariance` (not square, symmetric and positive definite) or `retained` (not falling
    from at most 1 to above 0, another number of visits).
    """
    spread = _covariance(covariance)
    left = _retained(retained, len(spread))
    information = np.zeros_like(spread)
    for last, share in enumerate(left - np.append(left[1:], 0.0), start=1):
        information[:last, :last] += share * np.linalg.inv(spread[:last, :last])
    return float(np.linalg.inv(information)[-1, -1])


def power_repeated(
    active: float,
    control: float,
    difference: float,
    covariance: ArrayLike,
    retained: ArrayLike,
    *,
    covariance_control: ArrayLike | None = None,
    retained_control: ArrayLike | None = None,
    alpha: float = 0.05,
    sides: int = 2,
) -> float:
    """Return the power of an MMRM for `difference` in points at the last visit, with patients randomised to each arm.

    The control arm is like the active one where nothing else is given. Raises `InputError` naming the argument.
    """
    n, m = patients("active", active), patients("control", control)
    phi = last_visit_variance(covariance, retained)
    other = last_visit_variance(
        covariance if covariance_control is None else covariance_control,
        retained if retained_control is None else retained_control,
    )
    z = -ndtri(error_level(alpha) / one_of("sides", sides, (1, 2)))
    return float(ndtr(abs(number("difference", difference)) / sqrt(phi / n + other / m) - z))


def _covariance(value: ArrayLike) -> Array:
    spread = np.asarray(value, dtype=np.float64)
    if spread.ndim != 2 or not spread.size or spread.shape[0] != spread.shape[1] or not np.isfinite(spread).all():
        raise InputError("covariance", spread.shape, "must be a square table of finite numbers, one row for each visit")
    if not np.array_equal(spread, spread.T) or np.linalg.eigvalsh(spread)[0] <= 0:
        raise InputError("covariance", spread.tolist(), "must be symmetric and positive definite")
    return spread


def _retained(value: ArrayLike, visits: int) -> Array:
    left = np.asarray(value, dtype=np.float64)
    if left.shape != (visits,):
        raise InputError("retained", left.tolist(), f"must hold one share for each of the {visits} visits")
    if not (np.all(np.diff(left) <= 0) and left[0] <= 1 and left[-1] > 0):
        raise InputError("retained", left.tolist(), "must fall from at most 1 and stay above 0: nobody comes back")
    return left
