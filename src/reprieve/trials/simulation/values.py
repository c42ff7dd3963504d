"""The model's parameters in one simulated trial: a draw of the posterior, its centre, or the shipped values.

With `uncertainty` replicate r takes draw r of the posterior (round and round) and a trial effect of its own: power
over all of them is assurance. Without it every replicate takes the medians and no trial effect: conditional power.
While no posterior is shipped the values are those of the model's files, called assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from reprieve.model.parameters import default_parameters

if TYPE_CHECKING:
    from reprieve.calibration.posterior import Posterior
    from reprieve.core.parameters import ParameterSet

ASSUMED = "assumed"


@dataclass(frozen=True)
class Values:
    """Where the parameters of replicates come from. Can be sent to other processes with its posterior."""

    posterior: Posterior | None
    uncertainty: bool
    population: str
    seed: int
    centre: dict[bool, ParameterSet] = field(default_factory=dict, repr=False, compare=False)

    def __reduce__(self) -> tuple[Callable[..., Values], tuple[Any, ...]]:
        """Open the read-only views of the posterior, which cannot be pickled."""
        return _rebuilt, (_parts(self.posterior), self.uncertainty, self.population, self.seed)

    def of(self, number: int, psychotherapy: bool = False) -> ParameterSet:
        """Return the parameters of replicate `number` in an arm with or without psychotherapy beside it."""
        if self.posterior is None:
            return default_parameters()
        if not self.uncertainty:
            if psychotherapy not in self.centre:
                self.centre[psychotherapy] = self.posterior.central(self.population, psychotherapy)
            return self.centre[psychotherapy]
        return self.posterior.parameters(
            number % self.posterior.size,
            seed=self.seed,
            trial=f"sim{number}",
            population=self.population,
            psychotherapy=psychotherapy,
        )

    @property
    def label(self) -> str:
        """What the values rest on: the posterior's version and digest, or `assumed`."""
        if self.posterior is None:
            return ASSUMED
        return f"posterior {self.posterior.version} {self.posterior.digest[:12]}"


def values(posterior: Posterior | None, uncertainty: bool, population: str, seed: int) -> Values:
    """Return the source of parameters: `posterior` if given, else the shipped one, else the assumed values."""
    if posterior is None:
        posterior = _shipped()
    return Values(posterior, uncertainty and posterior is not None, population, seed)


def _parts(posterior: Posterior | None) -> Any:
    if not is_dataclass(posterior):
        return posterior
    return type(posterior), {one.name: _open(getattr(posterior, one.name)) for one in fields(posterior)}


def _open(value: Any) -> Any:
    return {key: _open(held) for key, held in value.items()} if isinstance(value, MappingProxyType) else value


def _rebuilt(parts: Any, *rest: Any) -> Values:
    held = parts[0](**parts[1]) if isinstance(parts, tuple) else parts
    return Values(held, *rest)


def _shipped() -> Posterior | None:
    """The shipped posterior, or None where there is none. A damaged one is an error, not a reason to assume."""
    from reprieve.calibration.posterior import load_posterior
    from reprieve.calibration.store import shipped

    needed = {"efficacy-chain", "tolerability"}
    return load_posterior() if needed <= set(shipped()) else None
