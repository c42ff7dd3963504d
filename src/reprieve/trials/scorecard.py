"""The scorecard: what published trials reported beside what is predicted for trials of their size.

Figures are scored by CRPS and coverage of the drawn trials, statements in words by the probability that is given to
them. The empirical comparator and the random-effects prediction stand beside the chain.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.intervals import OVER_TRIALS
from reprieve.core.results import Result, digest, versions
from reprieve.evidence.package.load import Package, load
from reprieve.trials.blind_values import (
    ASSUMED,
    FORECASTERS,
    POSTERIOR,
    VALUES,
    Load,
    Values,
    assumed,
    held_out,
    is_shipped,
)
from reprieve.trials.both_ends import Check, checks
from reprieve.trials.draws import TRIALS_DRAWN
from reprieve.trials.published import load_trial, names
from reprieve.trials.replaying import Work, plan
from reprieve.trials.scored import Judged, Scored
from reprieve.trials.trial import NotScored, Trial
from reprieve.trials.verdict import Verdict, verdict

ALL = "all"
PATIENTS = 10_000  # the virtual population moves a mean difference by a fifth of a point; with 2,000 by half a point
LEAST_TRIALS = 20

type Watch = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Scorecard(Result):
    """Rows with the misses first, verdicts with the least probable first, and what was not scored.

    `values` is assumed or posterior; `patients` the virtual patients per arm of the one population, None where every
    drawn trial has its own; `exposures` say by trial and forecaster what became of hand-set values.
    """

    trials: tuple[Trial, ...]
    rows: tuple[Scored, ...]
    verdicts: tuple[Judged, ...]
    not_scored: tuple[NotScored, ...]
    values: dict[str, Values]
    patients: int | None
    drawn: int
    seed: int

    @property
    def verdict(self) -> Verdict:
        """Chain against empirical comparator, over all figures on the card."""
        return verdict((one.trial, one.chain.crps, one.comparator.crps, one.observed.se) for one in self.rows)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Feder 2021 and Abdallah 2022: covered, and not vacuous."""
        return checks(self.rows, self.verdicts)

    @property
    def first_line(self) -> str:
        """The verdict. Nobody reads a figure before it."""
        return self.verdict.line

    @property
    def basis(self) -> tuple[str, ...]:
        """What the predictions rest on, and what is not blind, one sentence each."""
        kinds = {values.kind for values in self.values.values()}
        lines = [_BASIS[kind] for kind in VALUES if kind in kinds]
        for one in self.trials:
            if known := self.values[one.study].open(one):
                lines.append(f"{one.study}: not blind: {', '.join(known)}.")
        return tuple(lines)

    def covered(self, forecaster: str) -> tuple[int, int]:
        """How many figures lie in the forecaster's 95 % and in its 50 % interval."""
        spans = [(getattr(one, forecaster), one.observed.value) for one in self.rows]
        return sum(span.holds(value) for span, value in spans), sum(span.holds50(value) for span, value in spans)

    def widening(self, forecaster: str) -> float:
        """Median over figures of how many times wider the 95 % interval is than sampling error alone would make it."""
        found = [one.widened(getattr(one, forecaster)) for one in self.rows if one.observed.se]
        return median(one for one in found if one is not None) if found else math.nan

    def log_score(self, forecaster: str) -> float:
        """Sum of the logarithms of the probabilities given to what was reported in words; rows of a trial are alike."""
        shares = (one.probabilities()[forecaster] for one in self.verdicts)
        return sum(math.log(share) if share > 0 else -math.inf for share in shares)

    def to_json(self) -> dict[str, Any]:
        """Return rows and provenance as plain data."""
        coverage = {who: dict(zip(("95", "50"), self.covered(who), strict=True)) for who in FORECASTERS}
        return {
            "statement": self.first_line,
            "verdict": self.verdict.to_json(),
            "basis": list(self.basis),
            "values": {study: held.kind for study, held in self.values.items()},
            "posterior": {study: dict(held.posterior) for study, held in self.values.items()},
            "interval": OVER_TRIALS,
            "coverage": {**coverage, "of": len(self.rows)},
            "median_widening": {who: self.widening(who) for who in FORECASTERS},
            "checks": [asdict(one) for one in self.checks],
            "log_score": {who: self.log_score(who) for who in FORECASTERS},
            "trials_drawn": self.drawn,
            "patients_per_arm": self.patients,
            "seed": self.seed,
            "seen_by": {one.study: list(one.seen_by) for one in self.trials},
            "exposures": {study: _exposed(held) for study, held in self.values.items()},
            "notes": {one.study: [one.entry, *one.notes] for one in self.trials},
            "rows": [one.to_json() for one in self.rows],
            "verdicts": [one.to_json() for one in self.verdicts],
            "not_scored": [asdict(one) for one in self.not_scored],
            "warnings": list(self.warnings),
            "versions": dict(self.versions),
            "inputs_digest": self.inputs_digest,
        }


