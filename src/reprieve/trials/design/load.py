"""Reading a design file: its form first, then what its fields say about each other.

design = load_design(Path("trial.toml"))
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.trials.design.checks import check
from reprieve.trials.design.form import DesignForm
from reprieve.trials.design.wording import refusal

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def load_design(path: Path | Traversable, *, limit_names: Collection[str] | None = None) -> DesignForm:
    """Read a design file.

    `limit_names` are the limits that `protocol.limits` may replace; without it, all of the shipped rules.
    Raises `InputError` in one line that names the file, the field and what to write instead.
    """
    try:
        table = read_toml(path)
    except InputError as error:
        raise InputError(
            "design file", error.value, error.rule, "a design is a TOML file, see docs/designs.md"
        ) from None
    return read_design(table, path.name, limit_names=limit_names)


def read_design(
    table: Mapping[str, Any], where: str = "design", *, limit_names: Collection[str] | None = None
) -> DesignForm:
    """Build a design from the table of a file that errors call `where`. Raises as `load_design`."""
    if not isinstance(table, Mapping):
        raise InputError(where, table, "must be a table")
    found = table.get("schema")
    if found != 1 or isinstance(found, bool):
        raise InputError(f"{where}: schema", found, "must be 1", "write `schema = 1` on the first line")
    try:
        design = DesignForm.model_validate(table)
    except ValidationError as error:
        raise refusal(error, table, where) from None
    check(design, where, limit_names)
    return design
