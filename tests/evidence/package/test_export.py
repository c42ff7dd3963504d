"""The package as files for others: native, and one table in the Metapsy data standard."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from reprieve.evidence.package.export import metapsy, native, write_csv
from reprieve.evidence.package.load import ROW_TYPES, Package, load, read
from reprieve.evidence.package.metapsy import ADDITIONAL, COLUMNS, STANDARD
from reprieve.evidence.package.metapsy_words import kind_of_event
from tests.evidence.package.small import small, write
from tests.tolerance import close

# metapsyTools 2026, R/checkDataFormat.R: the columns a data set must have.
MUST_CONTAIN = (
    *("study", "condition_arm1", "condition_arm2", "multi_arm1", "multi_arm2", "outcome_type", "instrument", "time"),
    *("time_weeks", "rating", "mean_arm1", "mean_arm2", "sd_arm1", "sd_arm2", "n_arm1", "n_arm2"),
    *("event_arm1", "event_arm2", "totaln_arm1", "totaln_arm2"),
)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return read(write(tmp_path / "small", small()))


def _row(rows: list[dict[str, Any]], row_id: str) -> dict[str, Any]:
    (found,) = [row for row in rows if row[".id"] == row_id]
    return found


def _table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_a_native_export_is_a_package_again(package: Package, tmp_path: Path) -> None:
    """Contract of `evidence export`: what goes out can be read, checked and merged into."""
    rows = native(package, tmp_path / "out")

    assert read(tmp_path / "out") == package
    assert {name: rows[f"{name}.csv"] for name in ROW_TYPES} == {n: len(getattr(package, n)) for n in ROW_TYPES}
    assert rows["sources.bib"] == 4


def test_a_native_export_has_days_since_the_last_dose(package: Package, tmp_path: Path) -> None:
    """Closed form: doses on days 0, 2, 4; readings on days 0 and 5 and on a day not known."""
    native(package, tmp_path / "out")

    rows = {row["row_id"]: row for row in _table(tmp_path / "out" / "outcomes_with_days.csv")}
    found = {key: (row["days_since_last"], row["doses_given"]) for key, row in rows.items()}
    assert found["o1"] == ("0", "1")
    assert found["o3"] == ("1", "3")
    assert found["o8"] == ("", "")
    assert found["o9"] == ("", "0")


def test_the_descriptor_of_a_native_export_describes_every_table(package: Package, tmp_path: Path) -> None:
    """Data Package 1: a resource's schema names the columns of its file in order."""
    native(package, tmp_path / "out")

    resources = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    assert {one["path"] for one in resources} == {path.name for path in (tmp_path / "out").glob("*.csv")}
    for one in resources:
        header = (tmp_path / "out" / one["path"]).read_text(encoding="utf-8").splitlines()[0].split(",")
        assert [field["name"] for field in one["schema"]["fields"]] == header


def test_unverified_rows_are_marked_in_a_native_export(tmp_path: Path) -> None:
    """Contract of every output: what nobody saw in the paper, register or abstract is marked."""
    tables = small()
    for row, seen in zip(tables["outcomes"], ("full text", "abstract", "secondary", "unverified"), strict=False):
        row["seen"] = seen
    native(read(write(tmp_path / "small", tables)), tmp_path / "out")

    rows = _table(tmp_path / "out" / "outcomes_with_days.csv")
    assert [row["verified"] for row in rows[:4]] == ["true", "true", "false", "false"]


def test_the_metapsy_table_has_the_columns_of_the_standard() -> None:
    """Metapsy data standard, docs.metapsy.org/data-preparation/format; metapsyTools `checkDataFormat`."""
    assert set(MUST_CONTAIN) <= set(STANDARD)
    assert {"full_ref", "mean_change_arm1", "n_change_arm2", "precalc_g_se", "precalc_log_rr", ".id"} <= set(STANDARD)
    assert len(set(COLUMNS)) == len(COLUMNS)
    for name in ADDITIONAL:
        assert name.isascii()
        assert name[0].isalpha()
        assert name == name.lower()


