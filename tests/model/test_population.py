from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reprieve.core.errors import InputError
from reprieve.core.instruments import instrument
from reprieve.model.population import Population, cluster_maxima, first_inside, population
from tests.tolerance import close, monte_carlo

N = 20_000
SCALES = ("CAPS-5", "PCL-5", "IES-R")


def total(patients: Population, name: str) -> np.ndarray:
    return np.sum(list(patients.baseline_of(name).values()), axis=0)


def same(a: Population, b: Population) -> bool:
    numbers = ("ids", "weight_kg", "age_y", "female", "hypertension")
    scores = all(
        np.array_equal(a.baseline_of(name)[c], b.baseline_of(name)[c]) for name in SCALES for c in a.baseline_of(name)
    )
    effects = np.array_equal(a.effect("any"), b.effect("any"))
    return scores and effects and all(np.array_equal(getattr(a, x), getattr(b, x)) for x in numbers)


@pytest.mark.parametrize(
    ("profile", "mean", "sd"),
    [("civilian", 38.9, 13.4), ("veteran", 43.5, 11.6)],
    ids=["civilian", "veteran"],
)
def test_age_has_the_published_mean_and_spread(profile: str, mean: float, sd: float) -> None:
    """PTSD-Repository, sample characteristics of Feder 2021 and Abdallah 2022."""
    age = population(N, profile=profile).age_y

    assert close(age.mean(), mean, monte_carlo(k=4, se=sd / sqrt(N)))
    assert close(age.std(), sd, monte_carlo(k=4, se=sd / sqrt(2 * N)))


@pytest.mark.parametrize(("profile", "women"), [("civilian", 23 / 30), ("veteran", 37 / 158)])
def test_share_of_women(profile: str, women: float) -> None:
    """PTSD-Repository: 23 of 30 in Feder 2021, 37 of 158 in Abdallah 2022."""
    female = population(N, profile=profile).female

    assert close(female.mean(), women, monte_carlo(k=4, se=sqrt(women * (1 - women) / N)))


@pytest.mark.parametrize(
    ("profile", "name", "mean", "sd"),
    [("civilian", "CAPS-5", 41, 4.0), ("veteran", "CAPS-5", 39.2, 7.2), ("civilian", "PCL-5", 46.7, 11.1)],
)
def test_baseline_has_the_published_mean(profile: str, name: str, mean: float, sd: float) -> None:
    """PTSD-Repository (Feder 2021: 41; Abdallah 2022: 39.2) and Duek 2023 (PCL-5, both arms: 46.7).

    The spread is the published one less the variance of fluctuation and error (population.toml).
    """
    scores = total(population(N, profile=profile), name)

    # The correlation with severity widens or narrows a truncated total a little: allow 0.3 points.
    assert close(scores.mean(), mean, monte_carlo(k=4, se=0.1))
    assert close(scores.std(), sd, monte_carlo(k=4, se=0.1))


def test_weight_has_the_published_median_and_range() -> None:
    """Perez-Ruixo 2021: median 74 kg, range 39 to 170 kg in 820 people."""
    weight = population(N).weight_kg
    extremes = weight[: 820 * 20].reshape(20, 820)

    assert close(np.median(weight), 74, monte_carlo(k=4, se=74 * 0.23 * 1.2533 / sqrt(N)))
    assert extremes.min(axis=1).mean() < 44
    assert 145 < extremes.max(axis=1).mean() < 181


def test_taking_the_first_draw_inside_samples_the_truncated_distribution() -> None:
    """Independent implementation: scipy.stats.truncnorm, Kolmogorov-Smirnov, false alarm once in 10 000."""
    draws = np.random.default_rng(5).standard_normal((N, 16))

    chosen = first_inside(draws, -0.7, 1.5)

    assert stats.kstest(chosen, stats.truncnorm(-0.7, 1.5).cdf).pvalue > 1e-4


def test_no_draw_inside_gives_the_nearest_end() -> None:
    """Invariant: the result lies in the range whatever was drawn."""
    assert first_inside(np.array([[5.0, 6.0], [-3.0, 9.0]]), 0.0, 1.0).tolist() == [1.0, 0.0]


@given(start=st.integers(0, 10**12), n=st.integers(1, 40), cut=st.integers(0, 40))
def test_patient_i_is_always_patient_i(start: int, n: int, cut: int) -> None:
    """Invariant: any N, any chunk, any start gives the same person for the same id."""
    whole = population(n, seed=3, start=start)
    first = min(cut, n - 1)

    assert same(whole.take(slice(first, n)), population(n - first, seed=3, start=start + first))


def test_cached_effects_stay_with_their_patients() -> None:
    """Invariant: cutting a population after its effects were drawn changes nobody."""
    whole = population(50)
    whole.effect("any")

    assert same(whole.take(slice(10, 20)), population(10, start=10))


