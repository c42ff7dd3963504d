"""Means and variances over the fixed patients of what the model's acute effects give, differentiable in its quantities.

The formulas are those of `model/tolerability` and `model/comparators`, without noise:

    dissociation   T M X^g / (C50^g + X^g) + N X^2 / (C0^2 + X^2),   X = max(0, Ce - a Ca)
    pressure       f h(X) (rise + terms + own spread);  f the factor of the site
    nausea         1 - prod_k (1 - p_k), at least once in k infusions
    drowsiness     Ce^g / (C50^g + Ce^g)

M differs between studies by a shift of its logit. `q` holds the model's quantities by name, scalars, the spreads
between patients as `<name>_sd`. Arrays are (c, n): cells by patients. The spreads of N and of the rises are integrated
exactly; the cut of the score at 92, which a large N would meet, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from reprieve.calibration.chebyshev import basis
from reprieve.calibration.tolerability_upstream import MIDDLE_PER_H, RATE, SPAN, Upstream
from reprieve.core.instruments import instrument
from reprieve.model.population import Population
from reprieve.model.tolerability.dissociation import INSTRUMENT

type Array = Any  # a JAX array, a tracer or a NumPy array
type Quantities = Mapping[str, Any]

HIGHEST = instrument(INSTRUMENT).maximum
COMPARATORS = {"saline": "nondrug_dissociation_points", "midazolam": "midazolam_dissociation_points"}


@dataclass(frozen=True)
class Moments:
    """Mean over patients, variance, both (c,)."""

    mean: Array
    variance: Array


def moments(values: Array) -> Moments:
    """Return mean and variance over the last axis."""
    return Moments(values.mean(axis=-1), values.var(axis=-1))


def acting(up: Upstream, q: Quantities) -> Array:
    """Return X (c, n) in ng/mL of every cell of `up`."""
    x = jnp.log(q[RATE] / MIDDLE_PER_H) / math.log(SPAN)
    curves = basis(x, -1, 1, len(up.curves), jnp) @ up.curves
    adapted = jnp.tensordot(curves, up.weights, axes=1)
    return jnp.maximum(0.0, up.effect_site - q["adaptation_share"] * adapted)


def hill(x: Array, half: Array, power: Array) -> Array:
    """Return x^g / (half^g + x^g), 0 at x = 0 with a gradient that is 0 and not undefined."""
    there = x > 0
    log_ratio = power * (jnp.log(jnp.where(there, x, 1.0)) - jnp.log(half))
    return jnp.where(there, 1 / (1 + jnp.exp(-log_ratio)), 0.0)


def ketamine_parts(
    x: Array, highest: Array, remains: Array, q: Quantities, effects: Mapping[str, Array]
) -> tuple[Array, Array]:
    """Return the drug part in points and the share of the non-drug part that is felt, both (c, n), at X (c, n).

    `highest` (c, n) is M, `remains` (c, n) what tolerance leaves of the drug part.
    """
    half = lognormal("dissociation_half_ng_per_ml", q, effects)
    drug = HIGHEST * highest * hill(x, half, q["dissociation_steepness"]) * remains
    felt = (x / q["nondrug_half_ng_per_ml"]) ** 2
    return drug, felt / (1 + felt)


def ketamine_moments(drug: Array, felt: Array, q: Quantities) -> Moments:
    """Return moments (c,) of the score drug + N felt, N lognormal and independent of the rest."""
    first, second = lognormal_moments("nondrug_dissociation_points", q)
    share = felt.mean(axis=-1)
    together = (drug * felt).mean(axis=-1) - drug.mean(axis=-1) * share
    own = second * (felt**2).mean(axis=-1) - (first * share) ** 2
    return Moments(drug.mean(axis=-1) + first * share, drug.var(axis=-1) + 2 * first * together + own)


def largest(shifts: Array, q: Quantities, effects: Mapping[str, Array]) -> Array:
    """Return M (s, n), the largest drug part as a share of the scale; `shifts` (s,) moves the logit of each study."""
    name = "dissociation_max"
    return logistic(logit(q[name]) + shifts[:, None] + q[f"{name}_sd"] * effects[name])


def remains(infusions: int, q: Quantities, effects: Mapping[str, Array]) -> Array:
    """Return T (n,), what tolerance leaves of the drug part, as the mean of the first `infusions`."""
    name = "dissociation_tolerance_max"
    most = logistic(logit(q[name]) + q[f"{name}_sd"] * effects[name])
    number = jnp.arange(infusions)
    return 1 - most * (1 - jnp.exp(-q["dissociation_tolerance_rate"] * number)).mean()


def comparator_moments(substance: str, minutes: Array, q: Quantities) -> Moments:
    """Return moments (m,) of the score of saline or midazolam at `minutes` (m,) from the start."""
    first, second = lognormal_moments(COMPARATORS[substance], q)
    curve = comparator_shape(substance, minutes, q)
    return Moments(first * curve, (second - first**2) * curve**2)


def comparator_shape(substance: str, minutes: Array, q: Quantities) -> Array:
    """Return the share of the peak (m,) at `minutes` (m,) from the start; 1 at the end of the infusion."""
    end, onset = q["comparator_infusion_min"], q["comparator_onset_half_life_min"]
    rising = (1 - 2 ** (-jnp.clip(minutes, 0, end) / onset)) / (1 - 2 ** (-end / onset))
    return rising * 2 ** (-jnp.maximum(0, minutes - end) / q[f"{substance}_offset_half_life_min"])


def pressure_rise(kind: str, x: Array, terms: Array, q: Quantities) -> Moments:
    """Return moments (c,) of the rise of sbp, dbp or heart_rate at an average site, without noise.

    `terms` (n,) is what age and hypertension add to a patient's rise.
    """
    name = rise_name(kind)
    lift = relative_rise(x, q)
    part = moments(lift * (q[name] + terms))
    return Moments(part.mean, part.variance + q[f"{name}_sd"] ** 2 * (lift**2).mean(axis=-1))


def rise_name(kind: str) -> str:
    """Return the model's name of the rise of sbp, dbp or heart_rate."""
    return "heart_rate_rise_per_min" if kind == "heart_rate" else f"{kind}_rise_mmhg"