def test_means_of_two_arms_are_one_metapsy_row(package: Package) -> None:
    """Closed form: Hedges g of 25.5 (12) and 33 (11), 18 each, J exact; baseline of the same arms beside it."""
    row = _row(metapsy(package), "o3+o4")

    sd = math.sqrt((12**2 + 11**2) / 2)
    j = math.exp(math.lgamma(17) - 0.5 * math.log(17) - math.lgamma(16.5))
    assert close(row[".g"], j * (25.5 - 33) / sd, "closed_form")
    assert close(row[".g_se"], math.sqrt(2 / 18 + row[".g"] ** 2 / 72), "closed_form")
    assert (row["study"], row["condition_arm1"], row["condition_arm2"]) == ("Alpha, 2020", "ketamine", "active control")
    assert (row["mean_arm1"], row["sd_arm2"], row["n_arm1"]) == (25.5, 11, 18)
    assert (row["outcome_type"], row["instrument"], row["rating"], row["time"]) == (
        *("msd", "CAPS-5", "clinician", "post"),
    )
    assert close(row["time_weeks"], 5 / 7, "closed_form")
    assert (row["days_since_last"], row["doses_given"], row["multi_arm1"]) == (1, 3, None)
    assert (row["baseline_m_arm1"], row["baseline_sd_arm2"], row["baseline_n_arm1"]) == (42, 9, 20)
    assert (row["seen_arm1"], row["source_arm2"], row["verified"]) == ("full text", "alpha2020", True)


def test_baselines_are_columns_and_depression_trials_are_told_apart(package: Package) -> None:
    """Metapsy data standard: a row is an outcome. The arm without a partner gives none."""
    rows = metapsy(package)

    assert {row[".id"] for row in rows} == {"o3+o4", "o5+o6", "e1+e2", "c1", "c2"}
    assert {row["pool"] for row in rows} == {"ptsd"}


def test_events_of_two_arms_are_one_metapsy_row(package: Package) -> None:
    """Closed form: 6 and 2 of 20, log risk ratio log 3, variance 1/6 + 1/2 - 2/20."""
    row = _row(metapsy(package), "e1+e2")

    assert (row["event_arm1"], row["event_arm2"], row["totaln_arm1"], row["totaln_arm2"]) == (6, 2, 20, 20)
    assert (row[".event_arm1"], row["outcome_type"], row["instrument"]) == (6, "event", "Nausea")
    assert close(row[".log_rr"], math.log(3), "closed_form")
    assert close(row[".log_rr_se"], math.sqrt(1 / 6 + 1 / 2 - 2 / 20), "closed_form")
    assert row["ascertainment"] == "asked"


def test_a_contrast_with_a_standardised_difference_is_precalculated(tmp_path: Path) -> None:
    """Closed form: half a 95 % interval is 1.96 standard errors; without one the group sizes give it."""
    tables = small()
    tables["contrasts"][0] |= {"smd": "-0.9", "smd_low": "-1.6", "smd_high": "-0.2"}
    tables["contrasts"][1] |= {"smd": "-0.5"}
    rows = metapsy(read(write(tmp_path, tables)))

    assert _row(rows, "c1")["precalc_g"] == -0.9
    assert close(_row(rows, "c1")["precalc_g_se"], 0.7 / 1.959963984540054, "closed_form")
    assert close(_row(rows, "c2")["precalc_g_se"], math.sqrt(20 / 100 + 0.25 / 40), "closed_form")
    assert (_row(rows, "c1")["difference"], _row(rows, "c1")["difference_se"]) == (-8, 3)


