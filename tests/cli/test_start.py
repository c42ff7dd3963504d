"""The program starts fast: nothing heavy is loaded on the way. `make bench` measures the seconds."""

from __future__ import annotations

import pytest

from tests.cli.program import process

ONE_PATIENT = ("simulate", "0.5 mg/kg over 40 min", "--patients", "1", "--json")
HEAVY = ("altair", "numba", "polars", "pydantic", "rich", "scipy", "vl_convert", "xarray")


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
