"""The Bayesian pool: a brute-force grid, closed forms, invariants, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.provenance import SeenHow
from reprieve.evidence.pooling.bayes import Posterior, over_priors, posterior
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.tau_priors import (
    FAMILIES,
    HALF_CAUCHY,
    HALF_NORMAL,
    HALF_NORMAL_WIDE,
    LOG_OR_PRIORS,
    RHODES_ACTIVE,
    RHODES_PLACEBO,
    SMD_PRIORS,
    TURNER_PLACEBO,
    TauPrior,
    half_normal,
)
from tests.evidence.pooling.diagnostics import refused
from tests.tolerance import close

Array = npt.NDArray[np.float64]
Y, V = [-1.1, -0.2, -0.5], [0.05, 0.02, 0.08]
EVERY_PRIOR = (*SMD_PRIORS, TURNER_PLACEBO)


def brute_force(y: Array, v: Array, prior: TauPrior, found: Posterior) -> dict[str, float]:
    """Sum the joint density of mu and log tau over a plain grid, by Simpson's rule, with nothing integrated out."""
    from scipy.integrate import simpson

    def mass(mu: Array, log_tau: Array, g: Array | float = 1.0) -> float:
        total = v[:, None] + np.exp(2 * log_tau)
        log_joint = np.array([-np.sum(np.log(total) + (y[:, None] - m) ** 2 / total, axis=0) / 2 for m in mu])
        return float(simpson(simpson(np.exp(log_joint + prior.log_density(log_tau)) * g, x=log_tau, axis=1), x=mu))

    t = np.linspace(-16, 7, 1201)
    reach = 60 * float(np.sqrt(v).max() + np.ptp(y))
    middle = float(np.mean(y))

    def grid_of(low: float, high: float) -> Array:
        # Narrow where mu is likely, wide in the tails.
        w = np.linspace(math.asinh((low - middle) * 20), math.asinh((high - middle) * 20), 1201)
        out: Array = middle + np.sinh(w) / 20
        return out

    everywhere = grid_of(middle - reach, middle + reach)
    whole = mass(everywhere, t)
    return {
        "below": mass(grid_of(middle - reach, found.ci_low), t) / whole,
        "above": mass(grid_of(found.ci_high, middle + reach), t) / whole,
        "negative": mass(grid_of(middle - reach, 0.0), t) / whole,
        "mean": mass(everywhere, t, everywhere[:, None]) / whole,
        "tau": mass(everywhere, t, np.exp(t)) / whole,
        "tau_below": mass(everywhere, np.linspace(-16, math.log(found.tau_low), 1201)) / whole,
        "tau_above": mass(everywhere, np.linspace(math.log(found.tau_high), 7, 1201)) / whole,
    }


@pytest.mark.parametrize("prior", EVERY_PRIOR[:1] + EVERY_PRIOR[3:4] + EVERY_PRIOR[5:], ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("y", "v"), [(Y, V), ([0.4, -0.9, -0.3, -0.35, -2.4], [0.2, 0.04, 0.09, 0.02, 0.3])], ids=["three", "five"]
)
def test_against_brute_force(y: list[float], v: list[float], prior: TauPrior) -> None:
    """Closed form of the joint density, summed over a two-dimensional grid that shares no code with the quadrature."""
    found = posterior(y, v, prior=prior)

    other = brute_force(np.array(y), np.array(v), prior, found)

    assert close([other[one] for one in ("below", "above", "tau_below", "tau_above")], [0.025] * 4, "optimiser")
    assert close(other["negative"], found.p_negative, "optimiser")
    assert close([other["mean"], other["tau"]], [found.mean, found.tau_mean], "optimiser")


def test_no_heterogeneity_is_equal_effects() -> None:
    """Closed form: as the prior of tau shrinks to zero, the inverse-variance mean with its normal interval."""
    fixed = fit(Y, V, method="EE", test="z")

    found = posterior(Y, V, prior=half_normal(1e-9))

    low, high = fixed.ci()
    ours = [found.mean, found.median, found.sd, found.ci_low, found.ci_high]
    mean, se = float(fixed.beta[0]), float(fixed.se[0])
    assert close(ours, [mean, mean, se, low[0], high[0]], "closed_form")
    assert close([found.pi_low, found.pi_high], [low[0], high[0]], "closed_form")
    assert close([one.mean for one in found.shrunken], [mean] * 3, "closed_form")


