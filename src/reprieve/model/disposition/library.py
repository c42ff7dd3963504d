"""The published models by name, and the door to them: parameters, modes, schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import numpy as np

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.parameters import ParameterSet, load_parameters
from reprieve.model.disposition import structures
from reprieve.model.disposition.dosing import Absorption, film, inputs_of, nasal, oral
from reprieve.model.disposition.modes import Modes, assemble
from reprieve.model.disposition.options import Options, apply, effects
from reprieve.model.disposition.people import Individuals, People
from reprieve.model.disposition.response import Array
from reprieve.model.disposition.schedule import Schedule, schedule_of
from reprieve.model.disposition.separation import Apart
from reprieve.model.disposition.structures import Structure
from reprieve.model.regimen import Regimen, Route, Substance

RACEMATE, S, R = Substance.RACEMATE, Substance.S, Substance.R
SHARES: Mapping[Substance, Mapping[str, float]] = {
    RACEMATE: {"S": 0.5, "R": 0.5},
    S: {"S": 1.0},
    R: {"R": 1.0},
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the library knows of a model beside its parameter file."""

    structure: Structure
    substances: tuple[Substance, ...]
    ketamine_clearance: tuple[str, ...]
    norketamine_clearance: tuple[str, ...] = ()
    absorption: Mapping[Route, Absorption] = field(default_factory=dict)
    why_not: str = ""


MODELS: Mapping[str, Entry] = {
    "reprieve_iv_default": Entry(
        structures.COMPOSITE, (RACEMATE, S, R), ("clk1_l_per_min_70kg",), ("cln_l_per_h_70kg",)
    ),
    "otto2021_S": Entry(
        structures.OTTO,
        (S,),
        ("cl_l_per_h_70kg",),
        ("cln_l_per_h_70kg",),
        why_not="was estimated on S-ketamine alone",
    ),
    "simons2022_S": Entry(
        structures.SIMONS,
        (S,),
        ("clk1_l_per_min_70kg",),
        ("cln1_l_per_min_70kg",),
        {Route.SUBLINGUAL: film},
        why_not="was estimated on S-ketamine alone",
    ),
    "kamp2020_meta3c": Entry(
        structures.KAMP, (RACEMATE, S), ("cl_l_per_h_70kg",), why_not="pools the racemate and S-ketamine"
    ),
    "domino": Entry(structures.DOMINO, (RACEMATE,), ("k10_per_min",), why_not="was estimated on the racemate"),
    "clements1981_250": Entry(
        structures.CLEMENTS, (RACEMATE,), ("k10_per_min",), why_not="was estimated on the racemate"
    ),
    "perezruixo2021_esk": Entry(
        structures.PEREZ_RUIXO,
        (S,),
        (),
        absorption={Route.NASAL: nasal, Route.ORAL: oral},
        why_not="was estimated on esketamine alone",
    ),
}
NOT_OFFERED: Mapping[str, str] = {
    "herd2007": "was estimated in children",
    "hornik2018": "was estimated in children",
    "flint2017_S": "was estimated in children in intensive care",
    "hijazi2003": "was estimated in intensive care patients with brain or spinal injury",
}


