"""The forest plot: nobody is hidden, the diamond is the pool, and the table says what is drawn."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from reprieve.figures.figure import Figure, tidy
from reprieve.figures.forest import DOMAINS, KETAMINE, forest, forest_of_answer, forest_of_meta
from reprieve.figures.forest_rows import (
    BIAS,
    NOT_POOLED,
    POOLED,
    PREDICTION,
    PUBLISHED,
    SILENT,
    STUDY,
    Forest,
    ForestPool,
    ForestPublished,
    ForestRow,
    ForestWords,
    points,
    rows_of,
)
from reprieve.figures.style import AMBER, BLUE, GREEN, PAPER, VERMILLION
from tests.figures.drawing import drawn, records, sound, texts
from tests.figures.test_style import LINE_CONTRAST, contrast

JUDGED = (("D1_randomisation", "low"), ("D4_measurement", "high"), ("overall", "some_concerns"))
ROWS = (
    ForestRow("Trial A", -0.55, -1.24, 0.14, 60.0, 2014, 19, 15, "CAPS", 7.0, "full text", bias=JUDGED),
    ForestRow("Trial B", -1.1, -1.87, -0.33, 40.0, 2021, 15, 15, "CAPS-5", 14.0, "abstract"),
    ForestRow("Trial C", -0.7, -1.2, -0.2, None, 2025, 33, 33, "IES-R", 1.0, "secondary", "not in the pool"),
)
WORDS = ForestWords("Trial D", "reported in words only: no difference", 2022, (("D1_randomisation", "not_assessed"),))
HELD = Forest(
    ROWS,
    ForestPool(-0.64, -1.67, 0.39, -2.1, 1.1, "REML, Knapp-Hartung", "tau2 0.04"),
    published=(ForestPublished("Review", "24h", -0.35, -0.64, -0.06, "abstract"),),
    silent=(WORDS,),
)
REFUSED = replace(HELD, pool=None, refused="Not pooled: only one trial has verified figures.")


def picture(held: Forest = HELD) -> Figure:
    return forest("forest-test", "A title", "A caption.", held, KETAMINE)


@cache
def made() -> tuple[Figure, dict[str, Any]]:
    return drawn(picture)


def test_it_is_a_sound_picture_and_the_bytes_repeat() -> None:
    """Invariant (house rule 14): named, offline, twinned colours; drawn twice, the same to the byte."""
    sound(made()[0])

    assert picture().svg == made()[0].svg


def test_every_interval_of_the_table_is_drawn_and_no_other() -> None:
    """Invariant: rules, marks and diamond hold the numbers of the twin, cell by cell."""
    figure, spec = made()

    cells = {(row["kind"], row["name"]): (row["effect"], row["low"], row["high"]) for row in rows_of(figure.table)}
    rules = {(r["kind"], r["name"]): (r["effect"], r["low"], r["high"]) for r in records(spec, "rule") if "kind" in r}
    assert rules == {key: value for key, value in cells.items() if key[0] in (STUDY, PREDICTION, PUBLISHED)}
    dots = {(r["kind"], r["name"]): r["effect"] for r in records(spec, "point") if "effect" in r}
    assert dots == {key: value[0] for key, value in cells.items() if key[0] in (STUDY, PUBLISHED)}
    middle, low, high = cells[POOLED, None]
    assert [corner["x"] for corner in records(spec, "area")] == [low, middle, high]


def test_the_numbers_beside_the_marks_are_those_of_the_table() -> None:
    """Closed form: two decimals of the twin's cells, effect and interval."""
    said = texts(made()[0])

    assert "−0.55 (−1.24 to 0.14)" in said
    assert "−0.64 (−1.67 to 0.39)" in said
    assert "(−2.10 to 1.10)" in said
    assert {"60.0 %", "40.0 %"} <= set(said)


def test_unverified_rows_are_hollow_dashed_and_said_to_be_outside_the_pool() -> None:
    """Invariant: what nobody saw in the paper is drawn hollow; it has no weight and says so."""
    figure, spec = made()

    hollow = records(spec, "point", fill=PAPER, shape="square")
    filled = records(spec, "point", fill=BLUE, shape="square")
    assert [row["name"] for row in hollow] == ["Trial C"]
    assert [row["name"] for row in filled] == ["Trial A", "Trial B"]
    assert [row["name"] for row in records(spec, "rule", strokeDash=[4, 3])] == ["Trial C"]
    assert texts(figure).count("not pooled") == 1
    assert [row["hollow"] for row in points(figure.table)][:3] == [False, False, True]


