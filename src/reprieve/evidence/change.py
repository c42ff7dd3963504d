"""How the answer moves when the package changes."""

from __future__ import annotations

from dataclasses import dataclass

from reprieve.evidence.answer import Answer, answer
from reprieve.evidence.package.load import Package
from reprieve.evidence.timepoints import rules


@dataclass(frozen=True, slots=True)
class Change:
    """The pooled answer at one time point before and after, in words and numbers; None where nothing is pooled."""

    at: str
    label: str
    before: str
    after: str
    estimate_before: float | None
    estimate_after: float | None
    studies_added: tuple[str, ...]
    studies_gone: tuple[str, ...]


def change(before: Package, after: Package) -> tuple[Change, ...]:
    """Compare the default answers of two packages at every time point."""
    return tuple(
        _compare(answer(before, point.key, with_variants=False), answer(after, point.key, with_variants=False))
        for point in rules().timepoints
    )


def _compare(old: Answer, new: Answer) -> Change:
    had, has = _studies(old), _studies(new)
    return Change(
        at=old.point.key,
        label=old.point.label,
        before=_words(old),
        after=_words(new),
        estimate_before=old.pool.estimate if old.pool else None,
        estimate_after=new.pool.estimate if new.pool else None,
        studies_added=tuple(sorted(has - had)),
        studies_gone=tuple(sorted(had - has)),
    )


def _studies(one: Answer) -> set[str]:
    return {row.study for row in one.selection.chosen}


def _words(one: Answer) -> str:
    if one.pool is None:
        return one.refused
    return f"g {one.pool.estimate:.3f} ({one.pool.ci_low:.3f} to {one.pool.ci_high:.3f}), {one.pool.k} trials"
