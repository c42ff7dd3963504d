"""One published trial, from its file to its rows on the scorecard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reprieve.core.errors import InputError
from reprieve.evidence.package.load import Package
from reprieve.trials.arms import Arm, patients_in_all, simulated
from reprieve.trials.blind_values import ASSUMED, CHAIN, COMPARATOR, FORECASTERS, Values
from reprieve.trials.forecast import of_draws
from reprieve.trials.observed import Observed, observed, statement
from reprieve.trials.predicted import days_needed, figures, gap, probability
from reprieve.trials.random_effects import third
from reprieve.trials.scored import Judged, Scored
from reprieve.trials.statement import Statement
from reprieve.trials.trial import Trial


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a trial is predicted: rows with figures, statements, and the largest size that either needs by arm."""

    trial: Trial
    rows: tuple[Observed, ...]
    said: tuple[Statement, ...]
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Replayed:
    """Rows and verdicts of one trial, and the digests of the runs behind them."""

    rows: tuple[Scored, ...]
    verdicts: tuple[Judged, ...]
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """A trial with the values it is predicted from.

    Raises `InputError` if one population is to serve all drawn trials and is smaller than the largest arm.
    """

    plan: Plan
    values: Values
    package: Package
    patients: int
    seed: int
    trials: int

    def __post_init__(self) -> None:
        most = max(self.plan.sizes.values())
        if self.values.kind == ASSUMED and self.patients < most:
            study = self.plan.trial.study
            raise InputError("patients", self.patients, f"must be at least the {most} of an arm of {study}")

    @property
    def patients_in_all(self) -> int:
        """Virtual patients of all arms and both forecasters."""
        return patients_in_all(self.plan.trial, self.plan.sizes, self.values, self.patients)

    def run(self, progress: Callable[[int], None] | None = None) -> Replayed:
        """Simulate the arms and score every row."""
        plan = self.plan
        days = days_needed(plan.trial, plan.rows, plan.said)
        arms = simulated(
            plan.trial,
            plan.sizes,
            days,
            self.values,
            patients=self.patients,
            seed=self.seed,
            trials=self.trials,
            progress=progress,
        )
        known = self.values.open(plan.trial)
        rows = tuple(self._scored(row, arms, known) for row in plan.rows)
        verdicts = tuple(self._judged(said, arms, known) for said in plan.said)
        return Replayed(rows, verdicts, tuple(arm.inputs_digest for arm in arms.values()))

    def _scored(self, row: Observed, arms: Mapping[str, Arm], known: tuple[str, ...]) -> Scored:
        trial = self.plan.trial
        drawn = {who: figures(trial, row, arms, who) for who in FORECASTERS}
        spans = {who: of_draws(found, row.value, row.beyond, self.values.worlds) for who, found in drawn.items()}
        pooled = third(trial, row, self.package)
        return Scored(trial.study, row, spans[CHAIN], spans[COMPARATOR], pooled, known)

    def _judged(self, said: Statement, arms: Mapping[str, Arm], known: tuple[str, ...]) -> Judged:
        trial = self.plan.trial
        shares = {who: probability(said, arms, who) for who in FORECASTERS}
        distance = gap(trial, said, arms)
        drawn = len(next(iter(arms.values())).drawn)
        return Judged(trial.study, said, shares[CHAIN], shares[COMPARATOR], distance, drawn, known)


def plan(trial: Trial, package: Package) -> Plan:
    """Read what a trial reported. Raises `InputError` for a row that cannot be predicted."""
    rows = tuple(observed(trial, held, package) for held in trial.rows)
    said = tuple(statement(trial, held, package) for held in trial.verdicts)
    sizes: dict[str, int] = {}
    reported: tuple[Observed | Statement, ...] = (*rows, *said)
    for one in reported:
        for arm, size in zip(one.arms, one.sizes, strict=True):
            sizes[arm] = max(size, sizes.get(arm, 0))
    return Plan(trial, rows, said, sizes)
