"""`reprieve meta`: the meta-analysis of anyone's table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli.options import Json
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from reprieve.evidence.pooling.meta import Meta
    from reprieve.evidence.pooling.permutation import Permutation


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("meta", cls=Command)(meta)


def meta(
    file: Annotated[str, typer.Argument(help="A table: CSV, the first row names the columns.")],
    yi: Annotated[str, typer.Option(help="Column of the estimates.")] = "yi",
    vi: Annotated[str, typer.Option(help="Column of their sampling variances (squared standard errors).")] = "vi",
    label: Annotated[str | None, typer.Option(help="Column of the study names.")] = None,
    method: Annotated[str, typer.Option(help="DL, HE, SJ, ML, REML, EB, PM; EE for equal effects.")] = "REML",
    test: Annotated[str, typer.Option(help="knha (Knapp-Hartung) or z.")] = "knha",
    mods: Annotated[str | None, typer.Option(help='Moderators, such as "x + z"; words become a factor.')] = None,
    permutations: Annotated[int | None, typer.Option(help="Permutation p, of at most this many arrangements.")] = None,
    seed: Annotated[int, typer.Option(help="Which random arrangements, where not all are tried.")] = 1,
    level: Annotated[float, typer.Option(help="Level of every interval.")] = 0.95,
    leave_one_out: Annotated[bool, typer.Option("--leave-one-out", help="Pool again without each study.")] = False,
    influence: Annotated[bool, typer.Option("--influence", help="Which studies pull the fit.")] = False,
    cumulative: Annotated[
        str | None, typer.Option(help="Add one study after the other, by this column, such as the year.")
    ] = None,
    subgroup: Annotated[str | None, typer.Option(help="Pool within each value of this column, and compare.")] = None,
    bias: Annotated[
        bool, typer.Option("--bias", help="Egger, PET-PEESE, ranks, trim and fill; from 10 studies on.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Let --bias look at fewer than 10 studies.")] = False,
    bayes: Annotated[bool, typer.Option("--bayes", help="Bayesian pool, for 3 to 8 studies.")] = False,
    forest: Annotated[str | None, typer.Option(help="Draw the forest plot: FILE.svg.")] = None,
    funnel: Annotated[str | None, typer.Option(help="Draw the funnel plot: FILE.svg.")] = None,
    json: Json = False,
) -> None:
    """Meta-analysis of a table of your own. As R metafor, from estimates and their variances."""
    from reprieve.cli import show
    from reprieve.cli.meta_diagnostics import Asked, look
    from reprieve.evidence.pooling.meta import meta as pool
    from reprieve.evidence.pooling.reading import read
    from reprieve.evidence.pooling.table import read_table

    asked = Asked(leave_one_out, influence, cumulative, subgroup, bias, force, bayes)
    asked.check(mods)
    targets = _targets(forest, funnel)
    table = read_table(file)
    found = pool(
        table,
        yi=yi,
        vi=vi,
        label=label,
        method=method,
        test=test,
        mods=mods,
        level=level,
        permutations=permutations,
        seed=seed,
    )
    plan = None if mods is None else read(table, yi, vi, label, mods).design
    looked = look(table, found, asked, None if plan is None else plan.matrix)
    _draw(found, targets)
    if json:
        show.emit(found.to_json() | looked.to_json())
        return
    _studies(found)
    if found.coefficients:
        _coefficients(found)
    show.say(*sentences(found))
    show.say(*(f"Left out: row {one.row}, {one.label}: {one.reason}." for one in found.excluded))
    show.say(*(f"Note: {line}." for line in found.warnings))
    if asked != Asked():
        from reprieve.cli.meta_tables import tell

        tell(looked)
    show.say(*(f"Written: {path}" for path in targets.values()))


def _targets(forest: str | None, funnel: str | None) -> dict[str, Path]:
    """Where each picture goes. Raises `InputError` for a file that cannot be written or is named twice."""
    from reprieve.cli import files

    named = {"forest": forest, "funnel": funnel}
    targets = {name: files.checked(name, path, (".svg",)) for name, path in named.items() if path is not None}
    if len({path.resolve() for path in targets.values()}) < len(targets):
        raise InputError("funnel", funnel, "is the file of the forest plot", "name another file")
    return targets


def _draw(found: Meta, targets: dict[str, Path]) -> None:
    if "forest" in targets:
        from reprieve.figures.forest import forest_of_meta

        forest_of_meta(found).save(targets["forest"])
    if "funnel" in targets:
        from reprieve.figures.funnel import funnel_of_meta

        funnel_of_meta(found).save(targets["funnel"])


def _studies(found: Meta) -> None:
    from reprieve.cli import show

    held, percent = found.table(), f"{100 * found.level:g} %"
    columns = ("study", "estimate", f"{percent} CI low", "high", "weight, %")
    rows = list(zip(*(held[name] for name in ("study", "yi", "ci_low", "ci_high", "weight_percent")), strict=True))
    if not found.coefficients:
        rows.append(("pooled", found.estimate, found.ci_low, found.ci_high, 100.0))
        if found.method != "EE":
            rows.append(("prediction for a new study", None, found.pi_low, found.pi_high, None))
    show.table(f"{found.k} studies, {found.method}, test {found.test}", columns, rows)


def _coefficients(found: Meta) -> None:
    from reprieve.cli import show

    percent = f"{100 * found.level:g} %"
    columns = ["moderator", "coefficient", "SE", "p", f"{percent} CI low", "high"]
    rows = [[one.term, one.estimate, one.se, one.p, one.ci_low, one.ci_high] for one in found.coefficients]
    if found.permutation is not None:
        columns.append("permutation p")
        rows = [[*row, p] for row, p in zip(rows, found.permutation.p, strict=True)]
    show.table("Coefficients", columns, rows)
    for name, level in (found.references or {}).items():
        show.say(f"{name} is compared with {level}.")


def sentences(found: Meta) -> tuple[str, str]:
    """The answer, and how much the studies differ, in two sentences."""
    from reprieve.figures.tables import number

    spread = f"tau2 {number(found.tau2)}"
    if not math.isnan(found.tau2_ci_low):
        ends = f"{number(found.tau2_ci_low)} to {number(found.tau2_ci_high)}"
        spread += f" ({100 * found.level:g} % Q-profile interval {ends})"
    left = " that the moderators leave" if found.coefficients else ""
    second = (
        f"Differences between the studies{left}: {spread}, I2 {found.i2:.0f} %, "
        f"Q {number(found.q)} on {found.q_df} degrees of freedom, p {p_value(found.q_p)}."
    )
    return _answer(found), second


def _answer(found: Meta) -> str:
    from reprieve.figures.tables import number

    tried = found.permutation
    if found.coefficients:
        what = f"All moderators together: p {p_value(found.qm_p)}"
        return what + (f", by permutation {p_value(tried.qm_p)} ({_arrangements(tried)})." if tried else ".")
    ends = f"{number(found.ci_low)} to {number(found.ci_high)}"
    what = f"Pooled estimate {number(found.estimate)} ({100 * found.level:g} % CI {ends}, p {p_value(found.p)}"
    if tried:
        what += f", by permutation {p_value(tried.qm_p)}, {_arrangements(tried)}"
    if found.method == "EE":
        return f"{what}), taking the true effect to be the same in every study."
    ahead = f"{number(found.pi_low)} to {number(found.pi_high)}"
    return f"{what}); the true effect in a new study is predicted between {ahead} ({100 * found.level:g} % interval)."


def _arrangements(tried: Permutation) -> str:
    return f"all {tried.count} arrangements" if tried.exact else f"{tried.count} random arrangements, seed {tried.seed}"


def p_value(p: float) -> str:
    """A p as text."""
    if math.isnan(p):
        return "unknown"
    return "< 0.001" if p < 1e-3 else f"= {p:.2g}" if p < 1e-2 else f"= {p:.2f}"
