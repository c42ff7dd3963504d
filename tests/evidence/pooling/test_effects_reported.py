"""Effects from what papers print: errors, intervals, t, F, p, contrasts; crossovers; arms put together."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.evidence.pooling import effects
from tests.tolerance import close

CORRELATIONS = st.floats(-0.9, 0.95)


def test_an_sd_from_an_interval() -> None:
    """Cochrane Handbook 6.5.2.2: n = 25, 95 % interval 30.0 to 34.2, SD 5.09 by t with 24 df."""
    assert round(effects.sd_from_ci(30.0, 34.2, 25), 2) == 5.09


def test_a_standard_error_from_a_p_value() -> None:
    """Cochrane Handbook 6.5.2.3: difference 3.8, p = 0.008, groups of 25 and 22: t 2.78, SE 1.37, SD 4.69."""
    se = effects.se_from_p(3.8, 0.008, df=45)

    assert round(effects.t_from_p(0.008, 45, 1), 2) == 2.78
    assert round(se, 2) == 1.37
    assert round(round(se, 2) / math.sqrt(1 / 25 + 1 / 22), 2) == 4.69  # the book goes on with the rounded SE


@given(sd=st.floats(0.1, 100), n=st.integers(2, 1000))
def test_the_ways_to_an_sd_agree(sd: float, n: int) -> None:
    """Closed form: SE = SD/√n, and an interval of any level is built from that SE."""
    from scipy.special import ndtri, stdtrit

    se = sd / math.sqrt(n)
    reach_t, reach_z = float(stdtrit(n - 1, 0.95)) * se, float(ndtri(0.95)) * se

    assert close(effects.sd_from_se(se, n), sd, "closed_form")
    assert close(effects.sd_from_ci(-reach_t, reach_t, n, level=0.9), sd, "closed_form")
    assert close(effects.sd_from_ci(-reach_z, reach_z, n, level=0.9, distribution="z"), sd, "closed_form")
    assert close(effects.se_from_ci(1 - reach_z, 1 + reach_z, level=0.9), se, "closed_form")


def test_t_f_p_and_d_are_one_effect() -> None:
    """Closed form: F = t², p is twice the tail beyond t, d = t √(1/n1 + 1/n2)."""
    from scipy.special import stdtr

    t, n1, n2 = -2.4, 12, 19
    expected = effects.smd_from_t(t, n1, n2)
    others = [
        effects.smd_from_f(t**2, n1, n2, sign=-1),
        effects.smd_from_p(2 * float(stdtr(n1 + n2 - 2, t)), n1, n2, sign=-5),
        effects.smd_from_d(t * math.sqrt(1 / n1 + 1 / n2), n1, n2),
        effects.smd_from_d(expected.yi, n1, n2, corrected=True),
    ]

    for other in others:
        assert close((other.yi, other.vi), (expected.yi, expected.vi), "closed_form")
    assert len({other.how for other in (expected, *others)}) == 5


@given(
    m1=st.floats(-50, 50), m2=st.floats(-50, 50), sd=st.floats(0.5, 20), n1=st.integers(2, 80), n2=st.integers(2, 80)
)
def test_an_unadjusted_difference_is_the_smd(m1: float, m2: float, sd: float, n1: int, n2: int) -> None:
    """Closed form: with SE = SD √(1/n1 + 1/n2) the variance of the contrast is that of g."""
    se = sd * math.sqrt(1 / n1 + 1 / n2)

    found, expected = effects.smd_from_difference(m1 - m2, se, sd, n1, n2), effects.smd(m1, sd, n1, m2, sd, n2)

    assert close((found.yi, found.vi), (expected.yi, expected.vi), "closed_form")


def test_a_contrast_by_its_error_interval_or_p() -> None:
    """Closed form: z = 2 gives p = 0.0455 and the interval ± 1.96 SE."""
    from scipy.special import ndtr, ndtri

    by_se = effects.contrast(-6.0, se=3.0)
    reach = 3.0 * float(ndtri(0.975))
    by_ci = effects.contrast(-6.0, ci=(-6.0 - reach, -6.0 + reach))
    by_p = effects.contrast(-6.0, p=2 * float(ndtr(-2.0)))

    for found in (by_se, by_ci, by_p):
        assert close((found.yi, found.vi), (-6.0, 9.0), "closed_form")
    assert "z" in by_ci.how
    assert "t with 12 df" in effects.contrast(1.0, p=0.2, df=12).how


def test_odds_ratios_and_smds_convert() -> None:
    """Hasselblad & Hedges 1995: log OR = SMD π/√3; there and back is the same."""
    g = effects.smd(10, 4, 20, 12, 4, 20)

    ratio = effects.smd_to_log_odds_ratio(g)

    assert close(ratio.yi / g.yi, 1.8137993642342178, "closed_form")
    back = effects.log_odds_ratio_to_smd(ratio)
    assert close((back.yi, back.vi), (g.yi, g.vi), "closed_form")


@given(sd1=st.floats(0.5, 20), sd2=st.floats(0.5, 20), r=CORRELATIONS)
def test_the_correlation_comes_back(sd1: float, sd2: float, r: float) -> None:
    """Closed form: var(change) = sd1² + sd2² - 2 r sd1 sd2."""
    change = math.sqrt(sd1**2 + sd2**2 - 2 * r * sd1 * sd2)

    assert close(effects.correlation_from_change(sd1, sd2, change), r, "solver")


@given(m1=st.floats(-50, 50), sd=st.floats(0.5, 20), n=st.integers(3, 80), r=CORRELATIONS)
def test_the_ways_to_a_crossover_agree(m1: float, sd: float, n: int, r: float) -> None:
    """Closed form (Morris & DeShon 2002): with equal SDs the paired t, the SE and the means give one effect."""
    m2 = 3.0
    se = sd * math.sqrt(2 * (1 - r) / n)

    expected = effects.smd_crossover(m1, sd, m2, sd, n, r)
    by_se, by_t = effects.smd_from_paired_se(m1 - m2, se, n, r), effects.smd_from_paired_t((m1 - m2) / se, n, r)

    for found in (by_se, by_t):
        assert close((found.yi, found.vi), (expected.yi, expected.vi), "closed_form")
    assert f"correlation {r:g}" in by_se.how


def test_a_crossover_of_a_textbook() -> None:
    """Cochrane Handbook 5.1, 16.4.6.4: 7.0 (2.38) and 6.5 (2.21), n = 10, r = 0.68: MD 0.5, SE 0.583; SMD 0.218."""
    args = (7.0, 2.38, 6.5, 2.21, 10, 0.68)

    difference, standardised = effects.mc(*args), effects.smd_crossover(*args)

    assert (difference.yi, round(difference.se, 3)) == (0.5, 0.583)
    assert round(standardised.yi / float(effects.small_sample(9)), 3) == 0.218


def test_a_crossover_from_its_p() -> None:
    """Closed form: the paired t is the quantile of p / 2 with n - 1 df."""
    from scipy.special import stdtr

    found = effects.smd_from_paired_p(-4.0, 2 * float(stdtr(28, -2.2)), 29, 0.5)
    expected = effects.smd_from_paired_t(-2.2, 29, 0.5)

    assert close((found.yi, found.vi), (expected.yi, expected.vi), "closed_form")


def test_a_crossover_counts_for_more_when_readings_go_together() -> None:
    """Invariant: at r = 0 a crossover of n weighs about as two groups of n; a higher r makes the variance smaller."""
    low, high = (effects.smd_crossover(20, 10, 20.001, 10, 30, r).vi for r in (0.0, 0.8))

    assert close(low, effects.smd(20, 10, 30, 20.001, 10, 30).vi, "optimiser")
    assert close(high / low, 0.2, "optimiser")


@given(
    arms=st.lists(st.lists(st.floats(-100, 100), min_size=3, max_size=12, unique=True), min_size=1, max_size=4).filter(
        lambda arms: all(float(np.std(arm, ddof=1)) > 1e-3 for arm in arms)
    )
)
def test_combined_arms_are_all_their_participants(arms: list[list[float]]) -> None:
    """Closed form (Cochrane Handbook 6.5.2.10): mean and SD of the joined values."""
    everyone = np.concatenate(arms)

    mean, sd, n = effects.combine_arms([(float(np.mean(a)), float(np.std(a, ddof=1)), len(a)) for a in arms])

    assert n == len(everyone)
    assert close(mean, np.mean(everyone), "solver")
    assert close(sd, np.std(everyone, ddof=1), "solver")


def test_shared_controls() -> None:
    """Closed form (Gleser & Olkin 2009): covariances are the control group's share of each variance."""
    md = effects.md(5, 2, 10, 3, 4, 8)
    assert close(md.vi, 2**2 / 10 + effects.shared_covariance_md(4, 8), "closed_form")
    odds = effects.odds_ratio(3, 10, 2, 8)
    assert close(odds.vi, 1 / 3 + 1 / 7 + effects.shared_covariance_log_odds_ratio(2, 8), "closed_form")
    risk = effects.risk_ratio(3, 10, 2, 8)
    assert close(risk.vi, 1 / 3 - 1 / 10 + effects.shared_covariance_log_risk_ratio(2, 8), "closed_form")
    difference = effects.risk_difference(3, 10, 2, 8)
    assert close(difference.vi, 0.3 * 0.7 / 10 + effects.shared_covariance_rd(2, 8), "closed_form")
    assert close(effects.shared_covariance_smd(0.5, 0.8, 20, 60), 1 / 20 + 0.4 / 120, "closed_form")
    assert effects.split_control(25, 2) == 12.5
    assert effects.combine_counts([(1, 10), (3, 12)]) == (4, 22)


