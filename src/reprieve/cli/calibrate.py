"""`reprieve calibrate`: fit the model to the evidence again, check the fits, and ship them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli.options import Json
from reprieve.cli.reading import Command

if TYPE_CHECKING:
    from reprieve.calibration.calibrate import Outcome
    from reprieve.calibration.running import Task
    from reprieve.calibration.sbc import Ranks
    from reprieve.calibration.store import Key

FOLDER, QUICK_FOLDER = "reprieve-calibration", "reprieve-calibration-quick"

MOST_LINES = 4  # of what a fit missed; --json has them all

Told = Callable[[str, int], None]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("calibrate", cls=Command)(calibrate)


def calibrate(
    quick: Annotated[bool, typer.Option("--quick", help="Few draws, whole fits only; never shipped.")] = False,
    held_out: Annotated[
        str | None,
        typer.Option("--held-out", help="Fits without this trial beside the whole ones: a trial, all, none."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the sampler: the same seed gives the same draws.")] = 1,
    out: Annotated[str | None, typer.Option(help="Folder of the fits; those finished in it are kept.")] = None,
    workers: Annotated[int, typer.Option(help="Fits that run at once, each on one core.")] = 2,
    sbc: Annotated[int, typer.Option(help="Data sets of simulation-based calibration; 0 for none.")] = 0,
    ship: Annotated[bool, typer.Option("--ship", help="Write the fits over the posterior in the package.")] = False,
    accept_failed: Annotated[
        bool, typer.Option("--accept-failed", help="Ship even fits whose diagnostics missed a limit.")
    ] = False,
    json: Json = False,
) -> None:
    """Fit the model to the evidence. Posterior, diagnostics, and what was learned."""
    from reprieve.calibration import calibrate as fits
    from reprieve.cli.files import checked_folder
    from reprieve.core.errors import InputError

    if ship and (quick or held_out not in (None, "all")):
        raise InputError("ship", ship, "needs the full fits, with every trial left out once", "drop the other options")
    if sbc < 0 or 0 < sbc < 8:
        raise InputError("sbc", sbc, "must be 0 or at least 8")
    fits.check_installed()
    keys = fits.plan(held_out or ("none" if quick else "all"))
    place = checked_folder("out", out or (QUICK_FOLDER if quick else FOLDER))
    outcomes = _fit(keys, quick, seed, place, workers)
    ranks = _rank([one.key for one in outcomes if not one.key.held_out], sbc, seed, place, workers) if sbc else {}
    names = _ship([one.key for one in outcomes if one.needed], place, accept_failed) if ship else []
    _print(outcomes, ranks, place, names, json)


def _fit(keys: Sequence[Key], quick: bool, seed: int, place: Path, workers: int) -> list[Outcome]:
    from reprieve.calibration.calibrate import effort_of, fit
    from reprieve.calibration.running import Task

    efforts = [(key, effort_of(key, quick)) for key in keys]
    tasks = [Task(str(key), fit, (key, effort, seed, place), effort.iterations) for key, effort in efforts]
    found = {outcome.key: outcome for outcome in _watched("fits", tasks, workers)}
    return [found[key] for key in keys]


def _rank(keys: Sequence[Key], count: int, seed: int, place: Path, workers: int) -> dict[Key, Ranks]:
    """Ranks of each whole fit, in as many parts as there are workers, written into the fits' headers."""
    from reprieve.calibration.running import Task
    from reprieve.calibration.shipping import add, rank

    edges = [count * part // workers for part in range(workers + 1)]
    parts = [(first, last - first) for first, last in pairwise(edges) if last > first]
    tasks = [
        Task(f"{key} from {first}", rank, (key, first, number, seed), number) for key in keys for first, number in parts
    ]
    found: dict[Key, Ranks] = {}
    for key, ranks in _watched("simulated data sets", tasks, workers):
        found[key] = found[key].joined(ranks) if key in found else ranks
    for key, ranks in found.items():
        add(key, "sbc", ranks.to_json(), place)
    return found


def _ship(keys: Sequence[Key], place: Path, accept_failed: bool) -> list[str]:
    from reprieve.calibration.shipping import ship

    return ship(keys, place, accept_failed)


def _watched(what: str, tasks: Sequence[Task], workers: int) -> Iterator[Any]:
    from reprieve.calibration.running import side_by_side

    with _bar(what, tasks) as told:
        yield from side_by_side(tasks, workers, told)


@contextmanager
def _bar(what: str, tasks: Sequence[Task]) -> Iterator[Told | None]:
    """A line with the time left on standard error, where a person watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        whole = bar.add_task(what, total=sum(task.size for task in tasks))
        yield lambda _, done: bar.advance(whole, done)


def _print(outcomes: Sequence[Outcome], ranks: dict[Key, Ranks], place: Path, names: list[str], json: bool) -> None:
    from reprieve.calibration.store import read
    from reprieve.cli import show

    done = [one for one in outcomes if one.needed]
    found = {one.key: read(one.key, place).header["diagnostics"] for one in done}
    if json:
        rows = [
            {
                "fit": str(one.key),
                "ok": one.ok,
                "seconds": one.seconds,
                "kept": one.kept,
                **{name: value for name, value in found[one.key].items() if name not in ("ok", "parameters")},
            }
            for one in done
        ]
        tests = {str(key): held.to_json() for key, held in ranks.items()}
        show.emit({"folder": str(place), "fits": rows, "sbc": tests, "shipped": names})
        return
    failed = [one for one in done if not one.ok]
    show.say(f"{len(failed)} of {len(done)} fits missed a limit.", "")
    lines = [
        (
            one.key.words,
            "yes" if one.ok else "NO",
            *(found[one.key][name] for name in ("r_hat_max", "ess_bulk_min", "ess_tail_min", "divergences")),
            "kept" if one.kept else f"{one.seconds:.0f} s",
        )
        for one in sorted(done, key=lambda one: one.ok)
    ]
    columns = ("fit", "ok", "R-hat, worst", "bulk ESS, least", "tail ESS, least", "divergences", "time")
    show.table("Fits", columns, lines, ("ok",))
    for one in failed:
        more = [f"and {len(one.failures) - MOST_LINES} more"] if len(one.failures) > MOST_LINES else []
        show.say(f"{one.key.words}: {'; '.join([*one.failures[:MOST_LINES], *more])}")
    for key, held in ranks.items():
        flagged = ", ".join(held.flagged()) or "none"
        show.say(f"Simulation-based calibration of {key.words}, {held.replicates} data sets: not uniform: {flagged}.")
    show.say(f"Written: {place}", *([f"Shipped: {len(names)} fits"] if names else []))
