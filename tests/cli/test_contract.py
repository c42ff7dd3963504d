"""What `--json` prints: the keys of the contract, and the same values as the call it stands for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reprieve.core.schemas import validate
from reprieve.model import catalogue
from reprieve.model.check import check
from reprieve.model.disposition.library import MODELS
from reprieve.model.disposition.predict import pk
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from tests.cli.program import SIX_INFUSIONS, json_of, out_of

Capture = pytest.CaptureFixture[str]
PK_KEYS = [
    "model",
    "time_h",
    "ketamine_arterial_ng_per_ml",
    "ketamine_venous_ng_per_ml",
    "norketamine_ng_per_ml",
    "hydroxynorketamine_ng_per_ml",
]


@pytest.mark.parametrize("model", MODELS)
def test_pk_prints_the_contract(model: str, capsys: Capture) -> None:
    """Contract of `reprieve pk --json`: these keys in this order, a list or null each, the values of `pk`."""
    given = ["--model", model, "--dose-mg", "35", "--minutes", "40", "--weight-kg", "70", "--at", "0.25,0.667,2"]

    found = json_of(capsys, "pk", *given)

    assert list(found) == PK_KEYS
    assert found == json.loads(json.dumps(pk(model, 35, 40, 70, [0.25, 0.667, 2]).to_json()))
    assert any(found[key] is not None for key in PK_KEYS[2:])


def test_pk_takes_a_substance(capsys: Capture) -> None:
    """Invariant: the substance reaches the model."""
    given = ["--dose-mg", "20", "--minutes", "40", "--weight-kg", "70", "--at", "1"]

    found = json_of(capsys, "pk", *given, "--substance", "esketamine")

    expected = pk("reprieve_iv_default", 20, 40, 70, [1], "esketamine").to_json()
    assert found == expected
    assert found != json_of(capsys, "pk", *given)


def summary(*, days: float = 42.0, **options: Any) -> dict[str, Any]:
    people = population(options.pop("patients", 12), options.pop("seed", 3), **options.pop("people", {}))
    run = simulate(Regimen.parse(SIX_INFUSIONS), people, days=days, **options)
    found: dict[str, Any] = json.loads(json.dumps(run.summary()))
    return found


def test_simulate_prints_the_summary(capsys: Capture) -> None:
    """Invariant: `simulate --json` is the summary of the same simulation, and it fits its schema."""
    found = json_of(capsys, "simulate", SIX_INFUSIONS, "--patients", "12", "--seed", "3", "--days", "20")

    assert found == summary(days=20.0)
    validate("summary", found)


def test_every_option_of_simulate_reaches_the_model(capsys: Capture) -> None:
    """Invariant: baseline, profile and model change what is simulated."""
    options = ["--baseline", "50", "--profile", "veteran", "--model", "kamp2020_meta3c"]

    found = json_of(capsys, "simulate", SIX_INFUSIONS, "--patients", "12", "--seed", "3", *options)

    people = {"baseline_caps5": 50.0, "profile": "veteran"}
    assert found == summary(people=people, model="kamp2020_meta3c")
    assert found["scores"]["caps5"]["high"][0] == pytest.approx(50)


def test_a_table_of_events_is_the_same_regimen(capsys: Capture, tmp_path: Any) -> None:
    """Invariant: a NONMEM table and the one-line language give one simulation."""
    table = tmp_path / "events.csv"
    table.write_text("ID,TIME,AMT,DUR,EVID,II,ADDL\n1,0,35,0.5,1,48,2\n")
    options = ["--patients", "3", "--days", "7"]

    found = json_of(capsys, "simulate", "--regimen-file", str(table), "--amount-unit", "mg", *options)

    assert found == json_of(capsys, "simulate", "35 mg over 30 min on days 0, 2, 4", *options)


def test_check_lists_misses_first(capsys: Capture) -> None:
    """Invariant: what misses its range stands before what holds, and the counts are those of the rows."""
    found = json_of(capsys, "model", "check")

    verdicts = [row["ok"] for row in found["rows"]]
    assert len(verdicts) == len(check())
    assert verdicts == sorted(verdicts, key=[False, True, None].index)
    assert found["misses"] == verdicts.count(False)
    assert found["held"] == verdicts.count(True)


def test_check_of_one_model_shows_that_model(capsys: Capture) -> None:
    """Invariant."""
    found = json_of(capsys, "model", "check", "otto2021_S")

    assert {row["model"] for row in found["rows"]} == {"otto2021_S"}


def test_the_card_holds_every_quantity(capsys: Capture) -> None:
    """Invariant: the model card is the catalogue, and what no source carries is named."""
    found = json_of(capsys, "model", "card")

    held = catalogue.entries()
    assert [one["name"] for one in found["quantities"]] == [entry.quantity.name for entry in held]
    assert found["unsourced"] == [
        one["name"] for one in found["quantities"] if one["seen"] in ("assumed", "unverified")
    ]
    assert all(one["unit"] and one["source"] and one["seen"] for one in found["quantities"])


def test_the_list_of_models_is_complete(capsys: Capture) -> None:
    """Invariant."""
    found = json_of(capsys, "model", "list")

    assert [one["name"] for one in found["models"]] == list(MODELS)


def test_sources_finds_a_quantity_and_its_source(capsys: Capture) -> None:
    """Invariant: a quantity comes with the entry of the source it names."""
    found = json_of(capsys, "sources", "ic50_ketamine_nmol_per_l")

    assert found["quantities"][0]["value"] == catalogue.parts()["receptor"]["ic50_ketamine_nmol_per_l"]
    assert [source["key"] for source in found["sources"]] == [found["quantities"][0]["source"]]


def test_sources_finds_what_rests_on_a_source(capsys: Capture) -> None:
    """Invariant."""
    found = json_of(capsys, "sources", "shaffer2014")

    assert {one["source"] for one in found["quantities"]} == {"shaffer2014"}
    assert found["sources"][0]["bibtex"].startswith("@")


def test_sources_lists_all(capsys: Capture) -> None:
    """Invariant: every source of a quantity is listed, with that quantity."""
    listed = {one["key"]: one["quantities"] for one in json_of(capsys, "sources")["sources"]}

    for entry in catalogue.everything():
        assert entry.quantity.name in listed[entry.quantity.source]


def test_cite_prints_reprieve_and_its_sources(capsys: Capture) -> None:
    """Invariant: one BibTeX entry per source of the default model, Reprieve first; no assumption is cited."""
    found = json_of(capsys, "cite")["bibtex"]

    assert next(iter(found)) == "reprieve"
    assert not set(found) & catalogue.NOT_PUBLICATIONS
    assert out_of(capsys, "cite").count("\n@") == len(found) - 1


def test_a_figure_prints_its_numbers(capsys: Capture) -> None:
    """Invariant: `figure --json` has one cell per column in every row."""
    found = json_of(capsys, "figure", "acute", "--patients", "5", "--days", "12")

    assert found["columns"][0] == "minute"
    assert {len(row) for row in found["rows"]} == {len(found["columns"])}


def test_the_demo_prints_published_and_predicted(capsys: Capture, tmp_path: Any) -> None:
    """Invariant: the demo is the replay, and its report is where it says."""
    from reprieve.trials.replay import feder2021

    page = tmp_path / "report.html"

    found = json_of(capsys, "demo", "--patients", "40", "--out", str(page))

    rows = [row.what for row in feder2021(40, 1).rows]
    assert [row["what"] for row in found["rows"]] == rows
    assert found["report"] == str(page)
    assert page.is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulate", SIX_INFUSIONS, "--patients", "8"], ["baseline", "95 % interval", "off-label", "never decides"]),
        (
            ["simulate", SIX_INFUSIONS, "--patients", "1"],
            ["1 virtual patient", "until calibrated: `reprieve model card`"],
        ),
        (["model", "card"], ["* surge_zero", "receptor", "until calibrated"]),
        (["model", "check"], ["miss", "range"]),
        (["model", "list"], ["reprieve_iv_default", "herd2007"]),
        (["sources"], ["shaffer2014"]),
        (["sources", "surge_zero"], ["assumed", "receptor"]),
        (["pk", "--dose-mg=35", "--minutes=40", "--weight-kg=70", "--at=1"], ["92.9", "reprieve_iv_default"]),
        (["pk", "--model=domino", "--dose-mg=35", "--minutes=40", "--weight-kg=70", "--at=1"], ["does not give"]),
    ],
)
def test_people_read_what_they_need(arguments: list[str], words: list[str], capsys: Capture) -> None:
    """Invariant: without --json the output is text that names what matters."""
    out = out_of(capsys, *arguments)

    flat = " ".join(out.split())
    assert [word for word in words if word not in flat] == []