def test_no_heterogeneity_and_a_normal_prior_is_conjugate() -> None:
    """Closed form: precisions add up, means are weighted by them."""
    precision = np.append(1 / np.array(V), 0.3**-2)
    mean = float((precision * np.append(Y, 0.2)).sum() / precision.sum())

    found = posterior(Y, V, prior=half_normal(1e-9), mu_prior=(0.2, 0.3))

    assert close([found.mean, found.sd], [mean, precision.sum() ** -0.5], "closed_form")
    assert found.mu_prior == "normal(0.2, 0.3)"


def test_one_study_leaves_the_prior_of_tau_as_it_was() -> None:
    """Closed form: with a flat prior of mu one study says nothing of tau; mu is the study with variance v + E(tau2)."""
    found = posterior([-0.7], [0.04])

    assert close(found.tau_median, 0.5 * 0.6744897501960817, "closed_form")
    assert close(found.tau_mean, 0.5 * math.sqrt(2 / math.pi), "closed_form")
    assert close([found.mean, found.median, found.sd], [-0.7, -0.7, math.sqrt(0.04 + 0.25)], "closed_form")
    assert "prior's" in found.warnings[0]


@pytest.mark.parametrize("prior", EVERY_PRIOR, ids=lambda one: one.name)
def test_every_prior_is_a_density_with_its_median(prior: TauPrior) -> None:
    """Closed form: medians 0.6745 s, s, exp(m) and exp(m); by one study's posterior, which is the prior."""
    found = posterior([0.0], [1.0], prior=prior)

    medians = {"half-normal": prior.scale * 0.6744897501960817, "half-Cauchy": prior.scale}
    assert close(found.tau_median, medians.get(prior.family, math.exp(prior.location)), "closed_form")


def test_means_that_do_not_exist_are_not_given() -> None:
    """Closed form: under a half-Cauchy E(tau) needs two studies and E(tau2) three, with a flat prior of mu."""
    one, two, three = (posterior(Y[:k], V[:k], prior=HALF_CAUCHY) for k in (1, 2, 3))

    assert [math.isnan(found.tau_mean) for found in (one, two, three)] == [True, False, False]
    assert [math.isnan(found.sd) for found in (one, two, three)] == [True, True, False]
    assert math.isfinite(one.median)
    assert math.isfinite(posterior(Y[:1], V[:1], prior=HALF_CAUCHY, mu_prior=(0, 4)).sd)
    assert math.isnan(posterior(Y[:1], V[:1], prior=RHODES_PLACEBO).mean)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.005, 2)), min_size=1, max_size=9), st.floats(-50, 50))
def test_a_shift_moves_everything_and_a_mirror_turns_it_round(rows: list[tuple[float, float]], shift: float) -> None:
    """Invariant: with a flat prior of mu only differences between estimates matter."""
    y, v = np.array([a for a, _ in rows]), np.array([b for _, b in rows])
    plain, moved, turned = posterior(y, v), posterior(y + shift, v), posterior(-y, v)

    assert close([moved.mean - shift, moved.ci_low - shift], [plain.mean, plain.ci_low], "solver")
    assert close([moved.tau_median, turned.tau_median], [plain.tau_median] * 2, "solver")
    assert close([-turned.ci_high, 1 - turned.p_negative], [plain.ci_low, plain.p_negative], "solver")


def test_the_unit_does_not_matter() -> None:
    """Invariant: estimates, their errors and the prior in another unit give the answer in that unit."""
    y, v = np.array(Y), np.array(V)

    found = posterior(1e3 * y, 1e6 * v, prior=half_normal(500))

    plain = posterior(y, v)
    assert close(
        [found.mean, found.ci_low, found.tau_high],
        [1e3 * one for one in (plain.mean, plain.ci_low, plain.tau_high)],
        "closed_form",
    )


def test_study_estimates_move_towards_the_pool() -> None:
    """Invariant: a true effect lies between what the study found and the pool, closer to the pool if imprecise."""
    found = posterior(Y, V, ["a", "b", "c"])

    for one in found.shrunken:
        assert min(one.yi, found.mean) <= one.mean <= max(one.yi, found.mean)
    moved = [(one.mean - one.yi) / (found.mean - one.yi) for one in found.shrunken]
    assert moved[1] < moved[0] < moved[2]  # as their variances
    assert [one.label for one in found.shrunken] == ["a", "b", "c"]


