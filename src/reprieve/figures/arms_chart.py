"""Draws the panels of the time course of arms, one for each instrument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reprieve.figures.arm_points import LOOKS, doses, points
from reprieve.figures.figure import Table
from reprieve.figures.style import INK, PAPER, WIDTH

HEIGHT, RUG_PX, DODGE_PX, LABEL_LETTER_PX, LABEL_PX, NAME_PX = 190, 7, 4, 5.6, 12, 9


def panel(table: Table, instrument: str, groups: Sequence[str], days: tuple[float, float], titled: bool) -> Any:
    """Return the panel of one instrument over the `days` that all panels share; `titled` names the axis of time."""
    import altair as alt

    held = [one for one in points(table) if one["instrument"] == instrument]
    x_scale = alt.Scale(domain=[min(days[0], 0) - 2, days[1] + 2], nice=False)
    x_axis = alt.Axis(title="Days since the first dose" if titled else None, tickCount=10)
    top = max(one["high"] if one["high"] is not None else one["mean"] for one in held)
    y_scale, y_axis = alt.Scale(domain=[0, top], nice=True, zero=True), alt.Axis(title=None, tickCount=5)
    look: dict[str, Any] = {"legend": alt.Legend(symbolOpacity=1, symbolSize=70, symbolStrokeWidth=1.6)}
    colour = alt.Color(
        "group:N", sort=groups, scale=alt.Scale(domain=groups, range=[LOOKS[g][0] for g in groups]), **look
    )
    shape = alt.Shape(
        "group:N", sort=groups, scale=alt.Scale(domain=groups, range=[LOOKS[g][1] for g in groups]), **look
    )
    x = alt.X("day:Q", scale=x_scale, axis=x_axis)

    def y(field: str) -> Any:
        return alt.Y(f"{field}:Q", scale=y_scale, axis=y_axis)

    layers = []
    lines = sorted({(one["study"], one["arm"]) for one in held})
    for place, arm in enumerate(lines):
        away = _dodge(place, len(lines))
        own = [one for one in held if (one["study"], one["arm"]) == arm]
        whole = alt.Chart(alt.InlineData(values=own))
        layers.append(whole.mark_line(strokeWidth=1.4, xOffset=away).encode(x=x, y=y("mean"), color=colour))
        spread = [one for one in own if one["low"] is not None]
        if spread:
            bar = alt.Chart(alt.InlineData(values=spread)).mark_rule(strokeWidth=1.4, xOffset=away, x2Offset=away)
            layers.append(bar.encode(x=x, y=y("low"), y2="high:Q", color=colour))
        for hollow in (False, True):
            dots = [one for one in own if one["hollow"] is hollow]
            if dots:
                inside: dict[str, Any] = {"fill": PAPER, "filled": False} if hollow else {"filled": True}
                mark = alt.Chart(alt.InlineData(values=dots)).mark_point(
                    size=60, opacity=1, strokeWidth=1.6, xOffset=away, **inside
                )
                layers.append(mark.encode(x=x, y=y("mean"), color=colour, shape=shape))
    layers += [*_rug(table, instrument, groups, x, colour), *_names(held, lines, x, y("mean"), top, days)]
    heading = alt.TitleParams(
        text=f"{instrument} (points, mean)", fontSize=12, fontWeight=600, offset=6, frame="bounds"
    )
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=heading)


def _rug(table: Table, instrument: str, groups: Sequence[str], x: Any, colour: Any) -> Iterator[Any]:
    """Ticks of the days of dosing, one row for each group, above the axis of time."""
    import altair as alt

    ticks = doses(table, instrument)
    present = [group for group in groups if any(one["group"] == group for one in ticks)]
    for place, group in enumerate(present):
        own = [one for one in ticks if one["group"] == group]
        foot = HEIGHT - 2 - RUG_PX * (len(present) - 1 - place)
        mark = alt.Chart(alt.InlineData(values=own)).mark_rule(strokeWidth=2)
        yield mark.encode(x=x, y=alt.value(foot), y2=alt.value(foot - RUG_PX + 2), color=colour)


def _dodge(place: int, count: int) -> float:
    """Pixels by which one arm of a panel is moved aside, so that marks of the same day do not hide each other."""
    return DODGE_PX * (place - (count - 1) / 2)


def _names(
    held: Sequence[dict[str, Any]],
    lines: Sequence[tuple[str, str]],
    x: Any,
    y: Any,
    top: float,
    days: tuple[float, float],
) -> Iterator[Any]:
    """The name of each study at the end of its line, moved apart where two would meet."""
    import altair as alt

    ends = {(one["study"], one["arm"]): one for one in held}
    taken: list[tuple[float, float, float]] = []
    for arm, one in sorted(ends.items(), key=lambda pair: -pair[1]["mean"]):
        aside = _dodge(lines.index(arm), len(lines)) + NAME_PX
        low = (one["day"] - days[0]) / (days[1] - days[0] or 1) * WIDTH + aside
        high = low + LABEL_LETTER_PX * len(arm[0])
        level, down = (1 - one["mean"] / top) * HEIGHT, 0.0
        while any(abs(level + down - ty) < LABEL_PX and low < th and tl < high for tl, th, ty in taken):
            down += 2
        taken.append((low, high, level + down))
        mark = alt.Chart(alt.InlineData(values=[{**one, "text": arm[0]}]))
        for edge in ({"stroke": PAPER, "strokeWidth": 3}, {}):  # the paper's colour around it keeps it readable
            look: dict[str, Any] = {"color": INK, "fontSize": 10, "baseline": "middle", "align": "left"} | edge
            yield mark.mark_text(dx=aside, dy=down, **look).encode(x=x, y=y, text="text:N")
