from itertools import pairwise
from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.instruments import instrument
from reprieve.model.regimen import Dose, Phase
from reprieve.model.tolerability import adaptation, dissociation
from tests.model.tolerability.sessions import MINUTES_PER_HOUR, cadss, of, session
from tests.tolerance import Tolerance, close, monte_carlo

# Named before fitting; see docs/tolerability.md.
ACCEPTANCE = Tolerance(0.25, "acceptance: mean CADSS by dose of NCT01920555")
SPREAD = Tolerance(0.25, "acceptance: SD of CADSS by dose of NCT01920555")
MEAN_AT_40 = {0.1: 3.0, 0.2: 4.05, 0.5: 14.27, 1.0: 24.68}
SD_AT_40 = {0.2: 4.26, 0.5: 9.61, 1.0: 17.71}
LATER = [
    (0.5, 80, 0.773, 2.114, 22),
    (0.5, 120, 0.136, 0.640, 22),
    (1.0, 80, 1.8, 2.966, 20),
    (1.0, 120, 0.65, 1.599, 20),
]


def lone(values: dict[str, float]) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in values.items()}


SIMPLE = lone(
    {
        "adaptation_share": 0.5,
        "dissociation_max": 0.5,
        "dissociation_half_ng_per_ml": 100.0,
        "dissociation_steepness": 2.0,
        "nondrug_dissociation_points": 2.0,
        "nondrug_half_ng_per_ml": 10.0,
        "dissociation_tolerance_max": 0.4,
        "dissociation_tolerance_rate": 1.0,
    }
)


@pytest.mark.parametrize("dose_mg_per_kg", MEAN_AT_40)
def test_mean_score_at_the_end_of_the_infusion(dose_mg_per_kg: float) -> None:
    """NCT01920555, outcome table: mean CADSS (23 items) 40 min after the start, n 18, 20, 22, 19."""
    one = session(dose_mg_per_kg)

    assert close(cadss(one)[:, 0, one.at(40)].mean(), MEAN_AT_40[dose_mg_per_kg], ACCEPTANCE)


@pytest.mark.parametrize("dose_mg_per_kg", SD_AT_40)
def test_spread_between_patients_at_the_end_of_the_infusion(dose_mg_per_kg: float) -> None:
    """NCT01920555, outcome table: SD at 40 min. The 0.1 arm (5.1) is missed: docs/tolerability.md."""
    one = session(dose_mg_per_kg)

    assert close(cadss(one)[:, 0, one.at(40)].std(), SD_AT_40[dose_mg_per_kg], SPREAD)


@pytest.mark.parametrize(("dose_mg_per_kg", "minute", "mean", "sd", "n"), LATER)
def test_score_is_near_zero_later(
    dose_mg_per_kg: float, minute: float, mean: float, sd: float, n: int
) -> None:
    """NCT01920555, outcome table: means at 80 and 120 min, within three trial standard errors."""
    one = session(dose_mg_per_kg)

    assert close(cadss(one)[:, 0, one.at(minute)].mean(), mean, monte_carlo(k=3, se=sd / sqrt(n)))


def test_a_faster_bolus_feels_stronger_than_the_slow_infusion_of_more_drug() -> None:
    """Goldway 2025, 24.9 at 20 min after 0.4 mg/kg in 10 min; NCT01920555, 14.3 after 0.5 mg/kg in 40 min."""
    bolus = Dose(0, (Phase(10 / MINUTES_PER_HOUR, 0.4), Phase(40 / MINUTES_PER_HOUR, 0.267)), "mg/kg")
    fast, slow = of([bolus], n=1000), session(0.5)

    assert cadss(fast)[:, 0, fast.at(20)].mean() > cadss(slow)[:, 0, slow.at(40)].mean()


def test_score_falls_after_the_first_infusion_then_flattens() -> None:
    """Rodrigues 2022: dissociation significantly lower after the first infusion, then a plateau."""
    by_infusion = cadss(session(0.5, infusions=6))[:, :, 4].mean(axis=0)
    steps = -np.diff(by_infusion)

    assert steps[0] > 4 * steps[2] > 0


def test_tolerance_can_be_switched_off() -> None:
    """Invariant: without tolerance, equal infusions far apart feel the same."""
    one = session(0.5, infusions=2)
    scores = cadss(one, tolerance=False)
    again = dissociation.score(
        one.effect_site[:, :1].repeat(2, 1), one.adaptation[:, :1].repeat(2, 1), one.ind, False
    )

    assert np.array_equal(again[:, 0], again[:, 1])
    assert (scores >= cadss(one)).all()


def test_equation_by_hand() -> None:
    """Closed form: half of the largest score, second infusion, non-drug part 2 * 100 / 101."""
    site = np.full((1, 2, 1), 100.0)
    expected = 92 * 0.5 * 0.5 * (1 - 0.4 * (1 - exp(-1))) + 2 * 100 / 101

    assert close(dissociation.score(site, 0 * site, SIMPLE)[0, 1, 0], expected, "closed_form")


def test_zero_concentration_is_zero_score() -> None:
    """Invariant: no drug, no score, exactly."""
    one = session(0.5, n=10)
    zero = np.zeros_like(one.effect_site)

    assert not dissociation.score(zero, zero, one.ind).any()


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_score_stays_on_the_scale(effect_site: float, adapted: float) -> None:
    """Invariant: the score lies between the instrument's minimum and maximum."""
    value = dissociation.score(np.full((1, 1, 1), effect_site), np.full((1, 1, 1), adapted), SIMPLE)

    scale = instrument("cadss23")
    assert scale.minimum <= value[0, 0, 0] <= scale.maximum


def test_more_drug_never_feels_like_less() -> None:
    """Invariant: patient by patient, a larger dose gives at least the score of a smaller one."""
    scores = [cadss(session(dose))[:, :, 1:] for dose in (0.1, 0.2, 0.5, 1.0)]

    assert all((more >= less).all() for less, more in pairwise(scores))


def test_steady_state_goes_on_acting() -> None:
    """Closed form: at steady state effect site and adaptation are equal, so (1 - a) of it acts."""
    site = np.full((1, 1, 1), 150.0)

    assert close(adaptation.acting(site, site, SIMPLE)[0, 0, 0], 75.0, "closed_form")
