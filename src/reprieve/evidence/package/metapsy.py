"""The package as one table in the Metapsy data standard: one row per pair of arms and outcome, randomised trials only.

Names, missing values and the CSV dialect are those of https://docs.metapsy.org/data-preparation/format, read in
November 2026. Columns that the standard does not have follow its rules for additional ones; they say where each side of
a row comes from and how it was seen. The sign is this package's: negative favours ketamine on symptom scales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reprieve.evidence.package.metapsy_rows import study_rows
from reprieve.evidence.package.write import csv_text

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package

DESIGN = (
    *("study", "condition_arm1", "condition_arm2", "multi_arm1", "multi_arm2", "outcome_type", "instrument"),
    *("time", "time_weeks", "rating", "full_ref"),
)
MEANS = ("mean_arm1", "mean_arm2", "sd_arm1", "sd_arm2", "n_arm1", "n_arm2")
CHANGES = (
    *("mean_change_arm1", "mean_change_arm2", "sd_change_arm1", "sd_change_arm2"),
    *("n_change_arm1", "n_change_arm2"),
)
EVENTS = ("event_arm1", "event_arm2", "totaln_arm1", "totaln_arm2")
PRECALCULATED = ("precalc_g", "precalc_g_se", "precalc_log_rr", "precalc_log_rr_se")
TOOLS = (
    *(".id", ".g", ".g_se", ".log_rr", ".log_rr_se"),
    *(".event_arm1", ".event_arm2", ".totaln_arm1", ".totaln_arm2"),
)
BASELINE = (
    *("baseline_m_arm1", "baseline_m_arm2", "baseline_sd_arm1", "baseline_sd_arm2"),
    *("baseline_n_arm1", "baseline_n_arm2"),
)
ADDITIONAL = (
    *("study_id", "instrument_symptom", "subscale", "analysis", "population_analysed", "use"),
    *("day", "days_since_last", "doses_given", "time_min", "time_frame"),
    *("difference", "difference_se", "difference_ci_low", "difference_ci_high"),
    *("country", "year", "doi", "registry", "condition", "design", "pool", "population", "mean_age", "percent_women"),
    *("drug_arm1", "drug_arm2", "dose_mg_per_kg_arm1", "dose_mg_per_kg_arm2", "ascertainment", "serious"),
    *("rob_d1", "rob_ds", "rob_d2", "rob_d3", "rob_d4", "rob_d5", "rob_overall"),
    *("derived", "source_arm1", "source_arm2", "locator_arm1", "locator_arm2", "seen_arm1", "seen_arm2", "verified"),
)
STANDARD = (*DESIGN, *MEANS, *CHANGES, *EVENTS, *PRECALCULATED, *TOOLS)
COLUMNS = (*STANDARD, *BASELINE, *ADDITIONAL)

MISSING = "NA"


def metapsy(package: Package) -> list[dict[str, Any]]:
    """Return the rows of the Metapsy table, each with the columns of `COLUMNS`; None where nothing is known.

    Pairs of an arm with ketamine and one without give final means, changes or events; contrasts as reported give
    `precalc_g` or, where no standardised figure was printed, the `difference` columns only. A contrast that repeats the
    means or changes of its arms is left out, as it would count twice. Baseline readings are columns, not rows.
    `verified` is false where either side was not seen in the paper, the register or the abstract.
    """
    rows = [row for study in package.studies if study.randomised for row in study_rows(package, study)]
    return [{name: row.get(name) for name in COLUMNS} for row in rows]


def metapsy_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as text in Metapsy's dialect: semicolons between cells, decimal commas, NA for what is missing."""
    return csv_text(COLUMNS, ([_text(row[name]) for name in COLUMNS] for row in rows), delimiter=";")


def _text(value: object) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return repr(value).removesuffix(".0").replace(".", ",")
    # The standard allows no semicolon in a cell.
    return str(value).replace(";", ",")
