"""Where a number comes from: quantities with unit, source and how it was seen; the list of sources."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from reprieve.core.errors import InputError


class SeenHow(StrEnum):
    """How the developers saw the number."""

    FULL_TEXT = "full text"
    ABSTRACT = "abstract"
    SECONDARY = "secondary"
    UNVERIFIED = "unverified"
    ASSUMED = "assumed"
    DERIVED = "derived"


# Seen in the paper, its abstract, a register or a data file: the others do not enter a pool unasked.
VERIFIED = frozenset({SeenHow.FULL_TEXT, SeenHow.ABSTRACT})


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard deviation and the scale it lives on: `lognormal`, `logit_normal` or `normal`."""

    kind: str
    sd: float


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of the model with unit, source and how the source was seen.

    `between` is the spread between patients, `uncertainty` the spread of our knowledge of `value`.
    `low` and `high` are a printed interval; `interval` says its level and kind.
    """

    name: str
    value: float
    unit: str
    source: str
    seen: SeenHow
    label: str = ""
    note: str = ""
    between: Spread | None = None
    uncertainty: Spread | None = None
    low: float | None = None
    high: float | None = None
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of the source list: BibTeX `key`, `kind` and `fields`. What is not known is left out."""

    key: str
    kind: str
    fields: Mapping[str, str] = field(hash=False)

    def bibtex(self) -> str:
        """Return the entry in BibTeX form."""
        lines = [f"  {name} = {{{value}}}," for name, value in self.fields.items()]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])

    def citation(self) -> str:
        """Return the entry as one line of plain text."""
        f = self.fields
        author = ", ".join(f["author"].split(" and ")).replace(", others", " et al") if "author" in f else ""
        place = " ".join(p for p in (f.get("journal", f.get("publisher", "")), f.get("year", "")) if p)
        where = "".join(
            part
            for part in (f";{f['volume']}" if "volume" in f else "", f":{f['pages']}" if "pages" in f else "")
        )
        marks = [f"{name}:{f[name]}" for name in ("doi", "pmid", "pmcid") if name in f] or [f.get("url", "")]
        parts = [author, f.get("title", ""), place + where, " ".join(marks), f.get("note", "")]
        return ". ".join(part.rstrip(".") for part in parts if part)


FIELDS = (
    *("author", "title", "year", "journal", "volume", "pages", "publisher", "version"),
    *("doi", "pmid", "pmcid", "url", "note"),
)
_KIND_AND_KEY = re.compile(r"@(?P<kind>[a-z]+)\{(?P<key>[A-Za-z][\w.+-]*)\s*,\s*")
_FIELD = re.compile(r"(?P<name>[a-z]+)\s*=\s*\{(?P<value>(?:[^{}]|\{[^{}]*\})*)\}\s*,?\s*")
_BLANK = re.compile(r"(?:\s+|%[^\n]*\n)*")


def parse_sources(text: str, where: str = "sources.bib") -> Mapping[str, Source]:
    """Read a list of sources: a small regular part of BibTeX.

    An entry is `@kind{key, field = {value}, ... }`; values stand in braces, at most one pair inside them;
    a line that starts with `%` between entries is a comment. Other BibTeX (strings, quotes) is refused.

    Raises `InputError` naming the entry: not this form, unknown or repeated field, repeated key, no field.
    """
    sources: dict[str, Source] = {}
    for source in _entries(text, where):
        if source.key in sources:
            raise InputError(where, source.key, "is the key of two entries", "rename or merge them")
        sources[source.key] = source
    return MappingProxyType(sources)


def _entries(text: str, where: str) -> Iterator[Source]:
    position = _skip_blank(text, 0)
    last = "the first entry"
    while position < len(text):
        head = _KIND_AND_KEY.match(text, position)
        if head is None:
            rest = text[position : position + 40]
            raise InputError(f"{where}: after {last}", rest, "expected `@kind{key, field = {value}, ... }`")
        last = head["key"]
        fields, position = _fields(text, head.end(), f"{where}: {last}")
        yield Source(last, head["kind"], MappingProxyType(fields))
        position = _skip_blank(text, position)


def _skip_blank(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _fields(text: str, position: int, where: str) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    while text[position : position + 1] != "}":
        found = _FIELD.match(text, position)
        if found is None:
            raise InputError(where, text[position : position + 40], "expected `field = {value},` or `}`")
        name, value = found["name"], " ".join(found["value"].split())
        if name not in FIELDS:
            raise InputError(f"{where}: {name}", value, "is not a known field", f"use {', '.join(FIELDS)}")
        if name in fields or not value:
            raise InputError(f"{where}: {name}", value, "must be given once and not be empty")
        fields[name] = value
        position = found.end()
    if not fields:
        raise InputError(where, "", "has no field", "give at least a note")
    return fields, position + 1


@cache
def load_sources() -> Mapping[str, Source]:
    """Return every source by key, from `core/data/sources.bib`. Raises `InputError` naming a broken entry."""
    return parse_sources((Path(__file__).parent / "data" / "sources.bib").read_text(encoding="utf-8"))
