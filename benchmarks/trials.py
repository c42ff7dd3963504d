"""`python -m benchmarks.trials`: simulated trials and streamed populations: seconds, peak memory, start of a worker.

Every figure comes from a fresh process, so that one does not profit from what another has loaded or compiled. Peak
memory is the largest resident set of a process; with workers it is given for the parent and for the largest worker.
`cpu_s` counts the time of processors, of workers too: it says more than seconds on a machine that others use.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

MEBIBYTE = 1024  # kibibytes, as the system counts resident sets
REGIMEN = "0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def trial(design: str, replicates: int, workers: int) -> dict[str, float]:
    """One world of a design."""
    import resource

    from reprieve.trials.simulated import simulated_trial

    started = perf_counter()
    simulated_trial(design, replicates, worlds=("as_modelled",), workers=workers)
    seconds = perf_counter() - started
    own, others = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "seconds": seconds,
        "cpu_s": cpu_s(),
        "per_replicate_ms": 1000 * seconds / replicates,
        "peak_mb": own / MEBIBYTE,
        "worker_peak_mb": others / MEBIBYTE if workers > 1 else 0.0,
    }


def cpu_s() -> float:
    """Processor time of this process and of those that it has ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def streamed(patients: int, days: float) -> dict[str, float]:
    """A streamed population, its summary kept."""
    import resource

    from reprieve.model.regimen import Regimen
    from reprieve.model.streaming import simulate_streamed

    started = perf_counter()
    simulate_streamed(Regimen.parse(REGIMEN), patients, days=days, executor="numba")
    seconds = perf_counter() - started
    return {
        "seconds": seconds,
        "cpu_s": cpu_s(),
        "per_10000_s": 1e4 * seconds / patients,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEBIBYTE,
    }


def start(design: str) -> dict[str, float]:
    """From a fresh interpreter to the first row: what each worker costs before it is of use."""
    started = perf_counter()
    from reprieve.trials.simulated import the_design
    from reprieve.trials.simulation.replicate import Replicator

    loaded = perf_counter()
    task = Replicator(the_design(design), 1, executor="numba", truth_patients=0)
    task(0)
    first = perf_counter()
    task(1)
    return {"load_s": loaded - started, "first_s": first - loaded, "second_s": perf_counter() - first}


KINDS: dict[str, Callable[..., dict[str, float]]] = {"trial": trial, "streamed": streamed, "start": start}


def fresh(kind: str, *given: Any) -> dict[str, float]:
    """The figures of one kind from a process of its own."""
    script = """if __name__ == "__main__":
    import json, sys
    from benchmarks import trials
    print(json.dumps(trials.KINDS[sys.argv[1]](*json.loads(sys.argv[2]))))"""
    done = subprocess.run(
        [sys.executable, "-c", script, kind, json.dumps(given)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run what was asked for and print one line each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trials", description=__doc__)
    parser.add_argument("--design", default="two_arm", help="an example or a file")
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--patients", type=int, nargs="*", default=SIZES, help="sizes of streamed populations")
    parser.add_argument("--days", type=float, default=42.0, help="follow-up of streamed populations")
    options = parser.parse_args()

    def tell(what: str, found: dict[str, float]) -> None:
        print(f"{what:32}", *(f"{name} {value:,.4g}" for name, value in found.items()), flush=True)

    for turn in ("first", "again"):
        tell(f"start of a worker, {turn}", fresh("start", options.design))
    for workers in options.workers if options.replicates else ():
        tell(
            f"{options.replicates} trials, {workers} workers",
            fresh("trial", options.design, options.replicates, workers),
        )
    for patients in options.patients:
        tell(f"streamed, {patients:,} patients", fresh("streamed", patients, options.days))


if __name__ == "__main__":
    main()
