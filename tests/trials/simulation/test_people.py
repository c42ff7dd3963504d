"""Who enters a simulated trial."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reprieve.core.errors import InputError
from reprieve.core.instruments import instrument
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.parameters import default_parameters
from reprieve.model.population import cluster_maxima, population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.trials.design.form import Baseline, Entry
from reprieve.trials.simulation.baseline import remembered, with_baseline
from reprieve.trials.simulation.people import allocation, enrol, enters, given_out, read_before, replicate_seed
from reprieve.trials.simulation.plan import plan
from tests.tolerance import close, monte_carlo
from tests.trials.simulation.cases import KETAMINE, design

WIDE = Baseline(caps5_mean=40.0, caps5_sd=8.0)


def test_everybody_meets_the_entry_criterion() -> None:
    """Invariant: the reading at screening lies within the limits, and nobody who met it was passed over."""
    asked = design(entry=Entry(minimum=42, maximum=50, screening_day=-7), baseline=WIDE)

    people, screened = enrol(asked, 5, 60, default_parameters())

    reading = read_before("caps5", -7, people, default_parameters())
    assert reading.min() >= 42
    assert reading.max() <= 50
    everybody = with_baseline(population(screened, 5), WIDE)
    assert everybody.ids[enters(asked, everybody, default_parameters())].tolist() == people.ids.tolist()
    assert screened == people.ids[-1] + 1


def test_those_who_enter_high_read_lower_later() -> None:
    """Closed form: E(later | entry) moves back by the share of the reading's variance that is not lasting.

    Without truncation later = mean + (reading - mean) (var latent + rho var fluctuation) / var reading.
    """
    p = default_parameters()
    asked = design(entry=Entry(minimum=46, screening_day=-10), baseline=WIDE)
    people, _ = enrol(asked, 3, 1500, p)

    at_screening, later = (read_before("caps5", day, people, p) for day in (-10, 0))

    latent, moving, error = 8.0**2, p["caps5_fluctuation_sd_points"] ** 2, p["caps5_error_sd_points"] ** 2
    kept = (latent + np.exp(-10 / p["fluctuation_time_d"]) * moving) / (latent + moving + error + 1 / 12)
    expected = 40 + kept * (at_screening - 40)
    gap = later - expected
    assert kept < 0.8
    assert close(gap.mean(), 0.0, monte_carlo(k=4, se=float(gap.std()) / np.sqrt(len(gap))))


def test_the_reading_before_treatment_is_that_of_the_simulation() -> None:
    """Independent implementation: `simulate` reads the same on day 0 before the first infusion."""
    people = population(30, 9)
    run = simulate(Regimen.parse(KETAMINE), people, time_h=np.array([0.0, 24.0]))

    for score in ("caps5", "pcl5", "iesr"):
        assert np.all(read_before(score, 0, people, default_parameters()) == run.values[f"{score}_observed"][:, 0])


def test_a_criterion_that_nobody_meets_is_refused() -> None:
    """Invariant: fewer than 1 in 1000 is an error that names the field."""
    with pytest.raises(InputError, match=r"^entry: .*1 in 1000"):
        enrol(design(entry=Entry(minimum=79)), 1, 10, default_parameters())


def test_patients_do_not_depend_on_how_many_are_enrolled() -> None:
    """Invariant: the first patients of a larger trial are those of a smaller one."""
    asked = design(entry=Entry(minimum=40))

    few, many = (enrol(asked, 4, n, default_parameters())[0] for n in (20, 90))

    assert few.ids.tolist() == many.ids[:20].tolist()
    assert np.all(few.weight_kg == many.weight_kg[:20])
    assert np.all(few.normals("effect:nondrug_base") == many.normals("effect:nondrug_base")[:20])


def test_patients_who_remember_are_the_same_patients() -> None:
    """Invariant: keeping drawn numbers changes no bit, neither of the whole nor of a part."""
    regimen, times = Regimen.parse(KETAMINE), np.array([0.0, 7.0]) * HOURS_PER_DAY
    plain, kept = population(25, 2), remembered(population(25, 2))
    some = np.array([3, 11, 24])
    simulate(regimen, kept, time_h=times)

    for a, b in ((plain, kept), (plain.take(some), kept.take(some))):
        first, second = (simulate(regimen, who, time_h=times) for who in (a, b))
        assert first.inputs_digest == second.inputs_digest
        for name, value in first.values.items():
            assert np.array_equal(value, second.values[name]), name


@pytest.mark.parametrize(("mean", "sd"), [(40.0, 8.0), (55.0, 15.0), (20.0, 12.0)])
def test_the_baseline_is_the_truncated_normal_asked_for(mean: float, sd: float) -> None:
    """scipy.stats.truncnorm: mean and SD of the latent total; clusters sum to it and fit their scales."""
    people = with_baseline(population(4000, 6, profile="veteran"), Baseline(caps5_mean=mean, caps5_sd=sd))

    total = np.sum(list(people.baseline.values()), axis=0)
    law = stats.truncnorm((0 - mean) / sd, (80 - mean) / sd, loc=mean, scale=sd)
    assert close(total.mean(), law.mean(), monte_carlo(k=4, se=law.std() / np.sqrt(4000)))
    assert close(total.std(), law.std(), monte_carlo(k=4, se=law.std() / np.sqrt(2 * 4000)))
    for name in ("CAPS-5", "PCL-5", "IES-R"):
        for cluster, top in cluster_maxima(name).items():
            if cluster in people.baseline_of(name):
                assert people.baseline_of(name)[cluster].min() >= 0
                assert people.baseline_of(name)[cluster].max() <= top + 1e-9
        assert np.sum(list(people.baseline_of(name).values()), axis=0).max() <= instrument(name).maximum + 1e-9


def test_the_profile_s_own_baseline_is_left_alone() -> None:
    """Invariant: a design that asks for no baseline gets the profile's."""
    people = population(5, 6)

    assert with_baseline(people, Baseline()) is people


@pytest.mark.parametrize("sizes", [(60, 60), (40, 20), (15, 15, 15), (7, 5)])
def test_every_arm_gets_its_patients_in_blocks(sizes: tuple[int, ...]) -> None:
    """Invariant: sizes are exact, and at half time the arms are as far apart as one block allows."""
    given = allocation(8, sizes)

    assert np.bincount(given).tolist() == list(sizes)
    assert not np.array_equal(given, allocation(9, sizes))
    half = np.bincount(given[: len(given) // 2], minlength=len(sizes)) / np.array(sizes)
    if sizes == (60, 60):
        assert np.ptp(half) <= 2 / 60


def test_sites_move_everybody_of_a_site_alike() -> None:
    """Invariant: one shift per site, with the spread asked for."""
    asked = design(sites=200, site_sd_points=3.0)
    people, screened = enrol(asked, 1, 40, default_parameters())

    found = given_out(plan(asked), 1, asked, people, screened)

    assert found.shift is not None
    assert found.site.max() < 200
    assert {round(float(found.shift[found.site == site].std()), 12) for site in set(found.site.tolist())} == {0.0}
    assert given_out(plan(design(sites=3)), 1, design(sites=3), people, screened).shift is None


def test_replicates_have_seeds_of_their_own() -> None:
    """Invariant: a replicate's seed depends on seed and number, and fits 64 bits."""
    seeds = {replicate_seed(seed, number) for seed in (1, 2) for number in range(50)}

    assert len(seeds) == 100
    assert max(seeds) < 2**64
