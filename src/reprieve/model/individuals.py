"""Individual parameters: the population value of each quantity moved by the patient's own random effect.

    lognormal     value * exp(sd * eta)
    normal        value + sd * eta
    logit_normal  1 / (1 + exp(-(logit(value) + sd * eta)))

eta is standard normal, one stream per quantity. In a block, sd * eta is replaced by the Cholesky factor of
the block's covariance times the etas of its members. `variability` multiplies every sd.
"""

import math

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet
from reprieve.core.provenance import Quantity
from reprieve.model.population import Population

type Array = NDArray[np.float64]


def individuals(params: ParameterSet, patients: Population, variability: float = 1.0) -> dict[str, Array]:
    """Return every quantity of `params` for every patient: name -> array (n,).

    Quantities without a between-patient spread are the same for all.

    Raises `InputError` if `variability` is negative or not finite.
    """
    if not (math.isfinite(variability) and variability >= 0):
        raise InputError("variability", variability, "must be a finite number, zero or more")
    shifts = _block_shifts(params, patients)
    n = len(patients)
    return {name: _individual(q, patients, shifts, variability, n) for name, q in params.quantities.items()}


def _individual(
    quantity: Quantity, patients: Population, shifts: dict[str, Array], variability: float, n: int
) -> Array:
    spread = quantity.between
    if spread is None or not (spread.sd > 0 and variability > 0):
        return np.full(n, quantity.value)
    shift = shifts.get(quantity.name)
    if shift is None:
        shift = spread.sd * patients.effect(quantity.name)
    return _moved(quantity.value, spread.kind, variability * shift)


def _moved(value: float, kind: str, shift: Array) -> Array:
    if kind == "lognormal":
        return value * np.exp(shift)
    if kind == "logit_normal":
        # tanh form of the logistic: no overflow however large the shift.
        return 0.5 * (1 + np.tanh(0.5 * (math.log(value / (1 - value)) + shift)))
    return value + shift


def _block_shifts(params: ParameterSet, patients: Population) -> dict[str, Array]:
    shifts: dict[str, Array] = {}
    for block in params.blocks:
        effects = np.stack([patients.effect(name) for name in block.names])
        # Summed row by row: a matrix product may round differently for another number of patients.
        for name, row in zip(block.names, block.cholesky(), strict=True):
            terms = (x * eta for x, eta in zip(row, effects, strict=True))
            shifts[name] = sum(terms, np.zeros(len(patients)))
    return shifts
