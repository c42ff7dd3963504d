"""New rows: added, the same, contradicting, settled; nothing is written unless everything holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.package.load import PACKAGED, load, read
from reprieve.evidence.package.merge import merge, problems
from tests.evidence.package.small import Cells, small, write, write_table

NEW_SOURCE = "@misc{delta2024, title = {A later reading}, year = {2024}}\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write(tmp_path / "base", small())


@pytest.fixture
def new(tmp_path: Path) -> Path:
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


def _later(**cells: str) -> Cells:
    """A reading of alpha2020 four weeks after the last dose."""
    return {**small()["outcomes"][2], "row_id": "o20", "day": "32", "source": "delta2024", **cells}


def _conflict(**cells: str) -> Cells:
    what = {"study": "alpha2020", "field": "outcomes.o3.value", "value_a": "25.5", "value_b": "26"}
    return {**what, "source_a": "alpha2020", "source_b": "delta2024", "chosen": "26", "reason": "Erratum", **cells}


def _add(new: Path, *rows: Cells, table: str = "outcomes") -> None:
    write_table(new, table, list(rows))
    (new / "sources.bib").write_text(NEW_SOURCE, encoding="utf-8")


def test_new_rows_and_sources_are_added(base: Path, new: Path, tmp_path: Path) -> None:
    """Contract of `evidence update`: the merged package is the old one and the new rows."""
    _add(new, _later())

    merged = merge(base, new, tmp_path / "out")

    assert merged.added == {"outcomes": 1, "sources.bib": 1}
    assert (merged.changed, merged.same, merged.sources) == ({}, {}, ("delta2024",))
    assert [(one.table, one.key, one.kind) for one in merged.rows] == [("outcomes", "o20", "added")]
    written = read(tmp_path / "out")
    assert written == merged.package
    assert written.outcomes[:-1] == read(base).outcomes
    assert written.sources["delta2024"].fields["year"] == "2024"
    assert "% Invented" in (tmp_path / "out" / "sources.bib").read_text(encoding="utf-8")


def test_a_whole_study_is_added_over_several_tables(base: Path, new: Path) -> None:
    """Contract of `evidence update`: any tables together, references between new rows included."""
    tables = small()
    write_table(new, "studies", [{**tables["studies"][2], "study": "delta2024", "source": "delta2024"}])
    write_table(new, "arms", [{**tables["arms"][5], "study": "delta2024", "source": "delta2024"}])
    write_table(new, "doses", [{**tables["doses"][0], "study": "delta2024", "source": "delta2024"}])
    _add(new, {**tables["outcomes"][8], "study": "delta2024", "row_id": "o30", "source": "delta2024"})

    merged = merge(base, new)

    assert merged.added == {"studies": 1, "arms": 1, "doses": 1, "outcomes": 1, "sources.bib": 1}
    assert merged.package.days_since_last("delta2024", "ketamine", 3) == 3


def test_nothing_is_written_without_a_target(base: Path, new: Path, tmp_path: Path) -> None:
    """Contract of `evidence update` without --into: checked and shown only."""
    _add(new, _later())

    merge(base, new)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["base", "new"]
    assert len(read(base).outcomes) == len(small()["outcomes"])


def test_rows_that_are_there_already_are_counted_and_kept(base: Path, new: Path) -> None:
    """Invariant: merging twice is merging once, also where numbers are written otherwise."""
    _add(new, {**small()["outcomes"][2], "value": "25.50"}, _later())

    merged = merge(base, new)

    assert (merged.added["outcomes"], merged.same, merged.changed) == (1, {"outcomes": 1}, {})


def test_merging_into_its_own_folder_twice(base: Path, new: Path) -> None:
    """Invariant: the second merge of the same rows changes nothing."""
    _add(new, _later())
    once = merge(base, new, base)

    again = merge(base, new, base)

    assert (again.added, again.same) == ({}, {"outcomes": 1})
    assert again.package == once.package == read(base)


def test_a_contradiction_is_refused_and_says_how_to_settle_it(base: Path, new: Path, tmp_path: Path) -> None:
    """Contract of `evidence update`: an existing row with another value is refused, named by row, field and value."""
    _add(new, _later(), {**small()["outcomes"][2], "value": "26"})

    with pytest.raises(InputError) as refused:
        merge(base, new, tmp_path / "out")

    assert str(refused.value) == (
        "new/outcomes.csv row 3: value: 26.0: contradicts 25.5, which stands in outcomes.csv for o3; "
        "settle it in conflicts.csv with field outcomes.o3.value, or leave the row out"
    )
    assert not (tmp_path / "out").exists()


def test_a_settled_contradiction_changes_the_row(base: Path, new: Path) -> None:
    """Contract of `evidence update`: both values, the choice and the reason stay in conflicts.csv."""
    _add(new, {**small()["outcomes"][2], "value": "26"})
    write_table(new, "conflicts", [_conflict()])

    merged = merge(base, new)

    assert merged.package.outcomes[2].value == 26
    assert (merged.changed, merged.added) == ({"outcomes": 1}, {"conflicts": 1, "sources.bib": 1})
    assert merged.rows[0].cells == {"value": ("25.5", "26")}
    assert merged.package.conflicts[-1].value_a == "25.5"


def test_a_contradiction_settled_for_the_old_value_changes_nothing(base: Path, new: Path) -> None:
    """Contract of `evidence update`: the conflict is kept, the old value too."""
    _add(new, {**small()["outcomes"][2], "value": "26"})
    write_table(new, "conflicts", [_conflict(chosen="25.5")])

    merged = merge(base, new)

    assert merged.package.outcomes[2].value == 25.5
    assert (merged.changed, merged.added) == ({}, {"conflicts": 1, "sources.bib": 1})


def test_an_empty_cell_is_filled_when_that_is_settled(base: Path, new: Path) -> None:
    """Contract of `evidence update`: the word for nothing is `empty`."""
    _add(new, {**small()["outcomes"][2], "note": "Read again"})
    field = {"field": "outcomes.o3.note", "value_a": "empty", "value_b": "Read again", "chosen": "Read again"}
    write_table(new, "conflicts", [_conflict(**field)])

    assert merge(base, new).package.outcomes[2].note == "Read again"


@pytest.mark.parametrize(
    ("cells", "field", "rule"),
    [
        ({"value_a": "24"}, "value_a", "must be 25.5, as in the table"),
        ({"value_b": "27"}, "value_b", "must be 26, as in the table"),
        ({"chosen": "25.75"}, "chosen", "must be 25.5 or 26"),
    ],
)
def test_a_settlement_must_be_about_these_values(
    cells: dict[str, str], field: str, rule: str, base: Path, new: Path
) -> None:
    """Invariant: a conflict of other values settles nothing."""
    _add(new, {**small()["outcomes"][2], "value": "26"})
    write_table(new, "conflicts", [_conflict(**cells)])

    found = problems(base, new)

    assert ("conflicts", 2, field, "new") in [(one.table, one.row, one.field, one.folder) for one in found]
    assert rule in [one.rule for one in found]


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        (_later(seen="memory"), "seen", "must be one of full text"),
        (_later(study="omega"), "study+arm", "is not in arms.csv"),
        (_later(source="omega"), "source", "is not a key of sources.bib"),
        (_later(value="99"), "value", "is above 80, the highest CAPS-5"),
        (_later(dispersion="2.6"), "dispersion", "looks like a standard error"),
        (_later(day="5"), "row_id", "is the reading of o3 again"),
    ],
)
def test_bad_new_rows_are_named_by_their_place_in_the_new_file(
    row: Cells, field: str, rule: str, base: Path, new: Path, tmp_path: Path
) -> None:
    """Invariant: new rows keep every rule of the package, and the row number is that of the file the user has."""
    _add(new, _later(row_id="o19", day="60"), row)

    with pytest.raises(InputError) as refused:
        merge(base, new, tmp_path / "out")

    assert str(refused.value).startswith(f"new/outcomes.csv row 3: {field}: ")
    assert rule in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_an_old_row_that_a_new_one_breaks_is_named_as_such(base: Path, new: Path) -> None:
    """Invariant: new rows may not double the participants of a study in the pool."""
    tables = small()
    write_table(new, "overlaps", [{**tables["overlaps"][0], "kind": "subset", "study_b": "delta2024"}])
    write_table(new, "studies", [{**tables["studies"][0], "study": "delta2024", "source": "delta2024"}])
    write_table(new, "arms", [{**row, "study": "delta2024"} for row in tables["arms"][:2]])
    write_table(new, "rob", [{**row, "study": "delta2024"} for row in tables["rob"][:7]])
    _add(new, *({**row, "study": "delta2024", "row_id": f"x{i}"} for i, row in enumerate(tables["outcomes"][2:4])))

    found = problems(base, new)

    assert [(one.place, one.value) for one in found] == [("new/overlaps.csv row 2: study_b", "delta2024")]


def test_a_source_with_another_meaning_is_refused(base: Path, new: Path) -> None:
    """Invariant: a source key means one source."""
    _add(new, _later(source="nct1"))
    (new / "sources.bib").write_text("@misc{nct1, note = {Another record}}\n", encoding="utf-8")

    with pytest.raises(InputError, match=r"new/sources\.bib: 'nct1': is another source of that name"):
        merge(base, new)


def test_folders_that_are_no_new_rows_are_refused(base: Path, new: Path, tmp_path: Path) -> None:
    """Contract of errors: no folder, no table, a table that is none."""
    with pytest.raises(InputError, match="is not a folder"):
        merge(base, tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no table"):
        merge(base, new)
    (new / "outcome.csv").write_text("row_id\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'outcome\.csv': is not a table of the package; did you mean outcomes\.csv"):
        merge(base, new)


@pytest.mark.parametrize("target", ["new", "other"])
def test_folders_of_new_rows_are_not_written_over(target: str, base: Path, new: Path, tmp_path: Path) -> None:
    """Invariant: somebody's tables are not replaced by a package."""
    for folder in (new, tmp_path / "other"):
        _add(new, _later())
        write_table(folder, "outcomes", [_later()])
    held = (tmp_path / target / "outcomes.csv").read_bytes()

    with pytest.raises(InputError, match=r"is the folder of the new rows|are no whole package"):
        merge(base, new, tmp_path / target)
    assert (tmp_path / target / "outcomes.csv").read_bytes() == held


