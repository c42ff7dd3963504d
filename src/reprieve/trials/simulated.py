"""A design simulated many times, in each world that matters, and what comes out: its operating characteristics.

    run = simulated_trial(design, 1000, seed=1, workers=2, folder=Path("run"))
    run.worlds["as_modelled"].headline     # power with its Monte-Carlo error

The worlds are the model as it is, no difference at all (type I error), and no drug benefit but belief that follows what
is felt (false attribution). Each has a run of its own, in a folder of its own, and the same virtual patients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.model.engine.door import executor_name
from reprieve.trials.characteristics import OperatingCharacteristics, characteristics
from reprieve.trials.design.schedule import arm_sizes
from reprieve.trials.running import Rows, run
from reprieve.trials.running.folder import Stamp, stamp_of
from reprieve.trials.simulation.plan import WORLDS
from reprieve.trials.simulation.replicate import Replicator
from reprieve.trials.simulation.truth import PATIENTS, Truth, truth

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm
    from reprieve.trials.running.loop import Progress

# A course steered by session rules is simulated some ten times over, and each distinct one again: fewer for the truth.
STEERED_PATIENTS = 300

type Watch = Callable[[str], Progress | None]


@dataclass(frozen=True, kw_only=True)
class TrialRun(Result):
    """A design in the worlds asked for: world -> operating characteristics, and the rows behind them.

    `truth` is the true difference at the central parameters in many patients, and the share of it that goes through
    belief (only with the world as modelled). `values` says what the parameters rest on, `uncertainty` whether they were
    drawn anew for each replicate.
    """

    design: DesignForm
    seed: int
    replicates: int
    executor: str
    values: str
    uncertainty: bool
    worlds: dict[str, OperatingCharacteristics]
    rows: dict[str, Rows]
    truth: Truth | None
    folder: Path | None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "design": self.design.name,
            "seed": self.seed,
            "replicates": self.replicates,
            "executor": self.executor,
            "values": self.values,
            "uncertainty": self.uncertainty,
            "worlds": {world: found.to_json() for world, found in self.worlds.items()},
            "truth": None if self.truth is None else self.truth.to_json(),
            "folder": None if self.folder is None else str(self.folder),
            "kept": {world: rows.kept for world, rows in self.rows.items()},
            "damaged": {world: list(rows.damaged) for world, rows in self.rows.items()},
            "warnings": list(self.warnings),
            "versions": dict(self.versions),
            "inputs_digest": self.inputs_digest,
        }


def simulated_trial(
    design: DesignForm | str | Path,
    replicates: int = 1000,
    *,
    seed: int = 1,
    worlds: Sequence[str] = WORLDS,
    conditional: bool = False,
    executor: str | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    workers: int = 1,
    cluster: str | None = None,
    watch: Watch | None = None,
    truth_patients: int = PATIENTS,
) -> TrialRun:
    """Simulate `replicates` trials of a design in each of `worlds`.

    `design` is a design, the path of its file, or the name of an example. `conditional` holds the parameters at their
    centre instead of drawing them anew for each replicate. `executor` is numba or numpy; a folder that is resumed
    knows its own. `workers`, `cluster`, `folder` and `resume` are those of `reprieve.trials.running.run`; `watch` is
    asked, for each world, for a function that hears of progress. `truth_patients` virtual patients give the truth.

    Raises `InputError` for a bad design or option, `RunError` if the work cannot go on; what is finished is kept.
    """
    plan = the_design(design)
    home = None if folder is None else Path(folder)
    if plan.protocol.rules != "none":
        truth_patients = min(truth_patients, STEERED_PATIENTS)
    chosen = the_executor(plan, executor or _recorded(home, worlds))
    rows: dict[str, Rows] = {}
    task: Replicator | None = None
    for world in worlds:
        task = Replicator(
            plan, seed, world=world, uncertainty=not conditional, executor=chosen, truth_patients=truth_patients
        )
        rows[world] = run(
            task,
            replicates,
            folder=None if home is None else home / world,
            workers=workers,
            cluster=cluster,
            resume=resume,
            progress=None if watch is None else watch(world),
            stamp=stamp(task, plan, chosen, truth_patients),
        )
    if task is None:
        raise InputError("world", list(worlds), f"must be some of {', '.join(WORLDS)}")
    label, drawn = task.values.label, task.values.uncertainty
    real = truth(plan, seed, patients=truth_patients, executor=chosen) if "as_modelled" in worlds else None
    found = {
        world: characteristics(held, plan, world=world, values=label, uncertainty=drawn) for world, held in rows.items()
    }
    return TrialRun(
        versions=versions(),
        inputs_digest=digest({world: one.digest for world, one in rows.items()}),
        warnings=tuple(dict.fromkeys(line for one in found.values() for line in one.warnings)),
        design=plan,
        seed=seed,
        replicates=replicates,
        executor=chosen,
        values=label,
        uncertainty=drawn,
        worlds=found,
        rows=rows,
        truth=real,
        folder=home,
    )


def the_design(design: DesignForm | str | Path) -> DesignForm:
    """A design, from its file or from the name of an example. Raises `InputError` for neither, or for a bad file."""
    from reprieve.core.rules import load_rules
    from reprieve.trials.design.checks import check
    from reprieve.trials.design.examples import example, examples
    from reprieve.trials.design.form import DesignForm
    from reprieve.trials.design.load import load_design

    if isinstance(design, DesignForm):
        check(design, "design", load_rules().limits)
        return design
    if isinstance(design, str) and design in examples():
        return example(design)
    path = Path(design)
    if not path.is_file():
        raise InputError("design", str(design), "is no file and no example", f"examples: {', '.join(examples())}")
    return load_design(path, limit_names=load_rules().limits)


def the_executor(design: DesignForm, asked: str | None = None) -> str:
    """The executor of a run, fixed once: the one asked for, else by the number of patients of a trial.

    Raises `InputError` for an unknown one.
    """
    return executor_name(asked or "auto", sum(arm_sizes(design)))


def stamp(task: Replicator, design: DesignForm, executor: str, truth_patients: int) -> Stamp:
    """Everything that the rows of a simulated trial depend on beside their number."""
    from importlib.metadata import version

    from reprieve.core.rules import load_rules

    return {
        "design": design.name,
        "design digest": digest(design.model_dump()),
        "world": task.world,
        "seed": task.seed,
        "executor": executor,
        "values": task.values.label,
        "parameters drawn anew": task.values.uncertainty,
        "session rules": load_rules().digest if design.protocol.rules == "shipped" else None,
        "digest of all": task.digest,
        "patients of the truth": truth_patients,
        **{f"version of {name}": version(name) for name in ("numba", "scipy")},
    }


def _recorded(home: Path | None, worlds: Sequence[str]) -> str | None:
    """The executor of a run in a folder."""
    for world in worlds if home is not None else ():
        there = stamp_of(home / world) if home is not None else None
        if there is not None and isinstance(there.get("executor"), str):
            return str(there["executor"])
    return None
