"""Rows of the scorecard: a reported figure with its forecasts, a statement in words with its probabilities."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reprieve.trials.blind_values import CHAIN, COMPARATOR
from reprieve.trials.forecast import Forecast
from reprieve.trials.observed import Observed
from reprieve.trials.random_effects import Third
from reprieve.trials.statement import Statement

LEAST = np.finfo(np.float64).tiny
# Width of a 95 % interval in standard errors, with nothing but sampling error (standard normal, both tails).
SAMPLING_WIDTH = 2 * 1.959964


@dataclass(frozen=True, slots=True)
class Scored:
    """A reported figure with the forecasts of chain, empirical comparator and random effects.

    `open` names quantities that were set with the trial in view and still act in the prediction.
    """

    trial: str
    observed: Observed
    chain: Forecast
    comparator: Forecast
    third: Third
    open: tuple[str, ...]

    @property
    def blind(self) -> bool:
        """Whether nothing that acts in the prediction was set with the trial in view."""
        return not self.open

    @property
    def order(self) -> tuple[bool, float]:
        """Return the place on the card: misses first, the furthest from the median in widths before the others."""
        return self.inside, -abs(self.observed.value - self.chain.median) / max(self.chain.width, LEAST)

    @property
    def inside(self) -> bool:
        """Whether the chain's interval holds the figure."""
        return self.chain.holds(self.observed.value)

    @property
    def widening(self) -> float | None:
        """Width of the chain's interval over that of sampling error alone, None without a standard error."""
        return self.widened(self.chain)

    def widened(self, forecast: Forecast) -> float | None:
        """Width of a forecast's 95 % interval over that of sampling error alone, None without a standard error."""
        return forecast.width / (SAMPLING_WIDTH * self.observed.se) if self.observed.se else None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        value = self.observed.value
        other = self.third.forecast.to_json(value) if self.third.forecast else None
        pooled: dict[str, Any] = {"random_effects": other, "random_effects_of": list(self.third.studies)}
        pooled["random_effects_missing"] = self.third.reason or None
        own = {CHAIN: self.chain.to_json(value), COMPARATOR: self.comparator.to_json(value)}
        head = {"trial": self.trial, "blind": self.blind, "open": list(self.open), **asdict(self.observed)}
        return {**head, "widening": self.widening, **own, **pooled}


@dataclass(frozen=True, slots=True)
class Gap:
    """The predicted difference behind a statement, ketamine minus comparator: median and 95 % interval.

    `widening` is its width over that of sampling error alone.
    """

    median: float
    low: float
    high: float
    widening: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement in words with the probability that each forecaster gives to it, from `trials` drawn trials."""

    trial: str
    said: Statement
    chain: float
    comparator: float
    gap: Gap
    trials: int
    open: tuple[str, ...]

    @property
    def blind(self) -> bool:
        """Whether nothing that acts in the prediction was set with the trial in view."""
        return not self.open

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data. The logarithm of a probability of 0 is null."""
        shares = self.probabilities()
        logs = {f"log_{name}": math.log(p) if p > 0 else None for name, p in shares.items()}
        errors = {f"mc_{name}": math.sqrt(p * (1 - p) / self.trials) for name, p in shares.items()}
        head = {"trial": self.trial, "blind": self.blind, "open": list(self.open), **asdict(self.said)}
        return {**head, **shares, **logs, **errors, "gap": asdict(self.gap)}

    def probabilities(self) -> dict[str, float]:
        """Return the probability by forecaster."""
        return {CHAIN: self.chain, COMPARATOR: self.comparator}