def test_pooled_sd_weighs_by_degrees_of_freedom() -> None:
    """Closed form: √((2·9 + 8·25)/10)."""
    assert close(effects.pooled_sd([(3, 3), (5, 9)]), math.sqrt((2 * 9 + 8 * 25) / 10), "closed_form")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: effects.sd_from_se(0, 5), "se"),
        (lambda: effects.sd_from_ci(2, 1, 5), "order"),
        (lambda: effects.sd_from_ci(1, 2, 5, distribution="chi"), "t, z"),
        (lambda: effects.se_from_ci(1, 2, level=95), "between 0 and 1"),
        (lambda: effects.se_from_ci(1, 2, df=0.5), "degrees of freedom"),
        (lambda: effects.t_from_p(0, 5, 1), "above 0"),
        (lambda: effects.t_from_p(-0.1, 5, 1), "sign is given by the estimate"),
        (lambda: effects.t_from_p(0.1, 5, 0), "direction"),
        (lambda: effects.se_from_p(1, 1), "standard error"),
        (lambda: effects.smd_from_f(-1, 5, 5, 1), "negative"),
        (lambda: effects.smd_from_f(1, 5, 5, 0), "sign"),
        (lambda: effects.smd_from_d(math.inf, 5, 5), "finite"),
        (lambda: effects.contrast(1), "exactly one"),
        (lambda: effects.contrast(1, se=1, p=0.1), "exactly one"),
        (lambda: effects.contrast(1, se=0), "standard error"),
        (lambda: effects.contrast(1, ci=(2, 3)), "does not hold"),
        (lambda: effects.smcc(1, 2, 3, 2, 2, 0.5), "at least 3 pairs"),
        (lambda: effects.smcc(1, 2, 3, 2, 9, 1.5), "correlation"),
        (lambda: effects.smcc(1, 2, 3, 2, 9, 1), "SMCC"),
        (lambda: effects.smd_from_paired_t(2, 9, 1), "below 1"),
        (lambda: effects.correlation_from_change(1, 1, 5), "no correlation"),
        (lambda: effects.pooled_sd([]), "at least one"),
        (lambda: effects.combine_arms([]), "at least one"),
        (lambda: effects.combine_counts([]), "at least one"),
        (lambda: effects.combine_counts([(3, 2)]), "more than"),
        (lambda: effects.split_control(3, 2), "at least 2"),
        (lambda: effects.split_control(30, 0), "at least 1"),
        (lambda: effects.shared_covariance_smd(1, 1, 20, 20), "below n_total"),
        (lambda: effects.shared_covariance_log_odds_ratio(0, 5), "between 0 and n"),
        (lambda: effects.shared_covariance_log_risk_ratio(0, 5), "positive"),
    ],
)
def test_impossible_reports_are_refused(call: Callable[[], object], words: str) -> None:
    """Invariant: a value that cannot be is named."""
    with pytest.raises(InputError, match=words):
        call()
