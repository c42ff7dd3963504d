"""`reprieve evidence`: the answer as JSON and in words, pictures as files, one line for bad input."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from reprieve.cli import main
from reprieve.evidence.answer import answer
from reprieve.evidence.package.load import PACKAGED, load, read
from reprieve.evidence.pooling.meta import meta
from reprieve.evidence.selection import SECOND_HAND, Filters
from tests.cli.program import json_of, out_of, process
from tests.evidence.package.small import write_table

Capture = pytest.CaptureFixture[str]
BAD_INPUT = 2
TIMES = ("24h", "1w", "2w", "eot", "4w")
# The keys of the contract of `reprieve meta --json`.
KEYS = (
    *("k", "estimate", "se", "ci_low", "ci_high", "p", "pi_low", "pi_high", "tau2", "tau2_ci_low", "tau2_ci_high"),
    *("i2", "h2", "q", "q_df", "q_p", "method", "test", "warnings", "versions"),
)


def plain(value: float | str | None) -> float | str | None:
    """What is no number in Python is null in JSON."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


@pytest.mark.parametrize("at", TIMES)
def test_it_prints_the_answer(at: str, capsys: Capture) -> None:
    """Contract: the keys of `reprieve meta`, the values of `answer`; null where nothing is pooled."""
    found = json_of(capsys, "evidence", "meta", "--at", at)
    expected = answer(load(), at)

    assert [key for key in KEYS if key not in found] == []
    assert set(KEYS) <= set(meta({"yi": [0.1, 0.2], "vi": [0.1, 0.1]}).to_json())
    for name in KEYS[1:-2]:
        assert found[name] == (None if expected.pool is None else plain(getattr(expected.pool, name)))
    assert found["k"] == len(expected.selection.chosen)
    assert found["refused"] == (expected.refused or None)
    assert found["left_out_unverified"] == expected.left_out_unverified
    assert [one["row_id"] for one in found["studies"]] == [one.row_id for one in expected.selection.chosen]
    assert found["left_out"] == [asdict(one) for one in expected.selection.left_out]
    assert found["inputs_digest"] == expected.inputs_digest
    assert found["warnings"] == list(expected.warnings)
    assert [one["label"] for one in found["sensitivity"]] == [one.label for one in expected.variants]
    assert [one["estimate"] for one in found["published"]] == [one.estimate for one in expected.published]
    assert "No systematic search" in found["search"]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--comparator", "active"], {"filters": Filters(comparator="active")}),
        (["--comparator", "inert"], {"filters": Filters(comparator="inert")}),
        (["--population", "veteran"], {"filters": Filters(population="veteran")}),
        (["--instrument", "CAPS"], {"filters": Filters(instrument="CAPS")}),
        (["--include", "second-hand"], {"filters": Filters(trusted=SECOND_HAND)}),
        (["--since", "last"], {"since": "last"}),
        (["--method", "DL", "--test", "z"], {"method": "DL", "test": "z"}),
    ],
)
def test_every_option_arrives(arguments: list[str], options: dict[str, Any], capsys: Capture) -> None:
    """Invariant: the command adds nothing and leaves nothing out."""
    found = json_of(capsys, "evidence", "meta", "--at", "1w", *arguments)
    expected = answer(load(), "1w", **options)

    assert found["inputs_digest"] == expected.inputs_digest
    assert found["estimate"] == (expected.pool.estimate if expected.pool else None)
    assert len(found["left_out"]) == len(expected.selection.left_out)


def test_all_time_points_at_once(capsys: Capture) -> None:
    """Invariant: the overview holds the single answers."""
    found = json_of(capsys, "evidence", "meta")["answers"]

    assert [one["at"] for one in found] == list(TIMES)
    assert found[3] == json_of(capsys, "evidence", "meta", "--at", "eot")


