"""The forward model in JAX against the model itself: non-drug response, benefit, scores, both forecasters."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reprieve.calibration import forward
from reprieve.calibration.arms import Arm, Evidence, evidence
from reprieve.calibration.efficacy_patients import fixed_patients
from reprieve.calibration.plan import Plan, plan
from reprieve.core.parameters import ParameterSet
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.parameters import default_parameters
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation
from reprieve.model.symptoms import clusters
from tests.tolerance import Tolerance, close

type Array = NDArray[np.float64]

KETAMINE = "0.5 mg/kg over 40 min on days 0, 2, 4"
# P follows D only through belief, D follows the interpolated chain: a ten thousandth of A, see test_upstream.
BY_TABLE = Tolerance(1e-4, "what follows the interpolated chain", absolute=True)
EXACT = Tolerance(1e-10, "the same closed forms in JAX", absolute=True)
ARMS = {
    "ketamine": Arm(study="a", arm="ketamine", regimen=KETAMINE, role="ketamine"),
    "low": Arm(study="a", arm="low", regimen="0.2 mg/kg over 40 min on days 0, 3.5", role="ketamine"),
    "midazolam": Arm(
        study="a", arm="midazolam", regimen="midazolam 0.045 mg/kg over 40 min on days 0, 2, 4", role="active"
    ),
    "saline": Arm(study="a", arm="saline", regimen="saline over 40 min on day 0", role="inert"),
    "open": Arm(study="a", arm="open", regimen=KETAMINE, role="ketamine", open_label=True),
}
DAYS = (1.0, 3.0, 4.0, 9.0, 14.0, 40.0)
OTHER = {"labile_half_life_d": 1.7, "consolidation_half_life_d": 20.0, "nondrug_belief": 0.7, "nondrug_base": -0.2}
OTHER |= {"empirical_half_life_d": 2.5, "empirical_dose_exponent": 0.6, "nondrug_low": -0.2, "lambda_e": 0.8}
OTHER |= {"nondrug_slow_fade_d": 90.0, "nondrug_fast_fade_d": 5.0, "nondrug_fast_share": 0.4}


@pytest.fixture(scope="module")
def held() -> Evidence:
    return replace(evidence(), arms=tuple(ARMS.values()), means=(), ratios=(), contrasts=(), responders=(), nulls=())


@pytest.fixture(scope="module")
def layout(held: Evidence) -> Plan:
    windows = tuple((arm, day, days) for arm in range(len(held.arms)) for day in DAYS for days in (1, 7))
    return plan(held, windows)


def values_of(p: ParameterSet) -> dict[str, Any]:
    """The values that the fit would sample, at those of a parameter set."""
    found: dict[str, Any] = {name: p[name] for name in p.names}
    for name in ("nondrug_base", "nondrug_fast_share"):
        between = p.quantity(name).between
        assert between is not None
        found[f"{name}_sd"] = between.sd
    return {**found, "chain_dose_excess": 0.0}


def rows(layout: Plan, p: ParameterSet, forecaster: str) -> tuple[Array, Array]:
    import numpyro

    numpyro.enable_x64()
    top = p["benefit_max" if forecaster == "chain" else "empirical_benefit_max"]
    arms = np.ones(len(layout.arms))
    logit = np.log(top / (1 - top)) * arms
    placebo, benefit = forward.latent(layout, forecaster)(values_of(p), logit, p["nondrug_base"] * arms)
    return np.asarray(placebo), np.asarray(benefit)


def model_run(arm: Arm, time_h: Array, p: ParameterSet, forecaster: str) -> Simulation:
    links = Links(
        belief=evidence().quantities["open_label_belief"].value if arm.open_label else None,
        benefit="chain" if forecaster == "chain" else "empirical",
    )
    regimen = Regimen.parse(arm.regimen)
    return simulate(regimen, fixed_patients(), time_h=time_h, parameters=p, observed=False, links=links)


@pytest.mark.parametrize("forecaster", ["chain", "comparator"])
@pytest.mark.parametrize("changed", [{}, OTHER], ids=["default", "other"])
def test_response_and_benefit_equal_the_model(layout: Plan, forecaster: str, changed: Mapping[str, float]) -> None:
    """Independent implementation: `model.simulate` for the same patients, all arms, belief free and clamped."""
    p = default_parameters().replace(**changed)
    placebo, benefit = rows(layout, p, forecaster)

    for place, arm in enumerate(layout.arms):
        here = layout.row_arm == place
        run = model_run(arm, layout.row_h[here], p, forecaster)
        drug = arm.role == "ketamine" and forecaster == "chain"
        by = BY_TABLE if drug and not arm.open_label else EXACT
        assert close(placebo[here].T, run.values["placebo"], by), arm.arm
        if forecaster == "chain":
            assert close(benefit[here].T, run.values["benefit"], BY_TABLE if drug else EXACT), arm.arm


def test_the_empirical_benefit_equals_the_model(layout: Plan) -> None:
    """Independent implementation: `model.empirical`, both doses, values before an infusion at its start."""
    from reprieve.model import empirical

    p = default_parameters().replace(**OTHER)
    ind = individuals(p, fixed_patients())
    _, benefit = rows(layout, p, "comparator")

    for place, run in enumerate(layout.runs[of] for of in layout.run_of):
        here = layout.row_arm == place
        expected = empirical.benefit(layout.row_h[here], run.start_h, run.dose_mg_per_kg, ind)
        assert close(benefit[here].T, expected, EXACT)


def test_readings_average_the_days_that_are_looked_back_to(held: Evidence, layout: Plan) -> None:
    """Closed form: (1 - P)(1 - lambda D), its mean over a week, the baseline standing for days before day 0."""
    p = default_parameters()
    arms = np.ones(len(layout.arms))
    logit = np.log(p["benefit_max"] / (1 - p["benefit_max"])) * arms
    left = np.asarray(forward.forward(layout, "chain")(values_of(p), logit, p["nondrug_base"] * arms))
    arm = held.arm("a", "ketamine")
    days = np.maximum(3.0 - np.arange(7), 0.0)
    run = model_run(held.arms[arm], np.unique(days) * 24, p, "chain")
    one = {"B": np.ones(64), "C": np.ones(64), "D": np.ones(64), "E": np.ones(64)}
    ind = individuals(p, fixed_patients())
    cluster = clusters(one, run.values["placebo"], run.values["benefit"], ind)
    from reprieve.model.population import population_parameters

    shares = {c: population_parameters()[f"share_{c.lower()}"] for c in one}
    daily = np.sum([shares[c] * cluster[c] for c in one], axis=0) / sum(shares.values())
    weekly = np.mean(np.stack([daily[:, np.searchsorted(np.unique(days), day)] for day in days]), axis=0)

    assert close(left[layout.window(arm, 3.0, 7)], weekly, BY_TABLE)
    assert close(left[layout.window(arm, 3.0, 1)], daily[:, -1], BY_TABLE)


def test_no_dose_no_benefit_at_any_belief(layout: Plan) -> None:
    """Invariant (facts, acceptance test 1): without ketamine D is exactly 0."""
    for forecaster in ("chain", "comparator"):
        _, benefit = rows(layout, default_parameters(), forecaster)
        controls = [place for place, arm in enumerate(layout.arms) if arm.role != "ketamine"]

        assert not benefit[np.isin(layout.row_arm, controls)].any()


def test_the_gradient_is_finite_where_the_bounds_bite(layout: Plan) -> None:
    """Invariant: the sampler needs a slope everywhere, also where every patient sits at a bound."""
    import jax

    arms = np.ones(len(layout.arms))
    shares = forward.forward(layout, "chain")
    values = values_of(default_parameters())
    slope_at = jax.jit(jax.grad(lambda held, base: shares(held, -arms, base * arms).mean()))
    for base in (-9.0, -0.1, 9.0):
        slope = slope_at(values, base)
        assert all(np.isfinite(one).all() for one in slope.values())