def test_a_contrast_that_repeats_its_arms_is_left_out(tmp_path: Path) -> None:
    """Invariant: a comparison is in the table once; an adjusted contrast is another one."""
    tables = small()
    tables["contrasts"].append({**tables["contrasts"][0], "row_id": "c3", "measure": "mean", "analysis": "parallel"})
    ids = {row[".id"] for row in metapsy(read(write(tmp_path, tables)))}

    assert "c3" not in ids
    assert {"c1", "o3+o4"} <= ids


def test_arms_of_a_three_arm_trial_are_named(tmp_path: Path) -> None:
    """Metapsy data standard: multi_arm tells arms of one condition apart, and is missing in two-arm trials."""
    tables = small()
    tables["arms"].append({**tables["arms"][0], "arm": "ketamine_low"})
    tables["outcomes"].append({**tables["outcomes"][2], "row_id": "o21", "arm": "ketamine_low", "n": "17"})
    rows = metapsy(read(write(tmp_path, tables)))

    found = {row[".id"]: (row["multi_arm1"], row["multi_arm2"]) for row in rows if row["mean_arm1"] is not None}
    assert found == {
        "o3+o4": ("ketamine", "midazolam"),
        "o21+o4": ("ketamine_low", "midazolam"),
        "o5+o6": (None, None),
    }


def test_the_metapsy_file_is_in_its_dialect(package: Package, tmp_path: Path) -> None:
    """Metapsy data standard: semicolons, decimal commas, NA, no semicolon in a cell (R's write.csv2)."""
    rows = metapsy(package)
    write_csv(rows, tmp_path / "metapsy.csv")

    text = (tmp_path / "metapsy.csv").read_text(encoding="utf-8")
    read_back = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert text.splitlines()[0] == ";".join(COLUMNS)
    assert [row[".id"] for row in read_back] == [row[".id"] for row in rows]
    first = read_back[0]
    assert (first["mean_arm1"], first["n_arm1"], first["event_arm1"], first["verified"]) == ("25,5", "18", "NA", "TRUE")
    assert all(";" not in cell and cell == cell.strip() and cell for row in read_back for cell in row.values())


def test_feder_2014_in_the_metapsy_table() -> None:
    """NCT00749203: CAPS at day 7, first period, 54.0 (23.63, n 19) and 65.69 (16.36, n 15); 82.5 and 77.1 before."""
    (row,) = [
        row
        for row in metapsy(load())
        if (row["study_id"], row["instrument"], row["outcome_type"]) == ("feder2014", "CAPS", "msd")
    ]

    assert (row["study"], row["condition_arm2"], row["drug_arm2"]) == ("Feder, 2014", "active control", "midazolam")
    assert (row["mean_arm1"], row["sd_arm1"], row["n_arm1"]) == (54, 23.63, 19)
    assert (row["mean_arm2"], row["sd_arm2"], row["n_arm2"]) == (65.69, 16.36, 15)
    assert (row["baseline_m_arm1"], row["baseline_m_arm2"], row["time_weeks"]) == (82.5, 77.1, 1)
    assert row["rob_overall"] == "some_concerns"


def test_the_packaged_metapsy_table_is_sound() -> None:
    """Metapsy data standard: one row per comparison, only randomised trials; every row says how it was seen."""
    package = load()
    rows = metapsy(package)

    assert len({row[".id"] for row in rows}) == len(rows)
    assert {row["study_id"] for row in rows} <= {one.study for one in package.studies if one.randomised}
    assert all(row["seen_arm1"] and row["seen_arm2"] and row["full_ref"] for row in rows)
    assert 0 < sum(not row["verified"] for row in rows) < len(rows)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("MADRS: response, 50 % fall or more", "response"),
        ("PCL-5 fall at least 30%", "response"),
        ("MADRS: remission, 10 or less", "remission"),
        ("Headache", "event"),
    ],
)
def test_outcomes_of_treatment_are_told_from_adverse_events(event: str, kind: str) -> None:
    """Metapsy data standard: outcome_type is response, remission, deterioration for counts of patients."""
    assert kind_of_event(event) == kind
