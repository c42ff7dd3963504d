"""Many parameter sets in one run: each patient is simulated with the values of the set that he belongs to.

A quantity that differs between sets is written as one value for all with a shift per patient, on its own scale:

    T(x_i) = T(v) + [T(v_s(i)) - T(v) + sd_s(i) eta_i]        T: logarithm, logit or identity; s(i) the set of patient i

The bracket is handed over as the patient's effect, with a spread of 1. Correlated effects are summed here, with the
set's own covariance. The result is that of a run per set, to rounding, at the price of a single run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet
from reprieve.core.provenance import Quantity, Spread
from reprieve.model.population import Population

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]

# What the engine shares between patients: rates of its filters, the surge of the reference infusion, end of treatment.
SHARED = (
    *("signal_half_life_h", "functional_half_life_h", "formation_half_life_h", "contact_window_d"),
    *("unbound_ketamine", "unbound_norketamine", "ic50_ketamine_nmol_per_l", "ic50_norketamine_nmol_per_l"),
    "surge_zero",
)


def shared(parameters: ParameterSet) -> tuple[float, ...]:
    """Return what the engine shares between patients: sets may share a run where this is the same."""
    return tuple(parameters[name] for name in SHARED)


def stacked(sets: Sequence[ParameterSet], owner: Index, patients: Population) -> tuple[ParameterSet, Population]:
    """Return one parameter set and the patients with effects such that patient i has the values of `sets[owner[i]]`.

    `owner` (n,) numbers the set of each patient. Raises `InputError` if the sets may not share a run (`shared`), hold
    other quantities or blocks, or differ in the scale of a spread.
    """
    first = sets[0]
    if len({shared(one) for one in sets}) > 1 or any(one.names != first.names for one in sets):
        raise InputError("sets", len(sets), "must agree in their names and in what the engine shares between patients")
    effects = {
        name: shift for block in range(len(first.blocks)) for name, shift in _block(sets, block, owner, patients)
    }
    quantities = dict(first.quantities)
    held: dict[str, Array] = {}
    for name, quantity in first.quantities.items():
        same = all(one.quantities[name] is quantity or _alike(one.quantities[name], quantity) for one in sets)
        if same and name not in effects:
            continue
        shift = effects[name] if name in effects else _spread(sets, name)[owner] * patients.effect(name)
        kind = _kind(sets, name)
        values = _on_scale(np.array([one[name] for one in sets]), kind)
        held[name] = shift + (values[owner] - values[0])
        quantities[name] = replace(quantity, between=Spread(kind, 1.0))
    return replace(first, quantities=quantities, blocks=()), replace(patients, _effects={**patients._effects, **held})


def _alike(one: Quantity, other: Quantity) -> bool:
    return one.value == other.value and one.between == other.between


def _spread(sets: Sequence[ParameterSet], name: str) -> Array:
    spreads = (one.quantity(name).between for one in sets)
    return np.array([0.0 if spread is None else spread.sd for spread in spreads])


def _kind(sets: Sequence[ParameterSet], name: str) -> str:
    kinds = {spread.kind for one in sets if (spread := one.quantity(name).between) is not None}
    if len(kinds) > 1:
        raise InputError(name, sorted(kinds), "must have one scale in all sets")
    return kinds.pop() if kinds else "normal"


def _on_scale(values: Array, kind: str) -> Array:
    if kind == "lognormal":
        return np.asarray(np.log(values))
    if kind == "logit_normal":
        return np.asarray(np.log(values / (1 - values)))
    return values


def _block(sets: Sequence[ParameterSet], number: int, owner: Index, patients: Population) -> list[tuple[str, Array]]:
    """The correlated effects of one block, each patient with the covariance of his set: name and shift (n,)."""
    blocks = [one.blocks[number] for one in sets]
    names = blocks[0].names
    if any(block.names != names for block in blocks):
        raise InputError("blocks", names, "must hold the same names in all sets")
    factors = {block.covariance: np.array(block.cholesky()) for block in set(blocks)}
    factor = np.stack([factors[block.covariance] for block in blocks])[owner]
    effects = np.stack([patients.effect(name) for name in names])
    return [(name, np.einsum("nj,jn->n", factor[:, row], effects)) for row, name in enumerate(names)]
