"""Reading quantities from tables, with one clear error for each way they can be wrong."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.provenance import Quantity, SeenHow, Spread, load_sources

SCHEMA = 1
_TEXT_KEYS = {"unit": True, "source": True, "seen": True, "label": False, "note": False, "interval": False}
_NUMBER_KEYS = {"value": True, "low": False, "high": False}
_SPREAD_KEYS = ("between", "uncertainty")
_KINDS = ("lognormal", "logit_normal", "normal")


def read_quantity(name: str, entry: object, where: str) -> Quantity:
    """Build a quantity from its table; `where` names the file.

    Raises `InputError` naming file, quantity and key: not a table, unknown key, missing value, unit, source
    or seen, source not in `sources.bib`, value outside the scale of its spread, incomplete interval.
    """
    here = f"{where}: {name}"
    if not isinstance(entry, Mapping):
        raise InputError(here, entry, "must be a table with value, unit, source and seen")
    refuse_unknown(entry, {*_TEXT_KEYS, *_NUMBER_KEYS, *_SPREAD_KEYS}, here)
    texts = {key: text_of(entry, key, here, needed) for key, needed in _TEXT_KEYS.items()}
    low, high = (_number(entry, key, here) if key in entry else None for key in ("low", "high"))
    quantity = Quantity(
        name=name,
        value=_number(entry, "value", here),
        unit=texts["unit"],
        source=check_source(texts["source"], here),
        seen=check_seen(texts["seen"], here),
        label=texts["label"],
        note=texts["note"],
        between=_spread(entry, "between", here),
        uncertainty=_spread(entry, "uncertainty", here),
        low=low,
        high=high,
        interval=texts["interval"],
    )
    check_scale(quantity, quantity.value, here)
    _check_interval(quantity, here)
    return quantity


def check_scale(quantity: Quantity, value: float, where: str) -> None:
    """Raise `InputError` if `value` is not finite or lies outside the scale of the quantity's spreads."""
    kinds = {spread.kind for spread in (quantity.between, quantity.uncertainty) if spread is not None}
    if not math.isfinite(value):
        raise InputError(f"{where}: value", value, "must be a finite number")
    if "lognormal" in kinds and value <= 0:
        raise InputError(f"{where}: value", value, "must be positive: its spread is lognormal")
    if "logit_normal" in kinds and not 0 < value < 1:
        raise InputError(f"{where}: value", value, "must lie between 0 and 1: its spread is logit_normal")


def shifted(value: float, spread: Spread, z: float) -> float:
    """Return `value` moved by `z` standard deviations on the scale of `spread`."""
    step = spread.sd * z
    if spread.kind == "lognormal":
        return value * math.exp(step)
    if spread.kind == "logit_normal":
        return 1.0 / (1.0 + math.exp(-step) * (1.0 - value) / value)
    return value + step


def check_source(key: str, where: str) -> str:
    """Return `key` if it is in `sources.bib`. Raises `InputError` if not."""
    if key not in load_sources():
        raise InputError(f"{where}: source", key, "is not in sources.bib", "add the entry or correct the key")
    return key


def check_seen(text: str, where: str) -> SeenHow:
    """Return how a number was seen. Raises `InputError` for another word."""
    try:
        return SeenHow(text)
    except ValueError:
        raise InputError(f"{where}: seen", text, f"must be one of {', '.join(SeenHow)}") from None


def check_schema(table: Mapping[str, Any], where: str) -> None:
    """Raise `InputError` if the file is not of the form that this version reads."""
    found = table.get("schema")
    if found != SCHEMA or isinstance(found, bool):
        raise InputError(f"{where}: schema", found, f"must be {SCHEMA}")


def refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raise `InputError` for the first key of `table` that is not known."""
    names = sorted(known)
    for key, value in table.items():
        if key not in names:
            fix = f"known keys: {', '.join(names)}"
            raise InputError(f"{where}: {key}", value, "is not a known key", fix)


def table_of(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """Return the table under `key`, empty when absent. Raises `InputError` if it is something else."""
    entry = table.get(key, {})
    if not isinstance(entry, Mapping):
        raise InputError(f"{where}: {key}", entry, "must be a table")
    return entry


def text_of(entry: Mapping[str, Any], key: str, where: str, needed: bool) -> str:
    """Return the text under `key`, empty when absent.

    Raises `InputError` if it is not a text, or if it is needed and blank.
    """
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"{where}: {key}", value, "must be a text")
    if needed and not value.strip():
        raise InputError(f"{where}: {key}", value, "must be given")
    return value


def _number(entry: Mapping[str, Any], key: str, where: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{where}: {key}", value, "must be a finite number")
    return float(value)


def _spread(entry: Mapping[str, Any], key: str, where: str) -> Spread | None:
    if key not in entry:
        return None
    here = f"{where}: {key}"
    table = table_of(entry, key, where)
    refuse_unknown(table, {"kind", "sd"}, here)
    kind, sd = text_of(table, "kind", here, needed=True), _number(table, "sd", here)
    if kind not in _KINDS:
        raise InputError(f"{here}: kind", kind, f"must be one of {', '.join(_KINDS)}")
    if sd < 0:
        raise InputError(f"{here}: sd", sd, "must not be negative")
    return Spread(kind, sd)


def _check_interval(quantity: Quantity, where: str) -> None:
    low, high = quantity.low, quantity.high
    if low is None and high is None:
        return
    if low is None or high is None or not quantity.interval:
        rule = "low, high and interval (level and kind) must be given together"
        raise InputError(f"{where}: interval", quantity.interval, rule)
    if not low <= quantity.value <= high:
        raise InputError(f"{where}: low, high", (low, high), f"must enclose the value {quantity.value:g}")
