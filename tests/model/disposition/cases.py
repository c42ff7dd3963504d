"""What the disposition tests share: one patient, one infusion, and the exact limits they are held to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reprieve.model.disposition import Covariates, DispositionModel, concentrations, load_model
from reprieve.model.disposition.people import Individuals
from reprieve.model.disposition.predict import typical
from reprieve.model.regimen import Basis, Dose, Phase, Regimen, Route, Substance
from tests.tolerance import Tolerance

Array = npt.NDArray[np.float64]

EXPONENTIAL = Tolerance(
    1e-9, "modes against a matrix exponential, whose own rounding grows with the norm of the matrix"
)
ROUNDING = Tolerance(1e-9, "terms of the modes cancel: their rounding, in values down to 1e-3 ng/mL")

FORMS = {
    "reprieve_iv_default": Substance.RACEMATE,
    "otto2021_S": Substance.S,
    "simons2022_S": Substance.S,
    "kamp2020_meta3c": Substance.RACEMATE,
    "domino": Substance.RACEMATE,
    "clements1981_250": Substance.RACEMATE,
    "perezruixo2021_esk": Substance.S,
}


def infusion(
    dose_mg: float, minutes: float, substance: Substance, start_h: float = 0.0, basis: Basis = Basis.BASE
) -> Regimen:
    return Regimen((Dose(start_h, (Phase(minutes / 60, dose_mg),), "mg"),), substance, basis)


def at_once(dose_mg: float, route: Route, substance: Substance = Substance.S) -> Regimen:
    return Regimen((Dose(0.0, (Phase(0.0, dose_mg),), "mg", route),), substance)


def curves(name: str, regimen: Regimen, weight_kg: float, time_h: Array, age_y: float = 0.0) -> dict[str, Array]:
    """All outputs of a typical patient, output -> (n_t,)."""
    model = load_model(name)
    ind, people = typical(model, weight_kg, age_y)
    return {key: row[0] for key, row in everything(model, regimen, ind, people, time_h).items()}


def everything(
    model: DispositionModel, regimen: Regimen, ind: Individuals, people: Covariates, time_h: Array
) -> dict[str, Array]:
    names = model.modes(ind, people, regimen.substance).outputs
    return concentrations(model, regimen, ind, people, time_h, names)
