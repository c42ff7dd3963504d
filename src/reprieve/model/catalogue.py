"""Every quantity of the model in one place, by the part it belongs to: what the model card and `sources` show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reprieve.core.citations import software
from reprieve.core.parameters import ParameterSet, load_parameters
from reprieve.core.provenance import Quantity, SeenHow, Source, load_sources
from reprieve.model.disposition.library import MODELS, load_model
from reprieve.model.drive import REFERENCE_MODEL
from reprieve.model.parameters import PARTS
from reprieve.model.population import population_parameters

UNSOURCED = (SeenHow.ASSUMED, SeenHow.UNVERIFIED)
NOT_PUBLICATIONS = frozenset({"assumption", "calibration", "definition", "derivation"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A quantity and the part of the model it belongs to."""

    part: str
    quantity: Quantity

    @property
    def unsourced(self) -> bool:
        """Whether no source carries the value: it is assumed or unverified."""
        return self.quantity.seen in UNSOURCED


@cache
def parts(model: str = REFERENCE_MODEL) -> Mapping[str, ParameterSet]:
    """Return the parameter sets that a simulation with the disposition model `model` rests on, by part.

    Raises `InputError` for an unknown model.
    """
    folder = files("reprieve.model") / "data"
    kinetics = {f"disposition {model}": load_model(model).parameters}
    mechanism = {part: load_parameters(folder / f"{part}.toml") for part in PARTS}
    return {**kinetics, **mechanism, "population": population_parameters()}


def entries(model: str = REFERENCE_MODEL) -> tuple[Entry, ...]:
    """Return every quantity that a simulation with `model` rests on, in the order of the chain."""
    return tuple(_entries(parts(model)))


def unsourced(model: str = REFERENCE_MODEL) -> tuple[Entry, ...]:
    """Return the quantities that stay assumed or unverified until they are calibrated."""
    return tuple(entry for entry in entries(model) if entry.unsourced)


def everything() -> tuple[Entry, ...]:
    """Return the quantities of all models, of their options, and the limits of a regimen."""
    folder = files("reprieve.model") / "data"
    kinetics = {f"disposition {name}": load_model(name).parameters for name in MODELS}
    options = {"disposition options": load_parameters(folder / "disposition" / "options.toml")}
    limits = {"regimen": load_parameters(folder / "regimen.toml")}
    return tuple(_entries({**parts(), **kinetics, **options, **limits}))


def _entries(sets: Mapping[str, ParameterSet]) -> Iterator[Entry]:
    for part, held in sets.items():
        yield from (Entry(part, quantity) for quantity in held.quantities.values())


def cited(model: str = REFERENCE_MODEL) -> tuple[Source, ...]:
    """Return Reprieve itself, then the publications that a simulation with `model` rests on, by key.

    Assumptions, definitions and derivations are no publications and are left out.
    """
    keys = {entry.quantity.source for entry in entries(model)} - NOT_PUBLICATIONS
    known = load_sources()
    return (software(), *(known[key] for key in sorted(keys)))
