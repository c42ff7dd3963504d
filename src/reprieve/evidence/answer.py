"""What ketamine does for PTSD at a time point: the pool, what it leaves out, how it moves with each choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from reprieve.core.results import Result, digest, versions
from reprieve.evidence.candidates import Candidate
from reprieve.evidence.certainty import Certainty, certainty
from reprieve.evidence.found import NO_SYSTEMATIC_SEARCH
from reprieve.evidence.package.load import Package
from reprieve.evidence.package.rows import Pooled
from reprieve.evidence.pooling.fit import check_names
from reprieve.evidence.selection import SECOND_HAND, Filters, Selection, select
from reprieve.evidence.timepoints import TimePoint, rules, timepoint

if TYPE_CHECKING:
    from reprieve.evidence.pooling.bayes import Posterior
    from reprieve.evidence.pooling.meta import Meta

PUBLISHED = "borgogna2024"


@dataclass(frozen=True, slots=True)
class Variant:
    """The pool with one choice changed. `pool` is None where fewer than two studies are left."""

    label: str
    studies: tuple[str, ...]
    pool: Meta | None


@dataclass(frozen=True, slots=True)
class Published:
    """A published pooled figure with the sign of this project: negative when ketamine is better."""

    label: str
    estimate: float
    ci_low: float
    ci_high: float
    source: str
    seen: str


@dataclass(frozen=True, kw_only=True)
class Answer(Result):
    """The answer at one time point. `pool` and `bayes` are None when `refused` says why nothing was pooled."""

    point: TimePoint
    filters: Filters
    selection: Selection
    pool: Meta | None
    bayes: Posterior | None
    refused: str
    variants: tuple[Variant, ...]
    published: tuple[Published, ...]
    certainty: Certainty | None
    search: str = NO_SYSTEMATIC_SEARCH

    @property
    def patients(self) -> int:
        """Return how many patients the chosen rows count."""
        return sum((one.n_ketamine or 0) + (one.n_comparator or 0) for one in self.selection.chosen)

    @property
    def left_out_unverified(self) -> int:
        """Return how many rows with figures were left out because nobody has seen them in the paper."""
        return self.selection.count("second-hand") + self.selection.count("unverified")


def answer(
    package: Package,
    at: str = "eot",
    *,
    since: str | None = None,
    filters: Filters | None = None,
    method: str = "REML",
    test: str = "knha",
    with_variants: bool = True,
) -> Answer:
    """Pool the PTSD trials of a package at a named time point.

    Raises `InputError` for an unknown time point, filter, method or test. Fewer than two studies are no error:
    the answer then carries them and says that nothing was pooled.
    """
    point, filters = timepoint(at, since), filters or Filters()
    check_names(method, test)
    selection = select(package, point, filters)
    pool = pooled(selection.chosen, method, test)
    changed = variants(package, point, filters, selection, method, test) if with_variants else ()
    return Answer(
        versions=versions(),
        inputs_digest=digest(
            [
                point,
                {one.name: _plain(getattr(filters, one.name)) for one in fields(filters)},
                list(selection.chosen),
                method,
                test,
            ]
        ),
        warnings=tuple(_warnings(selection, pool)),
        point=point,
        filters=filters,
        selection=selection,
        pool=pool,
        bayes=_bayes(selection.chosen) if pool else None,
        refused="" if pool else _refusal(selection, point),
        variants=changed,
        published=tuple(published(package, point.key, filters.comparator)),
        certainty=certainty(package, point.key) if filters == Filters() and since is None else None,
    )


def pooled(chosen: tuple[Candidate, ...], method: str, test: str) -> Meta | None:
    """Return the pool of the chosen rows, None below the least number of studies that may be pooled."""
    if len(chosen) < rules().pool_at_least:
        return None
    from reprieve.evidence.pooling.meta import meta

    table = {
        "study": [one.study for one in chosen],
        "yi": [one.yi for one in chosen],
        "vi": [one.vi for one in chosen],
    }
    return meta(table, label="study", method=method, test=test)


def variants(
    package: Package, point: TimePoint, filters: Filters, selection: Selection, method: str, test: str
) -> tuple[Variant, ...]:
    """Return the pool with one choice changed at a time; choices that change nothing are left out.

    The pool with rows quoted second-hand is always there, changed or not.
    """
    changed: list[Variant] = []
    for label, other in _wishes(filters):
        rows = select(package, point, other).chosen
        always = other == replace(filters, trusted=SECOND_HAND)
        if always or rows != selection.chosen:
            changed.append(_variant(label, rows, method, test))
    if len(selection.chosen) > rules().pool_at_least:
        for one in selection.chosen:
            rest = tuple(row for row in selection.chosen if row is not one)
            changed.append(_variant(f"without {one.study}", rest, method, test))
    if selection.chosen:
        changed.append(_variant("equal effects, z", selection.chosen, "EE", "z"))
        changed.append(_variant("DerSimonian-Laird, z", selection.chosen, "DL", "z"))
    return tuple(changed)


def _wishes(filters: Filters) -> Iterator[tuple[str, Filters]]:
    paired = rules().paired
    second_hand = replace(filters, trusted=SECOND_HAND)
    yield f"with rows quoted second-hand (crossover correlation {paired.value:g}, assumed)", second_hand
    for r in (paired.low, paired.high):
        yield f"with rows quoted second-hand, crossover correlation {r:g}", replace(second_hand, correlation=r)
    yield "baseline-adjusted contrasts where given", replace(filters, analysis="adjusted")
    yield "change scores where given", replace(filters, analysis="change")


def _variant(label: str, rows: tuple[Candidate, ...], method: str, test: str) -> Variant:
    return Variant(label, tuple(one.study for one in rows), pooled(rows, method, test))


def published(package: Package, at: str, comparator: str | None) -> Iterator[Published]:
    """Yield the published pools to hold beside ours, those of the same time point first, sign made equal."""
    rows = [one for one in package.pooled if one.meta == PUBLISHED and one.estimate is not None]
    same = [one for one in rows if one.timepoint == at and one.comparator in ("any", comparator or "any")]
    overall = [one for one in rows if one.timepoint == "all"]
    for one in (*same, *overall):
        yield _ours(one)


def _ours(one: Pooled) -> Published:
    sign = -1 if one.favours == "positive_favours_ketamine" else 1
    ends = sorted((sign * (one.ci_low or 0), sign * (one.ci_high or 0)))
    words = f"{one.measure}, {one.timepoint}, {one.comparator} comparator"
    return Published(words, sign * (one.estimate or 0), ends[0], ends[1], one.source, one.seen)


def _bayes(chosen: tuple[Candidate, ...]) -> Posterior:
    from reprieve.evidence.pooling.bayes import posterior

    labels = [one.study for one in chosen]
    return posterior([one.yi or 0.0 for one in chosen], [one.vi or 0.0 for one in chosen], labels)


def _refusal(selection: Selection, point: TimePoint) -> str:
    k = len(selection.chosen)
    held = "no study has" if k == 0 else f"only {selection.chosen[0].study} has"
    return f"not pooled: {held} verified figures {point.label}; a pool needs {rules().pool_at_least}"


def _warnings(selection: Selection, pool: Meta | None) -> Iterator[str]:
    if pool is not None:
        yield from pool.warnings
    silent = [one for one in selection.left_out if one.kind == "no figures"]
    if silent:
        listed = "; ".join(f"{one.study}: {one.reason}" for one in silent)
        yield f"trials with results in words only are not in the pool: {listed}"


def _plain(value: object) -> object:
    return sorted(str(one) for one in value) if isinstance(value, frozenset) else value
