"""Units: molecular weights and dose basis."""

import pytest

from reprieve.core.errors import InputError
from reprieve.core.units import (
    HOURS_PER_DAY,
    MINUTES_PER_DAY,
    MINUTES_PER_HOUR,
    base_amount,
    constants,
    molecular_weight_g_per_mol,
)

ATOMS = {"C": 12.011, "H": 1.008, "N": 14.007, "O": 15.999, "Cl": 35.45}
FORMULAS = {
    "ketamine": {"C": 13, "H": 16, "Cl": 1, "N": 1, "O": 1},
    "ketamine_hydrochloride": {"C": 13, "H": 17, "Cl": 2, "N": 1, "O": 1},
    "norketamine": {"C": 12, "H": 14, "Cl": 1, "N": 1, "O": 1},
    "dehydronorketamine": {"C": 12, "H": 12, "Cl": 1, "N": 1, "O": 1},
    "hydroxynorketamine": {"C": 12, "H": 14, "Cl": 1, "N": 1, "O": 2},
}


def from_atoms(molecule: str) -> float:
    return sum(ATOMS[atom] * count for atom, count in FORMULAS[molecule].items())


@pytest.mark.parametrize("molecule", FORMULAS)
def test_molecular_weights_follow_from_the_formulas(molecule: str) -> None:
    """Closed form: sum of conventional atomic weights, to the printed two decimals."""
    assert round(from_atoms(molecule), 2) == molecular_weight_g_per_mol(molecule)


def test_base_per_hydrochloride_is_the_ratio_of_the_weights() -> None:
    """Closed form: to the printed four decimals."""
    ratio = from_atoms("ketamine") / from_atoms("ketamine_hydrochloride")

    assert round(ratio, 4) == constants()["base_per_hydrochloride"]


@pytest.mark.parametrize(("hydrochloride_mg", "base_mg"), [(32.3, 28), (57.7, 50)])
def test_printed_dose_pairs(hydrochloride_mg: float, base_mg: float) -> None:
    """SPRAVATO label (device) and Simons thesis, chapter 2 (film): pairs printed to three digits."""
    assert round(base_amount(hydrochloride_mg, "HCl")) == base_mg


def test_base_stays_base() -> None:
    """Invariant: only the hydrochloride is converted."""
    assert base_amount(35.0, "base") == 35.0


def test_anything_else_is_refused() -> None:
    """Invariant: a basis or molecule that is not known gives an error, not a number."""
    with pytest.raises(InputError, match="basis: 'salt'"):
        base_amount(1.0, "salt")
    with pytest.raises(InputError, match="molecule: 'midazolam'"):
        molecular_weight_g_per_mol("midazolam")


def test_exact_counts() -> None:
    """By definition."""
    assert (MINUTES_PER_HOUR, HOURS_PER_DAY, MINUTES_PER_DAY) == (60, 24, 1440)
