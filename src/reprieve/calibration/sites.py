"""One sampled site per prior."""

from __future__ import annotations

import math
from typing import Any

import numpyro
import numpyro.distributions as dist

from reprieve.calibration.problem import Prior


def sample(prior: Prior) -> Any:
    """Sample a parameter from its prior, under its own name."""
    return numpyro.sample(prior.name, distribution(prior))


def distribution(prior: Prior) -> Any:
    """Return the distribution of a prior."""
    if prior.scale == "lognormal":
        return dist.LogNormal(math.log(prior.centre), prior.spread)
    if prior.scale == "logit_normal":
        logit = math.log(prior.centre / (1 - prior.centre))
        return dist.TransformedDistribution(dist.Normal(logit, prior.spread), dist.transforms.SigmoidTransform())
    if prior.scale == "half_normal":
        return dist.HalfNormal(prior.spread)
    return dist.Normal(prior.centre, prior.spread)
