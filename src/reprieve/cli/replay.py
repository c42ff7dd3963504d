"""`reprieve replay`: published trials simulated again at their own size, and the scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli.options import Json, Seed
from reprieve.cli.reading import Command

if TYPE_CHECKING:
    from reprieve.trials.scorecard import Scorecard, Span


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("replay", cls=Command)(replay)


def replay(
    trial: Annotated[str, typer.Argument(help="A published trial by name, or all.")] = "all",
    patients: Annotated[int, typer.Option(help="Virtual patients per arm.")] = 10_000,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Published trials, simulated again at their own size. Observed beside predicted, misses first."""
    from reprieve.cli import show
    from reprieve.trials.scorecard import scorecard

    card = scorecard(trial, patients, seed)
    if json:
        show.emit(card.to_json())
        return
    show.say(card.first_line, "")
    _figures(card)
    _verdicts(card)
    if card.not_scored:
        lines = [(one.trial, one.row_id or "all", one.reason) for one in card.not_scored]
        show.table("Not scored, and why", ("trial", "row", "reason"), lines, ("row", "reason"))
    show.say(*(f"{one.study}: {' '.join([one.entry, *one.notes])}" for one in card.trials))


def _figures(card: Scorecard) -> None:
    from reprieve.cli import show
    from reprieve.core.intervals import OVER_TRIALS

    if not card.rows:
        return
    lines = [
        (
            *(row.trial, row.observed.row_id, row.observed.what, row.observed.value),
            *_cells(row.chain, row.observed.value),
            *_cells(row.comparator, row.observed.value),
            "yes" if row.blind else "no",
        )
        for row in card.rows
    ]
    shown = (*("chain: median, 95 %", "width", "in"), *("empirical: median, 95 %", "width", "in"))
    columns = ("trial", "row", "what", "observed", *shown, "blind")
    show.table("Figures: observed, then predicted by chain and empirical comparator", columns, lines, ("what",))
    inside = sum(row.inside for row in card.rows)
    comparator = sum(row.comparator.holds(row.observed.value) for row in card.rows)
    show.say(
        f"Inside: chain {inside} of {len(card.rows)}, empirical comparator {comparator} of {len(card.rows)}. "
        "Rows of one trial are not independent.",
        f"Predicted: median and {OVER_TRIALS}, from {card.patients:,} virtual patients per arm.",
        "A wide interval covers easily: read the width beside it.",
        "",
    )


def _cells(span: Span, value: float) -> tuple[object, ...]:
    from reprieve.cli import show

    median, low, high = (show.words(one) for one in (span.median, span.low, span.high))
    return f"{median}, {low} to {high}", span.width, "yes" if span.holds(value) else "no"


def _verdicts(card: Scorecard) -> None:
    from reprieve.cli import show

    if not card.verdicts:
        return
    lines = [
        (
            *(one.trial, " ".join(one.said.row_ids), one.said.what, "/".join(map(str, one.said.sizes))),
            *(one.chain, one.comparator, "yes" if one.blind else "no"),
        )
        for one in card.verdicts
    ]
    columns = ("trial", "rows", "reported", "n", "chain", "empirical", "blind")
    show.table("In words only: probability of what was reported", columns, lines, ("rows", "reported"))
    show.say(
        "Share of drawn trials with two-sided p > 0.05; a model without any effect would give 0.95. "
        "Another seed moves it by a few hundredths.",
        "",
    )
