"""What an answer leaves out although it has figures: drawn hollow, so that nobody is hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprieve.evidence.answer import Answer
    from reprieve.evidence.candidates import Candidate
    from reprieve.evidence.package.load import Package

KINDS = ("second-hand", "unverified", "assumption")


def with_figures(answer: Answer, package: Package | None = None) -> list[tuple[Candidate, str]]:
    """Return the rows that nobody has seen in the paper, or that rest on an assumption, each with the reason.

    The same effect quoted twice is returned once. `package` is the one the answer came from.
    """
    from reprieve.evidence.candidates import candidates
    from reprieve.evidence.package.load import load

    held = package or load()
    found: dict[tuple[object, ...], tuple[Candidate, str]] = {}
    for left in answer.selection.left_out:
        if left.kind in KINDS:
            for one in candidates(held, held.study(left.study), answer.filters.correlation):
                if one.row_id == left.row_id and one.poolable:
                    found.setdefault((one.study, one.instrument, one.day, one.yi, one.vi), (one, left.reason))
    return list(found.values())
