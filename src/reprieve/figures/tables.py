"""Summaries as small tables of text: scores by day, acute effects by minute, events by infusion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reprieve.core.intervals import PERCENTILES
from reprieve.figures.figure import Table

if TYPE_CHECKING:
    from reprieve.model.simulation import Simulation

type Array = npt.NDArray[np.float64]

RESPONSE = 0.3
LEGEND = (
    "Read is what the instrument would show, latent the score behind it, empirical the comparator without mechanism. "
    "Fell 30 % counts a fall by 30 % or more from baseline; stayed is the share still in the study."
)
DAYS = (1, 3, 7, 14, 21, 28, 42, 56, 84, 112, 182, 364)
MINUTES = (0, 20, 40, 60, 80, 120)
SCORES = {
    "caps5_observed": "CAPS-5, read",
    "caps5": "CAPS-5, latent",
    "caps5_empirical": "CAPS-5, empirical",
    "pcl5": "PCL-5, latent",
    "iesr": "IES-R, latent",
}
ACUTE = {
    "dissociation": "dissociation, CADSS",
    "sbp_mmhg": "systolic, mmHg",
    "dbp_mmhg": "diastolic, mmHg",
    "heart_rate_per_min": "heart rate, per min",
    "sedation": "drowsy",
}
EVENTS = {
    "nausea": "nausea, reported unasked",
    "sbp_160": "systolic pressure of 160 mmHg or more",
    "sbp_165_or_dbp_100": "165 mmHg systolic or 100 diastolic, or more",
    "sbp_180_or_dbp_110": "180 mmHg systolic or 110 diastolic, or more",
}


def by_day(run: Simulation) -> Table:
    """Median (2.5 % to 97.5 %) of each score at baseline and by day.

    Then the share whose score fell by 30 % or more, and the share still in the study.
    """
    shown = {key: name for key, name in SCORES.items() if key in run.values}
    start = [cell(run.baseline[key.split("_")[0]]) for key in shown]
    rows: list[tuple[str, ...]] = [("baseline", *start, "", "")]
    score = "caps5_observed" if "caps5_observed" in run.values else "caps5"
    responded = run.response(score, RESPONSE).mean(axis=0)
    for day in _days(run):
        at = int(np.argmin(np.abs(run.time_d - day)))
        scores = [cell(run.values[key][:, at]) for key in shown]
        fell = share(responded[at]) if len(run.patients) > 1 else "yes" if responded[at] else "no"
        rows.append((f"{day:g}", *scores, fell, share(run.values["retained"][:, at].mean())))
    return Table(("day", *shown.values(), "fell 30 %", "stayed"), tuple(rows))


def _days(run: Simulation) -> list[float]:
    """Days worth a row: those of DAYS that were simulated, and the last."""
    simulated = [day for day in DAYS if np.min(np.abs(run.time_d - day)) < 1e-6]
    last = float(run.time_d[-1])
    return [float(day) for day in simulated if day != last] + [last]


def by_minute(run: Simulation, dose: int) -> Table:
    """Median (2.5 % to 97.5 %) of each acute effect by minute of one infusion."""
    ends = {round(float(minute)) for minute in run.minute}
    rows = []
    for minute in [minute for minute in MINUTES if minute in ends]:
        at = int(np.argmin(np.abs(run.minute - minute)))
        values = {key: run.acute[key][:, dose, at] for key in ACUTE}
        cells = [share(v.mean()) if key == "sedation" else cell(v) for key, v in values.items()]
        rows.append((f"{minute}", *cells))
    return Table(("minute", *ACUTE.values()), tuple(rows))


def events(run: Simulation) -> Table:
    """Probability of each event at the first and at the last infusion."""
    held = {key: name for key, name in EVENTS.items() if key in run.felt}
    last = len(run.regimen.doses) - 1
    doses = {"infusion 1": 0, f"infusion {last + 1}": last}
    rows = [(name, *(share(run.felt[key][:, dose].mean()) for dose in doses.values())) for key, name in held.items()]
    return Table(("", *doses), tuple(rows))


def cell(values: Array) -> str:
    """Median and 95 % interval over patients in whole points or units, or the one value of a single patient."""
    if len(values) == 1:
        return whole(values[0])
    low, median, high = np.percentile(values, PERCENTILES)
    return f"{whole(median)} ({whole(low)} to {whole(high)})"


def whole(value: float) -> str:
    """A number without decimals; never a negative zero."""
    return f"{round(float(value)):d}"


def share(value: float) -> str:
    """A share or probability in percent."""
    return f"{100 * float(value):.0f} %"


def number(value: float | None, digits: int = 3) -> str:
    """A number to `digits` significant digits, without an exponent where people would not write one."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "–"
    rounded = float(f"{value:.{digits - 1}e}")
    size = abs(rounded)
    if size == 0 or 1e-3 <= size < 1e6:
        places = 0 if size == 0 else max(0, digits - 1 - math.floor(math.log10(size)))
        return f"{rounded:,.{places}f}"
    return f"{value:.{digits - 1}e}"
