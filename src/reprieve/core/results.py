"""What every result carries: the versions that made it, a digest of its inputs, its warnings."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

NUMERIC_SEMANTICS = "1"  # raised when a default changes the numbers that the same input gives


@dataclass(frozen=True, kw_only=True)
class Result:
    """Base of every result."""

    versions: Mapping[str, str]
    inputs_digest: str
    warnings: tuple[str, ...] = ()


def versions() -> dict[str, str]:
    """Return the versions that a result depends on. Loads no heavy library to find them out."""
    return dict(_versions())


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    python = ".".join(str(part) for part in sys.version_info[:3])
    installed = ((name, _installed(name)) for name in ("reprieve", "numpy"))
    return (*installed, ("python", python), ("numeric_semantics", NUMERIC_SEMANTICS))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON: equal inputs give equal digests on every machine.

    Mappings lose their order; tuples and lists are the same; dataclasses count by class name and fields;
    enums by value; arrays by type, shape and little-endian bytes, in C order. 1 and 1.0 differ.

    Raises `TypeError` for anything else, which could not be told apart reliably.
    """
    text = json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()


def _canonical(value: Any) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _canonical(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return {"float": float(value).hex()}  # exact, and holds NaN and infinities, which JSON cannot
    if isinstance(value, Mapping):
        return _canonical_mapping(value)
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        body = {field.name: _canonical(getattr(value, field.name)) for field in fields(value)}
        return {"class": type(value).__name__, "fields": body}
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):
        return _canonical_array(value)
    raise TypeError(f"no digest for a value of type {type(value).__name__}")


def _canonical_mapping(mapping: Mapping[Any, Any]) -> object:
    for key in mapping:
        if not isinstance(key, str):
            raise TypeError(f"no digest for a mapping with a key of type {type(key).__name__}")
    return {"mapping": {str(key): _canonical(item) for key, item in mapping.items()}}


def _canonical_array(array: "np.ndarray | np.generic") -> object:
    if array.dtype.hasobject:
        raise TypeError("no digest for an array of objects")
    if not array.ndim:
        return _canonical(array.item())
    little = array.astype(array.dtype.newbyteorder("<"), order="C")
    return {
        "dtype": little.dtype.str,
        "shape": list(array.shape),
        "sha256": sha256(little.tobytes()).hexdigest(),
    }
