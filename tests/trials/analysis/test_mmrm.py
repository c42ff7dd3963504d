"""The repeated-measures model by closed forms, by symmetry, and where it must refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.trials.analysis.ancova import ancova
from reprieve.trials.analysis.degrees import METHODS, Method
from reprieve.trials.analysis.likelihood import curvature, evaluate, moments, triangle
from reprieve.trials.analysis.mmrm import mmrm
from tests.tolerance import close
from tests.trials.analysis.cases import Array, made

SEEDS = st.integers(0, 10**6)
MISSING = st.sampled_from([0.0, 0.1, 0.25])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(5))
def test_complete_data_give_the_ancova_of_each_visit(seed: int, method: Method) -> None:
    """Closed form: with the same regressors at every visit generalised least squares is least squares by visit
    (Zellner 1962, J Am Stat Assoc 57:348), REML variances are those of the residuals, df are n - 3."""
    scores, arm, baseline = made(seed)

    found = mmrm(scores, arm, baseline, method=method)

    for visit, got in enumerate(found.differences):
        alone = ancova(scores[:, visit], arm, baseline)
        for field in ("estimate", "se", "df", "p", "low", "high"):
            assert close(getattr(got, field), getattr(alone.difference, field), "solver"), field
        assert close(found.covariance[visit, visit], alone.residual_sd**2, "solver")


@settings(max_examples=15, deadline=None)
@given(SEEDS, MISSING)
def test_swapped_arms_change_the_sign_only(seed: int, missing: float) -> None:
    """Invariant."""
    scores, arm, baseline = made(seed, missing=missing)

    one, other = mmrm(scores, arm, baseline), mmrm(scores, 1 - arm, baseline)

    for first, second in zip(one.differences, other.differences, strict=True):
        assert close(second.estimate, -first.estimate, "solver")
        assert close([second.se, second.df, second.p], [first.se, first.df, first.p], "solver")
        assert close([second.low, second.high], [-first.high, -first.low], "solver")
    assert close(other.loglik, one.loglik, "solver")


@settings(max_examples=15, deadline=None)
@given(SEEDS, MISSING, st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_a_constant_added_changes_nothing(seed: int, missing: float, constant: float, to_baseline: float) -> None:
    """Invariant: neither to all scores nor to all baselines."""
    scores, arm, baseline = made(seed, missing=missing)

    one, other = mmrm(scores, arm, baseline), mmrm(scores + constant, arm, baseline + to_baseline)

    for first, second in zip(one.differences, other.differences, strict=True):
        assert close([second.estimate, second.se, second.df], [first.estimate, first.se, first.df], "solver")
    assert close(other.covariance, one.covariance, "solver")


@settings(max_examples=15, deadline=None)
@given(SEEDS, MISSING, st.sampled_from([1e-3, 0.1, 50.0]))
def test_another_unit_scales_the_difference(seed: int, missing: float, unit: float) -> None:
    """Invariant: p and df have no unit."""
    scores, arm, baseline = made(seed, missing=missing)

    one, other = mmrm(scores, arm, baseline), mmrm(unit * scores, arm, baseline)

    for first, second in zip(one.differences, other.differences, strict=True):
        assert close(second.estimate / unit, first.estimate, "solver")
        assert close([second.df, second.p], [first.df, first.p], "solver")


@settings(max_examples=15, deadline=None)
@given(SEEDS, MISSING)
def test_order_of_patients_and_of_visits_is_irrelevant(seed: int, missing: float) -> None:
    """Invariant."""
    scores, arm, baseline = made(seed, missing=missing)
    mixed = np.random.default_rng(seed).permutation(len(arm))

    one, other = mmrm(scores, arm, baseline), mmrm(scores[mixed][:, ::-1], arm[mixed], baseline[mixed])

    for first, second in zip(one.differences, other.differences[::-1], strict=True):
        assert close([second.estimate, second.se, second.df], [first.estimate, first.se, first.df], "solver")
    assert close(other.loglik, one.loglik, "solver")


def at_random(seed: int) -> tuple[Any, Array, Array]:
    """Moments of a trial, a covariance away from the maximum, and a direction."""
    scores, arm, baseline = made(seed, missing=0.2)
    held = moments(scores / 10, np.column_stack([np.ones(len(arm)), arm, baseline / 10 - 3]))
    draw = np.random.default_rng(seed)
    root = np.eye(4) + np.tril(draw.normal(0, 0.3, (4, 4)))
    return held, root @ root.T, (lambda a: a + a.T)(draw.normal(size=(4, 4)))


@pytest.mark.parametrize("seed", range(4))
def test_score_and_information_are_the_derivatives(seed: int) -> None:
    """Closed form: central differences of the restricted log likelihood along a direction."""
    held, sigma, way = at_random(seed)
    rows, columns = triangle(4)
    step = 1e-4
    here, ahead, behind = (evaluate(sigma + shift * way, held) for shift in (0, step, -step))
    assert here is not None
    assert ahead is not None
    assert behind is not None

    found, elements = curvature(here, held), way[rows, columns]

    assert close(np.trace(found.score @ way), (ahead.loglik - behind.loglik) / (2 * step), "optimiser")
    slope = [np.trace(curvature(fit, held).score @ way) for fit in (ahead, behind)]
    assert close(elements @ found.observed @ elements, -(slope[0] - slope[1]) / (2 * step), "optimiser")


def test_expected_information_of_complete_data() -> None:
    """Closed form: (n - q) / 2 tr(W E_k W E_l), since every visit spends q degrees of freedom."""
    scores, arm, baseline = made(4)
    held = moments(scores, np.column_stack([np.ones(40), arm, baseline]))
    sigma = 20 + np.diag([30.0, 35, 40, 45])
    fit = evaluate(sigma, held)
    assert fit is not None
    rows, columns = triangle(4)
    units = np.zeros((10, 4, 4))
    units[range(10), rows, columns] = units[range(10), columns, rows] = 1
    turned = np.linalg.inv(sigma) @ units

    found = curvature(fit, held).expected

    assert close(1e6 * found, 1e6 * 37 / 2 * np.einsum("kij,lji->kl", turned, turned), "solver")


def test_likelihood_is_the_textbook_formula() -> None:
    """Closed form: patients one by one, matrices of full size (Harville 1977, J Am Stat Assoc 72:320)."""
    scores, arm, baseline = made(3, per_arm=8, missing=0.2)
    sigma = 20 + 30 * np.eye(4)
    design = np.column_stack([np.ones(16), arm, baseline])
    seen = ~np.isnan(scores)
    x = np.vstack([np.kron(np.eye(4)[seen[i]], design[i]) for i in range(16)])
    blocks = [sigma[np.ix_(seen[i], seen[i])] for i in range(16)]
    v = np.zeros((len(x), len(x)))
    at = 0
    for block in blocks:
        v[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    y, w = scores[seen], np.linalg.inv(v)
    beta = np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    rest = y - x @ beta
    logs = np.linalg.slogdet(v)[1] + np.linalg.slogdet(x.T @ w @ x)[1] + (len(y) - 12) * np.log(2 * np.pi)

    found = evaluate(sigma, moments(scores, design))

    assert found is not None
    assert close(found.loglik, -(logs + rest @ w @ rest) / 2, "solver")
    assert close(found.beta.ravel(), beta, "solver")


def test_patients_without_scores_are_told_and_say_nothing() -> None:
    """Invariant: they change no number."""
    scores, arm, baseline = made(1, missing=0.1)
    more = np.vstack([scores, np.full((2, 4), np.nan)])

    found = mmrm(more, np.append(arm, [0, 1]), np.append(baseline, [20, 40]))

    assert found.warnings == ("2 patients without any score were left out",)
    assert found.patients == 40
    assert close(found.at(-1).estimate, mmrm(scores, arm, baseline).at(-1).estimate, "solver")


def test_too_few_steps_are_said() -> None:
    """Invariant: an unfinished search is not called converged."""
    found = mmrm(*made(1, missing=0.25), max_iterations=1)

    assert not found.converged
    assert found.warnings == ("not converged: 1 steps were not enough",)


def test_a_singular_covariance_is_said() -> None:
    """Invariant: one visit that repeats another has no unstructured covariance."""
    scores, arm, baseline = made(1)
    scores[:, 2] = scores[:, 1]

    found = mmrm(scores, arm, baseline)

    assert not found.converged
    assert found.warnings[0].startswith("not converged")


def changed(what: str) -> tuple[Array, Array, Array]:
    scores, arm, baseline = made(2)
    match what:
        case "arms":
            arm[0] = 2
        case "one arm":
            arm[:] = 1
        case "baseline":
            baseline[3] = np.nan
        case "infinite":
            scores[0, 0] = np.inf
        case "visit":
            scores[arm == 1, 3] = np.nan
        case "never together":
            scores[::2, 3], scores[1::2, 2] = np.nan, np.nan
        case "lengths":
            arm = arm[1:]
        case _:
            scores = scores[:, 0]
    return scores, arm, baseline


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("arms", "arm: .*must be 1 for active and 0 for control"),
        ("one arm", "arm: .*hold both"),
        ("baseline", "baseline: 1: patients lack a finite baseline"),
        ("infinite", "scores: .*finite"),
        ("visit", "visit 3.*must be observed in both arms"),
        ("never together", "visits 2 and 3.*never observed in the same patient"),
        ("lengths", "arm: .*must hold 40 patients"),
        ("shape", "scores: .*table of patients by visits"),
    ],
)
def test_bad_input_is_refused(what: str, says: str) -> None:
    """Invariant (house rule 5): the line names what is wrong."""
    with pytest.raises(InputError, match=says):
        mmrm(*changed(what))


def test_unknown_method_and_level_are_refused() -> None:
    """Invariant (house rule 5)."""
    with pytest.raises(InputError, match="method"):
        mmrm(*made(1), method="between-within")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="level"):
        mmrm(*made(1), level=95)


def test_an_interval_says_what_it_is() -> None:
    """Invariant (house rule 12); the level moves the interval and nothing else."""
    wide, narrow = mmrm(*made(1), level=0.99).at(0), mmrm(*made(1), level=0.8).at(0)

    assert wide.interval == "99 % CI, equal-tailed, t with 37 df"
    assert wide.low < narrow.low < narrow.estimate == wide.estimate < narrow.high < wide.high
