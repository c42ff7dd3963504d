"""`reprieve evidence`: the studies, their outcomes, how they were found; the other commands of the group join it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import evidence_answer, evidence_files, evidence_pictures
from reprieve.cli.options import Json
from reprieve.cli.reading import Command, Group
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SOURCE = "source, how seen"
# What a study's page shows of each table; --json has every column.
SHOWN: dict[str, tuple[str, ...]] = {
    "arms": ("arm", "role", "drug", "dose_text", "route", "n_randomised", "n_analysed", SOURCE),
    "doses": ("arm", "drug", "days", "basis", SOURCE),
    "risk_of_bias": ("domain", "judgement", "reason", SOURCE),
    "contrasts": ("row_id", "instrument", "measure", "day", "estimate", "se", "p", "smd", "direction", "use", SOURCE),
    "overlaps": ("study_b", "kind", "kept", "reason", SOURCE),
    "conflicts": ("field", "value_a", "value_b", "chosen", "reason"),
}

group = typer.Typer(cls=Group, rich_markup_mode=None, help="Evidence: studies, pooled answers, claims.")

UNVERIFIED_MARK = "*"
MARKED = f"{UNVERIFIED_MARK} nobody has seen this in the paper or the register; it is left out of every pool."


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for module in (evidence_answer, evidence_pictures, evidence_files):
        module.register(group)
    app.add_typer(group, name="evidence")


@group.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@group.command("studies", cls=Command)
def studies(
    study: Annotated[str | None, typer.Argument(help="Only this study, with everything known of it.")] = None,
    pool: Annotated[str | None, typer.Option(help="ptsd, context or depression; all if left out.")] = None,
    json: Json = False,
) -> None:
    """The studies. Design, population, arms; one by name with its doses, bias, conflicts and sources."""
    from dataclasses import asdict

    from reprieve.cli import show
    from reprieve.evidence.package.load import load

    package = load()
    if study is not None:
        _one(study, json)
        return
    pools = sorted({one.pool for one in package.studies})
    if pool is not None and pool not in pools:
        raise InputError("pool", pool, f"must be one of {', '.join(pools)}")
    rows = sorted(
        (one for one in package.studies if pool in (None, one.pool)),
        key=lambda one: (pools.index(one.pool) if one.pool != "ptsd" else -1, one.year or 0, one.study),
    )
    if json:
        show.emit({"studies": [asdict(one) for one in rows], "search": _search_note()})
        return
    columns = ("study", "year", "condition", "design", "population", "n", "pool", "source, how seen")
    lines = [
        (
            f"{mark(one.seen)}{one.study}",
            "" if one.year is None else str(one.year),
            one.condition,
            one.design,
            one.population,
            one.n_randomised or one.n_analysed,
            one.pool,
            f"{one.source}, {one.seen}",
        )
        for one in rows
    ]
    show.table(f"{len(rows)} studies", columns, lines, ("condition", "design", "population", "pool", columns[-1]))
    show.say(MARKED, _search_note())


def _one(study: str, json: bool) -> None:
    from dataclasses import asdict

    from reprieve.cli import show
    from reprieve.evidence.package.load import load

    package = load()
    about = package.study(study)
    parts: dict[str, Sequence[Any]] = {
        "arms": [one for one in package.arms if one.study == study],
        "doses": [one for one in package.doses if one.study == study],
        "risk_of_bias": [one for one in package.rob if one.study == study],
        "contrasts": [one for one in package.contrasts if one.study == study],
        "overlaps": [one for one in package.overlaps if study in (one.study_a, one.study_b)],
        "conflicts": [one for one in package.conflicts if one.study == study],
    }
    if json:
        show.emit({"study": asdict(about), **{name: [asdict(one) for one in rows] for name, rows in parts.items()}})
        return
    show.table(study, ("field", "value"), [(k, v) for k, v in asdict(about).items() if v is not None], ("value",))
    for name, rows in parts.items():
        if rows:
            columns = SHOWN[name]
            lines = _dose_lines(rows) if name == "doses" else [[_cell(one, key) for key in columns] for one in rows]
            text = [key for key in columns if any(isinstance(line[columns.index(key)], str) for line in lines)]
            show.table(name.replace("_", " "), columns, lines, text)


def _cell(row: Any, column: str) -> Any:
    return f"{row.source}, {row.seen}" if column == SOURCE else getattr(row, column)


def _dose_lines(doses: Sequence[Any]) -> list[list[Any]]:
    """One line per arm: what was given on which days."""
    arms: dict[str, list[Any]] = {}
    for one in doses:
        arms.setdefault(one.arm, []).append(one)
    return [
        [arm, given[0].drug, ", ".join(f"{one.day:g}" for one in given), given[0].basis, _cell(given[0], SOURCE)]
        for arm, given in arms.items()
    ]


@group.command("outcomes", cls=Command)
def outcomes(
    study: Annotated[str | None, typer.Option(help="Only this study.")] = None,
    instrument: Annotated[str | None, typer.Option(help="Only this instrument, such as CAPS-5.")] = None,
    pool: Annotated[str | None, typer.Option(help="ptsd, context or depression; all if left out.")] = None,
    json: Json = False,
) -> None:
    """Arm results as tidy rows. Each with days since the first and the last dose, source, how seen."""
    from dataclasses import asdict

    from reprieve.cli import show
    from reprieve.evidence.package.load import load

    package = load()
    pools = {one.study: one.pool for one in package.studies}
    wanted = {"study": (study, set(pools)), "instrument": (instrument, {one.instrument for one in package.outcomes})}
    wanted["pool"] = (pool, set(pools.values()))
    for name, (value, known) in wanted.items():
        if value is not None and value not in known:
            raise InputError(name, value, "has no outcomes here", _near(value, known))
    rows = [
        one
        for one in package.outcomes
        if study in (None, one.study) and instrument in (None, one.instrument) and pool in (None, pools[one.study])
    ]
    listed = [
        {
            **asdict(one),
            "days_since_first": one.day,
            "days_since_last": None if one.day is None else package.days_since_last(one.study, one.arm, one.day),
            "verified": not mark(one.seen),
        }
        for one in rows
    ]
    if json:
        show.emit({"outcomes": listed})
        return
    columns = ("row", "study", "arm", "instrument", "measure", "day", "since last", "n", "value", "spread", "how seen")
    lines = [
        (
            f"{mark(row['seen'])}{row['row_id']}",
            *(row["study"], row["arm"], f"{row['instrument']} {row['subscale'] or ''}".strip(), row["measure"]),
            *(row["day"], row["days_since_last"], row["n"], row["value"], _spread(row), row["seen"]),
        )
        for row in listed
    ]
    show.table(f"{len(lines)} results", columns, lines, ("study", "arm", "instrument", "measure", "spread", "how seen"))
    show.say(MARKED)


@group.command("found", cls=Command)
def found(json: Json = False) -> None:
    """How the studies were found. Searches, decisions with reasons, the flow."""
    from dataclasses import asdict

    from reprieve.cli import show
    from reprieve.evidence.found import found as find
    from reprieve.evidence.package.load import load

    held = find(load())
    if json:
        show.emit(asdict(held))
        return
    show.table("Flow", ("step", "records"), [*held.flow.items()])
    rows = [(one.search_id, one.what, one.date, one.source_searched, one.hits, one.note) for one in held.searches]
    show.table(
        "Searches",
        ("search", "what", "date", "where", "hits", "note"),
        rows,
        ("what", "where", "note"),
    )
    lines = [(one.decision, one.record, one.reason, f"{one.source}, {one.seen}") for one in held.screened]
    show.table("Records", ("decision", "record", "reason", SOURCE), lines, ("record", "reason", SOURCE))
    show.say(held.statement)


def mark(seen: str) -> str:
    """A star before what nobody has seen in the paper or the register itself."""
    from reprieve.core.provenance import VERIFIED

    return "" if seen in VERIFIED else UNVERIFIED_MARK


def _spread(row: dict[str, Any]) -> str:
    if row["dispersion"] is not None:
        return f"{row['dispersion_type']} {row['dispersion']:g}"
    return "" if row["ci_low"] is None else f"{row['ci_low']:g} to {row['ci_high']:g}"


def _near(value: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(value, list(known), n=3, cutoff=0.4)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(sorted(known))}"


def _search_note() -> str:
    from reprieve.evidence.found import NO_SYSTEMATIC_SEARCH

    return NO_SYSTEMATIC_SEARCH
