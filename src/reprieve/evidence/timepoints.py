"""The named time points and the other fixed rules of the answer, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml

SINCE = ("first", "last")


@dataclass(frozen=True, slots=True)
class TimePoint:
    """A window of days since the first or since the last dose, and the nominal day a reading should be near.

    `single_dose_only`: only readings while one dose has been given count, whatever followed later.
    """

    key: str
    label: str
    since: str
    nominal_day: float
    from_day: float
    to_day: float
    single_dose_only: bool
    reason: str

    def holds(self, day: float | None) -> bool:
        """Say whether a reading `day` days after the dose that counts lies in the window; unknown days do not."""
        return day is not None and self.from_day <= day <= self.to_day


@dataclass(frozen=True, slots=True)
class PairedCorrelation:
    """The assumed correlation of a patient's two readings in a crossover, and the range its sensitivity shows."""

    value: float
    low: float
    high: float
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Every fixed rule of the answer."""

    timepoints: tuple[TimePoint, ...]
    instruments: tuple[str, ...]
    instruments_reason: str
    measure: str
    standardiser: str
    standardiser_reason: str
    paired: PairedCorrelation
    pool_at_least: int
    warn_below: int
    small_study_tests_at_least: int


@cache
def rules() -> Rules:
    """Return the rules of the answer, from `evidence/data/answer.toml`."""
    table: dict[str, Any] = dict(read_toml(Path(__file__).parent / "data" / "answer.toml"))
    effect, limits = table["effect"], table["thresholds"]
    paired = effect["paired_correlation"]
    return Rules(
        timepoints=tuple(TimePoint(**one) for one in table["timepoint"]),
        instruments=tuple(table["instruments"]["order"]),
        instruments_reason=table["instruments"]["reason"],
        measure=effect["measure"],
        standardiser=effect["standardiser"],
        standardiser_reason=effect["reason"],
        paired=PairedCorrelation(paired["value"], paired["low"], paired["high"], paired["reason"]),
        pool_at_least=limits["pool_at_least"],
        warn_below=limits["warn_below"],
        small_study_tests_at_least=limits["small_study_tests_at_least"],
    )


def timepoint(key: str, since: str | None = None) -> TimePoint:
    """Return a named time point, counted from another dose if `since` says so.

    Raises `InputError` for an unknown name or basis, and for a time point that has only one basis: the early
    effect is counted from the first dose and the end of treatment from the last.
    """
    known = {point.key: point for point in rules().timepoints}
    if key not in known:
        raise InputError("at", key, "is not a time point", f"use {', '.join(known)}")
    point = known[key]
    if since is None or since == point.since:
        return point
    if since not in SINCE:
        raise InputError("since", since, f"must be one of {', '.join(SINCE)}")
    if point.single_dose_only or key == "eot":
        raise InputError("since", since, f"does not apply to {key}", f"{key} is counted from the {point.since} dose")
    other = "first" if point.since == "last" else "last"
    label = point.label.replace(f"the {point.since} dose", f"the {other} dose")
    return replace(point, since=other, label=label)
