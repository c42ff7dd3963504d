"""Which arms and results the efficacy fit learns from, and what is left of them when a study is held out.

The list stands in `data/arms.toml`; figures are read from the evidence package by row id (`results.py`). A held-out
study leaves with everything of its patients: the overlaps of the evidence package name its sub-studies and reprints.

This module loads pydantic: import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.core.provenance import Quantity
from reprieve.core.quantities import read_quantity
from reprieve.core.schemas import Strict
from reprieve.evidence.package.load import load


def _frozen(value: object) -> object:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


type Names = Annotated[tuple[str, ...], BeforeValidator(_frozen), Field(min_length=1)]
type Days = Annotated[tuple[float, ...], BeforeValidator(_frozen), Field(min_length=1)]
type Rows = Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_frozen), Field(min_length=1)]
type RecallDays = Annotated[int, Field(ge=1)]


class Arm(Strict):
    """An arm: what was given to whom, and whether the patients knew it."""

    study: str
    arm: str
    regimen: str
    role: Literal["ketamine", "active", "inert"]
    profile: Literal["civilian", "veteran"] = "civilian"
    condition: Literal["ptsd", "depression"] = "ptsd"
    open_label: bool = False
    psychotherapy: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Return study and arm."""
        return self.study, self.arm


class Result(Strict):
    """What every result has: its study, its instrument, and the days that the instrument looks back."""

    study: str
    instrument: str
    recall_days: RecallDays
    note: str = ""


class Spread(Strict):
    """Names of the quantities that turn a spread between patients into the SD of a reading or of a change."""

    latent_cv: str
    noise: str


class Means(Result):
    """Means of `arms` on `days`, as shares of baseline; `rows` one list per arm, `correlations` of pairs of days."""

    arms: Names
    days: Days
    rows: Rows
    baseline: Names
    added_error: str = ""
    correlations: Annotated[tuple[str, ...], BeforeValidator(_frozen)] = ()
    spread: Spread | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.rows) != len(self.arms) or len(self.baseline) != len(self.arms):
            raise ValueError("rows and baseline must have one entry per arm")
        if any(len(row) != len(self.days) for row in self.rows):
            raise ValueError("each list of rows must have one row per day")
        if len(self.correlations) != len(self.days) * (len(self.days) - 1) // 2:
            raise ValueError("correlations must have one name per pair of days")
        return self


class Ratio(Result):
    """Ratio of the means of two arms after treatment."""

    arms: Annotated[tuple[str, str], BeforeValidator(_frozen)]
    day: float
    rows: Annotated[tuple[str, str], BeforeValidator(_frozen)]


class Contrast(Result):
    """A published difference of two arms in points."""

    arms: Annotated[tuple[str, str], BeforeValidator(_frozen)]
    day: float
    row: str
    baseline: str


class Responders(Result):
    """How many patients of one arm fell by at least `fall` of their baseline."""

    arm: str
    day: float
    row: str
    fall: Annotated[float, Field(gt=0, lt=1)]
    fall_source: str
    noise: str


class Null(Result):
    """No significant difference of any of `arms` against `control`, mean of the visits on `days`."""

    arms: Names
    control: str
    days: Days
    rows: Names
    baseline: str
    change_sd: str


class LeftOut(Strict):
    """A study that is not used, and why."""

    study: str
    reason: Annotated[str, Field(min_length=1)]


class _File(Strict):
    form: Annotated[int, Field(alias="schema", ge=1, le=1)]
    about: dict[str, str]
    quantities: dict[str, Any]
    arms: Annotated[tuple[Arm, ...], BeforeValidator(_frozen)]
    means: Annotated[tuple[Means, ...], BeforeValidator(_frozen)]
    ratios: Annotated[tuple[Ratio, ...], BeforeValidator(_frozen)]
    contrasts: Annotated[tuple[Contrast, ...], BeforeValidator(_frozen)]
    responders: Annotated[tuple[Responders, ...], BeforeValidator(_frozen)]
    nulls: Annotated[tuple[Null, ...], BeforeValidator(_frozen)]
    left_out: Annotated[tuple[LeftOut, ...], BeforeValidator(_frozen)]


@dataclass(frozen=True)
class Evidence:
    """Arms and results of a fit, the quantities that they name, and the studies not used."""

    arms: tuple[Arm, ...]
    means: tuple[Means, ...]
    ratios: tuple[Ratio, ...]
    contrasts: tuple[Contrast, ...]
    responders: tuple[Responders, ...]
    nulls: tuple[Null, ...]
    quantities: Mapping[str, Quantity]
    left_out: tuple[LeftOut, ...]

    @property
    def studies(self) -> tuple[str, ...]:
        """Return the studies in use, in the order of the file."""
        return tuple(dict.fromkeys(arm.study for arm in self.arms))

    def arm(self, study: str, arm: str) -> int:
        """Return the position of an arm. Raises `InputError` if there is none."""
        for position, one in enumerate(self.arms):
            if one.key == (study, arm):
                return position
        raise InputError("arm", f"{study}:{arm}", "is not in the list of arms")

    def row_ids(self) -> tuple[str, ...]:
        """Return the id of every row that a result or a baseline is read from."""
        found = [row for one in self.means for row in (*one.baseline, *(r for rows in one.rows for r in rows))]
        found += [row for one in self.ratios for row in one.rows]
        found += [row for one in self.contrasts for row in (one.row, one.baseline)]
        found += [one.row for one in self.responders]
        found += [row for one in self.nulls for row in (*one.rows, one.baseline)]
        return tuple(dict.fromkeys(found))


@cache
def same_patients(study: str) -> frozenset[str]:
    """Return the study with every study that shares patients with it, or probably does, by the evidence package."""
    found = {study}
    while True:
        more = {
            name
            for overlap in load().overlaps
            for name in (overlap.study_a, overlap.study_b)
            if {overlap.study_a, overlap.study_b} & found
        }
        if more <= found:
            return frozenset(found)
        found |= more


@cache
def evidence(held_out: str = "") -> Evidence:
    """Return what the fit learns from, without the study `held_out` and all that shares its patients.

    Raises `InputError` for a study that the evidence package does not know, or a broken file.
    """
    whole = _read()
    gone: frozenset[str] = frozenset()
    if held_out:
        load().study(held_out)
        gone = same_patients(held_out)

    def kept[T: (Arm, Means, Ratio, Contrast, Responders, Null)](items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(one for one in items if one.study not in gone)

    return Evidence(
        arms=kept(whole.arms),
        means=kept(whole.means),
        ratios=kept(whole.ratios),
        contrasts=kept(whole.contrasts),
        responders=kept(whole.responders),
        nulls=kept(whole.nulls),
        quantities={name: read_quantity(name, entry, "arms.toml") for name, entry in whole.quantities.items()},
        left_out=whole.left_out,
    )


@cache
def _read() -> _File:
    try:
        return _File.model_validate(read_toml(files("reprieve.calibration") / "data" / "arms.toml"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"arms.toml: {field}", first.get("input"), first["msg"]) from None