def test_larger_weight_larger_mark() -> None:
    """Invariant: the size follows the weight."""
    sizes = {row["name"]: row["size"] for row in records(made()[1], "point", shape="square")}

    assert sizes["Trial A"] > sizes["Trial B"] > sizes["Trial C"]


def test_a_study_without_figures_is_a_row_of_words() -> None:
    """Invariant: nobody is hidden, neither in the picture nor in the table."""
    figure, _ = made()

    assert {"Trial D (2022)", "reported in words only: no difference"} <= set(texts(figure))
    silent = [row for row in rows_of(figure.table) if row["kind"] == SILENT]
    assert [(row["name"], row["note"]) for row in silent] == [("Trial D", "reported in words only: no difference")]


def test_risk_of_bias_has_a_sign_for_each_judgement() -> None:
    """Invariant: each judgement is a sign as well as a colour, and stands in the table under its domain."""
    figure, spec = made()

    for judgement, colour, sign in (("low", GREEN, "+"), ("high", VERMILLION, "×"), ("some_concerns", AMBER, "–")):
        assert [row["judgement"] for row in records(spec, "point", color=colour)] == [judgement]
        assert sign in texts(figure)
    assert {"?", "D1", "D4", "all"} <= set(texts(figure))
    assert figure.table.column(f"{BIAS}D1_randomisation")[0] == "low"
    assert figure.table.column(f"{BIAS}D1_randomisation")[-1] == "not_assessed"


def test_left_is_ketamine_and_every_interval_says_level_and_kind() -> None:
    """Invariant (house rule 12): the sides are named; confidence and prediction are told apart."""
    figure, _ = made()
    said = texts(figure)

    assert {"← favours ketamine", "favours comparator →"} <= set(said)
    joined = " ".join(said)
    assert "95 % confidence interval (normal)" in joined
    assert "95 % confidence interval (REML, Knapp-Hartung)" in joined
    assert "95 % prediction interval" in joined
    intervals = {row["kind"]: row["interval"] for row in rows_of(figure.table)}
    assert intervals[POOLED] == "95 % confidence, REML, Knapp-Hartung"
    assert str(intervals[PREDICTION]).startswith("95 % prediction")


def test_nothing_pooled_no_diamond_but_a_reason() -> None:
    """Invariant: where nothing was pooled the picture says why."""
    figure, spec = drawn(lambda: picture(REFUSED))

    assert records(spec, "area") == []
    assert REFUSED.refused in texts(figure)
    assert [row["note"] for row in rows_of(figure.table) if row["kind"] == NOT_POOLED] == [REFUSED.refused]
    assert not {POOLED, PREDICTION} & set(figure.table.column("kind"))


def test_an_interval_beyond_the_axis_ends_in_an_arrow() -> None:
    """Invariant: a very wide pool must not squeeze the studies; where it is cut an arrow says so."""
    wide = replace(HELD, pool=ForestPool(-0.6, -9.0, 8.0, -30.0, 29.0, "REML, Knapp-Hartung"))
    figure, spec = drawn(lambda: picture(wide))

    for side in ("left", "right"):
        assert [row["kind"] for row in records(spec, "point", shape=f"triangle-{side}")] == [POOLED, PREDICTION]
    assert "(−30.00 to 29.00)" in texts(figure)
    assert records(made()[1], "point", shape="triangle-left") == []


def test_words_only_can_be_drawn() -> None:
    """Invariant: without any figure there is still a picture that names the studies."""
    figure, _ = drawn(lambda: picture(Forest((), refused="Not pooled: no study has figures.", silent=(WORDS,))))

    sound(figure)
    assert {"Not pooled: no study has figures.", "Trial D (2022)"} <= set(texts(figure))


def test_a_long_name_is_cut_in_the_picture_and_whole_in_the_table() -> None:
    """Invariant: names do not run into the axis."""
    name = "A study with a name that is much too long for its column"
    figure, _ = drawn(lambda: picture(Forest((replace(ROWS[0], name=name),))))

    assert name not in texts(figure)
    assert figure.table.column("name") == (name,)


