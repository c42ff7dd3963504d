"""Problems whose posterior is known, and invented fits on disk. No figure of them means anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reprieve.calibration.problem import Prior, Problem
from reprieve.calibration.store import Key, write

type Array = npt.NDArray[np.float64]

# The eight schools: estimated effects and their standard errors (rubin1981).
EFFECTS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
ERRORS = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
MU_SD, TAU_SCALE = 5.0, 5.0
READINGS = np.array([1.0, 2.0, 3.0, 0.0, 1.0])


def prior(name: str, scale: str, centre: float, spread: float, studies: tuple[str, ...] = ()) -> Prior:
    return Prior(name, f"the {name}", "points", scale, centre, spread, "assumption", "assumed", studies)


def schools() -> Problem:
    """Normal effects of eight schools about a common mean."""
    import numpyro
    from numpyro import distributions as dist

    numpyro.enable_x64()

    def model() -> None:
        mu = numpyro.sample("mu", dist.Normal(0, MU_SD))
        tau = numpyro.sample("tau", dist.HalfNormal(TAU_SCALE))
        z = numpyro.sample("z", dist.Normal(0, 1).expand([len(EFFECTS)]).to_event(1))
        numpyro.sample("effects", dist.Normal(mu + tau * z, ERRORS).to_event(1), obs=EFFECTS)

    priors = (prior("mu", "normal", 0, MU_SD), prior("tau", "half_normal", 0, TAU_SCALE))
    return Problem("schools", "", model, ("mu", "tau"), priors, {"rows": ["a", "b"], "studies": ["rubin1981"]})


def mean_of_five(error_sd: float = 1.0, shift: float = 0.0, factor: bool = False) -> Problem:
    """The mean of five readings with known error: a normal posterior. `shift` moves what the model expects."""
    import numpyro
    from numpyro import distributions as dist

    numpyro.enable_x64()

    def model() -> None:
        mean = numpyro.sample("mean", dist.Normal(0, 2))
        numpyro.sample("readings", dist.Normal(mean + shift, error_sd).expand([5]).to_event(1), obs=READINGS)
        if factor:
            numpyro.factor("unknown", -((mean - 5) ** 2))

    return Problem("mean", "", model, ("mean",), (prior("mean", "normal", 0, 2),), {"rows": [], "studies": []})


def header(names: tuple[str, ...], **more: Any) -> dict[str, Any]:
    """A header with all that a reader asks for; every parameter learned but for the last."""
    shrinkage = {name: {"shrinkage": 0.8 if name != names[-1] else 0.1, "moved": 1.0} for name in names}
    shifts = {name: {"shift": 0.1, "prior": name, "spread": "halved", "flag": False} for name in names}
    return {
        "version": "0",
        "rows": ["one", "two"],
        "studies": ["feder2014", "duek2023"],
        "studies_of_priors": [],
        "neutral": {},
        "priors": [
            {
                **dict.fromkeys(("label", "unit", "note"), "points"),
                "name": name,
                "scale": "normal",
                "centre": 0.0,
                "spread": 1.0,
                "studies": [],
                "source": "assumption",
                "seen": "assumed",
            }
            for name in names
        ],
        "diagnostics": {
            "ok": True,
            "failures": [],
            "divergences": 0,
            "most_steps": 7,
            "r_hat_max": 1.001,
            "ess_bulk_min": 900.0,
            "ess_tail_min": 800.0,
            "parameters": {},
        },
        "summary": {name: {"mean": 0.0, "sd": 1.0, "median": 0.0, "low": -2.0, "high": 2.0} for name in names},
        "shrinkage": shrinkage,
        "sensitivity": {"flag_above": 0.5, "parameters": shifts, "not_judged": []},
        "seed": 1,
        "seconds": 1.0,
        "made_from": "nothing",
        "versions": {},
        **more,
    }


def efficacy_draws(forecaster: str = "chain", size: int = 12) -> dict[str, Array]:
    """Invented draws of the efficacy fit."""
    random = np.random.default_rng(7)
    stem = "benefit" if forecaster == "chain" else "empirical_benefit"
    return {
        f"{stem}_logit_mean": random.normal(-0.6, 0.3, size),
        f"{stem}_logit_veteran": random.normal(-0.5, 0.2, size),
        f"{stem}_logit_between_trials": random.uniform(0.2, 0.5, size),
        "nondrug_base_mean": random.normal(-0.6, 0.2, size),
        "nondrug_base_between_trials": random.uniform(0.1, 0.3, size),
        "psychotherapy_nondrug_shift": random.normal(0.4, 0.2, size),
        "nondrug_base_sd": random.uniform(0.9, 1.4, size),
        "nondrug_belief": random.uniform(0.2, 0.6, size),
    }


def tolerability_draws(size: int = 12) -> dict[str, Array]:
    """Invented draws of the tolerability fit."""
    random = np.random.default_rng(8)
    return {
        "dissociation_max": random.uniform(0.3, 0.7, size),
        "dissociation_site_sd": random.uniform(0.2, 0.6, size),
        "sbp_rise_mmhg": random.uniform(9, 12, size),
        "sbp_rise_mmhg_sd": random.uniform(6, 9, size),
        "pressure_site_sd": random.uniform(0.2, 0.4, size),
    }


def put(place: Path, held_out: str = "", **more: Any) -> Path:
    """Write the three invented fits into a folder and return it."""
    for forecaster in ("chain", "comparator"):
        draws = efficacy_draws(forecaster)
        write(Key("efficacy", forecaster, held_out), header(tuple(draws), **more), draws, place)
    draws = tolerability_draws()
    write(Key("tolerability"), header(tuple(draws), studies=["bowdle1998"]), draws, place)
    return place
