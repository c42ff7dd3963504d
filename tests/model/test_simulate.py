"""The door of the model room: what it takes, what it refuses, and that it hands on what its rooms compute."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.units import base_amount
from reprieve.model.disposition import Covariates, Options, concentrations, load_model
from reprieve.model.disposition.library import MODELS
from reprieve.model.empirical import score
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population
from reprieve.model.regimen import Basis, Dose, Phase, Regimen, Route, Substance
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation
from tests.strategies import course, infusion
from tests.tolerance import Tolerance, close

RACEMATE, S, R = Substance.RACEMATE, Substance.S, Substance.R
PATIENTS = population(3, seed=2)
SESSION_H = np.concatenate([np.linspace(0.1, 6, 30), [24.0, 168.0]])
NEARLY_EQUAL = Tolerance(1e-4, "one rate moved by 1e-5")
TWO_EVALUATIONS = Tolerance(1e-10, "of the peak: the same modes summed in another order", absolute=True)

RUNS = [
    ("reprieve_iv_default", RACEMATE, Route.IV),
    ("reprieve_iv_default", S, Route.IV),
    ("reprieve_iv_default", R, Route.IV),
    ("otto2021_S", S, Route.IV),
    ("simons2022_S", S, Route.IV),
    ("simons2022_S", S, Route.SUBLINGUAL),
    ("kamp2020_meta3c", RACEMATE, Route.IV),
    ("kamp2020_meta3c", S, Route.IV),
    ("domino", RACEMATE, Route.IV),
    ("clements1981_250", RACEMATE, Route.IV),
    ("perezruixo2021_esk", S, Route.IV),
    ("perezruixo2021_esk", S, Route.NASAL),
    ("perezruixo2021_esk", S, Route.ORAL),
]
REASONS = {
    ("reprieve_iv_default", RACEMATE, Route.NASAL): ("route", "no absorption rate was found"),
    ("reprieve_iv_default", RACEMATE, Route.ORAL): ("route", "no absorption rate was found"),
    ("reprieve_iv_default", RACEMATE, Route.SUBLINGUAL): ("route", "no absorption rate was found"),
    ("reprieve_iv_default", RACEMATE, Route.IM): ("route", "no published human absorption rate"),
    ("reprieve_iv_default", S, Route.NASAL): ("route", "perezruixo2021_esk"),
    ("reprieve_iv_default", S, Route.SUBLINGUAL): ("route", "simons2022_S"),
    ("perezruixo2021_esk", S, Route.IM): ("route", "no published human absorption rate"),
    ("perezruixo2021_esk", RACEMATE, Route.IV): ("substance", "estimated on esketamine alone"),
    ("otto2021_S", R, Route.IV): ("substance", "estimated on S-ketamine alone"),
    ("kamp2020_meta3c", R, Route.IV): ("substance", "pools the racemate and S-ketamine"),
    ("domino", S, Route.IV): ("substance", "estimated on the racemate"),
}


def one_dose(substance: Substance, route: Route, mg_per_kg: float = 0.5) -> Regimen:
    """One dose: 40 min by vein, at once by any other route."""
    dose = infusion(mg_per_kg) if route is Route.IV else Dose(0.0, (Phase(0.0, mg_per_kg),), "mg/kg", route)
    return Regimen((dose,), substance)


def running(**options: Any) -> Simulation:
    """The usual infusion in three patients."""
    held: dict[str, Any] = {"regimen": course(), "patients": PATIENTS, "days": 3} | options
    return simulate(held.pop("regimen"), held.pop("patients"), **held)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("days", 0),
        ("days", -1),
        ("days", np.inf),
        ("days", np.nan),
        ("time_h", []),
        ("time_h", [1.0, -1.0]),
        ("time_h", [1.0, np.nan]),
        ("minutes", [-1.0]),
        ("minutes", [np.inf]),
        ("days", 1e6),
        ("days", "x"),
        ("time_h", "abc"),
        ("time_h", [1e9]),
        ("minutes", 5.0),
        ("minutes", [1e6]),
        ("site", -1),
        ("site", 1.5),
        ("model", "two compartments"),
        ("executor", "gpu"),
        ("variability", -0.5),
        ("variability", np.nan),
    ],
)
def test_bad_arguments_are_refused_by_name(field: str, value: object) -> None:
    """Contract: an `InputError` of one line that names the argument."""
    with pytest.raises(InputError) as caught:
        running(**{field: value})

    assert str(caught.value).startswith(f"{field}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("belief", [0, 1, -0.1, 2])
def test_a_clamped_belief_is_a_probability(belief: float) -> None:
    """Contract: certainty has no logit, so belief lies strictly between 0 and 1."""
    with pytest.raises(InputError, match="belief"):
        Links(belief=belief)


@pytest.mark.parametrize(("model", "substance", "route"), RUNS)
def test_every_published_model_runs_through(model: str, substance: Substance, route: Route) -> None:
    """Independent evaluation: plasma equals the disposition room's own; behind it block, benefit and scores move."""
    regimen = one_dose(substance, route)
    run = simulate(regimen, PATIENTS, model=model, time_h=SESSION_H)
    held = load_model(model)
    people = Covariates(PATIENTS.weight_kg, PATIENTS.age_y, PATIENTS.female)
    ind = individuals(held.parameters, PATIENTS)
    names = [n for n in held.modes(ind, people, substance).outputs if n != "driver"]
    expected = concentrations(held, regimen, ind, people, SESSION_H, names)

    for name in names:
        found, peak = run.values[f"{name}_ng_per_ml"], expected[name].max()
        assert close(found / peak, expected[name] / peak, TWO_EVALUATIONS), name
    assert all(np.isfinite(values).all() for values in run.values.values())
    assert (run.values["block"].max(axis=1) > 0.01).all()
    assert (run.values["benefit"][:, -1] > 0).all()
    assert 0 < run.error_estimate <= 1e-5


