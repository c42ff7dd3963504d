"""Blood pressure and heart rate by minute.

    y = baseline + rise * h(X) * site + visit + minute
    h(X) = (X / Xr) (Xh + Xr) / (Xh + X)     1 at Xr, the typical adult at the end of 0.5 mg/kg in 40 min
    baseline = own value + age and hypertension terms ;  rise = own value + age and hypertension terms

X is the acting concentration (adaptation.py). There is no tolerance over infusions. `site` is one number per
site: clinics differ three- to fivefold in the mean rise. `visit` moves an infusion, `minute` one reading.
The minute noise of both pressures is one draw: cuff readings move together.

Source: Vankawala 2021 for the mean rise and the spread between sites; Yale 2024 for the spread between
patients and the age term; Riva-Posse 2018 and the Guangzhou series: no tolerance; Szarmach 2020: back at
baseline within 90 minutes of the end. Baselines are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.core.random import normal
from reprieve.model.population import Population
from reprieve.model.tolerability.adaptation import acting

type Array = NDArray[np.float64]

OUTPUTS = {"sbp": "sbp_mmhg", "dbp": "dbp_mmhg", "heart_rate": "heart_rate_per_min"}
_SITE, _VISIT, _MINUTE = "pressure:site", "pressure:visit", "pressure:minute:"


def response(
    effect_site: Array,
    adaptation: Array,
    patients: Population,
    ind: Mapping[str, Array],
    seed: int,
    noise: bool = True,
    site: int | None = 0,
) -> dict[str, Array]:
    """Return `sbp_mmhg`, `dbp_mmhg` and `heart_rate_per_min`, each of shape (n, k, m).

    `effect_site` and `adaptation` are concentrations in ng/mL by patient, infusion and minute. `site` is the
    number of the site, `None` the average one. `noise=False` leaves out visit and minute noise.
    A patient's numbers do not change with the other patients, later infusions or later minutes. The typical
    patient has the average site and no noise.
    """
    typical = patients.profile == "typical"
    lift = relative_rise(acting(effect_site, adaptation, ind), ind) * _site(
        ind, seed, None if typical else site
    )
    values = {
        name: _baseline(key, patients, ind) + _rise(key, patients, ind) * lift
        for key, name in OUTPUTS.items()
    }
    if noise and not typical:
        _add_noise(values, patients, ind, seed)
    return values


def relative_rise(acting_ng_per_ml: Array, ind: Mapping[str, Array]) -> Array:
    """Return h(X): the rise relative to that at the reference concentration, shape of X; zero at zero."""
    reference = ind["pressure_reference_ng_per_ml"][:, None, None]
    half = ind["pressure_half_ng_per_ml"][:, None, None]
    return np.asarray(acting_ng_per_ml / reference * (half + reference) / (half + acting_ng_per_ml))


def site_factor(seed: int, site: int, sd: float) -> float:
    """Return the factor of one site on every rise: normal with mean 1 and spread `sd`, never negative."""
    return max(0, 1 + sd * float(normal(seed, _SITE, [site])[0, 0]))


def _site(ind: Mapping[str, Array], seed: int, site: int | None) -> float:
    if site is None or not len(ind["pressure_site_sd"]):
        return 1
    return site_factor(seed, site, float(ind["pressure_site_sd"][0]))


def _baseline(key: str, patients: Population, ind: Mapping[str, Array]) -> Array:
    own = ind[f"{key}_baseline_{_unit(key)}"]
    if key == "heart_rate":
        return own[:, None, None]
    years = patients.age_y - ind["pressure_reference_age_y"]
    terms = (
        ind[f"{key}_baseline_per_year_mmhg"] * years
        + ind[f"{key}_baseline_hypertension_mmhg"] * patients.hypertension
    )
    return np.asarray(own + terms)[:, None, None]


def _rise(key: str, patients: Population, ind: Mapping[str, Array]) -> Array:
    own = ind[f"{key}_rise_{_unit(key)}"]
    if key == "heart_rate":
        return own[:, None, None]
    terms = ind[f"{key}_rise_hypertension_mmhg"] * patients.hypertension
    if key == "sbp":
        terms = terms + ind["sbp_rise_per_year_mmhg"] * (patients.age_y - ind["pressure_reference_age_y"])
    return np.asarray(own + terms)[:, None, None]


def _unit(key: str) -> str:
    return OUTPUTS[key].removeprefix(f"{key}_")


def _add_noise(values: dict[str, Array], patients: Population, ind: Mapping[str, Array], seed: int) -> None:
    _, infusions, minutes = values["sbp_mmhg"].shape
    visit = normal(seed, _VISIT, patients.ids, 2 * infusions)
    for k in range(infusions):
        minute = normal(seed, f"{_MINUTE}{k}", patients.ids, 2 * minutes)
        for key, name in OUTPUTS.items():
            column = int(key == "heart_rate")
            unit = _unit(key)
            values[name][:, k, :] += ind[f"{key}_visit_sd_{unit}"][:, None] * visit[:, [2 * k + column]]
            values[name][:, k, :] += ind[f"{key}_minute_sd_{unit}"][:, None] * minute[:, column::2]
