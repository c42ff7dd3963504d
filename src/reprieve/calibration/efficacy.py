"""The efficacy calibration: one model of belief and non-drug response, two drug terms, fitted to the same results.

    logit Emax(trial)      = mean, of PTSD (with a shift for veterans) or of depression, + SD between trials * z(trial)
    non-drug base(trial)   = mean + psychotherapy shift + depression shift + SD between trials * z(trial)

Trial effects are standard normal in the sampler (non-centred) and independent of each other: no trial tells benefit and
non-drug response apart well enough to learn how they go together. What the patients feel comes from the shipped
tolerability, never from the scores: what makes efficacy fit must not move dissociation (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reprieve.calibration.arms import Evidence, evidence
from reprieve.calibration.plan import plan, windows_of
from reprieve.calibration.priors import BENEFIT, DRUG, neutral, priors
from reprieve.calibration.problem import Prior, Problem
from reprieve.core.errors import InputError
from reprieve.model.parameters import default_parameters

FORECASTERS = tuple(DRUG)
# Estimated and reported, but no part of the model: what concerns depression alone, and the check of the dose relation.
DIAGNOSTICS = (
    "benefit_logit_depression",
    "empirical_benefit_logit_depression",
    "depression_nondrug_shift",
    "chain_dose_excess",
)


def efficacy(forecaster: str, held_out: str = "") -> Problem:
    """Return the fit of `forecaster`, chain or comparator, without the study `held_out`.

    The engine runs here, in about five seconds the first time, and JAX is set to double precision.

    Raises `InputError` for an unknown forecaster or study, or a prior that was chosen with the study in view.
    """
    if forecaster not in FORECASTERS:
        raise InputError("forecaster", forecaster, f"must be one of {', '.join(FORECASTERS)}")
    held, chosen, fixed = evidence(held_out), priors(forecaster, held_out), neutral(held_out)
    inputs = {
        "studies": held.studies,
        "rows": held.row_ids(),
        "evidence": _evidence_json(held),
        "priors": chosen,
        "neutral": fixed,
        "parameters": {name: default_parameters()[name] for name in default_parameters().names},
    }
    kept = tuple(prior.name for prior in chosen if prior.name not in DIAGNOSTICS)
    model = build(forecaster, held, chosen, fixed)
    return Problem(f"efficacy:{forecaster}", held_out, model, kept, chosen, inputs)


def build(
    forecaster: str, held: Evidence, chosen: tuple[Prior, ...], fixed: tuple[tuple[str, float], ...] = ()
) -> Callable[[], None]:
    """Return the NumPyro model. `fixed` replaces quantities of the model that stay fixed, by name."""
    import numpyro

    numpyro.enable_x64()

    from reprieve.calibration.forward import forward
    from reprieve.calibration.likelihood import observations
    from reprieve.calibration.sites import sample

    layout = plan(held, windows_of(held), neutral=fixed)
    shares, observed = forward(layout, forecaster), observations(held, layout)
    trial = np.array([held.studies.index(arm.study) for arm in held.arms])
    benefit_logit, nondrug_base = arm_level(held, forecaster)

    def model() -> None:
        values = {prior.name: sample(prior) for prior in chosen}
        each = numpyro.distributions.Normal(0, 1).expand([len(held.studies)]).to_event(1)
        effects = {what: numpyro.sample(f"{what}_trial", each) for what in ("benefit", "nondrug")}
        left = shares(
            values,
            benefit_logit(values, effects["benefit"][trial]),
            nondrug_base(values, effects["nondrug"][trial]),
        )
        for observe in observed:
            observe(left)

    return model


def arm_level(held: Evidence, forecaster: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the functions (values, z (a,)) -> logit of Emax and non-drug base of every arm (a,)."""
    stem = BENEFIT if forecaster == "chain" else f"empirical_{BENEFIT}"
    veteran = np.array([float(arm.profile == "veteran" and arm.condition == "ptsd") for arm in held.arms])
    depression = np.array([float(arm.condition == "depression") for arm in held.arms])
    therapy = np.array([float(arm.psychotherapy) for arm in held.arms])

    def benefit_logit(values: Mapping[str, Any], z: Any) -> Any:
        ptsd = values[f"{stem}mean"] + values[f"{stem}veteran"] * veteran
        centre = ptsd * (1 - depression) + values[f"{stem}depression"] * depression
        return centre + values[f"{stem}between_trials"] * z

    def nondrug_base(values: Mapping[str, Any], z: Any) -> Any:
        shift = values["psychotherapy_nondrug_shift"] * therapy + values["depression_nondrug_shift"] * depression
        return values["nondrug_base_mean"] + shift + values["nondrug_base_between_trials"] * z

    return benefit_logit, nondrug_base


def _evidence_json(held: Evidence) -> dict[str, Any]:
    groups = ("arms", "means", "ratios", "contrasts", "responders", "nulls")
    found: dict[str, Any] = {name: [one.model_dump() for one in getattr(held, name)] for name in groups}
    found["quantities"] = {name: one.value for name, one in held.quantities.items()}
    return found
