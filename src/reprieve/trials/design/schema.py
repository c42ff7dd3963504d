"""The JSON Schema of a design file, for editors and web forms.

    python -m reprieve.trials.design.schema

writes `trials/data/schemas/<version>/design.json`. The schema says what it can: keys, types, ranges, and the rules of
`_BETWEEN`. What needs arithmetic, such as a visit among the visits or a regimen that can be read, is said on loading.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reprieve.trials.design.form import DesignForm

VERSION = "1.0.0"
FOLDER = Path(__file__).parent.parent / "data" / "schemas"


def _arms(rule: str, part: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"arms": {rule: part}}}


def _when(key: str, value: str, then: dict[str, Any], otherwise: dict[str, Any]) -> dict[str, Any]:
    said = {"properties": {key: {"const": value}}, "required": [key]}
    return {"if": said, "then": then, "else": otherwise}


_CONTROL = {"properties": {"role": {"enum": ["active", "inert"]}}, "required": ["role"]}
_KETAMINE = {"properties": {"role": {"const": "ketamine"}}, "required": ["role"]}
_NO_PATIENTS = {"properties": {"patients": {"type": "null"}}}
_GIVEN = {"not": {"type": "null"}}
_BETWEEN: list[dict[str, Any]] = [
    _arms("contains", _KETAMINE),
    _arms("contains", _CONTROL),
    {
        "if": {"properties": {"allocation": _GIVEN}, "required": ["allocation"]},
        "then": _arms("items", _NO_PATIENTS),
        "else": _arms("items", {"required": ["patients"], "properties": {"patients": _GIVEN}}),
    },
    _when(
        "kind",
        "crossover",
        {
            "required": ["washout_d", "analysis"],
            "properties": {
                "washout_d": _GIVEN,
                "interim": {"type": "null"},
                "arms": {"maxItems": 2, "items": {"required": ["second"], "properties": {"second": _GIVEN}}},
                "analysis": {"properties": {"method": {"const": "crossover"}}, "required": ["method"]},
            },
        },
        {
            "properties": {
                "washout_d": {"type": "null"},
                "arms": {"items": {"properties": {"second": {"type": "null"}}}},
                "analysis": {"properties": {"method": {"not": {"const": "crossover"}}}},
            }
        },
    ),
    {
        "properties": {
            "visits": {"properties": {"days": {"uniqueItems": True, "items": {"minimum": 1}}}},
            "blinding": _when(
                "kind",
                "fixed",
                {"required": ["level"], "properties": {"level": _GIVEN}},
                {"properties": {"level": {"type": "null"}}},
            ),
            "protocol": _when(
                "rules",
                "shipped",
                {"properties": {"limits": {"additionalProperties": {"exclusiveMinimum": 0}}}},
                {"properties": {"limits": {"maxProperties": 0}}},
            ),
            "estimand": {
                "if": {"required": ["rescue_rule"], "properties": {"rescue_rule": _GIVEN}},
                "then": {"required": ["rescue"]},
                "else": {"properties": {"rescue": {"const": "treatment_policy"}}},
            },
        }
    },
]


def design_schema() -> dict[str, Any]:
    """Return the JSON Schema of a design file."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:reprieve:schema:design:{VERSION}",
    }
    return {**head, **DesignForm.model_json_schema(by_alias=True, mode="validation"), "allOf": _BETWEEN}


def write_schema(folder: Path = FOLDER) -> Path:
    """Write the schema below `folder` and return its path."""
    path = folder / VERSION / "design.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(design_schema(), indent=2) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write_schema().name)
