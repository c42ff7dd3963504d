import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.parameters import load_parameters
from reprieve.model.dropout import day_grid_h, retained
from reprieve.model.individuals import individuals
from reprieve.model.population import population
from tests.model.files import data_file
from tests.tolerance import Tolerance, close

SET = load_parameters(data_file("dropout"))
NO_DOSE, NO_FEELING = np.zeros(0), np.zeros((1, 0))


def one(n: int = 1) -> dict[str, np.ndarray]:
    return individuals(SET, population(n))


def flat(time_h: np.ndarray, points: float, n: int = 1) -> np.ndarray:
    return np.full((n, len(day_grid_h(time_h))), points)


@given(points=st.floats(0, 80), hours=st.floats(0, 3000))
def test_a_constant_score_gives_an_exponential(points: float, hours: float) -> None:
    """Closed form: constant hazard h gives exp(-h t)."""
    time = np.array([hours])

    left = retained(time, flat(time, points), NO_DOSE, NO_FEELING, one())

    hazard = SET["dropout_per_day"] * np.exp(SET["dropout_per_point"] * (points - SET["dropout_reference_points"]))
    assert close(left, [[np.exp(-hazard * hours / 24)]], "closed_form")


def test_days_add_up() -> None:
    """Closed form by hand: two and a half days with scores 40, 60 and 20, worst dissociation 0, 0 and 30."""
    time = np.array([60.0])
    scores = np.array([[40.0, 60.0, 20.0]])

    left = retained(time, scores, np.array([47.0]), np.array([[30.0]]), one())

    a, b, h = (SET[f"dropout_per_{x}"] for x in ("point", "dissociation_point", "day"))
    total = h * (1 + np.exp(20 * a) + 0.5 * np.exp(-20 * a + 30 * b))
    assert close(left, [[np.exp(-total)]], "closed_form")


def test_worst_dissociation_counts_from_its_infusion_and_stays() -> None:
    """Invariant: an infusion changes nothing before it; a milder one later changes nothing at all."""
    time = 24.0 * np.arange(0.0, 11.0)
    starts = np.array([72.0, 144.0])

    none, bad, then_mild = (
        retained(time, flat(time, 40), starts, np.array([peaks]), one())
        for peaks in ([0.0, 0.0], [40.0, 0.0], [40.0, 20.0])
    )

    assert np.array_equal(none[:, :4], bad[:, :4])
    assert np.all(bad[:, 4:] < none[:, 4:])
    assert np.array_equal(bad, then_mild)


@given(times=st.lists(st.floats(-50, 1000), min_size=1, max_size=12))
def test_the_result_does_not_depend_on_the_times_asked_for(times: list[float]) -> None:
    """Invariant: the hazard is set on whole days, so one time asked alone gives the same number."""
    rng = np.random.default_rng(1)
    by_day = rng.uniform(0, 80, (3, 42))
    starts, peaks = np.array([0.0, 48.0]), rng.uniform(0, 60, (3, 2))

    def asked(time: np.ndarray) -> np.ndarray:
        return retained(time, by_day[:, : len(day_grid_h(time))], starts, peaks, one(3))

    together = asked(np.array(times))

    for j, time in enumerate(times):
        assert np.array_equal(asked(np.array([time]))[:, 0], together[:, j])


def test_it_starts_at_one_and_falls() -> None:
    """Invariant: a probability, 1 up to day 0, never rising; worse scores lose more people."""
    time = np.linspace(-48, 42 * 24, 80)

    well, ill = (retained(time, flat(time, points), NO_DOSE, NO_FEELING, one()) for points in (20, 60))

    assert np.all(well[:, time <= 0] == 1)
    assert np.all(np.diff(well) <= 0)
    assert np.all(ill[:, time > 0] < well[:, time > 0])
    assert np.all((ill > 0) & (ill <= 1))


def test_losses_of_a_long_trial() -> None:
    """NCT02655692, participant flow: 117 of 163 completed about 52 days; one of three trials behind it."""
    time = np.array([52 * 24.0])

    left = retained(time, flat(time, 36), NO_DOSE, NO_FEELING, one())

    assert close(left, [[117 / 163]], Tolerance(0.1, "one pooled hazard for three trials"))


def test_scores_must_cover_the_days() -> None:
    """Invariant: the error names the field and the days needed."""
    with pytest.raises(InputError, match=r"^score_by_day:.*3 days"):
        retained(np.array([70.0]), np.zeros((1, 2)), NO_DOSE, NO_FEELING, one())
