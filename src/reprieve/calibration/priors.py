"""Priors of the efficacy fit, and fixed quantities that change when a study is held out; from `data/priors.toml`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from reprieve.calibration.problem import Prior
from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.core.quantities import check_source
from reprieve.core.schemas import Seen, Strict
from reprieve.evidence.package.load import load

FILE = "priors.toml"
DRUG = {
    "chain": ("labile_half_life_d", "consolidation_half_life_d", "lambda_e", "chain_dose_excess"),
    "comparator": ("empirical_half_life_d", "empirical_dose_exponent"),
}
BENEFIT = "benefit_logit_"


class _Entry(Strict):
    label: Annotated[str, Field(min_length=1)]
    unit: Annotated[str, Field(min_length=1)]
    scale: Literal["normal", "lognormal", "logit_normal", "half_normal"]
    centre: float
    spread: Annotated[float, Field(gt=0)]
    source: str
    seen: Seen
    studies: Annotated[list[str], Field(default_factory=list)]
    note: str = ""


class _Neutral(Strict):
    quantity: str
    value: float
    unit: str
    source: str
    seen: Seen
    studies: Annotated[list[str], Field(min_length=1)]
    note: str = ""


class _File(Strict):
    form: Annotated[int, Field(alias="schema", ge=1, le=1)]
    about: dict[str, str]
    priors: dict[str, _Entry]
    neutral: list[_Neutral]


def priors(forecaster: str, held_out: str = "") -> tuple[Prior, ...]:
    """Return the priors of a forecaster's fit. The comparator has those of the benefit under `empirical_benefit_...`.

    Raises `InputError` if a prior was chosen with `held_out` in view.
    """
    other = {name for which, names in DRUG.items() if which != forecaster for name in names}
    found = []
    for name, entry in _read().priors.items():
        if name in other:
            continue
        prior = Prior(name=name, **{**entry.model_dump(), "studies": tuple(entry.studies)})
        if forecaster == "comparator" and name.startswith(BENEFIT):
            prior = replace(prior, name=f"empirical_{name}")
        if held_out in prior.studies:
            raise InputError("held_out", held_out, f"was in view when the prior of {name} was chosen")
        found.append(prior)
    return tuple(found)


def neutral(held_out: str) -> tuple[tuple[str, float], ...]:
    """Return the fixed quantities, with values, that stand in for those set by hand with `held_out` in view."""
    return tuple((one.quantity, one.value) for one in _read().neutral if held_out in one.studies)


@cache
def _read() -> _File:
    try:
        held = _File.model_validate(read_toml(files("reprieve.calibration") / "data" / FILE))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{FILE}: {field}", first.get("input"), first["msg"]) from None
    _check(*((name, one.source, one.studies) for name, one in held.priors.items()))
    _check(*((one.quantity, one.source, one.studies) for one in held.neutral))
    return held


def _check(*entries: tuple[str, str, list[str]]) -> None:
    """Raise `InputError` for a source or a study that is not known."""
    for name, source, studies in entries:
        check_source(source, f"{FILE}: {name}")
        for study in studies:
            load().study(study)
