"""The forest plot: every study of a pool, what is not in the pool and why, and the pooled effect.

Left is better for the treatment. A study is filled where its figures were seen in the paper or the register and hollow
where they were not; a study that gave no figures is a row of words, so that nobody is hidden.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from reprieve.figures.figure import Figure
from reprieve.figures.forest_chart import draw
from reprieve.figures.forest_layout import Look
from reprieve.figures.forest_rows import Bias, Forest, ForestPool, ForestPublished, ForestRow, ForestWords
from reprieve.figures.left_out import with_figures
from reprieve.figures.pieces import named, signed
from reprieve.figures.render import svg

if TYPE_CHECKING:
    from reprieve.evidence.answer import Answer
    from reprieve.evidence.candidates import Candidate
    from reprieve.evidence.package.load import Package
    from reprieve.evidence.pooling.meta import Meta

ANOTHER_ROW = "other row"
TESTS = {"knha": "Knapp-Hartung", "z": "normal"}
DOMAINS = (
    "D1 randomisation, DS carry-over, D2 deviations from the intended treatment, D3 missing data, D4 measurement, "
    "D5 reporting; judged by this project from what was seen."
)
KETAMINE = Look("Hedges g", "favours ketamine", "favours comparator", DOMAINS)


def forest(name: str, title: str, caption: str, held: Forest, look: Look | None = None) -> Figure:
    """Draw a forest plot. `caption` says what a reader must know beside it."""
    import altair as alt

    look, table = look or Look(), held.table()
    subtitle = _subtitle(held, look)
    heading = alt.TitleParams(text=title, subtitle=subtitle, frame="bounds")
    chart = draw(table, look).properties(title=heading)
    return Figure(name, title, caption, svg(chart, name, f"{title}. {' '.join(subtitle)}"), table)


def _subtitle(held: Forest, look: Look) -> list[str]:
    """The level and kind of every interval, and what filled and hollow mean."""
    lines = [f"{look.effect} of each study with its {held.percent} confidence interval (normal)."]
    if held.pool is not None:
        lines.append(f"Diamond: pooled effect and {held.percent} confidence interval ({held.pool.how}).")
        if held.pool.pi_low is not None:
            lines[-1] += f" Thin line: {held.percent} prediction interval."
    if any(row.seen for row in held.rows):
        lines.append(
            "Filled: seen in the paper or register. Hollow: second-hand or unverified. Size: weight in the pool."
        )
    return lines


def forest_of_meta(
    meta: Meta, title: str = "Forest plot", effect: str = "Effect", favours: tuple[str, str] = ("", "")
) -> Figure:
    """Draw the pool of anyone's table; `favours` says what a negative and a positive effect mean.

    Rows that were left out are listed with their reason. A meta-regression has no diamond.
    """
    reach = NormalDist().inv_cdf((1 + meta.level) / 2)
    rows = tuple(
        ForestRow(
            one.label,
            one.yi,
            one.yi - reach * math.sqrt(one.vi),
            one.yi + reach * math.sqrt(one.vi),
            one.weight_percent,
        )
        for one in meta.studies
    )
    held = Forest(
        rows,
        pool=pool_of(meta),
        refused="" if math.isfinite(meta.estimate) else "With moderators there is no single pooled effect.",
        silent=tuple(ForestWords(one.label or f"row {one.row}", f"left out: {one.reason}") for one in meta.excluded),
        level=meta.level,
    )
    return forest("forest", title, " ".join(meta.warnings), held, Look(effect, *favours, silent="Rows left out"))


def pool_of(meta: Meta) -> ForestPool | None:
    """The diamond of a pool; None where moderators leave no single effect."""
    if not math.isfinite(meta.estimate):
        return None
    predicted = math.isfinite(meta.pi_low) and math.isfinite(meta.pi_high)
    return ForestPool(
        estimate=meta.estimate,
        ci_low=meta.ci_low,
        ci_high=meta.ci_high,
        pi_low=meta.pi_low if predicted else None,
        pi_high=meta.pi_high if predicted else None,
        how=f"{meta.method}, {TESTS.get(meta.test, meta.test)}",
        heterogeneity=f"tau2 {signed(meta.tau2, 3)}, I2 {meta.i2:.0f} %, Q {meta.q:.2f} on {meta.q_df}",
    )


def forest_of_answer(answer: Answer, package: Package | None = None) -> Figure:
    """Draw an answer: the pool, rows left out because nobody saw them in the paper, and the silent trials in words.

    `package` is the one the answer came from, the packaged data if left out.
    """
    from reprieve.evidence.package.load import load

    package = package or load()
    judged = _judged(package)
    weights = {one.label: one.weight_percent for one in answer.pool.studies} if answer.pool else {}
    rows = [
        _row(package, one, weights.get(one.study), "" if answer.pool else "not pooled", judged)
        for one in answer.selection.chosen
    ]
    rows += [
        _row(package, one, None, f"not in the pool: {reason}", judged) for one, reason in with_figures(answer, package)
    ]
    held = Forest(
        rows=tuple(rows),
        pool=pool_of(answer.pool) if answer.pool else None,
        refused=_begin(answer.refused),
        published=tuple(
            ForestPublished(named(one.source), _short(one.label), one.estimate, one.ci_low, one.ci_high, one.seen)
            for one in answer.published
        ),
        silent=_silent(answer, package, {row.name for row in rows}, judged),
        level=answer.pool.level if answer.pool else 0.95,
    )
    asked = [f"{one} comparator" for one in (answer.filters.comparator,) if one]
    asked += [one for one in (answer.filters.population, answer.filters.instrument) if one]
    title = ", ".join([f"Ketamine for PTSD: {answer.point.label}", *asked])
    caption = " ".join([*_caption(answer), answer.search])
    return forest(f"forest-{answer.point.key}", title, caption, held, KETAMINE)


def _row(package: Package, one: Candidate, weight: float | None, note: str, judged: dict[str, Bias]) -> ForestRow:
    reach = NormalDist().inv_cdf(0.975) * math.sqrt(one.vi or 0.0)
    middle = one.yi or 0.0
    return ForestRow(
        name=named(one.study),
        effect=middle,
        ci_low=middle - reach,
        ci_high=middle + reach,
        weight_percent=weight,
        year=package.study(one.study).year,
        n_treatment=one.n_ketamine,
        n_comparator=one.n_comparator,
        instrument=one.instrument,
        day=one.day,
        seen=str(one.seen),
        note=note,
        bias=judged.get(one.study, ()),
    )


def _silent(answer: Answer, package: Package, shown: set[str], judged: dict[str, Bias]) -> tuple[ForestWords, ...]:
    """One row of words for each study that has none of its own."""
    said: dict[str, list[str]] = {}
    for left in answer.selection.left_out:
        if named(left.study) not in shown and left.kind != ANOTHER_ROW:
            reasons = said.setdefault(left.study, [])
            reasons.extend([left.reason] if left.reason not in reasons else [])
    return tuple(
        ForestWords(named(study), "; ".join(reasons), package.study(study).year, judged.get(study, ()))
        for study, reasons in said.items()
    )


def _judged(package: Package) -> dict[str, Bias]:
    held: dict[str, list[tuple[str, str]]] = {}
    for one in package.rob:
        held.setdefault(one.study, []).append((one.domain, one.judgement))
    return {study: tuple(pairs) for study, pairs in held.items()}


def _caption(answer: Answer) -> list[str]:
    lines = [f"{answer.left_out_unverified} rows with figures were left out because nobody has seen them in the paper."]
    if answer.pool:
        spread = f"tau2 {signed(answer.pool.tau2, 3)}, I2 {answer.pool.i2:.0f} %"
        lines.insert(0, f"{answer.pool.k} trials, {answer.patients} patients; {spread}.")
    if answer.published:
        lines.append("Hollow diamonds: pools that others published, their sign turned to ours, with 95 % intervals.")
    return lines


def _short(label: str) -> str:
    return label.removeprefix("Hedges g, ").replace("all,", "all times,").replace(", any comparator", "")


def _begin(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}." if words else ""
