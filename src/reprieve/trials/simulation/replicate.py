"""One simulated trial after another: a number in, a flat row out.

A row depends on design, seed, world and the number alone, never on worker, chunk or order. `Replicator` can be sent to
other processes. With uncertainty the truth of a row is that of the trial's own patients under its own parameters;
without, one truth from many patients stands in every row (docs/simulated-trials.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache, partial
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.results import digest
from reprieve.model.engine.door import executor_name
from reprieve.trials.simulation.analysed import Finding, analysed, response
from reprieve.trials.simulation.effect import Effect
from reprieve.trials.simulation.looks import Course, course, rules
from reprieve.trials.simulation.outcome import Case, Outcome, outcomes
from reprieve.trials.simulation.people import People, enrol, given_out, replicate_seed
from reprieve.trials.simulation.plan import plan
from reprieve.trials.simulation.truth import PATIENTS, gap, truths
from reprieve.trials.simulation.values import values

if TYPE_CHECKING:
    from reprieve.calibration.posterior import Posterior
    from reprieve.trials.design.form import DesignForm, Estimand

type Array = NDArray[np.float64]

WHY = ("efficacy", "futility", "harm")
ARM = ("patients", "seen", "left", "stopped", "rescued", "change", "responders")


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep Numba to one thread: a trial is too small for two, and workers have a core each."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)


@dataclass(frozen=True)
class Replicate:
    """A simulated trial with everything in it: people, every arm for everybody, scores held by the trial (n, t)."""

    number: int
    people: People
    outcomes: tuple[Outcome, ...]
    scores: Array
    course: Course


class Replicator:
    """Simulates and analyses replicates of a design: call it with their number.

    `world` is as_modelled, no_difference or belief_only. `uncertainty` draws the parameters anew for each replicate
    (assurance); without it they are held at the centre (conditional power) and the truth is found once, from
    `truth_patients` patients (0: from each trial's own). Without a posterior both take the assumed values. `estimand`
    replaces the design's, `upper` its efficacy bounds (z per look, the last included); `followed` is the share of those
    who stop treatment before the last infusion who stay for the visits.

    Raises `InputError` for a design that contradicts itself, an unknown world or executor, an entry criterion that
    fewer than 1 in 1000 meet.
    """

    def __init__(
        self,
        design: DesignForm,
        seed: int,
        *,
        world: str = "as_modelled",
        uncertainty: bool = True,
        posterior: Posterior | None = None,
        executor: str = "numba",
        estimand: Estimand | None = None,
        upper: tuple[float, ...] | None = None,
        followed: float = 0.0,
        truth_patients: int = PATIENTS,
    ) -> None:
        self.seed, self.world = seed, world
        self.plan = plan(design, world)
        chosen = executor_name(executor, self.plan.patients)
        self.case = Case(design, self.plan, estimand or design.estimand, chosen, followed)
        self.rules = rules(design, upper)
        self.values = values(posterior, uncertainty, design.population, seed)
        self.truths: dict[int, Effect] = {}
        if not self.values.uncertainty and truth_patients:
            self.truths = truths(self.case, self.values, seed, truth_patients)

    def __call__(self, number: int) -> dict[str, float]:
        """Return the row of replicate `number`: the same keys for every number of a design."""
        return self.row(self.trial(number))

    @property
    def digest(self) -> str:
        """Return the digest of everything that a row depends on beside its number."""
        given = [self.case.design.model_dump(), self.case.estimand.model_dump(), self.seed, self.world]
        source = [self.values.label, self.values.uncertainty]
        truths = [[number, one.value, one.se] for number, one in sorted(self.truths.items())]
        return digest([*given, self.case.executor, self.case.followed, *source, asdict(self.rules), truths])

    def trial(self, number: int) -> Replicate:
        """Simulate replicate `number`: enrol, give out arms, treat, let people leave, look, analyse."""
        case, asked = self.case, self.plan
        parameters = cache(partial(self.values.of, number))
        seed = replicate_seed(self.seed, number)
        patients, screened = enrol(case.design, seed, asked.patients, parameters(False))
        people = given_out(asked, seed, case.design, patients, screened)
        own = not self.truths and self.world != "no_difference"
        with one_thread():
            found = outcomes(case, patients, parameters, shift=people.shift, truth=own)
        scores = np.stack([one.counted.held for one in found])[people.arm, np.arange(asked.patients)]

        def ask(arm: int, who: NDArray[np.bool_]) -> Finding:
            both = who & ((people.arm == arm) | (people.arm == asked.control))
            active = (people.arm[both] == arm).astype(np.float64)
            return analysed(case.design.analysis, scores[both], active, asked.days, asked.primary)

        return Replicate(number, people, found, scores, course(self.rules, asked, people.arm, ask))

    def row(self, trial: Replicate) -> dict[str, float]:
        """Return the row of a simulated trial."""
        went = trial.course
        row: dict[str, float] = {
            "screened": float(trial.people.patients.ids[went.enrolled].max() + 1),
            "patients": float(went.enrolled.sum()),
            "look": float(went.look + 1),
        }
        for look in range(1, len(self.rules.upper)):
            row |= {f"look{look}_{why}": float(went.look + 1 == look and went.why == why) for why in WHY}
        row |= self._final(went)
        for place, number in enumerate(self.plan.compared, start=1):
            row |= {f"{name}_{place}": value for name, value in self._compared(trial, number).items()}
        for number, name in enumerate(self.plan.names):
            row |= {f"{key}:{name}": value for key, value in self._arm(trial, number).items()}
        return row

    def _final(self, went: Course) -> dict[str, float]:
        """What was decided in the end: success is a rejection in favour of an active arm."""
        success = any(went.rejected[n] and went.findings[n].z > 0 for n in went.rejected)
        failed = any(one.failed for one in went.findings.values())
        return {
            "rejected": float(any(went.rejected.values())),
            "success": float(success),
            "final_success": float(success and went.why == "final"),
            "final_no_success": float(not success and went.why == "final"),
            "failed": float(failed),
        }

    def _compared(self, trial: Replicate, number: int) -> dict[str, float]:
        """The comparison of an arm with the control, with its truth."""
        found, rejected = trial.course.findings[number], trial.course.rejected[number]
        real = self.truths.get(number)
        if real is None:
            real = gap(self.case, trial.outcomes, number, self.case.design.analysis.method)
        numbers = asdict(found)
        return {name: float(numbers[name]) for name in ("estimate", "se", "df", "p", "low", "high", "z", "failed")} | {
            "rejected": float(rejected),
            "success": float(rejected and found.z > 0),
            "truth": real.value,
            "truth_se": real.se,
            "dropped": float(number in trial.course.dropped),
        }

    def _arm(self, trial: Replicate, number: int) -> dict[str, float]:
        """What was seen in an arm, among the patients enrolled in it."""
        who = trial.course.enrolled & (trial.people.arm == number)
        one = trial.outcomes[number]
        if not who.any():
            return dict.fromkeys((*ARM, *(f"infusions_{name}" for name in one.infusions)), nan)
        scores = trial.scores[who]
        last = scores[:, self.plan.primary]
        seen = ~np.isnan(last)
        answered = response(scores, self.plan.primary, self.case.design.analysis.response_share)
        return {
            "patients": float(who.sum()),
            "seen": float(seen.mean()),
            "left": float((one.what.left_d[who] < self.plan.days[-1]).mean()),
            "stopped": float(one.what.stopped[who].mean()),
            "rescued": float(one.counted.rescued[who].mean()),
            "change": float((last - scores[:, 0])[seen].mean()) if seen.any() else nan,
            "responders": float(np.nanmean(answered)) if seen.any() else nan,
            **{f"infusions_{name}": float(held[who].mean()) for name, held in one.infusions.items()},
        }