def test_the_prediction_is_wider_than_the_mean_and_a_wider_prior_widens_both() -> None:
    """Invariant."""
    narrow, wide = posterior(Y, V), posterior(Y, V, prior=HALF_NORMAL_WIDE)

    assert narrow.pi_low < narrow.ci_low < narrow.median < narrow.ci_high < narrow.pi_high
    assert wide.ci_low < narrow.ci_low
    assert wide.tau_high > narrow.tau_high


def test_data_that_contradict_the_prior_still_settle() -> None:
    """Invariant: studies 100 standard deviations of the prior apart; tau is what both allow, and mu lies between."""
    found = posterior([0.0, 50.0], [0.01, 0.01])

    assert found.tau_low > 1
    assert close(found.mean, 25.0, "solver")


def test_a_thousand_studies_settle() -> None:
    """Closed form: with many studies the posterior is the likelihood's; the mean agrees with REML to its error."""
    rng = np.random.default_rng(1)
    v = rng.uniform(0.02, 0.2, 1000)
    y = rng.normal(-0.4, np.sqrt(v + 0.09))
    frequentist = fit(y, v, method="REML", test="z")

    found = posterior(y, v)

    assert abs(found.mean - float(frequentist.beta[0])) < float(frequentist.se[0]) / 100
    assert abs(found.sd / float(frequentist.se[0]) - 1) < 1 / 100
    assert abs(found.tau_median**2 - frequentist.tau2) < frequentist.tau2 / 20


def test_the_answer_under_every_prior() -> None:
    """Invariant: one posterior a prior, in their order, each with its name and where the prior comes from."""
    found = over_priors(Y, V)

    assert [one.prior for one in found] == [one.name for one in SMD_PRIORS]
    assert [one.prior for one in over_priors(Y, V, priors=LOG_OR_PRIORS)] == [one.name for one in LOG_OR_PRIORS]
    assert found[0] == posterior(Y, V)
    assert found[3].prior_source == "rhodes2015"
    assert found[3].prior_seen == "secondary"


def test_the_published_priors_as_copied() -> None:
    """R bayesmeta 3.4, RhodesEtAlPrior and TurnerEtAlPrior, and R hetprior: mental health outcomes, halved for tau."""
    shown = {one: (2 * one.location, 2 * one.scale) for one in (RHODES_PLACEBO, RHODES_ACTIVE, TURNER_PLACEBO)}

    assert list(shown.values()) == [(-2.99, 2.16), (-3.27, 2.14), (-2.12, 1.53)]
    assert {one.seen for one in shown} == {SeenHow.SECONDARY}
    assert HALF_NORMAL.name == "half-normal(0.5)"
    assert RHODES_PLACEBO.name == "log-t5(-1.495, 1.08)"


def test_the_same_numbers_every_time() -> None:
    """Invariant: no sampler."""
    assert posterior(Y, V) == posterior(Y, V)
    assert posterior(Y, V).inputs_digest != posterior(Y, V, prior=HALF_NORMAL_WIDE).inputs_digest
    assert posterior(Y, V, level=0.9).ci[0] > posterior(Y, V).ci[0]


def test_what_is_refused() -> None:
    """Invariant: one line with the value and the rule."""
    assert "at least 1" in refused(posterior, [], [])
    assert "vi of study 1" in refused(posterior, [0.1], [0.0])
    assert "level" in refused(posterior, Y, V, level=95)
    assert "mu_prior" in refused(posterior, Y, V, mu_prior=(0, 0))
    assert "mu_prior" in refused(posterior, Y, V, mu_prior=(math.nan, 1))
    assert FAMILIES[0] in refused(TauPrior, "uniform", 1.0)
    assert "prior scale" in refused(half_normal, 0.0)
    assert "prior location" in refused(TauPrior, "half-normal", 1.0, 0.5)
    assert "labels" in refused(posterior, Y, V, ["a"])


def test_estimates_in_another_unit_than_the_prior_are_found_out() -> None:
    """Invariant: a million prior standard deviations apart there is no number to trust, and none is given."""
    assert "one unit" in refused(posterior, [0.0, 1e6], [1.0, 1.0])
