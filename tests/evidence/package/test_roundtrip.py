"""What is written is read back the same."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.evidence.package import write as writing
from reprieve.evidence.package.lines import cell
from reprieve.evidence.package.load import PACKAGED, load, read
from reprieve.evidence.package.schema import DESCRIPTOR, Field, packaged_schemas
from reprieve.evidence.package.write import cell_text, package_files, table_text, write_folder
from tests.evidence.package.small import Tables, small, write

LINES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30).map(str.strip)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.one_of(st.tuples(st.just("string"), LINES.filter(bool)), st.tuples(st.just("number"), NUMBERS)))
def test_a_cell_is_read_as_it_was_written(typed: tuple[str, Any]) -> None:
    """Invariant: text of a cell and back, every digit of a number kept."""
    kind, value = typed

    assert cell(Field("x", kind, "", {}), cell_text(value)) == (value, "")


@given(st.one_of(st.tuples(st.just("integer"), st.integers()), st.tuples(st.just("boolean"), st.booleans())))
def test_whole_numbers_and_booleans_keep_their_type(typed: tuple[str, Any]) -> None:
    """Invariant: 1, true and 1.0 stay apart."""
    kind, value = typed
    found, rule = cell(Field("x", kind, "", {}), cell_text(value))

    assert (found, type(found), rule) == (value, type(value), "")


@st.composite
def packages(draw: st.DrawFn) -> Tables:
    """Draw small packages with other words and numbers, fewer or more rows."""
    tables = small()
    for name in ("studies", "arms", "outcomes", "contrasts", "events", "doses"):
        for row in tables[name]:
            row["note"] = draw(LINES)
    for row in tables["studies"]:
        row["title"] = draw(LINES)
        row["mean_age"] = cell_text(draw(st.floats(18, 90)))
    for row in tables["outcomes"]:
        if row["measure"] == "mean":
            row["value"] = cell_text(draw(st.floats(10, 50)))
        row["derived"] = draw(st.sampled_from(("true", "false")))
    kept = draw(st.integers(0, len(tables["events"])))
    tables["events"] = tables["events"][:kept]
    extra = draw(st.lists(LINES.filter(bool), unique=True, max_size=5))
    tables["searches"] = [{"search_id": one, "what": "Look-ups", "seen": "assumed"} for one in extra]
    return tables


@given(packages())
def test_a_package_is_read_as_it_was_written(tables: Tables) -> None:
    """Invariant: read(write(package)) == package, whatever the words and numbers in it."""
    with tempfile.TemporaryDirectory() as place:
        package = read(write(Path(place) / "one", tables))
        write_folder(Path(place) / "two", package_files(package))

        assert read(Path(place) / "two") == package


def test_the_packaged_tables_keep_every_value_when_written() -> None:
    """Invariant: the real package, written and read as text, has the same rows and columns."""
    package = load()
    for name, schema in packaged_schemas().items():
        text = table_text(package, name)
        assert text.splitlines()[0] == ",".join(schema.columns)
        assert text.count("\n") == 1 + len(getattr(package, name))


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    """Invariant: no file of the old package survives in the new one, and nothing is left beside it."""
    folder = write(tmp_path / "mine", small())
    (folder / "outcomes_with_days.csv").write_text("old", encoding="utf-8")
    package = read(folder)

    write_folder(folder, package_files(package))

    assert not (folder / "outcomes_with_days.csv").exists()
    assert read(folder) == package
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_crash_while_renaming_loses_nothing(fails_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: after a crash at either rename the old package is there, in its place or put back by the next call."""
    folder = write(tmp_path / "mine", small())
    package = read(folder)
    real, calls = os.replace, []

    def crash(*args: Any) -> None:
        calls.append(args)
        if len(calls) >= fails_at:
            raise KeyboardInterrupt
        real(*args)

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        write_folder(folder, {DESCRIPTOR: "{}"})
    monkeypatch.undo()

    writing._restore(folder)
    assert read(folder) == package


def test_a_failure_while_writing_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: a full disk is an error in one line, the old package stays and no half-written folder either."""
    folder = write(tmp_path / "mine", small())
    package = read(folder)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_folder(folder, package_files(package))

    assert read(folder) == package
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_a_folder_with_anything_else_is_refused(tmp_path: Path) -> None:
    """Invariant: nobody's files are replaced."""
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")

    with pytest.raises(InputError, match=r"holds thesis\.tex, no part of a package"):
        write_folder(tmp_path, {DESCRIPTOR: "{}"})
    assert (tmp_path / "thesis.tex").read_text(encoding="utf-8") == "years of work"
    with pytest.raises(InputError, match="is a file"):
        write_folder(tmp_path / "thesis.tex", {DESCRIPTOR: "{}"})


@pytest.mark.parametrize("folder", [PACKAGED, PACKAGED / "inner", PACKAGED.parent, PACKAGED.parents[1]])
def test_the_installed_package_is_never_written(folder: Path) -> None:
    """Contract of `evidence update`: the data inside the wheel stays as it was installed."""
    with pytest.raises(InputError, match="is where Reprieve itself lives"):
        write_folder(folder, {DESCRIPTOR: "{}"})
