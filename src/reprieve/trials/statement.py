"""What rows of a trial say in words: the arms compared on an instrument, and the direction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """Rows that say one thing in words. `score` is the model's name of the instrument, `sizes` the people per arm."""

    row_ids: tuple[str, ...]
    what: str
    score: str
    arms: tuple[str, ...]
    sizes: tuple[int, ...]
    days: tuple[float, ...]
    direction: str
    source: str
    seen: str
