"""Designs that ship with the package, to start from: `example(name)` reads one, `examples()` lists them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from reprieve.trials.design.form import DesignForm


@cache
def examples() -> tuple[str, ...]:
    """Return the names of the example designs."""
    folder = files("reprieve.trials.design") / "examples"
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


def file_of(name: str) -> Traversable:
    """Return the file of an example. Raises `InputError` for a name that is not here."""
    if name not in examples():
        raise InputError("example", name, "is not here", f"known: {', '.join(examples())}")
    return files("reprieve.trials.design") / "examples" / f"{name}.toml"


def example(name: str) -> DesignForm:
    """Return an example design. Raises `InputError` for a name that is not here."""
    from reprieve.trials.design.load import load_design

    return load_design(file_of(name))
