"""The frozen result of a simulated population: arrays by patient and time, what they rest on, and summaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.core.intervals import PERCENTILES
from reprieve.core.results import Result
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.engine.grid import Array
from reprieve.model.population import Population
from reprieve.model.regimen import Regimen

if TYPE_CHECKING:
    import xarray

SCORES = ("caps5", "pcl5", "iesr", "caps5_observed", "pcl5_observed", "iesr_observed", "caps5_empirical")


@dataclass(frozen=True, kw_only=True)
class Simulation(Result):
    """A population under a regimen.

    `values` name -> (patient, time) at `time_h`; `acute` name -> (patient, dose, minute) at `minute` after each
    dose's start; `felt` name -> (patient, dose): belief after each dose, probabilities and peaks;
    `error_estimate` is the engine's own (docs/engine.md); `assumed` names the quantities without a source.
    """

    regimen: Regimen
    patients: Population
    model: str
    time_h: Array
    minute: Array
    values: Mapping[str, Array]
    acute: Mapping[str, Array]
    felt: Mapping[str, Array]
    baseline: Mapping[str, Array]
    error_estimate: float
    assumed: tuple[str, ...]

    @property
    def time_d(self) -> Array:
        """Output times in days."""
        return self.time_h / HOURS_PER_DAY

    def response(self, score: str, share: float) -> Array:
        """Whether each patient's `score` has fallen by at least `share` of baseline: (patient, time)."""
        start = self.baseline[score.removesuffix("_observed")][:, None]
        return np.asarray(self.values[score] <= (1 - share) * start, dtype=float)

    def bands(self, name: str) -> Array:
        """Lower limit, median and upper limit over patients: (3, time) or (3, dose, minute)."""
        values = self.values.get(name, self.acute.get(name))
        if values is None:
            raise KeyError(name)
        return np.asarray(np.percentile(values, PERCENTILES, axis=0))

    def summary(self) -> dict[str, Any]:
        """JSON-ready: median and 95 % interval by day for every value, by minute for every acute effect."""
        from reprieve.model.summary import summarise

        return summarise(self)

    def dataset(self) -> xarray.Dataset:
        """The same as an `xarray.Dataset` with dimensions (patient, time) and (patient, dose, minute)."""
        from reprieve.model.summary import dataset

        return dataset(self)
