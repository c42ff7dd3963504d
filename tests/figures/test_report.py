"""The report: one file that opens anywhere, says first what it is worth, and hides nothing."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from reprieve.figures import page, report, tables
from reprieve.figures.figure import Table
from reprieve.model import catalogue
from reprieve.trials.replay import feder2021
from tests.figures import runs

VOID = {"meta", "br", "hr", "img", "input", "link"}


@cache
def of_run() -> str:
    return report.of_run(runs.plain())


@cache
def of_replay() -> str:
    return report.of_replay(feder2021(20, 1))


BOTH = {"run": of_run, "replay": of_replay}


class Outline(HTMLParser):
    """Tags in order, ids, links, headings; complains about tags that do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@cache
def outline(name: str) -> Outline:
    parser = Outline()
    parser.feed(BOTH[name]())
    parser.close()
    assert parser.open == []
    return parser


def words(name: str) -> str:
    return " ".join(" ".join(outline(name).text).split())


@pytest.mark.parametrize("name", BOTH)
def test_it_calls_nowhere(name: str) -> None:
    """Invariant (house rule 14): no address in any byte, nothing that loads, no script."""
    html = BOTH[name]()

    assert re.findall(r"https?:|//[a-z]+\.|@import|<script|<link|<iframe|\ssrc=", html) == []
    assert all(str(attributes["href"]).startswith("#") for _, attributes in outline(name).tags if "href" in attributes)


@pytest.mark.parametrize("name", BOTH)
def test_it_can_be_walked_without_a_mouse_and_heard(name: str) -> None:
    """Invariant (WCAG 2.2): language, title, skip link, one h1, headings in steps, named regions, ids that exist."""
    tags = outline(name).tags
    ids = [str(attributes["id"]) for _, attributes in tags if "id" in attributes]
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]

    assert dict(tags)["html"] == {"lang": "en"}
    assert len(ids) == len(set(ids))
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert next(a for tag, a in tags if tag == "a") == {"class": "skip", "href": "#content"}
    for _, attributes in tags:
        if "href" in attributes:
            assert str(attributes["href"])[1:] in ids
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


@pytest.mark.parametrize("name", BOTH)
def test_every_picture_has_its_twin(name: str) -> None:
    """Invariant: as many tables of numbers as pictures, each with a caption and scoped headers."""
    html = BOTH[name]()

    assert html.count("<figure>") == html.count("The numbers behind this figure") == html.count('role="img"')
    assert html.count("<table>") == html.count("<caption>") == html.count("<thead>")
    assert '<th scope="col">' in html
    assert '<th scope="row">' in html


@pytest.mark.parametrize("name", BOTH)
def test_it_says_what_it_is_worth(name: str) -> None:
    """Invariant: assumed values, hypothesis, comparator, intervals and off-label use, before the first number."""
    before = BOTH[name]().split("<section")[0]

    for phrase in (
        "are assumed or unverified until calibrated",
        "is a hypothesis",
        "empirical comparator",
        "Intervals span virtual patients",
        "informs and never decides",
        "off-label use",
    ):
        assert phrase in before


@pytest.mark.parametrize("name", BOTH)
def test_every_assumed_quantity_is_listed(name: str) -> None:
    """Invariant: nothing without a source is left out, and the count is right."""
    unsourced = catalogue.unsourced()

    assert all(entry.quantity.name in words(name) for entry in unsourced)
    assert f"{len(unsourced)} of {len(catalogue.entries())} quantities" in words(name)


@pytest.mark.parametrize("name", BOTH)
def test_it_says_how_it_was_made(name: str) -> None:
    """Invariant: versions, digest, regimen, seed and every warning."""
    run = runs.plain() if name == "run" else feder2021(20, 1).ketamine

    for fact in (run.inputs_digest, run.versions["reprieve"], run.regimen.text(), f"seed {run.patients.seed}"):
        assert fact in words(name)
    assert all(" ".join(warning.split()) in words(name) for warning in run.warnings)


def test_published_against_predicted_comes_first() -> None:
    """Invariant: the first table of a replay is the comparison, with every published figure."""
    first = of_replay().split("<table>")[1].split("</table>")[0]

    assert '<th scope="col">published</th>' in first
    for row in feder2021(20, 1).rows:
        assert page.text(row.what) in first


def test_the_same_input_gives_the_same_bytes() -> None:
    """Invariant: a report holds no clock and no chance."""
    assert report.of_run(runs.plain()) == of_run()


def test_text_from_outside_is_escaped() -> None:
    """Invariant: a caption is text, whatever it holds."""
    html = page.grid(Table(("<b>",), (("<script>alert(1)</script>",),)), 'a "quoted" <caption>')

    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert "&quot;quoted&quot;" in html


def test_addresses_lose_their_scheme() -> None:
    """Closed form."""
    assert page.text("see https://example.org/a?b=1&c=2") == "see example.org/a?b=1&amp;c=2"


def test_a_run_of_one_dose_has_one_table_of_minutes() -> None:
    """Invariant: one infusion is not compared with itself."""
    run = runs.run("course", 3, text="0.5 mg/kg over 40 min")

    assert "likewise" not in report.of_run(run)
    assert tables.events(run).columns == ("", "infusion 1")
