"""`reprieve evidence export` and `update`: the data package out, and new rows in, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import files
from reprieve.cli.options import Json
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from reprieve.evidence.change import Change

FORMATS = ("package", "metapsy")


def register(group: typer.Typer) -> None:
    """Add the commands to the group."""
    group.command("export", cls=Command)(export)
    group.command("update", cls=Command)(update)


def export(
    out: Annotated[str, typer.Option(help="A folder for the package, a FILE.csv for metapsy.")],
    format: Annotated[str, typer.Option(help="package (Frictionless) or metapsy (a row per comparison).")] = "package",
    json: Json = False,
) -> None:
    """The data package as files. Every row with its source and how it was seen."""
    from reprieve.cli import show
    from reprieve.evidence.package.export import metapsy, native, write_csv
    from reprieve.evidence.package.load import load

    if format not in FORMATS:
        raise InputError("format", format, f"must be one of {', '.join(FORMATS)}")
    if format == "metapsy":
        path = files.checked("out", out, (".csv",))
        rows = metapsy(load())
        write_csv(rows, path)
        written = {path.name: len(rows)}
    else:
        written = native(load(), files.checked_folder("out", out))
    if json:
        show.emit({"out": out, "format": format, "rows": written})
    else:
        show.table(f"Written: {out}", ("file", "rows"), [*written.items()])


def update(
    new: Annotated[str, typer.Argument(help="A folder with new rows: any of the package's tables, same columns.")],
    into: Annotated[str, typer.Option(help="Where the merged package goes; only checked if left out.")] = "",
    base: Annotated[str, typer.Option(help="The package to merge into; the one inside Reprieve if left out.")] = "",
    json: Json = False,
) -> None:
    """Merge new rows, offline. Checks them and shows how the answer would change."""
    from dataclasses import asdict

    from reprieve.cli import show
    from reprieve.evidence.change import change
    from reprieve.evidence.package.load import PACKAGED, read
    from reprieve.evidence.package.merge import merge

    folder = Path(base) if base else PACKAGED
    target = files.checked_folder("into", into) if into else None
    before = read(folder)
    merged = merge(folder, Path(new), target)
    moved = change(before, merged.package)
    if json:
        rows = {"added": merged.added, "changed": merged.changed, "same": merged.same}
        show.emit({**rows, "into": into or None, "answers": [asdict(one) for one in moved]})
        return
    show.table("Rows added", ("table", "rows"), [*merged.added.items()])
    if merged.changed:
        show.table("Rows changed", ("table", "rows"), [*merged.changed.items()])
    columns = ("time point", "before", "after")
    show.table("The answer before and after", columns, [_row(one) for one in moved], columns[1:])
    show.say(f"Written: {into}" if into else "Nothing written: add --into FOLDER to keep the merged package.")


def _row(moved: Change) -> tuple[str, str, str]:
    return moved.label, moved.before, moved.after if moved.after != moved.before else "the same"
