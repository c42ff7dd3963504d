"""The test that a model of this therapy must pass: cover a trial that worked and one that did not, and say something.

Feder 2021 found a difference of 11.9 points of CAPS-5, Abdallah 2022 none. Wide intervals would cover both and mean
nothing, so each is asked twice: is it covered, and is the prediction narrow enough to be worth having?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprieve.trials.scored import Judged, Scored

POSITIVE, NULL = ("feder2021", "c0009"), "abdallah2022"
# Our judgement: an interval of more than twice the width of sampling error alone tells more of our ignorance.
WIDEST = 2.0
# What was reported in words must not lie in the outer twentieth of what was predicted.
LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """One of the two trials under the chain: covered or not, vacuous or not, and the figures behind it in words."""

    trial: str
    covered: bool
    vacuous: bool
    words: str


def checks(rows: Sequence[Scored], verdicts: Sequence[Judged]) -> tuple[Check, ...]:
    """Return the checks of those of the two trials that are on the card."""
    positive = [_positive(one) for one in rows if (one.trial, one.observed.row_id) == POSITIVE]
    null = [_null(one) for one in verdicts if one.trial == NULL and one.said.direction == "no_difference"]
    return (*positive, *null)


def _positive(row: Scored) -> Check:
    covered, vacuous = row.inside, (row.widening or 0) > WIDEST
    words = (
        f"{row.trial}, {row.observed.what}: {row.observed.value:.3g} observed, {_yes(covered)} by "
        f"{row.chain.low:.3g} to {row.chain.high:.3g}; {_wide(row.widening or 0, vacuous)}"
    )
    return Check(row.trial, covered, vacuous, words)


def _null(one: Judged) -> Check:
    covered, vacuous = one.chain >= LEAST, one.gap.widening > WIDEST
    words = (
        f"{one.trial}, {one.said.what}: {_yes(covered)} with probability {one.chain:.3g}; predicted difference "
        f"{one.gap.median:.3g} ({one.gap.low:.3g} to {one.gap.high:.3g}); {_wide(one.gap.widening, vacuous)}"
    )
    return Check(one.trial, covered, vacuous, words)


def _yes(covered: bool) -> str:
    return "covered" if covered else "NOT covered"


def _wide(widening: float, vacuous: bool) -> str:
    return f"{widening:.2g} times as wide as sampling error alone{', vacuous' if vacuous else ''}"
