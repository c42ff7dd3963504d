"""`python -m benchmarks [--quick] [--no-write]`: run the benchmarks, print the tables, write the page."""

from __future__ import annotations

import argparse
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[1] / "docs" / "engine-benchmarks.md"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@contextmanager
def one_core() -> Iterator[None]:
    """Hold this process on one core, so that no library can help itself to more."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few patients and rounds, no page written")
    parser.add_argument("--no-write", action="store_true", help="do not write the page")
    options = parser.parse_args()
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    os.environ.setdefault("JAX_PLATFORMS", "cpu")

    from rich.console import Console

    from benchmarks import extras, machine, race, report

    console = Console(width=None if os.isatty(1) else 160)

    def say(text: str) -> None:
        console.print(f"[dim]{text}[/dim]")

    sizes = race.Sizes(2000, 24, 6, 4, 8, 3) if options.quick else race.Sizes()
    with one_core():
        result = race.run(sizes, say)
        say("growth and memory")
        if options.quick:
            growth = extras.growth((500, 1000, 2000), (3, 6, 12), 1000)
            memories = {name: extras.memory(name, (1000, 2000)) for name in ("numpy", "numba")}
        else:
            growth = extras.growth((2000, 5000, 10_000, 20_000), (3, 6, 12), 5000)
            memories = {name: extras.memory(name, (5000, 20_000)) for name in ("numpy", "numba")}
    say("start-up")
    startup = extras.startup(3 if options.quick else 7)
    made = report.tables(result, growth, memories, startup)
    report.show(console, made)
    if not (options.quick or options.no_write):
        PAGE.write_text(report.markdown(made, machine.facts(), options.quick), encoding="utf-8")
        console.print(f"written: {PAGE.relative_to(PAGE.parents[1])}")


if __name__ == "__main__":
    main()
