"""`reprieve replay`: published trials simulated again at their own size, and the scorecard."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli.options import Json, Seed
from reprieve.cli.reading import Command

if TYPE_CHECKING:
    from reprieve.trials.forecast import Forecast
    from reprieve.trials.scorecard import Scorecard


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("replay", cls=Command)(replay)


def replay(
    trial: Annotated[str, typer.Argument(help="A published trial by name, or all.")] = "all",
    values: Annotated[
        str | None,
        typer.Option(help="posterior: fits without the trial; assumed: set by hand. Left out: posterior if shipped."),
    ] = None,
    trials: Annotated[int, typer.Option(help="Trials of the published size to draw.")] = 2000,
    patients: Annotated[int, typer.Option(help="Virtual patients per arm, with assumed values.")] = 10_000,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Published trials, predicted without having seen them. Verdict first, then misses, then the rest."""
    from reprieve.cli import show
    from reprieve.cli.progress import progress
    from reprieve.trials.scorecard import scorecard

    with ExitStack() as bar:
        card = scorecard(
            trial,
            patients,
            seed,
            values=values,
            trials=trials,
            watch=lambda total: bar.enter_context(progress(total)),
        )
    if json:
        show.emit(card.to_json())
        return
    show.say(card.first_line, *card.basis, *(one.words + "." for one in card.checks), "")
    _figures(card)
    _pools(card)
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
            *(cell for span in (row.chain, row.comparator) for cell in _cells(span, row.observed.value)),
        )
        for row in card.rows
    ]
    shown = (cell for name in ("chain", "empirical") for cell in (f"{name}: median, 95 % [width]", "CRPS"))
    columns = ("trial", "row", "what", "observed", *shown)
    show.table("Figures, misses of the chain first", columns, lines, ("what",))
    counts = ", ".join(f"{name} {_of(card, who)}" for name, who in (("chain", "chain"), ("empirical", "comparator")))
    show.say(
        f"Inside the 95 % and the 50 % interval: {counts}, of {len(card.rows)}. Rows of one trial are not independent.",
        f"Predicted: median and {OVER_TRIALS}; ! marks an interval without the observed figure.",
        "CRPS: distance of the whole prediction from the figure, in its unit; lower is closer.",
        f"A wide interval covers easily. In the median of figures it is {card.widening('chain'):.2g} times (chain) and "
        f"{card.widening('comparator'):.2g} times (empirical) as wide as sampling error alone would make it.",
        "",
    )


def _pools(card: Scorecard) -> None:
    from reprieve.cli import show

    lines = [
        (
            *(row.trial, row.observed.row_id, " ".join(row.third.studies), row.observed.value),
            *(_cells(row.third.forecast, row.observed.value)),
            *(row.chain.crps, row.comparator.crps),
        )
        for row in card.rows
        if row.third.forecast
    ]
    alone = [row.observed.row_id for row in card.rows if len(row.observed.arms) > 1 and not row.third.forecast]
    if lines:
        columns = ("trial", "row", "pooled", "observed", "median, 95 % [width]", "CRPS", "chain CRPS", "empirical CRPS")
        show.table("Random effects of the remaining trials", columns, lines, ("row", "pooled"))
        show.say("With the trial's own sampling error. Two remaining trials leave one degree of freedom.")
    if alone:
        show.say(f"Fewer than two other trials read at that time, so nothing is pooled: {', '.join(alone)}.")
    if lines or alone:
        show.say("")


def _of(card: Scorecard, forecaster: str) -> str:
    return " and ".join(str(count) for count in card.covered(forecaster))


def _cells(span: Forecast, value: float) -> tuple[object, ...]:
    from reprieve.cli import show

    median, low, high, width = (show.words(one) for one in (span.median, span.low, span.high, span.width))
    return f"{median}, {low} to {high} [{width}]{'' if span.holds(value) else ' !'}", span.crps


def _verdicts(card: Scorecard) -> None:
    from reprieve.cli import show

    if not card.verdicts:
        return
    lines = [
        (
            *(one.trial, " ".join(one.said.row_ids), one.said.what, "/".join(map(str, one.said.sizes))),
            *(one.chain, one.comparator, *_logs(one.chain, one.comparator)),
        )
        for one in card.verdicts
    ]
    columns = ("trial", "rows", "reported", "n", "chain", "empirical", "log chain", "log empirical")
    show.table("In words only: probability of what was reported", columns, lines, ("rows", "reported"))
    show.say(
        "Share of drawn trials that say the same at two-sided p of 0.05; no difference where there is none: 0.95.",
        f"Sum of logs: chain {card.log_score('chain'):.3f}, empirical {card.log_score('comparator'):.3f}.",
        "",
    )


def _logs(*shares: float) -> tuple[object, ...]:
    from math import log

    return tuple(log(p) if p > 0 else "-inf" for p in shares)
