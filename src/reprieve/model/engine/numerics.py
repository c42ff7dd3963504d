"""Constants of the method, from `model/data/engine.toml`: they set accuracy and speed, never the science."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from reprieve.core.parameters import load_parameters


@dataclass(frozen=True, slots=True)
class Numerics:
    """Grid, accuracy and chunking constants; `engine.toml` says what each is and how it was chosen."""

    nodes: int
    first_element_h: float
    first_share: float
    growth: float
    longest_first_day_h: float
    longest_second_day_h: float
    day_h: float
    longest_days: int
    snap: float
    tolerance: float
    refinements: int
    front_reach: float
    tail_reach: float
    fineness_step: int
    bisections: int
    area_days: float
    area_growth: float
    area_nodes: int
    error_floor: float
    simulation_chunk: int
    session_minutes: float
    session_step_minutes: float
    minute_decimals: int
    numpy_chunk: int
    numba_lanes: int
    numba_from_patients: int


@cache
def numerics() -> Numerics:
    """The shipped constants."""
    held = load_parameters(files("reprieve.model") / "data" / "engine.toml")
    values: dict[str, Any] = {
        name: int(held[name]) if kind == "int" else held[name]
        for name, kind in Numerics.__annotations__.items()
    }
    return Numerics(**values)
