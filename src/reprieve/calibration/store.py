"""One fit as two files: a header in JSON that a person can read and compare, and the draws as raw numbers.

    NAME.json   what was fitted to what, priors, seed, versions, diagnostics and summary of every draw, digests
    NAME.f4     the kept draws: little-endian float32, one parameter after the other, in the order of `names`

The header's `digest` covers everything else in it, the SHA-256 of the draws included, so a changed byte in either
file is refused. See docs/decisions/0016.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.results import digest

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

type Array = NDArray[np.float64]

SCHEMA = "calibration-fit/1"
FILE_TYPE = "<f4"
WHAT = ("efficacy", "tolerability")
FORECASTERS = ("chain", "comparator")
_HEADER_DIGITS = 8  # significant digits of the figures in a header; draws keep the seven of float32
_REBUILD = "rebuild it with `reprieve calibrate`"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which fit: what is fitted, the forecaster it belongs to (empty for tolerability), the study left out."""

    what: str
    forecaster: str = ""
    held_out: str = ""

    def __str__(self) -> str:
        """Return the name of the fit's files."""
        name = "-".join(part for part in (self.what, self.forecaster) if part)
        return f"{name}--{self.held_out}" if self.held_out else name

    @property
    def words(self) -> str:
        """Return the fit as a person would name it."""
        fit = f"{self.what}, {self.forecaster}" if self.forecaster else self.what
        return f"{fit}, without {self.held_out}" if self.held_out else fit


@dataclass(frozen=True)
class Fit:
    """A fit as it is stored: its header and its kept draws, name -> (d,)."""

    header: Mapping[str, Any]
    draws: Mapping[str, Array]

    @property
    def digest(self) -> str:
        """Return the digest that covers header and draws."""
        return str(self.header["digest"])

    @property
    def size(self) -> int:
        """Return the number of kept draws."""
        return int(self.header["draws"])


def folder() -> Traversable:
    """Return the folder of the shipped posterior."""
    return files("reprieve.calibration") / "data" / "posterior"


def shipped(place: Traversable | Path | None = None) -> list[str]:
    """Return the names of the fits that lie in `place`, the shipped folder when left out."""
    where = folder() if place is None else place
    if not where.is_dir():
        return []
    return sorted(entry.name.removesuffix(".json") for entry in where.iterdir() if entry.name.endswith(".json"))


def write(key: Key, header: Mapping[str, Any], draws: Mapping[str, Array], place: Path) -> Path:
    """Write a fit into the folder `place` and return the path of its header. Each file appears whole or not at all.

    `draws` maps each name to its kept draws (d,), all of one length. Raises `InputError` if they are not.
    """
    table = np.stack([np.asarray(values, dtype=np.float64) for values in _same_length(draws)])
    raw = table.astype(FILE_TYPE).tobytes()
    body = {
        "schema": SCHEMA,
        "what": key.what,
        "forecaster": key.forecaster,
        "held_out": key.held_out,
        **_rounded(header),
        "names": list(draws),
        "draws": table.shape[1],
        "draws_sha256": sha256(raw).hexdigest(),
    }
    whole = {**body, "digest": digest(body)}
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{key}.json"
    _put(path.with_suffix(".f4"), raw)
    _put(path, (json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8"))
    return path


def read(key: Key, place: Traversable | Path | None = None) -> Fit:
    """Return a fit from `place`, the shipped folder when left out.

    Raises `InputError` if it is not there, is not of this form, or is not what was written.
    """
    where = folder() if place is None else place
    header = _header(key, where)
    raw = _bytes(where / f"{key}.f4", key)
    body = {name: value for name, value in header.items() if name != "digest"}
    if header.get("digest") != digest(body) or header.get("draws_sha256") != sha256(raw).hexdigest():
        raise InputError("posterior", str(key), "its files are not what the fit wrote: the digest differs", _REBUILD)
    table = np.frombuffer(raw, dtype=FILE_TYPE).astype(np.float64).reshape(len(header["names"]), header["draws"])
    table.flags.writeable = False
    draws = dict(zip(header["names"], table, strict=True))
    return Fit(MappingProxyType(header), MappingProxyType(draws))


def read_header(key: Key, place: Traversable | Path) -> Mapping[str, Any] | None:
    """Return the header of a fit, or None where there is no whole one: what decides whether a fit must be run."""
    try:
        return read(key, place).header
    except InputError:
        return None


def _header(key: Key, where: Traversable | Path) -> dict[str, Any]:
    try:
        header = json.loads(_bytes(where / f"{key}.json", key))
    except ValueError:
        raise InputError("posterior", str(key), "its header is not JSON", _REBUILD) from None
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise InputError("posterior", str(key), f"its header is not of the form {SCHEMA}", _REBUILD)
    return header


def _bytes(path: Traversable | Path, key: Key) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise InputError("posterior", str(key), "there is no such fit", _REBUILD) from None


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _same_length(draws: Mapping[str, Array]) -> list[Array]:
    lengths = {np.shape(values) for values in draws.values()}
    if len(lengths) != 1 or len(next(iter(lengths))) != 1:
        raise InputError("draws", sorted(draws), "must be lists of numbers of one length")
    return list(draws.values())


def _rounded(value: Any) -> Any:
    """The value as JSON holds it: floats to a fixed number of digits, NaN and infinities as null."""
    if isinstance(value, float | np.floating):
        return float(f"{float(value):.{_HEADER_DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(name): _rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return _rounded(value.tolist())
    raise TypeError(f"no JSON for a value of type {type(value).__name__}")
