"""Observed beside predicted: what `reprieve model check` shows.

Two kinds of rows: concentrations computed from the listed parameters by other means, and observations.
A curve is summarised by the ratio of geometric means predicted / observed over its times.
What is compared, with which model and accepted range, is in `data/pk_check.toml`; observations in
`data/observed_pk.csv`. Predictions are those of the typical adult of the study's mean weight.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from reprieve.core.provenance import SeenHow
from reprieve.core.quantities import check_seen, check_source
from reprieve.core.units import MINUTES_PER_HOUR, molecular_weight_g_per_mol
from reprieve.model.disposition import concentrations, load_model
from reprieve.model.disposition.predict import typical
from reprieve.model.disposition.response import Array
from reprieve.model.regimen import Regimen

DATA = files("reprieve.model") / "data"
POINTS_PER_MINUTE = 10
# Hours over which an area is taken, by the study that printed it.
AREA_HOURS = {"Simons 2022": 6, "Perez-Ruixo 2021": 24, "Trial of 2022": 240}
PEAK_HOURS = 12


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One comparison; ratio is predicted over observed, `ok` is None where no accepted range is stated."""

    what: str
    model: str
    observed: float
    predicted: float
    unit: str
    ratio: float
    low: float | None
    high: float | None
    ok: bool | None
    source: str
    seen: SeenHow
    note: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """A row of `observed_pk.csv`, as printed; time_min is None where the study gives none."""

    study: str
    analyte: str
    metric: str
    time_min: float | None
    value: float
    unit: str
    source: str
    seen: SeenHow

    @property
    def ng_per_ml(self) -> float:
        """The value in ng/mL, areas in ng h/mL."""
        if self.unit == "nmol/mL":
            molecule = self.analyte.split("-")[-1]
            return self.value * molecular_weight_g_per_mol(molecule)
        return self.value / MINUTES_PER_HOUR if self.unit == "ng min/mL" else self.value


def check() -> tuple[CheckRow, ...]:
    """All comparisons: misses first, then what holds, then what has no stated range."""
    table = tomllib.loads((DATA / "pk_check.toml").read_text(encoding="utf-8"))
    rows = [*_computed(table["computed"]), *_observed(table["observed"], observations())]
    order = {False: 0, True: 1, None: 2}
    return tuple(sorted(rows, key=lambda row: order[row.ok]))


def observations() -> tuple[Observation, ...]:
    """The observed concentrations shipped for the check."""
    text = (DATA / "observed_pk.csv").read_text(encoding="utf-8")
    return tuple(_observation(row) for row in csv.DictReader(text.splitlines()))


def _observation(row: Mapping[str, str]) -> Observation:
    where = f"observed_pk.csv: {row['study']}"
    return Observation(
        study=row["study"],
        analyte=row["analyte"],
        metric=row["metric"],
        time_min=float(row["time_min"]) if row["time_min"] else None,
        value=float(row["value"]),
        unit=row["unit"],
        source=check_source(row["source"], where),
        seen=check_seen(row["seen"], where),
    )


def _curve(case: Mapping[str, Any], time_h: Array) -> Array:
    """Prediction of a case for the typical adult, (n_t,) in ng/mL."""
    model = load_model(case["model"])
    ind, people = typical(model, case["weight_kg"])
    output = case["output"]
    found = concentrations(model, Regimen.parse(case["regimen"]), ind, people, time_h, (output,))
    return np.asarray(found[output][0])


def _computed(table: Mapping[str, Any]) -> Iterable[CheckRow]:
    """One row per time of each computed case."""
    low, high = table["accept"]
    for case in table["cases"]:
        found = _curve(case, np.array(case["time_min"]) / MINUTES_PER_HOUR)
        for minute, expected, predicted in zip(case["time_min"], case["ng_per_ml"], found, strict=True):
            what = f"{case['case']} {case['output']} at {minute} min, {case['regimen']}"
            ratio = float(predicted / expected)
            yield CheckRow(
                what=what,
                model=case["model"],
                observed=expected,
                predicted=float(predicted),
                unit="ng/mL",
                ratio=ratio,
                low=low,
                high=high,
                ok=low <= ratio <= high,
                source=table["source"],
                seen=check_seen(table["seen"], "pk_check.toml"),
                note=table["note"],
            )


def _observed(cases: Iterable[Mapping[str, Any]], held: tuple[Observation, ...]) -> Iterable[CheckRow]:
    """One row per study, analyte and metric."""
    for case in cases:
        wanted = (case["study"], case["analyte"], case["metric"])
        rows = [row for row in held if (row.study, row.analyte, row.metric) == wanted]
        values = np.array([row.ng_per_ml for row in rows])
        predicted = _predicted(case, rows)
        ratio = float(np.exp(np.mean(np.log(predicted / values))))
        low, high = case.get("accept", (None, None))
        yield CheckRow(
            what=f"{case['study']}, {case['analyte']}, {_label(case['metric'], len(rows))}",
            model=case["model"],
            observed=_geometric_mean(values),
            predicted=_geometric_mean(predicted),
            unit="ng h/mL" if case["metric"] == "auc" else "ng/mL",
            ratio=ratio,
            low=low,
            high=high,
            ok=None if low is None else low <= ratio <= high,
            source=rows[0].source,
            seen=rows[0].seen,
            note=case.get("note", ""),
        )


def _predicted(case: Mapping[str, Any], rows: list[Observation]) -> Array:
    """What the model says for the rows of one comparison."""
    if case["metric"] == "curve":
        minutes = np.array([row.time_min for row in rows], dtype=float)
        return _curve(case, minutes / MINUTES_PER_HOUR)
    hours = PEAK_HOURS
    if case["metric"] == "auc":
        hours = next(length for study, length in AREA_HOURS.items() if case["study"].startswith(study))
    per_hour = POINTS_PER_MINUTE * MINUTES_PER_HOUR
    time_h = np.arange(hours * per_hour + 1) / per_hour
    curve = _curve(case, time_h)
    return np.array([np.trapezoid(curve, time_h) if case["metric"] == "auc" else curve.max()])


def _geometric_mean(values: Array) -> float:
    return float(np.exp(np.mean(np.log(values))))


def _label(metric: str, count: int) -> str:
    return {"curve": f"{count} point{'s' * (count > 1)}", "peak": "peak", "auc": "area"}[metric]
