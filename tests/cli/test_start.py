"""The program starts fast: one patient is simulated in less time than it takes to notice."""

from __future__ import annotations

import resource
import subprocess
import sys
from time import perf_counter

import pytest

from tests.cli.program import process
from tests.house.project import ROOT

ONE_PATIENT = ("simulate", "0.5 mg/kg over 40 min", "--patients", "1", "--json")
HEAVY = ("altair", "numba", "polars", "pydantic", "rich", "scipy", "vl_convert", "xarray")
LIMIT_S = 0.5  # the promise of the issue: start-up included
TRIES = 7


def processor_s() -> float:
    """Processor time that ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_one_patient_takes_less_than_half_a_second() -> None:
    """Promise: wall time of a process, start-up included.

    Where other tests keep the processors busy, the processor time of that process counts: on an idle machine
    the wall time is no longer than that. The best of several tries.
    """
    command = [sys.executable, "-c", "import sys; from reprieve.cli import main; sys.exit(main())", *ONE_PATIENT]
    tries = []
    for _ in range(TRIES):
        start, used = perf_counter(), processor_s()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        tries.append(min(perf_counter() - start, processor_s() - used))
        if tries[-1] < LIMIT_S:
            return
    raise AssertionError(f"best of {TRIES}: {min(tries):.2f} s")


@pytest.mark.parametrize(
    "arguments",
    [
        ONE_PATIENT,
        ("pk", "--dose-mg=35", "--minutes=40", "--weight-kg=70", "--at=1", "--json"),
        ("sources", "surge_zero", "--json"),
        ("cite", "--json"),
        ("model", "card", "--json"),
    ],
    ids=["simulate", "pk", "sources", "cite", "card"],
)
def test_nothing_heavy_is_loaded(arguments: tuple[str, ...]) -> None:
    """Invariant (house rule 11): on the way of `--json` there is NumPy and nothing heavier."""
    done = process(*arguments, after=f"print(*[n for n in {HEAVY!r} if n in sys.modules], file=sys.stderr)")

    assert (done.returncode, done.stderr.strip()) == (0, "")
