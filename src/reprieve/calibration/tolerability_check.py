"""Observed beside predicted: each study as a new one, with the spread between studies and sampling error.

A study that the fit held out is predicted in earnest; one that it saw shows how the fit describes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.calibration.tolerability import fixed
from reprieve.calibration.tolerability_data import CADSS, PRESSURES, Row
from reprieve.calibration.tolerability_priors import priors
from reprieve.core.random import normal

type Array = NDArray[np.float64]

STREAM = "calibration:tolerability:new:{what}"
INTERVAL = (2.5, 50, 97.5)  # percentiles: median and 95 %, equal-tailed


@dataclass(frozen=True, slots=True)
class Predicted:
    """A mean of a study and its prediction, in the row's unit: `average` of an average study, interval of a new one."""

    row: Row
    observed: float
    average: float
    median: float
    low: float
    high: float

    @property
    def covered(self) -> bool:
        """Whether the observed mean lies in the 95 % interval."""
        return self.low <= self.observed <= self.high


def check(draws: Mapping[str, Array], rows: Sequence[Row], seed: int = 1) -> tuple[Predicted, ...]:
    """Return the predictions of the mean scores and rises among `rows` (pooled means and counts left out).

    `draws` maps each estimated name to (d,). Rows of one study share its effect; different studies have their own.
    Scores are less what was there before the infusion, as in the fit.
    """
    import jax
    import numpyro

    numpyro.enable_x64()
    count = len(next(iter(draws.values())))
    held = [row for row in rows if row.kind in PRESSURES or row.kind.startswith(CADSS)]
    names = tuple(dict.fromkeys(row.study for row in held))
    own = {what: _normals(seed, what, count, names) for what in ("dissociation", "pressure")}
    shown, observed, predict = _predictor(held, names)
    one = jax.jit(lambda given: jax.lax.map(lambda item: predict(*item), given))
    mean, error = (np.asarray(part) for part in one((dict(draws), own)))
    still, _ = one((dict(draws), {what: np.zeros_like(z) for what, z in own.items()}))
    noise = normal(seed, STREAM.format(what="sampling"), np.arange(count, dtype=np.int64), len(shown))
    low, median, high = np.percentile(mean + error * noise, INTERVAL, axis=0)
    average = np.median(np.asarray(still), axis=0)
    figures = zip(shown, observed, average, median, low, high, strict=True)
    return tuple(Predicted(row, *(float(value) for value in rest)) for row, *rest in figures)


def _predictor(rows: Sequence[Row], names: Sequence[str]) -> tuple[tuple[Row, ...], Array, Any]:
    """The rows shown, what was observed, and a function of quantities and study effects (s,) to means and errors."""
    import jax.numpy as jnp

    from reprieve.calibration.tolerability_forward import acting
    from reprieve.calibration.tolerability_model import parts
    from reprieve.calibration.tolerability_pressures import noise, site_factor

    chosen = priors()
    rest = fixed(chosen)
    held = parts(rows, chosen, rest)
    scores, pressures = held.scores, held.pressures
    of_study = np.array([names.index(study) for study in scores.studies], dtype=np.int64)
    of_site = np.array([names.index(row.study) for row in pressures.rows], dtype=np.int64)
    patients = np.array([row.n for row in pressures.rows], dtype=np.float64)

    def predict(drawn: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[Any, Any]:
        q = {**rest, **drawn}
        x = acting(held.up, q)
        means, errors = [], []
        if scores.rows:
            found = scores.predicted(x, q, q["dissociation_site_sd"] * own["dissociation"][of_study])
            means.append(found.mean)
            errors.append(scores.error(found.variance))
        if pressures.rows:
            factor = site_factor(own["pressure"][of_site], q)
            rise = pressures.predicted(pressures.rows, x, q)
            means.append(factor * rise.mean)
            errors.append(jnp.sqrt((factor**2 * rise.variance + noise(pressures.rows, q)) / patients))
        return jnp.concatenate(means), jnp.concatenate(errors)

    observed = np.concatenate([scores.means, [row.value for row in pressures.rows]])
    return (*scores.rows, *pressures.rows), observed, predict


def _normals(seed: int, what: str, count: int, names: Sequence[str]) -> Array:
    """Standard normal numbers (d, s): a study keeps its own whatever other studies are there."""
    draws = np.arange(count, dtype=np.int64)
    return np.stack([normal(seed, STREAM.format(what=f"{what}:{name}"), draws)[:, 0] for name in names], axis=1)
