"""The funnel plot: effect against standard error, with the contours at which a single study would be significant.

A study on the contour of level L has |effect| = z(L) times its standard error, z the normal quantile, two-sided. The
contours are centred on no effect, not on the pool: they tell missing non-significant studies from other asymmetry.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from reprieve.figures.figure import Cell, Figure, Table
from reprieve.figures.pieces import named, verified, words
from reprieve.figures.render import svg
from reprieve.figures.style import BLUE, INK, MUTED, PAPER, RULE, WIDTH

if TYPE_CHECKING:
    from reprieve.evidence.answer import Answer
    from reprieve.evidence.package.load import Package
    from reprieve.evidence.pooling.meta import Meta

LEVELS = (0.90, 0.95, 0.99)
DASHES = {0.90: [2, 3], 0.95: [6, 3], 0.99: [1, 0]}
LEAST_FOR_ASYMMETRY = 10
FLOOR = "foot of the funnel"
POOLED = "pooled"
STUDY = "study"
HEIGHT, ROOM = 320, 1.12
FEW_ENOUGH_TO_NAME, LETTER_PX, LINE_PX, MARK_PX = 20, 5.6, 12, 6


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """A study: effect and standard error on the scale of the axis. `seen` is empty in anyone's own table.

    A study that is not `pooled` does not count among those that could show asymmetry.
    """

    name: str
    effect: float
    se: float
    seen: str = ""
    pooled: bool = True


def z_of(level: float) -> float:
    """How many standard errors from no effect the contour of a level lies: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def contour(level: float) -> str:
    """The column of a contour: the |effect| that is just significant at this standard error."""
    return f"contour {100 * level:g} %"


def funnel(
    studies: Sequence[FunnelPoint],
    pooled: float | None,
    title: str = "Funnel plot",
    effect: str = "Effect",
    name: str = "funnel",
    favours: tuple[str, str] = ("", ""),
) -> Figure:
    """Draw a funnel plot; `pooled` is the pooled effect, None if there is none."""
    import altair as alt

    table = table_of(studies, pooled)
    subtitle = ["Grey lines: two-sided significance of one study at 90 %, 95 % and 99 %, normal."]
    if pooled is not None:
        subtitle[0] += " Blue line: pooled effect."
    if any(one.seen for one in studies):
        subtitle.append("Filled: seen in the paper or register. Hollow: second-hand or unverified.")
    heading = alt.TitleParams(text=title, subtitle=subtitle, frame="bounds")
    chart = alt.layer(*_layers(table, effect, favours)).properties(width=WIDTH, height=HEIGHT, title=heading)
    return Figure(
        name,
        title,
        caption(sum(one.pooled for one in studies)),
        svg(chart, name, f"{title}. {' '.join(subtitle)}"),
        table,
    )


def caption(k: int) -> str:
    """How to read a picture of `k` pooled studies, and when it cannot show what people look for in it."""
    read = (
        "Small studies scatter more widely at the bottom. Studies missing where they would not have been significant "
        "hint at unpublished results; studies missing elsewhere point to other causes."
    )
    if k >= LEAST_FOR_ASYMMETRY:
        return read
    counted = f"{k} {'study' if k == 1 else 'studies'}"
    few = f"With {counted} this picture cannot show asymmetry: below {LEAST_FOR_ASYMMETRY}, chance alone makes a funnel"
    return f"{few} look lopsided. {read}"


def table_of(studies: Sequence[FunnelPoint], pooled: float | None) -> Table:
    """The table twin: the studies, the pooled effect, and the foot of the funnel, each with its contours."""
    foot = ROOM * max((one.se for one in studies), default=1.0)
    rows: list[tuple[str, str, float | None, float | None, str]] = [
        (STUDY, one.name, one.effect, one.se, one.seen) for one in studies
    ]
    rows += [(POOLED, "", pooled, None, "")] if pooled is not None else []
    rows.append((FLOOR, "", None, foot, ""))
    columns: dict[str, Sequence[object]] = {
        column: [row[place] for row in rows]
        for place, column in enumerate(("kind", "name", "effect", "standard error", "seen"))
    }
    for level in LEVELS:
        columns[contour(level)] = [None if row[3] is None else z_of(level) * row[3] for row in rows]
    return Table.of(columns)


def points(table: Table) -> list[dict[str, Any]]:
    """The plotted studies, straight from the table twin; hollow where they are unverified."""
    rows = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    return [
        {"name": row["name"], "effect": row["effect"], "se": row["standard error"], "hollow": not verified(row["seen"])}
        for row in rows
        if row["kind"] == STUDY
    ]


def curves(table: Table) -> list[dict[str, Any]]:
    """The contours from the tip to the foot, straight from the last row of the table twin."""
    row: dict[str, Cell] = dict(zip(table.columns, table.rows[-1], strict=True))
    foot = row["standard error"]
    return [
        {"level": level, "side": side, "effect": at * sign, "se": se}
        for level in LEVELS
        if isinstance(reach := row[contour(level)], float)
        for side, sign in (("left", -1), ("right", 1))
        for at, se in ((0.0, 0.0), (reach, foot))
    ]


