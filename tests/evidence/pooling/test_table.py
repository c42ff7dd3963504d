"""Anyone's table: what is read, what is missing, and what is refused by row, column and value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.table import Excluded, complete, numeric, read_table

Writer = Callable[[str | bytes], Path]


@pytest.fixture
def file(tmp_path: Path) -> Writer:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def test_rows_are_those_of_a_spreadsheet(file: Writer) -> None:
    """Invariant: the header is row 1; an empty line is counted and not read; a cell may hold a line break."""
    table = read_table(file('study,yi\n"A, one",1\n\n"B\ntwo",2\n,,\n'.replace(",,\n", ",\n")))

    assert table.rows == (2, 4)
    assert table.columns == {"study": ("A, one", "B\ntwo"), "yi": ("1", "2")}
    assert table.labels() == ("A, one", "B\ntwo")
    assert table.notes == ()
    assert len(table) == 2


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(file: Writer, mark: str, end: str) -> None:
    """Invariant: commas, semicolons and tabs are told by the header; anything but a comma is said."""
    table = read_table(file(end.join(mark.join(row) for row in [("study", "yi"), ("A", "-0.5"), ("B", "1e-3")])))

    assert numeric(table, "yi").tolist() == [-0.5, 0.001]
    assert bool(table.notes) == (mark != ",")


def test_a_byte_order_mark_is_no_part_of_a_name(file: Writer) -> None:
    """Invariant: spreadsheets write one."""
    assert list(read_table(file("\ufeffyi,vi\n1,2\n")).columns) == ["yi", "vi"]


def test_a_comma_in_a_quoted_name_does_not_hide_semicolons(file: Writer) -> None:
    """Invariant: only separators outside quotes count."""
    assert list(read_table(file('"yi, log";vi\n1;2\n')).columns) == ["yi, log", "vi"]


@pytest.mark.parametrize("cell", ["", "NA", "na", "NaN", ".", "null", " "])
def test_missing_cells_are_missing(file: Writer, cell: str) -> None:
    """Invariant: a missing cell is NaN, and its row is left out with its reason."""
    table = read_table(file(f"study,yi,vi\nA,1,0.1\nB,{cell},0.2\n,3,{cell}\n"))

    kept, excluded = complete(table, ["yi", "vi"])

    assert np.isnan(numeric(table, "yi")).tolist() == [False, True, False]
    assert kept.tolist() == [0]
    assert excluded == (Excluded(3, "B", "missing yi"), Excluded(4, "row 4", "missing vi"))


def test_a_column_that_may_be_missing() -> None:
    """Invariant: all NaN when it is not required."""
    assert np.isnan(numeric(read_table({"yi": [1, 2]}), "vi", required=False)).all()


def test_labels_by_name_and_without() -> None:
    """Invariant: the named column, else a usual name, else the row."""
    table = read_table({"Author": ["A", "B"], "site": ["x", None]})

    assert table.labels() == ("A", "B")
    assert table.labels("site") == ("x", "row 3")
    assert read_table({"yi": [1]}).labels() == ("row 2",)


@given(
    st.lists(
        st.one_of(st.none(), st.floats(allow_infinity=False), st.integers(-(10**15), 10**15)), min_size=1, max_size=9
    )
)
def test_columns_and_frames_keep_every_digit(values: list[float | None]) -> None:
    """Invariant: a number goes through the text of its cell and comes back the same; None is missing."""
    expected = [np.nan if value is None else float(value) for value in values]

    columns = numeric(read_table({"yi": values}), "yi")
    frame = numeric(read_table(polars.DataFrame({"yi": values}, strict=False)), "yi")

    assert np.array_equal(columns, expected, equal_nan=True)
    assert np.array_equal(frame, expected, equal_nan=True)


def test_arrays_flags_and_tables_are_read() -> None:
    """Invariant: NumPy columns and truth values; a table that was read is not read again."""
    table = read_table({"yi": np.array([0.1, 2.0]), "n": np.array([3, 4]), "ok": [True, np.False_]})

    assert table.columns == {"yi": ("0.1", "2.0"), "n": ("3", "4"), "ok": ("true", "false")}
    assert read_table(table) is table


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n \n,,\n", "is empty"),
        (b"yi,vi\n", "no rows"),
        (b"yi,vi\n\xff\xfe,1\n", "UTF-8"),
        ("yi,vi\n1,2\n".encode("utf-16"), "UTF-8"),
        (b"yi,vi\n1,\x002\n", "not text"),
        (b"PK\x03\x04\x00\x00", "not text"),
        (b"yi,vi\n1,2\n3\n", "row 3.*1 cells.*header 2"),
        (b"yi,vi\n1,2\n0,5,0,3\n", "row 3.*4 cells.*decimals need a point"),
        (b"yi,vi,yi\n1,2,3\n", "two columns named 'yi'"),
        (b'yi,vi\n"1,2\n', "not CSV"),
        (b"yi;vi\n0,5;1\n", "decimal comma"),
        (b'yi,vi\n"1,234",1\n', "commas between thousands"),
        (b"yi,vi\nhigh,1\n", "row 2, column yi: 'high'"),
        (b"yi,vi\n1_000,1\n", "row 2, column yi"),
        (b"yi,vi\n45%,1\n", "row 2, column yi"),
        (b"yi,vi\ninf,1\n", "finite"),
        (b"yi,vi\n1e999,1\n", "too large"),
        ("yi,vi\n−0.5,1\n".encode(), "plain minus"),
        (b"effect,vi\n1,1\n", "yi.*not in the table; it has effect, vi"),
        (b"YI,vi\n1,1\n", "did you mean YI"),
    ],
)
def test_what_cannot_be_read_is_refused(file: Writer, content: bytes, words: str) -> None:
    """Invariant: one line that names the place and the rule."""
    with pytest.raises(InputError, match=words) as caught:
        numeric(read_table(file(content)), "yi")

    assert "\n" not in str(caught.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """Invariant: missing files, folders and impossible names are refused."""
    for path in (tmp_path / "none.csv", tmp_path, "a\0b.csv", ""):
        with pytest.raises(InputError, match="cannot be read"):
            read_table(path)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({}, "no rows"),
        ({"yi": []}, "no rows"),
        ({"yi": [1], "vi": [1, 2]}, "same length"),
        ({"yi": "12"}, "list of values"),
        ({"yi": 3}, "list of values"),
        (3, "is no table"),
        ([1, 2], "is no table"),
    ],
)
def test_columns_that_are_no_table(source: object, words: str) -> None:
    """Invariant: what is no table says so."""
    with pytest.raises(InputError, match=words):
        read_table(source)


def test_many_columns_are_not_all_listed() -> None:
    """Invariant: an error stays readable."""
    wide = read_table({f"c{i}": [i] for i in range(40)})

    with pytest.raises(InputError, match="and 28 more"):
        wide.column("yi")
