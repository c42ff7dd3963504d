"""Progress of simulated trials on standard error: how many, how fast, how long to go. For people who watch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any


class Watcher:
    """Hears of replicates and counts them; draws a bar for each world where a person watches."""

    def __init__(self, replicates: int, bar: Any = None) -> None:
        self.replicates, self.bar = replicates, bar
        self.done = 0

    def world(self, name: str) -> Callable[[int], None]:
        """A function that hears first how many replicates of a world were kept, then how many more are done."""
        began = monotonic()
        task: Any = None
        fresh = 0

        def hear(count: int) -> None:
            nonlocal task, fresh
            self.done += count
            if self.bar is None:
                return
            if task is None:  # what was kept is not part of the rate
                task = self.bar.add_task(name, total=self.replicates, completed=count, rate="")
                return
            fresh += count
            self.bar.update(task, advance=count, rate=f"{fresh / max(monotonic() - began, 1e-9):.1f} per s")

        return hear

    def size(self, patients: int, count: int) -> None:
        """Hear of trials simulated at a size."""
        self.done += count
        if self.bar is not None:
            if not self.bar.task_ids:
                self.bar.add_task("search", total=self.replicates, completed=0, rate="")
            self.bar.update(self.bar.task_ids[0], advance=count, rate=f"{patients} patients")

    def end(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()


@contextmanager
def watching(replicates: int) -> Iterator[Watcher]:
    """A watcher, with a bar on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield Watcher(replicates)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Watcher(replicates, bar)