TABLE = {"study": ["a", "b", "c", "d"], "yi": [0.1, 0.4, -0.2, None], "vi": [0.04, 0.09, 0.16, 0.01]}


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_the_pool_of_anyones_table(level: float) -> None:
    """Closed form: studies at effect +- z sqrt(vi), the diamond at the pool's own interval, the left-out row named."""
    from scipy.stats import norm

    from reprieve.evidence.pooling.meta import meta

    pool = meta(TABLE, label="study", level=level)
    figure, spec = drawn(lambda: forest_of_meta(pool, "Anyone's table", "SMD", ("favours A", "favours B")))

    sound(figure)
    rows = rows_of(figure.table)
    reach = float(norm.ppf((1 + level) / 2))
    for row, one in zip(rows, pool.studies, strict=False):
        assert row["name"] == one.label
        assert (row["low"], row["high"]) == (tidy(one.yi - reach * one.vi**0.5), tidy(one.yi + reach * one.vi**0.5))
    corners = [corner["x"] for corner in records(spec, "area")]
    assert corners == [tidy(pool.ci_low), tidy(pool.estimate), tidy(pool.ci_high)]
    assert f"{100 * level:g} % confidence" in " ".join(texts(figure))
    assert [row["name"] for row in rows if row["kind"] == SILENT] == ["d"]
    assert {"← favours A", "favours B →"} <= set(texts(figure))


def test_equal_effects_have_no_prediction_interval_and_moderators_no_diamond() -> None:
    """Invariant: what the pool does not have is not drawn."""
    from reprieve.evidence.pooling.meta import meta

    equal = forest_of_meta(meta(TABLE, label="study", method="EE", test="z"))
    table = {"yi": [0.1, 0.4, -0.2, 0.3], "vi": [0.04, 0.09, 0.16, 0.1], "x": [1.0, 2.0, 3.0, 5.0]}
    with_moderator = forest_of_meta(meta(table, mods="x"))

    assert PREDICTION not in equal.table.column("kind")
    assert POOLED in equal.table.column("kind")
    assert POOLED not in with_moderator.table.column("kind")
    assert "With moderators there is no single pooled effect." in texts(with_moderator)


@cache
def answered(at: str) -> tuple[Any, Figure]:
    from reprieve.evidence.answer import answer
    from reprieve.evidence.package.load import load

    held = answer(load(), at, with_variants=False)
    return held, forest_of_answer(held)


TIMES = ("24h", "1w", "2w", "eot", "4w")


@pytest.mark.parametrize("at", TIMES)
def test_the_picture_of_an_answer_holds_every_trial(at: str) -> None:
    """Invariant: each randomised trial of the package is on it, as a mark or in words."""
    from reprieve.evidence.package.load import load
    from reprieve.evidence.selection import trials
    from reprieve.figures.pieces import named

    figure = answered(at)[1]

    sound(figure)
    shown = {row["name"] for row in rows_of(figure.table) if row["kind"] in (STUDY, SILENT)}
    assert shown == {named(one.study) for one in trials(load())}


@pytest.mark.parametrize("at", TIMES)
def test_the_picture_of_an_answer_is_the_answer(at: str) -> None:
    """Invariant: the diamond is the answer's pool, the marks its chosen rows; refused, it says why."""
    held, figure = answered(at)
    rows = rows_of(figure.table)

    marks = [(row["effect"], row["seen"]) for row in rows if row["kind"] == STUDY]
    chosen = [(tidy(one.yi), str(one.seen)) for one in held.selection.chosen]
    assert marks[: len(chosen)] == chosen
    assert all(row["weight, %"] is None for row in rows[len(chosen) :])
    pooled = [(row["effect"], row["low"], row["high"]) for row in rows if row["kind"] == POOLED]
    assert pooled == ([(tidy(held.pool.estimate), *map(tidy, held.pool.ci))] if held.pool else [])
    refused = [str(row["note"]) for row in rows if row["kind"] == NOT_POOLED]
    assert [one.lower() for one in refused] == ([f"{held.refused}.".lower()] if held.refused else [])
    assert held.search in figure.caption


def test_dark_page_has_a_twin_for_the_middle_judgement() -> None:
    """Invariant: the colour that only this picture uses has its dark rule here and in no other picture."""
    from reprieve.figures import style

    assert f'[fill="{AMBER}"]{{fill:{style.DARK_WHERE_USED[AMBER]}}}' in made()[0].svg
    assert AMBER not in style.dark_rules()
    assert contrast(AMBER, style.PAPER) >= LINE_CONTRAST
    assert contrast(style.DARK_WHERE_USED[AMBER], style.DARK[style.PAPER]) >= LINE_CONTRAST


def test_the_domains_are_spelled_out() -> None:
    """Invariant: D1 to D5 mean nothing to most readers."""
    said = " ".join(texts(made()[0]))

    assert all(one.strip() in said for one in DOMAINS.split(";")[0].split(","))
