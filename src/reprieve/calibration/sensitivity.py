"""How far each parameter would move with another prior: draws re-weighted by the ratio of the priors' densities.

    weight = prior with the spread halved or doubled / prior as it was,    one prior at a time
    shift  = (weighted mean - mean) / SD of the posterior

Means and SDs are taken on the scale of each parameter's own prior. The weights are smoothed (Pareto smoothed importance
sampling); where their Pareto k exceeds 0.7 the re-weighted draws say nothing, and neither do we: such a prior is
nearly all that is known of its parameter.

Source: vehtari2024 (smoothing and its limit). That a shift of half a posterior SD is worth a flag is our choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.calibration.problem import Prior
from reprieve.core.errors import InputError

type Array = NDArray[np.float64]

FACTORS = {"halved": 0.5, "doubled": 2.0}
FLAG = 0.5
PARETO_LIMIT = 0.7
SCALES = ("normal", "lognormal", "logit_normal", "half_normal")


def on_scale(prior: Prior, values: Array) -> Array:
    """Return values of a parameter on the scale of its prior, where its density is normal (or half normal)."""
    if prior.scale == "lognormal":
        return np.log(values)
    if prior.scale == "logit_normal":
        return np.log(values) - np.log1p(-values)
    if prior.scale in SCALES:
        return values
    raise InputError(f"prior of {prior.name}: scale", prior.scale, f"must be one of {', '.join(SCALES)}")


def centre_on_scale(prior: Prior) -> float:
    """Return the centre of a prior on its own scale; zero for a half normal."""
    if prior.scale == "half_normal":
        return 0.0
    return float(on_scale(prior, np.array(prior.centre)))


def spread_on_scale(prior: Prior) -> float:
    """Return the SD of a prior on its own scale."""
    # The SD of |z| for a standard normal z is sqrt(1 - 2 / pi).
    return prior.spread * float(np.sqrt(1 - 2 / np.pi)) if prior.scale == "half_normal" else prior.spread


def shrinkage(draws: Mapping[str, Array], priors: Sequence[Prior]) -> dict[str, dict[str, float]]:
    """Return what the data did to each parameter with a prior, on the prior's scale.

    `shrinkage` is 1 - (SD of the posterior / SD of the prior)^2, 0 if the data said nothing, 1 if they said all;
    `moved` is the distance of the two means in SDs of the prior.
    """
    found = {}
    for prior in priors:
        if prior.name in draws:
            held = on_scale(prior, np.asarray(draws[prior.name], dtype=np.float64).reshape(-1))
            sd, mean = spread_on_scale(prior), _mean_on_scale(prior)
            found[prior.name] = {
                "shrinkage": 1 - (float(held.std(ddof=1)) / sd) ** 2,
                "moved": (float(held.mean()) - mean) / sd,
            }
    return found


def _mean_on_scale(prior: Prior) -> float:
    # The mean of |z| for a standard normal z is sqrt(2 / pi).
    return prior.spread * float(np.sqrt(2 / np.pi)) if prior.scale == "half_normal" else centre_on_scale(prior)


def sensitivity(draws: Mapping[str, Array], priors: Sequence[Prior]) -> dict[str, Any]:
    """Return for each parameter the largest shift over all priors and both factors, and which caused it.

    `draws` maps names to (chain, draw). A parameter without a prior of its own is judged on its natural scale.
    """
    named = {prior.name: prior for prior in priors if prior.name in draws}
    flat = {name: _flat(name, values, named) for name, values in draws.items()}
    held = {name: {"shift": 0.0, "prior": "", "spread": "", "flag": False} for name in flat}
    unknown: list[dict[str, Any]] = []
    for name, prior in named.items():
        for word, factor in FACTORS.items():
            weights, k = reweighted(flat[name], centre_on_scale(prior), prior.spread, factor)
            if not k <= PARETO_LIMIT:
                unknown.append({"prior": name, "spread": word, "pareto_k": k})
                continue
            for other, values in flat.items():
                shift = _shift(values, weights)
                if abs(shift) > abs(float(held[other]["shift"])):  # type: ignore[arg-type]
                    held[other] = {"shift": shift, "prior": name, "spread": word, "flag": bool(abs(shift) > FLAG)}
    return {"flag_above": FLAG, "parameters": held, "not_judged": unknown}


def reweighted(values: Array, centre: float, spread: float, factor: float) -> tuple[Array, float]:
    """Return smoothed weights (d,) of draws under a spread multiplied by `factor`, and their Pareto k."""
    from arviz_stats.base import array_stats

    z = (values - centre) / spread
    log_ratio = 0.5 * z**2 * (1 - 1 / factor**2)
    smoothed, k = array_stats.psislw(log_ratio.min() - log_ratio)  # it takes the log density that is divided by
    weights = np.exp(smoothed - smoothed.max())
    return weights / weights.sum(), float(k)


def _flat(name: str, values: Array, named: Mapping[str, Prior]) -> Array:
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    return on_scale(named[name], flat) if name in named else flat


def _shift(values: Array, weights: Array) -> float:
    sd = float(values.std(ddof=1))
    return float((weights @ values - values.mean()) / sd) if sd > 0 else 0.0
