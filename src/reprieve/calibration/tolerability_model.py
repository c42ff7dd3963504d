"""The NumPyro model of the acute effects: priors, and the likelihood of scores, rises and events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from reprieve.calibration.problem import Prior
from reprieve.calibration.tolerability_data import EVENTS, Row, all_rows
from reprieve.calibration.tolerability_events import Events
from reprieve.calibration.tolerability_forward import acting, logistic, logit
from reprieve.calibration.tolerability_pressures import Pressures
from reprieve.calibration.tolerability_scores import Scores
from reprieve.calibration.tolerability_upstream import Upstream, upstream


@dataclass(frozen=True)
class Parts:
    """The three parts of the likelihood, and the concentrations that they need."""

    up: Upstream
    scores: Scores
    pressures: Pressures
    events: Events


def build(rows: Sequence[Row], priors: Sequence[Prior], fixed: Mapping[str, float]) -> Callable[[], None]:
    """Return a NumPyro model without arguments. `fixed` holds the quantities that are not estimated."""
    held = parts(rows, priors, fixed)

    def model() -> None:
        q: dict[str, Any] = {**fixed, **{prior.name: drawn(prior) for prior in priors}}
        x = acting(held.up, q)
        held.scores.observe(x, q)
        held.pressures.observe(x, q)
        held.events.observe(q)

    return model


def parts(rows: Sequence[Row], priors: Sequence[Prior], fixed: Mapping[str, float]) -> Parts:
    """Return the parts of the likelihood of these rows."""
    up = needed()
    centre = {**fixed, **{prior.name: prior.centre for prior in priors}}
    return Parts(up, Scores(rows, up, centre), Pressures(rows, up), Events(rows, up))


def needed() -> Upstream:
    """Return the concentrations that the rows need, held out or not: they are computed once."""
    given = [row for row in all_rows() if row.regimen]
    cells = dict.fromkeys((row.regimen, row.minute) for row in given if row.minute is not None)
    peaks = dict.fromkeys(row.regimen for row in given if row.kind in EVENTS)
    return upstream(tuple(cells), tuple(peaks))


def drawn(prior: Prior) -> Any:
    """Draw a parameter from its prior, by a standard normal number where the scale allows."""
    if prior.scale == "half_normal":
        return numpyro.sample(prior.name, dist.HalfNormal(prior.spread))
    z = numpyro.sample(f"{prior.name}_z", dist.Normal())
    return numpyro.deterministic(prior.name, on_scale(prior, z))


def on_scale(prior: Prior, z: Any) -> Any:
    """Return the value `z` spreads from the centre of a prior."""
    if prior.scale == "lognormal":
        return prior.centre * jnp.exp(prior.spread * z)
    if prior.scale == "logit_normal":
        return logistic(logit(prior.centre) + prior.spread * z)
    return prior.centre + prior.spread * z
