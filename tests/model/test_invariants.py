"""What must hold for a whole simulation whatever the regimen, the patients and their variability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reprieve.core.instruments import instrument
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.parameters import default_parameters
from reprieve.model.population import Population, population
from reprieve.model.regimen import Regimen, Substance
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation
from reprieve.model.symptoms import SCORES
from tests.model.engine.constants import constants
from tests.strategies import (
    HOURS_PER_DAY,
    Array,
    Case,
    around,
    cases,
    comparators,
    course,
    courses,
    infusion,
    populations,
    scaled,
    seeds,
    shifted,
)
from tests.tolerance import FLOOR, Tolerance, close

SIX = course(0.5, (0, 2, 4, 7, 9, 11))
ROUNDED_AWAY = 1e-9  # share of the peak below which rounding and interpolation decide the order of two values
STATES = ("signal", "functional", "labile", "consolidated", "benefit")
# Shares of an output's peak: terms of the modes may be 1e3 times their sum (`amplification_limit`), and so is rounding.
OTHER_SIZE = Tolerance(1e-10, "the same patient in arrays of another size, where sums round differently", absolute=True)
TWO_GRIDS = Tolerance(2e-5, "two answers, each within the accuracy of 1e-5")
OTHER_DOSE = Tolerance(1e-10, "the same curve at another scale: rounding of terms that cancel", absolute=True)
EXECUTORS = Tolerance(1e-10, "two orders of summation: rounding of terms that cancel", absolute=True)


def run_of(case: Case, regimen: Regimen | None = None, time_h: Array | None = None, **options: Any) -> Simulation:
    """The case, or its patients under another regimen or at other times."""
    times = around(case.regimen) if time_h is None else time_h
    return simulate(regimen or case.regimen, case.patients, time_h=times, variability=case.variability, **options)


def everything(run: Simulation) -> dict[str, Array]:
    """Every array of a simulation with patients along the first axis."""
    parts = {"values": run.values, "acute": run.acute, "felt": run.felt, "baseline": run.baseline}
    return {f"{part}.{name}": values for part, held in parts.items() for name, values in held.items()}


def plasma(run: Simulation) -> dict[str, Array]:
    return {name: values for name, values in run.values.items() if name.endswith("_ng_per_ml")}


def alike(found: Mapping[str, Array], expected: Mapping[str, Array], kind: str | Tolerance) -> None:
    """Fail naming the output that differs. Values count as shares of their output's peak."""
    assert list(found) == list(expected)
    for name, values in found.items():
        peak = max(np.abs(expected[name]).max(initial=0), FLOOR)
        try:
            assert close(values / peak, expected[name] / peak, kind)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None


@settings(max_examples=12)
@given(cases(), st.floats(0.1, 2))
def test_plasma_is_linear_in_dose(case: Case, factor: float) -> None:
    """Invariant: every concentration is proportional to the dose."""
    one, other = run_of(case), run_of(case, scaled(case.regimen, factor))

    alike(plasma(other), {name: factor * values for name, values in plasma(one).items()}, OTHER_DOSE)


@settings(max_examples=12)
@given(cases())
def test_plasma_of_a_course_is_the_sum_of_its_infusions(case: Case) -> None:
    """Invariant: concentrations superpose."""
    times = around(case.regimen)
    whole = plasma(run_of(case))
    parts = [plasma(run_of(case, Regimen((dose,)), times)) for dose in case.regimen.doses]

    alike(whole, {name: np.sum([part[name] for part in parts], axis=0) for name in whole}, OTHER_DOSE)


@settings(max_examples=12)
@given(cases(), st.sampled_from([24.0, 7.25, 300.0]))
def test_a_later_course_is_the_same_course_later(case: Case, by_h: float) -> None:
    """Invariant: a shift in time moves everything with it; what counts calendar days is left out."""
    times = around(case.regimen)
    early = run_of(case, time_h=times, observed=False)
    late = run_of(case, shifted(case.regimen, by_h), np.append([0.0], times + by_h), observed=False)
    moved = {name: values[:, 1:] for name, values in late.values.items() if name != "retained"}

    alike(moved, {name: values for name, values in early.values.items() if name != "retained"}, "states")
    alike(late.acute, early.acute, "states")
    alike(late.felt, early.felt, "states")
    assert not any(late.values[name][:, 0].any() for name in (*STATES, *plasma(late), "placebo"))


