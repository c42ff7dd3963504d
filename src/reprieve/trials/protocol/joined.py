"""A steered course as one simulation, by patient and planned infusion, as an unsteered arm would give it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reprieve.core.results import digest
from reprieve.model.population import Population
from reprieve.model.simulation import Simulation
from reprieve.trials.protocol.log import ACTIONS
from reprieve.trials.protocol.steer import Steered

type Array = NDArray[np.float64]

BELIEF = "belief"
STEERED = (*ACTIONS, "dose_share")  # what a steered course holds beside what is felt


def joined(steered: Steered, patients: Population, expectation: Array) -> Simulation:
    """Return the parts of a steered course as one simulation of `patients`; curves by minute are left out.

    At a withheld infusion nothing is felt, and belief stays what it was: before the first one it is `expectation` (n,).
    `felt` also holds the share of each dose that was given, `dose_share`, and each action as 0 or 1, (n, infusions).
    """
    held = steered.shares.any(axis=2)
    felt = {action: steered.infusions(action) for action in ACTIONS} | {"dose_share": steered.dose_share}
    values: dict[str, Array] = {}
    for who, part in steered.parts:
        for name, table in part.values.items():
            values.setdefault(name, np.empty((len(held), table.shape[1])))[who] = table
        for name, table in part.felt.items():
            whole = felt.setdefault(name, np.zeros(held.shape))
            kept = np.flatnonzero(held[who[0]])
            if len(kept):
                whole[np.ix_(who, kept)] = table
    felt[BELIEF] = _carried(felt[BELIEF], held, expectation)
    first = steered.parts[0][1]
    return replace(
        first,
        regimen=steered.grid.regimen,
        patients=patients,
        values=values,
        acute={},
        felt=felt,
        baseline={name: _whole(steered, name) for name in first.baseline},
        error_estimate=max(part.error_estimate for _, part in steered.parts),
        inputs_digest=digest([part.inputs_digest for _, part in steered.parts]),
    )


def _whole(steered: Steered, name: str) -> Array:
    whole = np.empty(len(steered.shares))
    for who, part in steered.parts:
        whole[who] = part.baseline[name]
    return whole


def _carried(belief: Array, held: NDArray[np.bool_], expectation: Array) -> Array:
    out, last = belief.copy(), expectation
    for infusion in range(held.shape[1]):
        out[:, infusion] = np.where(held[:, infusion], belief[:, infusion], last)
        last = out[:, infusion]
    return out
