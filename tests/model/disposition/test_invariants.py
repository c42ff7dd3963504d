"""What must hold whatever the parameters: linearity, superposition, shift, mass, order of patients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.model.disposition import Covariates, concentration, concentrations, load_model
from reprieve.model.disposition.schedule import schedule_of
from reprieve.model.individuals import individuals
from reprieve.model.population import population
from reprieve.model.regimen import Basis, Dose, Phase, Regimen, Substance
from tests.model.disposition.cases import FORMS, ROUNDING, Array, curves, infusion
from tests.tolerance import Tolerance, close

TIMES_H = np.array([0.0, 0.3, 0.667, 1.0, 4.0, 24.0, 72.0])


def course(*starts_h: float, mg: float = 35.0) -> Regimen:
    return Regimen(tuple(Dose(start, (Phase(2 / 3, mg),), "mg") for start in starts_h))


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=5, deadline=None)
@given(factor=st.floats(0.05, 8.0))
def test_linear_in_dose(name: str, factor: float) -> None:
    """Invariant: concentrations are proportional to the dose."""
    single = curves(name, infusion(20, 40, FORMS[name]), 70, TIMES_H)
    scaled = curves(name, infusion(20 * factor, 40, FORMS[name]), 70, TIMES_H)

    assert all(close(scaled[output], factor * single[output], ROUNDING) for output in single)


def test_superposition() -> None:
    """Invariant: three infusions are the sum of three single ones."""
    name, time_h = "reprieve_iv_default", np.linspace(0, 120, 241)
    together = curves(name, course(0.0, 48.0, 96.5), 70, time_h)
    apart = [curves(name, course(start), 70, time_h) for start in (0.0, 48.0, 96.5)]

    for output in together:
        assert close(together[output], sum(one[output] for one in apart), ROUNDING)


@pytest.mark.parametrize("shift_h", [0.25, 24.0, 1000.0])
def test_time_shift(shift_h: float) -> None:
    """Invariant: a later start moves the curve and nothing else; before it there is nothing."""
    name = "reprieve_iv_default"
    early = curves(name, course(0.0), 70, TIMES_H)
    late = curves(name, course(shift_h), 70, np.append(TIMES_H + shift_h, shift_h / 2))

    for output in early:
        assert close(late[output][:-1], early[output], "solver")
        assert late[output][-1] == 0


def test_an_infusion_cut_into_phases_is_the_same_infusion() -> None:
    """Invariant: phases of equal rate, or a pause of almost no time, change nothing."""
    name = "reprieve_iv_default"
    whole = curves(name, course(0.0), 70, TIMES_H)
    cut = (Phase(1 / 6, 8.75), Phase(1 / 4, 13.125), Phase(1 / 4, 13.125))

    found = curves(name, Regimen((Dose(0.0, cut, "mg"),)), 70, TIMES_H)

    assert all(close(found[output], whole[output], ROUNDING) for output in whole)


def test_a_pause_is_two_infusions() -> None:
    """Invariant: half, a pause, half equals two separate infusions."""
    name = "reprieve_iv_default"
    paused = Regimen((Dose(0.0, (Phase(1 / 3, 17.5), Phase(0.5, 0.0), Phase(1 / 3, 17.5)), "mg"),))
    halves = [Regimen((Dose(start, (Phase(1 / 3, 17.5),), "mg"),)) for start in (0.0, 1 / 3 + 0.5)]

    found = curves(name, paused, 70, TIMES_H)
    parts = [curves(name, half, 70, TIMES_H) for half in halves]

    assert all(close(found[output], parts[0][output] + parts[1][output], ROUNDING) for output in found)


def test_a_short_infusion_becomes_a_bolus() -> None:
    """Closed form: a bolus starts at dose / V; an infusion of a second is within 1 % of it a minute later."""
    model = load_model("kamp2020_meta3c")
    ind = {name: np.array([q.value]) for name, q in model.parameters.quantities.items()}
    people = Covariates(np.array([70.0]), np.array([0.0]), np.array([False]))
    modes = model.modes(ind, people, Substance.RACEMATE)
    bolus = schedule_of([(0, 0.0, 0.0, np.array([10.0]))], 1)
    quick = schedule_of([(0, 0.0, 1 / 3600, np.array([10.0]))], 1)
    at = np.array([0.0, 1e-12, 1 / 60])
    first, second = (concentration(modes, held, "ketamine_arterial", at)[0] for held in (bolus, quick))

    assert first[0] == 0
    assert close(first[1], 10 / 25 * 1000, "solver")
    assert close(second[2], first[2], Tolerance(0.01, "half a second of decline"))


@pytest.fixture(scope="module")
def crowd() -> tuple[dict[str, dict[str, Array]], Covariates]:
    patients = population(200, seed=11)
    people = Covariates(patients.weight_kg, patients.age_y, patients.female)
    return {name: individuals(load_model(name).parameters, patients) for name in FORMS}, people


Crowd = tuple[dict[str, dict[str, Array]], Covariates]


def test_area_times_clearance_is_the_dose(crowd: Crowd) -> None:
    """Closed form: AUC(0-inf) of 1 mg times clearance is 1 mg; arterial and venous areas are equal."""
    ind, people = crowd[0]["reprieve_iv_default"], crowd[1]
    model = load_model("reprieve_iv_default")
    clearance = ind["clk1_l_per_min_70kg"] * 60 * (people.weight_kg / 70) ** 0.75

    # The area after 1 mg is the plateau of 1 mg/h.
    steady = model.modes(ind, people, Substance.S).steady
    racemate = model.modes(ind, people, Substance.RACEMATE).steady

    assert close(steady["ketamine_arterial"][0] * clearance / 1000, np.ones(200), "closed_form")
    assert close(steady["ketamine_venous"], steady["ketamine_arterial"], "closed_form")
    assert close(racemate["ketamine_venous"], racemate["ketamine_arterial"], "closed_form")
    assert close(racemate["r_ketamine"][0] * clearance * 0.944 / 1000, np.full(200, 0.5), "closed_form")


def test_mass_reaches_the_metabolites(crowd: Crowd) -> None:
    """Closed form: norketamine area times clearance is the dose; 56 % of it leaves as hydroxynorketamine."""
    ind, people = crowd[0]["reprieve_iv_default"], crowd[1]
    steady = load_model("reprieve_iv_default").modes(ind, people, Substance.RACEMATE).steady
    flow = (people.weight_kg / 70) ** 0.75
    norketamine = steady["norketamine"][0] * ind["cln_l_per_h_70kg"] * flow / 1000
    hnk = steady["hydroxynorketamine"][0] * ind["clh1_l_per_min_70kg"] * 60 * flow / 1000

    assert close(norketamine, np.ones(200), "closed_form")
    assert close(hnk, np.full(200, 0.56 * 239.70 / 237.73), "closed_form")


def test_hepatic_first_pass_of_perez_ruixo(crowd: Crowd) -> None:
    """Closed form: the oral area is Fgut (1 - E) of the intravenous one, E = CLint / (Qh + CLint)."""
    ind, people = crowd[0]["perezruixo2021_esk"], crowd[1]
    young = Covariates(people.weight_kg, np.full(200, 40.0), people.female)
    model = load_model("perezruixo2021_esk")
    steady = model.modes(ind, young, Substance.S).steady["ketamine_venous"]
    intrinsic = ind["vh_l"] * (ind["kel_per_h"] + ind["kmet_per_h"])
    kept = ind["qh_l_per_h"] / (ind["qh_l_per_h"] + intrinsic)
    iv, oral = model.ports.index("iv"), model.ports.index("oral")

    assert close(steady[oral] / steady[iv], kept, "closed_form")
    assert close(steady[iv] * intrinsic * kept / 1000, np.ones(200), "closed_form")


@pytest.mark.parametrize("name", FORMS)
def test_nothing_is_negative_or_lost_at_late_times(name: str, crowd: Crowd) -> None:
    """Invariant: values are finite and not negative, and after three months nothing is left."""
    ind, people = crowd[0][name], crowd[1]
    model = load_model(name)
    regimen = Regimen((Dose(0.0, (Phase(2 / 3, 0.5),), "mg/kg"),), FORMS[name])
    time_h = np.append(np.linspace(0, 12, 100), 2200.0)

    for values in concentrations(model, regimen, ind, people, time_h).values():
        assert np.isfinite(values).all()
        assert (values >= 0).all()
        assert (values[:, -1] < 1e-6).all()
        assert (values[:, 1:-1] > 0).all()


def test_every_step_up_is_followed_down_exactly(crowd: Crowd) -> None:
    """Invariant: the rates of a schedule return to exactly zero, so no plateau is left behind."""
    ind, people = crowd[0]["reprieve_iv_default"], crowd[1]
    phases = (Phase(1 / 7, 0.1), Phase(1 / 11, 0.3), Phase(1 / 13, 0.07))
    regimen = Regimen((Dose(0.1, phases, "mg/kg"), Dose(50.3, phases, "mg/kg")))

    schedule = load_model("reprieve_iv_default").schedule(regimen, ind, people)

    total = np.zeros(200)
    for step in schedule.step_mg_per_h:
        total = total + step
    assert (total == 0).all()
    assert (np.diff(schedule.time_h) > 0).all()


@pytest.mark.parametrize("substance", [Substance.SALINE, Substance.MIDAZOLAM, Substance.OTHER_ACTIVE])
def test_no_ketamine_gives_exactly_nothing(substance: Substance) -> None:
    """Invariant: a comparator leaves every concentration at exactly zero."""
    amount = 2.0 if substance == Substance.MIDAZOLAM else 0.0
    regimen = Regimen((Dose(0.0, (Phase(2 / 3, amount),), "mg"),), substance)

    found = curves("reprieve_iv_default", regimen, 70, TIMES_H)

    assert all((values == 0).all() for values in found.values())


def test_hydrochloride_counts_as_base() -> None:
    """Label and Simons 2022: 57.7 mg of hydrochloride are 50 mg of base (factor 0.867)."""
    base = curves("reprieve_iv_default", infusion(35, 40, Substance.RACEMATE), 70, TIMES_H)
    salt = infusion(35, 40, Substance.RACEMATE, basis=Basis.HCL)

    found = curves("reprieve_iv_default", salt, 70, TIMES_H)

    assert all(close(found[output], 0.867 * base[output], ROUNDING) for output in base)


def test_patients_do_not_know_each_other(crowd: Crowd) -> None:
    """Invariant: any order and any part of the patients gives each the same numbers."""
    ind, people = crowd[0]["reprieve_iv_default"], crowd[1]
    model, regimen = load_model("reprieve_iv_default"), course(0.0, 48.0)
    whole = concentrations(model, regimen, ind, people, TIMES_H)
    order = np.random.default_rng(1).permutation(200)[:77]
    part = {name: values[order] for name, values in ind.items()}
    few = Covariates(people.weight_kg[order], people.age_y[order], people.female[order])

    found = concentrations(model, regimen, part, few, TIMES_H)

    assert all(np.array_equal(found[output], whole[output][order]) for output in whole)


def test_taking_patients_from_modes(crowd: Crowd) -> None:
    """Invariant: `take` of modes and schedule gives the rows of the whole."""
    ind, people = crowd[0]["reprieve_iv_default"], crowd[1]
    model, few = load_model("reprieve_iv_default"), slice(10, 20)
    modes = model.modes(ind, people, Substance.RACEMATE)
    schedule = model.schedule(course(0.0), ind, people)
    whole = concentration(modes, schedule, "norketamine", TIMES_H)

    assert np.array_equal(concentration(modes.take(few), schedule.take(few), "norketamine", TIMES_H), whole[few])


def test_the_sides_add_up() -> None:
    """Invariant: S and R of the racemate add up to the total; each is half a dose of itself alone."""
    total = curves("reprieve_iv_default", infusion(35, 40, Substance.RACEMATE), 70, TIMES_H)
    s = curves("reprieve_iv_default", infusion(17.5, 40, Substance.S), 70, TIMES_H)
    r = curves("reprieve_iv_default", infusion(17.5, 40, Substance.R), 70, TIMES_H)

    assert close(total["s_ketamine"] + total["r_ketamine"], total["ketamine_arterial"], ROUNDING)
    for output in ("ketamine_venous", "norketamine", "hydroxynorketamine"):
        assert close(s[output] + r[output], total[output], ROUNDING)


def test_driver_is_arterial_where_there_is_one() -> None:
    """Contract: effects follow the arterial concentration, the venous one only in models without it."""
    both = curves("reprieve_iv_default", infusion(35, 40, Substance.RACEMATE), 70, TIMES_H)
    venous = curves("otto2021_S", infusion(35, 40, Substance.S), 70, TIMES_H)

    assert np.array_equal(both["driver"], both["ketamine_arterial"])
    assert np.array_equal(venous["driver"], venous["ketamine_venous"])
