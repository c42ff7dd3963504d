"""The drug term of both forecasters in JAX: the chain's sum A at every drug row, or the empirical amount.

    chain        A = wF F + S(k) + kC G(k) ,  times (dose / reference)^excess     k = ln 2 / labile half-life + kC
    comparator   dA/dt = sum_i (dose_i / reference)^g delta(t - t_i) - rate A
    benefit      D = Emax A / (A50 + A)

Equal to `model.plasticity` and `model.empirical`; a test holds them together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from reprieve.calibration import chebyshev
from reprieve.calibration.efficacy_patients import fixed_patients
from reprieve.calibration.plan import Plan
from reprieve.calibration.upstream import NODES, range_log
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.parameters import default_parameters

type Values = Mapping[str, Any]
type Strength = Callable[[Values], Any]

PREFIX = {"chain": "", "comparator": "empirical_"}


def strength(plan: Plan, forecaster: str) -> Strength:
    """Return the function from parameter values to A, shape (u + 1, n): the last row, zero, is that of comparators."""
    return _chain(plan) if forecaster == "chain" else _comparator(plan)


def benefit(amount: Any, logit: Any, forecaster: str) -> Any:
    """Return D from A (..., n) and the logit of Emax, broadcast against it; patients differ in Emax."""
    name = f"{PREFIX[forecaster]}benefit"
    top = _sigmoid(logit + between_sd(f"{name}_max") * fixed_effect(f"{name}_max", amount.shape[-1]))
    return top * amount / (default_parameters()[f"{name}_half"] + amount)


def fixed_effect(name: str, count: int) -> Any:
    """Return a standard normal effect of the fixed patients (n,)."""
    return fixed_patients(count).effect(name)


def _chain(plan: Plan) -> Strength:
    held = default_parameters()
    drugs = [run for run in plan.runs if run.dose_mg_per_kg.any()]
    tables = np.concatenate([np.stack([run.labile, run.consolidated_per_rate]) for run in drugs], axis=1)
    functional = np.concatenate([run.functional for run in drugs]) * held["functional_weight"]
    count = functional.shape[1]
    # One small matrix per patient, (n, 2 u, m): far faster than a sum over m for all at once.
    matrices = jnp.asarray(np.concatenate(tables, axis=0).transpose(1, 0, 2))
    rows = tables.shape[1]
    shift = np.exp(between_sd("labile_half_life_d") * fixed_effect("labile_half_life_d", count))
    reference = held["empirical_reference_mg_per_kg"]
    log_dose = np.log(np.concatenate([np.full(len(r.time_h), r.dose_mg_per_kg[0] / reference) for r in drugs]))

    def amount(values: Values) -> Any:
        consolidation = math.log(2) / values["consolidation_half_life_d"]
        rate = math.log(2) / (values["labile_half_life_d"] * shift) + consolidation
        weights = chebyshev.basis(jnp.log(rate), *range_log(), NODES, jnp)
        both = jnp.matmul(matrices, weights[:, :, None])[:, :, 0].T
        total = functional + both[:rows] + consolidation * both[rows:]
        scaled = total * jnp.exp(values["chain_dose_excess"] * log_dose)[:, None]
        return jnp.concatenate([scaled, jnp.zeros((1, count))])

    return amount


def _comparator(plan: Plan) -> Strength:
    held = default_parameters()
    count = len(plan.runs[0].sedation)
    starts, ratio = _padded(plan)
    piece = np.array(
        [
            np.searchsorted(plan.runs[run].start_h, h, side="left") - 1
            for run, h in zip(plan.drug_run, plan.drug_h, strict=True)
        ]
    )
    given = piece >= 0
    since = np.where(given, plan.drug_h - starts[plan.drug_run, np.maximum(piece, 0)], 0)
    shift = np.exp(-between_sd("empirical_half_life_d") * fixed_effect("empirical_half_life_d", count))
    log_ratio = np.log(np.where(ratio > 0, ratio / held["empirical_reference_mg_per_kg"], 1))

    def amount(values: Values) -> Any:
        rate = math.log(2) / (values["empirical_half_life_d"] * HOURS_PER_DAY) * shift
        level, levels = jnp.zeros((len(plan.runs), count)), []
        for k in range(starts.shape[1]):
            if k:
                level = level * jnp.exp(-rate * (starts[:, k] - starts[:, k - 1])[:, None])
            jump = jnp.where(ratio[:, k] > 0, jnp.exp(values["empirical_dose_exponent"] * log_ratio[:, k]), 0)
            level = level + jump[:, None]
            levels.append(level)
        held_level = jnp.stack(levels)[np.maximum(piece, 0), plan.drug_run]
        total = jnp.where(given[:, None], held_level * jnp.exp(-rate * since[:, None]), 0)
        return jnp.concatenate([total, jnp.zeros((1, count))])

    return amount


def _padded(plan: Plan) -> tuple[Any, Any]:
    """Starts in hours and doses by regimen (g, k); behind the last infusion its start again with dose 0."""
    longest = max(len(run.start_h) for run in plan.runs)
    starts = np.stack([np.pad(run.start_h, (0, longest - len(run.start_h)), mode="edge") for run in plan.runs])
    doses = np.stack([np.pad(run.dose_mg_per_kg, (0, longest - len(run.start_h))) for run in plan.runs])
    return starts, doses


def between_sd(name: str) -> float:
    """Return the spread of a quantity between patients; 0 where it has none."""
    between = default_parameters().quantity(name).between
    return between.sd if between is not None else 0.0


def _sigmoid(x: Any) -> Any:
    return 0.5 * (1 + jnp.tanh(0.5 * x))
