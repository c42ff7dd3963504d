"""Views of a simulation: a JSON-ready summary and a labelled dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.core.intervals import OVER_PATIENTS
from reprieve.model.engine.grid import Array
from reprieve.model.simulation import Simulation

if TYPE_CHECKING:
    import xarray

UNITS = {
    "_ng_per_ml": "ng/mL",
    "_mmhg": "mmHg",
    "_per_min": "1/min",
    "_kg": "kg",
    "_y": "a",
}
SCORES = ("caps5", "pcl5", "iesr", "cluster_", "dissociation")
RESPONSE_SHARE = {"response_30": (3, 10), "response_50": (1, 2)}


def summarise(run: Simulation) -> dict[str, Any]:
    """Medians, 95 % intervals and probabilities of a simulation, as plain lists and numbers."""
    return {
        "schema": "simulation-summary/1.0.0",
        "model": run.model,
        "regimen": run.regimen.text(),
        "patients": len(run.patients),
        "seed": run.patients.seed,
        "profile": run.patients.profile,
        "interval": OVER_PATIENTS,
        "day": _list(run.time_d),
        "scores": {name: _band(run.bands(name)) for name in run.values},
        "minute": _list(run.minute),
        "acute": {name: [_band(b) for b in run.bands(name).swapaxes(0, 1)] for name in run.acute},
        "probability": probabilities(run),
        "by_dose": {name: _list(values.mean(axis=0)) for name, values in run.felt.items()},
        "error_estimate": run.error_estimate,
        "warnings": list(run.warnings),
        "assumed": list(run.assumed),
        "versions": dict(run.versions),
        "inputs_digest": run.inputs_digest,
    }


def probabilities(run: Simulation) -> dict[str, Any]:
    """Share of patients who respond by day, and per-dose probabilities of acute events."""
    name = "caps5_observed" if "caps5_observed" in run.values else "caps5"
    out: dict[str, Any] = {"score": name}
    for label, (top, bottom) in RESPONSE_SHARE.items():
        out[label] = _list(run.response(name, top / bottom).mean(axis=0))
    for event in ("nausea", "sbp_160", "sbp_180_or_dbp_110"):
        if event in run.felt:
            out[event] = _list(run.felt[event].mean(axis=0))
    return out


def dataset(run: Simulation) -> xarray.Dataset:
    """An `xarray.Dataset` with every array of the simulation and its provenance in the attributes."""
    import xarray

    coords = {
        "patient": run.patients.ids,
        "time": ("time", run.time_h, {"units": "h", "long_name": "time since day 0"}),
        "dose": np.arange(len(run.regimen.doses)),
        "minute": ("minute", run.minute, {"units": "min", "long_name": "time since the start of a dose"}),
    }
    people = run.patients
    covariates = {name: getattr(people, name) for name in ("weight_kg", "age_y", "female", "hypertension")}
    tables: tuple[tuple[tuple[str, ...], Mapping[str, Array]], ...] = (
        (("patient", "time"), run.values),
        (("patient", "dose", "minute"), run.acute),
        (("patient", "dose"), {f"dose_{name}": values for name, values in run.felt.items()}),
        (("patient",), {f"baseline_{name}": values for name, values in run.baseline.items()} | covariates),
    )
    data = {
        name: (dims, values, {"units": unit_of(name)}) for dims, table in tables for name, values in table.items()
    }
    attributes = {
        "regimen": run.regimen.text(),
        "model": run.model,
        "seed": people.seed,
        "profile": people.profile,
        "inputs_digest": run.inputs_digest,
        "error_estimate": run.error_estimate,
        "warnings": list(run.warnings),
        "assumed": list(run.assumed),
        **{f"version_{name}": value for name, value in run.versions.items()},
    }
    return xarray.Dataset(data, coords=coords, attrs=attributes)


def unit_of(name: str) -> str:
    """The unit of a value by its name: a suffix, or points for a score; `1` for a share or a probability."""
    for ending, unit in UNITS.items():
        if name.endswith(ending):
            return unit
    return "points" if any(part in name for part in SCORES) else "1"


def _list(values: Array) -> list[float]:
    return [float(x) for x in np.asarray(values).reshape(-1)]


def _band(band: Array) -> dict[str, list[float]]:
    return dict(zip(("low", "median", "high"), (_list(row) for row in band), strict=True))
