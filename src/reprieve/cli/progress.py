"""A progress bar on standard error, for long runs that a person watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WORTH_WATCHING = 20_000

Report = Callable[[int], None]


@contextmanager
def progress(patients: int) -> Iterator[Report | None]:
    """Give a function that is told how many more patients are done, or None for a short run or where nobody watches."""
    if patients <= WORTH_WATCHING or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("virtual patients", total=patients)
        yield lambda done: bar.advance(task, done)
