"""A population under a regimen: from doses to plasma, chain, scores and acute effects. The door of the model room.

Work goes through in chunks of patients, so memory beside the result is bounded; a patient's numbers do not depend on
the chunk. What is felt in a session moves belief, belief moves the non-drug response, and dropout follows both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet
from reprieve.core.results import digest, versions
from reprieve.core.units import HOURS_PER_DAY, MINUTES_PER_HOUR
from reprieve.model import (
    acute,
    dropout,
    empirical,
    expectancy,
    observation,
    plasticity,
    solve,
    symptoms,
)
from reprieve.model.disposition import Options, load_model
from reprieve.model.engine.door import executor_name
from reprieve.model.engine.grid import Array
from reprieve.model.engine.numerics import numerics
from reprieve.model.individuals import individuals
from reprieve.model.links import Links
from reprieve.model.parameters import default_parameters
from reprieve.model.population import Population
from reprieve.model.regimen import Regimen, Route
from reprieve.model.regimen_limits import finite, limit
from reprieve.model.setting import KETAMINE, Setting
from reprieve.model.simulation import Simulation

STATES = ("functional", "labile", "consolidated")


def simulate(
    regimen: Regimen,
    patients: Population,
    *,
    days: float = 42,
    time_h: Array | None = None,
    model: str = "reprieve_iv_default",
    parameters: ParameterSet | None = None,
    links: Links | None = None,
    options: Options | None = None,
    minutes: Array | None = None,
    observed: bool = True,
    variability: float = 1,
    site: int | None = None,
    executor: str = "auto",
    given: Array | None = None,
    planned: Regimen | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulation:
    """Simulate `patients` under `regimen`.

    `time_h` (t,) output times in hours since day 0 (default: every day up to `days`); `minutes` (m,) after each
    dose's start for acute effects (default: every 10 to 120, with the end of each infusion); `observed` adds what the
    instruments would read; `site` numbers a clinic, `None` is the average one; `progress` is told patients done.
    `given` (patients, phases) multiplies the amount of each phase of the regimen, patient by patient, and `planned` is
    then the regimen that was ordered: its end starts the contact window.

    Raises `InputError` naming the field for bad input, `UnsupportedError` for a route or substance without a
    published model, `NumericsError` if the accuracy cannot be reached.
    """
    if site is not None and (not isinstance(site, int) or site < 0):
        raise InputError("site", site, "must be a whole number, zero or more, or None for the average clinic")
    setting = Setting(
        regimen=regimen,
        model=load_model(model),
        parameters=parameters or default_parameters(),
        links=links or Links(),
        options=options or Options(),
        time_h=_times(time_h, days),
        minute=_minutes(minutes, regimen),
        observed=observed,
        variability=variability,
        site=site,
        executor=executor_name(executor, len(patients)),
        given=None if given is None else _given(given, regimen, len(patients)),
        planned=planned,
    )
    chunk = numerics().simulation_chunk
    parts = []
    for start in range(0, len(patients), chunk):
        who = slice(start, start + chunk)
        part = patients.take(who)
        own = setting if setting.given is None else replace(setting, given=setting.given[who])
        parts.append(_part(own, part))
        if progress is not None:
            progress(len(part))
    return _joined(setting, patients, parts)


def _given(values: object, regimen: Regimen, patients: int) -> Array:
    """Multipliers (patients, phases). Raises `InputError` for another shape, a negative one, or other routes."""
    phases = sum(len(dose.phases) for dose in regimen.doses)
    table = np.asarray(values, dtype=np.float64)
    if any(dose.route != Route.IV for dose in regimen.doses):
        raise InputError("given", "not an infusion", "needs a regimen of infusions")
    if table.shape != (patients, phases):
        raise InputError("given", table.shape, f"must have the shape ({patients}, {phases}): patients, phases")
    if not np.all((table >= 0) & np.isfinite(table)):
        raise InputError("given", float(table.min()), "must hold finite numbers, zero or more")
    return table


def _times(time_h: Array | None, days: float) -> Array:
    last_d = limit("day_max")
    if time_h is None:
        until = finite("days", days)
        if not 0 < until <= last_d:
            raise InputError("days", days, f"must be above 0 and at most {last_d:g}")
        whole = np.arange(np.floor(until) + 1) * HOURS_PER_DAY
        return np.unique(np.append(whole, until * HOURS_PER_DAY))
    return np.unique(_grid("time_h", time_h, last_d * HOURS_PER_DAY))


def _minutes(minutes: Array | None, regimen: Regimen) -> Array:
    settings = numerics()
    every = np.arange(0, settings.session_minutes + 1, settings.session_step_minutes)
    grid = every if minutes is None else _grid("minutes", minutes, HOURS_PER_DAY * MINUTES_PER_HOUR, empty=True)
    ends = [dose.duration_h * MINUTES_PER_HOUR for dose in regimen.doses if dose.route == Route.IV]
    return np.unique(np.round([*grid, *ends], settings.minute_decimals))


def _grid(field: str, values: object, last: float, empty: bool = False) -> Array:
    """A list of times as floats. Raises `InputError` if it is no such list or leaves 0 to `last`."""
    rule = f"must be a list of numbers from 0 to {last:g}"
    try:
        grid = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(field, values, rule) from None
    if grid.ndim != 1 or not (grid.size or empty) or not np.all((grid >= 0) & (grid <= last)):
        raise InputError(field, values, rule)
    return grid


@dataclass(frozen=True, slots=True)
class _Part:
    values: Mapping[str, Array]
    acute: Mapping[str, Array]
    felt: Mapping[str, Array]
    baseline: Mapping[str, Array]
    error: float


def _part(setting: Setting, patients: Population) -> _Part:
    """One chunk of patients, from doses to scores."""
    ind = individuals(setting.parameters, patients, setting.variability)
    score_h, back = _score_times(setting)
    plasma_h = np.unique(np.concatenate([setting.time_h, acute.times_h(setting).reshape(-1)]))
    engine = solve.population(setting, patients, ind, plasma_h, score_h)
    session = acute.session(setting, patients, ind, engine)
    dissociation = session.felt["dissociation_peak"]
    rest = empirical.benefit(score_h, setting.start_h, _dose_mg_per_kg(setting, patients), ind)
    benefit, ind = _benefit(setting, engine, rest, ind)
    belief, placebo = expectancy.course(
        score_h,
        setting.start_h,
        _treatment_end_h(setting),
        dissociation,
        session.acute["sedation"].max(axis=2, initial=0),
        benefit[:, np.searchsorted(score_h, setting.start_h)],
        ind,
        setting.links.belief,
    )
    at = np.searchsorted(score_h, setting.time_h)
    latent = symptoms.totals(patients, placebo, benefit, ind)
    baseline = {key: sum(patients.baseline_of(name).values()) for key, name in symptoms.SCORES.items()}
    values = engine.at(setting.time_h) | {"benefit": benefit[:, at], "placebo": placebo[:, at]}
    values |= {name: total[:, at] for name, total in latent.items()}
    parts = symptoms.clusters(patients.baseline, placebo[:, at], benefit[:, at], ind)
    values |= {f"cluster_{name.lower()}": score for name, score in parts.items()}
    values["caps5_empirical"] = empirical.score(np.asarray(baseline["caps5"]), placebo, rest)[:, at]
    if setting.observed:
        for name, total in latent.items():
            average = observation.recalled(total, back)
            values[f"{name}_observed"] = observation.observe(name, average, setting.time_h, patients, ind)
    days = np.searchsorted(score_h, dropout.day_grid_h(setting.time_h))
    values["retained"] = dropout.retained(
        setting.time_h, latent["caps5"][:, days], setting.start_h, dissociation, ind
    )
    felt = session.felt | {"belief": belief}
    return _Part(values, session.acute, felt, {k: np.asarray(v) for k, v in baseline.items()}, engine.error)


def _benefit(
    setting: Setting, engine: solve.Solved, rest: Array, ind: dict[str, Array]
) -> tuple[Array, dict[str, Array]]:
    """D (n, t) of the chain, or `rest`, that of the comparator; and the parameters by which scores follow it."""
    links = setting.links
    if links.benefit == "empirical":
        # The comparator knows no clusters: its D takes the same share of each.
        alike = {name: np.ones_like(ind[name]) for name in ind if name.startswith("lambda_")}
        return rest if links.drug else np.zeros_like(rest), {**ind, **alike}
    functional, labile, consolidated = (engine.chain[name] for name in STATES)
    strength = plasticity.strength(functional, labile, consolidated, ind, links)
    return plasticity.benefit(strength, ind, links), ind


def _score_times(setting: Setting) -> tuple[Array, observation.Index]:
    """Times at which scores are needed (g,), and where each look-back of an output time finds its score (t, r)."""
    recall, index = observation.recall_times(setting.time_h, observation.longest_recall_days())
    grid = np.unique(
        np.concatenate([recall, setting.time_h, setting.start_h, dropout.day_grid_h(setting.time_h)])
    )
    return grid, np.searchsorted(grid, recall)[index]


def _treatment_end_h(setting: Setting) -> float:
    last = max((dose.end_h for dose in (setting.planned or setting.regimen).doses), default=0)
    return expectancy.treatment_end_h(last, setting.parameters["contact_window_d"])


def _dose_mg_per_kg(setting: Setting, patients: Population) -> Array:
    """Base ketamine per kilogram of each dose, (n, k); zero for comparators."""
    regimen = setting.regimen
    if regimen.substance not in KETAMINE:
        return np.zeros((len(patients), len(regimen.doses)))
    amounts, phases = [], 0
    for dose in regimen.doses:
        here = slice(phases, phases + len(dose.phases))
        phases = here.stop
        got = dose.amount if setting.given is None else setting.given[:, here] @ [p.amount for p in dose.phases]
        amounts.append(regimen.base_amount(1) * got / (1 if dose.unit == "mg/kg" else patients.weight_kg))
    return np.stack([np.broadcast_to(x, len(patients)) for x in amounts], axis=1)


def _joined(setting: Setting, patients: Population, parts: list[_Part]) -> Simulation:
    def join(name: str) -> dict[str, Array]:
        first = getattr(parts[0], name)
        whole = {key: np.concatenate([getattr(part, name)[key] for part in parts]) for key in first}
        for values in whole.values():
            values.setflags(write=False)
        return whole

    inputs = {
        "regimen": setting.regimen.to_json(),
        "model": setting.model.name,
        "parameters": {name: setting.parameters[name] for name in setting.parameters.names},
        "disposition": {name: setting.model.parameters[name] for name in setting.model.parameters.names},
        "links": setting.links,
        "options": setting.options,
        "time_h": setting.time_h,
        "minute": setting.minute,
        "patients": {"seed": patients.seed, "profile": patients.profile, "ids": patients.ids},
        "covariates": [patients.weight_kg, patients.age_y, patients.female, patients.hypertension],
        "baseline": [patients.baseline, patients.baseline_pcl5, patients.baseline_iesr],
        "observed": setting.observed,
        "variability": setting.variability,
        "site": setting.site,
    }
    if setting.given is not None:
        inputs |= {"given": setting.given}
    if setting.planned is not None:
        inputs |= {"planned": setting.planned.to_json()}
    return Simulation(
        versions=versions(),
        inputs_digest=digest(inputs),
        warnings=_warnings(setting),
        regimen=setting.regimen,
        patients=patients,
        model=setting.model.name,
        time_h=setting.time_h,
        minute=setting.minute,
        values=join("values"),
        acute=join("acute"),
        felt=join("felt"),
        baseline=join("baseline"),
        error_estimate=max(part.error for part in parts),
        assumed=tuple(sorted({*setting.parameters.assumed(), *setting.model.parameters.assumed()})),
    )


def _warnings(setting: Setting) -> tuple[str, ...]:
    found: list[str] = []
    if setting.observed and setting.regimen.doses:
        found += observation.recall_warnings(setting.time_h, float(setting.start_h[0]))
    late = setting.start_h > setting.time_h[-1]
    if late.any():
        found.append(f"regimen: {int(late.sum())} doses start after the last output time; they are not shown")
    return tuple(found)
