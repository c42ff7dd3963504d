"""What a simulation is asked beside its patients, checked and complete."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.core.parameters import ParameterSet
from reprieve.model.disposition import DispositionModel, Options
from reprieve.model.engine.grid import Array
from reprieve.model.links import Links
from reprieve.model.regimen import Regimen, Substance

KETAMINE = (Substance.RACEMATE, Substance.S, Substance.R)


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a simulation needs beside its patients. Times in hours, sorted; minutes from each dose's start.

    `given` (n, phases) multiplies the amount of each phase patient by patient; `planned` is the regimen whose end
    starts the contact window, where it is not the one given.
    """

    regimen: Regimen
    model: DispositionModel
    parameters: ParameterSet
    links: Links
    options: Options
    time_h: Array
    minute: Array
    observed: bool
    variability: float
    site: int | None
    executor: str
    given: Array | None = None
    planned: Regimen | None = None

    @property
    def start_h(self) -> Array:
        """Start of each dose (k,)."""
        return np.array([dose.start_h for dose in self.regimen.doses])
