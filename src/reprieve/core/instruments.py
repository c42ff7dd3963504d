"""Instruments: item sets by cluster, ranges, recall windows, thresholds. No item wording, no conversion."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.core.provenance import Quantity, SeenHow
from reprieve.core.quantities import (
    check_schema,
    check_seen,
    check_source,
    read_quantity,
    refuse_unknown,
    table_of,
    text_of,
)

_NEEDED = ("name", "title", "rater", "source", "seen")
_KEYS = (*_NEEDED, "note", "item_minimum", "item_maximum", "clusters")


@dataclass(frozen=True)
class Instrument:
    """A rating scale. Its total is the sum of all items in its clusters.

    `quantities` holds what has a source of its own: recall windows, reliable change, response definition.
    """

    key: str
    name: str
    title: str
    rater: str
    items_by_cluster: Mapping[str, tuple[int, ...]]
    item_minimum: int
    item_maximum: int
    source: str
    seen: SeenHow
    note: str
    quantities: Mapping[str, Quantity]

    @property
    def items(self) -> int:
        """Return the number of items in the total."""
        return sum(len(items) for items in self.items_by_cluster.values())

    @property
    def minimum(self) -> int:
        """Return the lowest total."""
        return self.items * self.item_minimum

    @property
    def maximum(self) -> int:
        """Return the highest total."""
        return self.items * self.item_maximum

    @property
    def recall_days(self) -> float | None:
        """Return the window that the standard form asks about, None for a state scale."""
        return self._value("recall_days")

    @property
    def short_recall_days(self) -> float | None:
        """Return the window of the past-week form, None where there is no such form."""
        return self._value("short_recall_days")

    def cluster_maximum(self, cluster: str) -> int:
        """Return the highest sum of one cluster. Raises `InputError` for a cluster it does not have."""
        if cluster not in self.items_by_cluster:
            known = ", ".join(self.items_by_cluster)
            raise InputError("cluster", cluster, f"is not a cluster of {self.name}", f"clusters: {known}")
        return len(self.items_by_cluster[cluster]) * self.item_maximum

    def _value(self, name: str) -> float | None:
        return self.quantities[name].value if name in self.quantities else None


def instrument(name: str) -> Instrument:
    """Return an instrument by key or name, in any case: `caps5`, `CAPS-5`. Raises `InputError` if unknown."""
    known = load_instruments()
    wanted = name.lower().replace("-", "")
    if wanted not in known:
        raise InputError(
            "instrument", name, "is not known", f"known: {', '.join(i.name for i in known.values())}"
        )
    return known[wanted]


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """Return every instrument by key, from `core/data/instruments.toml`."""
    path = Path(__file__).parent / "data" / "instruments.toml"
    return read_instruments(read_toml(path), path.name)


def read_instruments(table: Mapping[str, Any], where: str) -> Mapping[str, Instrument]:
    """Build instruments from the table of a file that errors call `where`.

    Raises `InputError` naming file, instrument and key: unknown or missing key, items not numbered 1, 2, ...
    once each, a quantity that belongs to no instrument.
    """
    refuse_unknown(table, ("schema", "instruments", "quantities"), where)
    check_schema(table, where)
    entries, numbers = table_of(table, "instruments", where), table_of(table, "quantities", where)
    quantities = {name: read_quantity(name, entry, where) for name, entry in numbers.items()}
    for name in quantities:
        if name.split("_")[0] not in entries:
            raise InputError(f"{where}: {name}", name.split("_")[0], "is not an instrument of this file")
    return MappingProxyType({key: _read(key, entry, quantities, where) for key, entry in entries.items()})


def _read(key: str, entry: Mapping[str, Any], quantities: Mapping[str, Quantity], where: str) -> Instrument:
    here = f"{where}: {key}"
    refuse_unknown(entry, _KEYS, here)
    text = {name: text_of(entry, name, here, needed=name in _NEEDED) for name in (*_NEEDED, "note")}
    own = {name.removeprefix(f"{key}_"): q for name, q in quantities.items() if name.startswith(f"{key}_")}
    return Instrument(
        key=key,
        name=text["name"],
        title=text["title"],
        rater=text["rater"],
        items_by_cluster=_clusters(entry, here),
        item_minimum=_score(entry, "item_minimum", here),
        item_maximum=_score(entry, "item_maximum", here),
        source=check_source(text["source"], here),
        seen=check_seen(text["seen"], here),
        note=text["note"],
        quantities=MappingProxyType(own),
    )


def _clusters(entry: Mapping[str, Any], where: str) -> Mapping[str, tuple[int, ...]]:
    table = table_of(entry, "clusters", where)
    items = [item for group in table.values() if isinstance(group, list) for item in group]
    numbered = all(isinstance(item, int) for item in items) and sorted(items) == [*range(1, len(items) + 1)]
    if not items or not numbered or not all(table.values()):
        raise InputError(f"{where}: clusters", items, "must hold the items 1, 2, ... once each")
    return MappingProxyType({name: tuple(group) for name, group in table.items()})


def _score(entry: Mapping[str, Any], key: str, where: str) -> int:
    value = entry.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{where}: {key}", value, "must be a whole number")
    return value
