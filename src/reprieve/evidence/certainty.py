"""How sure one may be of a pool: the five GRADE domains as data, with this project's judgement and its reason.

Randomised evidence starts high; each serious domain takes one level off, each very serious one two (guyatt2008).
"""

from __future__ import annotations

from dataclasses import dataclass

from reprieve.evidence.package.load import Package
from reprieve.evidence.package.rows import Certainty as Domain

LEVELS = ("very low", "low", "moderate", "high")
DOMAINS = ("risk_of_bias", "inconsistency", "indirectness", "imprecision", "publication_bias")
_STEPS = {"not_serious": 0, "serious": 1, "very_serious": 2}


@dataclass(frozen=True, slots=True)
class Certainty:
    """The judged domains of one pool and the level they leave."""

    level: str
    domains: tuple[Domain, ...]


def certainty(package: Package, timepoint: str) -> Certainty | None:
    """Return the certainty of the pool at a time point, None unless every domain has been judged."""
    judged = tuple(one for one in package.certainty if one.timepoint == timepoint and one.comparator == "any")
    if {one.domain for one in judged} != set(DOMAINS):
        return None
    down = sum(_STEPS[one.judgement] for one in judged)
    return Certainty(LEVELS[max(0, len(LEVELS) - 1 - down)], judged)
