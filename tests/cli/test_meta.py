"""`reprieve meta`: the numbers of the call it stands for, words for people, one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reprieve.cli import main
from reprieve.evidence.pooling.meta import meta
from tests.cli.program import json_of, out_of, process

Capture = pytest.CaptureFixture[str]
BAD_INPUT = 2
TABLE = """study,yi,vi,x,f,dose
Abel,-0.62,0.041,1,high,0.5
Baker,0.15,0.066,2,low,0.5
Cole,-0.30,0.020,3,low,0.5
Dunn,-0.71,0.090,4,high,0.5
Eads,-0.11,0.050,6,low,0.5
Ford,,0.1,2,low,0.5
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


def test_it_prints_the_call_it_stands_for(file: str, capsys: Capture) -> None:
    """Contract of `reprieve meta --json`: the keys of the contract and the values of `meta`."""
    found = json_of(capsys, "meta", file)

    expected = json.loads(json.dumps(meta(file).to_json()))
    assert found == expected
    assert list(found)[:19] == list(expected)[:19]
    assert found["excluded"] == [{"row": 7, "label": "Ford", "reason": "missing yi"}]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--method", "DL", "--test", "z"], {"method": "DL", "test": "z"}),
        (["--level", "0.9", "--label", "f"], {"level": 0.9, "label": "f"}),
        (["--mods", "x + f"], {"mods": "x + f"}),
        (["--mods", "x", "--permutations", "200", "--seed", "3"], {"mods": "x", "permutations": 200, "seed": 3}),
        (["--yi", "x", "--vi", "dose"], {"yi": "x", "vi": "dose"}),
    ],
)
def test_every_option_arrives(file: str, arguments: list[str], options: dict[str, Any], capsys: Capture) -> None:
    """Invariant: the command adds nothing and leaves nothing out."""
    found = json_of(capsys, "meta", file, *arguments)

    # What is no number in Python is null in JSON.
    text = json.dumps(meta(file, **options).to_json()).replace("NaN", "null").replace("Infinity", "null")
    assert found == json.loads(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["Abel", "pooled", "prediction for a new study", "95 % CI", "Pooled estimate -0.3", "Q-profile", "I2"]),
        ([], ["Left out: row 7, Ford: missing yi."]),
        (["--method", "EE", "--test", "z"], ["the same in every study"]),
        (["--level", "0.9"], ["90 % CI", "90 % Q-profile"]),
        (["--mods", "x + f"], ["intercept", "f[low]", "f is compared with high", "All moderators together", "leave"]),
        (["--mods", "x", "--permutations", "120"], ["permutation p", "all 120 arrangements"]),
        (["--mods", "x", "--permutations", "50"], ["50 random arrangements, seed 1"]),
        (["--permutations", "50"], ["by permutation", "all 32 arrangements"]),
        (["--method", "EE"], ["Note: the Knapp-Hartung test is not meant for equal effects"]),
    ],
)
def test_people_read_what_they_need(file: str, arguments: list[str], words: list[str], capsys: Capture) -> None:
    """Invariant: a table, then sentences with level and kind of every interval."""
    flat = " ".join(out_of(capsys, "meta", file, *arguments).split())

    assert [word for word in words if word not in flat] == []


def changed(old: str, new: str) -> str:
    assert old in TABLE
    return TABLE.replace(old, new)


