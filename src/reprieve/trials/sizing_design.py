"""How many patients a design needs for the power asked for: the search of `sizing.py` on simulated trials.

The design keeps its proportions: arms grow together in the smallest steps that their ratio allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, gcd
from pathlib import Path
from typing import TYPE_CHECKING

from reprieve.core.errors import InputError
from reprieve.trials.design.schedule import arm_sizes
from reprieve.trials.running import run
from reprieve.trials.running.work import Task
from reprieve.trials.simulated import stamp, the_design, the_executor
from reprieve.trials.simulation.replicate import Replicator
from reprieve.trials.sizing import SampleSize, sample_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reprieve.trials.design.form import DesignForm

# From where to where the search goes, patients per arm on average: below, a model with several visits cannot be fitted;
# above, no trial of ketamine for PTSD would go.
FEWEST_PER_ARM, MOST_PER_ARM = 12, 600
WORLD, CRITERION = "as_modelled", "success"


@dataclass(frozen=True, slots=True)
class Later:
    """A task whose replicates start at a later number."""

    task: Task
    first: int

    def __call__(self, number: int) -> Mapping[str, float]:
        """Return the row of replicate `first + number`."""
        return self.task(self.first + number)


def required_size(
    design: DesignForm | str | Path,
    target: float,
    *,
    replicates: int = 2000,
    batch: int = 100,
    seed: int = 1,
    conditional: bool = False,
    executor: str | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    workers: int = 1,
    cluster: str | None = None,
    told: Callable[[int, int], None] | None = None,
) -> SampleSize:
    """Search the number of patients in all arms with which a trial succeeds with probability `target`.

    Success is a rejection in favour of a ketamine arm in the model as it is; with uncertain parameters that is
    assurance, with `conditional` the power at their centre. At most about `replicates` trials are simulated. `told`
    hears after each batch of the size and the trials. Else as `simulated_trial`.

    Raises `InputError` as `simulated_trial` and `sample_size` do.
    """
    plan = the_design(design)
    sizes = arm_sizes(plan)
    step = sum(sizes) // gcd(*sizes)
    home = None if folder is None else Path(folder)
    chosen = the_executor(plan, executor)

    def successes(size: int, first: int, count: int) -> int:
        grown = resized(plan, size)
        # The truth is not needed to count successes, and costs thousands of patients.
        task = Replicator(grown, seed, world=WORLD, uncertainty=not conditional, executor=chosen, truth_patients=0)
        rows = run(
            Later(task, first),
            count,
            folder=None if home is None else home / f"size-{size}-from-{first}",
            workers=workers,
            cluster=cluster,
            resume=resume,
            stamp={**stamp(task, grown, chosen, 0), "first": first},
        )
        if told is not None:
            told(size, count)
        return int(rows[CRITERION].sum())

    return sample_size(
        successes,
        target,
        smallest=FEWEST_PER_ARM * len(sizes),
        largest=MOST_PER_ARM * len(sizes),
        step=step,
        replicates=max(replicates, batch),
        batch=batch,
    )


def resized(design: DesignForm, patients: int) -> DesignForm:
    """The design with `patients` in all arms, in the same proportions.

    Raises `InputError` for a number that the proportions do not divide.
    """
    sizes = arm_sizes(design)
    step = sum(sizes) // gcd(*sizes)
    if patients < step or patients % step:
        raise InputError("patients", patients, f"must be a multiple of {step}", f"try {ceil(patients / step) * step}")
    if design.allocation is not None:
        return design.model_copy(update={"allocation": design.allocation.model_copy(update={"patients": patients})})
    arms = [
        arm.model_copy(update={"patients": size * patients // sum(sizes)})
        for arm, size in zip(design.arms, sizes, strict=True)
    ]
    return design.model_copy(update={"arms": arms})
