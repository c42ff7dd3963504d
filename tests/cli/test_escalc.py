"""`reprieve escalc`: what it prints and writes, and how bad input ends."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from reprieve.cli import main
from reprieve.evidence.pooling.escalc import MEASURES, escalc
from reprieve.evidence.pooling.roles import ROLES
from tests.cli.program import json_of, out_of, process

Capture = pytest.CaptureFixture[str]
BAD_INPUT = 2
MEANS = "study,mean_arm1,sd_arm1,n_arm1,mean_arm2,sd_arm2,n_arm2\nA,26.1,11,15,38.2,12,15\nB,20,8,30,22,NA,31\n"
COUNTS = "trial,ai,n1i,ci,n2i\nA,1,10,3,11\nB,0,12,5,9\n"
PAIRS = "m1i,sd1i,m2i,sd2i,ni\n20,9,25,9.5,12\n30,8,31,7,20\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables in a folder of their own, where the program runs."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("means", MEANS), ("counts", COUNTS), ("pairs", PAIRS)):
        Path(f"{name}.csv").write_text(text, encoding="utf-8")


def test_json_is_the_table_of_effects(capsys: Capture) -> None:
    """Contract of `reprieve escalc --json`: measure, rows with yi and vi, excluded; the values of `escalc`."""
    found = json_of(capsys, "escalc", "means.csv", "--measure", "SMD")

    assert list(found)[:4] == ["measure", "vtype", "rows", "excluded"]
    assert found == escalc("SMD", "means.csv").to_json()
    assert found["excluded"] == [{"row": 3, "label": "B", "reason": "missing sd_arm2"}]
    assert set(found["rows"][0]) >= {"yi", "vi", "row", "label"}


def test_people_see_effects_and_what_is_left_out(capsys: Capture) -> None:
    """Invariant: the measure, the effects, the rows without one, and which column was read as what."""
    shown = out_of(capsys, "escalc", "means.csv", "--measure", "SMD")

    for words in ("Hedges g", "1 of 2 rows", "-1.02", "missing sd_arm2", "sd1i is sd_arm1"):
        assert words in shown


def test_the_written_table_can_be_pooled(capsys: Capture) -> None:
    """Contract: `--out` is the table with yi and vi, and `reprieve meta` reads it."""
    out_of(capsys, "escalc", "counts.csv", "--measure", "RR", "--out", "effects.csv")

    with Path("effects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == ["A", "B"]
    assert [float(row["vi"]) for row in rows] == escalc("RR", "counts.csv").vi.tolist()
    assert json_of(capsys, "meta", "effects.csv")["k"] == 2


def test_rows_without_an_effect_are_written_empty(capsys: Capture) -> None:
    """Invariant: the table keeps its rows."""
    found = json_of(capsys, "escalc", "means.csv", "--measure", "MD", "--out", "effects.csv")

    lines = Path("effects.csv").read_text(encoding="utf-8").splitlines()
    assert lines[2].endswith(",31,,")
    assert len(found["rows"]) == 1


def test_every_option_reaches_the_effects(capsys: Capture) -> None:
    """Invariant: columns, correlation, variance, and what is added to empty cells."""

    def yi_vi(*arguments: str) -> list[tuple[float, float]]:
        return [(row["yi"], row["vi"]) for row in json_of(capsys, "escalc", *arguments)["rows"]]

    unbiased = escalc("SMD", "means.csv", vtype="UB")
    assert yi_vi("means.csv", "--measure", "SMD", "--vtype", "UB") == [(unbiased.yi[0], unbiased.vi[0])]
    added = escalc("OR", "counts.csv", add=0.25, to="all")
    assert yi_vi("counts.csv", "--measure", "OR", "--add", "0.25", "--to", "all") == [
        *zip(added.yi, added.vi, strict=True)
    ]
    same = yi_vi("means.csv", "--measure", "MD", "--m2i", "mean_arm1", "--m1i", "mean_arm2")
    assert same[0][0] == pytest.approx(12.1)
    assert yi_vi("pairs.csv", "--measure", "SMCC", "--ri", "0.5") != yi_vi(
        "pairs.csv", "--measure", "SMCC", "--ri", "0.7"
    )


def test_the_label_can_be_named(capsys: Capture) -> None:
    """Invariant."""
    found = json_of(capsys, "escalc", "counts.csv", "--measure", "RD", "--label", "ai")

    assert [row["label"] for row in found["rows"]] == ["1", "0"]


def test_the_help_names_every_measure_and_column(capsys: Capture) -> None:
    """Invariant: what can be asked for is told."""
    shown = out_of(capsys, "escalc", "--help")

    assert [name for name in MEASURES if name not in shown] == []
    assert [role for role in ROLES if f"--{role} " not in shown] == []


TABLES = {
    "empty.csv": b"",
    "header.csv": b"m1i,sd1i,n1i,m2i,sd2i,n2i\n",
    "latin.csv": b"study,m1i\nM\xfcller,1\n",
    "ragged.csv": b"ai,n1i,ci,n2i\n1,10,3,11\n1,10,3\n",
    "twice.csv": b"ai,n1i,ci,ci\n1,10,3,11\n",
    "quote.csv": b'ai,n1i,ci,n2i\n"1,10,3,11\n',
    "comma.csv": b"ai;n1i;ci;n2i\n1,5;10;3;11\n",
    "text.csv": b"ai,n1i,ci,n2i\n1,10,three,11\n",
    "more.csv": b"ai,n1i,ci,n2i\n1,10,12,11\n",
    "minus.csv": b"ai,n1i,ci,n2i\n-1,10,2,11\n",
    "nobody.csv": b"ai,n1i,ci,n2i\n1,10,0,0\n",
    "sd0.csv": b"m1i,sd1i,n1i,m2i,sd2i,n2i\n1,0,9,2,1,9\n",
    "n1.csv": b"m1i,sd1i,n1i,m2i,sd2i,n2i\n1,1,9,2,1,1\n",
    "inf.csv": b"m1i,sd1i,n1i,m2i,sd2i,n2i\ninf,1,9,2,1,9\n",
    "sign.csv": b"m1i,sd1i,n1i,m2i,sd2i,n2i\n1,1,9,-2,1,9\n",
    "missing.csv": b"m1i,sd1i,n1i,m2i,sd2i,n2i\nNA,1,9,2,1,9\n",
    "vi.csv": b"yi,vi\n1,0\n",
}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], ["escalc", "file"]),
        (["means.csv"], ["measure"]),
        (["means.csv", "--measure", "G"], ["measure", "'G'", "SMD"]),
        (["means.csv", "--measure", "SMD", "--colour", "red"], ["--colour"]),
        (["means.csv", "surplus.csv", "--measure", "SMD"], ["surplus.csv"]),
        (["nosuch.csv", "--measure", "SMD"], ["nosuch.csv", "No such file"]),
        ([".", "--measure", "SMD"], ["cannot be read", "directory"]),
        (["empty.csv", "--measure", "SMD"], ["empty.csv", "is empty"]),
        (["header.csv", "--measure", "SMD"], ["no rows"]),
        (["latin.csv", "--measure", "SMD"], ["UTF-8"]),
        (["ragged.csv", "--measure", "OR"], ["row 3", "3 cells"]),
        (["twice.csv", "--measure", "OR"], ["two columns", "ci"]),
        (["quote.csv", "--measure", "OR"], ["not CSV"]),
        (["comma.csv", "--measure", "OR"], ["row 2", "ai", "1,5", "decimal comma"]),
        (["text.csv", "--measure", "OR"], ["row 2", "column ci", "three"]),
        (["more.csv", "--measure", "OR"], ["row 2", "column ci", "12", "more than the 11"]),
        (["minus.csv", "--measure", "OR"], ["row 2", "column ai", "negative"]),
        (["nobody.csv", "--measure", "OR"], ["row 2", "column n2i", "at least 1"]),
        (["sd0.csv", "--measure", "SMD"], ["row 2", "column sd1i", "positive"]),
        (["n1.csv", "--measure", "SMD"], ["row 2", "column n2i", "at least 2"]),
        (["inf.csv", "--measure", "SMD"], ["row 2", "column m1i", "finite"]),
        (["sign.csv", "--measure", "ROM"], ["row 2", "column m2i", "one sign"]),
        (["missing.csv", "--measure", "SMD"], ["no row with an effect", "missing m1i"]),
        (["vi.csv", "--measure", "GEN"], ["row 2", "column vi", "positive"]),
        (["means.csv", "--measure", "OR"], ["ai", "OR needs", "mean_arm1"]),
        (["means.csv", "--measure", "SMD", "--m1i", "mean_arm"], ["m1i", "mean_arm1"]),
        (["means.csv", "--measure", "SMD", "--xi", "n_arm1"], ["xi", "not used by SMD"]),
        (["means.csv", "--measure", "SMD", "--label", "name"], ["label", "name"]),
        (["means.csv", "--measure", "SMD", "--vtype", "HO"], ["vtype", "UB"]),
        (["counts.csv", "--measure", "OR", "--to", "some"], ["to", "only0"]),
        (["counts.csv", "--measure", "OR", "--add", "half"], ["--add", "half"]),
        (["counts.csv", "--measure", "OR", "--add", "nan"], ["add", "nan"]),
        (["counts.csv", "--measure", "OR", "--out", "x.xlsx"], ["out", ".csv"]),
        (["counts.csv", "--measure", "OR", "--out", "counts.csv"], ["out", "the table itself"]),
        (["counts.csv", "--measure", "OR", "--out", "nosuch/x.csv"], ["out", "no folder"]),
        (["pairs.csv", "--measure", "SMCC"], ["ri", "SMCC needs"]),
        (["pairs.csv", "--measure", "SMCC", "--ri", "1.5"], ["ri", "1.5", "correlation"]),
        (["pairs.csv", "--measure", "SMCC", "--ri", "r"], ["ri", "'r'", "not in the table"]),
    ],
)
def test_bad_input_ends_in_one_line(arguments: list[str], says: list[str], capsys: Capture) -> None:
    """Invariant: exit 2, empty standard output, one line on standard error that says what is wrong; no file left."""
    for name, content in TABLES.items():
        Path(name).write_bytes(content)
    before = sorted(path.name for path in Path().iterdir())

    code = main(["escalc", *arguments])

    out, err = capsys.readouterr()
    assert (code, out) == (BAD_INPUT, ""), err
    assert len(err.splitlines()) == 1, err
    assert [word for word in says if word.lower() not in err.lower()] == [], err
    assert sorted(path.name for path in Path().iterdir()) == before


def test_a_process_ends_the_same_way() -> None:
    """Invariant: what holds inside Python holds for the program as it is run."""
    done = process("escalc", str(Path("means.csv").resolve()), "--measure", "G")

    assert (done.returncode, done.stdout) == (BAD_INPUT, "")
    assert len(done.stderr.splitlines()) == 1
