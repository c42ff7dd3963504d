"""The evidence map: what a study gave where, in its best form, and no study left out."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from reprieve.figures.evidence_map import LEGEND, evidence_map, map_of_package, points
from reprieve.figures.figure import Figure
from reprieve.figures.map_cells import FIGURES, MARKS, NO_READING, POOLABLE, UNVERIFIED, WORDS, MapCell
from reprieve.figures.style import BLUE, MUTED, PAPER
from tests.figures.drawing import drawn, records, sound, texts

CELLS = (
    MapCell("Trials", "Trial A", "24h", "IES-R", UNVERIFIED, "secondary", "c1"),
    MapCell("Trials", "Trial A", "1w", "CAPS-5", POOLABLE, "full text", "o1+o2"),
    MapCell("Trials", "Trial B", "1w", "IES-R", WORDS, "abstract", "c2", "no difference"),
    MapCell("Trials", "Trial C"),
    MapCell("Cohorts", "Cohort D", "24h", "CAPS-5", FIGURES, "abstract", "o3"),
    MapCell("Cohorts", "Cohort D", "1w", "CAPS-5", FIGURES, "unverified", "o4"),
)
TIMES = {"24h": "24 h", "1w": "1 week"}


def picture() -> Figure:
    return evidence_map(CELLS, TIMES, ("CAPS-5", "IES-R"))


@cache
def made() -> tuple[Figure, dict[str, Any]]:
    return drawn(picture)


def cell(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["study"], row["timepoint"], row["instrument"], row["mark"]


def test_it_is_a_sound_picture_and_the_bytes_repeat() -> None:
    """Invariant (house rule 14): named, offline, twinned colours; drawn twice, the same to the byte."""
    sound(made()[0])

    assert picture().svg == made()[0].svg


def test_every_cell_of_the_table_is_drawn_and_no_other() -> None:
    """Invariant: one mark for each row of the twin that has a reading."""
    figure, spec = made()

    marks = [cell(row) for row in (*records(spec, "point"), *records(spec, "tick")) if "study" in row]
    table = figure.table
    wanted = list(zip(*(table.column(name) for name in ("study", "time point", "instrument", "mark")), strict=True))
    assert sorted(marks) == sorted(row for row in wanted if row[3] != NO_READING)
    assert len(points(table)) == len(marks) == len(CELLS) - 1


def test_the_marks_are_told_apart_without_colour() -> None:
    """Invariant: filled, hollow, diamond, dash; hollow is what nobody saw in the paper."""
    _, spec = made()

    def shown(kind: str, **look: object) -> list[tuple[Any, ...]]:
        return [cell(row)[:2] for row in records(spec, kind, **look) if "study" in row]

    assert shown("point", shape="circle", fill=BLUE) == [("Trial A", "1w")]
    assert shown("point", shape="circle", fill=PAPER) == [("Trial A", "24h")]
    assert shown("point", shape="diamond", fill=MUTED) == [("Cohort D", "24h")]
    assert shown("point", shape="diamond", fill=PAPER) == [("Cohort D", "1w")]
    assert shown("tick") == [("Trial B", "1w")]


def test_marks_stand_in_the_column_and_row_of_their_cell() -> None:
    """Invariant: same study same height, same time point and instrument same column."""
    placed = [row for kind in ("point", "tick") for row in records(made()[1], kind) if "study" in row]

    heights = {row["study"]: row["y"] for row in placed}
    columns = {(row["timepoint"], row["instrument"]): row["x"] for row in placed}
    assert all(row["y"] == heights[row["study"]] for row in placed)
    assert all(row["x"] == columns[row["timepoint"], row["instrument"]] for row in placed)
    assert len(set(heights.values())) == len(heights)
    assert len(set(columns.values())) == len(columns)


def test_a_study_without_a_reading_keeps_its_row() -> None:
    """Invariant: an empty row says more than a missing one."""
    figure, _ = made()

    assert {"Trial C", "Trials", "Cohorts"} <= set(texts(figure))
    assert ("Trial C", NO_READING) in set(zip(figure.table.column("study"), figure.table.column("mark"), strict=True))


def test_headings_and_legend_are_there() -> None:
    """Invariant: time points, instruments and the meaning of every mark are written on the picture."""
    said = texts(made()[0])

    assert {"24 h", "1 week", "CAPS-5", "IES-R"} <= set(said)
    assert set(LEGEND.values()) <= set(said)
    assert set(LEGEND) == set(MARKS)


@cache
def mapped() -> Figure:
    from reprieve.evidence.package.load import load

    return map_of_package(load())


@pytest.mark.parametrize("at", ["24h", "1w", "2w", "eot", "4w"])
def test_what_the_answer_pools_is_filled_on_the_map(at: str) -> None:
    """Independent: the rows that the answer chooses at a time point are filled cells there, found by another way."""
    from reprieve.evidence.package.load import load
    from reprieve.evidence.selection import select
    from reprieve.evidence.timepoints import timepoint
    from reprieve.figures.pieces import named

    filled = {cell(row)[:3] for row in points(mapped().table) if row["mark"] == POOLABLE}

    chosen = select(load(), timepoint(at)).chosen
    assert {(named(one.study), at, one.instrument) for one in chosen} <= filled


def test_every_study_of_ptsd_has_a_row() -> None:
    """Invariant: all randomised trials, and all other studies of people treated for PTSD."""
    from reprieve.evidence.package.load import load
    from reprieve.figures.pieces import named

    figure = mapped()

    sound(figure)
    trials = {named(one.study) for one in load().studies if one.pool == "ptsd"}
    treated = {"ptsd", "ptsd_with_pain", "ptsd_with_depression"}
    others = {named(one.study) for one in load().studies if one.pool == "context" and one.condition in treated}
    assert set(figure.table.column("study")) == trials | others


def test_what_nobody_saw_is_never_filled() -> None:
    """Invariant: a filled cell rests on a figure seen in the paper or the register."""
    for mark, seen in zip(mapped().table.column("mark"), mapped().table.column("seen"), strict=True):
        if mark == POOLABLE:
            assert set(str(seen).split(", ")) <= {"full text", "abstract"}


@pytest.mark.parametrize(
    ("study", "name"),
    [
        ("feder2014", "Feder 2014"),
        ("feder2025_wet", "Feder 2025 (wet)"),
        ("two_names2013", "Two Names 2013"),
        ("without_a_year", "Without a year"),
    ],
)
def test_names_of_studies(study: str, name: str) -> None:
    """Closed form: author and year as readers write them."""
    from reprieve.figures.pieces import named

    assert named(study) == name
