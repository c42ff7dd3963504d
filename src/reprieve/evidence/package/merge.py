"""New rows merged into a package, offline: checked together with what is there, refused where they contradict it.

A folder of new rows holds any of the package's tables with the same columns, and a `sources.bib` for new sources. A row
with a new key is added. A row whose key is there already must be the same; another value is refused unless the new
rows' `conflicts.csv` settles it: `field` is `TABLE.KEY.COLUMN`, `value_a` what stands there (`empty` for nothing),
`value_b` the new value, `chosen` one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reprieve.core.errors import InputError
from reprieve.core.provenance import Source, parse_sources
from reprieve.evidence.package.lines import FIRST_ROW, Line, key_of, nearest, read_lines, words
from reprieve.evidence.package.load import SOURCES, Package, build, examine, related, text_of
from reprieve.evidence.package.problem import Cell, Problem, first_of
from reprieve.evidence.package.schema import TableSchema, packaged_schemas
from reprieve.evidence.package.write import cell_text, package_files, write_folder

EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that the merge added or changed. `cells` holds old and new text of each changed column."""

    table: str
    key: str
    kind: str
    cells: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: rows by table that were added, changed, or there already, and the package that results."""

    package: Package
    added: Mapping[str, int]
    changed: Mapping[str, int]
    same: Mapping[str, int]
    rows: tuple[RowChange, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    tables: Mapping[str, list[Line]]
    origin: Mapping[tuple[str, int], int]
    changes: tuple[RowChange, ...]
    same: Mapping[str, int]


def merge(base: Path, new: Path, into: Path | None = None) -> Merged:
    """Merge a folder of new rows into the package in `base`, and write the result to `into` if it is given.

    Nothing is written unless everything holds; `into` is then replaced whole. Raises `InputError` naming file, row,
    field, value and rule for the first broken rule or unsettled conflict, with the number of others.
    """
    if into is not None and into.resolve() == new.resolve():
        raise InputError("into", str(into), "is the folder of the new rows", "give another folder")
    merged, sources, found = _merge(base, new)
    if merged is None:
        raise first_of(found)
    if into is not None:
        write_folder(into, package_files(merged.package, sources))
    return merged


def problems(base: Path, new: Path) -> tuple[Problem, ...]:
    """Return everything that stands against merging `new` into `base`. Raises `InputError` if either is unreadable."""
    return tuple(_merge(base, new)[2])


def _merge(base: Path, new: Path) -> tuple[Merged | None, str, list[Problem]]:
    tables, sources, wrong = examine(base)
    if wrong:
        raise first_of(wrong)
    rows, found = read_new(new)
    text, added_sources = _sources(base, new, sources)
    if found:
        return None, text, found
    plan, found = _plan(tables, rows)
    if found:
        return None, text, [replace(one, folder=new.name) for one in found]
    together = parse_sources(text, SOURCES)
    found = [_placed(one, plan.origin, new.name) for one in related(base, plan.tables, together)]
    if found:
        return None, text, found
    package = build(base, dict(plan.tables), together)
    return _report(package, plan, added_sources), text, []


def read_new(folder: Path) -> tuple[dict[str, list[Line]], list[Problem]]:
    """Read the tables in a folder of new rows. Raises `InputError` for no folder, no table, or a file that is none."""
    if not folder.is_dir():
        raise InputError("new rows", str(folder), "is not a folder")
    schemas = packaged_schemas()
    found = sorted(path for path in folder.iterdir() if path.suffix in (".csv", ".bib"))
    for path in found:
        if path.name != SOURCES and (path.suffix != ".csv" or path.stem not in schemas):
            fix = nearest(path.name, [SOURCES, *(f"{name}.csv" for name in schemas)])
            raise InputError("new rows", path.name, "is not a table of the package", fix)
    if not found:
        raise InputError("new rows", str(folder), "holds no table", f"tables: {', '.join(f'{n}.csv' for n in schemas)}")
    tables: dict[str, list[Line]] = {}
    wrong: list[Problem] = []
    for path in found:
        if path.suffix == ".csv":
            tables[path.stem], broken = read_lines(schemas[path.stem], text_of(path))
            wrong.extend(replace(one, folder=folder.name) for one in broken)
    return tables, wrong


def _sources(base: Path, new: Path, known: Mapping[str, Source]) -> tuple[str, tuple[str, ...]]:
    """The merged list of sources as text, and the new keys."""
    text = text_of(base / SOURCES)
    if not (new / SOURCES).is_file():
        return text, ()
    added = []
    for key, source in parse_sources(text_of(new / SOURCES), f"{new.name}/{SOURCES}").items():
        if key not in known:
            added.append(source)
        elif source != known[key]:
            rule = f"is another source of that name in {SOURCES}"
            raise InputError(f"{new.name}/{SOURCES}", key, rule, "give the new one another key")
    parts = [text.rstrip("\n"), *(source.bibtex() for source in added)]
    return "\n".join(parts) + "\n", tuple(source.key for source in added)


def _plan(base: Mapping[str, list[Line]], new: Mapping[str, list[Line]]) -> tuple[_Plan, list[Problem]]:
    """Lay new rows over old ones. Rows of the result are numbered afresh; `origin` has the new file's numbers."""
    settled = {str(line.cells["field"]): line for line in new.get("conflicts", [])}
    tables: dict[str, list[Line]] = {}
    origin: dict[tuple[str, int], int] = {}
    same: dict[str, int] = {}
    changes: list[RowChange] = []
    found: list[Problem] = []
    for name, schema in packaged_schemas().items():
        rows = {key_of(schema, line): line.cells for line in base[name]}
        laid: dict[tuple[Cell, ...], int] = {}
        for line in new.get(name, []):
            key = key_of(schema, line)
            old = rows.get(key)
            if old == line.cells:
                same[name] = same.get(name, 0) + 1
                continue
            if old is None:
                cells, kept = line.cells, RowChange(name, words(key), "added", {})
            else:
                cells, kept, broken = _settle(schema, line, old, settled)
                found.extend(broken)
            if kept.kind == "added" or kept.cells:
                changes.append(kept)
            rows[key], laid[key] = cells, line.row
        tables[name] = [Line(number, cells) for number, cells in enumerate(rows.values(), FIRST_ROW)]
        origin |= {(name, number): laid[key] for number, key in enumerate(rows, FIRST_ROW) if key in laid}
    return _Plan(tables, origin, tuple(changes), same), found


