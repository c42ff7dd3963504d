"""What the models refuse and with which reason; routes, options, sampling, transcription."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.model.disposition import (
    MODELS,
    Covariates,
    Options,
    concentrations,
    load_model,
    pk,
    residual,
)
from reprieve.model.disposition.predict import typical
from reprieve.model.regimen import Dose, Phase, Regimen, Route, Substance
from tests.model.disposition.cases import FORMS, at_once, curves, infusion
from tests.tolerance import close, monte_carlo

S, RACEMATE, R = Substance.S, Substance.RACEMATE, Substance.R


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("herd2007", "children"),
        ("hornik2018", "children"),
        ("flint2017_S", "children"),
        ("hijazi2003", "intensive"),
    ],
)
def test_models_of_children_and_intensive_care_are_refused(name: str, reason: str) -> None:
    """Contract: a known model that is not for adults in psychiatry is refused with the reason."""
    with pytest.raises(UnsupportedError, match=reason):
        load_model(name)


def test_an_unknown_model_lists_the_known_ones() -> None:
    """Contract: one line that names the field and the choices."""
    with pytest.raises(InputError, match="reprieve_iv_default") as caught:
        load_model("domino2")

    assert caught.value.field == "model"


@pytest.mark.parametrize(
    ("name", "substance"),
    [
        ("otto2021_S", RACEMATE),
        ("simons2022_S", RACEMATE),
        ("perezruixo2021_esk", RACEMATE),
        ("otto2021_S", R),
        ("domino", S),
        ("clements1981_250", S),
        ("kamp2020_meta3c", R),
    ],
)
def test_forms_a_model_does_not_know_are_refused(name: str, substance: Substance) -> None:
    """Contract: a form of ketamine the data did not hold is refused, naming the form and what to do."""
    with pytest.raises(UnsupportedError, match="reprieve_iv_default") as caught:
        curves(name, infusion(35, 40, substance), 70, np.array([1.0]))

    assert caught.value.field == "substance"


@pytest.mark.parametrize(
    ("name", "route", "substance", "reason"),
    [
        ("reprieve_iv_default", Route.IM, RACEMATE, "no published human absorption rate"),
        ("perezruixo2021_esk", Route.IM, S, "no published human absorption rate"),
        ("reprieve_iv_default", Route.NASAL, RACEMATE, "disagree"),
        ("reprieve_iv_default", Route.ORAL, RACEMATE, "no absorption rate"),
        ("reprieve_iv_default", Route.SUBLINGUAL, RACEMATE, "no absorption rate"),
        ("reprieve_iv_default", Route.NASAL, S, "perezruixo2021_esk"),
        ("simons2022_S", Route.ORAL, S, "perezruixo2021_esk"),
        ("perezruixo2021_esk", Route.SUBLINGUAL, S, "simons2022_S"),
    ],
)
def test_routes_without_a_published_rate_are_refused(
    name: str, route: Route, substance: Substance, reason: str
) -> None:
    """Contract: a route without published absorption is refused with the reason or the model that has it."""
    with pytest.raises(UnsupportedError, match=reason) as caught:
        curves(name, at_once(28, route, substance), 70, np.array([1.0]))

    assert caught.value.field == "doses[0].route"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"dose_mg": -1.0}, "dose_mg"),
        ({"dose_mg": math.nan}, "dose_mg"),
        ({"minutes": 0.0}, "minutes"),
        ({"weight_kg": 5.0}, "weight_kg"),
        ({"at_h": []}, "at_h"),
        ({"at_h": [1.0, -1.0]}, "at_h"),
        ({"at_h": [math.inf]}, "at_h"),
    ],
)
def test_impossible_infusions_are_refused(change: dict[str, object], field: str) -> None:
    """Contract: bad input names its field."""
    asked = {
        "model": "reprieve_iv_default",
        "dose_mg": 35.0,
        "minutes": 40.0,
        "weight_kg": 70.0,
        "at_h": [1.0],
    }
    with pytest.raises(InputError) as caught:
        pk(**(asked | change))  # type: ignore[arg-type]

    assert caught.value.field == field


def test_nasal_devices_and_their_parts() -> None:
    """Perez-Ruixo 2021, Table 3: nose 0.54 of the first 28 mg, 0.62 times that of later ones; gut 0.64."""
    model = load_model("perezruixo2021_esk")
    ind, people = typical(model, 74.0)
    schedule = model.schedule(at_once(84, Route.NASAL), ind, people)
    in_nose = 0.54 * 28 * (1 + 2 * 0.62)
    nasal, gut = model.ports.index("nasal"), model.ports.index("nasal_swallowed")

    assert schedule.port.tolist() == [nasal, gut, gut]
    assert close(schedule.impulse_mg[:, 0], [in_nose, 0.0, 0.0], "closed_form")
    assert close(schedule.step_mg_per_h[1, 0] * 0.53, (84 - in_nose) * 0.64, "closed_form")
    assert close(schedule.time_h, [0.0, 0.0, 0.53], "closed_form")


def test_dose_per_kilogram_uses_each_patients_weight() -> None:
    """Closed form: 0.5 mg/kg in 60 and 90 kg are 30 and 45 mg."""
    model = load_model("reprieve_iv_default")
    ind = {name: np.full(2, q.value) for name, q in model.parameters.quantities.items()}
    people = Covariates(np.array([60.0, 90.0]), np.zeros(2), np.zeros(2, dtype=bool))
    regimen = Regimen((Dose(0.0, (Phase(0.5, 0.5),), "mg/kg"),))

    schedule = model.schedule(regimen, ind, people)

    assert close(schedule.step_mg_per_h[0], [60.0, 90.0], "closed_form")


def area(options: Options, output: str, female: bool = False, age: float = 40.0) -> float:
    """Plateau of 1 mg/h, which is the area after 1 mg."""
    model = load_model("reprieve_iv_default")
    ind, _ = typical(model, 70.0)
    people = Covariates(np.array([70.0]), np.array([age]), np.array([female]))
    return float(model.modes(ind, people, S, options).steady[output][0, 0])


def test_options_are_off_by_default() -> None:
    """Invariant: without options neither sex nor age changes anything."""
    plain = area(Options(), "ketamine_arterial")

    assert area(Options(), "ketamine_arterial", female=True, age=85.0) == plain


def test_each_option_moves_the_area_as_its_source_says() -> None:
    """Sigtermans 2009 (sex), Li 2015 (CYP2B6), Peltoniemi 2012 (rifampicin), Perez-Ruixo 2021 (age)."""
    plain, metabolite = area(Options(), "ketamine_arterial"), area(Options(), "norketamine")
    women = Options(sex=True)

    assert close(area(women, "ketamine_arterial", female=True), plain / 1.2, "closed_form")
    assert area(women, "ketamine_arterial") == plain
    assert close(area(Options(cyp2b6="*6/*6"), "ketamine_arterial"), plain * 68.1 / 21.6, "closed_form")
    assert close(area(Options(cyp2b6="*1/*1"), "ketamine_arterial"), plain, "closed_form")
    rifampicin = Options(interacting=("rifampicin",))
    assert close(area(rifampicin, "ketamine_venous"), 0.88 * plain, "closed_form")
    assert close(area(rifampicin, "norketamine"), 0.5 * metabolite, "closed_form")
    assert close(area(Options(interacting=("itraconazole",)), "ketamine_venous"), plain, "closed_form")
    aged = area(Options(age=True), "ketamine_arterial", age=70.0)
    assert round(100 * (plain / aged - 1)) == -11
    assert close(area(Options(age=True), "ketamine_arterial", age=60.0), plain, "closed_form")


@pytest.mark.parametrize("drug", ["clarithromycin", "ticlopidine"])
def test_oral_fold_changes_are_not_carried_over(drug: str) -> None:
    """Contract: an interaction known by mouth only is refused, because it is a first-pass effect."""
    with pytest.raises(UnsupportedError, match="first-pass"):
        Options(interacting=(drug,))


@pytest.mark.parametrize("options", [{"cyp2b6": "*2/*2"}, {"interacting": ("grapefruit",)}, {"ancestry": "martian"}])
def test_unknown_options_are_refused(options: dict[str, object]) -> None:
    """Contract: an unknown choice lists the known ones."""
    with pytest.raises(InputError, match="must be one of"):
        Options(**options)  # type: ignore[arg-type]


def test_options_a_model_cannot_serve_are_refused() -> None:
    """Contract: ancestry belongs to one model, which has no single clearance; rifampicin is for infusions."""
    time_h = np.array([1.0])

    def ask(name: str, regimen: Regimen, options: Options) -> None:
        model = load_model(name)
        ind, people = typical(model, 70.0)
        concentrations(model, regimen, ind, people, time_h, options=options)

    with pytest.raises(UnsupportedError, match="ancestry"):
        ask("otto2021_S", infusion(10, 30, S), Options(ancestry="asian"))
    with pytest.raises(UnsupportedError, match="another model"):
        ask("perezruixo2021_esk", at_once(28, Route.NASAL), Options(sex=True))
    with pytest.raises(UnsupportedError, match="rifampicin"):
        ask("simons2022_S", at_once(50, Route.SUBLINGUAL), Options(interacting=("rifampicin",)))


def test_durations_must_be_shared() -> None:
    """Contract: patients share event times; a duration that varies is refused, not averaged."""
    model = load_model("simons2022_S")
    ind = {name: np.full(2, q.value) for name, q in model.parameters.quantities.items()}
    ind["d1_min"] = np.array([13.0, 14.0])
    people = Covariates(np.full(2, 70.0), np.zeros(2), np.zeros(2, dtype=bool))

    with pytest.raises(InputError, match="same for all patients"):
        model.schedule(at_once(50, Route.SUBLINGUAL), ind, people)


RESIDUALS = {
    ("reprieve_iv_default", "ketamine_venous"): 0.2361,
    ("reprieve_iv_default", "ketamine_arterial"): 0.1095,
    ("otto2021_S", "norketamine"): 0.1426,
}


@pytest.mark.parametrize(("name", "output"), RESIDUALS)
def test_proportional_residual_error(name: str, output: str) -> None:
    """Otto 2021 and Simons 2022: proportional SD, within five standard errors."""
    ids = np.arange(4000)
    values = np.full((4000, 5), 50.0)

    noise = residual(load_model(name), output, values, 3, ids) / 50.0 - 1

    sd = RESIDUALS[name, output]
    assert close(noise.std(), sd, monte_carlo(5, sd / math.sqrt(2 * noise.size)))
    assert close(noise.mean(), 0.0, monte_carlo(5, sd / math.sqrt(noise.size)))


def test_additive_and_logarithmic_residual_error() -> None:
    """Simons 2022 (0.058 nmol/mL of norketamine), Perez-Ruixo 2021 (log SD 0.276): five standard errors."""
    ids, nothing = np.arange(20000), np.zeros((20000, 1))
    additive = residual(load_model("simons2022_S"), "norketamine", nothing, 1, ids)
    drawn = residual(load_model("perezruixo2021_esk"), "ketamine_venous", nothing + 10.0, 1, ids)
    half_normal = 0.058 * 223.70 / math.sqrt(2 * math.pi)

    assert close(additive.mean(), half_normal, monte_carlo(5, 0.058 * 223.70 * 0.59 / math.sqrt(20000)))
    assert close(np.log(drawn / 10).std(), 0.276, monte_carlo(5, 0.276 / math.sqrt(40000)))


def test_residual_error_belongs_to_the_patient() -> None:
    """Invariant: patient i gets the same error in any company."""
    model, values = load_model("otto2021_S"), np.full((6, 3), 20.0)
    ids = np.array([5, 9, 2, 7, 1, 0])

    whole = residual(model, "norketamine", values, 8, ids)

    assert np.array_equal(residual(model, "norketamine", values[:2], 8, ids[2:4]), whole[2:4])


@pytest.mark.parametrize("name", ["domino", "kamp2020_meta3c", "clements1981_250"])
def test_models_without_residual_error_say_so(name: str) -> None:
    """Contract: no residual error is invented."""
    with pytest.raises(UnsupportedError, match="no published residual error"):
        residual(load_model(name), "ketamine_venous", np.ones((1, 1)), 1, np.arange(1))


SPREADS = {
    ("simons2022_S", "vk1_l_70kg"): math.sqrt(0.057),
    ("simons2022_S", "clk1_l_per_min_70kg"): math.sqrt(0.029),
    ("simons2022_S", "vh1_l_70kg"): math.sqrt(1.22),
    ("reprieve_iv_default", "clk1_l_per_min_70kg"): math.sqrt(0.0516),
    ("otto2021_S", "cl_l_per_h_70kg"): math.sqrt(0.026048),
    ("perezruixo2021_esk", "ka_nasal_per_h"): math.sqrt(math.log(1 + 0.615**2)),
    ("perezruixo2021_esk", "kel_per_h"): math.sqrt(math.log(1 + 1.20**2)),
    ("perezruixo2021_esk", "frn"): 0.708,
}


@pytest.mark.parametrize(("name", "quantity"), SPREADS)
def test_spread_between_patients(name: str, quantity: str) -> None:
    """Printed omegas: variance of the logarithm, coefficient of variation, or SD of the logit."""
    between = load_model(name).parameters.quantity(quantity).between

    assert between is not None
    assert between.kind == ("logit_normal" if quantity == "frn" else "lognormal")
    assert close(between.sd, SPREADS[name, quantity], "solver")


@pytest.mark.parametrize("name", ["otto2021_S", "reprieve_iv_default"])
def test_correlated_spreads(name: str) -> None:
    """Otto 2021, Table 3: covariance of norketamine volume and clearance 0.04456."""
    blocks = {block.names: block.covariance for block in load_model(name).parameters.blocks}

    assert blocks["vn_l_70kg", "cln_l_per_h_70kg"][0][1] == 0.04456


def test_every_model_says_what_it_is() -> None:
    """Invariant: title, status, sampling and scaling are stated, and a model without variability has none."""
    for name in MODELS:
        held = load_model(name).parameters
        assert {"title", "status", "sampling", "scaling"} <= set(held.about)
        spread = [quantity for quantity in held.quantities.values() if quantity.between is not None]
        assert bool(spread) == (held.about["status"] != "fixed effects only"), name
    assert set(MODELS) == set(FORMS)


def test_result_of_one_infusion() -> None:
    """Contract of `reprieve pk --json`: keys in order, lists as long as the times; versions stated."""
    result = pk("reprieve_iv_default", 35, 40, 70, [0.25, 0.667])
    table = result.to_json()

    assert list(table) == [
        "model",
        "time_h",
        "ketamine_arterial_ng_per_ml",
        "ketamine_venous_ng_per_ml",
        "norketamine_ng_per_ml",
        "hydroxynorketamine_ng_per_ml",
    ]
    assert all(isinstance(value, list) and len(value) == 2 for key, value in table.items() if key != "model")
    assert result.substance == "ketamine"
    assert result.versions["numeric_semantics"]
    assert result.inputs_digest != pk("reprieve_iv_default", 36, 40, 70, [0.25, 0.667]).inputs_digest
