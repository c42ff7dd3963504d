"""What a trial is predicted from: the hand-set values, or draws of the posteriors that never saw it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reprieve.core.parameters import ParameterSet
from reprieve.model.parameters import default_parameters
from reprieve.trials.blind import OPEN, Exposure, blinded
from reprieve.trials.trial import Trial

if TYPE_CHECKING:
    from reprieve.calibration.posterior import Posterior
    from reprieve.evidence.package.load import Package

CHAIN, COMPARATOR = "chain", "comparator"
FORECASTERS = (CHAIN, COMPARATOR)
ASSUMED, POSTERIOR = "assumed", "posterior"
VALUES = (ASSUMED, POSTERIOR)

type Load = Callable[[str, str], Posterior]


@dataclass(frozen=True)
class Values:
    """Where the parameter sets of a trial come from: a single set for the hand-set values, else one per drawn trial.

    `trials` counts the drawn trials that have a set of their own, None with hand-set values. Trials i and i + `worlds`
    share a draw of the posterior, though not their trial effects. `exposures` say, by forecaster, what became of each
    quantity that was set with the trial in view; `posterior` holds the digests of the fits.
    """

    kind: str
    make: Callable[[str], tuple[ParameterSet, ...]]
    trials: int | None = None
    worlds: int | None = None
    exposures: Mapping[str, tuple[Exposure, ...]] = field(default_factory=dict)
    posterior: Mapping[str, str] = field(default_factory=dict)

    def sets(self, forecaster: str) -> tuple[ParameterSet, ...]:
        """Return the parameter sets of a forecaster, made anew: thousands of them are not kept."""
        return self.make(forecaster)

    def open(self, trial: Trial) -> tuple[str, ...]:
        """Quantities that were set with the trial in view and still act in its prediction."""
        if self.kind == ASSUMED:
            return trial.seen_by
        found = (one.quantity for held in self.exposures.values() for one in held if one.how == OPEN)
        return tuple(dict.fromkeys(found))


def assumed() -> Values:
    """Return the hand-set values, the same for every drawn trial."""
    return Values(ASSUMED, lambda _: (default_parameters(),))


def held_out(trial: Trial, trials: int, seed: int, package: Package, load: Load | None = None) -> Values:
    """Return one parameter set per drawn trial and forecaster, from the fits without the trial.

    Each drawn trial has its own draw and its own trial effects; both forecasters share the numbers behind them.
    `load` finds a posterior by forecaster and study left out, by default among the shipped ones.

    Raises `InputError` if a posterior is not shipped or has seen the trial.
    """
    find = load or _shipped
    fits = {forecaster: find(forecaster, trial.study) for forecaster in FORECASTERS}
    blind = {forecaster: blinded(trial, forecaster, fit, package) for forecaster, fit in fits.items()}

    def make(forecaster: str) -> tuple[ParameterSet, ...]:
        values = blind[forecaster].values
        drawn = (_drawn(fits[forecaster], trial, number, trials, seed) for number in range(trials))
        return tuple(one.replace(**values) if values else one for one in drawn)

    return Values(
        kind=POSTERIOR,
        make=make,
        trials=trials,
        worlds=min(trials, *(fit.size for fit in fits.values())),
        exposures={forecaster: held.exposures for forecaster, held in blind.items()},
        posterior={forecaster: fit.digest for forecaster, fit in fits.items()},
    )


def is_shipped(trial: Trial) -> bool:
    """Whether the fits of both forecasters without the trial are shipped; whether they are whole is seen on loading."""
    from reprieve.calibration.store import Key, shipped

    there = set(shipped())
    return all(str(Key("efficacy", forecaster, trial.study)) in there for forecaster in FORECASTERS)


def _shipped(forecaster: str, study: str) -> Posterior:
    from reprieve.calibration.posterior import load_posterior

    return load_posterior(forecaster, held_out=study)


def _drawn(posterior: Posterior, trial: Trial, number: int, trials: int, seed: int) -> ParameterSet:
    """Drawn trial `number` of `trials`: draws spread evenly over the posterior, or gone through again."""
    size = posterior.size
    again, draw = (0, number * size // trials) if trials <= size else divmod(number, size)
    return posterior.parameters(
        draw,
        seed=seed,
        trial=f"{trial.study}:{again}",
        population=trial.profile,
        psychotherapy=trial.psychotherapy,
    )
