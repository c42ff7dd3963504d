"""Published and independently computed numbers of every model."""

from __future__ import annotations

import numpy as np
import pytest

from reprieve.model.disposition import Options, concentrations, load_model, pk
from reprieve.model.disposition.predict import typical
from reprieve.model.regimen import Route, Substance
from tests.model.disposition.cases import FORMS, at_once, curves, infusion
from tests.tolerance import Tolerance, close

MINUTES = (40, 60, 80, 110, 230, 1440)

# (model, dose mg, minutes, weight kg, minutes after start, output, ng/mL): matrix exponentials of the listed
# parameters, computed outside this project.
COMPUTED = {
    "T1": ("kamp2020_meta3c", 35, 40, 70, MINUTES, "ketamine_arterial",
           (253.1, 95.86, 73.74, 54.33, 26.74, 0.2711)),
    "T2": ("simons2022_S", 20, 20, 73, (20,), "ketamine_arterial", (258.9,)),
    "T3 ketamine": ("otto2021_S", 10, 30, 68, (30, 60, 120, 300, 600), "ketamine_venous",
                    (50.94, 27.34, 15.37, 5.064, 1.511)),
    "T3 norketamine": ("otto2021_S", 10, 30, 68, (30, 60, 120, 300, 600), "norketamine",
                       (11.81, 20.87, 20.49, 11.71, 5.786)),
    "T4 ketamine": ("simons2022_S", 35, 40, 70, MINUTES, "ketamine_arterial",
                    (288.7, 90.66, 62.88, 42.16, 20.87, 0.2689)),
    "T4 norketamine": ("simons2022_S", 35, 40, 70, MINUTES, "norketamine",
                       (68.89, 75.89, 59.42, 47.29, 35.42, 1.874)),
    "T4 hydroxynorketamine": ("simons2022_S", 35, 40, 70, MINUTES, "hydroxynorketamine",
                              (20.87, 29.54, 28.5, 27.83, 27.87, 2.177)),
    "T5 ketamine": ("otto2021_S", 35, 40, 70, MINUTES, "ketamine_venous",
                    (158.0, 103.8, 78.77, 59.53, 26.73, 1.097)),
    "T5 norketamine": ("otto2021_S", 35, 40, 70, MINUTES, "norketamine",
                       (47.09, 68.45, 74.39, 73.15, 51.14, 4.675)),
    "T6": ("domino", 35, 40, 70, MINUTES, "ketamine_venous", (240.3, 55.11, 45.81, 38.07, 18.42, 0.01223)),
    "T7 arterial": ("reprieve_iv_default", 35, 40, 70, MINUTES, "ketamine_arterial",
                    (292.4, 92.91, 64.72, 43.59, 21.75, 0.3003)),
    "T7 venous": ("reprieve_iv_default", 35, 40, 70, MINUTES, "ketamine_venous",
                  (185.1, 104.5, 87.04, 67.13, 29.87, 0.3518)),
    "T7 norketamine": ("reprieve_iv_default", 35, 40, 70, MINUTES, "norketamine",
                       (49.61, 88.75, 98.94, 89.66, 48.47, 3.552)),
    "T7 hydroxynorketamine": ("reprieve_iv_default", 35, 40, 70, MINUTES, "hydroxynorketamine",
                              (9.953, 21.41, 28.16, 31.77, 29.29, 2.719)),
    "T8 arterial": ("reprieve_iv_default", 35, 40, 100, (40,), "ketamine_arterial", (217.7,)),
    "T8 venous": ("reprieve_iv_default", 35, 40, 100, (40,), "ketamine_venous", (137.9,)),
    "T9 arterial": ("reprieve_iv_default", 7, 2, 70, (2, 10), "ketamine_arterial", (405.6, 44.31)),
    "T9 venous": ("reprieve_iv_default", 7, 2, 70, (10,), "ketamine_venous", (31.04,)),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPUTED)
