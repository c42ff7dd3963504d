"""Heavy libraries load late: asking for help must cost little more than importing typer."""

import subprocess
import sys

import pytest

HEAVY = (
    *("altair", "distributed", "jax", "numba", "numpy", "numpyro"),
    *("polars", "pydantic", "scipy", "vl_convert", "xarray"),
)
# The model computes with arrays, so its rooms may load NumPy and nothing heavier.
HEAVIER_THAN_NUMPY = tuple(name for name in HEAVY if name != "numpy")


def loaded_after(statement: str, names: tuple[str, ...]) -> list[str]:
    """Which of the names a fresh interpreter holds after the statement."""
    script = f"import sys\n{statement}\nprint('loaded:', *[n for n in {names!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("module", ["reprieve", "reprieve.cli"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    """Invariant (house rule 11)."""
    assert loaded_after(f"import {module}", HEAVY) == []


@pytest.mark.parametrize("module", ["reprieve.core", "reprieve.model"])
def test_importing_a_room_loads_at_most_numpy(module: str) -> None:
    """Invariant (house rule 11)."""
    assert loaded_after(f"import {module}", HEAVIER_THAN_NUMPY) == []


@pytest.mark.parametrize("arguments", [["--help"], ["simulate", "--help"], ["model", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """Invariant (house rule 11)."""
    statement = (
        f"sys.argv = ['reprieve', *{arguments!r}]\n"
        "from reprieve.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code"
    )

    assert loaded_after(statement, HEAVY) == []
