"""What the model has learned: draws of its parameters, and the model's parameters for a new trial. Needs NumPy alone.

    benefit_max   = 1 / (1 + exp(-(mean + veteran shift + between-trial SD * z)))
    nondrug_base  = mean + psychotherapy shift + between-trial SD * z
    dissociation_max moves by site SD * z on its logit

z is standard normal, one number per draw, trial and kind of effect; all other draws stand for themselves. Efficacy
and tolerability are separate fits, neither informs the other: their draws are paired by number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import index
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.calibration.store import FORECASTERS, Array, Fit, Key, read
from reprieve.core.errors import InputError
from reprieve.core.random import normal
from reprieve.core.results import digest

if TYPE_CHECKING:
    from pathlib import Path

    from reprieve.core.parameters import ParameterSet

POPULATIONS = ("civilian", "veteran")
TRIAL_STREAM = "calibration:trial:{what}:{trial}"
LEARNED = 0.3  # shrinkage from which a parameter counts as learned: our choice, a sixth off the prior's SD
# The draw that tells whether a quantity made of several was learned.
SUMMARISED = {
    "benefit_max": "benefit_logit_mean",
    "empirical_benefit_max": "empirical_benefit_logit_mean",
    "nondrug_base": "nondrug_base_mean",
}
# Where the trial effects and the population stand in the draws of each forecaster.
_BENEFIT = {"chain": "benefit", "comparator": "empirical_benefit"}
_SPREAD = "_sd"
NONDRUG = ("nondrug_base_mean", "nondrug_base_between_trials", "psychotherapy_nondrug_shift")


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the model's parameters given the evidence, read-only: name -> (d,).

    `forecaster` is chain or comparator; `held_out` the study that neither data nor priors of the fit have seen, empty
    for none. `diagnostics` and `headers` tell, by fit, how the draws were made.
    """

    forecaster: str
    held_out: str
    version: str
    digest: str
    draws: Mapping[str, Array]
    headers: Mapping[str, Mapping[str, Any]]

    def __reduce__(self) -> tuple[Callable[..., Posterior], tuple[Any, ...]]:
        # Read-only views cannot be pickled, and workers in other processes need the draws.
        headers = {name: dict(header) for name, header in self.headers.items()}
        return _restored, (self.forecaster, self.held_out, self.version, self.digest, dict(self.draws), headers)

    @property
    def size(self) -> int:
        """Return the number of draws."""
        return len(next(iter(self.draws.values())))

    @property
    def diagnostics(self) -> Mapping[str, Any]:
        """Return the diagnostics of the whole runs, by fit."""
        return {name: header["diagnostics"] for name, header in self.headers.items()}

    def parameters(
        self, draw: int, *, seed: int, trial: str, population: str, psychotherapy: bool = False
    ) -> ParameterSet:
        """Return the model's parameters in a new trial: draw number `draw`, with the trial's own effects.

        `trial` names the trial: one seed, draw and name always give the same effects, whatever the forecaster.
        `population` is civilian or veteran; `psychotherapy` says whether every arm has it beside the infusions.

        Raises `InputError` for a draw that is not there or an unknown population.
        """
        number = _number(draw, self.size)
        values = {name: float(held[number]) for name, held in self.draws.items()}

        def effect(what: str) -> float:
            return float(normal(seed, TRIAL_STREAM.format(what=what, trial=trial), [number])[0, 0])

        effects = {what: effect(what) for what in ("benefit", "nondrug", "dissociation")}
        return self._set(values, effects, population, psychotherapy, f"draw {number} of trial {trial}, seed {seed}")

    def central(self, population: str, psychotherapy: bool = False) -> ParameterSet:
        """Return the medians of all draws, in a trial without effects of its own. Raises as `parameters`."""
        values = {name: float(np.median(held)) for name, held in self.draws.items()}
        still = dict.fromkeys(("benefit", "nondrug", "dissociation"), 0.0)
        return self._set(values, still, population, psychotherapy, "medians")

    def _set(
        self,
        values: dict[str, float],
        effects: Mapping[str, float],
        population: str,
        psychotherapy: bool,
        which: str,
    ) -> ParameterSet:
        from reprieve.model.parameters import default_parameters

        base = default_parameters().replace(**self._neutral())
        rest = dict(values)
        fitted = _benefit(rest, _BENEFIT[self.forecaster], effects["benefit"], _known(population))
        fitted |= _nondrug(rest, effects["nondrug"], psychotherapy)
        fitted |= _dissociation(rest, effects["dissociation"])
        fitted |= {name: rest.pop(name) for name in tuple(rest) if name in base}
        spreads = {name.removesuffix(_SPREAD): rest.pop(name) for name in tuple(rest) if _is_spread(name, base)}
        if rest:
            raise InputError("posterior", sorted(rest), "holds names that this version of the model does not know")
        mark = f"{base.version}, calibration {self.version} {self.forecaster}"
        without = f" without {self.held_out}" if self.held_out else ""
        learned = self.learned()
        unmoved = [name for name in fitted if SUMMARISED.get(name, name) not in learned]
        return base.learned(fitted, spreads, version=f"{mark}{without}, {which}", unmoved=unmoved)

    def learned(self) -> frozenset[str]:
        """Return the names of the draws whose shrinkage says that the data moved them."""
        return frozenset(
            name
            for header in self.headers.values()
            for name, found in header.get("shrinkage", {}).items()
            if found["shrinkage"] >= LEARNED
        )

    def _neutral(self) -> dict[str, float]:
        """Hand-set quantities at the value that stands in for one chosen with the held-out study in view."""
        return {name: value for header in self.headers.values() for name, value in header.get("neutral", {}).items()}