@settings(max_examples=12)
@given(cases(usual=True))
def test_patients_do_not_know_each_other(case: Case) -> None:
    """Invariant: in any order, and alone, a patient gets the numbers they get in company."""
    order = np.arange(len(case.patients))[::-1].copy()
    whole = everything(run_of(case))
    turned = everything(run_of(replace(case, patients=case.patients.take(order))))
    last = everything(run_of(replace(case, patients=case.patients.take(order[:1]))))

    alike(turned, {name: values[order] for name, values in whole.items()}, OTHER_SIZE)
    alike(last, {name: values[order[:1]] for name, values in whole.items()}, OTHER_SIZE)


@settings(max_examples=12)
@given(seeds, courses(most=2, usual=True))
def test_patient_i_is_patient_i_for_any_number(seed: int, regimen: Regimen) -> None:
    """Invariant: the first three of seven are three, and the one started at id 4 is the fifth of seven."""
    seven, three, fifth = (
        everything(simulate(regimen, population(n, seed, start=start), days=9)) for n, start in ((7, 0), (3, 0), (1, 4))
    )

    alike(three, {name: values[:3] for name, values in seven.items()}, OTHER_SIZE)
    alike(fifth, {name: values[4:5] for name, values in seven.items()}, OTHER_SIZE)


@settings(max_examples=12)
@given(cases())
def test_a_hard_neighbour_moves_nobody_visibly(case: Case) -> None:
    """Invariant: where wide populations make a group move to a finer grid, nobody moves by more than the accuracy."""
    whole = run_of(case, observed=False)
    alone = run_of(replace(case, patients=case.patients.take(slice(0, 1))), observed=False)

    alike(alone.values, {name: values[:1] for name, values in whole.values.items()}, TWO_GRIDS)


@pytest.mark.parametrize("changed", [{"simulation_chunk": 3}, {"numpy_chunk": 2}, {"simulation_chunk": 1}], ids=str)
def test_chunks_do_not_matter(changed: dict[str, int]) -> None:
    """Invariant: patients are worked through in chunks of any size with the same result."""
    patients = population(8, seed=3)
    whole = simulate(SIX, patients, days=20)
    with constants(**changed):
        chunked = simulate(SIX, patients, days=20)

    alike(everything(chunked), everything(whole), OTHER_SIZE)
    assert chunked.inputs_digest == whole.inputs_digest


def test_progress_is_told_every_patient_once() -> None:
    """Invariant: progress adds up to the population, chunk by chunk."""
    told: list[int] = []
    with constants(simulation_chunk=3):
        simulate(course(), population(8), days=2, progress=told.append)

    assert told == [3, 3, 2]


@settings(max_examples=12)
@given(cases())
def test_both_executors_agree(case: Case) -> None:
    """Independent executors: NumPy arrays and the compiled kernel give the same numbers."""
    alike(everything(run_of(case, executor="numba")), everything(run_of(case, executor="numpy")), EXECUTORS)


@settings(max_examples=12)
@given(populations(), st.floats(0.05, 0.4), st.floats(1.02, 2))
def test_more_drug_blocks_more_and_helps_more(patients: Population, mg_per_kg: float, factor: float) -> None:
    """Invariant: below R0 / 2 a larger dose gives more of everything from plasma to benefit, at all times."""
    times = around(course())
    less, more = (
        simulate(course(dose), patients, time_h=times, observed=False) for dose in (mg_per_kg, mg_per_kg * factor)
    )
    assume(more.values["block"].max() < default_parameters()["surge_zero"] / 2)

    for name in (*plasma(less), "block", "surge", *STATES):
        low, high = less.values[name], more.values[name]
        there = low > ROUNDED_AWAY * low.max()
        assert there.any(), name
        assert (high > low)[there].all(), name


@settings(max_examples=12)
@given(cases())
def test_nothing_is_negative(case: Case) -> None:
    """Invariant: concentrations and states are never below 0, however little is left."""
    run = run_of(case, time_h=np.linspace(0, 240, 481), observed=False)

    assert [n for n in (*plasma(run), "block", "surge", *STATES) if (run.values[n] < 0).any()] == []


@settings(max_examples=12)
@given(cases())
def test_states_stay_in_their_bounds(case: Case) -> None:
    """Invariant: block < 1, surge <= R0 / 4, S <= Smax, D < Emax, P < 1; everything is finite."""
    run = run_of(case)
    ind = individuals(default_parameters(), case.patients, case.variability)

    def most(name: str) -> Array:
        return run.values[name].max(axis=1)

    assert all(np.isfinite(values).all() for values in everything(run).values())
    assert (most("block") < 1).all()
    assert (most("surge") <= ind["surge_zero"] / 4).all()
    assert (most("labile") <= ind["labile_max"]).all()
    assert (most("benefit") < ind["benefit_max"]).all()
    assert (most("placebo") < 1).all()