def relative_rise(x: Array, q: Quantities) -> Array:
    """Return h(X): 1 at the reference concentration, 0 at 0."""
    reference, half = q["pressure_reference_ng_per_ml"], q["pressure_half_ng_per_ml"]
    return x / reference * (half + reference) / (half + x)


def nausea_chance(peak: Array, infusions: int, q: Quantities, effects: Mapping[str, Array]) -> Array:
    """Return the mean chance (c,) of nausea at least once in `infusions`, from peaks (c, n) at the effect site."""
    relative = (peak / q["nausea_reference_ng_per_ml"]) ** q["nausea_exponent"]
    first = lognormal("nausea_odds", q, effects) * relative
    never = jnp.ones_like(first)
    for number in range(infusions):
        never = never / (1 + first * jnp.exp(-q["nausea_decline_per_infusion"] * number))
    return (1 - never).mean(axis=-1)


def drowsy_chance(site: Array, q: Quantities, effects: Mapping[str, Array]) -> Array:
    """Return the mean chance (c,) of being drowsy at effect-site concentrations (c, n)."""
    half = lognormal("sedation_half_ng_per_ml", q, effects)
    return hill(site, half, q["sedation_steepness"]).mean(axis=-1)


def pressure_terms(kind: str, patients: Population, q: Quantities) -> Array:
    """Return what age and known hypertension add to each patient's rise (n,)."""
    if kind == "heart_rate":
        return jnp.zeros(len(patients))
    terms = q[f"{kind}_rise_hypertension_mmhg"] * patients.hypertension
    if kind == "sbp":
        terms = terms + q["sbp_rise_per_year_mmhg"] * (patients.age_y - q["pressure_reference_age_y"])
    return terms


def lognormal_moments(name: str, q: Quantities) -> tuple[Array, Array]:
    """Return mean and mean square over patients of a quantity whose log is normal."""
    variance = q[f"{name}_sd"] ** 2
    return q[name] * jnp.exp(variance / 2), q[name] ** 2 * jnp.exp(2 * variance)


def lognormal(name: str, q: Quantities, effects: Mapping[str, Array]) -> Array:
    """Return a quantity of every patient (n,) whose log is normal."""
    return q[name] * jnp.exp(q[f"{name}_sd"] * effects[name])


def logit(share: Array) -> Array:
    """Return log(p / (1 - p))."""
    return jnp.log(share) - jnp.log1p(-share)


def logistic(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1 + jnp.tanh(0.5 * x))
