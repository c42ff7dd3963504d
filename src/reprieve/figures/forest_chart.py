"""Draws a forest plot from its table: rows of words around one axis of effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reprieve.figures.figure import Table
from reprieve.figures.forest_layout import AXIS, HEAD, Line, Look, stacked
from reprieve.figures.forest_rows import NOT_POOLED, POOLED, PREDICTION, PUBLISHED, SILENT, STUDY, points, rows_of
from reprieve.figures.forest_words import below_the_axis, bias, labels
from reprieve.figures.style import BLUE, INK, MUTED, PAPER, RULE

MOST_BEYOND = 0.6  # how far an interval may stretch the axis beyond the studies, as a share of their spread
MARGIN = 0.04


def draw(table: Table, look: Look) -> Any:
    """Return the chart of a forest table."""
    import altair as alt

    above, bottom = stacked([row for row in rows_of(table) if row["kind"] != SILENT], HEAD + 4)
    below, end = stacked([row for row in rows_of(table) if row["kind"] == SILENT], bottom + 84)
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, bottom], range=[0, bottom], nice=False, zero=False))
    layers = [*_marks(table, above, bottom, y, look), *labels(above, y, look)]
    layers += [*below_the_axis(table, below, bottom, end, y, look), *bias(table, (*above, *below), y)]
    return alt.layer(*layers).properties(width=AXIS, height=bottom)


def _domain(held: Sequence[dict[str, Any]]) -> list[float]:
    """The axis: the studies and no effect inside it, wider intervals cut where they would squeeze the studies."""
    own = [one["effect"] for one in held if one["kind"] != PREDICTION]
    own += [one[key] for one in held if one["kind"] == STUDY for key in ("low", "high")]
    low, high = min(0.0, *own), max(0.0, *own)
    room = MOST_BEYOND * (high - low)
    ends = [one[key] for one in held for key in ("low", "high")]
    margin = MARGIN * (high - low)
    return [max(min(low, *ends) - margin, low - room), min(max(high, *ends) + margin, high + room)]


def _marks(table: Table, lines: Sequence[Line], bottom: float, y: Any, look: Look) -> Iterator[Any]:
    import altair as alt

    held = points(table)
    if not held:
        return
    for one in held:
        one["y"] = lines[one["row"]].y
    domain = _domain(held)
    scale = alt.Scale(domain=domain, nice=False, clamp=True, zero=False)
    axis = alt.Axis(title=None, tickCount=5, grid=False, format="~g")

    def x(field: str) -> Any:
        return alt.X(f"{field}:Q", axis=axis, scale=scale)

    def layer(records: Sequence[dict[str, Any]]) -> Any:
        return alt.Chart(alt.InlineData(values=list(records)))

    nothing = [{"x": 0.0, "y": top, "y2": end} for top, end in _stretches(lines, bottom)]
    yield layer(nothing).mark_rule(color=RULE, strokeWidth=1).encode(x=x("x"), y=y, y2="y2:Q")
    if look.left and look.right:
        for text, align, away in ((f"← {look.left}", "right", -8), (f"{look.right} →", "left", 8)):
            said = layer([{"x": 0.0, "y": bottom + 32, "text": text}])
            side = said.mark_text(align=align, dx=away, fontSize=11, fontWeight=700, color=INK, baseline="middle")
            yield side.encode(x=x("x"), y=y, text="text:N")
    pooled = [one for one in held if one["kind"] == POOLED]
    guides = [{"x": one["effect"], "y": HEAD, "y2": one["y"]} for one in pooled]
    if guides:
        guide = layer(guides).mark_rule(color=BLUE, strokeDash=[2, 3], strokeWidth=1)
        yield guide.encode(x=x("x"), y=y, y2="y2:Q")
    for kind, hollow, colour, dash, width in (
        (STUDY, False, BLUE, [1, 0], 1.6),
        (STUDY, True, BLUE, [4, 3], 1.6),
        (PUBLISHED, None, MUTED, [1, 0], 1.2),
        (PREDICTION, None, INK, [1, 0], 1.2),
    ):
        chosen = [one for one in held if one["kind"] == kind and hollow in (None, one["hollow"])]
        if chosen:
            rule = layer(chosen).mark_rule(color=colour, strokeDash=dash, strokeWidth=width)
            yield rule.encode(x=x("low"), x2="high:Q", y=y)
    yield from _dots(held, x, y)
    yield from _diamond(pooled, x, y)
    yield from _arrows(held, domain, x, y)


def _stretches(lines: Sequence[Line], bottom: float) -> Iterator[tuple[float, float]]:
    """Where the line of no effect is drawn: it stops where a sentence crosses the page."""
    top: float = HEAD
    for line in lines:
        if line.row["kind"] == NOT_POOLED:
            yield top, line.y - line.height / 2
            top = line.y + line.height / 2
    yield top, bottom


def _dots(held: Sequence[dict[str, Any]], x: Any, y: Any) -> Iterator[Any]:
    import altair as alt

    for kind, hollow, shape, colour in (
        (STUDY, False, "square", BLUE),
        (STUDY, True, "square", BLUE),
        (PUBLISHED, None, "diamond", MUTED),
    ):
        chosen = [
            {**one, "size": 36 + 3 * (one["weight, %"] or 0)}
            for one in held
            if one["kind"] == kind and hollow in (None, one["hollow"])
        ]
        if chosen:
            fill = colour if hollow is False else PAPER
            mark = alt.Chart(alt.InlineData(values=chosen)).mark_point(
                shape=shape, fill=fill, stroke=colour, strokeWidth=1.6, opacity=1
            )
            yield mark.encode(x=x("effect"), y=y, size=alt.Size("size:Q", scale=None, legend=None))


def _diamond(pooled: Sequence[dict[str, Any]], x: Any, y: Any) -> Iterator[Any]:
    import altair as alt

    for one in pooled:
        corners = [
            {"x": one["low"], "y": one["y"], "y2": one["y"]},
            {"x": one["effect"], "y": one["y"] - 8, "y2": one["y"] + 8},
            {"x": one["high"], "y": one["y"], "y2": one["y"]},
        ]
        yield (
            alt.Chart(alt.InlineData(values=corners)).mark_area(color=BLUE, opacity=1).encode(x=x("x"), y=y, y2="y2:Q")
        )


def _arrows(held: Sequence[dict[str, Any]], domain: Sequence[float], x: Any, y: Any) -> Iterator[Any]:
    """Where an interval runs off the axis, an arrow head at its end."""
    import altair as alt

    for end, limit, side in (("low", domain[0], "left"), ("high", domain[1], "right")):
        cut = [one for one in held if (one[end] < limit if end == "low" else one[end] > limit)]
        if cut:
            head = alt.Chart(alt.InlineData(values=cut)).mark_point(
                shape=f"triangle-{side}", filled=True, size=46, color=INK, opacity=1
            )
            yield head.encode(x=x(end), y=y)
