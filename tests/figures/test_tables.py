"""Small tables of text: the same numbers as the simulation holds."""

from __future__ import annotations

import numpy as np
import pytest

from reprieve.figures import tables
from reprieve.figures.times import course_h, exposure_h
from tests.figures import runs


def test_scores_by_day_are_percentiles_over_patients() -> None:
    """Independent: medians, percentiles and shares computed again."""
    run = runs.plain()

    table = tables.by_day(run)

    row = next(row for row in table.rows if row[0] == "7")
    low, median, high = np.quantile(run.values["caps5"][:, 7], (0.025, 0.5, 0.975))
    fell = np.mean(run.values["caps5_observed"][:, 7] <= 0.7 * run.baseline["caps5"])
    assert row[table.columns.index("CAPS-5, latent")] == f"{median:.0f} ({low:.0f} to {high:.0f})"
    assert row[table.columns.index("fell 30 %")] == f"{100 * fell:.0f} %"


def test_days_are_those_that_were_simulated() -> None:
    """Invariant: baseline first, the last day last, no day that was not simulated."""
    assert tables.by_day(runs.plain()).column("day") == ("baseline", "1", "3", "7", "9")


def test_one_patient_has_no_interval() -> None:
    """Invariant: a single patient has values, and did or did not respond."""
    table = tables.by_day(runs.plain(1))

    assert all("to" not in str(cell) for row in table.rows for cell in row)
    assert set(table.column("fell 30 %")) <= {"", "yes", "no"}


def test_acute_effects_by_minute() -> None:
    """Independent: the mean chance of being drowsy and the median pressure at 40 min."""
    run = runs.plain()

    table = tables.by_minute(run, 1)

    at = int(np.flatnonzero(run.minute == 40)[0])
    row = next(row for row in table.rows if row[0] == "40")
    assert row[-1] == f"{100 * run.acute['sedation'][:, 1, at].mean():.0f} %"
    assert str(row[2]).startswith(f"{np.median(run.acute['sbp_mmhg'][:, 1, at]):.0f} (")


def test_events_are_means_of_probabilities() -> None:
    """Independent."""
    run = runs.plain()

    table = tables.events(run)

    assert table.rows[0][1:] == tuple(f"{100 * run.felt['nausea'][:, k].mean():.0f} %" for k in (0, 2))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1 / 3, "0.333"),
        (0.99996, "1.00"),
        (-12.345, "-12.3"),
        (1234.5, "1,230"),
        (1e-7, "1.00e-07"),
        (5e9, "5.00e+09"),
        (float("inf"), "–"),
        (None, ""),
    ],
)
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    """Closed form."""
    assert tables.number(value) == text


def test_a_course_is_dense_where_things_change() -> None:
    """Invariant: sorted, inside the follow-up, with the end of every infusion and both sides of every start."""
    regimen = runs.regimen()

    time_h = course_h(regimen, 5)

    assert np.all(np.diff(time_h) > 0)
    assert (time_h[0], time_h[-1]) == (0, 120)
    for dose in regimen.doses:
        assert dose.end_h in time_h
        assert {dose.start_h, dose.start_h + 1 / 6} <= set(time_h)


@pytest.mark.parametrize("hours", [1.0, 24.0, 72.0])
def test_an_exposure_starts_and_ends_where_it_should(hours: float) -> None:
    """Invariant: from the first dose on, to exactly `hours` later."""
    time_h = exposure_h(runs.regimen("0.5 mg/kg over 40 min on days 3, 5"), hours)

    assert time_h[0] == 72
    assert time_h[-1] == pytest.approx(72 + hours)
    assert np.all(np.diff(time_h) > 0)
