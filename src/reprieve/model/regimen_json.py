"""Regimens from JSON. Every key is checked: an unknown one is refused, a missing one named."""

import json
from collections.abc import Mapping
from typing import Any

from reprieve.core.errors import InputError
from reprieve.model.regimen import Dose, Phase, Regimen

_REGIMEN = {"substance", "basis", "doses"}
_DOSE = {"start_h", "unit", "route", "withheld", "phases"}
_PHASE = {"duration_h", "amount"}


def read(value: Mapping[str, Any] | str) -> Regimen:
    """Build a regimen from the table or the JSON text that `Regimen.to_json` gives.

    Raises `InputError` naming the place: not JSON, unknown or missing key, or an invalid value.
    """
    table = _table(_decoded(value) if isinstance(value, str) else value, "regimen", _REGIMEN)
    doses = [_dose(item, f"doses[{i}]") for i, item in enumerate(_list(table["doses"], "doses"))]
    return Regimen(tuple(doses), table["substance"], table["basis"])


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("regimen", text, f"is not JSON: {error}") from None


def _dose(value: object, where: str) -> Dose:
    table = _table(value, where, _DOSE)
    listed = enumerate(_list(table["phases"], f"{where}.phases"))
    phases = [_table(item, f"{where}.phases[{i}]", _PHASE) for i, item in listed]
    try:
        made = tuple(Phase(**phase) for phase in phases)
        return Dose(table["start_h"], made, table["unit"], table["route"], table["withheld"])
    except InputError as error:
        raise type(error)(f"{where}.{error.field}", error.value, error.rule, error.fix) from None


def _table(value: object, where: str, keys: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(where, value, "must be a table")
    for key in value:
        if key not in keys:
            known = f"known: {', '.join(sorted(keys))}"
            raise InputError(f"{where}.{key}", value[key], "is not a known key", known)
    for key in sorted(keys):
        if key not in value:
            raise InputError(f"{where}.{key}", None, "is missing")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise InputError(where, value, "must be a list")
    return value