def test_a_broken_base_is_refused_before_anything_else(base: Path, new: Path) -> None:
    """Invariant: nothing is merged into a package that does not hold."""
    (base / "arms.csv").write_text("study\n", encoding="utf-8")
    _add(new, _later())

    with pytest.raises(InputError, match=r"^arms\.csv row 1: arm"):
        merge(base, new)


def test_all_that_stands_against_a_merge_is_listed(base: Path, new: Path) -> None:
    """Contract of `problems`: every problem, not the first alone."""
    _add(new, _later(seen="memory"), _later(row_id="o21", day="33", n="0"))

    assert [(one.row, one.field) for one in problems(base, new)] == [(2, "seen"), (3, "n")]


def test_the_packaged_data_takes_new_rows_and_stays_as_it_is(new: Path, tmp_path: Path) -> None:
    """Contract of `evidence update`: the installed package is the base, never the target."""
    before = {path.name: path.read_bytes() for path in PACKAGED.iterdir() if path.is_file()}
    study = load().study("feder2021")
    cells = {"study": study.study, "arm": "ketamine", "source": "delta2024", "instrument": "CAPS-5", "day": "200"}
    _add(new, {**_later(), **cells, "row_id": "new1", "n": "10"})

    merged = merge(PACKAGED, new, tmp_path / "out")

    assert merged.added == {"outcomes": 1, "sources.bib": 1}
    assert read(tmp_path / "out") == merged.package
    assert {path.name: path.read_bytes() for path in PACKAGED.iterdir() if path.is_file()} == before
    with pytest.raises(InputError, match="is where Reprieve itself lives"):
        merge(PACKAGED, new, PACKAGED)
