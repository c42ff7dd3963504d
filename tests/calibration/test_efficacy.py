"""The efficacy fit as a whole: names, what is observed, what each result says of the shares left."""

import math
from typing import Any

import numpy as np
import pytest

from reprieve.calibration import evidence_rows as rows
from reprieve.calibration.arms import evidence
from reprieve.calibration.efficacy import DIAGNOSTICS, FORECASTERS, efficacy
from reprieve.calibration.likelihood import observations
from reprieve.calibration.plan import Plan, plan, windows_of
from reprieve.calibration.priors import priors
from reprieve.calibration.problem import Problem
from reprieve.calibration.sites import distribution
from reprieve.core.random import normal
from reprieve.core.results import digest
from reprieve.model.parameters import default_parameters
from tests.tolerance import close, monte_carlo

LEVELS = {
    *("benefit_logit_mean", "benefit_logit_veteran", "benefit_logit_between_trials"),
    *("nondrug_base_mean", "nondrug_base_between_trials", "psychotherapy_nondrug_shift"),
}


@pytest.fixture(scope="module", params=FORECASTERS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return efficacy(request.param)


@pytest.fixture(scope="module")
def layout() -> Plan:
    return plan(evidence(), windows_of(evidence()))


def observed_sites(model: Any) -> list[str]:
    """Names of what the model observes; nothing is computed for it."""
    import jax
    from numpyro.handlers import seed, trace

    found: list[str] = []

    def run() -> None:
        sites = trace(seed(model, jax.random.key(3))).get_trace()
        found.extend(n for n, one in sites.items() if one["type"] == "sample" and one["is_observed"])

    jax.eval_shape(run)
    return found


def site(name: str, layout: Plan, left: np.ndarray[Any, Any]) -> Any:
    """The distribution of one result when every patient has the share `left` (w, n)."""
    from numpyro.handlers import trace

    def model() -> None:
        for observe in observations(evidence(), layout):
            observe(left)

    return trace(model).get_trace()[name]["fn"]


def test_every_kept_draw_is_one_the_posterior_knows(problem: Problem) -> None:
    """Invariant: a model quantity, the spread of one between patients, or a level of the trials."""
    known = default_parameters()
    unknown = [
        name
        for name in problem.kept
        if name not in known
        and name.removeprefix("empirical_") not in LEVELS
        and not (name.endswith("_sd") and known.quantity(name.removesuffix("_sd")).between is not None)
    ]

    assert unknown == []
    assert {prior.name for prior in problem.priors} - set(problem.kept) <= set(DIAGNOSTICS)


def test_the_sampled_dimension_stays_small(problem: Problem) -> None:
    """Invariant: one site per prior, two effects per trial, at most forty numbers in all."""
    assert len(problem.priors) + 2 * len(evidence().studies) <= 40


def test_every_result_is_one_observed_site(problem: Problem) -> None:
    """Invariant: nothing that is listed goes unheard, and all of it can be simulated."""
    sites = observed_sites(problem.model)
    held = evidence()
    results = (*held.means, *held.ratios, *held.contrasts, *held.responders, *held.nulls)

    assert len(sites) == len(results) + sum(one.spread is not None for one in held.means)
    assert {name.split(":")[1] for name in sites} == set(held.studies)


@pytest.mark.parametrize("forecaster", FORECASTERS)
def test_a_held_out_study_leaves_no_site_and_changes_the_digest(forecaster: str) -> None:
    """Invariant (issue 4): replays are blind."""
    blind = efficacy(forecaster, "feder2021")

    assert not [name for name in observed_sites(blind.model) if "feder2021" in name]
    assert isinstance(blind.inputs, dict)
    assert "feder2021" not in blind.inputs["studies"]
    assert digest(blind.inputs) != digest(efficacy(forecaster).inputs)


def test_the_density_has_a_slope_in_every_direction(problem: Problem) -> None:
    """Invariant: each parameter of the chain moves the log density, or is one that the file calls assumed."""
    import jax
    from numpyro.infer.util import initialize_model

    start = initialize_model(jax.random.key(1), problem.model)
    value, slope = jax.jit(jax.value_and_grad(start.potential_fn))(start.param_info.z)

    assert np.isfinite(value)
    assert value.dtype == np.float64
    assert all(np.isfinite(one).all() and np.any(one != 0) for one in slope.values())


@pytest.mark.parametrize(
    "name", ["nondrug_belief", "nondrug_fast_share", "nondrug_base_mean", "nondrug_base_between_trials"]
)
def test_priors_are_what_their_file_says(name: str) -> None:
    """Closed form: the median of a lognormal or logit-normal prior is its centre, that of a half-normal 0.6745 SD."""
    prior = next(one for one in priors("chain") if one.name == name)
    median = 0.6744897501960817 * prior.spread if prior.scale == "half_normal" else prior.centre

    assert close(float(distribution(prior).cdf(median)), 0.5, "closed_form")


def test_the_null_is_a_significance_test_on_three_arms(layout: Plan) -> None:
    """Independent implementation: 200,000 simulated trials of three arms with one control, z tests at 1.96."""
    held = evidence()
    null = held.nulls[0]
    left = np.full((len(layout.windows), 2), 0.8)
    for arm, share in zip(null.arms, (0.72, 0.76), strict=True):
        for day in null.days:
            left[layout.window(held.arm(null.study, arm), day, null.recall_days)] = share
    sd = held.quantities[null.change_sd].value
    n = np.array([51, 53, 54])
    mean = np.array([0.72, 0.76, 0.8]) * 39.2 + normal(1, "test:null", np.arange(200_000), 3) * sd / np.sqrt(n)
    z = (mean[:, :2] - mean[:, 2:]) / (sd * np.sqrt(1 / n[:2] + 1 / n[2]))
    expected = np.mean(np.all(np.abs(z) < 1.96, axis=1))

    chance = float(site("null:abdallah2022", layout, left).probs)

    assert close(chance, expected, monte_carlo(k=4, se=math.sqrt(expected * (1 - expected) / 200_000)))


def test_responders_are_those_whose_readings_fall_enough(layout: Plan) -> None:
    """Independent implementation: pairs of readings with error, fall of 30 % of the baseline reading."""
    held = evidence()
    one = held.responders[0]
    shares = np.linspace(0.3, 1.05, 6)
    noise = held.quantities[one.noise].value
    z = normal(1, "test:responders", np.arange(200_000), 2) * noise
    expected = np.mean([np.mean(share + z[:, 1] <= 0.7 * (1 + z[:, 0])) for share in shares])

    found = site("responders:feder2021:midazolam", layout, np.tile(shares, (len(layout.windows), 1)))

    assert found.total_count == 15
    assert close(float(found.probs), expected, monte_carlo(k=4, se=0.5 / math.sqrt(200_000)))


@pytest.mark.parametrize(("study", "change"), [("duek2023", True), ("feder2014", False)])
def test_a_spread_is_that_of_readings_over_the_mean_baseline(layout: Plan, study: str, change: bool) -> None:
    """Independent implementation: readings drawn with baseline, share left and error of each patient."""
    held = evidence()
    means = next(one for one in held.means if one.study == study)
    assert means.spread is not None
    cv, noise = held.quantities[means.spread.latent_cv].value, held.quantities[means.spread.noise].value
    shares = np.linspace(0.2, 1.0, 16)
    z = normal(1, "test:spread", np.arange(320_000), 3)
    start = 1 + cv * z[:, 0]
    reading = start * np.tile(shares, 20_000) + noise * z[:, 1]
    expected = np.std(reading - (start + noise * z[:, 2]) if change else reading)

    found = site(f"spread:{study}", layout, np.tile(shares, (len(layout.windows), 1)))

    se = float(expected) * math.sqrt(0.5 / 320_000)
    predicted = np.exp(np.asarray(found.base_dist.loc))
    assert close(predicted, np.full((2, len(means.days)), expected), monte_carlo(k=5, se=se))


def test_a_contrast_is_the_difference_in_points(layout: Plan) -> None:
    """Closed form: Feder 2021, shares 0.6 and 0.9 of 41 points are 12.3 points apart, SE 3.96 as printed."""
    held = evidence()
    left = np.full((len(layout.windows), 2), 0.9)
    left[layout.window(held.arm("feder2021", "ketamine"), 14.0, 7)] = 0.6

    found = site("contrast:feder2021", layout, left)

    assert close(float(found.loc), -12.3, "closed_form")
    assert close(float(found.scale), 3.96, "closed_form")


def test_a_ratio_needs_no_baseline() -> None:
    """Closed form: Murrough 2013, 14.77 against 22.72 at 24 h with printed intervals."""
    first, second = (rows.outcome(name) for name in evidence().ratios[0].rows)

    assert close(first.value / second.value, 14.77 / 22.72, "closed_form")
    assert first.ci_low == 11.73
    assert second.ci_high == 26.59
