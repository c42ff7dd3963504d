"""The funnel plot: contours where the closed form puts them, hollow marks, a caption that does not overpromise."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from reprieve.figures.figure import Figure, tidy
from reprieve.figures.funnel import (
    FLOOR,
    LEAST_FOR_ASYMMETRY,
    LEVELS,
    FunnelPoint,
    contour,
    curves,
    funnel,
    funnel_of_answer,
    funnel_of_meta,
    points,
    z_of,
)
from reprieve.figures.style import BLUE, PAPER
from tests.figures.drawing import drawn, records, sound, texts
from tests.tolerance import close

STUDIES = (
    FunnelPoint("Trial A", -0.55, 0.35, "full text"),
    FunnelPoint("Trial B", -1.1, 0.39, "abstract"),
    FunnelPoint("Trial C", -0.7, 0.25, "secondary", pooled=False),
)


def picture() -> Figure:
    return funnel(STUDIES, -0.62, "A funnel", "Hedges g", favours=("favours ketamine", "favours comparator"))


@cache
def made() -> tuple[Figure, dict[str, Any]]:
    return drawn(picture)


def test_it_is_a_sound_picture_and_the_bytes_repeat() -> None:
    """Invariant (house rule 14): named, offline, twinned colours; drawn twice, the same to the byte."""
    sound(made()[0])

    assert picture().svg == made()[0].svg


@pytest.mark.parametrize(
    ("level", "z"), [(0.90, 1.6448536269514722), (0.95, 1.959963984540054), (0.99, 2.5758293035489)]
)
def test_contours_are_at_z_times_the_standard_error(level: float, z: float) -> None:
    """Closed form: a two-sided test at level L is just significant at |effect| = z se; z from tables of the normal."""
    table = made()[0].table

    assert close(z_of(level), z, "closed_form")
    for se, reach in zip(table.column("standard error"), table.column(contour(level)), strict=True):
        assert reach == (None if se is None else tidy(z * float(se)))
    ends = [one for one in curves(table) if one["level"] == level and one["se"] != 0]
    assert [one["effect"] for one in ends] == [-tidy(z * ends[0]["se"]), tidy(z * ends[0]["se"])]  # type: ignore[operator]


def test_what_is_drawn_is_what_the_table_says() -> None:
    """Invariant: marks, contours and the pooled line hold the cells of the twin."""
    figure, spec = made()
    table = figure.table

    marks = {(row["name"], row["effect"], row["se"]) for row in records(spec, "point")}
    rows = list(zip(table.column("name"), table.column("effect"), table.column("standard error"), strict=True))
    assert marks == set(rows[: len(STUDIES)])
    lines = [(row["level"], row["effect"], row["se"]) for row in records(spec, "line")]
    assert lines == [(row["level"], row["effect"], row["se"]) for row in curves(table)]
    assert len(lines) == 4 * len(LEVELS)
    assert [row["effect"] for row in records(spec, "rule")] == [0.0, -0.62]
    assert table.column("kind")[-1] == FLOOR


def test_every_study_lies_inside_the_picture() -> None:
    """Invariant: the foot of the funnel is below the largest standard error."""
    foot = made()[0].table.column("standard error")[-1]

    assert isinstance(foot, float)
    assert foot > max(one.se for one in STUDIES)


def test_unverified_studies_are_hollow() -> None:
    """Invariant: what nobody saw in the paper is hollow, and the picture says what that means."""
    figure, spec = made()

    assert [row["name"] for row in records(spec, "point", fill=PAPER)] == ["Trial C"]
    assert [row["name"] for row in records(spec, "point", fill=BLUE)] == ["Trial A", "Trial B"]
    assert [row["hollow"] for row in points(figure.table)] == [False, False, True]
    assert "Hollow: second-hand or unverified" in " ".join(texts(figure))


def test_axes_levels_and_sides_are_named() -> None:
    """Invariant (house rule 12): levels of the contours, what the axes are, which side favours whom."""
    said = texts(made()[0])

    assert {"90 %", "95 %", "99 %", "Standard error", "Hedges g"} <= set(said)
    assert {"← favours ketamine", "favours comparator →"} <= set(said)
    assert "two-sided" in " ".join(said)


@pytest.mark.parametrize(("k", "warned"), [(0, True), (1, True), (9, True), (10, False)])
def test_below_ten_studies_it_says_that_it_cannot_show_asymmetry(k: int, warned: bool) -> None:
    """Invariant: the limit is that of the small-study tests; studies outside the pool do not count towards it."""
    from reprieve.evidence.timepoints import rules

    assert rules().small_study_tests_at_least == LEAST_FOR_ASYMMETRY
    studies = [FunnelPoint(f"s{place}", 0.1, 0.1 + place / 100) for place in range(k)]
    outside = [FunnelPoint("out", 0.1, 0.3, "secondary", pooled=False)]

    caption = funnel([*studies, *outside], None).caption

    assert ("cannot show asymmetry" in caption) == warned
    assert (f"With {k} stud" in caption) == warned


def test_names_do_not_run_into_each_other() -> None:
    """Invariant: studies on one spot keep one name in the picture; all are in the table."""
    same = [FunnelPoint(f"Trial {place}", 0.3, 0.2) for place in range(4)]

    figure, spec = drawn(lambda: funnel(same, None))

    named = {row["name"] for row in records(spec, "text") if "name" in row}
    assert len(named) < len(same)
    assert len(points(figure.table)) == len(same)


def test_the_funnel_of_anyones_table() -> None:
    """Closed form: standard error is the root of the variance; the line is the pool's estimate."""
    from reprieve.evidence.pooling.meta import meta

    pool = meta({"s": ["a", "b", "c"], "yi": [0.1, 0.4, -0.2], "vi": [0.04, 0.09, 0.16]}, label="s")

    figure = funnel_of_meta(pool, seen={"c": "unverified"})

    sound(figure)
    assert figure.table.column("standard error")[:3] == (0.2, 0.3, 0.4)
    assert figure.table.column("effect")[3] == tidy(pool.estimate)
    assert [row["hollow"] for row in points(figure.table)] == [False, False, True]


@pytest.mark.parametrize("at", ["24h", "eot", "4w"])
def test_the_funnel_of_an_answer(at: str) -> None:
    """Invariant: the chosen rows filled or hollow as they were seen, the pool's line only where there is a pool."""
    from reprieve.evidence.answer import answer
    from reprieve.evidence.package.load import load

    held = answer(load(), at, with_variants=False)

    figure = funnel_of_answer(held)

    sound(figure)
    chosen = [tidy(one.yi) for one in held.selection.chosen]
    assert [row["effect"] for row in points(figure.table)][: len(chosen)] == chosen
    assert ("pooled" in figure.table.column("kind")) == (held.pool is not None)
    assert all(row["hollow"] for row in points(figure.table)[len(chosen) :])
