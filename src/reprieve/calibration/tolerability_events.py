"""Counts of nausea and drowsiness in the likelihood: binomial about the mean chance over patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist

from reprieve.calibration import tolerability_forward as forward
from reprieve.calibration.tolerability_data import EVENTS, NAUSEA, Row
from reprieve.calibration.tolerability_forward import Quantities
from reprieve.calibration.tolerability_upstream import Upstream


class Events:
    """The counts among `rows`, ready to be compared with the quantities of the model."""

    def __init__(self, rows: Sequence[Row], up: Upstream) -> None:
        """Arrange the rows."""
        self.rows = tuple(row for row in rows if row.kind in EVENTS)
        self._up = up

    def predicted(self, q: Quantities) -> Any:
        """Return the chance of each row's event (rows,)."""
        return jnp.stack([self._one(row, q) for row in self.rows])

    def observe(self, q: Quantities) -> None:
        """Add the likelihood to the model that is being run."""
        if self.rows:
            count = np.array([int(row.value) for row in self.rows])
            total = np.array([row.n for row in self.rows])
            numpyro.sample("events", dist.Binomial(total, self.predicted(q)), obs=count)

    def _one(self, row: Row, q: Quantities) -> Any:
        if row.substance != "ketamine":
            return jnp.asarray(q[f"{row.substance}_{row.kind}"])
        peak, effects = self._up.peak[row.regimen][None, :], self._up.effects
        if row.kind == NAUSEA:
            return forward.nausea_chance(peak, row.infusions, q, effects)[0]
        return forward.drowsy_chance(peak, q, effects)[0]
