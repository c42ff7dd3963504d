"""How the studies were found: searches, decisions with reasons, the flow from records to pools."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reprieve.evidence.package.load import Package
from reprieve.evidence.package.rows import Screened, Search

NO_SYSTEMATIC_SEARCH = (
    "No systematic search stands behind this collection: studies were found by public look-ups and through "
    "published reviews, and some may be missing."
)


@dataclass(frozen=True, slots=True)
class Found:
    """The searches, every screened record, and how many records met each decision."""

    searches: tuple[Search, ...]
    screened: tuple[Screened, ...]
    flow: dict[str, int]
    statement: str = NO_SYSTEMATIC_SEARCH


def found(package: Package) -> Found:
    """Return how the studies of a package were found."""
    decisions = Counter(one.decision for one in package.screened)
    pools = Counter(one.pool for one in package.studies)
    flow = {
        "records screened": len(package.screened),
        **{f"records {decision}": decisions[decision] for decision in ("included", "context", "awaiting", "excluded")},
        "trials of ketamine for PTSD": pools["ptsd"],
        "other PTSD and exposure studies, context only": pools["context"],
        "depression trials, for kinetics and tolerability only": pools["depression"],
    }
    return Found(package.searches, package.screened, flow)
