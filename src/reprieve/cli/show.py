"""How results are printed: one JSON object, or tables for people."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from reprieve.figures.figure import Figure

WIDTH_OF_A_FILE = 160
LEAST_WORDS = 16


def emit(value: Mapping[str, Any]) -> None:
    """Print one JSON object. What is not a number (NaN, infinity) becomes null: JSON has no word for it."""
    sys.stdout.write(json.dumps(_plain(value), ensure_ascii=False, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def console() -> Console:
    """A console on standard output that takes text as it is; wide enough where there is no terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else WIDTH_OF_A_FILE
    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False, soft_wrap=False, width=width)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], text: Sequence[str] = ()) -> None:
    """Print a table with a title line. The first column and those in `text` hold words, the others numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    grid = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for place, column in enumerate(columns):
        justify: Literal["left", "right"] = "left" if place == 0 or column in text else "right"
        least = LEAST_WORDS if column in text else None
        grid.add_column(column, justify=justify, overflow="fold", no_wrap=least is None, min_width=least)
    for row in rows:
        grid.add_row(*(words(cell) for cell in row))
    console().print(grid)


def words(cell: object) -> str:
    """A cell as text: numbers to three significant digits, nothing for None."""
    if isinstance(cell, float):
        from reprieve.figures.tables import number

        return number(cell)
    return "" if cell is None else str(cell)


def say(*lines: str) -> None:
    """Print lines of text, wrapped at words."""
    out = console()
    for line in lines:
        out.print(line)


def picture(drawn: Figure, path: Path | None, json: bool) -> None:
    """Save a picture where a path is given; print its numbers as JSON, or where it went."""
    if path is not None:
        drawn.save(path)
    if json:
        rows = [list(row) for row in drawn.table.rows]
        emit({"title": drawn.title, "caption": drawn.caption, "columns": list(drawn.table.columns), "rows": rows})
    else:
        say(f"Written: {path}")
