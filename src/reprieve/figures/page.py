"""Pieces of a page: one HTML file that needs nothing else, with a table twin behind every picture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from reprieve.figures.figure import Cell, Figure, Table
from reprieve.figures.tables import number

# Inside HTML an SVG needs no namespace, and a page that names no address cannot be said to call one.
_NAMESPACE = re.compile(r' xmlns="[^"]*"')


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: anchor, heading, body as HTML."""

    anchor: str
    heading: str
    body: str


def document(title: str, lead: str, caution: str, sections: Sequence[Section], foot: str) -> str:
    """A whole page. `lead`, `caution` and `foot` are HTML."""
    css = (files("reprieve.figures") / "report.css").read_text(encoding="utf-8")
    contents = "".join(f'<li><a href="#{s.anchor}">{escape(s.heading)}</a></li>' for s in sections)
    parts = "".join(
        f'<section aria-labelledby="{s.anchor}"><h2 id="{s.anchor}">{escape(s.heading)}</h2>\n{s.body}</section>\n'
        for s in sections
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#content">Skip to the content</a>\n'
        f'<header><h1>{escape(title)}</h1>\n<p class="lead">{lead}</p></header>\n'
        f'<nav aria-label="Contents"><ul>{contents}</ul></nav>\n'
        f'<main id="content" tabindex="-1">\n<div class="caution" role="note">{caution}</div>\n{parts}</main>\n'
        f"<footer>{foot}</footer>\n</body>\n</html>\n"
    )


def picture(figure: Figure) -> str:
    """A figure with its caption, and the numbers behind it."""
    twin = details("The numbers behind this figure", grid(figure.table, figure.title, long=True))
    return (
        f"<figure>{_NAMESPACE.sub('', figure.svg)}<figcaption>{escape(figure.caption)}</figcaption></figure>\n{twin}\n"
    )


def details(summary: str, body: str) -> str:
    """A part that opens on demand."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def grid(table: Table, caption: str, words: Iterable[str] = (), long: bool = False) -> str:
    """A table that scrolls by itself, up and down too if `long`. Columns in `words` hold text, set to the left."""
    left = {place for place, column in enumerate(table.columns) if column in set(words)}
    head = "".join(f'<th{_class(place in left)} scope="col">{escape(c)}</th>' for place, c in enumerate(table.columns))
    body = "".join(f"<tr>{_row(row, left)}</tr>" for row in table.rows)
    kind = "scroll long" if long else "scroll"
    return (
        f'<div class="{kind}" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\n"
    )


def _row(row: Sequence[Cell], left: set[int]) -> str:
    first, *others = (text(cell) for cell in row)
    cells = (f"<td{_class(place in left)}>{cell}</td>" for place, cell in enumerate(others, start=1))
    return f'<th scope="row">{first}</th>{"".join(cells)}'


def _class(words: bool) -> str:
    return ' class="words"' if words else ""


def text(cell: Cell) -> str:
    """A cell as HTML; addresses lose their scheme, so that nothing on the page looks like a call."""
    shown = number(cell, 4) if isinstance(cell, float) else "" if cell is None else str(cell)
    return escape(without_scheme(shown))


def without_scheme(words: str) -> str:
    """Text with web addresses in it as readers type them."""
    return re.sub(r"https?://", "", words)


def paragraphs(*lines: str) -> str:
    """Paragraphs of plain text."""
    return "".join(f"<p>{text(line)}</p>\n" for line in lines)


def bullets(lines: Iterable[str], kind: str = "") -> str:
    """A list of plain text."""
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return f"<ul{f' class={kind}' if kind else ''}>{items}</ul>\n"
