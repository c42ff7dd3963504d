"""Concentrations of a regimen, exact for every patient, and the result of one infusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.core.units import MINUTES_PER_HOUR
from reprieve.model.disposition.library import DispositionModel, load_model
from reprieve.model.disposition.modes import Modes, Places, limit
from reprieve.model.disposition.options import Options
from reprieve.model.disposition.people import Covariates, Individuals, People
from reprieve.model.disposition.response import Array
from reprieve.model.disposition.schedule import concentration
from reprieve.model.regimen import Dose, Phase, Regimen, Substance
from reprieve.model.regimen_limits import check_weight, finite, positive

CONTRACT = ("ketamine_arterial", "ketamine_venous", "norketamine", "hydroxynorketamine")


def concentrations(
    model: DispositionModel,
    regimen: Regimen,
    ind: Individuals,
    patients: People,
    time_h: Array,
    outputs: Sequence[str] = CONTRACT,
    options: Options | None = None,
) -> dict[str, Array]:
    """Concentrations in ng/mL, output -> (n_pat, n_t); outputs the model does not have are left out.

    Patients whose rates meet get the limit, so the values hold for every patient.

    Raises UnsupportedError for a substance, route or option without a published model.
    """

    def build(places: Places, separation: Array) -> Modes:
        part, people = at(ind, patients, places)
        return model.modes(part, people, regimen.substance, options, separation)

    schedule = model.schedule(regimen, ind, patients, options)
    modes = model.modes(ind, patients, regimen.substance, options)
    wanted = [name for name in outputs if name in modes.outputs]
    found = {name: concentration(modes, schedule, name, time_h) for name in wanted}
    meeting = np.flatnonzero(modes.meeting)
    if meeting.size:
        parted, events = limit(build, meeting), schedule.take(meeting)
        for name in wanted:
            found[name][meeting] = concentration(parted, events, name, time_h)
    return found


def at(ind: Individuals, patients: People, places: Places) -> tuple[Individuals, Covariates]:
    """Individual parameters and covariates of the patients at `places`."""
    people = Covariates(patients.weight_kg[places], patients.age_y[places], patients.female[places])
    return {name: values[places] for name, values in ind.items()}, people


def typical(model: DispositionModel, weight_kg: float, age_y: float = 0.0) -> tuple[Individuals, Covariates]:
    """One patient with the population values. Age 0 stands for an adult too young for any effect of age."""
    ind = {name: np.array([quantity.value]) for name, quantity in model.parameters.quantities.items()}
    return ind, Covariates(np.array([weight_kg]), np.array([age_y]), np.array([False]))


@dataclass(frozen=True, kw_only=True)
class PkResult(Result):
    """Concentrations of a typical adult after one infusion, ng/mL of total plasma; None if not modelled.

    Models of arterial or arterial-like data fill `ketamine_arterial_ng_per_ml`, those of venous data
    `ketamine_venous_ng_per_ml`; the default fills both.
    """

    model: str
    substance: str
    time_h: list[float]
    ketamine_arterial_ng_per_ml: list[float] | None
    ketamine_venous_ng_per_ml: list[float] | None
    norketamine_ng_per_ml: list[float] | None
    hydroxynorketamine_ng_per_ml: list[float] | None

    def to_json(self) -> dict[str, object]:
        """The table that `reprieve pk --json` prints."""
        table: dict[str, object] = {"model": self.model, "time_h": self.time_h}
        return table | {f"{name}_ng_per_ml": getattr(self, f"{name}_ng_per_ml") for name in CONTRACT}


def pk(
    model: str,
    dose_mg: float,
    minutes: float,
    weight_kg: float,
    at_h: Sequence[float],
    substance: Substance | str | None = None,
    options: Options | None = None,
) -> PkResult:
    """Concentrations at the hours `at_h` since the start of one infusion of `dose_mg` of base over `minutes`.

    substance: the model's default when left out.

    Raises InputError naming the field, UnsupportedError for a form of ketamine the model does not know.
    """
    held = load_model(model)
    length_h = positive("minutes", minutes) / MINUTES_PER_HOUR
    dose = Dose(0.0, (Phase(length_h, positive("dose_mg", dose_mg)),), "mg")
    regimen = Regimen((dose,), Substance(substance) if substance is not None else held.substances[0])
    time_h = _times(at_h)
    ind, people = typical(held, check_weight(weight_kg))
    found = concentrations(held, regimen, ind, people, time_h, options=options)
    lists = {f"{name}_ng_per_ml": found[name][0].tolist() if name in found else None for name in CONTRACT}
    return PkResult(
        model=held.name,
        substance=str(regimen.substance),
        time_h=time_h.tolist(),
        versions=versions(),
        inputs_digest=digest([model, regimen.to_json(), float(weight_kg), time_h, held.parameters.version]),
        warnings=_warnings(held),
        **lists,
    )


def _times(at_h: Sequence[float]) -> Array:
    if len(at_h) == 0:
        raise InputError("at_h", list(at_h), "must hold at least one time")
    times = [finite("at_h", value) for value in at_h]
    if min(times) < 0:
        raise InputError("at_h", min(times), "must not be negative", "hours since the start of the infusion")
    return np.array(times)


def _warnings(model: DispositionModel) -> tuple[str, ...]:
    caveat = model.parameters.about.get("caveat")
    return (f"{model.name}: {caveat}",) if caveat else ()
