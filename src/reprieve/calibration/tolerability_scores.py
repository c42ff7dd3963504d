"""Dissociation scores in the likelihood: means and spreads by study, dose and minute, for ketamine and comparators.

A score before the infusion, where it is not near zero, is taken off the mean (correlation unknown, taken as none, which
widens the error) and its variance added to that of the score.

The log of the spread of n skewed scores lies below that of the population and scatters more than the normal rule says:
both corrections come from drawing n of the fixed patients at the centre of the priors, again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpy.typing import NDArray

from reprieve.calibration import tolerability_forward as forward
from reprieve.calibration.tolerability_data import BEFORE, CADSS, Row
from reprieve.calibration.tolerability_forward import Moments, Quantities
from reprieve.calibration.tolerability_upstream import Upstream
from reprieve.core.random import normal, uniform

type Array = NDArray[np.float64]

SUBSTANCES = ("ketamine", "saline", "midazolam")
WHOLE_NUMBERS = 1 / 12  # variance that rounding to whole points adds (Sheppard)
MOSTLY_ZERO = 1.0  # a mean up to this is a few scores among zeros: its spread is not used
SAMPLES = 2000
STREAM = "calibration:tolerability:spread"


class Scores:
    """The scores among `rows`, ready to be compared with the quantities of the model.

    `rows` are in the order of `SUBSTANCES`; `means` are theirs, less what was there before the infusion.
    """

    def __init__(self, rows: Sequence[Row], up: Upstream, centre: Quantities) -> None:
        """Arrange the rows. `centre` holds every quantity at the centre of its prior."""
        by_substance = {name: [r for r in rows if r.kind == CADSS and r.substance == name] for name in SUBSTANCES}
        self.rows = tuple(row for held in by_substance.values() for row in held)
        self._up, self._given = up, by_substance["ketamine"]
        self._places = up.places((row.regimen, _minute(row)) for row in self._given)
        self.studies = tuple(dict.fromkeys(row.study for row in self._given))
        self._study = np.array([self.studies.index(row.study) for row in self._given], dtype=np.int64)
        self._minutes = {name: np.array([_minute(row) for row in by_substance[name]]) for name in SUBSTANCES[1:]}
        self._before(rows)
        spread = [number for number, row in enumerate(self.rows) if _tells_spread(row)]
        self._spread = np.array(spread, dtype=np.int64)
        self.log_sds = np.log([self.rows[number].dispersion or 0.0 for number in spread])
        self._bias, self._scatter = self._corrections(centre)

    def predicted(self, x: Any, q: Quantities, shifts: Any) -> Moments:
        """Return moments (rows,) of the scores; `x` is X of every cell, `shifts` (s,) move the studies' logit of M."""
        found = [forward.ketamine_moments(*self._given_parts(x, q, shifts), q)] if self._given else []
        found += [forward.comparator_moments(name, minutes, q) for name, minutes in self._minutes.items()]
        mean, variance = (jnp.concatenate([getattr(one, key) for one in found]) for key in ("mean", "variance"))
        return Moments(mean, variance)

    def error(self, variance: Any) -> Any:
        """Return the standard error of each mean for a variance over patients (rows,); the posted one where given."""
        own = jnp.sqrt((variance + WHOLE_NUMBERS) / self._n + self._extra_error)
        return jnp.where(self._posted > 0, self._posted, own)

    def observe(self, x: Any, q: Quantities) -> None:
        """Add the likelihood to the model that is being run."""
        if not self.rows:
            return
        shifts = jnp.zeros(0)
        if self.studies:
            with numpyro.plate("studies", len(self.studies)):
                shifts = q["dissociation_site_sd"] * numpyro.sample("dissociation_study", dist.Normal())
        found = self.predicted(x, q, shifts)
        numpyro.sample("cadss_mean", dist.Normal(found.mean, self.error(found.variance)), obs=self.means)
        whole = jnp.log(found.variance + self._extra + WHOLE_NUMBERS)[self._spread] / 2
        numpyro.sample("cadss_log_sd", dist.Normal(whole + self._bias, self._scatter), obs=self.log_sds)

    def _before(self, rows: Sequence[Row]) -> None:
        """Means less what was there before, the variance that this adds, and what it does to the error."""
        before = {(row.study, row.arm): row for row in rows if row.kind == BEFORE}
        firsts = [before.get((row.study, row.arm)) for row in self.rows]
        self._n = np.array([row.n for row in self.rows], dtype=np.float64)
        self.means = np.array(
            [row.value - (first.value if first else 0.0) for row, first in zip(self.rows, firsts, strict=True)]
        )
        self._extra = np.array([(first.dispersion or 0.0) ** 2 if first else 0.0 for first in firsts])
        self._extra_error = self._extra * (1 / self._n + [1 / first.n if first else 0.0 for first in firsts])
        self._posted = np.array([(row.dispersion or 0.0) * (row.dispersion_type == "se") for row in self.rows])

    def _given_parts(self, x: Any, q: Quantities, shifts: Any) -> tuple[Any, Any]:
        effects = self._up.effects
        left = jnp.stack([forward.remains(row.infusions, q, effects) for row in self._given])
        highest = forward.largest(jnp.asarray(shifts), q, effects)[self._study]
        return forward.ketamine_parts(x[self._places], highest, left, q, effects)

    def _corrections(self, centre: Quantities) -> tuple[Array, Array]:
        """Bias and scatter of the log SD of n patients about that of all, for each row with an SD."""
        x, none = forward.acting(self._up, centre), np.zeros(len(self.studies))
        variance = np.asarray(self.predicted(x, centre, none).variance) + self._extra + WHOLE_NUMBERS
        parts = [np.asarray(part) for part in self._given_parts(x, centre, none)] if self._given else []
        found = []
        for place in self._spread:
            row = self.rows[place]
            many = np.arange(SAMPLES, dtype=np.int64)
            who, rest = np.split(uniform(1, STREAM, many, 2 * row.n), 2, axis=1)
            own, before = np.split(normal(1, STREAM, many, 2 * row.n), 2, axis=1)
            if row.substance == "ketamine":
                drug, felt = (part[place][(who * len(part[place])).astype(np.int64)] for part in parts)
                sample = drug + felt * _drawn(forward.COMPARATORS["saline"], own, centre)
            else:
                curve = forward.comparator_shape(row.substance, np.array([_minute(row)]), centre)
                sample = np.asarray(curve) * _drawn(forward.COMPARATORS[row.substance], own, centre)
            sample = sample + np.sqrt(self._extra[place]) * before + (rest - 0.5)
            logs = np.log(sample.var(axis=1, ddof=1)) / 2
            found.append((logs.mean() - np.log(variance[place]) / 2, logs.std()))
        both = np.array(found).reshape(-1, 2)
        return both[:, 0], both[:, 1]


def _tells_spread(row: Row) -> bool:
    return row.dispersion_type == "sd" and row.value > MOSTLY_ZERO


def _drawn(name: str, own: Array, q: Quantities) -> Array:
    return np.asarray(q[name] * np.exp(q[f"{name}_sd"] * own))


def _minute(row: Row) -> float:
    return 0.0 if row.minute is None else row.minute
