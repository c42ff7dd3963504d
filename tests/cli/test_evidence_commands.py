"""`reprieve evidence`: one JSON object that is the answer itself, words for people, one line for bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprieve.cli import main
from reprieve.evidence.answer import answer
from reprieve.evidence.package.load import load, read
from tests.cli.program import json_of, out_of

Capture = pytest.CaptureFixture[str]
BAD_INPUT = 2
META = (
    *("k", "estimate", "se", "ci_low", "ci_high", "p", "pi_low", "pi_high", "tau2", "tau2_ci_low", "tau2_ci_high"),
    *("i2", "h2", "q", "q_df", "q_p", "method", "test"),
)


def test_the_answer_as_json(capsys: Capture) -> None:
    """Invariant: the keys of `reprieve meta`, and the numbers of the answer."""
    found = json_of(capsys, "evidence", "meta", "--at", "eot")

    pool = answer(load(), "eot").pool
    assert pool is not None
    assert set(META) <= set(found)
    assert all(found[name] == getattr(pool, name) for name in META)
    assert found["left_out_unverified"] == 2


def test_a_refusal_is_an_answer(capsys: Capture) -> None:
    """Invariant: nothing pooled is null, never zero, and says why."""
    found = json_of(capsys, "evidence", "meta", "--at", "4w")

    assert (found["k"], found["estimate"]) == (1, None)
    assert "duek2023" in found["refused"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("meta",),
        ("studies",),
        ("studies", "feder2014"),
        ("outcomes", "--study", "duek2023"),
        ("claims",),
        ("claims", "repeated_sustain"),
        ("found",),
        ("forest",),
        ("funnel", "--at", "1w"),
        ("timecourse",),
        ("map",),
    ],
    ids=" ".join,
)
def test_every_command_has_one_json_object(capsys: Capture, arguments: tuple[str, ...]) -> None:
    """Invariant: `json_of` refuses anything but one object without NaN."""
    assert json_of(capsys, "evidence", *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("meta",), "at the end of treatment"),
        (("meta", "--at", "eot"), "How the answer moves"),
        (("meta", "--at", "24h"), "Nothing is pooled here"),
        (("studies",), "abdallah2022"),
        (("studies", "feder2021"), "norbury2021"),
        (("claims",), "not supported"),
        (("found",), "No systematic search"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_people_can_read_it(capsys: Capture, arguments: tuple[str, ...], words: str) -> None:
    """Invariant."""
    assert words in out_of(capsys, "evidence", *arguments)


def test_unverified_rows_are_marked(capsys: Capture) -> None:
    """Invariant: a star before the row, and the rows say whether they are verified."""
    rows = json_of(capsys, "evidence", "outcomes", "--pool", "depression")["outcomes"]

    assert {row["seen"] for row in rows if row["verified"]} <= {"full text", "abstract"}
    assert all(row["seen"] not in ("full text", "abstract") for row in rows if not row["verified"])


def test_the_pictures_are_written(capsys: Capture, tmp_path: Path) -> None:
    """Invariant: an SVG with its title."""
    out_of(capsys, "evidence", "forest", "--out", str(tmp_path / "forest.svg"))

    assert "<title" in (tmp_path / "forest.svg").read_text(encoding="utf-8")


def test_an_export_is_a_package(capsys: Capture, tmp_path: Path) -> None:
    """Invariant: what goes out can be read, and gives the same answer."""
    out_of(capsys, "evidence", "export", "--out", str(tmp_path / "package"))
    out_of(capsys, "evidence", "export", "--format", "metapsy", "--out", str(tmp_path / "metapsy.csv"))

    again = answer(read(tmp_path / "package"), "eot").pool
    first = answer(load(), "eot").pool
    assert again is not None
    assert first is not None
    assert again.inputs_digest == first.inputs_digest
    assert (tmp_path / "metapsy.csv").read_text(encoding="utf-8").startswith("study")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("meta", "--at", "3d"), ["at", "3d", "24h"]),
        (("meta", "--since", "last"), ["since", "--at"]),
        (("meta", "--at", "24h", "--since", "last"), ["since", "24h"]),
        (("meta", "--comparator", "sugar"), ["comparator", "active"]),
        (("meta", "--population", "pilots"), ["population", "veteran"]),
        (("meta", "--instrument", "MADRS"), ["instrument", "CAPS-5"]),
        (("meta", "--include", "all"), ["include", "second-hand"]),
        (("meta", "--at", "eot", "--method", "FE"), ["method", "REML"]),
        (("meta", "--at", "eot", "--test", "t"), ["test", "knha"]),
        (("studies", "feder2015"), ["study", "feder2014"]),
        (("studies", "--pool", "all"), ["pool", "ptsd"]),
        (("outcomes", "--study", "feder"), ["study", "feder2014"]),
        (("outcomes", "--instrument", "CAPS5"), ["instrument", "CAPS-5"]),
        (("claims", "nothing"), ["claim", "prevalence"]),
        (("forest",), ["out", ".svg"]),
        (("forest", "--out", "x.png"), ["out", ".svg"]),
        (("export", "--out", "x.txt", "--format", "metapsy"), ["out", ".csv"]),
        (("export", "--out", "x", "--format", "excel"), ["format", "metapsy"]),
        (("update", "/no/such/folder"), ["new rows", "folder"]),
        (("update", ".", "--base", "/no/such/folder"), ["datapackage.json"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_line(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: list[str]
) -> None:
    """Invariant: exit 2, one line on standard error that names field and fix, nothing else."""
    monkeypatch.chdir(tmp_path)

    code = main(("evidence", *arguments))

    out, err = capsys.readouterr()
    assert (code, out) == (BAD_INPUT, "")
    assert err.count("\n") == 1
    assert all(word in err for word in words)