def _settle(
    schema: TableSchema, line: Line, old: Mapping[str, Cell], settled: Mapping[str, Line]
) -> tuple[dict[str, Cell], RowChange, list[Problem]]:
    """The cells of a row that is there already with other values, as its conflicts choose."""
    cells, changed, found = dict(old), {}, []
    key = key_of(schema, line)
    for name in schema.columns:
        had, has = _word(old[name]), _word(line.cells[name])
        if had == has:
            continue
        field = f"{schema.name}.{'+'.join(str(part) for part in key)}.{name}"
        conflict = settled.get(field)
        if conflict is None:
            rule = f"contradicts {had}, which stands in {schema.name}.csv for {words(key)}"
            fix = f"settle it in conflicts.csv with field {field}, or leave the row out"
            found.append(Problem(schema.name, line.row, name, line.cells[name], rule, fix))
        else:
            found.extend(_unsettled(conflict, had, has))
            if conflict.cells["chosen"] == has:
                cells[name] = line.cells[name]
                changed[name] = (had, has)
    return cells, RowChange(schema.name, words(key), "changed", changed), found


def _unsettled(conflict: Line, had: str, has: str) -> Iterator[Problem]:
    for name, wanted in (("value_a", had), ("value_b", has)):
        if conflict.cells[name] != wanted:
            yield Problem("conflicts", conflict.row, name, conflict.cells[name], f"must be {wanted}, as in the table")
    if conflict.cells["chosen"] not in (had, has):
        yield Problem("conflicts", conflict.row, "chosen", conflict.cells["chosen"], f"must be {had} or {has}")


def _word(cell: Cell) -> str:
    return cell_text(cell) or EMPTY


def _placed(problem: Problem, origin: Mapping[tuple[str, int], int], folder: str) -> Problem:
    """The problem at its row in the new file, or at a row that is there already and that a new one breaks."""
    if (problem.table, problem.row) in origin:
        return replace(problem, row=origin[problem.table, problem.row], folder=folder)
    return replace(problem, rule=f"{problem.rule} (a row of the package, once the new rows are in)")


def _report(package: Package, plan: _Plan, sources: tuple[str, ...]) -> Merged:
    added: dict[str, int] = {}
    changed: dict[str, int] = {}
    for one in plan.changes:
        count = added if one.kind == "added" else changed
        count[one.table] = count.get(one.table, 0) + 1
    if sources:
        added[SOURCES] = len(sources)
    return Merged(package, added, changed, plan.same, plan.changes, sources)
