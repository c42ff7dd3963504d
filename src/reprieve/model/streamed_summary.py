"""A streamed population as one JSON-ready object, in the form of `summary.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reprieve.core.intervals import OVER_PATIENTS
from reprieve.model.engine.grid import Array

if TYPE_CHECKING:
    from reprieve.model.streaming import Streamed

EVENTS = ("nausea", "sbp_160", "sbp_180_or_dbp_110")


def summarise(run: Streamed) -> dict[str, Any]:
    """Medians, 95 % intervals and probabilities of a streamed simulation, as plain lists and numbers."""
    events = {name: run.felt[name].mean.tolist() for name in EVENTS if name in run.felt}
    responded = {label: shares.tolist() for label, shares in run.responded.items()}
    return {
        "schema": "simulation-summary/1.0.0",
        "model": run.model,
        "regimen": run.regimen.text(),
        "patients": run.patients,
        "seed": run.seed,
        "profile": run.profile,
        "interval": OVER_PATIENTS,
        "day": run.time_d.tolist(),
        "scores": {name: _band(spread.bands()) for name, spread in run.values.items()},
        "minute": run.minute.tolist(),
        "acute": {name: [_band(b) for b in spread.bands().swapaxes(0, 1)] for name, spread in run.acute.items()},
        "probability": {"score": run.score, **responded, **events},
        "by_dose": {name: spread.mean.tolist() for name, spread in run.felt.items()},
        "error_estimate": run.error_estimate,
        "warnings": list(run.warnings),
        "assumed": list(run.assumed),
        "versions": dict(run.versions),
        "inputs_digest": run.inputs_digest,
    }


def _band(band: Array) -> dict[str, list[float]]:
    return dict(zip(("low", "median", "high"), band.tolist(), strict=True))