SUBCOMMANDS: dict[str, list[str]] = {
    "meta": ["meta"],
    "claims": ["claims"],
    "claim": ["claims", "bdnf"],
    "studies": ["studies"],
    "study": ["studies", "feder2014"],
    "pool": ["studies", "--pool", "ptsd"],
    "outcomes": ["outcomes"],
    "outcomes-of": ["outcomes", "--study", "duek2023", "--instrument", "PCL-5"],
    "found": ["found"],
    "forest": ["forest"],
    "funnel": ["funnel"],
    "timecourse": ["timecourse"],
    "map": ["map"],
}


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_prints_one_object(name: str, capsys: Capture) -> None:
    """Contract: `--json` is one JSON object, nothing else on either stream."""
    assert json_of(capsys, "evidence", *SUBCOMMANDS[name])


WORDS: dict[str, tuple[list[str], list[str]]] = {
    "eot": (["meta", "--at", "eot"], ["feder2014", "abdallah2022", "158 patients", "very low", "3 rows with figures"]),
    "published": (["meta", "--at", "1w"], ["borgogna2024", "-0.24", "-0.48 to 0.00", "No systematic search"]),
    "refused": (["meta", "--at", "4w"], ["Nothing is pooled here", "only duek2023", "-"]),
    "overview": (["meta"], ["not pooled", "Negative favours ketamine", "95 % confidence", "No systematic search"]),
    "claims": (["claims"], ["citation not found", "not supported", "our pool today", "Coyle and Laws 2015"]),
    "claim": (["claims", "meta_analysis_consistent"], ["our pool today", "eot: g -0.64", "Better sources"]),
    "studies": (["studies", "--pool", "ptsd"], ["8 studies", "abdallah2022", "left out of every pool"]),
    "outcomes": (["outcomes", "--study", "feder2014", "--instrument", "CAPS"], ["o0018", "full text", "23.63"]),
    "found": (["found"], ["Flow", "records screened", "No systematic search"]),
}


@pytest.mark.parametrize("name", WORDS)
def test_people_read_what_they_need(name: str, capsys: Capture) -> None:
    """Contract (issue 3): who is left out, how sure, what others published, that no search stands behind it."""
    arguments, words = WORDS[name]
    flat = " ".join(out_of(capsys, "evidence", *arguments).split())

    assert [word for word in words if word not in flat] == []


def test_unverified_rows_are_marked_in_every_list(capsys: Capture) -> None:
    """Contract (issue 3): unverified cells are marked in every output."""
    for arguments in (["outcomes"], ["studies"]):
        text = out_of(capsys, "evidence", *arguments)
        assert "* nobody has seen this" in text
        assert any(line.strip().startswith("*") for line in text.splitlines()[3:-3])
    listed = json_of(capsys, "evidence", "outcomes")["outcomes"]
    assert {one["seen"] for one in listed if one["verified"]} <= {"full text", "abstract"}
    assert {one["seen"] for one in listed if not one["verified"]} <= {"secondary", "unverified", "assumed"}
    assert len(listed) == len(load().outcomes)


def test_the_ledger_holds_todays_answers(capsys: Capture) -> None:
    """Independent path: the figure of a claim is that of `evidence meta`."""
    held = {one["id"]: one for one in json_of(capsys, "evidence", "claims")["claims"]}
    now = json_of(capsys, "evidence", "meta", "--at", "eot")

    assert len(held) == 12
    (today,) = held["meta_analysis_consistent"]["today"]
    assert (today["estimate"], today["inputs_digest"]) == (now["estimate"], now["inputs_digest"])


@pytest.mark.parametrize("name", ["forest", "funnel", "timecourse", "map"])
def test_a_picture_is_written(name: str, tmp_path: Path, capsys: Capture) -> None:
    """Invariant: a file of SVG, the same bytes each time, and a line that says where."""
    first, second = tmp_path / "one.svg", tmp_path / "two.svg"

    said = out_of(capsys, "evidence", name, "--out", str(first))
    found = json_of(capsys, "evidence", name, "--out", str(second))

    assert said == f"Written: {first}\n"
    assert ET.parse(first).getroot().tag.endswith("svg")
    assert first.read_bytes() == second.read_bytes()
    assert found["rows"]
    assert all(len(row) == len(found["columns"]) for row in found["rows"])


