"""Units: exact counts, molecular weights, dose basis. Conversion happens once, at the door."""

from functools import cache
from pathlib import Path
from typing import Final

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet, load_parameters

MINUTES_PER_HOUR: Final = 60
HOURS_PER_DAY: Final = 24
MINUTES_PER_DAY: Final = HOURS_PER_DAY * MINUTES_PER_HOUR
DAYS_PER_WEEK: Final = 7
NG_PER_ML_IN_MG_PER_L: Final = 1000


@cache
def constants() -> ParameterSet:
    """Return the physical constants with their sources."""
    return load_parameters(Path(__file__).parent / "data" / "constants.toml")


def molecular_weight_g_per_mol(molecule: str) -> float:
    """Return the molecular weight of `ketamine`, `norketamine`, `hydroxynorketamine`, ... (both enantiomers).

    Raises `InputError` for a molecule that is not in the constants.
    """
    name = f"molecular_weight_{molecule}"
    if name not in constants():
        known = [n.removeprefix("molecular_weight_") for n in constants().names if n.startswith("molecular_")]
        raise InputError("molecule", molecule, "has no molecular weight here", f"known: {', '.join(known)}")
    return constants()[name]


def base_amount(amount: float, basis: str) -> float:
    """Return the ketamine base in `amount`, given as `base` or as hydrochloride (`hcl`), in the same unit.

    The factor is the same for the racemate and the enantiomers.

    Raises `InputError` for another basis.
    """
    if basis.lower() == "base":
        return amount
    if basis.lower() == "hcl":
        return amount * constants()["base_per_hydrochloride"]
    raise InputError("basis", basis, "must be base or hcl")
