"""Effect sizes of single studies: published examples, closed forms, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.evidence.pooling import effects
from tests.tolerance import close

MEANS = st.floats(-1e3, 1e3)
SPREADS = st.floats(0.01, 1e3)
SIZES = st.integers(2, 500)
GROUPS = st.tuples(MEANS, SPREADS, SIZES)
COUNTS = st.integers(1, 200)


def test_hedges_g_of_a_textbook() -> None:
    """Borenstein 2009, Introduction to Meta-Analysis, chapter 4: g = 0.5924, v = 0.0411 (J² times that of d)."""
    found = effects.smd(103, 5.5, 50, 100, 4.5, 50, vtype="LS2")

    assert round(found.yi, 4) == 0.5924
    assert round(found.vi, 4) == 0.0411
    assert found.measure == "SMD"
    assert found.se == math.sqrt(found.vi)


@pytest.mark.parametrize(("df", "exact"), [(2, 1 / math.sqrt(math.pi)), (3, math.sqrt(math.pi / 6))])
def test_the_small_sample_factor_is_exact(df: float, exact: float) -> None:
    """Closed form: gamma functions of halves, J(2) = 1/√π and J(3) = √(π/6)."""
    assert close(effects.small_sample(df), exact, "closed_form")


def test_the_small_sample_factor_keeps_its_digits() -> None:
    """Closed form: J = 1 - 3/(4m) - 7/(32m²) - O(m⁻³); here m is so large that the rest is below rounding."""
    m = 1e7

    assert close(1 - effects.small_sample(m), 3 / (4 * m) + 7 / (32 * m**2), "closed_form")


def test_there_is_no_factor_for_one_degree_of_freedom() -> None:
    """Closed form: Γ(0) does not exist."""
    assert np.isnan(effects.small_sample(np.array([0.0, 1.0]))).all()


def test_the_unbiased_variance_of_millions() -> None:
    """Closed form: 1 - (m - 2)/(m J²) = 1/(2m) + 7/(8m²) + O(m⁻³); what J loses, this difference multiplies."""
    n1, n2 = 3_000_000, 2_000_000
    m = n1 + n2 - 2

    found = effects.smd(1.0e6, 2.0e5, n1, 1.1e6, 1.0e5, n2, vtype="UB")

    expected = 1 / n1 + 1 / n2 + found.yi**2 * (1 / (2 * m) + 7 / (8 * m**2))
    assert close(found.vi / expected, 1.0, "solver")


TWO_GROUPS: list[Callable[..., effects.Effect]] = [effects.md, effects.smd, effects.smdh]


@pytest.mark.parametrize("measure", TWO_GROUPS)
@given(one=GROUPS, two=GROUPS)
def test_swapping_the_groups_turns_the_sign(
    measure: Callable[..., effects.Effect], one: tuple[Any, ...], two: tuple[Any, ...]
) -> None:
    """Invariant: group 1 minus group 2; the variance does not know which is which."""
    there, back = measure(*one, *two), measure(*two, *one)

    assert close(there.yi, -back.yi, "closed_form")
    assert close(there.vi, back.vi, "closed_form")


@given(one=GROUPS, two=GROUPS, unit=st.sampled_from([0.25, 8.0]))
def test_a_standardised_difference_has_no_unit(one: tuple[Any, ...], two: tuple[Any, ...], unit: float) -> None:
    """Invariant: scores in another unit give the same g. The units are powers of two: no rounding of their own."""
    scaled = [(mean * unit, sd * unit, n) for mean, sd, n in (one, two)]

    there, here = effects.smd(*one, *two), effects.smd(*scaled[0], *scaled[1])

    assert close((here.yi, here.vi), (there.yi, there.vi), "closed_form")


@given(a=COUNTS, b=COUNTS, c=COUNTS, d=COUNTS)
def test_the_log_odds_ratio_of_the_other_outcome_is_its_negative(a: int, b: int, c: int, d: int) -> None:
    """Invariant: events and non-events swap; the risk difference too."""
    for measure in (effects.odds_ratio, effects.risk_difference, effects.peto):
        there, back = measure(a, a + b, c, c + d), measure(b, a + b, d, c + d)
        assert close(there.yi, -back.yi, "closed_form")
        assert close(there.vi, back.vi, "closed_form")


def test_empty_cells_are_told() -> None:
    """Invariant: what was added is said, and only where it was."""
    assert "0.5 added" in effects.odds_ratio(0, 10, 3, 12).how
    assert effects.odds_ratio(1, 10, 3, 12).how == "counts"
    assert "0.25 added" in effects.risk_ratio(1, 10, 3, 12, add=0.25, to="all").how


def test_single_values_and_tables_agree() -> None:
    """Invariant: a function and the row of a table give the same numbers."""
    from reprieve.evidence.pooling.escalc import escalc

    row = {"m1i": 12.0, "sd1i": 4.0, "n1i": 11, "m2i": 15.0, "sd2i": 5.0, "n2i": 9}
    pair = {"m1i": 12.0, "sd1i": 4.0, "m2i": 15.0, "sd2i": 5.0, "ni": 9, "ri": 0.3}
    raw: dict[str, float] = {name: value for name, value in pair.items() if name != "sd2i"}
    counted: dict[str, float] = {"ai": 3, "n1i": 11, "ci": 0, "n2i": 9}
    single: list[tuple[str, dict[str, float], Callable[..., effects.Effect]]] = [
        ("MD", row, effects.md),
        ("SMD", row, effects.smd),
        ("SMDH", row, effects.smdh),
        ("ROM", row, effects.rom),
        ("MC", pair, effects.mc),
        ("SMCC", pair, effects.smcc),
        ("SMCR", raw, effects.smcr),
        ("OR", counted, effects.odds_ratio),
        ("RR", counted, effects.risk_ratio),
        ("RD", counted, effects.risk_difference),
        ("PETO", counted, effects.peto),
        ("PR", {"xi": 3, "ni": 11}, effects.proportion),
        ("PLO", {"xi": 3, "ni": 11}, effects.logit_proportion),
        ("PAS", {"xi": 3, "ni": 11}, effects.arcsine_proportion),
        ("COR", {"ri": 0.4, "ni": 20}, effects.correlation),
        ("ZCOR", {"ri": 0.4, "ni": 20}, effects.z_correlation),
    ]
    for name, columns, function in single:
        table = escalc(name, {key: [value] for key, value in columns.items()})
        one = function(*columns.values())
        assert (one.measure, one.yi, one.vi) == (name, table.yi[0], table.vi[0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: effects.md(1, 0, 5, 2, 1, 5), "sd1"),
        (lambda: effects.md(math.nan, 1, 5, 2, 1, 5), "m1"),
        (lambda: effects.smd(1, 1, 1, 2, 1, 5), "n1"),
        (lambda: effects.smd(1, 1, 5, 2, -1, 5), "sd2"),
        (lambda: effects.smd(1, 1, 5, 2, 1, 5, vtype="XX"), "LS, UB, LS2"),
        (lambda: effects.rom(1, 1, 5, -2, 1, 5), "one sign"),
        (lambda: effects.rom(0, 1, 5, 0, 1, 5), "one sign"),
        (lambda: effects.odds_ratio(6, 5, 1, 5), "events1"),
        (lambda: effects.odds_ratio(-1, 5, 1, 5), "events1"),
        (lambda: effects.odds_ratio(0, 0, 1, 5), "size of the group of events1"),
        (lambda: effects.odds_ratio(0, 5, 1, 5, to="none"), "OR"),
        (lambda: effects.odds_ratio(0, 5, 1, 5, to="some"), "only0"),
        (lambda: effects.odds_ratio(0, 5, 1, 5, add=-1), "add"),
        (lambda: effects.peto(0, 5, 0, 5, to="none"), "PETO"),
        (lambda: effects.proportion(6, 5), "events"),
        (lambda: effects.correlation(1.2, 10), "correlation"),
        (lambda: effects.correlation(1, 10), "COR"),
        (lambda: effects.z_correlation(0.2, 3), "at least 4"),
    ],
)
def test_impossible_values_are_refused(call: Callable[[], object], words: str) -> None:
    """Invariant: a value that cannot be is named."""
    with pytest.raises(InputError, match=words):
        call()
