"""A package as files: canonical CSV text, and a folder that is written whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reprieve.core.errors import InputError
from reprieve.evidence.package.schema import DESCRIPTOR, PACKAGED, packaged_schemas

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package
    from reprieve.evidence.package.problem import Cell

BESIDES = ("sources.bib", "answer.toml", "claims.toml")  # what stands in the folder besides tables and descriptor
DERIVED = "outcomes_with_days.csv"
WHOLE = 1e15  # whole numbers up to here are printed without a decimal point and lose nothing


def cell_text(value: Cell) -> str:
    """Return a cell as it stands in a table: numbers with every digit that matters, booleans in lower case."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < WHOLE else repr(value)
    return str(value)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Return a table as CSV text with line feeds."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def table_text(package: Package, name: str) -> str:
    """Return one table of a package as CSV text, columns in the order of the schema."""
    columns = packaged_schemas()[name].columns
    return csv_text(columns, ([cell_text(getattr(one, c)) for c in columns] for one in getattr(package, name)))


def package_files(package: Package, sources: str | None = None) -> dict[str, str]:
    """Return every file of a package by name. `sources` is the text of `sources.bib` if it is not to be copied."""
    files = {f"{name}.csv": table_text(package, name) for name in packaged_schemas()}
    files[DESCRIPTOR] = (PACKAGED / DESCRIPTOR).read_text(encoding="utf-8")
    for name in BESIDES:
        path = package.folder / name
        if path.is_file():
            files[name] = path.read_text(encoding="utf-8")
    if sources is not None:
        files["sources.bib"] = sources
    return files


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Replace what a folder holds by `files`, whole or not at all.

    Everything is written beside the folder first and takes its place by renaming. A crash leaves the old folder, or
    the old one beside it as `.NAME.reprieve-previous`, which the next call puts back.

    Raises `InputError` for the package inside Reprieve, for a folder that holds anything but a package, and where
    writing fails.
    """
    folder = folder.resolve()
    if folder == PACKAGED or PACKAGED in folder.parents or folder in PACKAGED.parents:
        raise InputError("folder", str(folder), "is where Reprieve itself lives", "give a folder of your own")
    try:
        _restore(folder)
        _refuse_strangers(folder, files)
        _swap(folder, files)
    except OSError as error:
        raise InputError("folder", str(folder), f"cannot be written: {error.strerror}") from None


def _previous(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.reprieve-previous")


def _restore(folder: Path) -> None:
    """Finish what a crash interrupted: bring the old folder back if the new one is not there."""
    previous = _previous(folder)
    if not (previous / DESCRIPTOR).is_file():
        return
    if (folder / DESCRIPTOR).is_file():
        shutil.rmtree(previous)
    else:
        os.replace(previous, folder)


def _refuse_strangers(folder: Path, files: Mapping[str, str]) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError("folder", str(folder), "is a file")
    known = {*files, *BESIDES, DESCRIPTOR, DERIVED, *(f"{name}.csv" for name in packaged_schemas())}
    strange = sorted(one.name for one in folder.iterdir() if one.name not in known)
    if strange:
        raise InputError("folder", str(folder), f"holds {strange[0]}, no part of a package", "give an empty folder")
    if any(folder.iterdir()) and not (folder / DESCRIPTOR).is_file():
        raise InputError("folder", str(folder), "holds tables that are no whole package", "give an empty folder")


def _swap(folder: Path, files: Mapping[str, str]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, text in files.items():
            with (fresh / name).open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        fresh.chmod(0o755)  # mkdtemp makes it private; a folder that was asked for is not
        previous = _previous(folder)
        if folder.exists() and any(folder.iterdir()):
            os.replace(folder, previous)
        try:
            os.replace(fresh, folder)
        except OSError:
            _restore(folder)
            raise
        shutil.rmtree(previous, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