@settings(max_examples=12)
@given(cases())
def test_readings_stay_on_their_scales(case: Case) -> None:
    """Invariant: readings are whole points of the instrument; clusters add up; probabilities are probabilities."""
    run = run_of(case)

    for key, name in SCORES.items():
        scale, reading = instrument(name), run.values[f"{key}_observed"]
        assert scale.minimum <= reading.min() <= reading.max() <= scale.maximum
        assert np.array_equal(reading, np.rint(reading))
        assert (run.values[key] >= 0).all()
    clusters = np.sum([run.values[f"cluster_{c}"] for c in "bcde"], axis=0)
    assert close(run.values["caps5"], clusters, "closed_form")
    for probability in (run.values["retained"], run.felt["belief"], run.felt["nausea"], run.acute["sedation"]):
        assert probability.min() >= 0
        assert probability.max() <= 1
    assert (np.diff(run.values["retained"], axis=1) <= 0).all()


@settings(max_examples=12)
@given(populations(), comparators())
def test_scores_start_at_baseline(patients: Population, regimen: Regimen) -> None:
    """Invariant: before the first infusion every latent score is the baseline."""
    run = simulate(shifted(regimen, HOURS_PER_DAY), patients, days=3)

    for key in SCORES:
        assert close(run.values[key][:, 0], run.baseline[key], "closed_form")
    assert np.array_equal(run.values["retained"][:, 0], np.ones(len(patients)))


@settings(max_examples=12)
@given(populations(), st.floats(0.1, 0.9), st.floats(0.05, 3))
def test_a_pause_gives_everything_and_a_stop_less(patients: Population, at: float, pause_h: float) -> None:
    """Closed form: exposure over all time is amount times AUC per mg, so a pause keeps it and a stop cuts it.

    The area is taken from the values: after a week what is left is below 1e-6 of the peak.
    """
    dose = infusion(0.5)
    given_h = dose.duration_h * at
    regimens = [Regimen((x,)) for x in (dose, dose.paused(given_h, pause_h), dose.stopped(given_h))]
    edges = [0.0, given_h, dose.duration_h, given_h + pause_h, dose.duration_h + pause_h]
    time_h, weight = quadrature(np.unique(edges), 24.0 * 7)
    plain, paused, stopped = (
        simulate(regimen, patients, time_h=time_h, observed=False).values["ketamine_venous_ng_per_ml"] @ weight
        for regimen in regimens
    )

    assert close(paused, plain, QUADRATURE)
    assert close(stopped, at * plain, QUADRATURE)


QUADRATURE = Tolerance(1e-5, "Gauss quadrature of a week on graded pieces, and what is left after it")


def quadrature(edges_h: Array, end_h: float) -> tuple[Array, Array]:
    """Nodes and weights of a Gauss rule on pieces that start small after every edge."""
    node, weight = np.polynomial.legendre.leggauss(8)
    later = edges_h[-1] + np.geomspace(0.05, end_h, 25)
    cuts = [edges_h[0]]
    for edge in edges_h[1:]:
        cuts += [*(cuts[-1] + (edge - cuts[-1]) * np.array([0.1, 0.4])), edge]
    all_cuts = np.concatenate([cuts, later])
    length = np.diff(all_cuts)[:, None]
    nodes = all_cuts[:-1, None] + length * (node + 1) / 2
    return nodes.ravel(), (length * weight / 2).ravel()


@settings(max_examples=12)
@given(populations(), st.floats(0.1, 0.9))
def test_a_stopped_infusion_helps_less(patients: Population, at: float) -> None:
    """Invariant: below R0 / 2 less drug is less benefit, whenever the infusion was stopped."""
    dose = infusion(0.4)
    whole, cut = (
        simulate(Regimen((x,)), patients, days=10, observed=False).values
        for x in (dose, dose.stopped(dose.duration_h * at))
    )
    assume(whole["block"].max() < default_parameters()["surge_zero"] / 2)

    assert (cut["benefit"][:, 1:] < whole["benefit"][:, 1:]).all()


more_times = st.lists(st.floats(0, 14 * 24), min_size=1, max_size=4)


