"""What every picture must be, and a way to see what reached the renderer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import vl_convert

from reprieve.figures import style
from reprieve.figures.figure import Figure

NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(make: Callable[[], Figure]) -> tuple[Figure, dict[str, Any]]:
    """A picture and the specification that reached the renderer."""
    with patch.object(vl_convert, "vegalite_to_svg", wraps=vl_convert.vegalite_to_svg) as render:
        figure = make()
    return figure, render.call_args.args[0]


def sound(figure: Figure) -> None:
    """Fail unless a picture is well-formed, named, offline, in twinned colours, with ids of its own."""
    root = ElementTree.fromstring(figure.svg)
    title = root.find(f"{NAMESPACE}title")
    assert title is not None
    assert figure.title in (title.text or "")
    assert root.get("aria-labelledby") == title.get("id")
    assert set(re.findall(r"https?://[^\"'<\s)]+", figure.svg)) == {"http://www.w3.org/2000/svg"}
    assert "url(http" not in figure.svg
    ids = re.findall(r'\bid="([^"]+)"', figure.svg)
    assert len(ids) == len(set(ids))
    assert all(one.startswith(f"{figure.name}-") for one in ids)
    colours = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', figure.svg))
    assert colours <= set(style.DARK) | set(style.DARK_WHERE_USED)
    assert all(f'[fill="{colour}"]' in figure.svg for colour in colours)


def texts(figure: Figure) -> list[str]:
    """Every word of a picture, as a reader sees it."""
    root = ElementTree.fromstring(figure.svg)
    return ["".join(element.itertext()) for element in root.iter(f"{NAMESPACE}text")]


def layers(spec: Any) -> Iterator[dict[str, Any]]:
    """Every layer with a mark, wherever in a specification."""
    if isinstance(spec, dict):
        if "mark" in spec and "data" in spec:
            yield spec
        for inner in spec.values():
            yield from layers(inner)
    elif isinstance(spec, list):
        for inner in spec:
            yield from layers(inner)


def records(spec: Any, kind: str, **look: object) -> list[dict[str, Any]]:
    """The rows of data that one kind of mark draws, of those layers that look as given."""
    return [
        row
        for layer in layers(spec)
        if layer["mark"]["type"] == kind and all(layer["mark"].get(name) == value for name, value in look.items())
        for row in _rows(spec, layer["data"])
    ]


def _rows(spec: dict[str, Any], data: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a layer, which stand in it or under their name at the top."""
    held = data["values"] if "values" in data else spec["datasets"][data["name"]]
    return list(held)
