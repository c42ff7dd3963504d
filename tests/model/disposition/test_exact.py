"""The modes against matrix exponentials of the whole compartment model, rates that meet included."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reprieve.model.disposition import Covariates, DispositionModel, Modes, concentration, limit, load_model
from reprieve.model.disposition.mammillary import from_clearances
from reprieve.model.disposition.modes import Places
from reprieve.model.disposition.predict import at
from reprieve.model.regimen import Regimen, Route, Substance
from tests.model.disposition.cases import EXPONENTIAL, FORMS, Array, at_once, everything, infusion
from tests.model.disposition.matrices import Inputs, Matrix
from tests.tolerance import close

TIMES_H = np.array([0.2, 0.5, 0.9, 2.0, 6.0, 24.0, 60.0])
ROUTES = {"simons2022_S": [Route.SUBLINGUAL], "perezruixo2021_esk": [Route.NASAL, Route.ORAL]}
FIXED = (
    "pk_",
    "residual",
    "qh_age",
    "device",
    "d1_min",
    "d2_min",
    "d_swallowed",
    "d_oral",
    "fm_",
    "frn_later",
)
SHARES = ("frn", "f_gut", "f1_mucosal", "venous_slow_share")
# A modest gain keeps the comparison at rounding: see `amplification`.
CALM = 1e3
FIRST = np.array([0])


def one(values: dict[str, float], weight_kg: float) -> tuple[dict[str, Array], Covariates]:
    people = Covariates(np.array([weight_kg]), np.array([0.0]), np.array([False]))
    return {name: np.array([value]) for name, value in values.items()}, people


def population_values(name: str) -> dict[str, float]:
    return {key: quantity.value for key, quantity in load_model(name).parameters.quantities.items()}


def moved(name: str, factors: list[float]) -> dict[str, float]:
    """Population values times factors, shares kept below 1."""
    values = population_values(name)
    for key, factor in zip(values, factors, strict=False):
        if not key.startswith(FIXED):
            values[key] = min(values[key] * factor, 0.9) if key in SHARES else values[key] * factor
    return values


def by_matrix(name: str, regimen: Regimen, p: dict[str, float], weight_kg: float) -> dict[str, Array]:
    return Matrix(name, p, weight_kg).curves(inputs(name, regimen, p), TIMES_H)


def inputs(name: str, regimen: Regimen, p: dict[str, float]) -> Inputs:
    """Where the drug of the first dose goes, worked out by hand from the papers."""
    dose = regimen.doses[0]
    mg, length = dose.amount, dose.duration_h
    if dose.route == Route.SUBLINGUAL:
        mucosal = ({"mucosa": mg * p["f1_mucosal"]}, 0.0, p["d1_min"] / 60)
        return [mucosal, ({"gut": mg * p["f2_swallowed"]}, 0.0, p["d2_min"] / 60)]
    if dose.route == Route.NASAL:
        nose = p["frn"] * (min(mg, 28.0) + max(mg - 28.0, 0.0) * p["frn_later"])
        return [
            ({"nose": nose}, 0.0, 0.0),
            ({"gut_nasal": (mg - nose) * p["f_gut"]}, 0.0, p["d_swallowed_h"]),
        ]
    if dose.route == Route.ORAL:
        return [({"gut_oral": mg * p["f_gut"]}, 0.0, p["d_oral_h"])]
    if name == "reprieve_iv_default":
        return [({"S": mg / 2, "R": mg / 2}, 0.0, length)]
    return [({"S": mg}, 0.0, length)]


CASES = [(name, Route.IV) for name in FORMS] + [(name, route) for name, held in ROUTES.items() for route in held]


@pytest.mark.parametrize(("name", "route"), CASES)
@settings(max_examples=12, deadline=None)
@given(factors=st.lists(st.floats(0.5, 2.0), min_size=30, max_size=30), weight=st.floats(45.0, 130.0))
def test_modes_against_the_matrix_exponential(name: str, route: Route, factors: list[float], weight: float) -> None:
    """Independent implementation: scipy.linalg.expm of the compartment matrix, any parameters, all routes."""
    model, p = load_model(name), moved(name, factors)
    regimen = infusion(1.0, 30, FORMS[name]) if route == Route.IV else at_once(35.0, route)
    ind, people = one(p, weight)
    assume(model.modes(ind, people, regimen.substance).amplification[0] < CALM)

    found = everything(model, regimen, ind, people, TIMES_H)

    scale = 1 if route == Route.IV else 1 / 35  # keeps all routes at a few ng/mL
    for output, expected in by_matrix(name, regimen, p, weight).items():
        assert close(found[output][0] * scale, expected * scale, EXPONENTIAL)


def block_rates(p: dict[str, float]) -> tuple[Array, Array, Array]:
    """Rates of the default's S-parent, norketamine and hydroxynorketamine blocks at 70 kg."""

    def rates(clearance: float, volume: float, *pairs: tuple[float, float]) -> Array:
        arrays = [(np.array([flow]), np.array([size])) for flow, size in pairs]
        return from_clearances(np.array([clearance]), np.array([volume]), *arrays).rate_per_h[:, 0]

    parent = rates(
        p["clk1_l_per_min_70kg"] * 60,
        p["vk1_l_70kg"],
        (p["clk2_l_per_min_70kg"] * 60, p["vk2_l_70kg"]),
        (p["clk3_l_per_min_70kg"] * 60, p["vk3_l_70kg"]),
    )
    norketamine = rates(p["cln_l_per_h_70kg"], p["vn_l_70kg"], (p["qn_l_per_h"], p["vpn_l"]))
    hnk = rates(p["clh1_l_per_min_70kg"] * 60, p["vh1_l_70kg"], (p["clh2_l_per_min_70kg"] * 60, p["vh2_l_70kg"]))
    return parent, norketamine, hnk


