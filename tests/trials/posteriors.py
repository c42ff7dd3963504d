"""Invented posteriors for tests: no fit, and no figure of them means anything."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from reprieve.calibration.posterior import Posterior
from reprieve.trials.blind_values import CHAIN

SIZE = 30


def headers(studies: tuple[str, ...] = (), behind: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """Headers of two fits: the studies of the data, and the studies behind the one prior."""
    prior = {"name": "benefit_logit_mean", "source": "assumption", "studies": list(behind)}
    rest: dict[str, Any] = {"diagnostics": {}, "studies": [], "priors": [], "neutral": {}, "shrinkage": {}}
    neutral = {"midazolam_sedation": 0.3}
    return {"efficacy": {**rest, "studies": list(studies), "priors": [prior], "neutral": neutral}, "tolerability": rest}


def invented(forecaster: str, study: str, *, size: int = SIZE, leak: dict[str, Any] | None = None) -> Posterior:
    """A posterior without `study`, of a few draws of a few quantities."""
    random = np.random.default_rng(20140416)
    stem = "benefit" if forecaster == CHAIN else "empirical_benefit"
    draws = {
        f"{stem}_logit_mean": random.normal(-0.6, 0.3, size),
        f"{stem}_logit_veteran": random.normal(-0.5, 0.4, size),
        f"{stem}_logit_between_trials": np.abs(random.normal(0, 0.4, size)),
        "nondrug_base_mean": random.normal(-0.6, 0.2, size),
        "nondrug_base_between_trials": np.abs(random.normal(0, 0.2, size)),
        "nondrug_base_sd": random.uniform(0.9, 1.4, size),
        "psychotherapy_nondrug_shift": random.normal(0.4, 0.2, size),
        "nondrug_belief": random.uniform(0.2, 0.6, size),
        "sbp_rise_mmhg": random.uniform(9, 12, size),
    }
    if forecaster == CHAIN:
        draws["consolidation_half_life_d"] = random.uniform(5, 12, size)
        draws["lambda_e"] = random.uniform(0.3, 1, size)
    held = headers() if leak is None else leak
    return Posterior(forecaster, study, "0", "invented", MappingProxyType(draws), MappingProxyType(held))