_BASIS = {
    ASSUMED: "Predicted from values that were set by hand, the trials in view: a comparison, not a blind prediction.",
    POSTERIOR: "Each trial is predicted from posteriors that never saw it.",
}


def _exposed(held: Values) -> dict[str, list[dict[str, str]]]:
    return {forecaster: [asdict(one) for one in found] for forecaster, found in held.exposures.items()}


def scorecard(
    trial: str = ALL,
    patients: int = PATIENTS,
    seed: int = 1,
    *,
    values: str | None = None,
    trials: int = TRIALS_DRAWN,
    find: Load | None = None,
    watch: Callable[[int], Watch | None] | None = None,
) -> Scorecard:
    """Replay one published trial, or all.

    `values` posterior predicts each trial from the fits without it, `trials` of them drawn; assumed from the hand-set
    values, with `patients` virtual patients per arm; left out, posterior where the fits are shipped. `find` loads a
    posterior by forecaster and study left out. `watch` is told how many patients will be run and gives what is to be
    told how many more are done.

    Raises `InputError` for a trial that is not here, unknown values, a fit that is not shipped or has seen the trial,
    or fewer patients than the largest arm had.
    """
    _check(values, trials)
    package = load()
    found = [load_trial(name) for name in (names() if trial == ALL else (trial,))]
    plans = [plan(one, package) for one in found if isinstance(one, Trial)]
    held = {one.trial.study: _values(one.trial, values, trials, seed, package, find) for one in plans}
    worked = [Work(one, held[one.trial.study], package, patients, seed, trials) for one in plans]
    report = watch(sum(one.patients_in_all for one in worked)) if watch else None
    replayed = [one.run(report) for one in worked]
    rows = [row for one in replayed for row in one.rows]
    verdicts = [row for one in replayed for row in one.verdicts]
    inputs = [[one.digests for one in replayed], [asdict(row.observed) for row in rows]]
    refused = tuple(one for one in found if isinstance(one, NotScored))
    return Scorecard(
        versions=versions(),
        inputs_digest=digest([*inputs, [asdict(row.said) for row in verdicts]]),
        trials=tuple(one.trial for one in plans),
        rows=tuple(sorted(rows, key=lambda one: one.order)),
        verdicts=tuple(sorted(verdicts, key=lambda one: one.chain)),
        not_scored=refused + tuple(row for one in plans for row in one.trial.left_out),
        values=held,
        patients=patients if any(one.kind == ASSUMED for one in held.values()) else None,
        drawn=trials,
        seed=seed,
    )


def _check(values: str | None, trials: int) -> None:
    if values is not None and values not in VALUES:
        raise InputError("values", values, f"must be one of {', '.join(VALUES)}")
    if trials < LEAST_TRIALS:
        raise InputError("trials", trials, f"must be at least {LEAST_TRIALS}")


def _values(trial: Trial, asked: str | None, trials: int, seed: int, package: Package, find: Load | None) -> Values:
    if asked == ASSUMED or (asked is None and find is None and not is_shipped(trial)):
        return assumed()
    return held_out(trial, trials, seed, package, find)