def norketamine_to(p: dict[str, float], rate: float, place: int) -> None:
    factor = rate / block_rates(p)[1][place]
    p["cln_l_per_h_70kg"] *= factor
    p["qn_l_per_h"] *= factor


def hydroxynorketamine_to(p: dict[str, float], rate: float) -> None:
    factor = rate / block_rates(p)[2][1]
    p["clh1_l_per_min_70kg"] *= factor
    p["clh2_l_per_min_70kg"] *= factor


def terminal_pair(p: dict[str, float], gap: float) -> None:
    norketamine_to(p, block_rates(p)[0][2] * (1 + gap), 1)


def terminal_three(p: dict[str, float], gap: float) -> None:
    terminal = block_rates(p)[0][2]
    norketamine_to(p, terminal * (1 + gap), 1)
    hydroxynorketamine_to(p, terminal * (1 - gap))


def venous_pair(p: dict[str, float], gap: float) -> None:
    p["venous_slow_rate_per_h"] = float(block_rates(p)[0][1]) * (1 + gap)


def transit_and_norketamine(p: dict[str, float], gap: float) -> None:
    p["mtt_k_nk_min"] = 120 / (block_rates(p)[1][0] * (1 + gap))


def transit_norketamine_and_parent(p: dict[str, float], gap: float) -> None:
    middle = block_rates(p)[0][1]
    norketamine_to(p, middle * (1 + gap), 0)
    p["mtt_k_nk_min"] = 120 / (middle * (1 - gap))


def both_transits(p: dict[str, float], gap: float) -> None:
    p["mtt_nk_hnk_min"] = p["mtt_k_nk_min"] * (1 + gap)


MEETINGS = [
    terminal_pair,
    terminal_three,
    venous_pair,
    transit_and_norketamine,
    transit_norketamine_and_parent,
    both_transits,
]


