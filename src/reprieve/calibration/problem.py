"""What is handed to the sampler: a NumPyro model, the names that are kept, and the prior of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prior:
    """The prior of one parameter: centre and spread on its own scale, and the studies that it was set from.

    `scale` is normal, lognormal, logit_normal or half_normal; `studies` are keys of studies whose results were seen
    when centre or spread was chosen: a fit that holds one of them out may not use the prior.
    """

    name: str
    label: str
    unit: str
    scale: str
    centre: float
    spread: float
    source: str
    seen: str
    studies: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Problem:
    """A fit. `model` is a NumPyro model without arguments; `kept` names sites or deterministics, each a scalar.

    `held_out` is the study removed from data and priors, empty for none; `inputs` is digested into the posterior.
    """

    name: str
    held_out: str
    model: Callable[[], None]
    kept: tuple[str, ...]
    priors: tuple[Prior, ...]
    inputs: object
