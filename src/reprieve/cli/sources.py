"""`reprieve sources` and `reprieve cite`: where a number comes from, and how to say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli.options import DEFAULT_MODEL, Json, Model
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from reprieve.core.provenance import Source
    from reprieve.model.catalogue import Entry


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("sources", cls=Command)(sources)
    app.command("cite", cls=Command)(cite)


def sources(
    name: Annotated[str | None, typer.Argument(help="A quantity or a source; all if left out.")] = None,
    json: Json = False,
) -> None:
    """Where any number comes from. All sources, or one quantity or source by name."""
    from reprieve.cli import show

    held = _everything()
    if name is None:
        listed = _list(*held)
        if json:
            show.emit({"sources": listed})
        else:
            rows = [(one["key"], len(one["quantities"]), one["citation"]) for one in listed]
            show.table(
                "Sources and how many quantities rest on each",
                ("source", "quantities", "citation"),
                rows,
                ("citation",),
            )
        return
    found = _find(name, *held)
    if json:
        show.emit(found)
        return
    for one in found["quantities"]:
        show.say(*_lines(one), "")
    for source in found["sources"]:
        show.say(source["citation"], "", source["bibtex"], "")
    for table, rows in found.get("evidence_rows", {}).items():
        show.say(f"{rows} rows of {table} in the evidence package rest on it.")


def _everything() -> tuple[tuple[Entry, ...], dict[str, Source]]:
    from reprieve.core.provenance import load_sources
    from reprieve.evidence.package.load import bibliography
    from reprieve.model.catalogue import everything

    return everything(), {**bibliography(), **load_sources()}


def _list(entries: tuple[Entry, ...], known: dict[str, Source]) -> list[dict[str, Any]]:
    return [{**_source(source), "quantities": _resting_on(key, entries)} for key, source in known.items()]


def _resting_on(key: str, entries: tuple[Entry, ...]) -> list[str]:
    return sorted({entry.quantity.name for entry in entries if entry.quantity.source == key})


def _find(name: str, entries: tuple[Entry, ...], known: dict[str, Source]) -> dict[str, Any]:
    """The quantities of that name with their sources, or the source of that name with what rests on it."""
    named = [entry for entry in entries if entry.quantity.name == name]
    if named:
        keys = dict.fromkeys(entry.quantity.source for entry in named)
        listed = [describe(entry) for entry in named]
        return {"name": name, "quantities": listed, "sources": [_source(known[key]) for key in keys]}
    if name in known:
        resting = [describe(entry) for entry in entries if entry.quantity.source == name]
        rows = _evidence_rows(name)
        return {"name": name, "quantities": resting, "evidence_rows": rows, "sources": [_source(known[name])]}
    raise InputError("source", name, "is neither a quantity nor a source", _hint(name, entries, known))


def _evidence_rows(source: str) -> dict[str, int]:
    """How many rows of each table of the evidence package cite a source."""
    from reprieve.evidence.package.load import ROW_TYPES, load

    package = load()
    tables = {name: getattr(package, name) for name in ROW_TYPES}
    counts = {name: sum(getattr(row, "source", None) == source for row in rows) for name, rows in tables.items()}
    return {name: count for name, count in counts.items() if count}


def _hint(name: str, entries: tuple[Entry, ...], known: dict[str, Source]) -> str:
    from difflib import get_close_matches

    names = [*known, *dict.fromkeys(entry.quantity.name for entry in entries)]
    close = get_close_matches(name, names, n=2)
    return f"did you mean {' or '.join(close)}?" if close else "`reprieve sources` lists them"


def _source(source: Source) -> dict[str, Any]:
    return {"key": source.key, "citation": source.citation(), "bibtex": source.bibtex()}


def describe(entry: Entry) -> dict[str, Any]:
    """A quantity as a JSON-ready table."""
    q = entry.quantity
    spreads = {"between": q.between, "uncertainty": q.uncertainty}
    return {
        "name": q.name,
        "part": entry.part,
        "label": q.label,
        "value": q.value,
        "unit": q.unit,
        "low": q.low,
        "high": q.high,
        "interval": q.interval,
        **{key: {"kind": s.kind, "sd": s.sd} if s is not None else None for key, s in spreads.items()},
        "source": q.source,
        "seen": str(q.seen),
        "unsourced": entry.unsourced,
        "note": q.note,
    }


def _lines(one: dict[str, Any]) -> list[str]:
    lines = [f"{one['name']} = {one['value']:g} {one['unit']}   ({one['part']})", f"  {one['label']}"]
    if one["interval"]:
        lines.append(f"  {one['interval']}: {one['low']:g} to {one['high']:g}")
    for key, what in (("between", "between patients"), ("uncertainty", "uncertainty of the value")):
        if one[key]:
            lines.append(f"  {what}: {one[key]['kind']}, SD {one[key]['sd']:g}")
    lines.append(f"  source: {one['source']}, seen: {one['seen']}")
    return [*lines, f"  {one['note']}"] if one["note"] else lines


def cite(model: Model = DEFAULT_MODEL, json: Json = False) -> None:
    """How to cite Reprieve and what it rests on. BibTeX."""
    from reprieve.cli import show
    from reprieve.model.catalogue import cited

    known = cited(model)
    if json:
        show.emit({"model": model, "bibtex": {source.key: source.bibtex() for source in known}})
    else:
        typer.echo("\n\n".join(source.bibtex() for source in known))
