"""The spread of change and the correlations between visits that the model was asked to reproduce.

One infusion of ketamine or midazolam, PCL-5 before and on days 5, 30 and 90 (Duek 2023, participant-level
data, 14 and 13 people). The trial added exposure therapy to both arms, which the model does not hold: its
means are not a target. Named before fitting: every figure within 15 %.
"""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from tests.tolerance import Tolerance, close

type Array = NDArray[np.float64]

PER_ARM = 2000
DAYS = (0, 5, 30, 90)
TARGET = Tolerance(0.15, "named in advance: SD of change and correlations of Duek 2023 within 15 %")
# Printed SDs of change (ketamine, midazolam) and people at the visit, pooled over arms.
CHANGE = {5: (21.21, 14, 9.88, 13), 30: (14.22, 13, 12.05, 11), 90: (14.82, 11, 12.08, 11)}
CORRELATION = {(0, 5): 0.468, (0, 30): 0.606, (0, 90): 0.687, (5, 30): 0.631, (5, 90): 0.699, (30, 90): 0.717}


@cache
def readings() -> tuple[Array, Array]:
    """PCL-5 readings by arm, (patient, visit); the first reading precedes the infusion."""
    from reprieve.model.simulate import simulate

    arms = []
    for start, text in (
        (0, "0.5 mg/kg over 40 min on day 0"),
        (PER_ARM, "midazolam 0.045 mg/kg over 40 min on day 0"),
    ):
        run = simulate(
            Regimen.parse(text),
            population(PER_ARM, seed=1, start=start),
            time_h=24.0 * np.array(DAYS, dtype=float),
        )
        arms.append(np.asarray(run.values["pcl5_observed"]))
    return arms[0], arms[1]


def pooled(ketamine: float, n_ketamine: int, midazolam: float, n_midazolam: int) -> float:
    """SD within arms, weighted by degrees of freedom."""
    a, b = n_ketamine - 1, n_midazolam - 1
    return float(np.sqrt((a * ketamine**2 + b * midazolam**2) / (a + b)))


@pytest.mark.slow
@pytest.mark.parametrize("day", CHANGE)
def test_spread_of_change(day: int) -> None:
    """Duek 2023, participant-level PCL-5: SD of change from baseline, pooled over arms (16.7, 13.3, 13.5)."""
    _, n_ketamine, _, n_midazolam = CHANGE[day]
    visit = DAYS.index(day)

    ketamine, midazolam = (float((arm[:, visit] - arm[:, 0]).std()) for arm in readings())

    assert close(pooled(ketamine, n_ketamine, midazolam, n_midazolam), pooled(*CHANGE[day]), TARGET)


@pytest.mark.slow
@pytest.mark.parametrize("pair", CORRELATION)
def test_correlation_between_visits(pair: tuple[int, int]) -> None:
    """Duek 2023, participant-level PCL-5: Pearson correlation, both arms together."""
    first, second = (np.concatenate(readings())[:, DAYS.index(day)] for day in pair)

    assert close(np.corrcoef(first, second)[0, 1], CORRELATION[pair], TARGET)
