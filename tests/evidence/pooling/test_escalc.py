"""Effect sizes of whole tables: names of columns, fallbacks, rows left out, values refused by row and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.escalc import MEASURES, escalc
from reprieve.evidence.pooling.table import Excluded
from tests.tolerance import close

METAFOR: dict[str, list[Any]] = {
    "study": ["A", "B", "C"],
    "m1i": [10.0, 12.0, 9.0],
    "sd1i": [3.0, 4.0, 2.0],
    "n1i": [10, 20, 15],
    "m2i": [13.0, 12.5, 14.0],
    "sd2i": [3.5, 4.5, 2.5],
    "n2i": [11, 19, 15],
}
METAPSY = {
    "m1i": "mean_arm1",
    "sd1i": "sd_arm1",
    "n1i": "n_arm1",
    "m2i": "mean_arm2",
    "sd2i": "sd_arm2",
    "n2i": "n_arm2",
}
COUNTS: dict[str, list[Any]] = {"ai": [1, 4], "n1i": [10, 12], "ci": [3, 5], "n2i": [11, 9]}


def with_(table: dict[str, list[Any]], **changes: list[Any]) -> dict[str, list[Any]]:
    return {**table, **changes}


def test_metapsy_names_are_known() -> None:
    """Invariant: mean_arm1, sd_arm1, n_arm1, event_arm1, totaln_arm1, ... are found without being named."""
    expected = escalc("SMD", METAFOR)
    found = escalc("SMD", {METAPSY.get(name, name): values for name, values in METAFOR.items()})
    events = dict(zip(("event_arm1", "totaln_arm1", "event_arm2", "totaln_arm2"), COUNTS.values(), strict=True))

    assert np.array_equal(found.yi, expected.yi)
    assert found.columns == METAPSY
    assert np.array_equal(escalc("OR", events).yi, escalc("OR", COUNTS).yi)


def test_any_column_can_be_named() -> None:
    """Invariant: a name given wins over one that is found."""
    table = with_(METAFOR, other=[0.0, 0.0, 0.0])

    assert escalc("MD", table, m2i="other").yi.tolist() == METAFOR["m1i"]


def test_a_number_holds_for_every_row() -> None:
    """Invariant: a stated correlation need not be a column."""
    pairs = {"m1i": [20.0, 30.0], "sd1i": [9.0, 8.0], "m2i": [25.0, 31.0], "sd2i": [9.5, 7.0], "ni": [12, 20]}

    found = escalc("SMCC", pairs, ri=0.5)

    assert np.array_equal(found.yi, escalc("SMCC", {**pairs, "ri": [0.5, 0.5]}).yi)
    assert found.how == ("two readings, correlation 0.5",) * 2
    assert found.columns["ri"] == 0.5


def test_a_missing_sd_comes_from_its_standard_error() -> None:
    """Closed form: SD = SE √n, in the rows that have no SD."""
    table = with_(METAFOR, sd1i=[3.0, None, 2.0], se1i=[None, 4.0 / np.sqrt(20), 99.0])

    found = escalc("SMD", table)

    assert close(found.yi, escalc("SMD", METAFOR).yi, "closed_form")
    assert found.how == ("means and SDs", "means and standard errors", "means and SDs")


def test_standard_errors_alone_are_enough() -> None:
    """Closed form: SD = SE √n in both groups."""
    table = {name: values for name, values in METAFOR.items() if not name.startswith("sd")}
    for arm in "12":
        table[f"se{arm}i"] = (np.array(METAFOR[f"sd{arm}i"]) / np.sqrt(METAFOR[f"n{arm}i"])).tolist()

    assert close(escalc("SMD", table).vi, escalc("SMD", METAFOR).vi, "closed_form")


def test_an_sd_in_one_group_and_an_error_in_the_other() -> None:
    """Closed form: SD = SE √n in the group that has no SD column."""
    table = {name: values for name, values in METAFOR.items() if name != "sd2i"}
    table["se2i"] = (np.array(METAFOR["sd2i"]) / np.sqrt(METAFOR["n2i"])).tolist()

    assert close(escalc("MD", table).vi, escalc("MD", METAFOR).vi, "closed_form")


def test_counts_beside_means_are_not_taken_for_d() -> None:
    """Invariant: `di` of a table of counts and means is a count unless the caller says otherwise."""
    table = with_(METAFOR, di=[7, 8, 9])

    assert np.array_equal(escalc("SMD", table).yi, escalc("SMD", METAFOR).yi)
    assert escalc("SMD", table, di="di").how == ("d", "d", "d")


def test_what_a_row_lacks_is_told() -> None:
    """Invariant: excluded rows travel with their row, label and reason, by the names of the table's columns."""
    table = {METAPSY.get(name, name): values for name, values in METAFOR.items()}
    table = with_(table, sd_arm1=[None, 4.0, 2.0], mean_arm2=["NA", 12.5, "."])

    found = escalc("SMD", table)

    assert found.rows == (3,)
    assert found.excluded == (
        Excluded(2, "A", "missing sd_arm1, mean_arm2"),
        Excluded(4, "C", "missing mean_arm2"),
    )


