"""Acute effects on the scorecard. So far the trials in PTSD give dissociation in words alone, and no pressure.

More dissociation on ketamine counts as predicted where the mean of the first infusion's peak is higher and differs at
two-sided p < 0.05. Both forecasters share the model of acute effects, so they give the same probability.
"""

from __future__ import annotations

from typing import Any

from reprieve.core.errors import InputError
from reprieve.trials.statement import Statement
from reprieve.trials.trial import HeldVerdict

DISSOCIATION = "CADSS"
MORE = "favours_comparator"  # the direction of a side effect that ketamine has more of


def acute_statement(row: Any, held: HeldVerdict, arms: tuple[str, ...], sizes: tuple[int, ...]) -> Statement:
    """Return a row on dissociation, ketamine against its comparator, as a statement.

    Raises `InputError` unless the row says that ketamine dissociates more, of one pair of arms on day 0.
    """
    if row.direction != MORE or len(arms) != 2 or held.days != (0.0,):
        raise InputError("row", row.row_id, "only more dissociation of one arm than of another, on day 0, is scored")
    what = f"{row.instrument}, first infusion: more on {row.arm1} than on {row.arm2}"
    return Statement(held.row_ids, what, "dissociation", arms, sizes, held.days, MORE, row.source, row.seen)