@pytest.mark.parametrize(("model", "substance", "route"), RUNS)
def test_rates_that_meet_are_no_special_case(model: str, substance: Substance, route: Route) -> None:
    """Closed form: concentrations are smooth in the rates, so equal ones give what nearly equal ones give."""
    usual = default_parameters()
    rate = usual["effect_site_rate_per_h"]
    equal, near = (
        simulate(
            one_dose(substance, route),
            population(1, profile="typical"),
            model=model,
            parameters=usual.replace(adaptation_rate_per_h=rate * (1 + gap)),
            time_h=SESSION_H,
            observed=False,
        ).values["adaptation_ng_per_ml"]
        for gap in (0, 1e-5)
    )

    assert equal.max() > 0
    assert close(equal, near, NEARLY_EQUAL)


@pytest.mark.parametrize(("model", "substance", "route"), REASONS)
def test_what_no_model_describes_is_refused_with_the_reason(model: str, substance: Substance, route: Route) -> None:
    """Contract: an `UnsupportedError` names the field and says why."""
    field, reason = REASONS[model, substance, route]
    with pytest.raises(UnsupportedError) as caught:
        simulate(one_dose(substance, route), PATIENTS, model=model)

    assert field in str(caught.value).split(":")[0]
    assert reason in str(caught.value)


def test_everything_else_is_refused() -> None:
    """Invariant: no other pair of a form of ketamine and a route runs in any model."""
    for model, substance, route in product(MODELS, (RACEMATE, S, R), Route):
        if (model, substance, route) not in RUNS:
            with pytest.raises(UnsupportedError):
                simulate(one_dose(substance, route), PATIENTS, model=model, days=1)


def of(substance: Substance) -> Simulation:
    mg_per_kg = {RACEMATE: 0.5, Substance.MIDAZOLAM: 0.045}.get(substance, 0)
    starts = (0.0, 48.0, 96.0)
    doses = tuple(infusion(mg_per_kg, 40, start) for start in starts)
    return simulate(Regimen(doses, substance), population(300, seed=4), days=7, observed=False)


