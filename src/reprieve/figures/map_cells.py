"""The cells of the evidence map, from the data package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reprieve.figures.pieces import named, verified

if TYPE_CHECKING:
    from reprieve.evidence.candidates import Candidate
    from reprieve.evidence.package.load import Package
    from reprieve.evidence.package.rows import Study
    from reprieve.evidence.timepoints import TimePoint

POOLABLE, UNVERIFIED, FIGURES, WORDS, NO_READING = (
    *("poolable", "unverified", "figures, not poolable", "words"),
    "no reading",
)
MARKS = (POOLABLE, UNVERIFIED, FIGURES, WORDS)  # the first that applies is shown
OTHER_DAY, DAY_UNKNOWN, OTHER = "other", "unknown", "other"
TRIALS, STUDIES = "Randomised trials", "Other studies of PTSD"
TREATED = ("ptsd", "ptsd_with_pain", "ptsd_with_depression")


@dataclass(frozen=True, slots=True)
class MapCell:
    """One study, time point and instrument: the best form in which a reading was given, and the rows that give it."""

    group: str
    study: str
    timepoint: str = ""
    instrument: str = ""
    mark: str = NO_READING
    seen: str = ""
    rows: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of the package as the map sees it. Days count from the first and from the last dose before it."""

    instrument: str
    day: float | None
    days_since_last: float | None
    doses_given: int
    mark: str
    seen: str
    row_id: str
    note: str = ""


def cells_of_package(package: Package) -> tuple[list[MapCell], tuple[str, ...]]:
    """Return every cell with a reading, an empty one for each study without any, and the instruments that occur."""
    from reprieve.evidence.timepoints import rules

    known = rules().instruments
    trials = [one for one in package.studies if one.pool == "ptsd"]
    others = [one for one in package.studies if one.pool == "context" and one.condition in TREATED]
    cells: list[MapCell] = []
    for group, studies in ((TRIALS, trials), (STUDIES, others)):
        for study in sorted(studies, key=lambda one: (one.year or 9999, one.study)):
            found = list(_cells(group, study, list(_readings(package, study)), rules().timepoints))
            cells += found or [MapCell(group, named(study.study))]
    present = {one.instrument for one in cells if one.instrument}
    return cells, tuple(one for one in (*known, OTHER) if one in present)


def _cells(group: str, study: Study, readings: Sequence[Reading], timepoints: Sequence[TimePoint]) -> Iterator[MapCell]:
    """The cells of one study, in the order of time points and of the first reading of an instrument."""
    for key in (*(point.key for point in timepoints), OTHER_DAY, DAY_UNKNOWN):
        here = [one for one in readings if key in _where(one, timepoints)]
        for instrument in dict.fromkeys(one.instrument for one in here):
            own = [one for one in here if one.instrument == instrument]
            best = min((one.mark for one in own), key=MARKS.index)
            shown = [one for one in own if one.mark == best]
            yield MapCell(
                group=group,
                study=named(study.study),
                timepoint=key,
                instrument=instrument,
                mark=best,
                seen=", ".join(dict.fromkeys(one.seen for one in shown)),
                rows=", ".join(dict.fromkeys(one.row_id for one in shown)),
                note="; ".join(dict.fromkeys(one.note for one in shown if one.note)),
            )


def _where(one: Reading, timepoints: Sequence[TimePoint]) -> list[str]:
    """The time points whose window holds a reading; else another day, or a day that was not stated."""
    if one.day is None:
        return [DAY_UNKNOWN]
    held = [
        point.key
        for point in timepoints
        if point.holds(one.day if point.since == "first" else one.days_since_last)
        and (one.doses_given == 1 or not point.single_dose_only)
    ]
    return held or [OTHER_DAY]


def _readings(package: Package, study: Study) -> Iterator[Reading]:
    """Every reading after baseline on a symptom scale of PTSD: pairs of arms, contrasts, and single arms."""
    from reprieve.evidence.candidates import candidates

    scales = {one.instrument: one.rating for one in package.instruments if one.construct == "ptsd"}
    contrasts = {one.row_id: one for one in package.contrasts if one.study == study.study}
    listed = set()
    for held in candidates(package, study):
        if held.day is None or held.day > 0:
            row = contrasts.get(held.row_id)
            figures = row is not None and (row.estimate is not None or row.smd is not None)
            listed.add(held.row_id)
            yield _candidate(held, figures)
    for row in contrasts.values():
        if row.instrument in scales and row.row_id not in listed and (row.day is None or row.day > 0):
            figures = row.estimate is not None or row.smd is not None
            seen, note = str(row.seen), _note(row.instrument, row.direction)
            last = None if row.day is None else package.days_since_last(study.study, row.arm1, row.day)
            given = 0 if row.day is None else package.doses_given(study.study, row.arm1, row.day)
            mark = FIGURES if figures else WORDS
            yield Reading(OTHER, row.day, last, given, mark, seen, row.row_id, note)
    for out in package.outcomes:
        wanted = out.study == study.study and out.instrument in scales and not out.subscale and out.value is not None
        if wanted and (out.day is None or out.day > 0):
            last = None if out.day is None else package.days_since_last(out.study, out.arm, out.day)
            given = 0 if out.day is None else package.doses_given(out.study, out.arm, out.day)
            mark = FIGURES if verified(out.seen) else UNVERIFIED
            column = _column(out.instrument)
            note = out.instrument if column == OTHER else ""
            yield Reading(column, out.day, last, given, mark, str(out.seen), out.row_id, note)


def _candidate(held: Candidate, figures: bool) -> Reading:
    if held.poolable:
        mark = POOLABLE if verified(held.seen) and not held.needs_assumption else UNVERIFIED
    else:
        mark = FIGURES if figures else WORDS
    return Reading(
        instrument=_column(held.instrument),
        day=held.day,
        days_since_last=held.days_since_last,
        doses_given=held.doses_given,
        mark=mark,
        seen=str(held.seen),
        row_id=held.row_id,
        note="" if mark == POOLABLE else _note("", held.direction),
    )


def _column(instrument: str) -> str:
    from reprieve.evidence.timepoints import rules

    return instrument if instrument in rules().instruments else OTHER


def _note(instrument: str, direction: str | None) -> str:
    said = (direction or "unknown").replace("_", " ")
    return ", ".join(part for part in (instrument, "" if said == "unknown" else said) if part)
