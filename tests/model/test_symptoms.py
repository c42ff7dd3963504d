from types import MappingProxyType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.parameters import load_parameters
from reprieve.model.population import Population, population
from reprieve.model.symptoms import SCORES, clusters, totals
from tests.model.files import data_file
from tests.tolerance import close

N, T = 30, 7
LAMBDAS = {"lambda_b": 1.0, "lambda_c": 0.9, "lambda_d": 0.8, "lambda_e": 0.4}


def ind(**changed: float) -> dict[str, np.ndarray]:
    return {name: np.full(N, value) for name, value in {**LAMBDAS, **changed}.items()}


def course(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.1, 0.9, (N, T)), rng.uniform(0, 0.95, (N, T))


def test_clusters_follow_the_equation() -> None:
    """Closed form: z0 (1 - P)(1 - lambda D)."""
    patients = population(N)
    placebo, benefit = course()

    scores = clusters(patients.baseline, placebo, benefit, ind())

    for c, z in patients.baseline.items():
        expected = z[:, None] * (1 - placebo) * (1 - LAMBDAS[f"lambda_{c.lower()}"] * benefit)
        assert close(scores[c], expected, "closed_form")


@given(top=st.sampled_from([1.0, 1.4]))
def test_totals_are_sums_of_clusters(top: float) -> None:
    """Invariant: each scale's total is the sum of its own clusters, on both ways of computing it."""
    patients = population(N)
    placebo, benefit = course()

    sums = totals(patients, placebo, benefit, ind(lambda_b=top))

    for key, name in SCORES.items():
        parts = clusters(patients.baseline_of(name), placebo, benefit, ind(lambda_b=top))
        assert close(sums[key], np.sum(list(parts.values()), axis=0), "closed_form")


def test_no_benefit_and_no_response_is_the_baseline() -> None:
    """Invariant: zero drug effect and zero non-drug response leave every score where it was."""
    patients = population(N)
    nothing = np.zeros((N, T))

    for key, scores in totals(patients, nothing, nothing, ind()).items():
        start = np.sum(list(patients.baseline_of(SCORES[key]).values()), axis=0)
        assert close(scores, np.repeat(start[:, None], T, axis=1), "closed_form")


def test_a_scale_moves_by_its_own_clusters_only() -> None:
    """Invariant: cluster D has no items in IES-R, so what happens to D leaves IES-R alone."""
    patients = population(N)
    placebo, benefit = course()

    with_d, without_d = (totals(patients, placebo, benefit, ind(lambda_d=x)) for x in (1.0, 0.0))

    assert np.array_equal(with_d["iesr"], without_d["iesr"])
    assert np.all(with_d["pcl5"] <= without_d["pcl5"])


def test_one_scale_says_nothing_about_another() -> None:
    """Invariant: scales are never converted; another PCL-5 baseline leaves CAPS-5 as it is."""
    patients = population(N)
    fields = ("seed", "ids", "weight_kg", "age_y", "female", "hypertension", "profile", "baseline")
    other = Population(
        **{name: getattr(patients, name) for name in fields},
        baseline_pcl5={c: 0.5 * z for c, z in patients.baseline_pcl5.items()},
        baseline_iesr=patients.baseline_iesr,
    )
    placebo, benefit = course()

    one, two = totals(patients, placebo, benefit, ind()), totals(other, placebo, benefit, ind())

    assert np.array_equal(one["caps5"], two["caps5"])
    assert close(two["pcl5"], 0.5 * one["pcl5"], "closed_form")


@given(seed=st.integers(0, 1000), top=st.floats(0, 2))
def test_no_score_is_negative_or_grows_with_benefit(seed: int, top: float) -> None:
    """Invariant: more benefit never means a higher score; a cluster stops at zero even if lambda > 1."""
    patients = population(N)
    placebo, benefit = course(seed)

    less, more = (totals(patients, placebo, x, ind(lambda_b=top)) for x in (0.5 * benefit, benefit))

    for key in SCORES:
        assert np.all(more[key] >= 0)
        assert np.all(more[key] <= less[key] + 1e-9)


def test_arousal_takes_less_of_the_benefit() -> None:
    """Feder 2021 (press summary): three of four clusters improved, arousal did not."""
    shipped = load_parameters(data_file("symptoms"))

    assert isinstance(shipped.quantities, MappingProxyType)
    assert shipped["lambda_e"] < min(shipped[f"lambda_{c}"] for c in "bcd")
    assert all(shipped.quantity(f"lambda_{c}").uncertainty is not None for c in "bcde")
