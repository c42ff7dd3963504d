"""Colours can be read by people: contrast in light and dark, told apart without colour vision."""

from __future__ import annotations

from itertools import combinations

import pytest

from reprieve.figures import render, style

LINES = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE)
TEXTS = (style.INK, style.MUTED)
TEXT_CONTRAST, LINE_CONTRAST = 4.5, 3.0  # WCAG 2.2 AA: 1.4.3 and 1.4.11
LEAST_DISTANCE = 0.1


def linear(colour: str) -> tuple[float, float, float]:
    """sRGB to linear light, IEC 61966-2-1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    light, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(linear, (one, other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_lines_stand_out(dark: bool) -> None:
    """Published: the contrast ratios of WCAG 2.2 AA for text and for graphics."""
    twin = style.DARK if dark else {colour: colour for colour in style.DARK}

    assert all(contrast(twin[colour], twin[style.PAPER]) >= TEXT_CONTRAST for colour in TEXTS)
    assert all(contrast(twin[colour], twin[style.PAPER]) >= LINE_CONTRAST for colour in LINES)


# Vienot, Brettel and Mollon 1999: what a dichromat keeps of linear red, green and blue.
DICHROMATS = {
    "protan": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deutan": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
}


@pytest.mark.parametrize("kind", DICHROMATS)
@pytest.mark.parametrize("dark", [False, True])
def test_lines_are_told_apart_without_red_or_green(kind: str, dark: bool) -> None:
    """Published: simulated with Vienot 1999, any two line colours stay apart."""

    def seen(colour: str) -> list[float]:
        light = linear(style.DARK[colour] if dark else colour)
        return [sum(w * x for w, x in zip(row, light, strict=True)) for row in DICHROMATS[kind]]

    for one, other in combinations(LINES, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5
        assert distance >= LEAST_DISTANCE, (one, other)


def test_every_colour_of_a_picture_has_its_dark_twin() -> None:
    """Invariant: a picture of the palette carries a rule for each of its colours."""
    rules = style.dark_rules()

    for colour, twin in style.DARK.items():
        assert f'[fill="{colour}"]{{fill:{twin}}}' in rules
        assert f'[stroke="{colour}"]{{stroke:{twin}}}' in rules


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ('<path d="M0.123456,10L-0.00001,2.5"/>', '<path d="M0.12,10L0,2.5"/>'),
        ('<g transform="translate(3.999999999,0.5)"/>', '<g transform="translate(4,0.5)"/>'),
        ("<text>0.123456</text>", "<text>0.123456</text>"),
        ('<g clip-path="url(#clip7)"/><clipPath id="clip7"/>', '<g clip-path="url(#n-1)"/><clipPath id="n-1"/>'),
        ('<g role="x" aria-label="a" aria-roledescription="b" class="mark-line"/>', "<g/>"),
    ],
)
def test_the_renderer_tidies(drawn: str, expected: str) -> None:
    """Closed form: geometry to two decimals, text as it is, ids of its own, no noise for readers."""
    text = render.clean(f"<svg>{drawn}</svg>", "n", "t")

    assert text.endswith(f"</style>{expected}</svg>\n")
