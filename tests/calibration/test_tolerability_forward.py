"""The acute effects in JAX against the model's own NumPy functions, and the fixed patients against random ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpyro
import pytest

from reprieve.calibration import tolerability_forward as forward
from reprieve.calibration import tolerability_upstream as upstream
from reprieve.calibration.tolerability import defaults
from reprieve.calibration.tolerability_model import needed
from reprieve.calibration.tolerability_patients import FELT, PHARMACOKINETIC, fixed_patients
from reprieve.model import comparators
from reprieve.model.individuals import individuals
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population
from reprieve.model.tolerability import dissociation, nausea, pressure, sedation
from tests.tolerance import close, monte_carlo

MINUTES = np.array([40.0, 80.0, 120.0])
LOW, HIGH = "0.1 mg/kg over 40 min", "1 mg/kg over 40 min"
CELLS = tuple((regimen, minute) for regimen in (LOW, HIGH) for minute in MINUTES)
RATES = (0.12, 0.6, 1.386, 9.0)


@pytest.fixture(autouse=True)
def _double_precision() -> None:
    numpyro.enable_x64()


@pytest.fixture(scope="module")
def up() -> upstream.Upstream:
    return needed()


def engine(up: upstream.Upstream, rate_per_h: float) -> tuple[Any, Any, dict[str, Any]]:
    """Concentrations (n, regimens, minutes) at a rate that is no node, and individual parameters."""
    found = [upstream.concentrations(name, MINUTES, up.patients, rate_per_h) for name in (LOW, HIGH)]
    site, adapted = (np.stack([one[part].T for one in found], axis=1) for part in (0, 1))
    set_ = default_parameters().replace(adaptation_rate_per_h=rate_per_h)
    return site, adapted, individuals(set_, up.patients)


@pytest.mark.parametrize("rate_per_h", RATES)
def test_dissociation_is_the_models(up: upstream.Upstream, rate_per_h: float) -> None:
    """Independent implementation: the model's NumPy function, patient by patient, at rates between the nodes."""
    site, adapted, ind = engine(up, rate_per_h)
    q = defaults() | {"adaptation_rate_per_h": rate_per_h}
    effects = up.effects

    x = forward.acting(up, q)[up.places(CELLS)]
    highest = forward.largest(np.zeros(1), q, effects)[np.zeros(len(CELLS), dtype=int)]
    first = forward.remains(1, q, effects)
    drug, felt = forward.ketamine_parts(x, highest, first, q, effects)
    score = np.minimum(forward.HIGHEST, drug + ind["nondrug_dissociation_points"] * felt)

    wanted = dissociation.score(site, adapted, ind, tolerance=False)
    assert close(np.asarray(score).T.reshape(wanted.shape), wanted, "solver")


def test_tolerance_is_the_mean_of_the_models(up: upstream.Upstream) -> None:
    """Independent implementation: the model's factor of each infusion, averaged."""
    ind = individuals(default_parameters(), up.patients)

    found = forward.remains(3, defaults(), up.effects)

    assert close(found, dissociation.tolerance_factor(3, ind).mean(axis=1), "closed_form")


def score_parts(up: upstream.Upstream) -> tuple[Any, Any]:
    q, one = defaults(), np.zeros(len(up.cells), dtype=int)
    highest = forward.largest(np.zeros(1), q, up.effects)[one]
    return forward.ketamine_parts(forward.acting(up, q), highest, forward.remains(1, q, up.effects), q, up.effects)


def test_mean_scores_are_those_of_random_patients(up: upstream.Upstream) -> None:
    """Independent implementation: 10,000 random patients of the model at the end of four doses."""
    doses = [f"{dose} mg/kg over 40 min" for dose in (0.1, 0.2, 0.5, 1)]
    found = forward.ketamine_moments(*score_parts(up), defaults())
    patients = population(10_000, seed=2, profile="veteran")
    ind = individuals(default_parameters(), patients)

    for place, name in zip(up.places((name, 40.0) for name in doses), doses, strict=True):
        site, adapted = upstream.concentrations(name, np.array([40.0]), patients, RATES[2])
        scores = dissociation.score(site.T[:, None], adapted.T[:, None], ind)[:, 0, 0]
        error = scores.std() / np.sqrt(len(scores))
        assert close(found.mean[place], scores.mean(), monte_carlo(k=4, se=error))


def test_moments_of_a_score_hold_the_spread_of_the_other_part(up: upstream.Upstream) -> None:
    """Closed form: Gauss-Hermite sum over the non-drug part, patient by patient."""
    drug, felt = score_parts(up)
    place, weight = np.polynomial.hermite_e.hermegauss(60)
    name = forward.COMPARATORS["saline"]
    other = defaults()[name] * np.exp(defaults()[f"{name}_sd"] * place)
    scores = np.asarray(drug)[..., None] + np.asarray(felt)[..., None] * other
    mean = (scores @ weight / weight.sum()).mean(axis=1)

    found = forward.ketamine_moments(drug, felt, defaults())

    assert close(found.mean, mean, "closed_form")
    assert close(found.variance, (scores**2 @ weight / weight.sum()).mean(axis=1) - mean**2, "optimiser")


