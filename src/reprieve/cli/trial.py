"""`reprieve trial`: a design simulated many times, and what it would do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli.options import Json, Seed
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from reprieve.cli.trial_progress import Watcher

INTERRUPTED = 130
ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("trial", cls=Command)(trial)


def trial(
    design: Annotated[str, typer.Argument(help="DESIGN.toml, or the name of an example such as two_arm.")],
    replicates: Annotated[int, typer.Option(help="How many trials to simulate in each world.")] = 1000,
    seed: Seed = 1,
    workers: Annotated[int, typer.Option(help="Processes to share the work.")] = 1,
    cluster: Annotated[str | None, typer.Option(help="Address of a Dask scheduler to do the work.")] = None,
    out: Annotated[str | None, typer.Option(help="Folder that keeps finished replicates.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the folder of --out holds.")] = False,
    conditional: Annotated[
        bool, typer.Option("--conditional", help="Hold the model's parameters at their centre in every replicate.")
    ] = False,
    world: Annotated[str, typer.Option(help="as_modelled, no_difference, belief_only, or all three.")] = ALL,
    power: Annotated[float | None, typer.Option(help="Search the number of patients that gives this power.")] = None,
    executor: Annotated[str | None, typer.Option(help="numba or numpy; by the size of the trial if left out.")] = None,
    full_output: Annotated[str | None, typer.Option(help="Write the row of every replicate: FILE.parquet.")] = None,
    json: Json = False,
) -> None:
    """Simulated trials of a design. Power, type I error, false attribution, bias and coverage."""
    from reprieve.cli import files
    from reprieve.trials.simulated import the_design

    plan = the_design(design)
    folder = _folder(out, resume)
    rows = files.checked("full_output", full_output, (".parquet",)) if full_output is not None else None
    if rows is not None and power is not None:
        raise InputError("full_output", full_output, "does not go with --power", "drop one of the two")
    shared: dict[str, Any] = {
        "replicates": replicates,
        "seed": seed,
        "workers": workers,
        "cluster": cluster,
        "folder": folder,
        "resume": resume,
        "conditional": conditional,
        "executor": executor,
    }
    with _watched(replicates, folder) as watcher:
        if power is not None:
            _search(plan, power, shared, watcher, json)
        else:
            _simulate(plan, _worlds(world), shared, watcher, rows, json)


def _simulate(
    plan: Any, worlds: tuple[str, ...], shared: dict[str, Any], watcher: Watcher, rows: Path | None, json: bool
) -> None:
    from reprieve.cli import show, trial_tables
    from reprieve.trials.simulated import simulated_trial

    run = simulated_trial(plan, worlds=worlds, watch=watcher.world, **shared)
    watcher.end()
    if rows is not None:
        trial_tables.write_rows(run, rows)
    if json:
        show.emit(run.to_json())
    else:
        trial_tables.print_run(run)
        if rows is not None:
            show.say(f"Written: {rows}")


def _search(plan: Any, power: float, shared: dict[str, Any], watcher: Watcher, json: bool) -> None:
    from reprieve.cli import show, trial_tables
    from reprieve.trials.sizing_design import required_size

    found = required_size(plan, power, told=watcher.size, **shared)
    watcher.end()
    if json:
        show.emit(trial_tables.size_to_json(plan, found, shared))
    else:
        trial_tables.print_size(plan, found, shared["conditional"])


def _worlds(world: str) -> tuple[str, ...]:
    from reprieve.trials.simulation.plan import WORLDS

    if world == ALL:
        return WORLDS
    if world not in WORLDS:
        raise InputError("world", world, f"must be {', '.join(WORLDS)} or {ALL}")
    return (world,)


def _folder(out: str | None, resume: bool) -> Path | None:
    from reprieve.cli import files

    if out is None:
        if resume:
            raise InputError("resume", resume, "needs the folder of the run", "give --out FOLDER too")
        return None
    return files.checked_folder("out", out)


@contextmanager
def _watched(replicates: int, folder: Path | None) -> Iterator[Watcher]:
    """Progress on a terminal; after an interruption, a line that says what is kept and how to go on."""
    from reprieve.cli.trial_progress import watching

    with watching(replicates) as watcher:
        try:
            yield watcher
        except KeyboardInterrupt:
            watcher.end()
            if folder is None:
                line = "interrupted: nothing is kept without --out FOLDER"
            else:
                kept = f"{watcher.done:,} replicates are kept in {folder}"
                line = f"interrupted: {kept}; the same command with --resume goes on"
            print(line, file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
