"""The calibration's part of `reprieve model card`, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprieve.calibration.card import Card, Part, Row

TITLES = {
    "chain": "Mechanistic chain, efficacy",
    "comparator": "Empirical comparator, efficacy",
    "tolerability": "Acute effects",
}
MOST_MISSED = 4  # limits that are named; --json has them all
COLUMNS = (
    *("parameter", "what", "unit", "prior: centre", "spread", "set from", "posterior: median", "95 %"),
    *("shrinkage", "word", "other prior"),
)


def tables(card: Card | None) -> None:
    """Print the card, or that there is none."""
    from reprieve.calibration.card import INTERVAL
    from reprieve.calibration.posterior import LEARNED
    from reprieve.cli import show

    if card is None:
        show.say("No calibration is shipped: every fitted quantity is at its hand-set value.", "")
        return
    show.say(card.first_line, *card.sentences, "")
    for name, part in card.parts.items():
        show.table(TITLES[name], COLUMNS, [_cells(row) for row in part.rows], ("what", "set from", "word"))
        show.say(*_about(part), "")
    show.say(
        f"Posterior: median and {INTERVAL}. Prior: the spread stands on the prior's own scale. "
        f"Learned: shrinkage of {LEARNED:g} or more. Other prior: the largest shift, in SDs of the posterior, when the "
        "spread of any one prior is halved or doubled; a star marks more than half an SD.",
        f"Outside the fits and assumed: {_names(card.never_fitted)}.",
        f"Outside the fits and sourced: {_names(card.sourced)}.",
        f"Calibration {card.version}, digest {card.digest[:12]}.",
        "",
    )


def _cells(row: Row) -> tuple[object, ...]:
    from reprieve.cli import show

    return (
        *(row.name, row.label, row.unit, row.centre, f"{row.scale}, {show.words(row.spread)}"),
        f"{row.source}, {row.seen}" + (f"; {', '.join(row.studies)}" if row.studies else ""),
        *(row.median, f"{show.words(row.low)} to {show.words(row.high)}", f"{row.shrinkage:.2f}", row.word),
        f"{row.shift:+.2f}{'*' if row.flag else ''}",
    )


def _about(part: Part) -> list[str]:
    found = part.diagnostics
    lines = [
        f"Data: {len(part.data_rows)} rows of {len(part.studies)} studies: {_names(part.studies)}.",
        f"Chains: R-hat at most {found['r_hat_max']:.4f}, ESS at least {found['ess_bulk_min']:.0f} (bulk) and "
        f"{found['ess_tail_min']:.0f} (tail), {found['divergences']} divergences.",
    ]
    if found["failures"]:
        missed = "; ".join(found["failures"][:MOST_MISSED])
        rest = f"; and {len(found['failures']) - MOST_MISSED} more" if len(found["failures"]) > MOST_MISSED else ""
        lines.append(f"Limits missed: {missed}{rest}.")
    if part.sbc is None:
        lines.append("Simulation-based calibration: not run.")
    else:
        flagged = ", ".join(part.sbc["flagged"]) or "none"
        lines.append(
            f"Simulation-based calibration, {part.sbc['replicates']} data sets: ranks not uniform: {flagged} "
            f"(false alarm {part.sbc['false_alarm']:g} for all parameters together)."
        )
    if part.not_judged:
        lines.append(f"Prior sensitivity could not be judged for: {', '.join(part.not_judged)}.")
    return lines


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
