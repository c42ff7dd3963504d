"""Which readings of the PTSD trials speak to a time point: one effect per study, and every other row with its reason.

The order is fixed in `data/answer.toml`: the instrument highest in the hierarchy, then the reading nearest the nominal
day, then final scores before reported effects. Nothing is chosen by its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reprieve.core.errors import InputError
from reprieve.core.provenance import VERIFIED, SeenHow
from reprieve.evidence.candidates import Candidate, candidates
from reprieve.evidence.package.load import Package
from reprieve.evidence.package.rows import Study
from reprieve.evidence.timepoints import TimePoint, rules

SECOND_HAND = VERIFIED | {SeenHow.SECONDARY}
COMPARATORS, POPULATIONS = ("active", "inert"), ("veteran", "civilian")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader asked for; None means all. `trusted`: how a row may have been seen to be pooled.

    `correlation` is the assumed correlation of a patient's two readings in a crossover, None the stated default.
    """

    comparator: str | None = None
    population: str | None = None
    instrument: str | None = None
    trusted: frozenset[SeenHow] = VERIFIED
    analysis: str = "final"
    correlation: float | None = None

    def __post_init__(self) -> None:
        """Raise `InputError` naming a wish that cannot be."""
        for name, value, known in (
            ("comparator", self.comparator, COMPARATORS),
            ("population", self.population, POPULATIONS),
            ("instrument", self.instrument, rules().instruments),
            ("analysis", self.analysis, ("final", "adjusted", "change")),
        ):
            if value is not None and value not in known:
                raise InputError(name, value, f"must be one of {', '.join(known)}")
        if self.correlation is not None and not -1 < self.correlation < 1:
            raise InputError("correlation", self.correlation, "must lie between -1 and 1")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row, or a whole study where `row_id` is empty, that is not in the pool, and why."""

    study: str
    row_id: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """One candidate per study, in order of year, and what was left out."""

    chosen: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]

    def count(self, kind: str) -> int:
        """Return how many rows were left out for a reason of this kind."""
        return sum(one.kind == kind for one in self.left_out)


def select(package: Package, point: TimePoint, filters: Filters | None = None) -> Selection:
    """Choose one effect per PTSD trial for a time point.

    Raises `InputError` for a filter that is not known.
    """
    filters = filters or Filters()
    chosen: list[Candidate] = []
    left_out: list[LeftOut] = []
    for study in sorted(trials(package), key=lambda one: (one.year or 0, one.study)):
        best, others = _one(package, study, point, filters)
        chosen.extend([best] if best else [])
        left_out.extend(others)
    kept, doubled = _without_double_counting(package, chosen)
    return Selection(tuple(kept), (*left_out, *doubled))


def trials(package: Package) -> Iterator[Study]:
    """Yield the randomised trials of ketamine as a treatment of PTSD."""
    return (one for one in package.studies if one.pool == "ptsd")


def _one(
    package: Package, study: Study, point: TimePoint, filters: Filters
) -> tuple[Candidate | None, list[LeftOut]]:
    """The study's best row in the window, and why each other row in it is not pooled."""
    if filters.population and study.population != filters.population:
        return None, [LeftOut(study.study, "", "population", f"population is {study.population}")]
    held = candidates(package, study, filters.correlation)
    within = [one for one in held if point.holds(_day(one, point))]
    inside = [one for one in within if one.doses_given == 1 or not point.single_dose_only]
    numeric = [one for one in inside if one.poolable or one.printed]
    silent = [one for one in held if not one.poolable and not one.printed and (one in inside or one.whole_course)]
    usable: list[Candidate] = []
    left_out: list[LeftOut] = []
    for one in numeric:
        reason = _reason(one, filters)
        if reason is None:
            usable.append(one)
        else:
            left_out.append(LeftOut(study.study, one.row_id, *reason))
    best = min(usable, key=lambda one: _rank(one, point, filters), default=None)
    left_out.extend(
        LeftOut(study.study, one.row_id, "other row", f"the study is represented by {best.row_id}")
        for one in usable
        if best is not None and one is not best
    )
    if best is None and not left_out:
        left_out.append(_silence(study, silent, point, filters, later=bool(within) and not inside))
    return best, left_out


def _reason(one: Candidate, filters: Filters) -> tuple[str, str] | None:
    """Why a candidate may not be used, as kind and words; None if it may."""
    filtered = _filtered(one, filters)
    if filtered is not None:
        return filtered
    if one.seen not in filters.trusted:
        second_hand = one.seen is SeenHow.SECONDARY
        return ("second-hand" if second_hand else "unverified"), f"seen: {one.seen}"
    if not one.poolable:
        return "no standardiser", "a printed difference without the SD that would standardise it"
    if one.needs_assumption and SeenHow.SECONDARY not in filters.trusted:
        return "assumption", "needs an assumed correlation"
    return None


def _filtered(one: Candidate, filters: Filters) -> tuple[str, str] | None:
    """Why a row is not what the reader asked for, as kind and words; None if it is."""
    if filters.comparator and one.comparator != filters.comparator:
        return "comparator", f"comparator is {one.comparator}"
    if filters.instrument and one.instrument != filters.instrument:
        return "instrument", f"instrument is {one.instrument}"
    return None


def _rank(one: Candidate, point: TimePoint, filters: Filters) -> tuple[int, float, float, int, str]:
    day = _day(one, point) or 0
    order = (filters.analysis, "final", "reported", "adjusted", "change", "paired")
    return (
        rules().instruments.index(one.instrument),
        abs(day - point.nominal_day),
        day,
        order.index(one.analysis),
        one.row_id,
    )


def _day(one: Candidate, point: TimePoint) -> float | None:
    return one.day if point.since == "first" else one.days_since_last


def _silence(study: Study, silent: list[Candidate], point: TimePoint, filters: Filters, *, later: bool) -> LeftOut:
    """A study without a figure at this time point: say what it reported in words, if anything."""
    wanted = [one for one in silent if _filtered(one, filters) is None]
    if silent and not wanted:
        return LeftOut(study.study, silent[0].row_id, *(_filtered(silent[0], filters) or ("", "")))
    if later:
        return LeftOut(study.study, "", "no reading", f"more than one dose had been given {point.label}")
    if wanted:
        words = ", ".join(sorted({_words(one) for one in wanted}))
        return LeftOut(study.study, wanted[0].row_id, "no figures", f"reported in words only: {words}")
    return LeftOut(study.study, "", "no reading", f"no reading {point.label}")


def _words(one: Candidate) -> str:
    return one.direction.replace("_", " ") + (" over the whole course" if one.whole_course else "")


def _without_double_counting(
    package: Package, chosen: list[Candidate]
) -> tuple[list[Candidate], list[LeftOut]]:
    """Drop a study whose participants are also in another chosen study, by the package's list of overlaps."""
    present = {one.study for one in chosen}
    dropped = {}
    for overlap in package.overlaps:
        pair = {overlap.study_a, overlap.study_b}
        if pair <= present:
            dropped.update(dict.fromkeys(pair - {overlap.kept}, overlap))
            present -= pair - {overlap.kept}
    kept = [one for one in chosen if one.study not in dropped]
    out = [
        LeftOut(study, "", "overlap", f"shares participants with {overlap.kept}: {overlap.reason}")
        for study, overlap in dropped.items()
    ]
    return kept, out
