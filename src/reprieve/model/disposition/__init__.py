"""Pharmacokinetics: published linear models, solved exactly between dose changes."""

from reprieve.model.disposition.library import MODELS, DispositionModel, load_model
from reprieve.model.disposition.modes import Modes, limit
from reprieve.model.disposition.options import Options
from reprieve.model.disposition.people import Covariates, People
from reprieve.model.disposition.predict import PkResult, concentrations, pk
from reprieve.model.disposition.residual import residual
from reprieve.model.disposition.schedule import Schedule, concentration

__all__ = [
    "MODELS",
    "Covariates",
    "DispositionModel",
    "Modes",
    "Options",
    "People",
    "PkResult",
    "Schedule",
    "concentration",
    "concentrations",
    "limit",
    "load_model",
    "pk",
    "residual",
]
