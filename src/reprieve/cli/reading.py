"""How arguments are read: words and numbers as they are, without the validation library that typer would load.

Typer reads every value through pydantic, whose import alone takes 0.13 s, more than a whole simulation of one
patient. Our options are words, numbers and switches, so each gets its own reader. Where typer keeps
readers elsewhere in another version, typer's own are used and only time is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

KINDS: dict[type, tuple[Callable[[str], Any], str]] = {
    str: (str, "text"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    bool: (bool, "a switch"),
}
PLACE = "_runtime_param"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one value with a built-in type."""

    kind: type

    def coerce(self, value: Any, param: Any, ctx: typer.Context) -> Any:
        """Return the value, None where nothing was given. Raises `typer.BadParameter` naming the option."""
        if value is None or type(value) is self.kind:
            return value
        read, name = KINDS[self.kind]
        try:
            return read(value)
        except ValueError:
            raise typer.BadParameter(f"{value!r} is not {name}.", ctx=ctx, param=param) from None


def _with_readers(params: list[Any]) -> list[Any]:
    for param in params:
        kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
        if kind in KINDS and hasattr(param, PLACE):
            setattr(param, PLACE, Reader(kind))
    return params


class Command(TyperCommand):
    """A command of the program."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments, the help option included."""
        return _with_readers(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options, the help option included."""
        return _with_readers(super().get_params(ctx))
