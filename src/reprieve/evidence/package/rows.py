"""The rows of the data package, one class per table; fields are the columns, None an empty cell.

What each column means stands in `data/datapackage.json`; a test proves that fields and columns are the same. Rows about
the studies rather than from them are in `rows_about`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reprieve.evidence.package.rows_about import Certainty as Certainty
from reprieve.evidence.package.rows_about import Conflict as Conflict
from reprieve.evidence.package.rows_about import Overlap as Overlap
from reprieve.evidence.package.rows_about import Pooled as Pooled
from reprieve.evidence.package.rows_about import Registered as Registered
from reprieve.evidence.package.rows_about import RiskOfBias as RiskOfBias
from reprieve.evidence.package.rows_about import Screened as Screened
from reprieve.evidence.package.rows_about import Search as Search


@dataclass(frozen=True, slots=True)
class Study:
    """One row per study: design, people, and which pool it may enter."""

    study: str
    title: str | None
    year: int | None
    doi: str | None
    pmid: str | None
    registry: str | None
    country: str | None
    condition: str
    design: str
    randomised: bool | None
    blinding: str
    population: str
    population_note: str | None
    treatment_resistant: str
    psychotherapy: str
    psychotherapy_note: str | None
    n_randomised: int | None
    n_analysed: int | None
    mean_age: float | None
    sd_age: float | None
    percent_female: float | None
    responder_definition: str | None
    pool: str
    pool_reason: str
    source: str
    locator: str | None
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Arm:
    """One row per arm; `all` stands for a study's arms together."""

    study: str
    arm: str
    label: str
    role: str | None
    drug: str | None
    dose_text: str | None
    dose_mg_per_kg: float | None
    route: str
    infusion_min: float | None
    n_randomised: int | None
    n_analysed: int | None
    n_completed: int | None
    psychotherapy: str
    source: str
    locator: str | None
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Dose:
    """Dose history of each arm, one row per dose."""

    study: str
    arm: str
    infusion: int
    day: float
    drug: str
    dose_mg_per_kg: float | None
    dose_mg: float | None
    infusion_min: float | None
    basis: str
    source: str
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Results of one arm on one instrument at one reading."""

    row_id: str
    study: str
    arm: str
    instrument: str
    subscale: str | None
    measure: str
    day: float | None
    time_min: float | None
    n: int | None
    value: float
    dispersion: float | None
    dispersion_type: str
    ci_low: float | None
    ci_high: float | None
    population_analysed: str
    derived: bool
    source: str
    locator: str | None
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Contrast:
    """Differences between two arms as reported, arm 1 (ketamine) minus arm 2."""

    row_id: str
    study: str
    arm1: str
    arm2: str
    instrument: str
    measure: str
    day: float | None
    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None
    smd: float | None
    smd_low: float | None
    smd_high: float | None
    n_arm1: int | None
    n_arm2: int | None
    analysis: str
    direction: str
    use: str
    derived: bool
    source: str
    locator: str | None
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Counts of events in one arm. Asked-for and spontaneous reports differ tenfold and are never pooled together."""

    row_id: str
    study: str
    arm: str
    event: str
    count: int | None
    n_at_risk: int | None
    percent: float | None
    time_frame: str | None
    serious: bool | None
    ascertainment: str
    derived: bool
    source: str
    locator: str | None
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlations between a patient's readings at two visits."""

    study: str
    arm: str
    instrument: str
    day_a: float
    day_b: float
    n: int
    pearson_r: float
    derived: bool
    source: str
    locator: str | None
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Instrument:
    """Instruments, their ranges, and their place in the hierarchy of the PTSD pool."""

    instrument: str
    construct: str
    rating: str
    minimum: float | None
    maximum: float | None
    higher_is_worse: bool | None
    hierarchy: int | None
    source: str
    seen: str
    note: str | None