def test_the_package_comes_out_as_it_went_in(tmp_path: Path, capsys: Capture) -> None:
    """Round trip: what is exported reads as the package inside Reprieve."""
    found = json_of(capsys, "evidence", "export", "--out", str(tmp_path / "package"))

    assert read(tmp_path / "package") == load()
    assert found["rows"]["studies.csv" if "studies.csv" in found["rows"] else "studies"] == len(load().studies)


def test_the_dialect_of_metapsy(tmp_path: Path, capsys: Capture) -> None:
    """Contract: one file, as many rows as it says."""
    path = tmp_path / "rows.csv"
    found = json_of(capsys, "evidence", "export", "--format", "metapsy", "--out", str(path))

    assert list(found["rows"].values()) == [len(path.read_text(encoding="utf-8").splitlines()) - 1]


def later(folder: Path) -> Path:
    """New rows: CAPS-5 of feder2021 four weeks after its last infusion."""
    like = {"instrument": "CAPS-5", "measure": "mean", "day": "39", "n": "15", "dispersion_type": "sd"}
    where = {"population_analysed": "all", "derived": "false", "source": "feder2021", "seen": "full text"}
    rows = [
        {"row_id": f"new-{arm}", "study": "feder2021", "arm": arm, "value": value, "dispersion": "11", **like, **where}
        for arm, value in (("ketamine", "24"), ("midazolam", "31"))
    ]
    write_table(folder, "outcomes", rows)
    return folder


def test_new_rows_show_how_the_answer_moves(tmp_path: Path, capsys: Capture) -> None:
    """Contract (issue 3): merged offline, with a diff of the answer; the merged package is written where asked."""
    new, into = later(tmp_path / "new"), tmp_path / "merged"

    found = json_of(capsys, "evidence", "update", str(new), "--into", str(into))

    assert found["added"]["outcomes"] == 2
    moved = {one["at"]: one for one in found["answers"]}
    assert moved["4w"]["studies_added"] == ["feder2021"]
    assert moved["4w"]["before"].startswith("not pooled: only duek2023")
    now = answer(read(into), "4w", with_variants=False).pool
    assert now is not None
    assert moved["4w"]["estimate_after"] == now.estimate
    assert all(moved[at]["before"] == moved[at]["after"] for at in TIMES if at != "4w")


