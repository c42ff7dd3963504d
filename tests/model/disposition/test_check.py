"""The data behind `reprieve model check`."""

from __future__ import annotations

from reprieve.model.check import CheckRow, check, observations
from tests.tolerance import Tolerance, close

# Ratios of geometric means printed beside the recommendation of the default, to two digits.
PRINTED = {
    ("CHDR1311, S-ketamine, 8 points", "reprieve_iv_default"): 1.05,
    ("CHDR1311, S-norketamine, 8 points", "reprieve_iv_default"): 1.04,
    ("CHDR1311, S-ketamine, 8 points", "otto2021_S"): 0.91,
    ("CHDR1311, S-norketamine, 8 points", "otto2021_S"): 0.98,
    ("Kamp 2020, racemate, S-norketamine, 15 points", "reprieve_iv_default"): 0.85,
    ("Kamp 2020, racemate, R-norketamine, 15 points", "reprieve_iv_default"): 0.67,
    ("Kamp 2020, racemate, hydroxynorketamine, 15 points", "reprieve_iv_default"): 1.70,
    ("Hasan 2021, S-ketamine, 7 points", "reprieve_iv_default"): 1.10,
    ("Hasan 2021, R-ketamine, 7 points", "reprieve_iv_default"): 1.09,
}


def rows() -> dict[tuple[str, str], CheckRow]:
    return {(row.what, row.model): row for row in check()}


def test_every_stated_range_holds() -> None:
    """Acceptance: computed cases 0.5 %, ketamine 0.8 to 1.25, norketamine 0.65 to 1.25, Zarate 150 to 220."""
    assert [row for row in check() if row.ok is False] == []


def test_ratios_agree_with_an_independent_computation() -> None:
    """Independent computation: ratios of geometric means on the same digitised curves, two digits printed."""
    found = rows()

    for key, expected in PRINTED.items():
        assert close(found[key].ratio, expected, Tolerance(0.01, "printed to two digits"))


def test_arterial_ketamine_of_kamp() -> None:
    """Independent computation: 1.02 (S) and 0.96 (R) printed, perhaps without the 5-minute point."""
    wide = Tolerance(0.05, "all 16 points here; the printed ratio may leave one out")
    found = rows()

    for side, expected in (("S", 1.02), ("R", 0.96)):
        row = found[f"Kamp 2020, racemate, {side}-ketamine, 16 points", "reprieve_iv_default"]
        assert close(row.ratio, expected, wide)


def test_misses_come_first() -> None:
    """Contract: a reader sees what fails before what holds, and rows without a range last."""
    order = [row.ok for row in check()]

    assert order == sorted(order, key=lambda ok: {False: 0, True: 1, None: 2}[ok])
    assert None in order


def test_the_quoted_concentration_lies_in_its_range() -> None:
    """Zarate 2006 as quoted by Zanos 2018: 185 ng/mL; the venous prediction lies between 150 and 220."""
    row = rows()["Zarate 2006, ketamine, 1 point", "reprieve_iv_default"]

    assert close(row.observed, 185, "closed_form")
    assert 150 <= row.predicted <= 220


def test_observations_are_facts_with_sources() -> None:
    """Invariant: every observation is positive and used, has a unit and a source."""
    held = observations()
    used = {row.what.rsplit(", ", 1)[0] for row in check()}

    assert all(row.value > 0 and row.unit for row in held)
    assert {f"{row.study}, {row.analyte}" for row in held} <= used