@dataclass(frozen=True, slots=True)
class DispositionModel:
    """One published model. `parameters` may be exchanged for another draw with `dataclasses.replace`."""

    name: str
    parameters: ParameterSet
    entry: Entry

    @property
    def substances(self) -> tuple[Substance, ...]:
        """Forms of ketamine the model was made for; the first is its default."""
        return self.entry.substances

    @property
    def ports(self) -> tuple[str, ...]:
        """Where drug can enter."""
        return self.entry.structure.ports

    def modes(
        self,
        ind: Individuals,
        patients: People,
        substance: Substance | str,
        options: Options | None = None,
        separation: float | Array = 0.0,
    ) -> Modes:
        """Modes of every patient for a dose of `substance`.

        ind: quantity name -> (n,). separation: 0, except inside `limit` for patients whose rates meet.
        Substances without ketamine get the modes of the model's default; their schedules are empty.

        Raises UnsupportedError for a form of ketamine or an option the model does not know.
        """
        shares = SHARES[self._form(substance)]
        apart = Apart(self.entry.structure.multiple, separation)
        own = self._prepared(ind, patients, options or Options())
        ports = self.entry.structure.build(own, patients, shares, apart)
        return assemble(ports, self.entry.structure.driver, apart)

    def schedule(
        self,
        regimen: Regimen,
        ind: Individuals,
        patients: People,
        options: Options | None = None,
        given: Array | None = None,
    ) -> Schedule:
        """Events of a regimen, in mg of base per patient; amounts are 0 for substances without ketamine.

        `given` (n, phases) multiplies the amount of each phase, patient by patient.

        Raises UnsupportedError for a route or a form of ketamine without a published model.
        """
        self._form(regimen.substance)
        options = options or Options()
        own = self._prepared(ind, patients, options)
        inputs = inputs_of(regimen, own, patients, self.entry.absorption, self.name, given)
        self._check_interactions(regimen, options)
        active = 1 if regimen.substance in SHARES else 0
        place = {port: number for number, port in enumerate(self.ports)}
        events = [(place[port], start, length, amount * active) for port, start, length, amount in inputs]
        return schedule_of(events, len(patients.weight_kg))

    def _form(self, substance: Substance | str) -> Substance:
        wanted = Substance(substance)
        if wanted not in SHARES:
            return self.substances[0]
        if wanted not in self.substances:
            fix = f"use {' or '.join(self.substances)}, or model reprieve_iv_default"
            raise UnsupportedError("substance", str(wanted), f"model {self.name} {self.entry.why_not}", fix)
        return wanted

    def _prepared(self, ind: Individuals, patients: People, options: Options) -> Individuals:
        """Individuals after the covariate effects of the model itself and of the options."""
        if self.name == "perezruixo2021_esk":
            return self._perez_ruixo(ind, patients, options)
        if options.ancestry is not None:
            reason = f"model {self.name} has no effect of ancestry"
            raise UnsupportedError("ancestry", options.ancestry, reason, "only perezruixo2021_esk has one")
        if options == Options():
            return ind
        change = effects(options, patients)
        changes = dict.fromkeys(self.entry.ketamine_clearance, change.ketamine)
        return apply(ind, changes | dict.fromkeys(self.entry.norketamine_clearance, change.norketamine))

    def _perez_ruixo(self, ind: Individuals, patients: People, options: Options) -> Individuals:
        """Age on hepatic flow (always, as published) and ancestry.

        The published slope is per year on the typical flow; taken relative to it, no flow becomes negative.
        """
        if options.sex or options.cyp2b6 is not None or options.interacting:
            reason = "the published model kept no such effect, and its clearance is not one parameter"
            raise UnsupportedError("options", "sex, cyp2b6, interacting", reason, "use another model")
        held = self.parameters
        older = np.maximum(patients.age_y - held["qh_age_limit_y"], 0)
        aged = 1 + held["qh_per_year_l_per_h"] / held["qh_l_per_h"] * older
        if np.any(aged <= 0):
            raise InputError("age_y", float(np.max(patients.age_y)), "is beyond the published effect of age")
        changes = {"qh_l_per_h": aged}
        if options.ancestry is not None:
            changes |= {"kel_per_h": ind["kel_asian"], "cln_l_per_h": ind["cln_asian"]}
        if options.ancestry == "japanese":
            changes |= {"frn": ind["frn_japanese"]}
        return apply(ind, changes)

    def _check_interactions(self, regimen: Regimen, options: Options) -> None:
        if "rifampicin" in options.interacting and any(dose.route != Route.IV for dose in regimen.doses):
            reason = "its effect on infusions is not that on other routes"
            raise UnsupportedError("interacting", "rifampicin", reason, "leave it out, or give an infusion")


@cache
def load_model(name: str) -> DispositionModel:
    """The model called `name`.

    Raises UnsupportedError for a model of children or intensive care, InputError for an unknown name.
    """
    if name in NOT_OFFERED:
        raise UnsupportedError("model", name, f"{NOT_OFFERED[name]}; not for adults in psychiatry", _known())
    if name not in MODELS:
        raise InputError("model", name, "is not a disposition model", _known())
    held = load_parameters(files("reprieve.model") / "data" / "disposition" / f"{name}.toml")
    return DispositionModel(name, held, MODELS[name])


def _known() -> str:
    return f"choose from {', '.join(MODELS)}"
