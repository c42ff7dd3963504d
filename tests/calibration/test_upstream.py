"""The chain's states from tables in one rate, against the engine at values between the nodes; Chebyshev itself."""

import math

import numpy as np
import pytest

from reprieve.calibration import chebyshev
from reprieve.calibration.efficacy_patients import EFFECTS, fixed_patients
from reprieve.calibration.upstream import NODES, range_log, upstream
from reprieve.core.errors import InputError
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from tests.tolerance import Tolerance, close, monte_carlo

DAYS = (0.0, 1.0, 3.0, 7.0, 12.0, 14.0, 28.0, 52.0, 90.0)
SERIES = "0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"
TIMES = tuple(24 * day for day in DAYS)
# The task's own limit: a ten thousandth of the chain's sum, which is about 1 after the reference infusion.
INTERPOLATED = Tolerance(1e-4, "interpolation of the chain's sum, in reference infusions", absolute=True)


def test_a_polynomial_is_interpolated_exactly() -> None:
    """Closed form: n nodes carry a polynomial of degree n - 1."""
    at = chebyshev.nodes(-2.0, 3.0, 4)
    c = chebyshev.coefficients((at**3 - 2 * at + 1)[:, None])
    x = np.linspace(-2, 3, 7)

    assert close(chebyshev.basis(x, -2.0, 3.0, 4) @ c, (x**3 - 2 * x + 1)[:, None], "closed_form")


def test_outside_the_range_the_nearer_end_holds() -> None:
    """Invariant: a polynomial must not run away where nothing was computed."""
    ends = chebyshev.basis(np.array([0.0, 1.0]), 0.0, 1.0, 5)

    assert close(chebyshev.basis(np.array([-9.0, 9.0]), 0.0, 1.0, 5), ends, "closed_form")


@pytest.mark.parametrize(
    ("labile_d", "consolidation_d"), [(3.5, 9.0), (0.8, 40.0), (14.0, 2.0), (1.9, 4.3), (7.0, 25.0)]
)
def test_states_equal_the_engine_between_the_nodes(labile_d: float, consolidation_d: float) -> None:
    """Independent implementation: the engine run at these half-lives, every fixed patient with its own."""
    held = default_parameters().replace(labile_half_life_d=labile_d, consolidation_half_life_d=consolidation_d)
    patients = fixed_patients()
    run = simulate(Regimen.parse(SERIES), patients, time_h=np.array(TIMES), parameters=held, observed=False)
    table = upstream(SERIES, TIMES)
    spread = held.quantity("labile_half_life_d").between

    assert spread is not None
    rate = math.log(2) / consolidation_d
    own = math.log(2) / (labile_d * np.exp(spread.sd * patients.effect("labile_half_life_d"))) + rate
    weight = chebyshev.basis(np.log(own), *range_log(), NODES)
    labile = np.einsum("tnm,nm->nt", table.labile, weight)
    consolidated = rate * np.einsum("tnm,nm->nt", table.consolidated_per_rate, weight)

    assert close(labile, run.values["labile"], INTERPOLATED)
    assert close(consolidated, run.values["consolidated"], INTERPOLATED)
    assert close(table.functional.T, run.values["functional"], "closed_form")


def test_a_comparator_has_no_chain_and_is_felt() -> None:
    """Invariant: midazolam moves belief, never the drug term."""
    table = upstream("midazolam 0.045 mg/kg over 40 min on days 0, 2", (0.0, 24.0, 48.0))

    assert table.labile.size == table.functional.size == 0
    assert not table.dose_mg_per_kg.any()
    assert table.dissociation.shape == (len(fixed_patients()), 2)
    assert (table.sedation > 0).all()


def test_what_is_felt_does_not_depend_on_the_rates_that_are_estimated() -> None:
    """Invariant: the part that is computed once may hold nothing that is sampled."""
    slow = default_parameters().replace(labile_half_life_d=20.0, consolidation_half_life_d=2.0)
    run = simulate(Regimen.parse(SERIES), fixed_patients(), time_h=np.array(TIMES), parameters=slow, observed=False)

    assert close(upstream(SERIES, TIMES).dissociation, run.felt["dissociation_peak"], "closed_form")


def test_a_neutral_value_reaches_the_engine() -> None:
    """Invariant: what replaces a hand-set value of a held-out trial is what the patients feel."""
    regimen, times = "midazolam 0.045 mg/kg over 40 min on day 0", (0.0, 24.0)
    usual, less = upstream(regimen, times), upstream(regimen, times, neutral=(("midazolam_sedation", 0.1),))

    assert less.sedation.mean() < usual.sedation.mean()
    with pytest.raises(InputError, match="midazolam_sedition"):
        upstream(regimen, times, neutral=(("midazolam_sedition", 0.1),))


@pytest.mark.parametrize("name", [group[0] for group in EFFECTS])
def test_the_fixed_patients_are_standard_normal_in_every_effect(name: str) -> None:
    """Closed form: mean 0 and variance 1, within four standard errors of as many random patients."""
    z = fixed_patients().effect(name)

    assert close(z.mean(), 0.0, monte_carlo(k=4, se=1 / math.sqrt(len(z))))
    assert close(z.var(), 1.0, monte_carlo(k=4, se=math.sqrt(2 / len(z))))


@pytest.mark.parametrize("regimen", [SERIES, "midazolam 0.045 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"])
@pytest.mark.parametrize("score", ["placebo", "benefit"])
def test_means_over_the_fixed_patients_are_those_of_the_population(regimen: str, score: str) -> None:
    """Independent implementation: 10,000 random patients. 64 fixed ones are worth at least 500 random ones."""
    times = np.array(TIMES[1:])
    few = simulate(Regimen.parse(regimen), fixed_patients(), time_h=times, observed=False).values[score]
    many = simulate(Regimen.parse(regimen), population(10_000, 3), time_h=times, observed=False).values[score]

    se = float(many.std(axis=0).max()) * math.sqrt(1 / 500 + 1 / 10_000)

    if score == "benefit" and "midazolam" in regimen:
        assert not few.any()
    else:
        assert close(few.mean(axis=0), many.mean(axis=0), monte_carlo(k=4, se=se))
