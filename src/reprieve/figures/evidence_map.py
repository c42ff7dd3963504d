"""The evidence map: which study reported which instrument at which time point, and in what form.

A cell shows the best of what a study gave there: figures that can be pooled, such figures that nobody saw in the paper,
figures that cannot be pooled (one arm, or no spread), or words. An empty cell is no reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reprieve.figures.figure import Cell, Figure, Table
from reprieve.figures.map_cells import (
    DAY_UNKNOWN,
    FIGURES,
    MARKS,
    NO_READING,
    OTHER_DAY,
    POOLABLE,
    UNVERIFIED,
    WORDS,
    MapCell,
    cells_of_package,
)
from reprieve.figures.pieces import verified, words
from reprieve.figures.render import svg
from reprieve.figures.style import BLUE, GRID, INK, MUTED, PAPER, SHADE

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package

COLUMNS = ("group", "study", "time point", "instrument", "mark", "seen", "rows", "note")
STEP, GAP, ROW, HEAD, NAMES, GROUP_GAP = 17, 12, 21, 70, 176, 26
LEGEND = {
    POOLABLE: "a comparison with figures, seen in the paper or register: can be pooled",
    UNVERIFIED: "the same, second-hand, unverified or resting on an assumption",
    FIGURES: "figures that cannot be pooled: one arm, or no spread (hollow: not seen in the paper or register)",
    WORDS: "reported in words",
}


@dataclass(frozen=True, slots=True)
class Grid:
    """Where each column and each row of the map lies, in pixels."""

    columns: dict[tuple[str, str], float]
    rows: dict[str, float]
    groups: dict[str, float]
    width: float
    height: float


def evidence_map(
    cells: Sequence[MapCell],
    timepoints: dict[str, str],
    instruments: Sequence[str],
    title: str = "Evidence map: PTSD symptoms",
    caption: str = "",
    name: str = "evidence-map",
) -> Figure:
    """Draw the map. `timepoints` are keys and headings in their order, `instruments` the columns inside each."""
    import altair as alt

    table = table_of(cells)
    grid = _grid(table, timepoints, instruments)
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[grid.height, 0], nice=False))
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, grid.width], nice=False))
    subtitle = ["One row for each study, one column for each instrument at each time point. Empty: no reading."]
    layers = [
        *_background(grid, timepoints, instruments, x, y),
        *_marks(points(table), grid, x, y),
        *_legend(grid, x, y),
    ]
    heading = alt.TitleParams(text=title, subtitle=subtitle, frame="bounds")
    chart = alt.layer(*layers).properties(width=grid.width, height=grid.height, title=heading)
    said = f"{title}. {' '.join(subtitle)} {'; '.join(f'{mark}: {what}' for mark, what in LEGEND.items())}."
    return Figure(name, title, caption, svg(chart, name, said), table)


def table_of(cells: Sequence[MapCell]) -> Table:
    """The table twin: one row for each cell with a reading, and one for each study without any."""
    rows = [
        (one.group, one.study, one.timepoint, one.instrument, one.mark, one.seen, one.rows, one.note) for one in cells
    ]
    return Table.of({column: [row[place] for row in rows] for place, column in enumerate(COLUMNS)})


def points(table: Table) -> list[dict[str, Any]]:
    """The plotted cells, straight from the table twin."""
    rows = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    wanted = {"study": "study", "timepoint": "time point", "instrument": "instrument", "mark": "mark"}
    return [
        {**{key: row[column] for key, column in wanted.items()}, "hollow": not any(map(verified, _each(row["seen"])))}
        for row in rows
        if row["mark"] != NO_READING
    ]


def _each(seen: Cell) -> list[str]:
    """How each row behind a cell was seen."""
    return str(seen or "").split(", ")


def _grid(table: Table, timepoints: dict[str, str], instruments: Sequence[str]) -> Grid:
    columns, x = {}, float(NAMES)
    for point in timepoints:
        for instrument in instruments:
            columns[point, instrument] = x + STEP / 2
            x += STEP
        x += GAP
    rows: dict[str, float] = {}
    groups: dict[str, float] = {}
    y = float(HEAD)
    for group, study in zip(table.column("group"), table.column("study"), strict=True):
        if str(group) not in groups:
            groups[str(group)] = y + GROUP_GAP / 2
            y += GROUP_GAP
        if str(study) not in rows:
            rows[str(study)] = y + ROW / 2
            y += ROW
    return Grid(columns, rows, groups, x - GAP, y)


def _background(grid: Grid, timepoints: dict[str, str], instruments: Sequence[str], x: Any, y: Any) -> Iterator[Any]:
    import altair as alt

    bands = []
    for point in timepoints:
        left = grid.columns[point, instruments[0]] - STEP / 2
        bands.append({"x": left, "x2": left + STEP * len(instruments), "y": HEAD, "y2": grid.height})
    band = alt.Chart(alt.InlineData(values=bands)).mark_rect(color=SHADE)
    yield band.encode(x=x, x2="x2:Q", y=y, y2="y2:Q")
    lines = [{"x": one["x"], "x2": one["x2"], "y": place + ROW / 2} for one in bands for place in grid.rows.values()]
    yield alt.Chart(alt.InlineData(values=lines)).mark_rule(color=GRID, strokeWidth=1).encode(x=x, x2="x2:Q", y=y)
    titles = [
        {"x": (one["x"] + one["x2"]) / 2, "y": 8, "text": text.split("\n")}
        for one, text in zip(bands, timepoints.values(), strict=True)
    ]
    heads = alt.Chart(alt.InlineData(values=titles))
    yield heads.mark_text(fontSize=10, fontWeight=700, color=INK, baseline="middle", lineHeight=12).encode(
        x=x, y=y, text="text:N"
    )
    for (_, instrument), place in grid.columns.items():
        record = [{"y": HEAD - 5, "text": instrument}]
        yield words(record, place, y, angle=270, fontSize=9, color=MUTED)
    names = [{"y": place, "text": study} for study, place in grid.rows.items()]
    yield words(names, 4, y)
    yield words([{"y": place, "text": group} for group, place in grid.groups.items()], 0, y, fontWeight=700)


def _marks(held: Sequence[dict[str, Any]], grid: Grid, x: Any, y: Any) -> Iterator[Any]:
    placed = [
        {**one, "x": grid.columns[one["timepoint"], one["instrument"]], "y": grid.rows[one["study"]]} for one in held
    ]
    for mark in MARKS:
        for hollow in (False, True):
            chosen = [one for one in placed if (one["mark"], one["hollow"]) == (mark, hollow)]
            if chosen:
                yield _mark(chosen, mark, x, y, hollow)


def _mark(records: Sequence[dict[str, Any]], mark: str, x: Any, y: Any, hollow: bool = False) -> Any:
    """Filled, hollow, a small diamond, or a dash: told apart without colour."""
    import altair as alt

    chart = alt.Chart(alt.InlineData(values=list(records)))
    if mark == WORDS:
        return chart.mark_tick(color=MUTED, thickness=2.4, size=9, orient="horizontal", opacity=1).encode(x=x, y=y)
    look: dict[str, Any] = {
        POOLABLE: {"shape": "circle", "fill": BLUE, "stroke": BLUE, "size": 95},
        UNVERIFIED: {"shape": "circle", "fill": PAPER, "stroke": BLUE, "size": 80},
        FIGURES: {"shape": "diamond", "fill": PAPER if hollow else MUTED, "stroke": MUTED, "size": 55},
    }[mark]
    return chart.mark_point(strokeWidth=1.8, opacity=1, **look).encode(x=x, y=y)


def _legend(grid: Grid, x: Any, y: Any) -> Iterator[Any]:
    for place, (mark, text) in enumerate(LEGEND.items()):
        down = grid.height + 20 + 17 * place
        yield _mark([{"x": 8, "y": down, "mark": mark}], mark, x, y)
        yield words([{"y": down, "text": text}], 22, y, color=MUTED, fontSize=10)


def map_of_package(package: Package) -> Figure:
    """Draw the map of a package: the randomised trials, then the other studies of people treated for PTSD."""
    from reprieve.evidence.timepoints import rules

    cells, instruments = cells_of_package(package)
    headings = {"24h": "24 h after\nfirst dose", "1w": "1 week", "2w": "2 weeks", "eot": "end of\ntreatment"}
    timepoints = {point.key: headings.get(point.key, point.label) for point in rules().timepoints}
    timepoints |= {"4w": "4 weeks after\nlast dose", OTHER_DAY: "other day", DAY_UNKNOWN: "day not\nstated"}
    caption = (
        "Time points are those of the pooled answers; a reading can lie in the window of more than one. Weeks count "
        "from the first dose unless the heading says otherwise. Baseline readings are not shown."
    )
    return evidence_map(cells, timepoints, instruments, caption=caption)
