"""Small simulations for pictures, made once."""

from __future__ import annotations

from functools import cache

from reprieve.figures import gallery
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation

REGIMEN = "0.5 mg/kg over 40 min on days 0, 2, 4"
DAYS = 9.0


@cache
def regimen(text: str = REGIMEN) -> Regimen:
    return Regimen.parse(text)


@cache
def run(kind: str = "course", patients: int = 25, profile: str = "civilian", text: str = REGIMEN) -> Simulation:
    """A simulation at the times that the picture `kind` needs."""
    return gallery.simulated(kind, regimen(text), population(patients, 4, profile=profile), DAYS, "reprieve_iv_default")


@cache
def plain(patients: int = 25) -> Simulation:
    """A simulation at the times that a summary needs."""
    return simulate(regimen(), population(patients, 4), days=DAYS)
