"""The package in memory: typed rows, days since doses, names that are not there, files that cannot be read."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.package.load import ROW_TYPES, Package, load, read
from reprieve.evidence.package.schema import DESCRIPTOR
from tests.evidence.package.small import small, write

HEAVY = ("numpy", "polars", "pandas", "scipy", "altair", "numba", "xarray", "pydantic")


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return read(write(tmp_path, small()))


def test_rows_are_typed_and_empty_cells_are_none(package: Package) -> None:
    """Contract of the rows: numbers are numbers, booleans booleans, empty cells None."""
    outcome, study = package.outcomes[6], package.studies[0]

    assert (outcome.n, outcome.value, outcome.dispersion, outcome.derived) == (18, 12.0, None, False)
    assert (type(outcome.n), type(outcome.value), type(study.year)) == (int, float, int)
    assert (study.randomised, study.doi, study.n_randomised) == (True, None, 40)


def test_rows_cannot_be_changed(package: Package) -> None:
    """House rule: results are frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        package.studies[0].pool = "context"  # type: ignore[misc]


@pytest.mark.parametrize(("day", "since", "given"), [(-1, None, 0), (0, 0, 1), (1, 1, 1), (3.5, 1.5, 2), (30, 26, 3)])
def test_days_since_the_last_dose(package: Package, day: float, since: float | None, given: int) -> None:
    """Closed form: doses on days 0, 2 and 4."""
    assert package.days_since_last("alpha2020", "ketamine", day) == since
    assert package.doses_given("alpha2020", "ketamine", day) == given


def test_an_arm_without_a_dose_history_has_no_days(package: Package) -> None:
    """Invariant: what is not known is None, not zero days."""
    assert package.days_since_last("gamma2019", "ketamine", 5) is None
    assert package.doses_given("gamma2019", "ketamine", 5) == 0


def test_names_that_are_not_there_are_refused_with_the_nearest(package: Package) -> None:
    """Contract of errors: what to do instead is said."""
    assert package.study("beta2021").design == "crossover"
    assert package.instrument("PCL-5").rating == "self-report"
    with pytest.raises(InputError, match=r"study: 'alpha2002': is not in the package; did you mean alpha2020"):
        package.study("alpha2002")
    with pytest.raises(InputError, match="`reprieve evidence studies` lists them"):
        package.study("?")
    with pytest.raises(InputError, match="instrument: 'CAPS5'"):
        package.instrument("CAPS5")


def test_the_packaged_data_is_read() -> None:
    """Feder 2014, ClinicalTrials.gov NCT00749203: 41 patients, crossover; no table but certainty may be empty."""
    package = load()

    assert package is load()
    assert (package.study("feder2014").n_randomised, package.study("feder2014").design) == (41, "crossover")
    assert [name for name in ROW_TYPES if not getattr(package, name) and name != "certainty"] == []


def test_feder_2021_gave_six_infusions_in_two_weeks() -> None:
    """Feder 2021, NCT02397889: six infusions over two weeks; week 2 is days after the last."""
    package = load()

    assert package.doses_given("feder2021", "ketamine", 14) == 6
    assert 0 < (package.days_since_last("feder2021", "ketamine", 14) or 0) < 7


def test_depression_trials_are_in_the_package_and_not_in_the_ptsd_pool() -> None:
    """Invariant: depression trials inform kinetics and tolerability, never the PTSD pool."""
    package = load()
    depressed = [one for one in package.studies if one.condition == "depression"]

    assert len(depressed) >= 10
    assert {one.pool for one in depressed} <= {"depression", "context"}


@pytest.mark.parametrize("name", ["outcomes.csv", "sources.bib", DESCRIPTOR])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    """Contract of errors: the file that cannot be read is named."""
    write(tmp_path, small())
    (tmp_path / name).unlink()

    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        read(tmp_path)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    """Contract of errors: text that is not UTF-8 is refused, not guessed at."""
    path = write(tmp_path, small()) / "studies.csv"
    path.write_bytes(path.read_bytes().replace(b"Randomised", b"Randomis\xe9"))

    with pytest.raises(InputError, match=r"studies\.csv.*is not UTF-8 text"):
        read(tmp_path)


def test_reading_the_package_loads_nothing_heavy() -> None:
    """House rule 11: heavy things load late."""
    code = "import sys; from reprieve.evidence.package.load import load; load(); print(*sys.modules)"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not set(HEAVY) & set(out.stdout.split())