def test_seeds_and_effects_differ() -> None:
    """Invariant: another seed is other people; another effect is another number."""
    one, two = population(500, seed=1), population(500, seed=2)

    assert not np.any(one.weight_kg == two.weight_kg)
    assert abs(np.corrcoef(one.effect("a"), one.effect("b"))[0, 1]) < 0.2


@pytest.mark.parametrize("profile", ["civilian", "veteran", "typical"])
@pytest.mark.parametrize("name", SCALES)
def test_baselines_lie_within_their_ranges(profile: str, name: str) -> None:
    """Invariant: no cluster below 0 or above its items times 4; totals within the scale."""
    patients = population(2000, profile=profile)

    for cluster, top in cluster_maxima(name).items():
        scores = patients.baseline_of(name)[cluster]
        assert np.all((scores >= 0) & (scores <= top))
    assert np.all((total(patients, name) > 0) & (total(patients, name) <= instrument(name).maximum))


@pytest.mark.parametrize(("profile", "low"), [("civilian", 30), ("veteran", 23)])
def test_nobody_enters_below_the_threshold(profile: str, low: float) -> None:
    """Feder 2021 (CAPS-5 >= 30, from memory) and Shiroma 2020 (>= 23)."""
    assert total(population(N, profile=profile), "CAPS-5").min() >= low - 1e-9


@given(baseline=st.floats(0.1, 80))
def test_a_fixed_baseline_is_everybodys_total(baseline: float) -> None:
    """Invariant: shares differ between patients, capped at full clusters, and the total stays."""
    patients = population(200, baseline_caps5=baseline)

    assert close(total(patients, "CAPS-5"), np.full(200, baseline), "closed_form")
    for cluster, top in cluster_maxima("CAPS-5").items():
        assert np.all((patients.baseline[cluster] >= 0) & (patients.baseline[cluster] <= top))
    for name in ("PCL-5", "IES-R"):
        assert np.all(total(patients, name) <= instrument(name).maximum)


def test_scales_are_correlated_and_not_converted() -> None:
    """Weathers 2018, abstract: r = 0.66 between CAPS-5 and PCL-5 totals."""
    patients = population(N)
    caps5, pcl5 = total(patients, "CAPS-5"), total(patients, "PCL-5")
    alike = population(N, baseline_caps5=41)

    assert close(np.corrcoef(caps5, pcl5)[0, 1], 0.66, monte_carlo(k=4, se=0.01))
    assert total(alike, "PCL-5").std() > 7


def test_cluster_shares_follow_the_published_means() -> None:
    """Duek 2023, participant-level PCL-5: clusters 11.5, 5.8, 16.0 and 13.3 of 46.7."""
    patients = population(N)
    whole = total(patients, "PCL-5").mean()

    for cluster, mean in {"B": 11.52, "C": 5.78, "D": 16.04, "E": 13.34}.items():
        share = patients.baseline_pcl5[cluster].mean() / whole
        assert close(share, mean / 46.67, monte_carlo(k=4, se=0.0015))


def test_the_typical_patient_has_no_effects() -> None:
    """Invariant: profile typical is 70 kg, 40 years, every random effect zero, everybody the same."""
    patients = population(3, profile="typical")

    assert np.all(patients.effect("any") == 0)
    assert np.all(patients.normals("any", 4) == 0)
    assert patients.weight_kg.tolist() == [70, 70, 70]
    assert patients.age_y.tolist() == [40, 40, 40]
    assert all(np.ptp(values) == 0 for name in SCALES for values in patients.baseline_of(name).values())


def test_a_fixed_weight_is_everybodys() -> None:
    """Invariant: fixing the weight moves nothing else."""
    fixed, free = population(50, weight_kg=82.5), population(50)

    assert np.all(fixed.weight_kg == 82.5)
    assert np.array_equal(fixed.age_y, free.age_y)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"n": 0}, "patients"),
        ({"n": -3}, "patients"),
        ({"n": 2.5}, "patients"),
        ({"n": 3, "start": -1}, "start"),
        ({"n": 3, "profile": "children"}, "profile"),
        ({"n": 3, "baseline_caps5": 0}, "baseline_caps5"),
        ({"n": 3, "baseline_caps5": 81}, "baseline_caps5"),
        ({"n": 3, "baseline_caps5": float("nan")}, "baseline_caps5"),
        ({"n": 3, "weight_kg": 20}, "weight_kg"),
        ({"n": 3, "weight_kg": float("nan")}, "weight_kg"),
        ({"n": 3, "seed": -1}, "seed"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: dict[str, float], field: str) -> None:
    """Invariant: the error names the field, on one line."""
    with pytest.raises(InputError) as caught:
        population(**arguments)  # type: ignore[arg-type]

    assert str(caught.value).startswith(f"{field}:")
    assert "\n" not in str(caught.value)


def test_an_unknown_scale_is_refused() -> None:
    """Invariant: the error names what was asked for."""
    with pytest.raises(InputError, match="instrument: 'MADRS'"):
        population(1).baseline_of("MADRS")
