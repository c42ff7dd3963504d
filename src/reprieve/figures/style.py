"""How every picture looks: one palette that colour-blind readers can tell apart, one typeface, light and dark.

Colours: Okabe and Ito's palette, its purple darkened to stand out on white. Each has a twin for a dark page; an SVG
carries both and the reader's setting picks. Where Arial is not installed a face of the same widths is used.
"""

from __future__ import annotations

from typing import Any, Final

FONT: Final = "Arial, Helvetica, Liberation Sans, sans-serif"
PAPER, INK, MUTED, GRID, RULE = "#ffffff", "#1c2128", "#57606a", "#e6e9ed", "#8c959f"
BLUE, VERMILLION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#aa4499"
SHADE: Final = "#eef1f4"
AMBER: Final = "#a66f00"  # only for the middle of three judgements, which a sign marks as well

DARK: Final = {
    PAPER: "#14171c",
    INK: "#e9ecf0",
    MUTED: "#a6aeb8",
    GRID: "#2b3038",
    RULE: "#6f7883",
    SHADE: "#1f242b",
    BLUE: "#59b4ee",
    VERMILLION: "#ff8a4c",
    GREEN: "#3fd0a4",
    PURPLE: "#dc8fce",
}
DARK_WHERE_USED: Final = {AMBER: "#e3a93a"}

WIDTH: Final = 640
HALF: Final = 292
BAND_OPACITY: Final = 0.18

CONFIG: Final[dict[str, Any]] = {
    "font": FONT,
    "background": PAPER,
    "aria": False,
    "padding": {"left": 12, "right": 16, "top": 12, "bottom": 10},
    "view": {"stroke": None},
    "title": {
        "anchor": "start",
        "frame": "group",
        "color": INK,
        "fontSize": 15,
        "fontWeight": 700,
        "subtitleColor": MUTED,
        "subtitleFontSize": 12,
        "subtitlePadding": 5,
        "offset": 12,
    },
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 11,
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domainColor": RULE,
        "tickColor": RULE,
        "tickSize": 4,
        "gridColor": GRID,
        "labelPadding": 4,
        "labelFlush": False,
    },
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False, "minExtent": 34},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 11,
        "labelLimit": 320,
        "symbolSize": 220,
        "symbolStrokeWidth": 2.4,
        "columnPadding": 18,
        "offset": 6,
    },
    "concat": {"spacing": 14},
}


def dark_rules(drawn: str = "") -> str:
    """Style rules that give every colour its dark twin when the reader prefers a dark page.

    Colours of `DARK_WHERE_USED` have a rule only if `drawn` holds them.
    """
    twins = DARK | {light: dark for light, dark in DARK_WHERE_USED.items() if light in drawn}
    rules = "".join(
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}' for light, dark in twins.items()
    )
    return f"@media screen and (prefers-color-scheme:dark){{{rules}}}"
