"""The figures that the tolerability calibration learns from: scores and rises by arm and minute, counts of events.

`data/tolerability_rows.csv` lists them. A row that the evidence package holds is named by its id and read from there;
the others stand in the file. Only rows seen in full text or abstract enter. Blank is not known, never zero.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reprieve.core.errors import InputError
from reprieve.core.provenance import VERIFIED, load_sources
from reprieve.evidence.package.load import Package, load

FILE = "tolerability_rows.csv"
CADSS, BEFORE = "cadss", "cadss_before"
PRESSURES = ("sbp", "dbp", "heart_rate")
POOLED = tuple(f"{name}_pooled" for name in PRESSURES)
NAUSEA, SEDATION = "nausea", "sedation"
KINDS = (CADSS, BEFORE, *PRESSURES, *POOLED, NAUSEA, SEDATION)
EVENTS = (NAUSEA, SEDATION)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `value` is a mean in points, mmHg or 1/min, or a count of patients; `n` patients (pooled: articles).

    `regimen` is in the one-line language, blank for a comparator. `minute` counts from the start of the infusion and is
    None before it or where the peak is meant. `infusions`: the mean over so many (scores), at least once in so many
    (nausea). `dispersion_type` is sd, se, ci95 (half the width), count or none. `may_include` names studies that a
    pooled figure may contain.
    """

    study: str
    arm: str
    kind: str
    substance: str
    regimen: str
    minute: float | None
    infusions: int
    n: int
    value: float
    dispersion: float | None
    dispersion_type: str
    may_include: tuple[str, ...]
    source: str
    seen: str
    evidence_row: str


def rows(held_out: str = "") -> tuple[Row, ...]:
    """Return every row that a fit without the study `held_out` may see.

    With the study go the rows of the same register record and the pooled figures that may contain it.

    Raises `InputError` for a study that neither the file nor the evidence package knows.
    """
    every = all_rows()
    if not held_out:
        return every
    records = {row.source for row in every if row.study == held_out}
    if not records and held_out not in {source for row in every for source in row.may_include}:
        load().study(held_out)
    return tuple(
        row for row in every if row.study != held_out and row.source not in records and held_out not in row.may_include
    )


def studies() -> tuple[str, ...]:
    """Return the studies that gave a row, in file order."""
    return tuple(dict.fromkeys(row.study for row in all_rows()))


@cache
def all_rows() -> tuple[Row, ...]:
    """Return every row of the file, the figures of the evidence package filled in.

    Raises `InputError` naming the row: unknown kind, evidence row of another arm, missing number, unverified figure.
    """
    text = (files("reprieve.calibration") / "data" / FILE).read_text(encoding="utf-8")
    package = load()
    return tuple(_row(line, package) for line in csv.DictReader(text.splitlines()))


def _row(line: dict[str, str], package: Package) -> Row:
    where = f"{FILE}: {line['study']} {line['arm']} {line['kind']} {line['minute']}".rstrip()
    if line["kind"] not in KINDS:
        raise InputError(where, line["kind"], f"must be one of {', '.join(KINDS)}")
    held = _from_package(line, package, where) if line["evidence_row"] else _own(line, where)
    n, value, dispersion, kind, source, seen = held
    if seen not in VERIFIED:
        raise InputError(where, seen, "must have been seen in full text or abstract", "leave the row out")
    return Row(
        study=line["study"],
        arm=line["arm"],
        kind=line["kind"],
        substance=line["substance"],
        regimen=line["regimen"],
        minute=float(line["minute"]) if line["minute"] else None,
        infusions=int(line["infusions"]),
        n=n,
        value=value,
        dispersion=dispersion,
        dispersion_type=kind,
        may_include=tuple(line["may_include"].split(";")) if line["may_include"] else (),
        source=source,
        seen=seen,
        evidence_row=line["evidence_row"],
    )


type _Figures = tuple[int, float, float | None, str, str, str]


def _own(line: dict[str, str], where: str) -> _Figures:
    if line["source"] not in load_sources():
        raise InputError(where, line["source"], "is not in sources.bib", "add the entry or correct the key")
    if not (line["n"] and line["value"]):
        raise InputError(where, line["value"], "needs a value and the number of patients")
    dispersion = float(line["dispersion"]) if line["dispersion"] else None
    return int(line["n"]), float(line["value"]), dispersion, line["dispersion_type"], line["source"], line["seen"]


def _from_package(line: dict[str, str], package: Package, where: str) -> _Figures:
    row_id = line["evidence_row"]
    if line["kind"] in EVENTS:
        event = next((row for row in package.events if row.row_id == row_id), None)
        if event is not None and (event.study, event.arm) == (line["study"], line["arm"]):
            if event.count is None or event.n_at_risk is None:
                raise InputError(where, row_id, "has no count in the evidence package")
            return event.n_at_risk, float(event.count), None, "count", event.source, event.seen
    outcome = next((row for row in package.outcomes if row.row_id == row_id), None)
    if outcome is None or (outcome.study, outcome.arm) != (line["study"], line["arm"]):
        raise InputError(where, row_id, "is not a row of this arm in the evidence package")
    if outcome.n is None:
        raise InputError(where, row_id, "has no n in the evidence package")
    figures = (outcome.dispersion, outcome.dispersion_type, outcome.source, outcome.seen)
    return outcome.n, outcome.value, *figures