@pytest.mark.parametrize("gap", [0.0, 1e-9, 1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("meet", MEETINGS)
def test_rates_that_meet(meet: Callable[[dict[str, float], float], None], gap: float) -> None:
    """Independent implementation: matrix exponential at and near equality of two to four rates."""
    name = "reprieve_iv_default"
    p = population_values(name)
    meet(p, gap)
    regimen = infusion(1.0, 30, Substance.RACEMATE)
    ind, people = one(p, 70.0)

    found = everything(load_model(name), regimen, ind, people, TIMES_H)

    for output, expected in by_matrix(name, regimen, p, 70.0).items():
        assert close(found[output][0], expected, "solver")


def test_meeting_rates_are_noticed() -> None:
    """Invariant: the typical patient needs no limit, exactly equal rates do, and nothing is infinite."""
    model = load_model("reprieve_iv_default")
    p = population_values(model.name)
    calm = model.modes(*one(p, 70.0), Substance.RACEMATE)
    p["venous_slow_rate_per_h"] = float(calm.rate_per_h[1, 0])
    equal = model.modes(*one(p, 70.0), Substance.RACEMATE)

    assert not calm.meeting.any()
    assert equal.meeting.all()
    assert all(np.isfinite(values).all() for values in equal.gain.values())


def filtered_twice(model: DispositionModel, p: dict[str, float], rates: tuple[float, float]) -> Modes:
    ind, people = one(p, 70.0)

    def build(places: Places, separation: Array) -> Modes:
        modes = model.modes(*at(ind, people, places), FORMS[model.name], separation=separation)
        first = modes.filtered("driver", np.full(places.size, rates[0]), "effect_site")
        return first.filtered("effect_site", np.full(places.size, rates[1]), "adaptation")

    modes = build(FIRST, np.zeros(1))
    return limit(build, FIRST) if modes.meeting.any() else modes


@pytest.mark.parametrize("rates", [(6.0, 1.5), (6.0, 6.0), (6.0, 6.0000001)])
@pytest.mark.parametrize("name", ["reprieve_iv_default", "otto2021_S"])
def test_filters_against_the_matrix_exponential(name: str, rates: tuple[float, float]) -> None:
    """Independent implementation: matrix exponential with two more states, equal filter rates included."""
    model, p = load_model(name), population_values(name)
    regimen = infusion(1.0, 30, FORMS[name])
    ind, people = one(p, 70.0)
    matrix = Matrix(name, p, 70.0)
    source = "ketamine_arterial" if name == "reprieve_iv_default" else "ketamine_venous"
    matrix.follow(source, "effect_site", rates[0])
    matrix.follow("effect_site", "adaptation", rates[1])

    expected = matrix.curves(inputs(name, regimen, p), TIMES_H)

    modes = filtered_twice(model, p, rates)
    schedule = model.schedule(regimen, ind, people)

    for output in ("effect_site", "adaptation"):
        assert close(concentration(modes, schedule, output, TIMES_H)[0], expected[output], "solver")


def test_filters_added_before_or_after_the_limit() -> None:
    """Invariant: a filter on separated modes is the same as separated modes of a filter."""
    model = load_model("otto2021_S")
    ind, people = one(population_values(model.name), 70.0)

    def build(places: Places, separation: Array) -> Modes:
        return model.modes(*at(ind, people, places), Substance.S, separation=separation)

    def filtering(places: Places, separation: Array) -> Modes:
        return build(places, separation).filtered("driver", np.full(places.size, 4.0), "effect_site")

    before = limit(filtering, FIRST)
    after = limit(build, FIRST).filtered("driver", np.array([4.0]), "effect_site")
    schedule = model.schedule(infusion(10, 30, Substance.S), ind, people)
    first, second = (concentration(modes, schedule, "effect_site", TIMES_H) for modes in (before, after))

    assert close(first, second, EXPONENTIAL)


def test_limit_of_calm_patients_is_the_patient() -> None:
    """Invariant: where no rates meet, the limit and the modes themselves agree."""
    model = load_model("reprieve_iv_default")
    ind, people = one(population_values(model.name), 70.0)
    schedule = model.schedule(infusion(1.0, 30, Substance.RACEMATE), ind, people)
    modes = model.modes(ind, people, Substance.RACEMATE)

    def build(places: Places, separation: Array) -> Modes:
        return model.modes(*at(ind, people, places), Substance.RACEMATE, separation=separation)

    parted = limit(build, FIRST)

    for output in modes.outputs:
        expected = concentration(modes, schedule, output, TIMES_H)
        assert close(concentration(parted, schedule, output, TIMES_H), expected, EXPONENTIAL)
