"""The time course of arms: every mean with a day is drawn, nothing is converted, the table says what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from reprieve.figures.arm_points import ACTIVE, COHORT, INTERVAL, KETAMINE, LOOKS, ArmPoint, doses, points, table_of
from reprieve.figures.arms import arms, arms_of_package
from reprieve.figures.figure import Figure, tidy
from reprieve.figures.style import PAPER
from tests.figures.drawing import drawn, records, sound, texts
from tests.tolerance import close

READINGS = (
    ArmPoint("Trial A", "ketamine", KETAMINE, "CAPS-5", 0.0, 41.0, 15, 6.0, seen="full text", dose_days=(0.0, 7.0)),
    ArmPoint("Trial A", "ketamine", KETAMINE, "CAPS-5", 14.0, 25.0, 15, 12.0, seen="abstract", dose_days=(0.0, 7.0)),
    ArmPoint("Trial A", "midazolam", ACTIVE, "CAPS-5", 14.0, 36.0, 15, seen="secondary", dose_days=(0.0,)),
    ArmPoint("Cohort B", "ketamine", COHORT, "PCL-5", 0.0, 54.4, 35, se=2.0, seen="abstract"),
    ArmPoint("Cohort B", "ketamine", COHORT, "PCL-5", None, 42.3, 35, se=2.5, seen="abstract"),
)
ORDER = ("CAPS-5", "CAPS", "PCL-5")


def picture() -> Figure:
    return arms(READINGS, ORDER, caption="A caption.")


@cache
def made() -> tuple[Figure, dict[str, Any]]:
    return drawn(picture)


def test_it_is_a_sound_picture_and_the_bytes_repeat() -> None:
    """Invariant (house rule 14): named, offline, twinned colours; drawn twice, the same to the byte."""
    sound(made()[0])

    assert picture().svg == made()[0].svg


def test_intervals_of_means() -> None:
    """Published: t(0.975) is 2.1448 on 14 and 2.0322 on 34 degrees of freedom; the reach is t SD/sqrt(n) or t SE."""
    from_sd, from_se, unknown = READINGS[0].ends, READINGS[3].ends, READINGS[2].ends

    assert close(from_sd, (41 - 2.1447866879 * 6 / 15**0.5, 41 + 2.1447866879 * 6 / 15**0.5), "metafor_closed")  # type: ignore[arg-type]
    assert close(from_se, (54.4 - 2.0322445093 * 2, 54.4 + 2.0322445093 * 2), "metafor_closed")  # type: ignore[arg-type]
    assert unknown == (None, None)


def test_what_is_drawn_is_what_the_table_says() -> None:
    """Invariant: every mean with a day is a mark, every interval a rule, both with the cells of the twin."""
    figure, spec = made()
    table = figure.table

    cells = {row[:9] for row in table.rows if row[4] is not None}
    keys = ("instrument", "study", "arm", "group", "day", "mean", "low", "high")
    drawn_cells = {tuple(row[key] for key in keys) for row in records(spec, "point")}
    assert drawn_cells == {(*row[:5], *row[6:]) for row in cells}
    spans = {(row["study"], row["low"], row["high"]) for row in records(spec, "rule") if "low" in row}
    assert spans == {(row[1], row[7], row[8]) for row in cells if row[7] is not None}


def test_a_mean_without_a_day_is_listed_and_counted_but_not_drawn() -> None:
    """Invariant: an unstated day is not guessed."""
    figure, _ = made()

    assert len(figure.table.rows) == len(READINGS)
    assert len(points(figure.table)) == len(READINGS) - 1
    assert "1 means without a stated day are in the table only." in figure.caption


def test_unverified_means_are_hollow() -> None:
    """Invariant: what nobody saw in the paper is hollow, and the picture says what that means."""
    figure, spec = made()

    assert [(row["arm"], row["day"]) for row in records(spec, "point", fill=PAPER)] == [("midazolam", 14.0)]
    assert "Hollow: second-hand or unverified" in " ".join(texts(figure))


def test_groups_differ_in_colour_and_in_shape() -> None:
    """Invariant: readers without colour vision tell the groups apart."""
    colours, shapes = zip(*LOOKS.values(), strict=True)

    assert len(set(colours)) == len(set(shapes)) == len(LOOKS)
    assert {KETAMINE, ACTIVE, COHORT} <= set(texts(made()[0]))


def test_days_of_dosing_are_ticks() -> None:
    """Invariant: each group's days of dosing, from the table twin, are drawn in its panel."""
    figure, spec = made()

    wanted = doses(figure.table, "CAPS-5")
    assert wanted == [{"group": ACTIVE, "day": 0.0}, {"group": KETAMINE, "day": 0.0}, {"group": KETAMINE, "day": 7.0}]
    ticks = [row for row in records(spec, "rule") if set(row) == {"group", "day"}]
    assert sorted(ticks, key=lambda row: (row["group"], row["day"])) == wanted


def test_panels_are_named_in_order_and_empty_ones_left_out() -> None:
    """Invariant (house rule 12): every panel names instrument and unit; the interval its level and kind."""
    figure, _ = made()
    said = texts(figure)

    panels = [one for one in said if one.endswith("(points, mean)")]
    assert panels == ["CAPS-5 (points, mean)", "PCL-5 (points, mean)"]
    assert "Days since the first dose" in said
    assert "95 % confidence interval (t)" in " ".join(said)
    assert set(figure.table.column("interval")) == {INTERVAL, ""}


def test_an_instrument_that_was_not_asked_for_is_left_out() -> None:
    """Invariant: the order of instruments is also the choice of them."""
    assert table_of(READINGS, ["PCL-5"]).column("instrument") == ("PCL-5", "PCL-5")


def wanted_rows() -> Iterator[Any]:
    """Every mean on a total PTSD scale of a study that treated PTSD: found again, straight from the package."""
    from reprieve.evidence.package.load import load
    from reprieve.evidence.timepoints import rules

    package = load()
    for row in package.outcomes:
        study = package.study(row.study)
        treated = study.condition in ("ptsd", "ptsd_with_pain", "ptsd_with_depression") and study.pool != "depression"
        total = row.instrument in rules().instruments and not row.subscale
        if treated and total and row.measure == "mean" and row.value is not None:
            yield row


def test_every_arm_of_the_package_is_there() -> None:
    """Invariant: each mean of an arm is in the table once, with its value and how it was seen."""
    from reprieve.evidence.package.load import load

    figure = arms_of_package(load())

    sound(figure)
    arm_roles = {(one.study, one.arm): one.role for one in load().arms}
    listed = {row[-1]: (row[6], row[-2]) for row in figure.table.rows}
    for row in wanted_rows():
        if arm_roles.get((row.study, row.arm)) is not None:
            assert listed[row.row_id] == (tidy(row.value), str(row.seen))
    assert len(listed) == len(figure.table.rows)


@pytest.mark.parametrize("group", [KETAMINE, ACTIVE, COHORT])
def test_the_groups_of_the_package(group: str) -> None:
    """Invariant: ketamine in a randomised trial and ketamine without a control are never one group."""
    from reprieve.evidence.package.load import load
    from reprieve.figures.pieces import named

    randomised = {named(one.study): bool(one.randomised) for one in load().studies}

    rows = [row for row in arms_of_package(load()).table.rows if row[3] == group]

    assert rows
    assert {randomised[str(row[1])] for row in rows} == {group != COHORT}