def test_an_update_writes_nothing_unasked(tmp_path: Path, capsys: Capture) -> None:
    """Invariant: without --into it only looks, and says so."""
    before = {path.name: path.read_bytes() for path in PACKAGED.iterdir() if path.is_file()}
    new = later(tmp_path / "new")

    text = " ".join(out_of(capsys, "evidence", "update", str(new)).split())

    assert "Nothing written" in text
    assert "feder2021" not in {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == {"new"}
    assert {path.name: path.read_bytes() for path in PACKAGED.iterdir() if path.is_file()} == before


BAD: dict[str, tuple[list[str], list[str]]] = {
    "at": (["meta", "--at", "3w"], ["at", "3w", "eot"]),
    "since": (["meta", "--at", "1w", "--since", "second"], ["since", "second"]),
    "since-without-at": (["meta", "--since", "last"], ["since", "--at"]),
    "since-24h": (["meta", "--at", "24h", "--since", "last"], ["since", "24h"]),
    "since-eot": (["meta", "--at", "eot", "--since", "first"], ["since", "eot"]),
    "comparator": (["meta", "--comparator", "placebo"], ["comparator", "placebo", "inert"]),
    "population": (["meta", "--population", "nurses"], ["population", "nurses", "veteran"]),
    "instrument": (["meta", "--instrument", "MADRS"], ["instrument", "MADRS", "CAPS-5"]),
    "include": (["meta", "--include", "all"], ["include", "all", "second-hand"]),
    "method": (["meta", "--at", "eot", "--method", "BAYES"], ["method", "BAYES", "REML"]),
    "test": (["meta", "--at", "eot", "--test", "t"], ["test", "knha"]),
    "method-nothing-to-pool": (["meta", "--at", "4w", "--method", "BAYES"], ["method", "BAYES"]),
    "test-nothing-to-pool": (["meta", "--at", "24h", "--test", "t"], ["test", "knha"]),
    "method-overview": (["meta", "--method", "BAYES"], ["method", "BAYES", "REML"]),
    "study": (["studies", "feder2015"], ["study", "feder2015", "feder2014"]),
    "pool": (["studies", "--pool", "anxiety"], ["pool", "anxiety", "ptsd"]),
    "outcomes-study": (["outcomes", "--study", "nobody"], ["study", "nobody"]),
    "outcomes-instrument": (["outcomes", "--instrument", "CAPS-6"], ["instrument", "CAPS-6", "CAPS-5"]),
    "outcomes-pool": (["outcomes", "--pool", "anxiety"], ["pool", "anxiety"]),
    "claim": (["claims", "cures"], ["claim", "cures", "bdnf"]),
    "format": (["export", "--out", "x", "--format", "xlsx"], ["format", "xlsx", "metapsy"]),
    "export-no-out": (["export"], ["--out"]),
    "export-metapsy-folder": (["export", "--out", "rows", "--format", "metapsy"], ["out", ".csv"]),
    "forest-no-out": (["forest"], ["out", ".svg"]),
    "forest-png": (["forest", "--out", "forest.png"], ["out", "forest.png", ".svg"]),
    "forest-no-folder": (["forest", "--out", "nowhere/forest.svg"], ["out", "nowhere"]),
    "forest-at": (["forest", "--at", "3w", "--out", "forest.svg"], ["at", "3w"]),
    "forest-method": (["forest", "--at", "2w", "--method", "X", "--out", "forest.svg"], ["method", "X"]),
    "funnel-include": (["funnel", "--include", "all", "--out", "funnel.svg"], ["include", "all"]),
    "timecourse-no-out": (["timecourse"], ["out"]),
    "map-pdf": (["map", "--out", "map.pdf"], ["out", ".svg"]),
    "update-missing": (["update", "nowhere"], ["nowhere"]),
    "update-base-missing": (["update", "nowhere", "--base", "elsewhere"], ["where"]),
    "unknown-option": (["meta", "--when", "eot"], ["--when"]),
    "unknown-command": (["pool"], ["pool"]),
}


# With --json a picture needs no file.
PICTURES_WITHOUT_OUT = ("forest-no-out", "timecourse-no-out")
BOTH_WAYS = [(name, json) for name in BAD for json in (False, True) if not (json and name in PICTURES_WITHOUT_OUT)]


@pytest.mark.parametrize(("name", "json_too"), BOTH_WAYS)
def test_bad_input_ends_in_one_line(
    name: str, json_too: bool, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant: exit 2, nothing on standard output, one line that names what is wrong, no file left behind."""
    arguments, words = BAD[name]
    monkeypatch.chdir(tmp_path)

    code = main(["evidence", *arguments, *(["--json"] if json_too else [])])

    out, err = capsys.readouterr()
    assert (code, out) == (BAD_INPUT, "")
    assert len(err.splitlines()) == 1
    assert [word for word in words if word.lower() not in err.lower()] == []
    assert list(tmp_path.iterdir()) == []


def test_rows_that_break_a_rule_are_refused(tmp_path: Path, capsys: Capture) -> None:
    """Contract (issue 3): refused naming table, row, field and value; nothing is written."""
    new = later(tmp_path / "new")
    path = new / "outcomes.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",11,sd", ",-11,sd"), encoding="utf-8")

    code = main(["evidence", "update", str(new), "--into", str(tmp_path / "merged"), "--json"])

    out, err = capsys.readouterr()
    assert (code, out) == (BAD_INPUT, "")
    assert len(err.splitlines()) == 1
    assert "outcomes" in err
    assert "-11" in err
    assert not (tmp_path / "merged" / "outcomes.csv").exists()


def test_a_process_ends_well() -> None:
    """Invariant: in a process of its own nothing but the object is printed; asking for help loads no library."""
    done = process("evidence", "meta", "--at", "eot", "--json")
    check = "assert not {'numpy', 'pymare', 'pandas', 'polars', 'altair'} & set(sys.modules)"
    helped = process("evidence", "meta", "--help", after=check)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["k"] == 3
    assert (helped.returncode, helped.stderr) == (0, "")