BAD: dict[str, tuple[str | bytes | None, list[str], list[str]]] = {
    "no-file": (None, [], ["table.csv"]),
    "empty": ("", [], ["empty"]),
    "binary": (b"\x00\x01\xff", [], ["table.csv"]),
    "header-only": ("yi,vi\n", [], ["table.csv"]),
    "one-row": ("yi,vi\n0.1,0.2\n", [], ["rows", "1", "at least 2"]),
    "one-complete-row": ("yi,vi\n0.1,0.2\n,0.3\n", [], ["at least 2", "missing yi"]),
    "no-yi": (TABLE, ["--yi", "effect"], ["yi", "effect", "study"]),
    "no-vi": (TABLE, ["--vi", "variance"], ["vi", "variance"]),
    "sei-for-vi": (changed("vi", "sei"), [], ["vi", "sei", "square"]),
    "no-label": (TABLE, ["--label", "author"], ["label", "author"]),
    "text-yi": (changed("0.15", "large"), [], ["row 3", "yi", "large"]),
    "text-vi": (changed("0.066", "n.a."), [], ["row 3", "vi", "n.a."]),
    "decimal-comma": (changed("0.15", '"0,15"'), [], ["row 3", "yi", "0,15"]),
    "zero-vi": (changed("0.066", "0"), [], ["row 3", "vi", "positive"]),
    "negative-vi": (changed("0.066", "-0.066"), [], ["row 3", "vi", "-0.066", "positive"]),
    "infinite-vi": (changed("0.066", "inf"), [], ["row 3", "vi", "inf"]),
    "infinite-yi": (changed("0.15", "-inf"), [], ["row 3", "yi", "inf"]),
    "tiny-vi": (changed("0.066", "1e-40"), [], ["vi", "1e-40"]),
    "ragged": (changed("Baker,", "Baker,,"), [], ["row 3"]),
    "column-twice": (changed("dose", "yi"), [], ["yi"]),
    "method": (TABLE, ["--method", "BAYES"], ["method", "BAYES", "REML"]),
    "method-small": (TABLE, ["--method", "reml"], ["method", "reml", "REML"]),
    "test": (TABLE, ["--test", "t"], ["test", "knha"]),
    "level-percent": (TABLE, ["--level", "95"], ["level", "95", "0.95"]),
    "level-zero": (TABLE, ["--level", "0"], ["level", "0"]),
    "level-text": (TABLE, ["--level", "high"], ["level", "high"]),
    "mods-unknown": (TABLE, ["--mods", "age"], ["mods", "age"]),
    "mods-empty": (TABLE, ["--mods", ""], ["mods", "no moderator"]),
    "mods-gap": (TABLE, ["--mods", "x + + f"], ["mods", "empty term"]),
    "mods-function": (TABLE, ["--mods", "log(x)"], ["mods", "log(x)"]),
    "mods-twice": (TABLE, ["--mods", "x + x"], ["mods", "x", "twice"]),
    "mods-constant": (TABLE, ["--mods", "dose"], ["mods", "intercept and dose", "collinear"]),
    "mods-too-many": (TABLE, ["--mods", "study"], ["studies", "5", "6"]),
    "mods-mixed": (changed("4,high", "four,high"), ["--mods", "x"], ["row 5", "x", "four"]),
    "mods-bare-product": (TABLE, ["--mods", "x:f"], ["mods", "needs x and f"]),
    "permutations-few": (TABLE, ["--permutations", "5"], ["permutations", "5", "20"]),
    "permutations-text": (TABLE, ["--permutations", "many"], ["permutations", "many"]),
    "seed-negative": (TABLE, ["--mods", "x", "--permutations", "20", "--seed", "-1"], ["seed", "-1"]),
    "option": (TABLE, ["--moderators", "x"], ["--moderators"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_in_one_line(name: str, tmp_path: Path, capsys: Capture) -> None:
    """Invariant: exit 2, empty standard output, one line on standard error that says what is wrong."""
    content, arguments, words = BAD[name]
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    code = main(["meta", str(path), *arguments, "--json"])

    out, err = capsys.readouterr()
    assert (code, out) == (BAD_INPUT, "")
    assert len(err.splitlines()) == 1
    assert [word for word in words if word.lower() not in err.lower()] == []


def test_a_folder_is_no_table(tmp_path: Path, capsys: Capture) -> None:
    """Invariant: what the operating system refuses ends the same way."""
    assert main(["meta", str(tmp_path)]) == BAD_INPUT
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_is_needed(capsys: Capture) -> None:
    """Invariant."""
    assert main(["meta"]) == BAD_INPUT
    assert "file" in capsys.readouterr().err.lower()


def test_a_process_ends_well(file: str) -> None:
    """Invariant: in a process of its own nothing but the object is printed; asking for help loads no library."""
    done = process("meta", file, "--json")
    check = "assert not {'numpy', 'pymare', 'pandas', 'polars'} & set(sys.modules)"
    helped = process("meta", "--help", after=check)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["k"] == 5
    assert (helped.returncode, helped.stderr) == (0, "")


def test_equal_effects_need_no_library() -> None:
    """Invariant (house rule 11): PyMARE loads where an estimator or an interval needs it, and not before."""
    call = "from reprieve.evidence.pooling.fit import fit; fit([0.1, 0.2], [0.1, 0.1], method='EE')"

    done = process("--version", before=call, after="assert 'pymare' not in sys.modules")

    assert (done.returncode, done.stderr) == (0, "")
