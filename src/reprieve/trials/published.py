"""Published trials as data, one TOML per trial in `data/`.

Observed values are not in the table `replay`: `observed.py` reads them from the evidence package.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.trials.trial import NotScored, Trial
from reprieve.trials.trial_file import read_trial

NO_TRIAL = ("blind",)  # data of the replays that lie beside the trials


@cache
def names() -> tuple[str, ...]:
    """Return the trials that have a file, by name."""
    folder = files("reprieve.trials") / "data"
    found = (one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))
    return tuple(sorted(name for name in found if name not in NO_TRIAL))


def file_of(name: str) -> Path:
    """Return the file of a trial. Raises `InputError` for a trial that is not here."""
    if name not in names():
        raise InputError("trial", name, "is not here", f"known: {', '.join(names())}")
    return Path(str(files("reprieve.trials") / "data" / f"{name}.toml"))


def document(name: str) -> dict[str, Any]:
    """Return the whole document of a trial. Raises `InputError` for a trial that is not here."""
    return read_toml(file_of(name))


@cache
def load_trial(name: str) -> Trial | NotScored:
    """Return a trial, or why it is refused. Raises `InputError` for a trial that is not here."""
    return read_trial(document(name), file_of(name).name)