@pytest.mark.parametrize(
    ("measure", "table", "reason"),
    [
        ("SMD", {"ti": [None, 2.0], "n1i": [5, 6], "n2i": [5, 6]}, "missing ti"),
        ("SMD", {"di": [0.3, 2.0], "n1i": [None, 6], "n2i": [5, 6]}, "missing n1i"),
        ("OR", {"ai": [1, 2], "bi": [3, 4], "ci": [1, 1], "di": [None, 6]}, "missing di"),
        ("OR", with_(COUNTS, n1i=["", 12]), "missing n1i"),
        ("PR", {"xi": [None, 2], "ni": [5, 5]}, "missing xi"),
        ("ZCOR", {"ri": [0.1, 0.2], "ni": [3, 9]}, "a correlation of 1 or -1, or fewer than 4 pairs"),
        ("ZCOR", {"ri": [1.0, 0.2], "ni": [30, 9]}, "a correlation of 1 or -1, or fewer than 4 pairs"),
        ("GEN", {"yi": [1, 2], "vi": [None, 1]}, "missing vi"),
    ],
)
def test_the_reason_a_row_has_no_effect(measure: str, table: dict[str, list[Any]], reason: str) -> None:
    """Invariant: the first of two rows is left out, and says why."""
    found = escalc(measure, table)

    assert [one.reason for one in found.excluded] == [reason]
    assert found.rows == (3,)


def test_no_events_at_all_have_no_peto_odds_ratio() -> None:
    """Closed form: the hypergeometric variance is 0. With half an event in each cell there is one, as in metafor."""
    table = with_(COUNTS, ai=[0, 4], ci=[0, 5])

    found = escalc("PETO", table, to="none")

    assert [one.reason for one in found.excluded] == ["no event, or only events, in both groups"]
    assert len(escalc("PETO", table).yi) == 2


def test_the_table_comes_back_ready_to_pool() -> None:
    """Invariant: the source's columns with yi and vi; rows without an effect keep their place, empty."""
    from reprieve.evidence.pooling.meta import meta

    found = escalc("SMD", with_(METAFOR, m1i=[10.0, None, 9.0]))

    table = found.table()
    assert list(table) == [*METAFOR, "yi", "vi"]
    assert table["yi"] == [found.yi[0], None, found.yi[1]]
    pooled = meta(table)
    assert [one.label for one in pooled.excluded] == ["B"]
    assert [one.yi for one in pooled.studies] == found.yi.tolist()


def test_columns_that_are_replaced_are_told() -> None:
    """Invariant: yi and vi of the source are not lost without a word."""
    found = escalc("MD", with_(METAFOR, yi=[1, 2, 3]))

    assert found.notes == ("columns yi of the table are replaced",)
    assert found.table()["yi"] == found.yi.tolist()


def test_the_result_is_json_and_cannot_be_changed() -> None:
    """Invariant."""
    found = escalc("smd", polars.DataFrame(METAFOR))

    shown = json.loads(json.dumps(found.to_json()))
    assert shown["measure"] == "SMD"
    assert [row["yi"] for row in shown["rows"]] == found.yi.tolist()
    with pytest.raises(ValueError, match="read-only"):
        found.yi[0] = 0


