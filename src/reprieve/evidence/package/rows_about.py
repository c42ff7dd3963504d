"""Rows about the studies: bias, register, published pools, overlaps, conflicts, searches, certainty."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RiskOfBias:
    """Risk of bias (RoB 2) by domain, judged only from what was seen."""

    study: str
    domain: str
    judgement: str
    reason: str
    source: str
    seen: str


@dataclass(frozen=True, slots=True)
class Registered:
    """Registered trials, with and without results."""

    registry: str
    title: str
    sponsor: str | None
    design: str | None
    phase: str | None
    n: int | None
    n_type: str | None
    arms: str | None
    regimen: str | None
    psychotherapy: str | None
    primary_outcome: str | None
    status: str
    status_as_of: str | None
    start: str | None
    completion: str | None
    results_posted: str | None
    study: str | None
    source: str
    locator: str | None
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Pooled:
    """Published pooled results."""

    row_id: str
    meta: str
    outcome: str
    instrument: str | None
    timepoint: str | None
    comparator: str
    measure: str
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None
    k: int | None
    n: int | None
    scale: str
    favours: str
    source: str
    locator: str | None
    seen: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Studies and publications that share participants, and which is kept."""

    study_a: str
    study_b: str
    kind: str
    kept: str
    reason: str
    source: str
    seen: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Where sources disagree: both values, the choice and the reason."""

    study: str
    field: str
    value_a: str
    source_a: str
    value_b: str
    source_b: str
    chosen: str
    reason: str


@dataclass(frozen=True, slots=True)
class Search:
    """How studies were looked for."""

    search_id: str
    what: str
    date: str | None
    source_searched: str | None
    query: str | None
    hits: int | None
    note: str | None
    seen: str


@dataclass(frozen=True, slots=True)
class Screened:
    """Every record considered, with the decision and its reason."""

    record: str
    doi: str | None
    decision: str
    reason: str
    study: str | None
    source: str
    seen: str


@dataclass(frozen=True, slots=True)
class Certainty:
    """Certainty of each pool by GRADE domain: this project's judgement."""

    timepoint: str
    comparator: str
    domain: str
    judgement: str
    reason: str
    seen: str
