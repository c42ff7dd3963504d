"""Every kind of bad row is refused with its row, field, value and rule."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.package.load import check, read
from reprieve.evidence.package.problem import Cell
from tests.evidence.package.small import Tables, broken, small, write, write_table


class Bad(NamedTuple):
    """Other cells in one row, and what must be said of it. `place` is another row than the changed one, if so."""

    table: str
    key: str
    cells: dict[str, str]
    field: str
    value: Cell
    rule: str
    place: str = ""


SCHEMA = (
    Bad("studies", "alpha2020", {"study": ""}, "study", "", "must be given"),
    Bad("studies", "alpha2020", {"study": "Alpha 2020"}, "study", "Alpha 2020", "must look like"),
    Bad("studies", "alpha2020", {"year": "2020.0"}, "year", "2020.0", "must be a whole number"),
    Bad("studies", "alpha2020", {"year": "20200"}, "year", "20200", "must be at most 2100"),
    Bad("studies", "alpha2020", {"n_analysed": "1_0"}, "n_analysed", "1_0", "must be a whole number"),
    Bad("studies", "alpha2020", {"n_analysed": "-3"}, "n_analysed", "-3", "must be at least 0"),
    Bad("studies", "alpha2020", {"percent_female": "146"}, "percent_female", "146", "must be at most 100"),
    Bad("studies", "alpha2020", {"mean_age": "38,9"}, "mean_age", "38,9", "number with a decimal point"),
    Bad("studies", "alpha2020", {"mean_age": "nan"}, "mean_age", "nan", "number with a decimal point"),
    Bad("studies", "alpha2020", {"mean_age": "1e999"}, "mean_age", "1e999", "number with a decimal point"),
    Bad("studies", "alpha2020", {"randomised": "yes"}, "randomised", "yes", "must be true or false"),
    Bad("studies", "alpha2020", {"pool": "PTSD"}, "pool", "PTSD", "must be one of ptsd, context, depression"),
    Bad("studies", "alpha2020", {"seen": "memory"}, "seen", "memory", "must be one of full text, abstract"),
    Bad("studies", "alpha2020", {"title": " Blank before"}, "title", " Blank before", "begin or end with a blank"),
    Bad("studies", "alpha2020", {"note": "two\nlines"}, "note", "two\nlines", "one line without control"),
    Bad("studies", "alpha2020", {"note": "red \x1b[31m"}, "note", "red \x1b[31m", "one line without control"),
    Bad("studies", "beta2021", {"study": "alpha2020"}, "study", "alpha2020", "is also the key of row 2"),
    Bad("studies", "alpha2020", {"source": "nobody"}, "source", "nobody", "is not a key of sources.bib"),
    Bad("conflicts", "alpha2020", {"source_b": "nobody"}, "source_b", "nobody", "is not a key of sources.bib"),
    Bad("outcomes", "o3", {"arm": "placebo"}, "study+arm", "alpha2020, placebo", "is not in arms.csv"),
    Bad("outcomes", "o3", {"instrument": "CAPS5"}, "instrument", "CAPS5", "is not in instruments.csv"),
    Bad("outcomes", "o3", {"n": "0"}, "n", "0", "must be at least 1"),
    Bad("outcomes", "o3", {"value": ""}, "value", "", "must be given"),
    Bad("outcomes", "o3", {"value": "٣"}, "value", "٣", "number with a decimal point"),
    Bad("outcomes", "o3", {"dispersion": "-12"}, "dispersion", "-12", "must be at least 0"),
    Bad("contrasts", "c1", {"se": "-3"}, "se", "-3", "must be at least 0"),
    Bad("contrasts", "c1", {"p": "1.2"}, "p", "1.2", "must be at most 1"),
    Bad("contrasts", "c1", {"p": "<0.05"}, "p", "<0.05", "number with a decimal point"),
    Bad("contrasts", "c1", {"arm2": "saline"}, "study+arm2", "alpha2020, saline", "is not in arms.csv"),
    Bad(
        *("doses", "alpha2020", {"infusion": "2"}, "study+arm+infusion", "alpha2020, ketamine, 2"),
        *("is also the key of row 2", "doses.csv row 3"),
    ),
    Bad("registered", "NCT1", {"study": "omega"}, "study", "omega", "is not in studies.csv"),
    Bad("correlations", "alpha2020", {"pearson_r": "1.4"}, "pearson_r", "1.4", "must be at most 1"),
    Bad("events", "e1", {"percent": "130"}, "percent", "130", "must be at most 100"),
)

VALUES = (
    Bad("outcomes", "o3", {"value": "81"}, "value", 81.0, "is above 80, the highest CAPS-5"),
    Bad("outcomes", "o3", {"value": "-1"}, "value", -1.0, "is below 0, the lowest CAPS-5"),
    Bad("outcomes", "o8", {"value": "-90"}, "value", -90.0, "is a larger change than CAPS-5 allows, 80"),
    Bad("outcomes", "o3", {"measure": "proportion", "value": "40"}, "value", 40.0, "a proportion in 0 to 1"),
    Bad("outcomes", "o3", {"measure": "pearson_r", "value": "1.1"}, "value", 1.1, "a correlation in -1 to 1"),
    Bad("outcomes", "o7", {"value": "12.5"}, "value", 12.5, "must be a count of patients"),
    Bad("outcomes", "o7", {"value": "19"}, "value", 19.0, "is more than the 18 patients counted"),
    Bad("outcomes", "o3", {"ci_low": "28", "ci_high": "20"}, "ci_low", 28.0, "is above the upper limit 20"),
    Bad("outcomes", "o3", {"ci_low": "20"}, "ci_high", None, "must be given where the lower limit is"),
    Bad("outcomes", "o3", {"ci_low": "26", "ci_high": "30"}, "value", 25.5, "outside its interval 26 to 30"),
    Bad("contrasts", "c1", {"ci_high": ""}, "ci_high", None, "must be given where the lower limit is"),
    Bad("contrasts", "c1", {"estimate": "8"}, "estimate", 8.0, "outside its interval -14.1 to -1.9"),
    Bad("contrasts", "c1", {"smd": "-0.9", "smd_low": "-0.5", "smd_high": "0"}, "smd", -0.9, "outside its interval"),
    Bad("contrasts", "c1", {"estimate": "-85"}, "estimate", -85.0, "is a larger change than CAPS-5 allows"),
    Bad("pooled", "p1", {"estimate": "0.9"}, "estimate", 0.9, "outside its interval 0.1 to 0.5"),
    Bad("events", "e1", {"count": "21"}, "count", 21, "is more than the 20 patients at risk"),
    Bad("events", "e1", {"percent": "3"}, "percent", 3.0, "is not 6 of 20, 30.0 %"),
    Bad("correlations", "alpha2020", {"day_a": "5"}, "day_b", 5.0, "must be after day_a"),
    Bad("outcomes", "o4", {"arm": "ketamine"}, "row_id", "o4", "is the reading of o3 again"),
)

SPREADS = (
    Bad("outcomes", "o3", {"dispersion": "2.83"}, "dispersion", 2.83, "looks like a standard error"),
    Bad("outcomes", "o8", {"dispersion": "25"}, "dispersion", 25.0, "looks like an SD"),
    Bad("outcomes", "o3", {"dispersion": "60"}, "dispersion", 60.0, "larger SD than scores"),
    Bad("outcomes", "o3", {"dispersion": ""}, "dispersion", None, "must be given: the type is sd"),
    Bad("outcomes", "o3", {"dispersion_type": "none"}, "dispersion_type", "none", "must say what the spread is"),
    Bad("outcomes", "o3", {"dispersion": "0"}, "dispersion", 0.0, "must be above zero"),
    Bad("contrasts", "c1", {"se": "0"}, "se", 0.0, "must be above zero"),
    Bad("contrasts", "c1", {"se": "12.7"}, "se", 12.7, "does not fit the interval"),
    Bad("contrasts", "c1", {"se": "3.7"}, "se", 3.7, "does not fit the interval"),  # a 90 % interval
    Bad("contrasts", "c1", {"estimate": "-3"}, "estimate", -3.0, "is far from -8, the middle"),
    Bad("contrasts", "c1", {"p": "0.4"}, "p", 0.4, "which does not hold zero"),
    Bad(
        *("contrasts", "c1", {"estimate": "-5", "ci_low": "-11.1", "ci_high": "1.1", "p": "0.001"}),
        *("p", 0.001, "which holds zero"),
    ),
)

DESIGNS = (
    Bad("studies", "alpha2020", {"n_analysed": "41"}, "n_analysed", 41, "is more than the 40 randomised"),
    Bad("arms", "alpha2020", {"n_completed": "21"}, "n_completed", 21, "is more than the 20 randomised"),
    Bad("outcomes", "o3", {"n": "21"}, "n", 21, "is more than the 20 randomised"),
    Bad("contrasts", "c1", {"n_arm2": "21"}, "n_arm2", 21, "is more than the 20 randomised"),
    Bad("studies", "gamma2019", {"pool": "ptsd"}, "pool", "ptsd", "may not hold a study in depression"),
    Bad("studies", "alpha2020", {"randomised": "false"}, "pool", "ptsd", "holds randomised trials only"),
    Bad("arms", "alpha2020", {"role": ""}, "role", None, "must be given: ketamine of alpha2020 is dosed"),
    Bad("arms", "alpha2020", {"role": "active"}, "pool", "ptsd", "needs an arm with ketamine", "studies.csv row 2"),
    Bad("contrasts", "c1", {"arm1": "midazolam", "arm2": "ketamine"}, "arm1", "midazolam", "not ketamine"),
    Bad("contrasts", "c1", {"arm2": "ketamine"}, "arm2", "ketamine", "is also arm1"),
    Bad("contrasts", "c1", {"analysis": "crossover_paired"}, "analysis", "crossover_paired", "is for crossovers"),
    Bad("contrasts", "c2", {"analysis": "ancova"}, "analysis", "ancova", "must be first_period or crossover_paired"),
    Bad(
        *("outcomes", "o3", {"population_analysed": "first_period"}),
        *("population_analysed", "first_period", "is for crossovers; this one is parallel"),
    ),
    Bad("contrasts", "c1", {"direction": "favours_comparator"}, "estimate", -8.0, "has the sign of the other"),
    Bad("overlaps", "alpha2020", {"kept": "omega"}, "kept", "omega", "must be alpha2020 or beta2021"),
    Bad("overlaps", "alpha2020", {"study_b": "alpha2020"}, "study_b", "alpha2020", "is study_a itself"),
    Bad("overlaps", "alpha2020", {"kind": "subset"}, "study_b", "beta2021", "shares participants with alpha2020"),
    Bad(
        *("rob", "alpha2020", {"study": "gamma2019"}),
        *("study", "alpha2020", "has no D1_randomisation", "studies.csv row 2"),
    ),
)


@pytest.mark.parametrize("bad", [*SCHEMA, *VALUES, *SPREADS, *DESIGNS], ids=lambda bad: f"{bad.table}-{bad.rule[:40]}")
def test_a_bad_row_is_refused_with_row_field_value_and_rule(bad: Bad, tmp_path: Path) -> None:
    """Invariant: one bad cell in a package that keeps every rule is found and named."""
    tables, row = broken(bad.table, bad.key, bad.cells)

    found = check(write(tmp_path, tables))

    told = [str(one) for one in found if (one.field, one.value) == (bad.field, bad.value) and bad.rule in one.rule]
    assert told, [str(one) for one in found]
    assert told[0].startswith(f"{bad.place or f'{bad.table}.csv row {row}'}: {bad.field}: ")


def test_the_small_package_keeps_every_rule(tmp_path: Path) -> None:
    """Invariant: no false alarm on a package that keeps every rule."""
    assert check(write(tmp_path, small())) == ()


def _days(*days: str) -> Callable[[Tables], None]:
    def put(tables: Tables) -> None:
        for row, day in zip(tables["doses"], days, strict=False):
            row["day"] = day

    return put


def _again(tables: Tables) -> None:
    tables["contrasts"].append({**tables["contrasts"][0], "row_id": "c9", "estimate": "-7"})


def _swapped(tables: Tables) -> None:
    _again(tables)
    tables["contrasts"][-1] |= {"arm1": "midazolam", "arm2": "ketamine"}


def _numbered_from_two(tables: Tables) -> None:
    for row in tables["doses"][:3]:
        row["infusion"] = str(int(row["infusion"]) + 1)


def _one_registration(tables: Tables) -> None:
    tables["studies"][1]["registry"] = "NCT1"
    tables["overlaps"].clear()


@pytest.mark.parametrize(
    ("change", "table", "row", "field", "value", "rule"),
    [
        (_days("0", "4", "2"), "doses", 4, "day", 2.0, "must be after day 4"),
        (_days("1", "2", "4"), "doses", 2, "day", 1.0, "must be 0"),
        (_numbered_from_two, "doses", 2, "infusion", 2, "must be 1, the arm's next dose"),
        (_again, "contrasts", 4, "row_id", "c9", "is the contrast c1 again"),
        (_swapped, "contrasts", 4, "row_id", "c9", "is the contrast c1 again"),
        (_one_registration, "studies", 3, "registry", "NCT1", "is the registration of alpha2020 and beta2021"),
    ],
)
def test_rows_that_do_not_go_together_are_refused(
    change: Callable[[Tables], None], table: str, row: int, field: str, value: Cell, rule: str, tmp_path: Path
) -> None:
    """Invariant: rows that are right alone and wrong together are found and named."""
    tables = small()
    change(tables)

    told = [(one.table, one.row, one.field, one.value) for one in check(write(tmp_path, tables)) if rule in one.rule]

    assert (table, row, field, value) in told


@pytest.mark.parametrize(
    ("edit", "row", "field", "rule"),
    [
        (lambda text: text.replace("estimate", "estimat", 1), 1, "estimat", "is not a column of this table"),
        (lambda text: text.replace("estimate", "estimat", 1), 1, "estimate", "is a missing column"),
        (lambda text: text.replace("ci_high", "ci_low", 1), 1, "ci_low", "is a column twice"),
        (lambda text: text + "\n", 4, "", "has 0 cells, the header 25"),
        (lambda text: text.replace(",-8,", ",-8,0,", 1), 2, "", "has 26 cells, the header 25"),
        (lambda text: text.replace("c1,", '"c1,', 1), 0, "", "is not readable as CSV"),
        (lambda text: "", 1, "row_id", "is a missing column"),
    ],
)
def test_a_broken_table_is_refused(edit: Callable[[str], str], row: int, field: str, rule: str, tmp_path: Path) -> None:
    """Invariant: unknown, missing or repeated columns and torn rows are named, not skipped."""
    path = write(tmp_path, small()) / "contrasts.csv"
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")

    told = [(one.table, one.row, one.field) for one in check(tmp_path) if rule in one.rule]

    assert ("contrasts", row, field) in told


def test_an_unknown_column_comes_with_the_nearest_name(tmp_path: Path) -> None:
    """Contract of errors: what to do instead is said."""
    path = write(tmp_path, small()) / "contrasts.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("estimate", "estimat", 1), encoding="utf-8")

    assert check(tmp_path)[0].fix == "did you mean estimate?"


def test_reading_names_the_first_problem_and_counts_the_others(tmp_path: Path) -> None:
    """Contract of `read`: one line with row, field, value, rule, and how many problems more."""
    tables, row = broken("outcomes", "o3", {"n": "0", "seen": "memory", "value": "x"})

    with pytest.raises(InputError) as refused:
        read(write(tmp_path, tables))

    line = str(refused.value)
    assert line.startswith(f"outcomes.csv row {row}: n: '0': must be at least 1")
    assert line.endswith("and 2 more problems")
    assert "\n" not in line


def test_all_problems_of_all_tables_are_collected(tmp_path: Path) -> None:
    """Contract of `check`: a reader who mends a file need not run it once per mistake."""
    tables, _ = broken("outcomes", "o3", {"seen": "memory"})
    tables["arms"][0]["route"] = "by hand"
    tables["studies"][2]["source"] = "nobody"

    assert {(one.table, one.field) for one in check(write(tmp_path, tables))} == {
        ("outcomes", "seen"),
        ("arms", "route"),
        ("studies", "source"),
    }


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    """Invariant: a table says what its columns are; their order means nothing."""
    folder = write(tmp_path, small())
    before = read(folder)
    path = folder / "outcomes.csv"
    rows = [row[::-1] for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8")))]
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")

    assert read(folder) == before


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    """RFC 4180: lines may end in CR LF; spreadsheets also put a byte order mark first."""
    folder = write(tmp_path, small())
    before = read(folder)
    path = folder / "outcomes.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    assert read(folder) == before


def test_a_table_of_no_rows_is_no_problem(tmp_path: Path) -> None:
    """Invariant: no certainty judged yet is a header alone."""
    folder = write(tmp_path, small())
    write_table(folder, "certainty", [])

    assert read(folder).certainty == ()