def test_a_file_is_a_table(tmp_path: Path) -> None:
    """Invariant: a path gives what its columns give."""
    path = tmp_path / "t.csv"
    path.write_text("ai,n1i,ci,n2i\n1,10,3,11\n4,12,5,9\n")

    assert np.array_equal(escalc("RR", path).vi, escalc("RR", COUNTS).vi)


@pytest.mark.parametrize(
    ("measure", "table", "options", "words"),
    [
        ("XYZ", METAFOR, {}, "measure: 'XYZ'"),
        ("SMD", METAFOR, {"vtype": "HO"}, "LS, UB, LS2"),
        ("OR", COUNTS, {"to": "some"}, "only0"),
        ("OR", COUNTS, {"add": -0.5}, "add"),
        ("SMD", METAFOR, {"xi": "m1i"}, "xi: 'm1i': is not used by SMD"),
        ("SMD", METAFOR, {"m1i": "mean1"}, "m1i: 'mean1': is not in the table"),
        ("SMD", METAFOR, {"label": "name"}, "label: 'name'"),
        ("OR", METAFOR, {}, "OR needs ai, n1i or bi, ci, n2i or di"),
        ("MD", {name: METAFOR[name] for name in METAFOR if name != "sd2i"}, {}, "^sd2i or se2i: "),
        ("SMD", with_(METAFOR, sd1i=[3.0, 0.0, 2.0]), {}, "row 3, column sd1i: 0.0: must be positive"),
        ("SMD", with_(METAFOR, sd2i=[3.0, 1.0, -2.0]), {}, "row 4, column sd2i: -2.0"),
        ("SMD", with_(METAFOR, n1i=[1, 20, 15]), {}, "row 2, column n1i: 1.0: must be at least 2"),
        ("SMD", with_(METAFOR, m1i=["x", 20, 15]), {}, "row 2, column m1i: 'x'"),
        ("ROM", with_(METAFOR, m1i=[10, -2, 15]), {}, "row 3, column m1i: -2.0: means must be of one sign"),
        ("ROM", with_(METAFOR, m2i=[10, 2, 0]), {}, "row 4, column m2i: 0.0"),
        ("OR", with_(COUNTS, ai=[11, 4]), {}, "row 2, column ai: 11.0: is more than the 10 in its group"),
        ("OR", with_(COUNTS, ci=[-1, 4]), {}, "row 2, column ci: -1.0: must not be negative"),
        ("OR", with_(COUNTS, n2i=[0, 4]), {}, "row 2, column n2i: 0.0"),
        ("OR", with_(COUNTS, bi=[5, 8], di=[8, 4]), {}, "row 2, column n1i: 10.0: is not ai . bi = 6"),
        ("OR", {"ai": [0, 1], "bi": [0, 1], "ci": [1, 1], "di": [1, 1]}, {}, "row 2, column ai.*group is empty"),
        ("PR", {"xi": [3, 9], "ni": [5, 8]}, {}, "row 3, column xi: 9.0: is more than the 8"),
        ("COR", {"ri": [0.3, 1.2], "ni": [20, 30]}, {}, "row 3, column ri: 1.2"),
        ("SMD", {"pi": [0.3, 0.0], "n1i": [9, 9], "n2i": [9, 9]}, {}, "row 3, column pi: 0.0"),
        ("GEN", {"yi": [1, 2], "vi": [1, -1]}, {}, "row 3, column vi: -1.0: must be positive"),
        ("SMCR", {"m1i": [1], "sd1i": [1], "m2i": [2], "ni": [9]}, {"ri": 2.0}, "^ri: 2.0"),
        ("MD", with_(METAFOR, m1i=[None, "NA", "."]), {}, "no row with an effect: row 2: missing m1i"),
    ],
)
def test_bad_tables_are_refused(measure: str, table: dict[str, list[Any]], options: dict[str, Any], words: str) -> None:
    """Invariant: one line that names row, column, value and rule, or the option."""
    with pytest.raises(InputError, match=words) as caught:
        escalc(measure, table, **options)

    assert "\n" not in str(caught.value)


def test_every_measure_says_what_it_is() -> None:
    """Invariant: names are unique, so a table that is printed cannot be mistaken."""
    assert len({one.label for one in MEASURES.values()}) == len(MEASURES)
