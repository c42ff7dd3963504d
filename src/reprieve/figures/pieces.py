"""What the pictures of the evidence share: words on a canvas, hollow marks, names of studies, numbers as read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from reprieve.core.provenance import VERIFIED
from reprieve.figures.figure import Cell
from reprieve.figures.style import INK

MINUS = "−"
_AUTHOR_AND_YEAR = re.compile(r"([a-z_]+)(\d{4})(?:_(\w+))?")


def verified(seen: Cell) -> bool:
    """Say whether a figure was seen in the paper or the register itself; anyone's own table says nothing and is."""
    return not seen or seen in VERIFIED


def named(study: str) -> str:
    """The name of a study as readers know it: `feder2014` as Feder 2014, `feder2025_wet` as Feder 2025 (wet)."""
    found = _AUTHOR_AND_YEAR.fullmatch(study)
    if found is None:
        return (study[:1].upper() + study[1:]).replace("_", " ")
    more = f" ({found[3].replace('_', ' ')})" if found[3] else ""
    return f"{found[1].replace('_', ' ').title()} {found[2]}{more}"


def signed(value: float, digits: int = 2) -> str:
    """A number with a real minus sign and never a negative zero; a large one without decimals."""
    places = digits if abs(value) < 100 else 0
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", MINUS)


def span(low: float, high: float) -> str:
    """An interval in words."""
    return f"{signed(low)} to {signed(high)}"


def plain(value: float | None) -> str:
    """A day or a count without needless decimals; empty for None."""
    return "" if value is None else f"{value:g}".replace("-", MINUS)


def words(records: Sequence[dict[str, Any]], x: float, y: Any, **look: Any) -> Any:
    """A layer of texts at `x` pixels: each record has its `text` and what `y` needs."""
    import altair as alt

    style: dict[str, Any] = {"align": "left", "baseline": "middle", "color": INK, "fontSize": 11} | look
    chart = alt.Chart(alt.InlineData(values=list(records)))
    return chart.mark_text(**style).encode(x=alt.value(x), y=y, text="text:N")
