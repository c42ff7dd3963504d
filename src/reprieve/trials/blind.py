"""Blindness: what a held-out replay may rest on, and what is still known from the trial that it predicts.

A trial's family is the trial, its registry record, every study that shares participants with it, and every pooled
result on PTSD: what has seen one has seen the trial. Three rules, in this order, for each quantity that was set by
hand with a trial in view (`seen_by` in the trial's file):

- estimated: the fit without the trial estimates it, so that the hand-set value has no part;
- replaced: the fit without the trial held it at another value, or `data/blind.toml` has one, from outside the family;
- otherwise it is named on the card as not blind.

A fit whose data or priors have seen the family is refused. Baseline readings and other conditions of a trial, such as
doses, sizes and visits, are not results: a prediction may use them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.core.provenance import SeenHow
from reprieve.core.quantities import check_schema, refuse_unknown, table_of, text_of
from reprieve.model.parameters import default_parameters
from reprieve.trials.trial import Trial

if TYPE_CHECKING:
    from reprieve.calibration.posterior import Posterior
    from reprieve.evidence.package.load import Package

ESTIMATED, REPLACED, UNUSED, OPEN = "estimated", "replaced", "has no part", "not blind"
# Draws that stand for a quantity under another name.
_STANDS_FOR = {
    "benefit_max": "benefit_logit_mean",
    "empirical_benefit_max": "empirical_benefit_logit_mean",
    "nondrug_base": "nondrug_base_mean",
}
_EMPIRICAL = "empirical_"
_CHAIN = ("benefit_max", "benefit_half", "functional_", "labile_", "consolidat", "formation_", "signal_", "lambda_")
# A replay takes completers as a random part, so no reading depends on who leaves; and none depends on nausea.
_NO_READING = re.compile(r"^dropout_|_nausea$")
_KEYS = ("quantity", "value", "source", "seen", "studies", "note")


@dataclass(frozen=True, slots=True)
class Alternative:
    """A value to use where the shipped one has seen the trial. `studies`: whose results it was set from."""

    quantity: str
    value: float
    source: str
    seen: str
    studies: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """What became of one quantity that was set by hand with the trial in view: `how` is one of the four words."""

    quantity: str
    how: str
    reason: str


@dataclass(frozen=True, slots=True)
class Blindness:
    """Values to put in place before a trial is predicted, and what became of each exposed quantity."""

    values: Mapping[str, float]
    exposures: tuple[Exposure, ...]

    @property
    def open(self) -> tuple[str, ...]:
        """Quantities that still know the trial."""
        return tuple(one.quantity for one in self.exposures if one.how == OPEN)


def family(study: str, package: Package) -> frozenset[str]:
    """Return every key that counts as the trial: itself, its record, shared participants, pooled results."""
    found = {study}
    pairs = [(one.study_a, one.study_b) for one in package.overlaps]
    while True:
        wider = found | {key for pair in pairs if found & set(pair) for key in pair}
        if wider == found:
            break
        found = wider
    records = {one.registry.lower() for one in package.studies if one.study in found and one.registry}
    return frozenset(found | records | {one.meta for one in package.pooled} | {"ptsdrepository"})


@cache
def alternatives() -> Mapping[str, tuple[Alternative, ...]]:
    """Return the alternative values by quantity, from `data/blind.toml`.

    Raises `InputError` naming file and key: unknown quantity or key, a value outside the quantity's scale.
    """
    return read_alternatives(read_toml(files("reprieve.trials") / "data" / "blind.toml"), "blind.toml")


def read_alternatives(table: Mapping[str, Any], where: str) -> dict[str, tuple[Alternative, ...]]:
    """Build the alternatives of a document that errors call `where`. Raises as `alternatives`."""
    check_schema(table, where)
    refuse_unknown(table, ("schema", "about", "alternative"), where)
    table_of(table, "about", where)
    found: dict[str, list[Alternative]] = {}
    for entry in table.get("alternative", []):
        one = _alternative(entry, f"{where}: alternative")
        found.setdefault(one.quantity, []).append(one)
    return {name: tuple(held) for name, held in found.items()}


def blinded(trial: Trial, forecaster: str, posterior: Posterior, package: Package) -> Blindness:
    """Return how a trial is predicted from a fit without having seen it.

    Raises `InputError` if the fit is not the one without this trial, or has seen its family (`check_fit`).
    """
    relatives = family(trial.study, package)
    if posterior.held_out != trial.study:
        raise InputError("posterior", posterior.held_out or "all data", f"has not left out {trial.study}")
    check_fit(posterior.headers, trial.study, relatives)
    values: dict[str, float] = {}
    exposures = []
    fixed = {name: value for header in posterior.headers.values() for name, value in header.get("neutral", {}).items()}
    for name in trial.seen_by:
        exposure, value = _became(name, forecaster, set(posterior.draws), fixed, relatives)
        exposures.append(exposure)
        if value is not None:
            values[name] = value
    return Blindness(values, tuple(exposures))


def check_fit(headers: Mapping[str, Mapping[str, Any]], study: str, relatives: Iterable[str]) -> None:
    """Raise `InputError` if the data or a prior of a fit has seen the trial or one of its relatives."""
    kin = frozenset(relatives)
    for fit, header in headers.items():
        leaked = sorted(kin & set(header.get("studies", ())))
        if leaked:
            raise InputError(f"posterior: {fit}", leaked, f"are data of a fit that must not have seen {study}")
        for prior in header.get("priors", ()):
            leaked = sorted(kin & {*prior.get("studies", ()), prior.get("source", "")})
            if leaked:
                name = prior.get("name", "")
                raise InputError(f"posterior: {fit}: prior of {name}", leaked, f"must not have seen {study}")


def _became(
    name: str, forecaster: str, drawn: set[str], fixed: Mapping[str, float], relatives: frozenset[str]
) -> tuple[Exposure, float | None]:
    if _unused(name, forecaster):
        return Exposure(name, UNUSED, "no reading of this forecaster depends on it"), None
    if name in drawn or _STANDS_FOR.get(name) in drawn:
        return Exposure(name, ESTIMATED, "estimated in the fit without the trial"), None
    if name in fixed:
        return Exposure(name, REPLACED, f"{fixed[name]:g} instead, as in the fit without the trial"), fixed[name]
    for other in alternatives().get(name, ()):
        if not relatives & {*other.studies, other.source}:
            return Exposure(name, REPLACED, f"{other.value:g} instead: {other.note} ({other.source})"), other.value
    return Exposure(name, OPEN, "neither estimated nor replaced"), None


def _unused(name: str, forecaster: str) -> bool:
    other = name.startswith(_EMPIRICAL) if forecaster == "chain" else name.startswith(_CHAIN)
    return other or _NO_READING.search(name) is not None


def _alternative(entry: Any, where: str) -> Alternative:
    if not isinstance(entry, Mapping):
        raise InputError(where, entry, "must be a list of tables")
    refuse_unknown(entry, _KEYS, where)
    quantity, source, seen, note = (text_of(entry, key, where, needed=True) for key in _KEYS if key in _TEXTS)
    value = entry.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where}: {quantity}: value", value, "must be a number")
    if seen not in set(SeenHow):
        raise InputError(f"{where}: {quantity}: seen", seen, f"must be one of {', '.join(SeenHow)}")
    studies = entry.get("studies")
    if not isinstance(studies, list) or not all(isinstance(one, str) for one in studies):
        raise InputError(f"{where}: {quantity}: studies", studies, "must be a list of studies, empty if there are none")
    default_parameters().replace(**{quantity: float(value)})  # refuses unknown names and values out of scale
    return Alternative(quantity, float(value), source, seen, tuple(studies), note)


_TEXTS = ("quantity", "source", "seen", "note")
