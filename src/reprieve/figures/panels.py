"""Panels over one axis of time: medians as lines, intervals as bands. Most pictures are made of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from reprieve.figures.figure import Cell, Figure, Table
from reprieve.figures.render import svg
from reprieve.figures.style import BAND_OPACITY, BLUE, HALF, RULE, SHADE, WIDTH

type Array = npt.NDArray[np.float64]
type Mask = npt.NDArray[np.bool_]

LEGEND_Y = -20
LETTERS_PER_LINE = 76
LOW, MEDIAN, HIGH = "2.5 %", "median", "97.5 %"


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name in the legend, its columns in the table, how it looks.

    `column` is the beginning of the names of its columns: `column: median`, and of its band if it has one.
    """

    name: str
    column: str
    colour: str = BLUE
    dash: tuple[int, ...] = (1, 0)
    band: Literal["filled", "outlined", "none"] = "filled"


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes. `limits` fix the vertical axis, which else starts at 0, and `tick` its labels."""

    title: str
    unit: str
    series: tuple[Series, ...]
    height: int = 120
    width: int = WIDTH
    limits: tuple[float, float] | None = None
    tick: float | None = None
    log: bool = False
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """The shared axis of time: column of the table, title, marked times, shaded stretch."""

    column: str
    title: str
    end: float
    step: float
    marks: tuple[float, ...] = ()
    shade: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """What a figure says beside its picture."""

    name: str
    title: str
    subtitle: str
    caption: str


@dataclass(slots=True)
class Columns:
    """Columns of a table, filled series by series."""

    held: dict[str, Sequence[object]] = field(default_factory=dict)

    def add(self, column: str, bands: Array, many: bool, where: Mask | None = None) -> None:
        """Add the median of (3, t) bands, and the interval if `many`; cells not in `where` (t,) stay empty."""
        for name, band in zip((LOW, MEDIAN, HIGH), bands, strict=True):
            if many or name == MEDIAN:
                cells = band.tolist()
                here = np.ones(len(cells), dtype=bool) if where is None else where
                self.held[f"{column}: {name}"] = [
                    cell if inside else None for cell, inside in zip(cells, here, strict=True)
                ]

    def table(self) -> Table:
        """Return what was added as a table."""
        return Table.of(self.held)


def figure(text: Text, table: Table, axis: Axis, rows: Sequence[Sequence[Panel]], one_legend: bool = False) -> Figure:
    """Draw rows of panels from the columns of `table`. `one_legend` stands on top when all panels share it."""
    import altair as alt

    drawn = [
        alt.hconcat(
            *(_panel(table, axis, panel, _labelled(rows, place), one_legend) for panel in row),
            bounds="flush",
            spacing=WIDTH - 2 * HALF,
        )
        for place, row in enumerate(rows)
    ]
    shared: Any = "shared" if one_legend else "independent"
    heading = alt.TitleParams(text=wrap(text.title, LETTERS_PER_LINE), subtitle=text.subtitle)
    chart = alt.vconcat(*drawn).resolve_scale(color=shared, strokeDash=shared).properties(title=heading)
    return Figure(text.name, text.title, text.caption, svg(chart, text.name, f"{text.title}. {text.subtitle}"), table)


def _labelled(rows: Sequence[Sequence[Panel]], place: int) -> bool:
    """Whether a row shows its axis of time: the last of those with the same panels side by side."""
    return place == len(rows) - 1 or len(rows[place + 1]) != len(rows[place])


def _panel(table: Table, axis: Axis, panel: Panel, axis_labels: bool, one_legend: bool) -> Any:
    import altair as alt

    ticks = [float(tick) for tick in np.arange(0, axis.end + axis.step / 2, axis.step) if tick <= axis.end]
    x_axis = alt.Axis(title=axis.title if axis_labels else None, labels=axis_labels, values=ticks)
    x = alt.X("x:Q", axis=x_axis, scale=alt.Scale(domain=[0, axis.end], nice=False))
    above = 8 if one_legend or len(panel.series) == 1 else 4 - LEGEND_Y
    heading = alt.TitleParams(text=f"{panel.title} ({panel.unit})", fontSize=12, fontWeight=600, offset=above)
    layers = [*_background(axis), *_lines(table, axis, panel, x, one_legend)]
    return alt.layer(*layers).properties(width=panel.width, height=panel.height, title=heading)


def _background(axis: Axis) -> list[Any]:
    import altair as alt

    layers = []
    if axis.shade is not None:
        stretch = alt.InlineData(values=[{"x": axis.shade[0], "x2": axis.shade[1]}])
        layers.append(alt.Chart(stretch).mark_rect(color=SHADE).encode(x="x:Q", x2="x2:Q"))
    if axis.marks:
        times = alt.InlineData(values=[{"x": time} for time in axis.marks])
        layers.append(alt.Chart(times).mark_rule(color=RULE, strokeDash=[2, 3], strokeWidth=1).encode(x="x:Q"))
    return layers


def _lines(table: Table, axis: Axis, panel: Panel, x: Any, one_legend: bool) -> list[Any]:
    import altair as alt

    held = {series.name: points(table, axis.column, series) for series in panel.series}
    colour, dash = _looks(panel, one_legend)
    scale = _scale(panel)
    y_axis = _y_axis(panel)

    def y(column: str) -> Any:
        return alt.Y(f"{column}:Q", axis=y_axis, scale=scale)

    def banded(kind: str) -> Any:
        named = [series.name for series in panel.series if series.band == kind]
        records = [point for name in named for point in held[name] if "low" in point]
        return alt.Chart(alt.InlineData(values=records)).encode(x=x, color=colour) if records else None

    layers = []
    if (filled := banded("filled")) is not None:
        layers.append(filled.mark_area(opacity=BAND_OPACITY).encode(y=y("low"), y2="high:Q"))
    if (outlined := banded("outlined")) is not None:
        edge = outlined.mark_line(strokeWidth=1).encode(strokeDash=dash)
        layers += [edge.encode(y=y("low")), edge.encode(y=y("high"))]
    everything = alt.Chart(alt.InlineData(values=[point for records in held.values() for point in records]))
    line = everything.mark_line(strokeWidth=2).encode(x=x, y=y("median"), color=colour, strokeDash=dash)
    return [*layers, line]


def _looks(panel: Panel, one_legend: bool) -> tuple[Any, Any]:
    """Colour and dash by series, with a legend that shows both."""
    import altair as alt

    names = [series.name for series in panel.series]
    place: dict[str, Any] = {"orient": "none", "direction": "horizontal", "legendX": 0, "legendY": LEGEND_Y}
    held = alt.Legend(symbolType="stroke", symbolOpacity=1, **({} if one_legend else place))
    legend = held if len(names) > 1 else None
    look: dict[str, Any] = {"sort": names, "legend": legend}
    colours = alt.Scale(domain=names, range=[series.colour for series in panel.series])
    dashes = alt.Scale(domain=names, range=[list(series.dash) for series in panel.series])
    return alt.Color("series:N", scale=colours, **look), alt.StrokeDash("series:N", scale=dashes, **look)


def _y_axis(panel: Panel) -> Any:
    import altair as alt

    look: dict[str, Any] = {"format": ".0%"} if panel.percent else {}
    if panel.limits is not None and panel.tick is not None:
        # Without a count beside them: the renderer would drop every other value.
        low, high = panel.limits
        look["values"] = [float(value) for value in np.arange(low, high + panel.tick / 2, panel.tick)]
    else:
        look["tickCount"] = max(2, panel.height // 40)
    return alt.Axis(title=None, **look)


def _scale(panel: Panel) -> Any:
    import altair as alt

    if panel.limits is None:
        return alt.Scale(zero=True, nice=True)
    kind: Any = "log" if panel.log else "linear"
    return alt.Scale(type=kind, domain=list(panel.limits), nice=False, clamp=True)


def points(table: Table, x: str, series: Series) -> list[dict[str, Cell]]:
    """The plotted points of a series, straight from the table twin; empty cells are not plotted."""
    wanted = {"x": x, "median": f"{series.column}: {MEDIAN}"}
    if series.band != "none" and f"{series.column}: {LOW}" in table.columns:
        wanted |= {"low": f"{series.column}: {LOW}", "high": f"{series.column}: {HIGH}"}
    columns = [table.column(column) for column in wanted.values()]
    rows = (row for row in zip(*columns, strict=True) if None not in row)
    return [{"series": series.name, **dict(zip(wanted, row, strict=True))} for row in rows]
