"""Concentrations of whole sessions through the default pharmacokinetics, for the tests of acute effects."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from reprieve.core.parameters import load_parameters, merge
from reprieve.model.disposition import concentration, load_model
from reprieve.model.individuals import individuals
from reprieve.model.population import Population, population
from reprieve.model.regimen import Dose, Phase, Regimen

type Array = NDArray[np.float64]

MINUTES = np.arange(0.0, 131.0, 10.0)
DAYS_APART = 2
MINUTES_PER_HOUR = 60
HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Session:
    """Patients, their parameters, and effect site and adaptation in ng/mL, (n, k, m)."""

    patients: Population
    ind: dict[str, Array]
    effect_site: Array
    adaptation: Array

    def at(self, minute: float) -> int:
        return int(np.flatnonzero(minute == MINUTES)[0])


def infusion(dose_mg_per_kg: float, minutes: float = 40, start_h: float = 0) -> Dose:
    return Dose(start_h, (Phase(minutes / MINUTES_PER_HOUR, dose_mg_per_kg),), "mg/kg")


@cache
def session(
    dose_mg_per_kg: float, infusions: int = 1, n: int = 4000, seed: int = 1, profile: str = "civilian"
) -> Session:
    starts = [HOURS_PER_DAY * DAYS_APART * k for k in range(infusions)]
    return of([infusion(dose_mg_per_kg, start_h=start) for start in starts], n, seed, profile)


def of(doses: list[Dose], n: int, seed: int = 1, profile: str = "civilian") -> Session:
    model = load_model("reprieve_iv_default")
    folder = files("reprieve.model") / "data"
    own = merge(
        "acute", *(load_parameters(folder / f"{part}.toml") for part in ("tolerability", "comparators"))
    )
    patients = population(n, seed, profile=profile)
    ind = individuals(own, patients)
    regimen = Regimen(tuple(doses))
    modes = model.modes(individuals(model.parameters, patients), patients, regimen.substance)
    modes = modes.filtered("driver", ind["effect_site_rate_per_h"], "effect_site")
    modes = modes.filtered("effect_site", ind["adaptation_rate_per_h"], "adaptation")
    schedule = model.schedule(regimen, individuals(model.parameters, patients), patients)
    time_h = np.concatenate([dose.start_h + MINUTES / MINUTES_PER_HOUR for dose in doses])
    shape = (n, len(doses), MINUTES.size)
    site, adaptation = (
        concentration(modes, schedule, output, time_h).reshape(shape)
        for output in ("effect_site", "adaptation")
    )
    return Session(patients, ind, site, adaptation)


def cadss(one: Session, tolerance: bool = True) -> Array:
    from reprieve.model.tolerability import dissociation

    return dissociation.score(one.effect_site, one.adaptation, one.ind, tolerance)


def vital_signs(
    one: Session, *, noise: bool = True, site: int | None = None, seed: int = 1
) -> dict[str, Array]:
    from reprieve.model.tolerability import pressure

    return pressure.response(one.effect_site, one.adaptation, one.patients, one.ind, seed, noise, site)