def test_comparators_differ_by_what_they_feel_like() -> None:
    """Invariant: dissociation, and belief with it, grows from saline over midazolam to ketamine."""
    saline, midazolam, active, ketamine = map(
        of, (Substance.SALINE, Substance.MIDAZOLAM, Substance.OTHER_ACTIVE, RACEMATE)
    )

    for name in ("dissociation_peak", "belief"):
        means = [run.felt[name][:, 0].mean() for run in (saline, midazolam, ketamine)]
        assert means == sorted(means), name
        assert means[1] < active.felt[name][:, 0].mean() < means[2], name
    assert ketamine.felt["sbp_peak_mmhg"].mean() > saline.felt["sbp_peak_mmhg"].mean()


def test_without_ketamine_both_models_of_benefit_are_silent() -> None:
    """Closed form: under saline CAPS-5 and its empirical twin are the baseline times 1 - P."""
    run = of(Substance.SALINE)
    zero = np.zeros_like(run.values["placebo"])
    expected = score(run.baseline["caps5"], run.values["placebo"], zero)

    assert close(run.values["caps5"], expected, "closed_form")
    assert close(run.values["caps5_empirical"], expected, "closed_form")


def test_default_times_are_days_and_the_end() -> None:
    """Contract: every whole day up to `days`, and `days` itself."""
    assert running(days=2.5).time_h.tolist() == [0, 24, 48, 60]
    assert running(days=0.5).time_h.tolist() == [0, 12]


def test_times_in_any_order_come_back_sorted_and_once() -> None:
    """Contract: output times are sorted and unique, and the values are theirs."""
    run = running(time_h=[30.0, 1.0, 30.0, 0.5])
    alone = running(time_h=[1.0])

    assert run.time_h.tolist() == [0.5, 1, 30]
    assert close(run.values["block"][:, 1], alone.values["block"][:, 0], "closed_form")


def test_minutes_hold_the_end_of_every_infusion() -> None:
    """Contract: acute effects are given at the minutes asked for and where the drug stops."""
    two = Regimen((infusion(0.5, 40), infusion(0.5, 25, 48)))

    assert running(regimen=two, minutes=[0.0, 90.0]).minute.tolist() == [0, 25, 40, 90]
    assert running().minute.tolist() == [10.0 * m for m in range(13)]


def test_dose_per_kilogram_follows_weight() -> None:
    """Closed form: 35 mg in 70 kg is 0.5 mg/kg; in mg, the heavier patient has less in plasma."""
    usual, heavy = (population(1, profile="typical", weight_kg=weight) for weight in (70, 100))
    fixed = Regimen((Dose(0.0, (Phase(2 / 3, 35.0),), "mg"),))
    name = "ketamine_arterial_ng_per_ml"
    per_kg, in_mg, in_mg_heavy, per_kg_heavy = (
        simulate(regimen, patients, time_h=SESSION_H, observed=False).values[name][0]
        for regimen, patients in ((course(), usual), (fixed, usual), (fixed, heavy), (course(), heavy))
    )

    assert close(in_mg, per_kg, "closed_form")
    assert close(in_mg_heavy * 100 / 70, per_kg_heavy, "closed_form")
    assert in_mg_heavy.max() < in_mg.max()


def test_hydrochloride_is_converted_once() -> None:
    """Closed form: an order of hydrochloride is an order of base times the ratio of their masses."""
    salt = replace(course(0.5), basis=Basis.HCL)

    found, expected = running(regimen=salt), running(regimen=course(base_amount(0.5, Basis.HCL)))
    assert close(found.values["block"], expected.values["block"], "closed_form")
    assert close(found.values["caps5_empirical"], expected.values["caps5_empirical"], "closed_form")


def test_a_site_moves_pressure_alone() -> None:
    """Invariant: the site is a clinic's way of measuring; nothing else depends on it."""
    average, third = running(), running(site=3)

    assert all(np.array_equal(average.values[name], values) for name, values in third.values.items())
    moved = {name for name, values in third.acute.items() if not np.array_equal(average.acute[name], values)}
    assert moved == {"sbp_mmhg", "dbp_mmhg", "heart_rate_per_min"}


