"""`reprieve meta` beside the pool: the numbers of the pooling functions, words for people, one line for bad input."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reprieve as rp
from reprieve.cli import main
from reprieve.evidence.pooling.bayes import posterior
from reprieve.evidence.pooling.bias import small_study
from reprieve.evidence.pooling.influence import influence
from reprieve.evidence.pooling.reading import read
from reprieve.evidence.pooling.sensitivity import cumulative, leave_one_out
from reprieve.evidence.pooling.subgroups import subgroups
from tests.cli.program import json_of, out_of, process

Capture = pytest.CaptureFixture[str]
BAD_INPUT = 2
# Twelve studies in no order of years, and one in the middle that has no estimate.
TABLE = """study,yi,vi,year,group,x,words,gap
Abel,-0.62,0.041,2014,active,1,p,1
Baker,0.15,0.066,2012,passive,2,q,2
Cole,-0.30,0.020,2019,active,3,r,3
Gap,,0.1,,,4,,
Dunn,-0.71,0.090,2016,passive,4,s,
Eads,-0.11,0.050,2012,active,6,t,5
Ford,-0.45,0.031,2021,passive,2,u,6
Gray,-0.95,0.120,2013,active,3,v,7
Hall,-0.22,0.025,2020,passive,5,w,8
Ives,-0.80,0.110,2015,active,1,x,9
Jude,-0.05,0.018,2022,passive,7,y,10
King,-0.55,0.075,2018,active,2,z,11
Lane,-0.38,0.035,2017,other,4,a,12
"""
FEW = "".join(TABLE.splitlines(keepends=True)[:7])


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


@pytest.fixture
def few(tmp_path: Path) -> str:
    path = tmp_path / "few.csv"
    path.write_text(FEW, encoding="utf-8")
    return str(path)


def used(column: str, text: str = TABLE) -> list[str]:
    return [row[column] for row in csv.DictReader(io.StringIO(text)) if row["yi"]]


YI, VI = [float(one) for one in used("yi")], [float(one) for one in used("vi")]
LABELS, YEARS = used("study"), [float(one) for one in used("year")]

CASES: dict[str, tuple[list[str], str, Callable[[], Any]]] = {
    "leave-one-out": (["--leave-one-out"], "leave_one_out", lambda: leave_one_out(YI, VI, LABELS)),
    "influence": (["--influence"], "influence", lambda: influence(YI, VI, None, LABELS)),
    "cumulative": (["--cumulative", "year"], "cumulative", lambda: cumulative(YI, VI, YEARS, LABELS)),
    "subgroup": (["--subgroup", "group"], "subgroups", lambda: subgroups(YI, VI, used("group"), LABELS)),
    "bias": (["--bias"], "bias", lambda: small_study(YI, VI, LABELS)),
    "bayes": (["--bayes"], "bayes", lambda: posterior(YI, VI, LABELS)),
}


def agree(printed: Any, computed: Any) -> None:
    """Every field of the result is in the object, with its value; what is no number is null."""
    if hasattr(computed, "__dataclass_fields__"):
        names = set(computed.__dataclass_fields__) - {"versions", "inputs_digest"}
        assert names <= set(printed)
        for name in names:
            agree(printed[name], getattr(computed, name))
    elif isinstance(computed, tuple):
        assert len(printed) == len(computed)
        for one, other in zip(printed, computed, strict=True):
            agree(one, other)
    elif isinstance(computed, float) and computed - computed != 0:
        assert printed is None
    else:
        assert printed == computed


@pytest.mark.parametrize("name", CASES)
def test_the_object_has_the_numbers_of_the_function(name: str, file: str, capsys: Capture) -> None:
    """Contract: one key per option, with the numbers that the pooling function gives for the rows of the pool."""
    arguments, key, compute = CASES[name]

    found = json_of(capsys, "meta", file, *arguments)

    agree(found[key], compute())
    assert {one for _, one, _ in CASES.values()} & set(found) == {key}


def test_without_options_nothing_is_added(file: str, capsys: Capture) -> None:
    """Invariant: the object of the pool is the same with diagnostics and without."""
    bare = json_of(capsys, "meta", file)
    everything = json_of(capsys, "meta", file, *(word for arguments, _, _ in CASES.values() for word in arguments))

    assert {key: everything[key] for key in bare} == bare
    assert list(everything)[len(bare) :] == [key for _, key, _ in CASES.values()]


def test_method_test_and_level_arrive(file: str, capsys: Capture) -> None:
    """Invariant: every option of the pool holds for what is computed beside it."""
    how: Any = {"method": "DL", "test": "z", "level": 0.9}
    arguments = ["--method", "DL", "--test", "z", "--level", "0.9"]

    found = json_of(capsys, "meta", file, *arguments, "--leave-one-out", "--subgroup", "group", "--bias", "--bayes")

    agree(found["leave_one_out"], leave_one_out(YI, VI, LABELS, **how))
    agree(found["subgroups"], subgroups(YI, VI, used("group"), LABELS, **how))
    agree(found["bias"], small_study(YI, VI, LABELS, **how))
    agree(found["bayes"], posterior(YI, VI, LABELS, level=0.9))


def test_the_order_is_that_of_the_column(file: str, capsys: Capture) -> None:
    """Invariant: ascending, studies of one year as in the table; the object says by what."""
    found = json_of(capsys, "meta", file, "--cumulative", "year")["cumulative"]

    assert (found["by"], found["order"]) == ("year", sorted(YEARS))
    assert [step["label"] for step in found["steps"]][:3] == ["Baker", "Eads", "Gray"]
    assert [step["k"] for step in found["steps"]] == list(range(1, 13))


def test_a_subgroup_of_one_is_named_and_not_pooled(file: str, capsys: Capture) -> None:
    """Invariant: nobody disappears."""
    found = json_of(capsys, "meta", file, "--subgroup", "group")["subgroups"]
    text = out_of(capsys, "meta", file, "--subgroup", "group")

    other = found["groups"][1]
    assert (found["by"], other["name"], other["estimate"]) == ("group", "other", None)
    assert "one study is no pool" in other["refused"]
    assert "subgroup other is not pooled" in text


def test_influence_works_with_moderators(file: str, capsys: Capture) -> None:
    """Invariant: the diagnostics are those of the regression, with one dfbeta per coefficient."""
    found = json_of(capsys, "meta", file, "--influence", "--mods", "x")

    data = read(file, "yi", "vi", None, "x")
    assert data.design is not None
    agree(found["influence"], influence(YI, VI, data.design.matrix, LABELS))
    assert {len(case["dfbetas"]) for case in found["influence"]["cases"]} == {len(found["coefficients"])}


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_small_study_tests_are_refused_below_ten(few: str, json_too: list[str], capsys: Capture) -> None:
    """Invariant: one line with the rule and the way out, and no pool is printed before it."""
    assert main(["meta", few, "--bias", *json_too]) == BAD_INPUT

    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert [word for word in ("fewer than 10", "Cochrane Handbook", "force") if word not in err] == []


def test_force_looks_all_the_same_and_says_so(few: str, capsys: Capture) -> None:
    """Invariant."""
    found = json_of(capsys, "meta", few, "--bias", "--force")["bias"]

    agree(found, small_study(YI[:5], VI[:5], LABELS[:5], force=True))
    assert "fewer than 10" in found["warnings"][0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--leave-one-out"], ["Each study left out in turn", "Abel", "95 % CI low", "tau2"]),
        (["--influence"], ["Influence of each study", "rstudent", "usual limits"]),
        (["--cumulative", "year"], ["Cumulative by year", "2012", "2022", "Lane"]),
        (["--subgroup", "group"], ["Subgroups by group", "passive", "one tau2 for all: F", "chi-square"]),
        (["--subgroup", "group", "--test", "z"], ["one tau2 for all: chi-square"]),
        (["--subgroup", "words"], ["No test of a difference"]),
        (["--bias"], ["Egger", "PET-PEESE chooses", "Kendall", "L0", "R0", "None of these proves"]),
        (["--bayes", "--level", "0.9"], ["90 % CrI", "below zero with probability", "half-normal", "flat"]),
    ],
)
def test_people_read_what_they_need(file: str, arguments: list[str], words: list[str], capsys: Capture) -> None:
    """Invariant: a table, then sentences with level and kind of every interval."""
    flat = " ".join(out_of(capsys, "meta", file, *arguments).split())

    assert [word for word in words if word not in flat] == []


def test_pictures_are_written(file: str, tmp_path: Path, capsys: Capture) -> None:
    """Invariant: the files hold the figures of the face, and people are told where they are."""
    forest, funnel = tmp_path / "forest.svg", tmp_path / "funnel.svg"

    text = out_of(capsys, "meta", file, "--forest", str(forest), "--funnel", str(funnel))

    found = rp.meta(file)
    assert forest.read_text(encoding="utf-8") == found.forest().svg
    assert funnel.read_text(encoding="utf-8") == found.funnel().svg
    assert "".join(f"Written: {path}" for path in (forest, funnel)) in text.replace("\n", "")


def test_pictures_and_numbers_at_once(file: str, tmp_path: Path, capsys: Capture) -> None:
    """Invariant: with --json nothing but the object is printed; a regression has a picture without a diamond."""
    forest = tmp_path / "forest.svg"

    found = json_of(capsys, "meta", file, "--mods", "x", "--forest", str(forest))

    assert found["estimate"] is None
    assert "no single pooled effect" in forest.read_text(encoding="utf-8")


def test_the_result_draws_its_own_numbers(file: str) -> None:
    """Invariant: the table twin of `rp.meta(...).forest()` has the numbers of the result."""
    found = rp.meta(file)
    table, twin = found.table(), found.forest(effect="Hedges g").table

    for column, name in (("effect", "yi"), ("low", "ci_low"), ("high", "ci_high")):
        drawn = [cell for cell in twin.column(column) if isinstance(cell, float)]
        assert drawn[: found.k] == pytest.approx(table[name], rel=1e-5)
        pooled = found.estimate if name == "yi" else getattr(found, name)
        assert any(cell == pytest.approx(pooled, rel=1e-5) for cell in drawn[found.k :])
    assert found.funnel().table.column("effect")[: found.k] == pytest.approx(tuple(YI), rel=1e-5)


BAD: dict[str, tuple[list[str], list[str]]] = {
    "cumulative-no-column": (["--cumulative", "yeer"], ["cumulative", "yeer", "did you mean year"]),
    "cumulative-words": (["--cumulative", "group"], ["row 2", "group", "active", "no number"]),
    "cumulative-gap": (["--cumulative", "gap"], ["row 6", "gap", "--cumulative"]),
    "cumulative-nothing": (["--cumulative", ""], ["cumulative", "is not in the table"]),
    "subgroup-no-column": (["--subgroup", "comparator"], ["subgroup", "comparator", "group"]),
    "subgroup-gap": (["--subgroup", "gap"], ["row 6", "gap", "--subgroup"]),
    "subgroup-without-value": (["--subgroup"], ["--subgroup"]),
    "force-alone": (["--force"], ["force", "--bias"]),
    "leave-one-out-mods": (["--leave-one-out", "--mods", "x"], ["leave-one-out", "moderators"]),
    "cumulative-mods": (["--cumulative", "year", "--mods", "x"], ["cumulative", "moderators"]),
    "subgroup-mods": (["--subgroup", "group", "--mods", "x"], ["subgroup", "moderators"]),
    "bias-mods": (["--bias", "--mods", "x"], ["bias", "moderators"]),
    "bayes-mods": (["--bayes", "--mods", "x"], ["bayes", "moderators"]),
    "forest-png": (["--forest", "forest.png"], ["forest", ".svg"]),
    "forest-no-folder": (["--forest", "no/such/folder/forest.svg"], ["forest", "no folder"]),
    "forest-empty": (["--forest", ""], ["forest", ".svg"]),
    "funnel-pdf": (["--funnel", "funnel.pdf"], ["funnel", ".svg"]),
    "one-file-for-both": (["--forest", "a.svg", "--funnel", "./a.svg"], ["funnel", "forest plot"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_in_one_line(
    name: str, file: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant: exit 2, empty standard output, one line on standard error that says what is wrong, no file."""
    arguments, words = BAD[name]
    monkeypatch.chdir(tmp_path)

    code = main(["meta", file, *arguments])

    out, err = capsys.readouterr()
    assert (code, out) == (BAD_INPUT, "")
    assert len(err.splitlines()) == 1
    assert [word for word in words if word.lower() not in err.lower()] == []
    assert list(tmp_path.iterdir()) == [Path(file)]


@pytest.mark.parametrize(
    ("option", "rows", "words"),
    [
        ("--leave-one-out", 2, ["studies", "2", "at least 3"]),
        ("--influence", 2, ["studies", "2", "at least 3"]),
        ("--bias", 2, ["studies", "2", "at least 3"]),
    ],
)
def test_too_few_studies(option: str, rows: int, words: list[str], tmp_path: Path, capsys: Capture) -> None:
    """Invariant: what needs more studies than the pool says how many."""
    path = tmp_path / "table.csv"
    path.write_text("".join(TABLE.splitlines(keepends=True)[: rows + 1]), encoding="utf-8")

    assert main(["meta", str(path), option]) == BAD_INPUT

    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert [word for word in words if word not in err] == []


def test_a_process_ends_well(file: str) -> None:
    """Invariant: no warning of a library reaches the user."""
    done = process("meta", file, "--influence", "--subgroup", "words", "--bias", "--bayes", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    assert {"influence", "subgroups", "bias", "bayes"} <= set(json.loads(done.stdout))