def test_concentrations_of_listed_parameters(case: str) -> None:
    """Independent computation: matrix exponentials of the listed parameters (cases T1 to T9)."""
    model, dose, minutes, weight, at, output, expected = COMPUTED[case]

    found = curves(model, infusion(dose, minutes, FORMS[model]), weight, np.array(at) / 60)[output]

    assert close(found, expected, "published_pk")


def test_hydroxynorketamine_peak_of_the_default() -> None:
    """Independent computation (case T7): 32.3 ng/mL at 133 min after 35 mg over 40 min, 70 kg."""
    time_h = np.arange(60, 241) / 60

    found = curves("reprieve_iv_default", infusion(35, 40, Substance.RACEMATE), 70, time_h)["hydroxynorketamine"]

    assert close(found.max(), 32.3, "published_pk")
    assert abs(time_h[found.argmax()] * 60 - 133) <= 1


OTTO_HOURS = (0.5, 1, 2, 3, 5, 6, 8, 10)
OTTO = {
    "ketamine_venous": (50.90, 27.30, 15.40, 10.30, 5.06, 3.72, 2.23, 1.51),
    "norketamine": (11.80, 20.90, 20.50, 17.10, 11.70, 9.90, 7.41, 5.79),
}


@pytest.mark.parametrize("output", OTTO)
def test_otto_against_an_independent_engine(output: str) -> None:
    """nlmixr2lib vignette of Otto 2021 (rxode2): 16 values of a typical 68 kg adult, 10 mg over 30 min."""
    printed = Tolerance(6e-3, "printed to three digits by another engine")

    found = curves("otto2021_S", infusion(10, 30, Substance.S), 68, np.array(OTTO_HOURS))[output]

    assert close(found, OTTO[output], printed)


# Perez-Ruixo 2021, Table 4: ancestry, age, mg -> esketamine Cmax and AUC0-24h, noresketamine Cmax.
PEREZ_TABLE_4 = {
    (None, 45.0): {28: (43.8, 147.3, 59.1), 56: (72.5, 254.7, 119.7), 84: (101.0, 362.2, 180.0)},
    ("asian", 45.0): {28: (44.1, 158.2, 73.4), 56: (73.2, 275.9, 148.5), 84: (102.4, 393.5, 223.5)},
    ("japanese", 45.0): {28: (57.5, 194.7, 72.1), 56: (94.5, 335.1, 146.3), 84: (131.3, 475.4, 220.4)},
    (None, 70.0): {28: (44.6, 160.4, 57.3), 56: (73.8, 275.8, 117.2), 84: (102.7, 391.2, 177.0)},
    ("asian", 70.0): {28: (44.9, 171.0, 71.4), 56: (74.4, 296.3, 145.9), 84: (103.8, 421.5, 220.4)},
    ("japanese", 70.0): {28: (58.8, 212.2, 69.0), 56: (96.5, 363.1, 141.7), 84: (133.8, 513.9, 214.4)},
}


@pytest.mark.parametrize(("ancestry", "age"), PEREZ_TABLE_4)
def test_perez_ruixo_table_4(ancestry: str | None, age: float) -> None:
    """Perez-Ruixo 2021, Table 4, six strata, nasal: Cmax 4 %, AUC 5 %, noresketamine Cmax 3 %."""
    limits = [Tolerance(limit, "typical values printed in Table 4") for limit in (0.04, 0.05, 0.03)]
    model = load_model("perezruixo2021_esk")
    ind, people = typical(model, 74.0, age)
    time_h = np.linspace(0, 24, 2401)
    for dose, expected in PEREZ_TABLE_4[ancestry, age].items():
        found = concentrations(
            model, at_once(dose, Route.NASAL), ind, people, time_h, options=Options(ancestry=ancestry)
        )
        ketamine, norketamine = found["ketamine_venous"][0], found["norketamine"][0]
        values = (ketamine.max(), np.trapezoid(ketamine, time_h), norketamine.max())

        assert all(close(value, truth, limit) for value, truth, limit in zip(values, expected, limits, strict=True))


