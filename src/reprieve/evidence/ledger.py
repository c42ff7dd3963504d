"""The founding review's claims, each against what its citation really studied and today's figure from our own pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.core.provenance import SeenHow
from reprieve.evidence.answer import Answer, answer
from reprieve.evidence.package.load import Package
from reprieve.evidence.selection import Filters

VERDICTS = ("supported", "partly", "not supported", "citation not found")


@dataclass(frozen=True, slots=True)
class Better:
    """A source that speaks to the claim better than the one cited, and what it says."""

    citation: str
    source: str
    figure: str
    seen: SeenHow


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: what was cited for it, what that citation studied, and the verdict.

    `pools` names the time points and comparators of our own pool that speak to it.
    """

    id: str
    claim: str
    cited: str
    what_it_is: str
    seen: SeenHow
    verdict: str
    source: str = ""
    but: str = ""
    figure: str = ""
    note: str = ""
    better: tuple[Better, ...] = ()
    pools: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A claim with today's answers: computed when asked, never typed."""

    claim: Claim
    today: tuple[Answer, ...]


@cache
def claims() -> tuple[Claim, ...]:
    """Return every claim, from `evidence/data/claims.toml`. Raises `InputError` naming claim and key."""
    path = Path(__file__).parent / "data" / "claims.toml"
    return tuple(_claim(one) for one in read_toml(path)["claim"])


def ledger(package: Package, only: str | None = None) -> tuple[Entry, ...]:
    """Return the claims of the ledger with today's answers, or the one named `only`.

    Raises `InputError` for a claim that is not there.
    """
    wanted = [one for one in claims() if only is None or one.id == only]
    if not wanted:
        raise InputError("claim", only, "is not in the ledger", f"known: {', '.join(one.id for one in claims())}")
    return tuple(Entry(one, tuple(_today(package, *pool) for pool in one.pools)) for one in wanted)


def _today(package: Package, at: str, comparator: str) -> Answer:
    filters = Filters(comparator=None if comparator == "any" else comparator)
    return answer(package, at, filters=filters, with_variants=False)


def _claim(entry: Mapping[str, Any]) -> Claim:
    known = {key: value for key, value in entry.items() if key not in ("better", "pool")}
    where = f"claims.toml: {entry.get('id', '?')}"
    if known.get("verdict") not in VERDICTS:
        raise InputError(f"{where}: verdict", known.get("verdict"), f"must be one of {', '.join(VERDICTS)}")
    try:
        return Claim(
            **{**known, "seen": SeenHow(known["seen"])},
            better=tuple(Better(**{**one, "seen": SeenHow(one["seen"])}) for one in entry.get("better", ())),
            pools=tuple((one["at"], one["comparator"]) for one in entry.get("pool", ())),
        )
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(where, str(error), "does not have the keys of a claim") from None
