"""What goes in and out as files: regimen, parameter set, simulation summary. Unknown keys are refused.

`python -m reprieve.core.schemas` writes the JSON Schemas to `core/data/schemas/`. This module loads pydantic,
so import it inside the function that needs it.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reprieve.core.errors import InputError

VERSION = "1.0.0"
FOLDER = Path(__file__).parent / "data" / "schemas"

type NotNegative = Annotated[float, Field(ge=0)]
type Fraction = Annotated[float, Field(ge=0, le=1)]
type Scale = Literal["lognormal", "logit_normal", "normal"]
type Seen = Literal["full text", "abstract", "secondary", "unverified", "assumed", "derived"]


class Strict(BaseModel):
    """A part of a file: unknown keys, NaN, infinities and numbers written as text are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class PhaseFile(Strict):
    """A stretch at constant rate; amount 0 is a pause, duration 0 a bolus."""

    duration_h: NotNegative
    amount: NotNegative


class DoseFile(Strict):
    """One administration; the amounts of its phases in `unit`; `withheld` was ordered and not given."""

    start_h: float
    phases: list[PhaseFile] = Field(min_length=1)
    unit: Literal["mg", "mg/kg"]
    route: Literal["iv", "im", "nasal", "oral", "sublingual"]
    withheld: NotNegative


class RegimenFile(Strict):
    """A regimen: what is given, what its amounts count, when."""

    substance: Literal["ketamine", "esketamine", "arketamine", "saline", "midazolam", "active"]
    basis: Literal["base", "hcl"]
    doses: list[DoseFile] = Field(min_length=1)


class SpreadEntry(Strict):
    """A standard deviation on its scale."""

    kind: Scale
    sd: NotNegative


class QuantityEntry(Strict):
    """A number with its provenance."""

    value: float
    unit: str = Field(min_length=1)
    source: str = Field(min_length=1)
    seen: Seen
    label: str = ""
    note: str = ""
    interval: str = ""
    low: float | None = None
    high: float | None = None
    between: SpreadEntry | None = None
    uncertainty: SpreadEntry | None = None


class BlockEntry(Strict):
    """Correlated between-patient effects."""

    names: list[str] = Field(min_length=1)
    covariance: list[list[float]] = Field(min_length=1)


class ParametersFile(Strict):
    """A parameter file (TOML)."""

    form: int = Field(alias="schema", ge=1, le=1)
    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    about: dict[str, str] = {}
    quantities: dict[str, QuantityEntry] = {}
    blocks: list[BlockEntry] = []


class Band(Strict):
    """Median and interval over patients, one value per day or minute."""

    low: list[float]
    median: list[float]
    high: list[float]


class Probability(Strict):
    """Share of patients who respond on `score`, by day, and with an acute event, by dose."""

    score: str = Field(min_length=1)
    response_30: list[Fraction]
    response_50: list[Fraction]
    nausea: list[Fraction] = []
    sbp_160: list[Fraction] = []
    sbp_180_or_dbp_110: list[Fraction] = []


class SummaryFile(Strict):
    """The summary of a simulation: scores by `day`, acute effects by dose and `minute`, what it rests on."""

    form: Literal["simulation-summary/1.0.0"] = Field(alias="schema")
    model: str
    regimen: str
    patients: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0)]
    profile: str
    interval: str = Field(min_length=1)
    day: list[float]
    scores: dict[str, Band]
    minute: list[float]
    acute: dict[str, list[Band]]
    probability: Probability
    by_dose: dict[str, list[float]]
    error_estimate: NotNegative
    warnings: list[str]
    assumed: list[str]
    versions: dict[str, str]
    inputs_digest: str


FORMS: dict[str, type[Strict]] = {
    "regimen": RegimenFile,
    "parameters": ParametersFile,
    "summary": SummaryFile,
}


def validate(form: str, data: object) -> None:
    """Check `data` against a form: `regimen`, `parameters`, `summary`.

    Raises `InputError` naming the first wrong field by its path, with the number of further ones.
    """
    try:
        FORMS[form].model_validate(data)
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        field = ".".join(str(part) for part in first["loc"]) or form
        fix = f"and {len(others)} more wrong fields" if others else ""
        raise InputError(field, first["input"], _rule(first["type"], first["msg"]), fix) from None


def _rule(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is not a known key"
    if kind == "missing":
        return "must be given"
    return message[:1].lower() + message[1:]


def json_schema(form: str) -> dict[str, Any]:
    """Return the JSON Schema of a form."""
    body = FORMS[form].model_json_schema(by_alias=True, mode="validation")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:reprieve:schema:{form}:{VERSION}",
    }
    return {**head, **body}


def write_schemas(folder: Path = FOLDER) -> list[Path]:
    """Write every JSON Schema below `folder` and return the paths."""
    target = folder / VERSION
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for form in FORMS:
        path = target / f"{form}.json"
        path.write_text(json.dumps(json_schema(form), indent=2) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in write_schemas():
        print(written.name)