def with_more_times(case: Case, more_h: list[float], kind: str | Tolerance) -> None:
    """Compare the values at the same times with and without others between them."""
    few_h = around(case.regimen)
    many_h = np.unique([*few_h, *(x for x in more_h if x < few_h[-1])])
    few, many = run_of(case), run_of(case, time_h=many_h)
    kept = np.searchsorted(many_h, few_h)

    alike({name: values[:, kept] for name, values in many.values.items()}, few.values, kind)
    alike(many.acute, few.acute, kind)
    alike(many.felt, few.felt, kind)


@settings(max_examples=12)
@given(cases(usual=True), more_times)
def test_asking_for_more_times_changes_nothing(case: Case, more_h: list[float]) -> None:
    """Invariant: an output time added within the course leaves the values at the others."""
    with_more_times(case, more_h, OTHER_SIZE)


@settings(max_examples=12)
@given(cases(), more_times)
def test_asking_for_a_hard_time_moves_nothing_visibly(case: Case, more_h: list[float]) -> None:
    """Invariant: where a time asks for a finer grid, the others move by no more than the accuracy."""
    with_more_times(case, more_h, TWO_GRIDS)


@settings(max_examples=12)
@given(cases(), st.integers(1, 60))
def test_following_longer_changes_nothing(case: Case, days: int) -> None:
    """Invariant: a longer follow-up leaves the course, up to the engine's own accuracy: its last element grows."""
    few_h = around(case.regimen)
    short, long = run_of(case), run_of(case, time_h=np.append(few_h, few_h[-1] + HOURS_PER_DAY * days))

    alike(
        {name: values[:, :-1] for name, values in long.values.items() if not name.endswith("_observed")},
        {name: values for name, values in short.values.items() if not name.endswith("_observed")},
        "states",
    )


def test_result_is_frozen() -> None:
    """Invariant (house rule 4): a result cannot be given other fields, and carries warnings and what is assumed."""
    run = simulate(course(), population(2), days=3)

    with pytest.raises(FrozenInstanceError):
        run.model = "another"  # type: ignore[misc]
    assert any("caps5_observed" in warning for warning in run.warnings)
    assert "benefit_max" in run.assumed
    assert run.versions["reprieve"]
    assert 0 <= run.error_estimate <= 1e-5


PATIENTS = population(2, seed=1)
BASE = {"regimen": course(0.5, (0, 2)), "patients": PATIENTS, "days": 3}
OTHERS: dict[str, dict[str, object]] = {
    "dose": {"regimen": course(0.51, (0, 2))},
    "days of dosing": {"regimen": course(0.5, (0, 3))},
    "length of infusion": {"regimen": course(0.5, (0, 2), minutes=41)},
    "substance": {"regimen": replace(course(0.5, (0, 2)), substance=Substance.S)},
    "seed": {"patients": population(2, seed=2)},
    "number of patients": {"patients": population(3, seed=1)},
    "ids": {"patients": population(2, seed=1, start=1)},
    "profile": {"patients": population(2, seed=1, profile="veteran")},
    "weight": {"patients": population(2, seed=1, weight_kg=70)},
    "baseline": {"patients": population(2, seed=1, baseline_caps5=40)},
    "age": {"patients": replace(PATIENTS, age_y=PATIENTS.age_y + 1)},
    "hypertension": {"patients": replace(PATIENTS, hypertension=~PATIENTS.hypertension)},
    "follow-up": {"days": 4},
    "output times": {"time_h": np.array([0.0, 1.0])},
    "minutes": {"minutes": np.array([0.0, 15.0])},
    "disposition": {"model": "kamp2020_meta3c"},
    "one parameter": {"parameters": default_parameters().replace(benefit_half=1.01)},
    "links": {"links": Links(tolerance=False)},
    "belief": {"links": Links(belief=0.5)},
    "variability": {"variability": 0.5},
    "site": {"site": 3},
    "readings": {"observed": False},
}


def digest_of(**changed: object) -> str:
    held = {**BASE, **changed}
    regimen, patients = held.pop("regimen"), held.pop("patients")
    return simulate(regimen, patients, **held).inputs_digest  # type: ignore[arg-type]


def test_digest_is_stable() -> None:
    """Invariant: the same input has the same digest, with either executor."""
    assert digest_of() == digest_of() == digest_of(executor="numba")


@pytest.mark.parametrize("what", OTHERS)
def test_digest_tells_inputs_apart(what: str) -> None:
    """Invariant: whatever changes the result changes the digest."""
    assert digest_of(**OTHERS[what]) != digest_of()
