"""JSON Schemas: shipped as generated, strict everywhere, and of one mind with the models."""

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_parameters
from reprieve.core.schemas import FOLDER, FORMS, VERSION, json_schema, validate, write_schemas

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "reprieve"
OTHER_TABLES = {"instruments.toml", "pk_check.toml", "answer.toml", "claims.toml"}
# Trials have a form and a reader of their own, tested with the replays.
# Trials, priors and rules have forms and readers of their own, tested with them.
OTHER_FOLDERS = {PACKAGE / "trials", PACKAGE / "calibration", PACKAGE / "core" / "data" / "rules"}
PARAMETER_FILES = sorted(
    path
    for path in PACKAGE.rglob("*.toml")
    if path.name not in OTHER_TABLES and not OTHER_FOLDERS & set(path.parents)
)
BAND = {"low": [0.0], "median": [1.0], "high": [2.0]}


def regimen() -> dict[str, Any]:
    phases = [{"duration_h": 0.5, "amount": 0.4}, {"duration_h": 0.2, "amount": 0}]
    dose = {"start_h": 48.0, "phases": phases, "unit": "mg/kg", "route": "iv", "withheld": 0.0}
    return {"substance": "ketamine", "basis": "base", "doses": [dose]}


def parameters() -> dict[str, Any]:
    spread = {"kind": "lognormal", "sd": 0.2}
    one = {"value": 1.5, "unit": "L", "source": "assumption", "seen": "assumed", "between": spread}
    block = {"names": ["a"], "covariance": [[0.04]]}
    return {"schema": 1, "name": "n", "version": "1", "quantities": {"a": one}, "blocks": [block]}


def summary() -> dict[str, Any]:
    return {
        "schema": "simulation-summary/1.0.0",
        "model": "reprieve_iv_default",
        "regimen": "0.5 mg/kg over 40 min on day 0",
        "patients": 10,
        "seed": 1,
        "profile": "civilian",
        "interval": "95 % interval over patients, equal-tailed",
        "day": [1.0],
        "scores": {"caps5": BAND},
        "minute": [40.0],
        "acute": {"dissociation": [BAND]},
        "probability": {"score": "caps5", "response_30": [0.2], "response_50": [0.1], "nausea": [0.1]},
        "by_dose": {"belief": [0.6]},
        "error_estimate": 1e-7,
        "warnings": [],
        "assumed": ["emax"],
        "versions": {"reprieve": "0.1.0"},
        "inputs_digest": "00",
    }


GOOD = {"regimen": regimen, "parameters": parameters, "summary": summary}


def objects(schema: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema that describes an object."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield path, schema
        for key, inner in schema.items():
            yield from objects(inner, f"{path}/{key}")
    elif isinstance(schema, list):
        for position, inner in enumerate(schema):
            yield from objects(inner, f"{path}/{position}")


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in places(part, (*path, key)))]


def put(document: Any, path: tuple[str | int, ...], value: object) -> Any:
    """The document with one place changed, or removed where the value is `...`."""
    if not path:
        return value
    result = copy.deepcopy(document)
    place = result
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return result


@pytest.mark.parametrize("form", FORMS)
def test_the_shipped_schema_is_the_generated_one(form: str, tmp_path: Path) -> None:
    """Invariant: `python -m reprieve.core.schemas` has been run since the last change."""
    write_schemas(tmp_path)

    shipped = (FOLDER / VERSION / f"{form}.json").read_bytes()
    assert shipped == (tmp_path / VERSION / f"{form}.json").read_bytes()


def test_nothing_else_is_shipped() -> None:
    """Invariant: no schema without a model."""
    assert {path.stem for path in (FOLDER / VERSION).iterdir()} == set(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_the_schema_is_valid(form: str) -> None:
    """JSON Schema draft 2020-12, its own metaschema."""
    jsonschema.Draft202012Validator.check_schema(json_schema(form))


@pytest.mark.parametrize("form", FORMS)
def test_every_object_refuses_unknown_keys(form: str) -> None:
    """Invariant: an object lists its keys, or is a map whose values have a type."""
    loose = [
        path for path, part in objects(json_schema(form)) if part.get("additionalProperties", True) is True
    ]

    assert not loose


@pytest.mark.parametrize("form", FORMS)
def test_a_good_document_passes(form: str) -> None:
    """Invariant: both readers accept the example."""
    validate(form, GOOD[form]())
    jsonschema.validate(json.loads(json.dumps(GOOD[form]())), json_schema(form))


@pytest.mark.parametrize("path", PARAMETER_FILES, ids=lambda path: path.stem)
def test_the_shipped_parameter_files_keep_the_form(path: Path) -> None:
    """Invariant: the schema describes the files that the fast reader reads."""
    validate("parameters", tomllib.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "text", ["0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11", "35 mg over 40 min on day 0"]
)
def test_regimens_of_the_model_keep_the_form(text: str) -> None:
    """Invariant: what `Regimen.to_json` writes is what the schema describes."""
    from reprieve.model.regimen import Regimen

    validate("regimen", Regimen.parse(text).to_json())


@pytest.mark.parametrize("form", FORMS)
@given(st.data())
def test_the_schema_and_the_model_agree(form: str, data: st.DataObject) -> None:
    """Independent implementation: jsonschema and the model give one verdict on any change of the example."""
    document = GOOD[form]()
    path = data.draw(st.sampled_from(places(document)))
    odd = st.sampled_from([..., None, True, -1, 0, 1, 0.5, "", "mg", "iv", [], [0.5], {}, {"x": 1}])
    changed = put(document, path, data.draw(odd if path else odd.filter(lambda value: value is not ...)))

    verdict = jsonschema.Draft202012Validator(json_schema(form)).is_valid(changed)

    assert accepted(form, changed) == verdict


def accepted(form: str, document: object) -> bool:
    try:
        validate(form, document)
    except InputError:
        return False
    return True


@given(st.data())
def test_what_the_schema_refuses_the_fast_reader_refuses(data: st.DataObject) -> None:
    """Independent implementation: the reader of parameter files is at least as strict as the schema."""
    document = parameters()
    path = data.draw(st.sampled_from(places(document)[1:]))
    changed = put(document, path, data.draw(st.sampled_from([..., None, -1.0, "", [], {}, {"x": 1}])))

    if not accepted("parameters", changed):
        with pytest.raises(InputError):
            read_parameters(changed, "f")


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("extra",), 1, "extra: 1: is not a known key"),
        (("doses",), ..., "doses"),
        (("doses", 0, "phases", 1, "amount"), -1, "doses.0.phases.1.amount: -1: input should be greater"),
        (("doses", 0, "rate"), 2, "doses.0.rate: 2: is not a known key"),
        (("doses", 0, "start_h"), float("nan"), "doses.0.start_h: nan"),
        (("doses", 0, "start_h"), "0", "doses.0.start_h: '0'"),
        (("basis",), "salt", "basis: 'salt'"),
        (("doses", 0, "route"), "ear", "doses.0.route: 'ear'"),
    ],
)
def test_the_error_names_the_field(path: tuple[str | int, ...], value: object, line: str) -> None:
    """Invariant (house rule 5): one line with path, value and rule."""
    with pytest.raises(InputError) as caught:
        validate("regimen", put(regimen(), path, value))

    assert str(caught.value).startswith(line)


def test_several_wrong_fields_are_counted() -> None:
    """Invariant: the first is named, the rest is not hidden."""
    with pytest.raises(InputError, match="and 1 more wrong field"):
        validate("regimen", {**regimen(), "doses": [], "extra": 1})
