"""From a chart to an SVG text: offline, the same bytes every time, readable in light and dark, named for readers."""

from __future__ import annotations

import html
import re
from typing import Any

from reprieve.figures.style import CONFIG, dark_rules

_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_GEOMETRY = re.compile(r'\b(d|transform|x|y|x1|x2|y1|y2|width|height)="([^"]*)"')
# What a screen reader gains from marks is noise: the whole is one image with a name and a table twin.
_ROLES = re.compile(r' (?:role|aria-[a-z]+|pointer-events|class|version|xmlns:xlink)="[^"]*"')
_EMPTY = re.compile(r'<path d="M0,0h0v0h0Z"/>|<path d="" display="none"/>')


def svg(chart: Any, name: str, title: str) -> str:
    """Render an Altair chart. `name` keeps ids apart when several pictures share a page."""
    import altair
    import vl_convert

    version = _version(altair.SCHEMA_VERSION, vl_convert.get_vegalite_versions())
    spec = chart.to_dict()
    spec["config"] = CONFIG
    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=version)
    return clean(drawn, name, title)


def _version(schema: str, known: list[str]) -> str:
    """The renderer's version of the grammar that the chart was written in, else the newest."""
    wanted = ".".join(schema.removeprefix("v").split(".")[:2])
    return wanted if wanted in known else known[-1]


def clean(drawn: str, name: str, title: str) -> str:
    """Name the picture, shorten its numbers, make its ids its own, and add the dark twin of every colour."""
    text = _ROLES.sub("", drawn)
    text = _GEOMETRY.sub(lambda m: f'{m[1]}="{_LONG_NUMBER.sub(_two_places, m[2])}"', text)
    text = _EMPTY.sub("", text)
    for count, old in enumerate(dict.fromkeys(re.findall(r'id="([^"]+)"', text)), start=1):
        text = re.sub(rf'(id="|url\(#){re.escape(old)}(["\)])', rf"\g<1>{name}-{count}\2", text)
    head = f'<svg role="img" aria-labelledby="{name}-title"'
    inner = f'<title id="{name}-title">{html.escape(title)}</title><style>{dark_rules(text)}</style>'
    return re.sub(r"<svg([^>]*)>", rf"{head}\1>{inner}", text, count=1) + "\n"


def _two_places(number: re.Match[str]) -> str:
    short = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short
