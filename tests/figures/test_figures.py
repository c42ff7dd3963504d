"""Pictures: what is drawn is what the table says, the bytes repeat, and nothing in them calls anywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import numpy as np
import pytest
import vl_convert

from reprieve.core.errors import InputError
from reprieve.figures import course, gallery
from reprieve.figures.comparison import COLUMNS, comparison
from reprieve.figures.figure import Figure, Table, tidy
from reprieve.figures.panels import HIGH, LOW, MEDIAN, Series, points
from reprieve.model.simulation import Simulation
from reprieve.trials.replay import feder2021
from tests.figures import runs

NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(kind: str, simulation: Simulation) -> Figure:
    return course.exposure(simulation) if kind == "exposure" else gallery.DRAWN[kind](simulation)


def figures(patients: int = 25, profile: str = "civilian") -> Iterator[tuple[str, Callable[[], Figure]]]:
    for kind in gallery.KINDS:
        yield kind, lambda kind=kind: drawn(kind, runs.run(kind, patients, profile))  # type: ignore[misc]


EVERY: dict[str, Callable[[], Figure]] = {
    **dict(figures()),
    **{f"{kind}, typical": make for kind, make in figures(1, "typical")},
    **{f"{kind}, one": make for kind, make in figures(1)},
    "comparison": lambda: comparison(feder2021(20, 1)),
    "logarithmic": lambda: course.exposure(runs.run("exposure"), log=True),
}


@cache
def made(name: str) -> tuple[Figure, dict[str, Any]]:
    """A picture and the specification that reached the renderer. Rendering is slow, so each is made once."""
    with patch.object(vl_convert, "vegalite_to_svg", wraps=vl_convert.vegalite_to_svg) as render:
        figure = EVERY[name]()
    return figure, render.call_args.args[0]


def rows_of(spec: Any) -> Iterator[dict[str, Any]]:
    """Every row of data anywhere in a specification."""
    if isinstance(spec, dict):
        yield from spec.get("data", {}).get("values", [])
        for rows in spec.get("datasets", {}).values():
            yield from rows
        for inner in spec.values():
            yield from rows_of(inner)
    elif isinstance(spec, list):
        for inner in spec:
            yield from rows_of(inner)


@pytest.mark.parametrize("name", EVERY)
def test_the_bytes_repeat(name: str) -> None:
    """Invariant: drawn twice, a picture is the same to the byte."""
    assert EVERY[name]().svg == made(name)[0].svg


@pytest.mark.parametrize("name", EVERY)
def test_it_is_an_svg_with_a_name_that_calls_nowhere(name: str) -> None:
    """Invariant (house rule 14): well-formed, named for readers, no address but the namespace."""
    figure, _ = made(name)

    root = ElementTree.fromstring(figure.svg)
    title = root.find(f"{NAMESPACE}title")
    assert root.tag == f"{NAMESPACE}svg"
    assert title is not None
    assert figure.title in (title.text or "")
    assert root.get("aria-labelledby") == title.get("id")
    assert set(re.findall(r"https?://[^\"'<\s)]+", figure.svg)) == {"http://www.w3.org/2000/svg"}
    assert "url(http" not in figure.svg
    assert not {"script", "image", "foreignObject"} & {element.tag.removeprefix(NAMESPACE) for element in root.iter()}


@pytest.mark.parametrize("name", EVERY)
def test_ids_belong_to_the_picture(name: str) -> None:
    """Invariant: two pictures on one page do not share an id, and every reference leads somewhere."""
    figure, _ = made(name)

    ids = re.findall(r'\bid="([^"]+)"', figure.svg)
    assert len(ids) == len(set(ids))
    assert all(one.startswith(f"{figure.name}-") for one in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", figure.svg)) <= set(ids)


@pytest.mark.parametrize("name", [name for name in EVERY if name != "comparison"])
def test_what_is_drawn_is_what_the_table_says(name: str) -> None:
    """Invariant: every plotted number is a cell of the twin, at the row of its time."""
    figure, spec = made(name)

    plotted = [row for row in rows_of(spec) if "series" in row]
    cells = {row[0]: set(row) for row in figure.table.rows}
    assert plotted
    assert all({v for k, v in row.items() if k not in ("x", "series")} <= cells[row["x"]] for row in plotted)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ("comparison", "logarithmic")])
def test_what_the_table_says_is_drawn(name: str) -> None:
    """Invariant: every median of the twin is plotted; with many patients at least one interval is too."""
    figure, spec = made(name)

    plotted = [row for row in rows_of(spec) if "series" in row]
    medians = {(row["x"], row["median"]) for row in plotted}
    table = figure.table
    for column in table.columns:
        if column.endswith(MEDIAN):
            wanted = zip(table.column(table.columns[0]), table.column(column), strict=True)
            assert {pair for pair in wanted if pair[1] is not None} <= medians
    assert any("low" in row for row in plotted) == any(column.endswith(LOW) for column in table.columns)


@pytest.mark.parametrize("name", EVERY)
def test_titles_say_units_and_intervals(name: str) -> None:
    """Invariant (house rule 12): every panel names its unit; the subtitle names level and kind of the interval."""
    figure, spec = made(name)

    titles = [one["text"] for one in panel_titles(spec)]
    assert titles
    assert all(re.search(r"\(.+\)$", title) for title in titles), titles
    if any(LOW in column for column in figure.table.columns):
        assert "95 %" in figure.svg
        assert "equal-tailed" in figure.svg


def panel_titles(spec: Any, top: bool = True) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        if not top and isinstance(spec.get("title"), dict) and "text" in spec["title"] and "layer" in spec:
            yield spec["title"]
        for inner in spec.values():
            yield from panel_titles(inner, top=False)
    elif isinstance(spec, list):
        for inner in spec:
            yield from panel_titles(inner, top=False)


@pytest.mark.parametrize("kind", ["course", "chain", "scores"])
def test_bands_are_those_of_the_simulation(kind: str) -> None:
    """Independent: percentiles over patients computed again here, to the digits that are drawn."""
    simulation = runs.run(kind)
    held = {"course": ("CAPS-5", "caps5"), "chain": ("Drug benefit", "benefit"), "scores": ("CAPS-5 latent", "caps5")}
    column, key = held[kind]

    table = drawn(kind, simulation).table

    for name, share in ((LOW, 0.025), (MEDIAN, 0.5), (HIGH, 0.975)):
        expected = np.quantile(simulation.values[key], share, axis=0)
        assert table.column(f"{column}: {name}") == tuple(tidy(float(x)) for x in expected)


def test_the_instrument_is_read_on_whole_days() -> None:
    """Invariant: readings are drawn at visits, on whole days, and nowhere between."""
    table = course.scores(runs.run("scores")).table

    for day, reading in zip(table.column("day"), table.column(f"CAPS-5 observed: {MEDIAN}"), strict=True):
        assert (reading is not None) == (float(day or 0) == int(float(day or 0)))


def test_acute_shows_the_first_and_the_last_infusion() -> None:
    """Independent: the medians of both, computed again."""
    simulation = runs.run("acute")

    table = course.acute(simulation).table

    medians = np.median(simulation.acute["sbp_mmhg"], axis=0)
    for dose, name in ((0, "first infusion"), (2, "infusion 3")):
        found = table.column(f"Systolic pressure, {name}: {MEDIAN}")
        assert found == tuple(tidy(float(x)) for x in medians[dose])


def test_one_dose_is_not_compared_with_itself() -> None:
    """Invariant."""
    simulation = runs.run("acute", text="0.5 mg/kg over 40 min")

    assert [c for c in course.acute(simulation).table.columns if "first" in c] == []


def test_a_logarithmic_axis_needs_something_to_show() -> None:
    """Invariant: saline has no concentration, and zero has no logarithm."""
    with pytest.raises(InputError, match="log"):
        course.exposure(runs.run("exposure", text="saline over 40 min"), log=True)


def test_the_comparison_holds_the_replay() -> None:
    """Invariant: every published figure and its prediction stand in the table."""
    replay = feder2021(20, 1)

    table = comparison(replay).table

    assert table.columns == COLUMNS
    assert table.column("published") == tuple(tidy(row.published) for row in replay.rows)
    assert table.column("predicted") == tuple(tidy(row.predicted) for row in replay.rows)


def test_empty_cells_are_not_drawn() -> None:
    """Invariant: a gap in the table is a gap in the picture."""
    table = Table.of({"day": [0.0, 1.0], f"a: {MEDIAN}": [float("nan"), 2.0]})

    assert points(table, "day", Series("a", "a")) == [{"series": "a", "x": 1.0, "median": 2.0}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1 / 3, 0.333333), (-1e-12, 0.0), (float("inf"), None), (float("nan"), None), ("a", "a"), (3, 3), (None, None)],
)
def test_cells_are_tidied(value: object, expected: object) -> None:
    """Closed form: six significant digits; below 1e-9 is nothing; what is not finite is empty."""
    assert tidy(value) == expected


def test_a_table_as_csv() -> None:
    """Closed form."""
    assert Table(("a", "b"), ((1.5, None), ("x", 2))).csv() == "a,b\n1.5,\nx,2\n"


def test_a_picture_is_saved_as_it_is(tmp_path: Any) -> None:
    """Invariant."""
    figure = Figure("name", "title", "caption", "<svg/>\n", Table(("a",), ()))

    figure.save(tmp_path / "name.svg")

    assert (tmp_path / "name.svg").read_text() == "<svg/>\n"
