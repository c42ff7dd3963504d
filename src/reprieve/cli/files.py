"""Results as files: Parquet, NetCDF and CSV with every value of every patient. Checked before anything runs.

Parquet and CSV hold one table. `record` says what a row is:

    patient    covariates and baseline scores
    dose       what a patient felt at one dose, `time_h` its start
    acute      acute effects, `minute` after the start of `dose`
    course     concentrations, states and scores at `time_h`

NetCDF holds the same as labelled arrays, with provenance in its attributes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprieve.core.errors import InputError

if TYPE_CHECKING:
    import polars

    from reprieve.model.simulation import Simulation

KINDS = (".parquet", ".nc", ".csv")
KEYS = ("record", "patient", "dose", "time_h", "minute")


def checked(field: str, text: str, kinds: Sequence[str]) -> Path:
    """Return the path of a file that can be written. Raises `InputError` naming `field` otherwise."""
    path = Path(text)
    if path.suffix.lower() not in kinds:
        raise InputError(field, text, f"must end in {' or '.join(kinds)}")
    if path.is_dir():
        raise InputError(field, text, "is a folder", "give the name of a file")
    if not path.parent.is_dir():
        raise InputError(field, text, f"there is no folder {path.parent}")
    place = path if path.exists() else path.parent
    if not os.access(place, os.W_OK):
        raise InputError(field, text, f"no permission to write to {place}")
    return path


def checked_folder(field: str, text: str) -> Path:
    """Return the path of a folder, made if it is not there. Raises `InputError` if it cannot be."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(field, text, f"cannot be a folder: {error.strerror}") from None
    if not text or not os.access(path, os.W_OK):
        raise InputError(field, text, "must be a folder that can be written to")
    return path


def write(run: Simulation, path: Path) -> None:
    """Write a simulation to `path`; its ending says how."""
    writers = {".parquet": _parquet, ".nc": _netcdf, ".csv": _csv}
    writers[path.suffix.lower()](run, path)


def _netcdf(run: Simulation, path: Path) -> None:
    held = run.dataset()
    # NetCDF has no lists of text that every reader understands: one line each.
    held.attrs = {key: "\n".join(v) if isinstance(v, list) else v for key, v in held.attrs.items()}
    held.to_netcdf(path, engine="netcdf4")


def _parquet(run: Simulation, path: Path) -> None:
    found = {
        "inputs_digest": run.inputs_digest,
        "error_estimate": repr(run.error_estimate),
        "warnings": "\n".join(run.warnings),
    }
    frame(run).write_parquet(path, metadata=provenance(run) | found)


def frame(run: Simulation) -> polars.DataFrame:
    """Return the rows of the table as one frame, the columns that say what a row is first."""
    import polars

    frames = [polars.DataFrame(part) for part in records(run)]
    kinds: dict[Any, Any] = {"record": polars.String, "patient": polars.Int64, "dose": polars.Int64}
    return polars.concat(frames, how="diagonal_relaxed").select([*KEYS, polars.exclude(*KEYS)]).cast(kinds)


def _csv(run: Simulation, path: Path) -> None:
    import csv

    parts = list(records(run))
    columns = list(dict.fromkeys([*KEYS, *(name for part in parts for name in part)]))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for part in parts:
            # `tolist` gives Python numbers, which print with every digit that matters and no more.
            values = [part[name].tolist() if name in part else [None] * len(part["patient"]) for name in columns]
            writer.writerows(zip(*values, strict=True))


def records(run: Simulation) -> Iterator[dict[str, Any]]:
    """The rows of the table in four parts: column -> array."""
    import numpy as np

    ids, n = run.patients.ids, len(run.patients)
    doses, times, minutes = len(run.regimen.doses), len(run.time_h), len(run.minute)
    start_h = np.array([dose.start_h for dose in run.regimen.doses])

    def part(record: str, rows: int, **columns: Any) -> dict[str, Any]:
        return {"record": np.full(n * rows, record), "patient": np.repeat(ids, rows), **columns}

    people = run.patients
    covariates = {"weight_kg": people.weight_kg, "age_y": people.age_y, "female": people.female.astype(int)}
    baselines = {f"baseline_{name}": values for name, values in run.baseline.items()}
    yield part("patient", 1, **covariates, **baselines)
    dose = np.arange(doses)
    felt = {f"dose_{name}": values.reshape(-1) for name, values in run.felt.items()}
    yield part("dose", doses, dose=np.tile(dose, n), time_h=np.tile(start_h, n), **felt)
    if run.acute:
        from reprieve.core.units import MINUTES_PER_HOUR

        moment_h = (start_h[:, None] + run.minute / MINUTES_PER_HOUR).reshape(-1)
        keys = {
            "dose": np.tile(np.repeat(dose, minutes), n),
            "time_h": np.tile(moment_h, n),
            "minute": np.tile(run.minute, n * doses),
        }
        acute = {name: values.reshape(-1) for name, values in run.acute.items()}
        yield part("acute", doses * minutes, **keys, **acute)
    course = {name: values.reshape(-1) for name, values in run.values.items()}
    yield part("course", times, time_h=np.tile(run.time_h, n), **course)


def provenance(run: Simulation) -> dict[str, str]:
    """Return what is known of a run before its first row is written."""
    return {
        "regimen": run.regimen.text(),
        "model": run.model,
        "seed": str(run.patients.seed),
        "profile": run.patients.profile,
        "assumed": "\n".join(run.assumed),
        **{f"version_{name}": value for name, value in run.versions.items()},
    }
