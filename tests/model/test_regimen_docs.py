"""The page on regimens: every example in it does what it says."""

import doctest
import re
from pathlib import Path

import pytest

from reprieve.model.regimen import Regimen
from reprieve.model.regimen_limits import limits

PAGE = (Path(__file__).parents[2] / "docs" / "regimens.md").read_text(encoding="utf-8")
EXAMPLES = [
    example
    for line in PAGE.partition("| you want | you write |")[2].partition("\n\n")[0].splitlines()
    for example in re.findall(r"`([^`]*over[^`]*|[^`]* for [^`]*|esketamine [^`]*)`", line)
]


def test_there_are_examples() -> None:
    """Invariant: the search below found the table."""
    assert len(EXAMPLES) > 20


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_a_regimen(text: str) -> None:
    """Invariant: what the page tells the reader to write is accepted, and its canonical form as well."""
    regimen = Regimen.parse(text)

    assert Regimen.parse(regimen.text()) == regimen


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL))
def test_a_session_prints_what_the_page_shows(block: str) -> None:
    """Invariant: the Python sessions of the page run."""
    test = doctest.DocTestParser().get_doctest(block, {}, "regimens", "regimens.md", 0)

    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


@pytest.mark.parametrize("name", limits().names)
def test_a_limit_of_the_page_is_the_limit_of_the_file(name: str) -> None:
    """Invariant: each limit that the table of limits could show is in it with its value."""
    table = PAGE.partition("| field | limit |")[2].partition("\n\n")[0]
    words = {"shortest_phase_s": "at least a second", "event_table_rounding": "three digits"}

    shown = words.get(name, f"{limits()[name]:g}")
    assert shown in (PAGE if name == "event_table_rounding" else table)
