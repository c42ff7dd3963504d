"""What the disposition models need to know of a patient, and how size scales their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reprieve.model.disposition.response import Array

Individuals = Mapping[str, Array]


class People(Protocol):
    """Covariates of n patients, each (n,)."""

    @property
    def weight_kg(self) -> Array:
        """Body weight."""

    @property
    def age_y(self) -> Array:
        """Age in years."""

    @property
    def female(self) -> npt.NDArray[np.bool_]:
        """Whether the patient is a woman."""


@dataclass(frozen=True, slots=True)
class Covariates:
    """Covariates given directly, each (n,)."""

    weight_kg: Array
    age_y: Array
    female: npt.NDArray[np.bool_]


def clearance_size(ind: Individuals, people: People) -> Array:
    """Factor of body weight on clearances: (weight / reference) ^ exponent."""
    return np.asarray((people.weight_kg / ind["pk_reference_weight_kg"]) ** ind["pk_clearance_exponent"])


def volume_size(ind: Individuals, people: People) -> Array:
    """Factor of body weight on volumes: (weight / reference) ^ exponent."""
    return np.asarray((people.weight_kg / ind["pk_reference_weight_kg"]) ** ind["pk_volume_exponent"])
