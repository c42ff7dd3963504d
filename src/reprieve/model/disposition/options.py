"""Covariate and interaction effects that are off by default, each a sourced factor on a clearance.

Fold-changes measured after oral dosing are first-pass effects and are never carried to infusions; a drug
known only by mouth is refused. Factors: `data/disposition/options.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.parameters import ParameterSet, load_parameters
from reprieve.model.disposition.people import Individuals, People
from reprieve.model.disposition.response import Array

GENOTYPES = {"*1/*1": "cyp2b6_11", "*1/*6": "cyp2b6_16", "*6/*6": "cyp2b6_66"}
ANCESTRIES = ("asian", "japanese")
INTERACTING = ("rifampicin", "itraconazole")
ORAL_ONLY = ("clarithromycin", "ticlopidine")


@dataclass(frozen=True, slots=True)
class Options:
    """Effects to switch on. All are off by default.

    sex: higher clearance of ketamine and norketamine in women. age: clearance falls above 60 years.
    cyp2b6: one genotype for all patients. interacting: drugs taken. ancestry: for `perezruixo2021_esk` only.

    Raises InputError for an unknown choice, UnsupportedError for a drug known only by mouth.
    """

    sex: bool = False
    age: bool = False
    cyp2b6: str | None = None
    interacting: tuple[str, ...] = ()
    ancestry: str | None = None

    def __post_init__(self) -> None:
        if self.cyp2b6 is not None and self.cyp2b6 not in GENOTYPES:
            raise InputError("cyp2b6", self.cyp2b6, f"must be one of {', '.join(GENOTYPES)}")
        if self.ancestry is not None and self.ancestry not in ANCESTRIES:
            raise InputError("ancestry", self.ancestry, f"must be one of {', '.join(ANCESTRIES)}")
        for drug in self.interacting:
            if drug in ORAL_ONLY:
                reason = "only its effect on oral ketamine is published: first-pass, not carried over"
                raise UnsupportedError("interacting", drug, reason, f"known: {', '.join(INTERACTING)}")
            if drug not in INTERACTING:
                raise InputError("interacting", drug, f"must be one of {', '.join(INTERACTING)}")


@dataclass(frozen=True, slots=True)
class Effects:
    """Factors on the clearances of ketamine and norketamine, each (n,)."""

    ketamine: Array
    norketamine: Array


@cache
def factors() -> ParameterSet:
    """The sourced factors."""
    return load_parameters(files("reprieve.model") / "data" / "disposition" / "options.toml")


def effects(options: Options, people: People) -> Effects:
    """Clearance factors of every patient; all 1 with the default options."""
    held = factors()
    ketamine = np.ones(len(people.weight_kg))
    norketamine = ketamine.copy()
    if options.sex:
        women = np.where(people.female, held["female_clearance"], 1)
        ketamine, norketamine = ketamine * women, norketamine * women
    if options.age:
        ketamine = ketamine * _age(people.age_y, held)
    if options.cyp2b6 is not None:
        clearance = held[f"{GENOTYPES[options.cyp2b6]}_clearance_l_per_h"]
        ketamine = ketamine * clearance / held["cyp2b6_11_clearance_l_per_h"]
    for drug in options.interacting:
        ketamine = ketamine / held[f"{drug}_ketamine_auc"]
        norketamine = norketamine / held[f"{drug}_norketamine_auc"]
    return Effects(ketamine, norketamine)


def _age(age_y: Array, held: ParameterSet) -> Array:
    """Well-stirred liver: clearance = flow x intrinsic / (flow + intrinsic), the flow falling with age."""
    flow, intrinsic = held["liver_flow_l_per_h"], held["liver_intrinsic_clearance_l_per_h"]
    older = np.maximum(age_y - held["liver_age_limit_y"], 0)
    aged = flow + held["liver_flow_per_year_l_per_h"] * older
    if np.any(aged <= 0):
        raise InputError("age_y", float(np.max(age_y)), "is beyond the reach of the published age effect")
    return np.asarray((aged / (aged + intrinsic)) / (flow / (flow + intrinsic)))


def apply(ind: Individuals, changes: dict[str, Array]) -> Individuals:
    """The same individuals with some parameters multiplied by a factor (n,)."""
    return {**ind, **{name: ind[name] * factor for name, factor in changes.items()}}