def test_film_against_an_independent_engine() -> None:
    """nlmixr2lib vignette of Simons 2022 (rxode2): film peaks and metabolite AUC 0-6 h of a typical adult."""
    printed = Tolerance(6e-3, "printed to three digits by another engine, trapezoid of half-minute steps")
    time_h = np.arange(0, 721) / 120

    found = curves("simons2022_S", at_once(50, Route.SUBLINGUAL), 70, time_h)
    double = curves("simons2022_S", at_once(100, Route.SUBLINGUAL), 70, time_h)

    assert close(found["ketamine_arterial"].max(), 85.9, printed)
    assert close(double["ketamine_arterial"].max(), 171.8, printed)
    assert close(np.trapezoid(found["norketamine"], time_h * 60), 36287.4, printed)
    assert close(np.trapezoid(found["hydroxynorketamine"], time_h * 60), 23367.4, printed)


@pytest.mark.parametrize(("film_mg", "published"), [(50, 273.0), (100, 260.0)])
def test_arterial_peak_after_a_film(film_mg: float, published: float) -> None:
    """Simons 2022, Results: mean arterial peak after 20 mg over 20 min, 6 h after a film; 6 %."""
    at = np.array([20 / 60])
    alone = curves("simons2022_S", infusion(20, 20, Substance.S), 73, at)["ketamine_arterial"]
    residue = curves("simons2022_S", at_once(film_mg, Route.SUBLINGUAL), 73, at + 6)["ketamine_arterial"]

    assert close(alone + residue, [published], Tolerance(0.06, "means of 20 subjects of 53 to 93 kg"))


def test_domino_volume_and_clearance() -> None:
    """stanpumpR unit test: V2 10.57 L, CL 1.932 L/min at 70 kg."""
    held = load_model("domino").parameters
    volume = held["v1_l_per_kg"] * 70

    assert close(volume * held["k12_per_min"] / held["k21_per_min"], 10.57, "published_pk")
    assert close(volume * held["k10_per_min"], 1.932, "published_pk")


def test_context_sensitive_half_times() -> None:
    """Independent computation: first whole minute at or below half, after infusions of 40, 60 and 120 min."""
    expected = {
        ("reprieve_iv_default", "ketamine_arterial"): (5, 7, 13),
        ("reprieve_iv_default", "ketamine_venous"): (34, 45, 60),
        ("otto2021_S", "ketamine_venous"): (40, 48, 63),
        ("kamp2020_meta3c", "ketamine_arterial"): (9, 13, 25),
        ("domino", "ketamine_venous"): (2, 3, 7),
    }
    for (model, output), minutes in expected.items():
        for length, half in zip((40, 60, 120), minutes, strict=True):
            after = np.arange(90)
            curve = curves(model, infusion(35, length, FORMS[model]), 70, (length + after) / 60)[output]
            found = after[np.argmax(curve <= curve[0] / 2)]
            assert found == half, (model, length, found)


def test_sampling_site_of_each_model() -> None:
    """Contract of `reprieve pk`: arterial-like and venous models fill their own list, the default both."""
    filled = {}
    for name in FORMS:
        table = pk(name, 35, 40, 70, [0.5]).to_json()
        filled[name] = tuple(key.split("_ng")[0] for key, value in table.items() if isinstance(value, list))[1:]

    assert filled == {
        "reprieve_iv_default": ("ketamine_arterial", "ketamine_venous", "norketamine", "hydroxynorketamine"),
        "otto2021_S": ("ketamine_venous", "norketamine"),
        "simons2022_S": ("ketamine_arterial", "norketamine", "hydroxynorketamine"),
        "kamp2020_meta3c": ("ketamine_arterial",),
        "domino": ("ketamine_venous",),
        "clements1981_250": ("ketamine_venous",),
        "perezruixo2021_esk": ("ketamine_venous", "norketamine"),
    }