def _layers(table: Table, effect: str, favours: tuple[str, str]) -> Iterator[Any]:
    import altair as alt

    held, lines = points(table), curves(table)
    foot = max(one["se"] for one in lines)
    middle = [value for kind, value in zip(table.column("kind"), table.column("effect"), strict=True) if kind == POOLED]
    numbers = [one["effect"] for one in (*held, *lines)] + [value for value in middle if isinstance(value, float)]
    widest = ROOM * max(map(abs, numbers))
    x_scale, y_scale = alt.Scale(domain=[-widest, widest], nice=False), alt.Scale(domain=[foot, 0], nice=False)
    x_axis, y_axis = alt.Axis(title=effect, tickCount=8, format="~g"), alt.Axis(title="Standard error", tickCount=5)

    def at(records: Sequence[dict[str, Any]]) -> tuple[Any, Any, Any]:
        x, y = alt.X("effect:Q", scale=x_scale, axis=x_axis), alt.Y("se:Q", scale=y_scale, axis=y_axis)
        return alt.Chart(alt.InlineData(values=list(records))), x, y

    for level in LEVELS:
        for side in ("left", "right"):
            chart, x, y = at([one for one in lines if (one["level"], one["side"]) == (level, side)])
            yield chart.mark_line(color=MUTED, strokeWidth=1, strokeDash=DASHES[level]).encode(x=x, y=y)
    ends = [{**one, "text": f"{100 * one['level']:g} %"} for one in lines if one["se"] == foot]
    yield from _labels(at(ends), "text", color=MUTED, dy=-5, baseline="bottom")
    for value, colour, dash in ((0.0, RULE, [1, 0]), *((value, BLUE, [1, 0]) for value in middle)):
        chart, x, y = at([{"effect": value, "se": 0.0, "end": foot}])
        yield chart.mark_rule(color=colour, strokeDash=dash, strokeWidth=1.4).encode(x=x, y=y, y2="end:Q")
    for hollow, fill in ((False, BLUE), (True, PAPER)):
        chosen = [one for one in held if one["hollow"] is hollow]
        if chosen:
            chart, x, y = at(chosen)
            mark = chart.mark_point(fill=fill, stroke=BLUE if hollow else PAPER, strokeWidth=1.4, size=80, opacity=1)
            yield mark.encode(x=x, y=y)
    if len(held) <= FEW_ENOUGH_TO_NAME:
        for right, align, away in ((True, "left", 8), (False, "right", -8)):
            chosen = [one for one, side in _sides(held, widest, foot) if side is right]
            if chosen:
                yield from _labels(at(chosen), "name", color=INK, align=align, dx=away, baseline="middle")
    for text, x_px, align in ((f"← {favours[0]}", 6, "left"), (f"{favours[1]} →", WIDTH - 6, "right")):
        if all(favours):
            yield words([{"se": 0.0, "text": text}], x_px, at([])[2], align=align, dy=14, fontWeight=700)


def _labels(placed: tuple[Any, Any, Any], field: str, **look: Any) -> Iterator[Any]:
    """Words with the paper's colour around them, so that lines behind do not cross them out."""
    chart, x, y = placed
    for edge in ({"stroke": PAPER, "strokeWidth": 3}, {}):
        yield chart.mark_text(fontSize=10, **look, **edge).encode(x=x, y=y, text=f"{field}:N")


def _sides(held: Sequence[dict[str, Any]], widest: float, foot: float) -> Iterator[tuple[dict[str, Any], bool]]:
    """Names that have room, and whether it is on the right of their mark; the others are in the table only."""
    places = [((one["effect"] + widest) / (2 * widest) * WIDTH, one["se"] / foot * HEIGHT) for one in held]
    taken = [(x - MARK_PX, x + MARK_PX, y) for x, y in places]
    for one, (x, y) in zip(held, places, strict=True):
        length = LETTER_PX * len(str(one["name"]))
        for right, low in ((True, x + MARK_PX + 1), (False, x - MARK_PX - 1 - length)):
            high = low + length
            room = low >= 0 and high <= WIDTH
            if room and not any(abs(y - ty) < LINE_PX and low < th and tl < high for tl, th, ty in taken):
                taken.append((low, high, y))
                yield one, right
                break


def funnel_of_meta(
    meta: Meta, title: str = "Funnel plot", effect: str = "Effect", seen: dict[str, str] | None = None
) -> Figure:
    """Draw the funnel of a pool; `seen` says by label how each study's figures were seen, if that is known."""
    seen = seen or {}
    studies = [FunnelPoint(one.label, one.yi, math.sqrt(one.vi), seen.get(one.label, "")) for one in meta.studies]
    return funnel(studies, meta.estimate if math.isfinite(meta.estimate) else None, title, effect)


def funnel_of_answer(answer: Answer, package: Package | None = None) -> Figure:
    """Draw the funnel of an answer: its studies, and hollow what was left out because nobody saw it in the paper.

    `package` is the one the answer came from, the packaged data if left out.
    """
    from reprieve.figures.left_out import with_figures

    rows = [(one, True) for one in answer.selection.chosen]
    rows += [(one, False) for one, _ in with_figures(answer, package)]
    studies = [
        FunnelPoint(named(one.study), one.yi, math.sqrt(one.vi), str(one.seen), pooled)
        for one, pooled in rows
        if one.yi is not None and one.vi is not None
    ]
    title = f"Funnel plot: ketamine for PTSD, {answer.point.label}"
    middle = answer.pool.estimate if answer.pool else None
    favours = ("favours ketamine", "favours comparator")
    return funnel(studies, middle, title, "Hedges g", f"funnel-{answer.point.key}", favours)
