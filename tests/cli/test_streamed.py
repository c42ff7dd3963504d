"""`reprieve simulate` for populations too large to hold: the same output, block by block."""

from __future__ import annotations

from pathlib import Path

import polars
import pytest

from reprieve.cli import files, main, streamed_file
from reprieve.core.errors import NumericsError
from reprieve.core.schemas import validate
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.streaming import Stream
from tests.cli.program import json_of, out_of
from tests.tolerance import close

Capture = pytest.CaptureFixture[str]
REGIMEN = "0.5 mg/kg over 40 min on days 0, 2"
PATIENTS = 4096 + 200
OPTIONS = ["simulate", REGIMEN, "--patients", str(PATIENTS), "--days", "3"]


@pytest.fixture
def from_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stream from a thousand patients on, so that a test need not wait for a million."""
    monkeypatch.setattr("reprieve.cli.streamed.FROM_PATIENTS", 1000)


@pytest.mark.usefixtures("from_few")
def test_a_streamed_summary_reads_like_any_other(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: the same keys, and the same numbers to the stated error of a streamed quantile."""
    found = json_of(capsys, *OPTIONS)
    monkeypatch.setattr("reprieve.cli.streamed.FROM_PATIENTS", 10**9)
    whole = json_of(capsys, *OPTIONS)

    validate("summary", found)
    assert list(found) == list(whole)
    assert found["probability"]["response_30"] == whole["probability"]["response_30"]
    for name, means in whole["by_dose"].items():
        assert close(found["by_dose"][name], means, "closed_form")


@pytest.mark.usefixtures("from_few")
def test_people_read_the_same_tables(capsys: Capture) -> None:
    """Invariant: the tables of a small population, and how exact they are."""
    out = " ".join(out_of(capsys, *OPTIONS).split())

    words = ["Scores by day", "baseline", "Infusion 1 by minute", "Infusion 2 by minute", "Probability by infusion"]
    words += [f"{PATIENTS:,} virtual patients", "right to 0.4 % of their value", "never decides"]
    assert [word for word in words if word not in out] == []


@pytest.mark.usefixtures("from_few")
def test_every_value_goes_to_one_file_block_by_block(tmp_path: Path, capsys: Capture) -> None:
    """Invariant: the file holds the rows of the file of the whole population, a row group for each block."""
    path, other = tmp_path / "all.parquet", tmp_path / "whole.parquet"

    assert str(path) in out_of(capsys, *OPTIONS, "--out", str(path))

    files.write(simulate(Regimen.parse(REGIMEN), population(PATIENTS, 1), days=3), other)
    keys = list(files.KEYS)
    found, whole = polars.read_parquet(path), polars.read_parquet(other)
    assert found.schema == whole.schema
    assert found.sort(keys).equals(whole.sort(keys))
    assert polars.read_parquet_metadata(path)["regimen"] == REGIMEN
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.usefixtures("from_few")
def test_figures_need_everybody_at_once(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: what needs every patient at once is not streamed."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("streamed")

    monkeypatch.setattr("reprieve.cli.streamed.run", refuse)

    assert main([*OPTIONS, "--out", str(tmp_path / "all.csv"), "--json"]) == 0
    capsys.readouterr()


@pytest.mark.parametrize("error", [NumericsError("accuracy was not reached"), KeyboardInterrupt()])
def test_a_failure_leaves_no_file_and_keeps_its_words(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant: a half-written file never gets the name, and the error is the simulation's, not the library's."""
    calls = 0

    def failing(*given: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise error
        return simulate(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("reprieve.model.streaming.simulate", failing)

    with pytest.raises(type(error)):
        streamed_file.write(Stream(Regimen.parse(REGIMEN), PATIENTS, days=1), tmp_path / "all.parquet")
    assert list(tmp_path.iterdir()) == []