def test_readings_are_left_out_if_not_wanted() -> None:
    """Contract: `observed=False` leaves readings and their warnings out and moves nothing else."""
    whole, latent = running(), running(observed=False)

    assert set(whole.values) - set(latent.values) == {f"{name}_observed" for name in ("caps5", "pcl5", "iesr")}
    assert all(np.array_equal(whole.values[name], values) for name, values in latent.values.items())
    assert whole.warnings
    assert not latent.warnings


def test_doses_after_the_last_time_are_named() -> None:
    """Contract: what will not be seen is said, not dropped in silence."""
    run = running(regimen=course(0.5, (0, 2, 4, 7)), days=3)

    assert any("2 doses start after the last output time" in warning for warning in run.warnings)


def test_before_the_first_dose_nothing_happens() -> None:
    """Invariant: a course that starts on day 2 leaves days 0 to 2 at baseline."""
    run = running(regimen=course(0.5, (2,)), days=2)

    assert not run.values["benefit"].any()
    assert close(run.values["caps5"], np.repeat(run.baseline["caps5"][:, None], 3, axis=1), "closed_form")


def test_options_reach_the_kinetics() -> None:
    """Closed form: rifampicin raises clearance by the published factor, so the plateau of a long infusion falls."""
    steady = Regimen((Dose(0.0, (Phase(24.0, 5.0),), "mg/kg"),))
    plain, induced = (
        running(regimen=steady, options=options, time_h=[24.0])
        for options in (Options(), Options(interacting=("rifampicin",)))
    )

    name = "ketamine_venous_ng_per_ml"
    assert (induced.values[name] < plain.values[name]).all()
    assert (induced.values["block"] < plain.values["block"]).all()


def test_a_higher_clearance_leaves_less_drug() -> None:
    """Invariant: of two patients alike but for clearance, the faster one has less in plasma and less benefit."""
    shipped = load_model("reprieve_iv_default")
    faster = shipped.parameters.replace(clk1_l_per_min_70kg=1.3 * shipped.parameters["clk1_l_per_min_70kg"])
    usual = simulate(course(), PATIENTS, time_h=SESSION_H, observed=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reprieve.model.simulate.load_model", lambda name: replace(shipped, parameters=faster))
        quick = simulate(course(), PATIENTS, time_h=SESSION_H, observed=False)

    for name in ("ketamine_arterial_ng_per_ml", "ketamine_venous_ng_per_ml"):
        area = (np.trapezoid(run.values[name], SESSION_H, axis=1) for run in (quick, usual))
        assert (next(area) < next(area)).all()
    assert (quick.values["benefit"][:, -1] < usual.values["benefit"][:, -1]).all()
    assert quick.inputs_digest != usual.inputs_digest


def test_parameters_reach_the_chain() -> None:
    """Closed form: D is proportional to Emax, so half of it in every patient is half of D."""
    halved = default_parameters().replace(benefit_max=0.18)
    typical = population(1, profile="typical")

    whole, half = (running(patients=typical, parameters=p) for p in (default_parameters(), halved))
    expected = whole.values["benefit"] * 0.18 / default_parameters()["benefit_max"]
    assert close(half.values["benefit"], expected, "closed_form")


@pytest.mark.parametrize("link", ["block", "function", "consolidation", "drug", "tolerance"])
def test_every_link_can_be_switched_off(link: str) -> None:
    """Invariant: a switch changes what stands behind it and leaves the kinetics alone."""
    behind = {
        "block": "surge",
        "function": "benefit",
        "consolidation": "consolidated",
        "drug": "benefit",
        "tolerance": "dissociation",
    }
    whole, cut = (
        simulate(course(0.5, (0, 2)), PATIENTS, time_h=SESSION_H, links=links)
        for links in (Links(), replace(Links(), **dict[str, Any]({link: False})))
    )

    name = behind[link]
    first, second = (run.values.get(name, run.acute.get(name)) for run in (whole, cut))
    assert first is not None
    assert second is not None
    assert not np.array_equal(first, second)
    for plasma in (name for name in whole.values if name.endswith("_ng_per_ml")):
        assert np.array_equal(whole.values[plasma], cut.values[plasma])
