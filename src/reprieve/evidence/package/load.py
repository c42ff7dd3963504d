"""The data package in memory: every table as typed rows, checked before anyone sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.provenance import Source, parse_sources
from reprieve.evidence.package import rows
from reprieve.evidence.package.lines import Line, dangling, read_lines
from reprieve.evidence.package.problem import Problem, first_of
from reprieve.evidence.package.schema import PACKAGED, TableSchema, check_schemas, packaged_schemas

__all__ = ["PACKAGED", "ROW_TYPES", "SOURCES", "Package", "build", "check", "examine", "load", "read"]

SOURCES = "sources.bib"
SOURCE_COLUMNS = ("source", "source_a", "source_b")

ROW_TYPES: Mapping[str, Any] = {
    "studies": rows.Study,
    "arms": rows.Arm,
    "doses": rows.Dose,
    "outcomes": rows.Outcome,
    "contrasts": rows.Contrast,
    "events": rows.Event,
    "correlations": rows.Correlation,
    "rob": rows.RiskOfBias,
    "instruments": rows.Instrument,
    "registered": rows.Registered,
    "pooled": rows.Pooled,
    "overlaps": rows.Overlap,
    "conflicts": rows.Conflict,
    "searches": rows.Search,
    "screened": rows.Screened,
    "certainty": rows.Certainty,
}


@dataclass(frozen=True)
class Package:
    """The data package: one tuple of rows per table, and the sources by key."""

    folder: Path = field(compare=False)
    studies: tuple[rows.Study, ...]
    arms: tuple[rows.Arm, ...]
    doses: tuple[rows.Dose, ...]
    outcomes: tuple[rows.Outcome, ...]
    contrasts: tuple[rows.Contrast, ...]
    events: tuple[rows.Event, ...]
    correlations: tuple[rows.Correlation, ...]
    rob: tuple[rows.RiskOfBias, ...]
    instruments: tuple[rows.Instrument, ...]
    registered: tuple[rows.Registered, ...]
    pooled: tuple[rows.Pooled, ...]
    overlaps: tuple[rows.Overlap, ...]
    conflicts: tuple[rows.Conflict, ...]
    searches: tuple[rows.Search, ...]
    screened: tuple[rows.Screened, ...]
    certainty: tuple[rows.Certainty, ...]
    sources: Mapping[str, Source]
    _days: Mapping[tuple[str, str], tuple[float, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        days: dict[tuple[str, str], list[float]] = {}
        for dose in self.doses:
            days.setdefault((dose.study, dose.arm), []).append(dose.day)
        object.__setattr__(self, "_days", {key: tuple(sorted(found)) for key, found in days.items()})

    def study(self, study: str) -> rows.Study:
        """Return a study by name. Raises `InputError` if there is none."""
        for one in self.studies:
            if one.study == study:
                return one
        from difflib import get_close_matches

        close = get_close_matches(study, [one.study for one in self.studies], n=3, cutoff=0.5)
        fix = f"did you mean {' or '.join(close)}?" if close else "`reprieve evidence studies` lists them"
        raise InputError("study", study, "is not in the package", fix)

    def instrument(self, name: str) -> rows.Instrument:
        """Return an instrument by name. Raises `InputError` if there is none."""
        for one in self.instruments:
            if one.instrument == name:
                return one
        raise InputError("instrument", name, "is not in the package")

    def days_since_last(self, study: str, arm: str, day: float) -> float | None:
        """Return the days from the last dose at or before `day` to `day`; None before the first or if unknown."""
        before = [at for at in self._days.get((study, arm), ()) if at <= day]
        return day - before[-1] if before else None

    def doses_given(self, study: str, arm: str, day: float) -> int:
        """Return how many doses an arm had had by `day`, that day's included; 0 where the history is unknown."""
        return sum(at <= day for at in self._days.get((study, arm), ()))


@cache
def load() -> Package:
    """Return the data package inside Reprieve."""
    return read(PACKAGED)


def read(folder: Path) -> Package:
    """Return the data package in a folder.

    Raises `InputError` for the first broken rule, naming table, row, field, value and rule, and how many more.
    """
    tables, sources, problems = examine(folder)
    if problems:
        raise first_of(problems)
    return build(folder, tables, sources)


def build(folder: Path, tables: Mapping[str, list[Line]], sources: Mapping[str, Source]) -> Package:
    """Return a package of rows that keep the schema."""
    typed = {name: tuple(ROW_TYPES[name](**one.cells) for one in tables[name]) for name in ROW_TYPES}
    return Package(folder=folder, sources=sources, **typed)


@cache
def bibliography() -> Mapping[str, Source]:
    """Return the sources of the data package inside Reprieve by key, without reading its tables."""
    return parse_sources(text_of(PACKAGED / SOURCES), SOURCES)


def check(folder: Path) -> tuple[Problem, ...]:
    """Return every broken rule of a package.

    Raises `InputError` if it cannot be read at all: no descriptor of this version, a table or `sources.bib` missing.
    """
    return tuple(examine(folder)[2])


def examine(folder: Path) -> tuple[dict[str, list[Line]], Mapping[str, Source], list[Problem]]:
    """Read and check a folder: its rows by table, its sources, every problem. Raises `InputError` as `check`."""
    check_schemas(folder)
    tables: dict[str, list[Line]] = {}
    problems: list[Problem] = []
    for name, schema in packaged_schemas().items():
        tables[name], found = read_lines(schema, text_of(folder / f"{name}.csv"))
        problems.extend(found)
    sources = parse_sources(text_of(folder / SOURCES), SOURCES)
    return tables, sources, [*problems, *related(folder, tables, sources, sound=not problems)]


def related(
    folder: Path, tables: Mapping[str, list[Line]], sources: Mapping[str, Source], *, sound: bool = True
) -> Iterator[Problem]:
    """Yield what is wrong between rows: references, sources, domain rules.

    The domain rules need typed rows, so they are asked only where everything else holds; `sound` says whether every
    cell and key is in order.
    """
    from reprieve.evidence.package.rules import broken

    missing = [
        problem
        for name, schema in packaged_schemas().items()
        for problem in (*dangling(schema, tables[name], tables), *_unsourced(schema, tables[name], sources))
    ]
    yield from missing
    if sound and not missing:
        yield from broken(build(folder, tables, sources))


def text_of(path: Path) -> str:
    """Return the text of a file as it stands. Raises `InputError` naming it if it cannot be read as UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError("file", str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError("file", str(path), "is not UTF-8 text") from None


def _unsourced(schema: TableSchema, lines: list[Line], sources: Mapping[str, Source]) -> Iterator[Problem]:
    for name in SOURCE_COLUMNS:
        if name not in schema.columns:
            continue
        for line in lines:
            key = line.cells[name]
            if isinstance(key, str) and key not in sources:
                yield Problem(schema.name, line.row, name, key, f"is not a key of {SOURCES}")
