"""Parameter sets: named quantities in a TOML file, each with value, unit, source and how it was seen."""

import math
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from reprieve.core.blocks import Block, read_block
from reprieve.core.errors import InputError
from reprieve.core.provenance import Quantity, SeenHow
from reprieve.core.quantities import (
    check_scale,
    check_schema,
    read_quantity,
    refuse_unknown,
    shifted,
    table_of,
    text_of,
)

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

UNCERTAINTY_STREAM = "uncertainty:"
CALIBRATION = "calibration"  # the key of a fitted value in sources.bib
_TOP_KEYS = ("schema", "name", "version", "about", "quantities", "blocks")
_UNSOURCED = (SeenHow.ASSUMED, SeenHow.UNVERIFIED)


@dataclass(frozen=True)
class ParameterSet:
    """A named, versioned set of quantities, with blocks of correlated between-patient effects."""

    name: str
    version: str
    quantities: Mapping[str, Quantity]
    blocks: tuple[Block, ...] = ()
    about: Mapping[str, str] = MappingProxyType({})

    def __post_init__(self) -> None:
        for key in ("quantities", "about"):
            object.__setattr__(self, key, MappingProxyType(dict(getattr(self, key))))

    def __reduce__(self) -> tuple[Callable[..., "ParameterSet"], tuple[Any, ...]]:
        # A read-only view cannot be pickled, and workers in other processes need the set.
        parts = (self.name, self.version, dict(self.quantities), self.blocks, dict(self.about))
        return ParameterSet, parts

    def __getitem__(self, name: str) -> float:
        """Return the value of a quantity. Raises `InputError` if there is none of that name."""
        return self.quantity(name).value

    def __contains__(self, name: str) -> bool:
        return name in self.quantities

    def quantity(self, name: str) -> Quantity:
        """Return a quantity with its provenance. Raises `InputError` if there is none of that name."""
        if name not in self.quantities:
            raise InputError("parameter", name, f"is not in the set {self.name}", _hint(name, self.names))
        return self.quantities[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all quantities, in file order."""
        return tuple(self.quantities)

    def assumed(self) -> list[str]:
        """Return the names of quantities that no source carries: assumed or unverified."""
        return [name for name, quantity in self.quantities.items() if quantity.seen in _UNSOURCED]

    def replace(self, **values: float) -> "ParameterSet":
        """Return a new set with other values. A changed value is marked assumed; its note keeps the old one.

        Raises `InputError` for an unknown name or a value outside the quantity's scale.
        """
        changed = {name: _set_by_caller(self.quantity(name), float(value)) for name, value in values.items()}
        return replace(self, quantities={**self.quantities, **changed})

    def learned(
        self,
        values: Mapping[str, float],
        spreads: Mapping[str, float] | None = None,
        *,
        version: str = "",
        unmoved: Collection[str] = (),
    ) -> "ParameterSet":
        """Return a new set with fitted `values` and fitted `spreads`, SDs between patients on each quantity's scale.

        A fitted value counts as derived, its source is the calibration, and its own `uncertainty` is dropped: the draws
        of the fit carry it. Values that the data did not move, named in `unmoved`, come from their prior and count as
        assumed. In a block the correlations stay as they are.

        Raises `InputError` for an unknown name, a value outside its scale, a negative spread, or a spread for a
        quantity without one.
        """
        wide = spreads or {}
        fitted = dict(self.quantities)
        for name, value in values.items():
            fitted[name] = _fitted(self.quantity(name), float(value), name in unmoved)
        for name, sd in wide.items():
            self.quantity(name)
            fitted[name] = _spread(fitted[name], float(sd))
        blocks = tuple(block.with_spreads(wide) for block in self.blocks)
        return replace(self, version=version or self.version, quantities=fitted, blocks=blocks)


def load_parameters(resource: "Traversable | Path") -> ParameterSet:
    """Read a parameter file.

    Raises `InputError` naming file, quantity and key: not TOML, unknown key, missing unit, source or seen,
    source not in `sources.bib`, number out of its scale, block that does not fit its quantities.
    """
    return read_parameters(read_toml(resource), resource.name)


def read_toml(resource: "Traversable | Path") -> dict[str, Any]:
    """Return the table of a TOML file. Raises `InputError` naming the file if it cannot be read."""
    try:
        return tomllib.loads(resource.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("parameter file", resource.name, f"cannot be read as TOML: {error}") from None


def read_parameters(table: Mapping[str, Any], where: str) -> ParameterSet:
    """Build a set from the table of a file that errors call `where`. Raises as `load_parameters`."""
    refuse_unknown(table, _TOP_KEYS, where)
    check_schema(table, where)
    name, version = (text_of(table, key, where, needed=True) for key in ("name", "version"))
    entries = table_of(table, "quantities", where)
    quantities = {key: read_quantity(key, entry, where) for key, entry in entries.items()}
    about = table_of(table, "about", where)
    texts = {key: text_of(about, key, f"{where}: about", needed=False) for key in about}
    return ParameterSet(name, version, quantities, _blocks(table, quantities, where), texts)


def merge(name: str, *sets: ParameterSet) -> ParameterSet:
    """Return one set with the quantities of all. `about` keys get the name of their set in front.

    Raises `InputError` when a quantity stands in two sets.
    """
    quantities: dict[str, Quantity] = {}
    for one in sets:
        for key, quantity in one.quantities.items():
            if key in quantities:
                raise InputError(f"{one.name}: {key}", quantity.value, "is in another set too", "rename one")
            quantities[key] = quantity
    versions = {one.version for one in sets}
    version = versions.pop() if len(versions) == 1 else ", ".join(f"{one.name} {one.version}" for one in sets)
    about = {f"{one.name}.{key}": text for one in sets for key, text in one.about.items()}
    blocks = tuple(block for one in sets for block in one.blocks)
    return ParameterSet(name, version, quantities, blocks, about)


def draw(parameters: ParameterSet, seed: int, index: int) -> ParameterSet:
    """Return the set with values drawn from their `uncertainty`: the layer of what we do not know.

    Draw `index` (0, 1, ...) of `seed` is the same whatever else is drawn; each quantity has its own stream,
    so adding a quantity does not move the others. Quantities without `uncertainty` keep their value.

    Raises `InputError` for a seed or index out of range.
    """
    from reprieve.core.random import normal

    drawn = dict(parameters.quantities)
    for name, quantity in parameters.quantities.items():
        if quantity.uncertainty is not None:
            z = float(normal(seed, UNCERTAINTY_STREAM + name, [index])[0, 0])
            drawn[name] = replace(quantity, value=shifted(quantity.value, quantity.uncertainty, z))
    return replace(parameters, version=f"{parameters.version} draw {seed}.{index}", quantities=drawn)


def _blocks(table: Mapping[str, Any], quantities: Mapping[str, Quantity], where: str) -> tuple[Block, ...]:
    entries = table.get("blocks", [])
    if not isinstance(entries, list):
        raise InputError(f"{where}: blocks", entries, "must be a list of tables")
    blocks = tuple(read_block(entry, quantities, f"{where}: blocks[{i}]") for i, entry in enumerate(entries))
    members = [name for block in blocks for name in block.names]
    if len(members) != len(set(members)):
        raise InputError(f"{where}: blocks", members, "a quantity may stand in one block, once")
    return blocks


def _set_by_caller(old: Quantity, value: float) -> Quantity:
    if value == old.value:
        return old
    check_scale(old, value, old.name)
    note = f"set by the caller; was {old.value:g} {old.unit} ({old.source}, {old.seen})"
    new = replace(old, value=value, source="assumption", seen=SeenHow.ASSUMED, note=note)
    return replace(new, low=None, high=None, interval="")


def _fitted(old: Quantity, value: float, unmoved: bool) -> Quantity:
    check_scale(old, value, old.name)
    by_hand = f"set by hand it was {old.value:g} {old.unit} ({old.source}, {old.seen})"
    source, seen = ("assumption", SeenHow.ASSUMED) if unmoved else (CALIBRATION, SeenHow.DERIVED)
    note = f"{'drawn from its prior' if unmoved else 'fitted'}; {by_hand}"
    new = replace(old, value=value, source=source, seen=seen, note=note)
    return replace(new, uncertainty=None, low=None, high=None, interval="")


def _spread(old: Quantity, sd: float) -> Quantity:
    if old.between is None or not (math.isfinite(sd) and sd >= 0):
        raise InputError(f"{old.name}: between", sd, "must be a spread, zero or more, of a quantity that has one")
    return replace(old, between=replace(old.between, sd=sd))


def _hint(name: str, names: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else ""