@pytest.mark.parametrize("substance", ["saline", "midazolam"])
def test_comparators_are_the_models(substance: str) -> None:
    """Closed form: mean and variance of a lognormal times the model's curve; 10,000 random patients beside it."""
    patients = population(10_000, seed=5)
    ind = individuals(default_parameters(), patients)
    found = forward.comparator_moments(substance, MINUTES, defaults())
    scores = comparators.felt(substance, MINUTES, ind, 1)["dissociation"][:, 0]

    for place in range(len(MINUTES)):
        error = scores[:, place].std() / np.sqrt(len(scores))
        assert close(found.mean[place], scores[:, place].mean(), monte_carlo(k=4, se=error))
    curve = forward.comparator_shape(substance, MINUTES, defaults())
    name = forward.COMPARATORS[substance]
    assert close(np.minimum(forward.HIGHEST, np.outer(ind[name], curve)), scores, "closed_form")


@pytest.mark.parametrize("kind", ["sbp", "dbp", "heart_rate"])
def test_the_mean_rise_is_the_models(up: upstream.Upstream, kind: str) -> None:
    """Independent implementation: the model's readings less the baseline, average site, no noise, own spread off."""
    name = forward.rise_name(kind)
    others = {key: np.zeros(len(up.patients)) for key in ("sbp_rise_mmhg", "dbp_rise_mmhg", name)}
    still = replace(up.patients, _effects=up.patients._effects | others)
    site, adapted, _ = engine(up, RATES[2])
    ind = individuals(default_parameters(), still)
    output = pressure.OUTPUTS[kind]

    def read(at: Any, by: Any) -> Any:
        return pressure.response(at, by, still, ind, 1, noise=False, site=None)[output]

    wanted = (read(site, adapted) - read(0 * site, 0 * adapted)).mean(axis=0).reshape(-1)

    x = forward.acting(up, defaults())[up.places(CELLS)]
    found = forward.pressure_rise(kind, x, forward.pressure_terms(kind, up.patients, defaults()), defaults())
    assert close(found.mean, wanted, "solver")


def test_the_variance_of_a_rise_holds_the_own_spread(up: upstream.Upstream) -> None:
    """Independent implementation: 10,000 random patients of the model, systolic rise at the end of 1 mg/kg."""
    patients = population(10_000, seed=3, profile="veteran")
    ind = individuals(default_parameters(), patients)
    site, adapted = upstream.concentrations(HIGH, np.array([40.0]), patients, RATES[2])

    def read(at: Any, by: Any) -> Any:
        shaped = (at.T[:, None], by.T[:, None])
        return pressure.response(*shaped, patients, ind, 1, noise=False, site=None)["sbp_mmhg"][:, 0, 0]

    rise = read(site, adapted) - read(0 * site, 0 * adapted)

    q = defaults()
    found = forward.pressure_rise("sbp", forward.acting(up, q), forward.pressure_terms("sbp", up.patients, q), q)

    place = up.places([(HIGH, 40.0)])[0]
    spread = rise.std()
    assert close(np.sqrt(found.variance[place]), spread, monte_carlo(k=4, se=spread / np.sqrt(2 * len(rise))))


def test_nausea_at_least_once_is_the_models(up: upstream.Upstream) -> None:
    """Independent implementation: the model's chance of each infusion, put together."""
    ind = individuals(default_parameters(), up.patients)
    peak = up.peak[HIGH]
    chances = nausea.probability(np.repeat(peak[:, None], 4, axis=1), ind)

    found = forward.nausea_chance(peak[None], 4, defaults(), up.effects)

    assert close(found[0], (1 - (1 - chances).prod(axis=1)).mean(), "closed_form")


def test_drowsiness_is_the_models(up: upstream.Upstream) -> None:
    """Independent implementation: the model's chance at the peak."""
    ind = individuals(default_parameters(), up.patients)
    peak = up.peak[HIGH]

    found = forward.drowsy_chance(peak[None], defaults(), up.effects)

    assert close(found[0], sedation.score(peak[:, None, None], ind).mean(), "closed_form")


def test_no_drug_no_effect_and_a_slope() -> None:
    """Invariant: at zero concentration the Hill curve is zero and its slopes are finite."""
    import jax

    value, slopes = jax.value_and_grad(lambda x, half, power: forward.hill(x, half, power).sum(), argnums=(0, 1, 2))(
        np.array([0.0, 5.0]), 200.0, 1.5
    )

    assert float(value) > 0
    assert all(np.isfinite(slope).all() for slope in slopes)
    assert float(slopes[0][0]) == 0


def test_fixed_patients_are_standard() -> None:
    """Closed form: random effects have mean 0, variance 1 and no correlation."""
    effects = np.stack([fixed_patients().effect(name) for name in (*PHARMACOKINETIC, *FELT)])

    assert np.allclose(effects.mean(axis=1), 0, atol=1e-12)
    assert np.allclose(effects @ effects.T / effects.shape[1], np.eye(len(effects)), atol=1e-12)
