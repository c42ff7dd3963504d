"""Published against predicted: a dot and an interval each, one row of axes per quantity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reprieve.core.intervals import OVER_TRIALS
from reprieve.figures.figure import Cell, Figure, Table
from reprieve.figures.render import svg
from reprieve.figures.style import BLUE, INK, VERMILLION, WIDTH

if TYPE_CHECKING:
    from reprieve.trials.replay import Comparison, Replay

UNITS = {"d": "days", "CAPS-5 points": "points"}
WHO = ("published", "mechanistic chain", "empirical comparator")
COLOURS = (INK, BLUE, VERMILLION)
SHAPES = ("circle", "square", "triangle-up")
COLUMNS = (
    *("what", "unit", "published", "published: 2.5 %", "published: 97.5 %"),
    *("predicted", "predicted: 2.5 %", "predicted: 97.5 %", "empirical comparator", "inside", "source", "seen"),
)
HEIGHT, LABEL_WIDTH, ROOM = 62, 130, 1.08


def comparison(replay: Replay) -> Figure:
    """Draw every published figure of a trial with its prediction."""
    import altair as alt

    table = table_of(replay.rows)
    title = f"{replay.trial}: published against predicted"
    subtitle = ["Published: 95 % confidence interval where given.", f"Predicted: {OVER_TRIALS}."]
    rows = [_row(dict(zip(table.columns, row, strict=True))) for row in table.rows]
    chart = alt.vconcat(*rows, spacing=20).properties(
        title=alt.TitleParams(text=title, subtitle=subtitle, frame="bounds")
    )
    caption = (
        "The model's values are assumed until they are calibrated. A trial this small scatters widely around its own "
        "truth, which is why the predicted interval is wide: a published figure inside it is weak support, not proof."
    )
    return Figure("published", title, caption, svg(chart, "published", f"{title}. {' '.join(subtitle)}"), table)


def table_of(rows: Sequence[Comparison]) -> Table:
    """The comparisons as a table. A bound that is beyond the follow-up is empty."""
    cells = [
        (
            *(row.what, row.unit, row.published, row.low, row.high),
            *(row.predicted, row.predicted_low, row.predicted_high, row.empirical),
            *("yes" if row.inside else "no", row.source, row.seen),
        )
        for row in rows
    ]
    return Table.of(dict(zip(COLUMNS, zip(*cells, strict=True), strict=True)))


def points(row: dict[str, Cell]) -> list[dict[str, Any]]:
    """The plotted points of one comparison, straight from its row of the table."""
    triples = {
        WHO[0]: (row["published"], row["published: 2.5 %"], row["published: 97.5 %"]),
        WHO[1]: (row["predicted"], row["predicted: 2.5 %"], row["predicted: 97.5 %"]),
        WHO[2]: (row["empirical comparator"], None, None),
    }
    return [
        {"who": who, "value": value, "low": low, "high": high}
        for who, (value, low, high) in triples.items()
        if value is not None
    ]


def _row(row: dict[str, Cell]) -> Any:
    import altair as alt

    records = points(row)
    numbers = [one[key] for one in records for key in ("value", "low", "high") if one[key] is not None]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    percent = row["unit"] == "fraction"
    domain = [0, 1] if percent else [low * ROOM, high * ROOM]
    for one in records:
        if one["low"] is not None and one["high"] is None:
            one["high"] = domain[1]  # beyond the follow-up: the line runs off the axis
    names = [one["who"] for one in records]
    look: dict[str, Any] = {"format": ".0%"} if percent else {}
    x_axis = alt.Axis(title=None, grid=True, tickCount=6, **look)
    y = alt.Y("who:N", sort=names, title=None, axis=alt.Axis(domain=False, ticks=False, minExtent=LABEL_WIDTH))
    colour = alt.Color("who:N", scale=alt.Scale(domain=list(WHO), range=list(COLOURS)), legend=None)
    shape = alt.Shape("who:N", scale=alt.Scale(domain=list(WHO), range=list(SHAPES)), legend=None)
    scale = alt.Scale(domain=domain, nice=True)
    spans = [one for one in records if one["low"] is not None]
    span = (
        alt.Chart(alt.InlineData(values=spans))
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X("low:Q", axis=x_axis, scale=scale), x2="high:Q", y=y, color=colour)
    )
    dot = (
        alt.Chart(alt.InlineData(values=records))
        .mark_point(filled=True, size=70, opacity=1)
        .encode(x=alt.X("value:Q", axis=x_axis, scale=scale), y=y, color=colour, shape=shape)
    )
    unit = "share of patients" if percent else UNITS.get(str(row["unit"]), str(row["unit"]))
    heading = alt.TitleParams(text=f"{row['what']} ({unit})", fontSize=12, fontWeight=600, frame="bounds", offset=6)
    size = HEIGHT * len(records) / len(WHO)
    return alt.layer(span, dot).properties(width=WIDTH - LABEL_WIDTH, height=size, title=heading)
