"""The words of a forest plot, and its marks of the risk of bias, which are signs as much as colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from reprieve.figures.figure import Cell, Table
from reprieve.figures.forest_layout import (
    BIAS_STEP,
    BIAS_X,
    HEAD,
    LETTERS,
    LIFT,
    LINE,
    NAME_LETTERS,
    NAME_X,
    NUMBERS_X,
    SILENT_LETTERS,
    SILENT_X,
    SMALL,
    WEIGHT_X,
    Line,
    Look,
    detail,
)
from reprieve.figures.forest_rows import BIAS, NOT_POOLED, POOLED, PREDICTION, PUBLISHED, SILENT, STUDY
from reprieve.figures.pieces import signed, span, verified, words
from reprieve.figures.style import AMBER, GREEN, INK, MUTED, PAPER, VERMILLION

SIGNS = {"low": ("+", GREEN), "some_concerns": ("–", AMBER), "high": ("×", VERMILLION), "not_assessed": ("?", None)}
SIGNS_SAID = "Risk of bias (RoB 2): + low, – some concerns, × high, ? not assessed."


def labels(lines: Sequence[Line], y: Any, look: Look) -> Iterator[Any]:
    """Headings, names and numbers of the rows above the axis."""
    heads = [{"y": HEAD / 2, "text": "Study"}]
    yield words(heads, NAME_X, y, color=MUTED)
    yield words([{"y": HEAD / 2, "text": f"{look.effect} (interval)"}], NUMBERS_X, y, color=MUTED, align="right")
    if any(line.row["weight, %"] is not None for line in lines):
        yield words([{"y": HEAD / 2, "text": "weight"}], WEIGHT_X, y, color=MUTED, align="right")
    named = [line for line in lines if line.row["kind"] == STUDY]
    for kind, colour in ((STUDY, INK), (PUBLISHED, MUTED)):
        here = [line for line in lines if line.row["kind"] == kind]
        names = [{"y": line.y - (LIFT if detail(line.row) else 0), "text": _name(line.row)} for line in here]
        details = [{"y": line.y + LIFT + 1, "text": detail(line.row)} for line in here]
        yield words(names, NAME_X, y, color=colour)
        yield words(details, NAME_X, y, color=MUTED, fontSize=SMALL)
    numbers = [{"y": line.y, "text": _numbers(line.row)} for line in lines if line.row["effect"] is not None]
    yield words(numbers, NUMBERS_X, y, align="right")
    weights = [
        {"y": line.y, "text": f"{float(w):.1f} %"}
        for line in named
        if isinstance(w := line.row["weight, %"], float | int)
    ]
    outside = [{"y": line.y, "text": "not pooled"} for line in named if line.row["weight, %"] is None]
    yield words(weights, WEIGHT_X, y, align="right")
    if weights or any(not verified(line.row["seen"]) for line in named):
        yield words(outside, WEIGHT_X + 6, y, align="right", color=MUTED, fontSize=SMALL)
    yield from _words_of_pools(lines, y)


def _words_of_pools(lines: Sequence[Line], y: Any) -> Iterator[Any]:
    for line in lines:
        row, kind = line.row, line.row["kind"]
        if kind == POOLED:
            yield words([{"y": line.y - LIFT, "text": "Pooled"}], NAME_X, y, fontWeight=700)
            how = str(row["interval"]).partition(", ")[2]
            yield words([{"y": line.y + LIFT + 1, "text": how}], NAME_X, y, color=MUTED, fontSize=SMALL)
        elif kind == PREDICTION:
            yield words([{"y": line.y, "text": "Prediction interval"}], NAME_X, y)
            text = f"({span(_real(row['low']), _real(row['high']))})"
            yield words([{"y": line.y, "text": text}], NUMBERS_X, y, align="right")
        elif kind == NOT_POOLED:
            yield words(_wrapped(line), NAME_X, y, fontWeight=700)


def below_the_axis(
    table: Table, silent: Sequence[Line], bottom: float, end: float, y: Any, look: Look
) -> Iterator[Any]:
    """Studies without figures, and what the signs mean."""
    if silent:
        yield words([{"y": bottom + 72, "text": look.silent}], NAME_X, y, color=MUTED)
    yield words([{"y": line.y - (line.height - 7 - LINE) / 2, "text": _name(line.row)} for line in silent], NAME_X, y)
    yield words([record for line in silent for record in _wrapped(line)], SILENT_X, y, color=MUTED)
    if any(column.startswith(BIAS) for column in table.columns):
        notes = [SIGNS_SAID, *wrap(look.domains, 110)]
        last = end if silent else bottom + 56
        records = [{"y": last + 10 + LINE * place, "text": note} for place, note in enumerate(notes)]
        yield words(records, NAME_X, y, color=MUTED, fontSize=SMALL)


def bias(table: Table, lines: Sequence[Line], y: Any) -> Iterator[Any]:
    """One column for each domain: a disc with a sign, or a bare question mark."""
    import altair as alt

    columns = [column for column in table.columns if column.startswith(BIAS)]
    for place, column in enumerate(columns):
        x = BIAS_X + BIAS_STEP * place + BIAS_STEP / 2
        short = column.removeprefix(BIAS).partition("_")[0]
        heading = [{"y": HEAD / 2, "text": "all" if short == "overall" else short}]
        yield words(heading, x, y, color=MUTED, align="center", fontSize=9)
        for judgement, (sign, colour) in SIGNS.items():
            here = [
                {"y": line.y, "text": sign, "judgement": judgement} for line in lines if line.row[column] == judgement
            ]
            if here and colour is not None:
                disc = alt.Chart(alt.InlineData(values=here)).mark_point(
                    shape="circle", filled=True, size=135, color=colour, opacity=1
                )
                yield disc.encode(x=alt.value(x), y=y)
            if here:
                yield words(here, x, y, align="center", color=PAPER if colour else MUTED, fontWeight=700)


def _wrapped(line: Line) -> list[dict[str, Any]]:
    parts = wrap(str(line.row["note"]), LETTERS)
    first = line.y - LINE * (len(parts) - 1) / 2
    return [{"y": first + LINE * place, "text": part} for place, part in enumerate(parts)]


def _name(row: dict[str, Cell]) -> str:
    """The name as far as there is room for it; the table has all of it."""
    name, year = str(row["name"]), row["year"]
    full = name if year is None or str(year) in name else f"{name} ({year})"
    most = SILENT_LETTERS if row["kind"] == SILENT else NAME_LETTERS
    return full if len(full) <= most else f"{full[: most - 1].rstrip()}…"


def _numbers(row: dict[str, Cell]) -> str:
    return f"{signed(_real(row['effect']))} ({span(_real(row['low']), _real(row['high']))})"


def _real(cell: Cell) -> float:
    assert isinstance(cell, float | int)
    return float(cell)
