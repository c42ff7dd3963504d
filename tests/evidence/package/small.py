"""A small package that keeps every rule, as text cells, and ways to break it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reprieve.evidence.package.lines import FIRST_ROW
from reprieve.evidence.package.rules_design import DOMAINS
from reprieve.evidence.package.schema import DESCRIPTOR, PACKAGED, packaged_schemas
from reprieve.evidence.package.write import csv_text

type Cells = dict[str, str]
type Tables = dict[str, list[Cells]]

SOURCES = """% Invented
@article{alpha2020, author = {Alpha A and others}, title = {An invented trial}, year = {2020}, doi = {10.1/alpha}}
@article{beta2021, author = {Beta B and others}, title = {An invented crossover}, year = {2021}}
@article{gamma2019, author = {Gamma G}, title = {An invented trial in depression; small}, year = {2019}}
@misc{nct1, note = {Invented record}}
"""
SEEN = {"source": "alpha2020", "seen": "full text"}


def _study(study: str, **cells: str) -> Cells:
    kind = {"condition": "ptsd", "design": "parallel", "randomised": "true", "blinding": "double", "year": study[-4:]}
    who = {"population": "civilian", "treatment_resistant": "unknown", "psychotherapy": "none"}
    pool = {"pool": "ptsd", "pool_reason": "Randomised trial", "source": study, "seen": "full text"}
    return {"study": study, **kind, **who, **pool, **cells}


def _arm(study: str, arm: str, role: str, n: str, **cells: str) -> Cells:
    what = {"label": arm, "role": role, "route": "iv", "n_randomised": n, "psychotherapy": "false"}
    return {"study": study, "arm": arm, **what, "source": study, "seen": "full text", **cells}


def _dose(study: str, arm: str, infusion: int, day: str) -> Cells:
    what = {"infusion": str(infusion), "day": day, "drug": arm, "infusion_min": "40", "basis": "stated"}
    return {"study": study, "arm": arm, **what, "source": study, "seen": "full text"}


def _outcome(row_id: str, study: str, arm: str, day: str, value: str, dispersion: str, **cells: str) -> Cells:
    what = {"instrument": "CAPS-5", "measure": "mean", "n": "18", "dispersion_type": "sd", "population_analysed": "all"}
    where = {"derived": "false", "source": study, "seen": "full text"}
    return {"row_id": row_id, "study": study, "arm": arm, "day": day, "value": value, "dispersion": dispersion} | {
        **what,
        **where,
        **cells,
    }


def _contrast(row_id: str, study: str, arm2: str, **cells: str) -> Cells:
    what = {"arm1": "ketamine", "arm2": arm2, "instrument": "CAPS-5", "measure": "baseline_adjusted", "day": "5"}
    figures = {"estimate": "-8", "se": "3", "ci_low": "-14.1", "ci_high": "-1.9", "p": "0.01"}
    how = {"n_arm1": "18", "n_arm2": "18", "analysis": "ancova", "direction": "favours_ketamine", "use": "primary"}
    where = {"derived": "false", "source": study, "seen": "abstract"}
    return {"row_id": row_id, "study": study, **what, **figures, **how, **where, **cells}


def _instrument(name: str, maximum: str, hierarchy: str, **cells: str) -> Cells:
    scale = {"construct": "ptsd", "rating": "clinician", "minimum": "0", "maximum": maximum, "higher_is_worse": "true"}
    return {"instrument": name, **scale, "hierarchy": hierarchy, **SEEN, **cells}


def small() -> Tables:
    """Return the tables of a small package that keeps every rule."""
    counted = {"event": "Nausea", "n_at_risk": "20", "ascertainment": "asked", "derived": "false", **SEEN}
    bias = [
        {"study": study, "domain": domain, "judgement": "not_assessed", "reason": "Not judged", **SEEN}
        for study in ("alpha2020", "beta2021")
        for domain in DOMAINS
    ]
    days = ("0", "2", "4")
    return {
        "studies": [
            _study("alpha2020", registry="NCT1", n_randomised="40", n_analysed="38"),
            _study("beta2021", design="crossover", registry="NCT2", n_randomised="20"),
            _study("gamma2019", condition="depression", pool="depression"),
        ],
        "arms": [
            _arm("alpha2020", "ketamine", "ketamine", "20", dose_mg_per_kg="0.5"),
            _arm("alpha2020", "midazolam", "active", "20"),
            _arm("alpha2020", "all", "", "40"),
            _arm("beta2021", "ketamine", "ketamine", "10"),
            _arm("beta2021", "saline", "inert", "10"),
            _arm("gamma2019", "ketamine", "ketamine", ""),
            _arm("gamma2019", "placebo", "inert", ""),
        ],
        "doses": [
            *(_dose("alpha2020", "ketamine", i, day) for i, day in enumerate(days, 1)),
            *(_dose("alpha2020", "midazolam", i, day) for i, day in enumerate(days, 1)),
            _dose("beta2021", "ketamine", 1, "0"),
            _dose("beta2021", "saline", 1, "0"),
        ],
        "outcomes": [
            _outcome("o1", "alpha2020", "ketamine", "0", "42", "8.5", n="20"),
            _outcome("o2", "alpha2020", "midazolam", "0", "41", "9", n="20"),
            _outcome("o3", "alpha2020", "ketamine", "5", "25.5", "12"),
            _outcome("o4", "alpha2020", "midazolam", "5", "33", "11"),
            _outcome("o5", "beta2021", "ketamine", "7", "30", "10", n="10", population_analysed="first_period"),
            _outcome("o6", "beta2021", "saline", "7", "36", "11", n="10", population_analysed="first_period"),
            _outcome("o7", "alpha2020", "ketamine", "5", "12", "", measure="count", dispersion_type="none"),
            _outcome("o8", "alpha2020", "ketamine", "", "-16", "2.5", measure="change", dispersion_type="se"),
            _outcome("o9", "gamma2019", "ketamine", "1", "12", "9", instrument="MADRS"),
        ],
        "contrasts": [
            _contrast("c1", "alpha2020", "midazolam"),
            _contrast("c2", "beta2021", "saline", day="7", analysis="first_period", n_arm1="10", n_arm2="10"),
        ],
        "events": [
            {"row_id": "e1", "study": "alpha2020", "arm": "ketamine", "count": "6", "percent": "30", **counted},
            {"row_id": "e2", "study": "alpha2020", "arm": "midazolam", "count": "2", **counted},
        ],
        "correlations": [
            {"study": "alpha2020", "arm": "ketamine", "instrument": "CAPS-5", "day_a": "0", "day_b": "5"}
            | {"n": "18", "pearson_r": "0.4", "derived": "false", **SEEN}
        ],
        "rob": bias,
        "instruments": [
            _instrument("CAPS-5", "80", "1"),
            _instrument("PCL-5", "80", "2", rating="self-report"),
            _instrument("MADRS", "60", "", construct="depression"),
        ],
        "registered": [{"registry": "NCT1", "title": "T", "status": "completed", "study": "alpha2020", **SEEN}],
        "pooled": [
            {"row_id": "p1", "meta": "review2022", "outcome": "PTSD", "comparator": "any", "measure": "g", "k": "3"}
            | {"estimate": "0.3", "ci_low": "0.1", "ci_high": "0.5", "scale": "raw"}
            | {"favours": "positive_favours_ketamine", **SEEN}
        ],
        "overlaps": [
            {"study_a": "alpha2020", "study_b": "beta2021", "kind": "companion", "kept": "alpha2020"}
            | {"reason": "One team", **SEEN}
        ],
        "conflicts": [
            {"study": "alpha2020", "field": "age", "value_a": "40", "source_a": "alpha2020", "value_b": "41"}
            | {"source_b": "nct1", "chosen": "40", "reason": "The paper"}
        ],
        "searches": [{"search_id": "s1", "what": "Look-ups", "seen": "assumed"}],
        "screened": [{"record": "An invented trial", "decision": "included", "reason": "A trial", **SEEN}],
        "certainty": [
            {"timepoint": "1w", "comparator": "any", "domain": "imprecision", "judgement": "serious"}
            | {"reason": "Few", "seen": "assumed"}
        ],
    }


def write(folder: Path, tables: Tables, sources: str = SOURCES) -> Path:
    """Write tables as a package folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in packaged_schemas():
        write_table(folder, name, tables[name])
    (folder / "sources.bib").write_text(sources, encoding="utf-8")
    (folder / DESCRIPTOR).write_bytes((PACKAGED / DESCRIPTOR).read_bytes())
    return folder


def write_table(folder: Path, name: str, rows: list[Cells]) -> None:
    """Write one table with the columns of the schema."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = packaged_schemas()[name].columns
    text = csv_text(columns, ([row.get(column, "") for column in columns] for row in rows))
    (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")


def broken(table: str, key: str, cells: Mapping[str, str]) -> tuple[Tables, int]:
    """Return the small package with other cells in the row whose first cell is `key`, and that row's number."""
    tables = small()
    first = packaged_schemas()[table].columns[0]
    index = next(i for i, row in enumerate(tables[table]) if row[first] == key)
    tables[table][index] |= cells
    return tables, FIRST_ROW + index