def load_posterior(forecaster: str = "chain", held_out: str = "", place: Path | None = None) -> Posterior:
    """Return the shipped posterior of a forecaster, or that in the folder `place`.

    `held_out` is a study: the fits have seen neither its data nor priors that were chosen by looking at it. A
    tolerability fit to which the study gave nothing is used as it is.

    Raises `InputError` for an unknown forecaster, a fit that is not there, or files that were changed.
    """
    if forecaster not in FORECASTERS:
        raise InputError("forecaster", forecaster, f"must be one of {', '.join(FORECASTERS)}")
    return _shipped(forecaster, held_out) if place is None else _load(forecaster, held_out, place)


@cache
def _shipped(forecaster: str, held_out: str) -> Posterior:
    return _load(forecaster, held_out, None)


def _load(forecaster: str, held_out: str, place: Path | None) -> Posterior:
    efficacy = read(Key("efficacy", forecaster, held_out), place)
    tolerability = _tolerability(held_out, place)
    size = min(efficacy.size, tolerability.size)
    draws = {name: held[:size] for fit in (efficacy, tolerability) for name, held in fit.draws.items()}
    if len(draws) != len(efficacy.draws) + len(tolerability.draws):
        both = sorted(set(efficacy.draws) & set(tolerability.draws))
        raise InputError("posterior", both, "stand in the fits of efficacy and of tolerability", "keep each in one")
    headers = {"efficacy": efficacy.header, "tolerability": tolerability.header}
    return Posterior(
        forecaster=forecaster,
        held_out=held_out,
        version=str(efficacy.header["version"]),
        digest=digest([efficacy.digest, tolerability.digest]),
        draws=MappingProxyType(draws),
        headers=MappingProxyType(headers),
    )


def _restored(
    forecaster: str,
    held_out: str,
    version: str,
    digest: str,
    draws: dict[str, Array],
    headers: dict[str, Mapping[str, Any]],
) -> Posterior:
    for held in draws.values():
        held.flags.writeable = False
    return Posterior(forecaster, held_out, version, digest, MappingProxyType(draws), MappingProxyType(headers))


def _tolerability(held_out: str, place: Path | None) -> Fit:
    """The tolerability fit that has not seen the study."""
    if not held_out:
        return read(Key("tolerability"), place)
    try:
        return read(Key("tolerability", "", held_out), place)
    except InputError:
        whole = read(Key("tolerability"), place)
        if held_out in whole.header["studies"]:
            raise
        return whole


def _number(draw: int, size: int) -> int:
    number = index(draw)
    if not 0 <= number < size:
        raise InputError("draw", draw, f"must be a whole number from 0 to {size - 1}")
    return number


def _known(population: str) -> str:
    if population not in POPULATIONS:
        raise InputError("population", population, f"must be one of {', '.join(POPULATIONS)}")
    return population


def _benefit(rest: dict[str, float], stem: str, z: float, population: str) -> dict[str, float]:
    """The largest benefit in this trial; takes the draws it uses out of `rest`."""
    if f"{stem}_logit_mean" not in rest:
        return {}
    logit = rest.pop(f"{stem}_logit_mean") + z * rest.pop(f"{stem}_logit_between_trials", 0.0)
    veteran = rest.pop(f"{stem}_logit_veteran", 0.0)
    if population == "veteran":
        logit += veteran
    return {f"{stem}_max": _expit(logit)}


def _nondrug(rest: dict[str, float], z: float, psychotherapy: bool) -> dict[str, float]:
    """The non-drug response without belief in this trial; takes the draws it uses out of `rest`."""
    mean, spread, shift = (rest.pop(name, None) for name in NONDRUG)
    if mean is None:
        return {}
    return {"nondrug_base": mean + z * (spread or 0.0) + ((shift or 0.0) if psychotherapy else 0.0)}


def _dissociation(rest: dict[str, float], z: float) -> dict[str, float]:
    """The largest dissociation in this trial; takes the draws it uses out of `rest`."""
    spread = rest.pop("dissociation_site_sd", None)
    if spread is None or "dissociation_max" not in rest:
        return {}
    share = rest.pop("dissociation_max")
    return {"dissociation_max": _expit(math.log(share / (1.0 - share)) + z * spread)}


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _is_spread(name: str, base: ParameterSet) -> bool:
    return name.endswith(_SPREAD) and name.removesuffix(_SPREAD) in base
