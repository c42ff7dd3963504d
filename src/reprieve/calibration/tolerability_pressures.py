"""Rises of blood pressure and heart rate in the likelihood: single series with their site's factor, and pooled means.

The factor of a site is normal about 1 with the spread `pressure_site_sd`, never negative, one for all three rises.
Infusions of one patient are not independent: the error of a mean counts patients, not infusions.
The printed interval of the pooled systolic rise also tells how far articles lie apart: SE times the root of their
number. That of heart rate is five times wider than one factor for all rises allows; it is not used so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from reprieve.calibration import tolerability_forward as forward
from reprieve.calibration.tolerability_data import POOLED, PRESSURES, Row
from reprieve.calibration.tolerability_forward import Moments, Quantities
from reprieve.calibration.tolerability_upstream import Upstream

Z_95 = 1.959963984540054  # standard normal, 97.5 %


class Pressures:
    """The rises among `rows`, ready to be compared with the quantities of the model."""

    def __init__(self, rows: Sequence[Row], up: Upstream) -> None:
        """Arrange the rows."""
        self.rows = tuple(row for row in rows if row.kind in PRESSURES)
        self.pooled = tuple(row for row in rows if row.kind in POOLED)
        self.sites = tuple(dict.fromkeys(row.study for row in self.rows))
        self._site = np.array([self.sites.index(row.study) for row in self.rows], dtype=np.int64)
        self._up = up
        self._spread = np.array([n for n, row in enumerate(self.rows) if row.dispersion_type == "sd"], dtype=np.int64)

    def predicted(self, rows: Sequence[Row], x: Any, q: Quantities) -> Moments:
        """Return the moments (rows,) of the rise over patients at an average site; `x` is X of every cell."""
        found = [self._one(row, x, q) for row in rows]
        return Moments(jnp.stack([one.mean for one in found]), jnp.stack([one.variance for one in found]))

    def observe(self, x: Any, q: Quantities) -> None:
        """Add the likelihood to the model that is being run."""
        if self.rows:
            self._observe_sites(x, q)
        if self.pooled:
            self._observe_pooled(x, q)

    def _observe_sites(self, x: Any, q: Quantities) -> None:
        with numpyro.plate("sites", len(self.sites)):
            factors = numpyro.sample("pressure_site", dist.Normal(1, q["pressure_site_sd"]))
        factor = jnp.maximum(0.0, factors)[self._site]
        found = self.predicted(self.rows, x, q)
        variance = factor**2 * found.variance + noise(self.rows, q)
        patients = np.array([row.n for row in self.rows], dtype=np.float64)
        observed = np.array([row.value for row in self.rows])
        numpyro.sample("rise_mean", dist.Normal(factor * found.mean, jnp.sqrt(variance / patients)), obs=observed)
        if len(self._spread):
            logs = np.log([row.dispersion or 0.0 for row in self.rows if row.dispersion_type == "sd"])
            scatter = 1 / np.sqrt(2 * (patients[self._spread] - 1))
            numpyro.sample("rise_log_sd", dist.Normal(jnp.log(variance[self._spread]) / 2, scatter), obs=logs)

    def _observe_pooled(self, x: Any, q: Quantities) -> None:
        found = self.predicted(self.pooled, x, q)
        errors = np.array([(row.dispersion or 0.0) / Z_95 for row in self.pooled])
        observed = np.array([row.value for row in self.pooled])
        numpyro.sample("pooled_mean", dist.Normal(found.mean, errors), obs=observed)
        for number, row in enumerate(self.pooled):
            if row.kind == "sbp_pooled":
                apart = jnp.log(q["pressure_site_sd"] * found.mean[number])
                logs = np.log(errors[number] * np.sqrt(row.n))
                numpyro.sample("pooled_log_sd", dist.Normal(apart, 1 / np.sqrt(2 * (row.n - 1))), obs=logs)

    def _one(self, row: Row, x: Any, q: Quantities) -> Moments:
        kind = row.kind.removesuffix("_pooled")
        place = self._up.places([(row.regimen, row.minute or 0.0)])[0]
        return forward.pressure_rise(kind, x[place], forward.pressure_terms(kind, self._up.patients, q), q)


def site_factor(own: Any, q: Quantities) -> Any:
    """Return the factor of sites on every rise, from their standard normal numbers."""
    return jnp.maximum(0.0, 1 + q["pressure_site_sd"] * own)


def noise(rows: Sequence[Row], q: Quantities) -> Any:
    """Return the variance (rows,) of the difference of two readings of a session."""
    units = {"sbp": "sbp_minute_sd_mmhg", "dbp": "dbp_minute_sd_mmhg", "heart_rate": "heart_rate_minute_sd_per_min"}
    return jnp.array([2 * q[units[row.kind]] ** 2 for row in rows])
