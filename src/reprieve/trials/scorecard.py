"""The scorecard: what published trials reported beside what the model predicts for trials of their size.

Figures are held against the 95 % interval of drawn trials; statements in words against the probability that the model
gives to them. The empirical comparator stands beside the chain throughout.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reprieve.core.errors import InputError
from reprieve.core.intervals import OVER_TRIALS, PERCENTILES
from reprieve.core.results import Result, digest, versions
from reprieve.evidence.package.load import Package, load
from reprieve.trials.arms import CHAIN, COMPARATOR, simulated
from reprieve.trials.draws import TRIALS_DRAWN
from reprieve.trials.observed import Observed, Statement, observed, statement
from reprieve.trials.predicted import Array, figures, no_difference
from reprieve.trials.published import load_trial, names
from reprieve.trials.trial import NotScored, Trial

ALL = "all"
LEAST = np.finfo(np.float64).tiny
EMAX = "benefit_max"
PATIENTS = 10_000  # the virtual population moves a mean difference by a fifth of a point; with 2,000 by half a point


@dataclass(frozen=True, slots=True)
class Span:
    """Median and 95 % equal-tailed interval over drawn trials; `high` may be infinite."""

    median: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """High minus low."""
        return self.high - self.low

    def holds(self, value: float) -> bool:
        """Whether `value` lies in the interval."""
        return self.low <= value <= self.high

    def to_json(self, value: float) -> dict[str, Any]:
        """Return it as plain data, with whether it holds `value`."""
        return {**asdict(self), "width": self.width, "inside": self.holds(value)}


@dataclass(frozen=True, slots=True)
class Scored:
    """A reported figure with both predictions. `blind`: nothing was set with this trial in view."""

    trial: str
    observed: Observed
    chain: Span
    comparator: Span
    blind: bool

    @property
    def order(self) -> tuple[bool, float]:
        """Return the place on the card: misses first, the furthest from the median in widths before the others."""
        return self.inside, -abs(self.observed.value - self.chain.median) / max(self.chain.width, LEAST)

    @property
    def inside(self) -> bool:
        """Whether the chain's interval holds the figure."""
        return self.chain.holds(self.observed.value)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        spans = {CHAIN: self.chain, COMPARATOR: self.comparator}
        by_name = {name: span.to_json(self.observed.value) for name, span in spans.items()}
        return {"trial": self.trial, "blind": self.blind, **asdict(self.observed), **by_name}


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement in words with the probability that each forecaster gives to it."""

    trial: str
    said: Statement
    chain: float
    comparator: float
    blind: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data. The logarithm of a probability of 0 is null."""
        logs = {f"log_{name}": math.log(p) if p > 0 else None for name, p in self.probabilities().items()}
        return {"trial": self.trial, "blind": self.blind, **asdict(self.said), **self.probabilities(), **logs}

    def probabilities(self) -> dict[str, float]:
        """Return the probability by forecaster."""
        return {CHAIN: self.chain, COMPARATOR: self.comparator}


@dataclass(frozen=True, kw_only=True)
class Scorecard(Result):
    """Published trials against the model: figures (misses first), statements, and what is not scored."""

    trials: tuple[Trial, ...]
    rows: tuple[Scored, ...]
    verdicts: tuple[Judged, ...]
    not_scored: tuple[NotScored, ...]
    patients: int
    seed: int

    @property
    def first_line(self) -> str:
        """Return what everyone must know before reading a number."""
        emax = [one.study for one in self.trials if EMAX in one.seen_by]
        others = [one.study for one in self.trials if one.seen_by and EMAX not in one.seen_by]
        told = [f"{' and '.join(emax)} helped to set the drug effect (Emax)"] if emax else []
        told += [f"{' and '.join(others)} other values"] if others else []
        blind = f" Not blind: {', '.join(told)}." if told else ""
        return f"Values are assumed until calibrated.{blind}"

    def to_json(self) -> dict[str, Any]:
        """Return rows and provenance as plain data."""
        return {
            "statement": self.first_line,
            "interval": OVER_TRIALS,
            "trials_drawn": TRIALS_DRAWN,
            "patients_per_arm": self.patients,
            "seed": self.seed,
            "seen_by": {one.study: list(one.seen_by) for one in self.trials},
            "notes": {one.study: [one.entry, *one.notes] for one in self.trials},
            "rows": [one.to_json() for one in self.rows],
            "verdicts": [one.to_json() for one in self.verdicts],
            "not_scored": [asdict(one) for one in self.not_scored],
            "warnings": list(self.warnings),
            "versions": dict(self.versions),
            "inputs_digest": self.inputs_digest,
        }


def scorecard(trial: str = ALL, patients: int = PATIENTS, seed: int = 1) -> Scorecard:
    """Replay one published trial, or all, with `patients` virtual patients per arm.

    Raises `InputError` for a trial that is not here, or fewer patients than the largest arm had.
    """
    package = load()
    found = [load_trial(name) for name in (names() if trial == ALL else (trial,))]
    rows: list[Scored] = []
    verdicts: list[Judged] = []
    digests: list[str] = []
    trials = tuple(one for one in found if isinstance(one, Trial))
    for one in trials:
        scored, judged, made = _one(one, package, patients, seed)
        rows.extend(scored)
        verdicts.extend(judged)
        digests.extend(made)
    refused = tuple(one for one in found if isinstance(one, NotScored))
    return Scorecard(
        versions=versions(),
        inputs_digest=digest([digests, [asdict(one.observed) for one in rows], [asdict(one.said) for one in verdicts]]),
        trials=trials,
        rows=tuple(sorted(rows, key=lambda one: one.order)),
        verdicts=tuple(sorted(verdicts, key=lambda one: one.chain)),
        not_scored=refused + tuple(row for one in trials for row in one.left_out),
        patients=patients,
        seed=seed,
    )


def _one(trial: Trial, package: Package, patients: int, seed: int) -> tuple[list[Scored], list[Judged], list[str]]:
    rows = [observed(trial, held, package) for held in trial.rows]
    said = [statement(trial, held, package) for held in trial.verdicts]
    sizes: dict[str, int] = {}
    reported: list[Observed | Statement] = [*rows, *said]
    for one in reported:
        for arm, size in zip(one.arms, one.sizes, strict=True):
            sizes[arm] = max(size, sizes.get(arm, 0))
    if patients < max(sizes.values()):
        raise InputError("patients", patients, f"must be at least the {max(sizes.values())} of an arm of {trial.study}")
    arms = simulated(trial, sizes, patients, seed)
    scored = []
    for row in rows:
        chain, comparator = (_span(figures(trial, row, arms, who)) for who in (CHAIN, COMPARATOR))
        scored.append(Scored(trial.study, row, chain, comparator, trial.blind))
    judged = []
    for words in said:
        shares = [no_difference(words, arms, who) for who in (CHAIN, COMPARATOR)]
        judged.append(Judged(trial.study, words, shares[0], shares[1], trial.blind))
    return scored, judged, [arm.inputs_digest for arm in arms.values()]


def _span(trials: Array) -> Span:
    low, median, high = np.percentile(trials, PERCENTILES, method="nearest")
    return Span(float(median), float(low), float(high))
