"""What the results say of the shares left: one observed site per result, so that data can also be drawn from the model.

    means        normal, one correlated vector of days per arm
    spreads      log SD between patients, normal
    ratio        log ratio of two means, normal
    contrast     difference in points, normal
    responders   binomial; a patient with share s falls enough with probability Phi((1 - fall - s) / noise of the pair)
    null         Bernoulli: |z| < 1.96 for every arm against one control, given the true differences

The arms of a null share their control's error e. Given e they are independent; the mean over e is a Gauss-Hermite sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.scipy.special import ndtr

from reprieve.calibration import evidence_rows as rows
from reprieve.calibration.arms import Contrast, Evidence, Means, Null, Ratio, Responders
from reprieve.calibration.plan import Plan

type Observe = Callable[[Any], None]

NOT_SIGNIFICANT = 1.96  # two-sided 5 %, as the trials tested
_HERMITE = 12


def observations(held: Evidence, plan: Plan) -> tuple[Observe, ...]:
    """Return the functions that observe every result, each given the shares left at the windows (w, n)."""
    found = [_means(one, held, plan) for one in held.means]
    found += [_spread(one, held, plan) for one in held.means if one.spread is not None]
    found += [_ratio(one, held, plan) for one in held.ratios]
    found += [_contrast(one, held, plan) for one in held.contrasts]
    found += [_responders(one, held, plan) for one in held.responders]
    found += [_null(one, held, plan) for one in held.nulls]
    return tuple(found)


def _places(one: Means | Null | Ratio | Contrast, days: tuple[float, ...], held: Evidence, plan: Plan) -> Any:
    """Windows of the arms of a result on `days`, (a, d)."""
    return np.array([[plan.window(held.arm(one.study, a), day, one.recall_days) for day in days] for a in one.arms])


def _means(one: Means, held: Evidence, plan: Plan) -> Observe:
    value, covariance = rows.shares(one, held)
    scale, places = np.linalg.cholesky(covariance), _places(one, one.days, held, plan)

    def observe(left: Any) -> None:
        mean = left.mean(axis=1)[places]
        numpyro.sample(f"mean:{one.study}", dist.MultivariateNormal(mean, scale_tril=scale).to_event(1), obs=value)

    return observe


def _spread(one: Means, held: Evidence, plan: Plan) -> Observe:
    assert one.spread is not None
    value, covariance, change = rows.spreads(one, held)
    scale, places = np.linalg.cholesky(covariance), _places(one, one.days, held, plan)
    cv, noise = (held.quantities[name].value for name in (one.spread.latent_cv, one.spread.noise))

    def observe(left: Any) -> None:
        moved = left[places] - (1.0 if change else 0.0)
        variance = (1 + cv**2) * (moved**2).mean(axis=-1) - moved.mean(axis=-1) ** 2 + noise**2 * (2 if change else 1)
        site = dist.MultivariateNormal(0.5 * jnp.log(variance), scale_tril=scale).to_event(1)
        numpyro.sample(f"spread:{one.study}", site, obs=value)

    return observe


def _ratio(one: Ratio, held: Evidence, plan: Plan) -> Observe:
    first, second = (rows.outcome(name) for name in one.rows)
    value = math.log(first.value / second.value)
    error = math.hypot(*(rows.standard_error(row) / row.value for row in (first, second)))
    places = _places(one, (one.day,), held, plan)[:, 0]

    def observe(left: Any) -> None:
        mean = jnp.log(left.mean(axis=1)[places])
        numpyro.sample(f"ratio:{one.study}", dist.Normal(mean[0] - mean[1], error), obs=value)

    return observe


def _contrast(one: Contrast, held: Evidence, plan: Plan) -> Observe:
    row, baseline = rows.contrast(one.row), rows.outcome(one.baseline).value
    places = _places(one, (one.day,), held, plan)[:, 0]

    def observe(left: Any) -> None:
        mean = left.mean(axis=1)[places] * baseline
        numpyro.sample(f"contrast:{one.study}", dist.Normal(mean[0] - mean[1], row.se), obs=row.estimate)

    return observe


def _responders(one: Responders, held: Evidence, plan: Plan) -> Observe:
    count, total = rows.event(one.row)
    place = plan.window(held.arm(one.study, one.arm), one.day, one.recall_days)
    # The two readings err alike; that of the baseline counts by 1 - fall.
    noise = held.quantities[one.noise].value * math.hypot(1, 1 - one.fall)

    def observe(left: Any) -> None:
        chance = ndtr((1 - one.fall - left[place]) / noise).mean()
        numpyro.sample(f"responders:{one.study}:{one.arm}", dist.Binomial(total, probs=chance), obs=count)

    return observe


def _null(one: Null, held: Evidence, plan: Plan) -> Observe:
    held_rows = [rows.contrast(name) for name in one.rows]
    baseline, sd = rows.outcome(one.baseline).value, held.quantities[one.change_sd].value
    wrong = [row.row_id for row in held_rows if row.direction != "no_difference" or not (row.n_arm1 and row.n_arm2)]
    if wrong:
        from reprieve.core.errors import InputError

        raise InputError("row", wrong[0], "is not a null result with the number of patients")
    error = np.array([sd / math.sqrt(row.n_arm1 or 1) for row in held_rows])
    control_error = sd / math.sqrt(held_rows[0].n_arm2 or 1)
    places = _places(one, one.days, held, plan)
    control = np.array([plan.window(held.arm(one.study, one.control), day, one.recall_days) for day in one.days])
    limit = NOT_SIGNIFICANT * np.hypot(error, control_error)
    node, weight = np.polynomial.hermite_e.hermegauss(_HERMITE)

    def observe(left: Any) -> None:
        mean = left.mean(axis=1) * baseline
        difference = mean[places].mean(axis=1) - mean[control].mean()
        given = difference - control_error * node[:, None]
        inside = ndtr((limit - given) / error) - ndtr((-limit - given) / error)
        chance = jnp.sum(weight * jnp.prod(inside, axis=1)) / weight.sum()
        numpyro.sample(f"null:{one.study}", dist.Bernoulli(probs=jnp.clip(chance, 0, 1)), obs=1)

    return observe
