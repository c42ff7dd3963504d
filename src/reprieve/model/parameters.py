"""All quantities of the mechanism in one set, from the files of its parts in `model/data`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from reprieve.core.parameters import ParameterSet, load_parameters, merge

PARTS = (
    "receptor",
    "plasticity",
    "symptoms",
    "expectancy",
    "observation",
    "empirical",
    "dropout",
    "tolerability",
    "comparators",
)


@cache
def default_parameters() -> ParameterSet:
    """The shipped parameters of the chain, scores, expectancy and acute effects."""
    folder = files("reprieve.model") / "data"
    return merge("mechanism", *(load_parameters(folder / f"{part}.toml") for part in PARTS))
