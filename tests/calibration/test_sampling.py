"""The sampler against posteriors that are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from reprieve.calibration.diagnostics import judge
from reprieve.calibration.sampling import Sampled, sample
from reprieve.core.errors import InputError, NumericsError
from tests.calibration.toys import EFFECTS, ERRORS, MU_SD, READINGS, TAU_SCALE, mean_of_five, schools
from tests.tolerance import close, monte_carlo

CHAINS, DRAWS = 4, 600


@cache
def eight() -> Sampled:
    return sample(schools(), chains=CHAINS, warmup=400, draws=DRAWS, seed=3)


def exact() -> tuple[float, float, float]:
    """Mean and SD of mu, and mean of tau, on a fine grid of tau: given tau, mu is normal."""
    tau = np.linspace(0.001, 40, 8000)
    variance = ERRORS[:, None] ** 2 + tau**2
    precision = (1 / variance).sum(axis=0) + 1 / MU_SD**2
    mean = (EFFECTS[:, None] / variance).sum(axis=0) / precision
    log = -0.5 * (np.log(variance).sum(axis=0) + np.log(precision) + (EFFECTS[:, None] ** 2 / variance).sum(axis=0))
    log += 0.5 * mean**2 * precision - 0.5 * (tau / TAU_SCALE) ** 2
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    centre = float(weight @ mean)
    return centre, float(np.sqrt(weight @ (1 / precision + mean**2) - centre**2)), float(weight @ tau)


def test_eight_schools_agree_with_quadrature() -> None:
    """Independent implementation: integration over the spread on a grid, the mean in closed form."""
    run = eight()
    mean, sd, tau = exact()
    sizes = judge(run).parameters

    error = run.draws["mu"].std() / np.sqrt(sizes["mu"].ess_bulk)
    assert close(run.draws["mu"].mean(), mean, monte_carlo(k=4, se=float(error)))
    assert close(run.draws["mu"].std(), sd, monte_carlo(k=4, se=float(error)))
    error = run.draws["tau"].std() / np.sqrt(sizes["tau"].ess_bulk)
    assert close(run.draws["tau"].mean(), tau, monte_carlo(k=4, se=float(error)))


def test_eight_schools_settle() -> None:
    """Invariant: an easy posterior keeps every limit."""
    assert judge(eight()).failures == ()


def test_a_normal_mean_has_its_conjugate_posterior() -> None:
    """Closed form: precision 1/4 + 5, mean = sum of readings / precision."""
    run = sample(mean_of_five(), chains=2, warmup=300, draws=500, seed=1)

    precision = 1 / 4 + len(READINGS)
    error = 1 / np.sqrt(precision) / np.sqrt(judge(run).parameters["mean"].ess_bulk)
    assert close(run.draws["mean"].mean(), READINGS.sum() / precision, monte_carlo(k=4, se=float(error)))
    assert close(run.draws["mean"].std(), precision**-0.5, monte_carlo(k=4, se=float(error)))


def test_a_seed_gives_the_same_draws_and_another_gives_others() -> None:
    """Invariant: a fit can be made again."""
    first, second, other = (
        sample(mean_of_five(), chains=2, warmup=30, draws=20, seed=seed).draws["mean"] for seed in (1, 1, 2)
    )

    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_progress_counts_every_iteration() -> None:
    """Invariant: the time left can be told from what was announced."""
    told: list[int] = []

    sample(mean_of_five(), chains=2, warmup=60, draws=65, progress=told.append)

    assert sum(told) == 2 * (60 + 65)


def test_thinned_draws_take_the_chains_in_turn() -> None:
    """Invariant: any first part of the kept draws holds every chain alike."""
    chains, draws = 4, 100
    held = np.arange(chains)[:, None] + np.linspace(0, 0.5, draws)
    run = Sampled("x", {"a": held}, np.zeros((chains, draws), bool), np.ones((chains, draws), np.int64), 1, 1, 0.9, 0.0)

    thinned = run.thinned(40)["a"]

    assert thinned.shape == (40,)
    assert np.floor(thinned).tolist() == [0, 1, 2, 3] * 10
    assert {float(thinned[0]), float(thinned[-1])} == {0.0, 3.5}


@pytest.mark.parametrize(("field", "value"), [("chains", 1), ("warmup", 0), ("draws", 3)])
def test_too_short_a_run_is_refused(field: str, value: int) -> None:
    """Invariant: a run of which nothing can be said does not start."""
    with pytest.raises(InputError, match=f"{field}: {value}"):
        sample(mean_of_five(), **{field: value})  # type: ignore[arg-type]


def test_a_name_that_the_model_lacks_is_named() -> None:
    """Invariant: one line says which."""
    from dataclasses import replace

    with pytest.raises(NumericsError, match="no single number for phlogiston"):
        sample(replace(mean_of_five(), kept=("mean", "phlogiston")), chains=2, warmup=10, draws=10)


def test_a_model_without_a_finite_density_ends_in_one_line() -> None:
    """Invariant: an impossible model is refused, not sampled."""
    import numpyro
    from numpyro import distributions as dist

    from reprieve.calibration.problem import Problem

    def model() -> None:
        x = numpyro.sample("x", dist.Normal(0, 1))
        numpyro.factor("never", -np.inf * (1 + x**2))

    with pytest.raises(NumericsError, match="no starting point"):
        sample(Problem("never", "", model, ("x",), (), {}), chains=2, warmup=10, draws=10)
