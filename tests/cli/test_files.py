"""Files hold what was simulated: every value comes back as it was."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
import xarray

from reprieve.cli import files, main
from reprieve.core.errors import InputError
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation

REGIMEN = "0.5 mg/kg over 40 min on days 0, 2"


@pytest.fixture(scope="module")
def run() -> Simulation:
    return simulate(Regimen.parse(REGIMEN), population(5, 2, start=10), days=4)


def written(run: Simulation, tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    files.write(run, path)
    return path


def check_table(run: Simulation, columns: dict[str, np.ndarray[Any, Any]]) -> None:
    """Compare the four records of a table with the simulation, value by value."""
    where = {record: columns["record"] == record for record in ("patient", "dose", "acute", "course")}
    n, doses = len(run.patients), len(run.regimen.doses)
    assert sum(rows.sum() for rows in where.values()) == len(columns["record"])

    def shaped(name: str, record: str, *shape: int) -> np.ndarray[Any, Any]:
        return np.asarray(columns[name][where[record]].astype(float).reshape(shape))

    for name, values in run.values.items():
        assert np.array_equal(shaped(name, "course", *values.shape), values), name
    for name, values in run.acute.items():
        assert np.array_equal(shaped(name, "acute", *values.shape), values), name
    for name, values in run.felt.items():
        assert np.array_equal(shaped(f"dose_{name}", "dose", *values.shape), values), name
    for name, values in run.baseline.items():
        assert np.array_equal(shaped(f"baseline_{name}", "patient", n), values), name
    assert np.array_equal(shaped("weight_kg", "patient", n), run.patients.weight_kg)
    assert np.array_equal(shaped("patient", "course", n, len(run.time_h))[:, 0], run.patients.ids)
    assert np.array_equal(shaped("time_h", "course", n, len(run.time_h))[0], run.time_h)
    minutes = shaped("time_h", "acute", n, doses, len(run.minute))[0]
    starts = np.array([dose.start_h for dose in run.regimen.doses])
    assert np.array_equal(minutes, starts[:, None] + run.minute / 60)


def test_csv_comes_back(run: Simulation, tmp_path: Path) -> None:
    """Invariant: every number is written with all its digits."""
    with written(run, tmp_path, "run.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    check_table(run, {name: np.array([row[name] for row in rows]) for name in rows[0]})


def test_parquet_comes_back(run: Simulation, tmp_path: Path) -> None:
    """Invariant: the same table, with provenance in the metadata of the file."""
    path = written(run, tmp_path, "run.parquet")

    frame = polars.read_parquet(path)

    check_table(run, {name: frame[name].to_numpy() for name in frame.columns})
    assert polars.read_parquet_metadata(path)["inputs_digest"] == run.inputs_digest


def test_netcdf_comes_back(run: Simulation, tmp_path: Path) -> None:
    """Invariant: the dataset, with provenance in its attributes."""
    with xarray.open_dataset(written(run, tmp_path, "run.nc"), engine="netcdf4") as held:
        for name, values in run.dataset().data_vars.items():
            assert np.array_equal(held[name].values, values.values), name
        assert held.attrs["regimen"] == run.regimen.text()
        assert held.attrs["assumed"].splitlines() == list(run.assumed)
        assert held.attrs["version_numeric_semantics"] == run.versions["numeric_semantics"]


def test_csv_and_parquet_are_one_table(run: Simulation, tmp_path: Path) -> None:
    """Invariant: same columns, same rows."""
    frame = polars.read_parquet(written(run, tmp_path, "run.parquet"))
    with written(run, tmp_path, "run.csv").open(newline="") as file:
        rows = list(csv.reader(file))

    assert set(rows[0]) == set(frame.columns)
    assert len(rows) - 1 == frame.height


@pytest.mark.parametrize("ending", ["csv", "parquet", "nc"])
def test_the_command_writes_the_file(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Invariant: `--out` writes and says where."""
    path = tmp_path / f"run.{ending}"

    assert main(["simulate", REGIMEN, "--patients", "2", "--days", "3", "--out", str(path)]) == 0
    assert path.stat().st_size > 0
    assert str(path) in capsys.readouterr().out.replace("\n", "")


def test_report_and_figures_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Invariant: each picture has its numbers beside it, and the report is one file."""
    page, folder = tmp_path / "report.html", tmp_path / "pictures" / "new"
    options = ["--patients", "6", "--days", "4", "--report", str(page), "--figures", str(folder)]

    assert main(["simulate", REGIMEN, *options, "--json"]) == 0
    assert page.read_text().startswith("<!doctype html>")
    assert sorted(path.stem for path in folder.glob("*.svg")) == sorted(path.stem for path in folder.glob("*.csv"))
    assert len(list(folder.glob("*.svg"))) == 5
    assert capsys.readouterr().out.count("\n") == 1


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: it is known before the simulation whether the file can be written."""
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(InputError, match="no permission"):
        files.checked("out", str(tmp_path / "run.csv"), files.KINDS)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Invariant."""
    (tmp_path / "here").write_text("")

    with pytest.raises(InputError, match="figures"):
        files.checked_folder("figures", str(tmp_path / "here"))
