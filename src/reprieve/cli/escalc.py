"""`reprieve escalc`: effect sizes of anyone's table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import files
from reprieve.cli.options import Json
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from reprieve.evidence.pooling.escalc import EffectTable
    from reprieve.evidence.pooling.table import Table


def _column(what: str) -> Any:
    return typer.Option(help=f"Column of {what}.", metavar="COLUMN")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("escalc", cls=Command)(escalc)


# The columns are read from the context, by the names that the measures give them.
def escalc(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Table: CSV with a header, one row per study.")],
    measure: Annotated[
        str,
        typer.Option(
            help="MD, SMD, SMDH, ROM; MC, SMCC, SMCR; OR, RR, RD, PETO; PR, PLO, PAS; COR, ZCOR; GEN (as given)."
        ),
    ],
    m1i: Annotated[str | None, _column("the means of group 1, or of the first reading")] = None,
    sd1i: Annotated[str | None, _column("their SDs")] = None,
    se1i: Annotated[str | None, _column("their standard errors, where an SD is missing")] = None,
    n1i: Annotated[str | None, _column("the sizes of group 1")] = None,
    m2i: Annotated[str | None, _column("the means of group 2, or of the second reading")] = None,
    sd2i: Annotated[str | None, _column("their SDs")] = None,
    se2i: Annotated[str | None, _column("their standard errors, where an SD is missing")] = None,
    n2i: Annotated[str | None, _column("the sizes of group 2")] = None,
    di: Annotated[str | None, _column("d, for SMD; of people without the event in group 2, for counts")] = None,
    ti: Annotated[str | None, _column("t of two groups, for SMD")] = None,
    pi: Annotated[str | None, _column("two-sided p with the sign of the effect, for SMD")] = None,
    ai: Annotated[str | None, _column("the events in group 1")] = None,
    bi: Annotated[str | None, _column("the people without the event in group 1")] = None,
    ci: Annotated[str | None, _column("the events in group 2")] = None,
    xi: Annotated[str | None, _column("the events of one group")] = None,
    mi: Annotated[str | None, _column("the people without the event in one group")] = None,
    ni: Annotated[str | None, _column("the people or pairs")] = None,
    ri: Annotated[
        str | None, typer.Option(help="Column of the correlations, or one number.", metavar="COLUMN|NUMBER")
    ] = None,
    yi: Annotated[str | None, _column("the estimates, for GEN")] = None,
    vi: Annotated[str | None, _column("their variances")] = None,
    sei: Annotated[str | None, _column("their standard errors, where a variance is missing")] = None,
    label: Annotated[str | None, _column("the names of the studies")] = None,
    vtype: Annotated[str, typer.Option(help="Variance, as in R metafor: LS, UB, LS2 or HO.")] = "LS",
    add: Annotated[float | None, typer.Option(help="Added to empty cells; one half if left out, 0 for PAS.")] = None,
    to: Annotated[str, typer.Option(help="Which tables get it: only0, all, if0all or none.")] = "only0",
    out: Annotated[
        str | None, typer.Option(help="Write the table with yi and vi for `reprieve meta`: FILE.csv.")
    ] = None,
    json: Json = False,
) -> None:
    """Effect sizes and variances of a table. Columns are found under the names of R metafor or Metapsy."""
    from reprieve.cli import show
    from reprieve.evidence.pooling.escalc import escalc as compute
    from reprieve.evidence.pooling.roles import ROLES
    from reprieve.evidence.pooling.table import read_table

    target = None if out is None else files.checked("out", out, (".csv",))
    if target is not None and target.exists() and Path(file).exists() and target.samefile(file):
        raise InputError("out", out, "is the table itself", "name another file")
    table = read_table(file)
    named = {role: context.params[role] for role in ROLES if context.params.get(role) is not None}
    given = {role: _number_or_column(table, value) if role == "ri" else value for role, value in named.items()}
    found = compute(measure, table, vtype=vtype, add=add, to=to, label=label, **given)
    if target is not None:
        write(found, target)
    if json:
        show.emit(found.to_json())
    else:
        print_effects(found, target)


def _number_or_column(table: Table, text: str) -> str | float:
    if text in table.columns:
        return text
    try:
        return float(text)
    except ValueError:
        return text


def write(found: EffectTable, path: Path) -> None:
    """Write the columns of the table with yi and vi, which are empty where a row has no effect."""
    import csv

    cells = found.table()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(cells)
        writer.writerows(zip(*cells.values(), strict=True))


def print_effects(found: EffectTable, path: Path | None) -> None:
    """Print the effects, the rows without one, and what was read as what."""
    from reprieve.cli import show
    from reprieve.evidence.pooling.escalc import MEASURES

    rows = zip(found.labels, found.rows, found.yi.tolist(), found.vi.tolist(), found.how, strict=True)
    show.say(f"{MEASURES[found.measure].label}: {len(found.yi)} of {len(found.source)} rows")
    show.table("", ("study", "row", "yi", "vi", "from"), rows, ("from",))
    if found.excluded:
        left = [(one.label, one.row, one.reason) for one in found.excluded]
        show.table("Rows without an effect", ("study", "row", "reason"), left, ("reason",))
    renamed = [f"{role} is {place}" for role, place in found.columns.items() if place != role]
    if renamed:
        show.say(f"Read as: {', '.join(renamed)}.")
    show.say(*(f"Note: {note}." for note in found.notes))
    if path is not None:
        show.say(f"Written: {path}")
