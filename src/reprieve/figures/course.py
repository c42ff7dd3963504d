"""Pictures of a simulated course: exposure, chain, scores, acute effects, and all of it on one page.

Each takes a simulation and draws what is in it; `times` says at which hours to simulate for a smooth line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.core.units import HOURS_PER_DAY, MINUTES_PER_HOUR
from reprieve.figures.figure import Figure
from reprieve.figures.panels import Axis, Columns, Panel, Series, Text, figure
from reprieve.figures.style import BLUE, GREEN, HALF, PURPLE, VERMILLION, WIDTH

if TYPE_CHECKING:
    from reprieve.model.simulation import Simulation

type Draw = Callable[[Simulation], Figure]
type Array = npt.NDArray[np.float64]

INTERVAL = "95 % interval over virtual patients, equal-tailed"
INFUSIONS = "Dotted lines mark the infusions."
LOWEST_ON_LOG_NG_PER_ML = 0.1

FROM_ZERO = ("dissociation", "sedation")
STEPS = (0.25, 0.5, 1, 2, 7, 14, 28, 56, 91, 182, 364)
MOST_TICKS = 12
TICK = 20

CHAIN = {
    "block": ("NMDA-receptor block", "share of receptors", VERMILLION),
    "surge": ("Glutamate surge", "relative", VERMILLION),
    "signal": ("Plasticity signal", "reference infusions", PURPLE),
    "functional": ("Functional gain", "reference infusions", PURPLE),
    "labile": ("New synapses, labile", "reference infusions", GREEN),
    "consolidated": ("New synapses, consolidated", "reference infusions", GREEN),
    "benefit": ("Drug benefit", "share of symptoms removed", BLUE),
}
ACUTE = {
    "dissociation": ("Dissociation", "CADSS, 0 to 92 points"),
    "sedation": ("Sedation", "probability of being drowsy"),
    "sbp_mmhg": ("Systolic pressure", "mmHg"),
    "dbp_mmhg": ("Diastolic pressure", "mmHg"),
    "heart_rate_per_min": ("Heart rate", "beats per min"),
}
SCORES = {"caps5": "CAPS-5", "pcl5": "PCL-5", "iesr": "IES-R"}
type Look = tuple[str, str, tuple[int, ...], Literal["filled", "outlined"]]

PLASMA: Mapping[str, Mapping[str, Look]] = {
    "Ketamine": {
        "ketamine_arterial_ng_per_ml": ("arterial", VERMILLION, (1, 0), "filled"),
        "ketamine_venous_ng_per_ml": ("venous", BLUE, (6, 3), "outlined"),
    },
    "Metabolites": {
        "norketamine_ng_per_ml": ("norketamine", GREEN, (1, 0), "filled"),
        "hydroxynorketamine_ng_per_ml": ("hydroxynorketamine", PURPLE, (6, 3), "outlined"),
    },
}


def exposure(run: Simulation, hours: float = 24, log: bool = False) -> Figure:
    """Concentrations over `hours` after the first dose: ketamine where it is sampled, and its metabolites.

    Raises `InputError` for a logarithmic axis without anything to draw on it.
    """
    dose = run.regimen.doses[0]
    inside = (run.time_h >= dose.start_h) & (run.time_h <= dose.start_h + hours)
    columns = Columns({"hour": (run.time_h[inside] - dose.start_h).tolist()})
    rows, top = [], 0.0
    for title, substances in PLASMA.items():
        series = []
        for key, (name, colour, dash, band) in substances.items():
            if key in run.values:
                bands = run.bands(key)[:, inside]
                columns.add(name, bands, many(run), bands[0] >= LOWEST_ON_LOG_NG_PER_ML if log else None)
                series.append(Series(name, name, colour, dash, band))
                top = max(top, float(bands.max()))
        if series:
            rows.append([Panel(title, "ng/mL of plasma", tuple(series), height=170)])
    if log:
        rows = [[_logarithmic(row[0], top)] for row in rows]
    shade = (0, dose.duration_h) if dose.duration_h else None
    axis = Axis("hour", "hours since the start of the infusion", hours, _step(hours), shade=shade)
    caption = f"Total concentrations in plasma, model {run.model}. The shaded stretch is the infusion."
    return figure(
        Text(slug(run, "exposure"), "Exposure after one infusion", subtitle(run), caption), columns.table(), axis, rows
    )


def _logarithmic(panel: Panel, top: float) -> Panel:
    if top <= LOWEST_ON_LOG_NG_PER_ML:
        rule = f"no concentration reaches {LOWEST_ON_LOG_NG_PER_ML:g} ng/mL"
        raise InputError("log", True, rule, "use a linear axis")
    return replace(panel, limits=(LOWEST_ON_LOG_NG_PER_ML, 10 ** math.ceil(math.log10(top))), log=True)


def chain(run: Simulation) -> Figure:
    """From receptor block to benefit, one panel per link of the hypothesised chain."""
    columns = Columns({"day": run.time_d.tolist()})
    for key, (name, _, _) in CHAIN.items():
        columns.add(name, run.bands(key), many(run))
    rows = [[Panel(name, unit, (Series(name, name, colour),), height=64)] for name, unit, colour in CHAIN.values()]
    caption = (
        "The chain is a hypothesis: each link can be switched off, and an empirical comparator stands beside it. "
        f"One reference infusion is 0.5 mg/kg over 40 min in a typical adult. {INFUSIONS}"
    )
    return figure(
        Text(slug(run, "chain"), "From receptor to benefit", subtitle(run), caption), columns.table(), days(run), rows
    )


def scores(run: Simulation) -> Figure:
    """Scores by day: as an instrument would read them, as they are, and what the empirical comparator says."""
    columns = Columns({"day": run.time_d.tolist()})
    visits = run.time_d == np.floor(run.time_d)
    rows = []
    for key, name in SCORES.items():
        series = []
        if f"{key}_observed" in run.values:
            series.append(Series("as the instrument reads it", f"{name} observed", BLUE))
            columns.add(f"{name} observed", run.bands(f"{key}_observed"), many(run), visits)
        band: Literal["filled", "none"] = "none" if series else "filled"
        series.append(Series("latent score", f"{name} latent", GREEN, (6, 3), band))
        columns.add(f"{name} latent", run.bands(key), many(run))
        if key == "caps5":
            series.append(Series("empirical comparator", f"{name} empirical", VERMILLION, (2, 2), "none"))
            columns.add(f"{name} empirical", run.bands("caps5_empirical"), many(run))
        rows.append([Panel(f"{name} total", "points", tuple(series), height=220 if key == "caps5" else 120)])
    caption = (
        "The instrument averages over its recall window, fluctuates from day to day and errs; bands are those of its "
        f"readings. The empirical comparator knows no mechanism. {INFUSIONS}"
    )
    return figure(Text(slug(run, "scores"), "Symptom scores", subtitle(run), caption), columns.table(), days(run), rows)


def acute(run: Simulation) -> Figure:
    """Acute effects by minute, the first infusion against the last."""
    last = len(run.regimen.doses) - 1
    look = {
        0: Series("first infusion", "", VERMILLION),
        last: Series(f"infusion {last + 1}", "", BLUE, (6, 3), "outlined"),
    }
    if last == 0:
        look = {0: Series("infusion", "", BLUE)}
    columns = Columns({"minute": run.minute.tolist()})
    panels = {}
    for key, (name, unit) in ACUTE.items():
        bands = run.bands(key)
        for dose, series in look.items():
            columns.add(f"{name}, {series.name}", bands[:, dose], many(run))
        lines = tuple(replace(series, column=f"{name}, {series.name}") for series in look.values())
        limits = None if key in FROM_ZERO else _round_limits(bands)
        percent = key == "sedation"
        panels[key] = Panel(name, unit, lines, height=120, width=HALF, limits=limits, tick=TICK, percent=percent)
    first = replace(panels.pop("dissociation"), width=WIDTH, height=170)
    pairs = list(panels.values())
    length = run.regimen.doses[0].duration_h * MINUTES_PER_HOUR
    axis = Axis("minute", "minutes since the start", float(run.minute[-1]), 20, shade=(0, length) if length else None)
    caption = (
        "The shaded stretch is the infusion. Dissociation weakens over infusions, pressure does not. "
        "Pressures and heart rate carry the noise of single readings."
    )
    text = Text(slug(run, "acute"), "Acute effects by minute", subtitle(run), caption)
    return figure(text, columns.table(), axis, [[first], pairs[:2], pairs[2:]], one_legend=True)


def _round_limits(bands: Array) -> tuple[float, float]:
    """Limits of an axis that holds all bands, at a tick."""
    return float(np.floor(bands.min() / TICK) * TICK), float(np.ceil(bands.max() / TICK) * TICK)


def course(run: Simulation) -> Figure:
    """A whole course on one page: plasma, synapses, score."""
    drug = next(key for substances in PLASMA.values() for key in substances if key in run.values)
    columns = Columns({"day": run.time_d.tolist()})
    lines = {
        drug: Series("ketamine", "ketamine in plasma", VERMILLION),
        "functional": Series("functional gain", "functional gain", PURPLE, (2, 2), "none"),
        "labile": Series("labile synapses", "labile synapses", GREEN, (6, 3), "none"),
        "consolidated": Series("consolidated synapses", "consolidated synapses", BLUE, band="none"),
        "caps5": Series("mechanistic model", "CAPS-5", BLUE),
        "caps5_empirical": Series("empirical comparator", "CAPS-5, empirical", VERMILLION, (2, 2), "none"),
    }
    for key, series in lines.items():
        columns.add(series.column, run.bands(key), many(run))
    synapses = tuple(lines[key] for key in ("functional", "labile", "consolidated"))
    rows = [
        [Panel("Ketamine in plasma", "ng/mL", (lines[drug],), height=90)],
        [Panel("Plasticity, a hypothesis", "reference infusions", synapses, height=120)],
        [Panel("CAPS-5 total", "points", (lines["caps5"], lines["caps5_empirical"]), height=170)],
    ]
    text = Text(
        slug(run, "course"),
        run.regimen.text(),
        subtitle(run),
        f"The scores are latent, without error of reading. {INFUSIONS}",
    )
    return figure(text, columns.table(), days(run), rows)


def many(run: Simulation) -> bool:
    """Whether there is more than one patient, so that an interval says something."""
    return len(run.patients) > 1 and run.patients.profile != "typical"


def slug(run: Simulation, name: str) -> str:
    """File name of a picture; that of one patient is told apart."""
    return name if many(run) else f"{name}-of-one"


def subtitle(run: Simulation) -> str:
    """Who was simulated, and what the bands are."""
    if not many(run):
        typical = run.patients.profile == "typical"
        return "A typical patient" if typical else f"Patient {run.patients.ids[0]} of seed {run.patients.seed}"
    return f"Median and {INTERVAL}; {len(run.patients):,} patients, {run.patients.profile} profile"


def days(run: Simulation) -> Axis:
    """The axis of days with its infusions marked."""
    end = float(run.time_d[-1])
    marks = tuple(dose.start_h / HOURS_PER_DAY for dose in run.regimen.doses)
    return Axis("day", "days", end, _step(end), marks)


def _step(end: float) -> float:
    """A distance between ticks that people count in: weeks for weeks, few hours for a day."""
    return next((step for step in STEPS if end / step <= MOST_TICKS), end / MOST_TICKS)
