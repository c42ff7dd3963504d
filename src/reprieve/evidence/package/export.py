"""The package for others: as it stands with derived days, or as one Metapsy table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprieve.core.provenance import VERIFIED
from reprieve.evidence.package.metapsy import COLUMNS, metapsy, metapsy_text
from reprieve.evidence.package.schema import DESCRIPTOR, packaged_schemas
from reprieve.evidence.package.write import DERIVED, cell_text, csv_text, package_files, write_folder

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package

__all__ = ["COLUMNS", "metapsy", "native", "write_csv"]

_ADDED: tuple[Mapping[str, str], ...] = (
    {"name": "days_since_last", "type": "number", "description": "days since the last dose at or before the reading"},
    {"name": "doses_given", "type": "integer", "description": "doses by that day; 0 where the history is not known"},
    {"name": "verified", "type": "boolean", "description": "seen is full text or abstract; others are not pooled"},
)


def native(package: Package, folder: Path) -> dict[str, int]:
    """Write the package to a folder, with outcomes once more beside their days since the last dose.

    The folder is again a package: it can be read, and new rows merged into it. Returns the rows of each table.
    Raises `InputError` for a folder that holds anything else.
    """
    files = package_files(package)
    files[DERIVED] = _with_days(package)
    files[DESCRIPTOR] = _descriptor(files[DESCRIPTOR])
    write_folder(folder, files)
    rows = {f"{name}.csv": len(getattr(package, name)) for name in packaged_schemas()}
    return {**rows, DERIVED: len(package.outcomes), "sources.bib": len(package.sources)}


def write_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the Metapsy table in its own dialect: semicolons, decimal commas, NA for what is missing."""
    path.write_text(metapsy_text(rows), encoding="utf-8", newline="")


def _with_days(package: Package) -> str:
    columns = packaged_schemas()["outcomes"].columns
    lines = []
    for one in package.outcomes:
        since = None if one.day is None else package.days_since_last(one.study, one.arm, one.day)
        given = None if one.day is None else package.doses_given(one.study, one.arm, one.day)
        cells = [getattr(one, name) for name in columns]
        lines.append([cell_text(cell) for cell in (*cells, since, given, one.seen in VERIFIED)])
    return csv_text([*columns, *(field["name"] for field in _ADDED)], lines)


def _descriptor(text: str) -> str:
    """The descriptor with one more resource for the outcomes with days."""
    found = json.loads(text)
    outcomes = next(one for one in found["resources"] if one["name"] == "outcomes")
    added = {
        **outcomes,
        "name": Path(DERIVED).stem,
        "path": DERIVED,
        "description": "The outcomes once more, with days since the last dose computed from doses.csv.",
        "schema": {**outcomes["schema"], "fields": [*outcomes["schema"]["fields"], *_ADDED]},
    }
    found["resources"].append(added)
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
