"""From a regimen to inputs per port, and why a route is refused.

An administration that is not an infusion is one dose of duration 0. One nasal administration counts its own
devices: the first 28 mg are absorbed in the nose to a larger share than the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.model.disposition.factors import MINUTES_PER_HOUR
from reprieve.model.disposition.people import Individuals, People
from reprieve.model.disposition.response import Array
from reprieve.model.regimen import Dose, Regimen, Route, Substance

Input = tuple[str, float, float, Array]
Absorption = Callable[[Individuals, float, Array], list[Input]]

NO_RATE = {
    Route.IM: "no published human absorption rate was found (bioavailability is 0.93)",
    Route.NASAL: "for the racemate no absorption rate was found; bioavailabilities disagree (0.11 to 0.45)",
    Route.ORAL: "for the racemate no absorption rate was found (bioavailability is about 0.2)",
    Route.SUBLINGUAL: "for the racemate no absorption rate was found (bioavailability is about 0.3)",
}
OTHER_MODEL = {
    Route.NASAL: "perezruixo2021_esk",
    Route.ORAL: "perezruixo2021_esk",
    Route.SUBLINGUAL: "simons2022_S",
}


def inputs_of(
    regimen: Regimen,
    ind: Individuals,
    people: People,
    absorption: Mapping[Route, Absorption],
    model: str,
    given: Array | None = None,
) -> list[Input]:
    """Inputs (port, start_h, duration_h, amount_mg (n,)) of every dose, in mg of base.

    `given` (n, phases) multiplies the amount of each phase of the regimen, all doses' phases in a row.

    Raises UnsupportedError for a route without published absorption, naming the reason.
    """
    found: list[Input] = []
    phases = 0
    for place, dose in enumerate(regimen.doses):
        scale = people.weight_kg if dose.unit == "mg/kg" else np.ones(len(people.weight_kg))
        scale = scale * regimen.base_amount(1.0)
        if dose.route == Route.IV:
            part = None if given is None else given[:, phases : phases + len(dose.phases)]
            found += _infusion(dose, scale, part)
        elif dose.route in absorption:
            found += absorption[dose.route](ind, dose.start_h, scale * dose.amount)
        else:
            raise refusal(f"doses[{place}].route", dose.route, regimen.substance, model)
        phases += len(dose.phases)
    return found


def _infusion(dose: Dose, scale: Array, given: Array | None) -> list[Input]:
    found, start = [], dose.start_h
    for number, phase in enumerate(dose.phases):
        amount = scale * phase.amount
        found.append(("iv", start, phase.duration_h, amount if given is None else amount * given[:, number]))
        start = start + phase.duration_h
    return found


def refusal(field: str, route: Route, substance: Substance, model: str) -> UnsupportedError:
    """Why `route` is not available for `substance` in `model`."""
    other = OTHER_MODEL.get(route)
    if other is not None and substance == Substance.S:
        reason = f"model {model} has no absorption by this route"
        return UnsupportedError(field, str(route), reason, f"use model {other}")
    fix = f"esketamine has one in model {other}" if other else "give it as an infusion"
    return UnsupportedError(field, str(route), NO_RATE[route], fix)


def film(ind: Individuals, start_h: float, amount_mg: Array) -> list[Input]:
    """Simons 2022 oral thin film: a mucosal and a swallowed part, both zero-order into a depot."""
    mucosal = shared(ind, "d1_min") / MINUTES_PER_HOUR
    swallowed = shared(ind, "d2_min") / MINUTES_PER_HOUR
    return [
        ("film_mucosal", start_h, mucosal, amount_mg * ind["f1_mucosal"]),
        ("film_swallowed", start_h, swallowed, amount_mg * ind["f2_swallowed"]),
    ]


def nasal(ind: Individuals, start_h: float, amount_mg: Array) -> list[Input]:
    """Perez-Ruixo 2021 nasal spray: the first device, later devices, and what is swallowed."""
    first = np.minimum(amount_mg, ind["device_mg"])
    share = np.minimum(ind["frn"], 1)
    in_nose = share * (first + (amount_mg - first) * ind["frn_later"])
    swallowed = (amount_mg - in_nose) * ind["f_gut"]
    return [
        ("nasal", start_h, 0.0, in_nose),
        ("nasal_swallowed", start_h, shared(ind, "d_swallowed_h"), swallowed),
    ]


def oral(ind: Individuals, start_h: float, amount_mg: Array) -> list[Input]:
    """Perez-Ruixo 2021 oral solution: zero-order into the gut depot."""
    return [("oral", start_h, shared(ind, "d_oral_h"), amount_mg * ind["f_gut"])]


def shared(ind: Individuals, name: str) -> float:
    """A duration all patients share, as events of a schedule must. Raises InputError if they differ."""
    values = ind[name]
    if np.any(values != values[0]):
        raise InputError(name, "varies", "must be the same for all patients: events have common times")
    return float(values[0])
