"""What the evidence page says in numbers: words, tables and pictures, computed from the data package at build time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import isfinite

from reprieve.evidence import answer as answers
from reprieve.evidence.found import found
from reprieve.evidence.ledger import ledger
from reprieve.evidence.package.load import load
from reprieve.evidence.sentence import sentence
from reprieve.evidence.timepoints import rules
from reprieve.figures.arms import arms_of_package
from reprieve.figures.evidence_map import map_of_package
from reprieve.figures.figure import Figure
from reprieve.figures.forest import forest_of_answer
from reprieve.figures.pieces import named

NOT_POOLED = "not pooled"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of the page: headings and rows of text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@cache
def answer(at: str) -> answers.Answer:
    """Return the answer at a time point under the default rules."""
    return answers.answer(load(), at)


def two(value: float | None) -> str:
    """A number with two places; nothing where there is none."""
    return f"{value:.2f}" if value is not None and isfinite(value) else ""


def span(low: float | None, high: float | None) -> str:
    """An interval; nothing where one end is missing."""
    return f"{two(low)} to {two(high)}" if two(low) and two(high) else ""


def _pool(one: answers.Answer | answers.Variant) -> tuple[str, str, str]:
    p = one.pool
    return (two(p.estimate), span(p.ci_low, p.ci_high), span(p.pi_low, p.pi_high)) if p else (NOT_POOLED, "", "")


# ---- Tables.


def overview() -> Grid:
    """One line per time point, as `reprieve evidence meta` prints them."""
    head = (
        "time point",
        "trials",
        "patients",
        "Hedges g",
        "95 % CI",
        "95 % prediction interval",
        "left out, unverified",
    )
    held = [answer(point.key) for point in rules().timepoints]
    return Grid(
        head,
        tuple(
            (a.point.label, str(len(a.selection.chosen)), str(a.patients), *_pool(a), str(a.left_out_unverified))
            for a in held
        ),
    )


def studies(at: str) -> Grid:
    """The trials of a pool, one row each."""
    head = (
        "trial",
        "instrument",
        "day",
        "since the last dose",
        "n",
        "g",
        "variance",
        "from",
        "standardiser",
        "how seen",
    )
    return Grid(
        head,
        tuple(
            (
                *(named(one.study), one.instrument, _day(one.day), _day(one.days_since_last)),
                *(f"{one.n_ketamine} v {one.n_comparator}", two(one.yi), f"{one.vi:.3f}"),
                *(one.how, one.standardiser, str(one.seen)),
            )
            for one in answer(at).selection.chosen
        ),
    )


def _day(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def variants(at: str) -> Grid:
    """The pool with one choice changed at a time."""
    head = ("one choice changed", "trials", "Hedges g", "95 % CI", "95 % prediction interval")
    return Grid(head, tuple((one.label, str(len(one.studies)), *_pool(one)) for one in answer(at).variants))


def published(at: str) -> Grid:
    """Our pool and the published ones, sign made equal."""
    a = answer(at)
    ours = ("this page", *_pool(a)[:2], f"{len(a.selection.chosen)} trials")
    theirs = [
        (f"{named(one.source)}: {one.label}", two(one.estimate), span(one.ci_low, one.ci_high), f"seen: {one.seen}")
        for one in a.published
    ]
    return Grid(("pool", "Hedges g", "95 % CI", "rests on"), (ours, *theirs))


def beside() -> Grid:
    """Our pool and the published one of the same time point, where there is one."""
    head = ("time point", "this page: g", "95 % CI", "published: g", "95 % CI", "from", "seen")
    rows = []
    for point in rules().timepoints:
        a = answer(point.key)
        same = [one for one in a.published if f" {point.key}," in one.label]
        theirs = [(two(one.estimate), span(one.ci_low, one.ci_high), named(one.source), str(one.seen)) for one in same]
        rows += [(point.label, *_pool(a)[:2], *one) for one in theirs or [("none", "", "", "")]]
    return Grid(head, tuple(rows))


def left_out(at: str) -> Grid:
    """Every row that is not in the pool, and why."""
    rows = [(named(one.study), one.row_id, one.kind, one.reason) for one in answer(at).selection.left_out]
    return Grid(("study", "row", "why", "reason"), tuple(rows))


def certainty(at: str) -> Grid:
    """The judged domains of a pool."""
    held = answer(at).certainty
    rows = (
        [(one.domain.replace("_", " "), one.judgement.replace("_", " "), one.reason) for one in held.domains]
        if held
        else []
    )
    return Grid(("domain", "judgement", "reason"), tuple((d, j, reason or "") for d, j, reason in rows))


def claims() -> Grid:
    """The ledger: each claim, what it cites, the verdict, our pool today."""
    head = ("it says", "it cites", "verdict", "what holds against it", "our pool today")
    rows = [
        (e.claim.claim, e.claim.cited or "nothing", e.claim.verdict, e.claim.but, _today(e.today))
        for e in ledger(load())
    ]
    return Grid(head, tuple(rows))


def _today(held: tuple[answers.Answer, ...]) -> str:
    return "; ".join(
        f"{one.point.key}: {two(one.pool.estimate)} ({span(one.pool.ci_low, one.pool.ci_high)}), {one.pool.k} trials"
        if one.pool
        else f"{one.point.key}: {one.refused}"
        for one in held
    )


def flow() -> Grid:
    """From records to pools."""
    return Grid(("step", "number"), tuple((step, str(n)) for step, n in found(load()).flow.items()))


def searches() -> Grid:
    """Where the studies were looked for."""
    rows = [
        (one.what or "", one.date or "not known", one.source_searched or "", one.note or "")
        for one in found(load()).searches
    ]
    return Grid(("what", "date", "where", "note"), tuple(rows))


def points() -> Grid:
    """The time points and their windows, from the rules."""
    rows = [
        (p.key, p.label, f"the {p.since} dose", f"{p.nominal_day:g}", f"{p.from_day:g} to {p.to_day:g}")
        for p in rules().timepoints
    ]
    return Grid(("name", "what", "days counted from", "nominal day", "window, days"), tuple(rows))


TABLES: dict[str, Callable[..., Grid]] = {
    one.__name__.replace("_", "-"): one
    for one in (overview, beside, studies, variants, published, left_out, certainty, claims, flow, searches, points)
}

# ---- Pictures.

PICTURES: dict[str, Callable[..., Figure]] = {
    "forest": lambda at: forest_of_answer(answer(at), load()),
    "timecourse": lambda: arms_of_package(load()),
    "map": lambda: map_of_package(load()),
}

# ---- Words.


@cache
def words() -> dict[str, str]:
    """Every word and number that the text may name, such as `eot g` or `rules warn-below`."""
    held = {
        "search": found(load()).statement,
        "rules pool-at-least": str(rules().pool_at_least),
        "rules warn-below": str(rules().warn_below),
        "rules small-study": str(rules().small_study_tests_at_least),
        "rules instruments": ", ".join(rules().instruments),
        "rules standardiser": rules().standardiser,
        "rules paired": f"{rules().paired.value:g}",
        "package studies": str(len(load().studies)),
        "package ptsd": str(sum(one.pool == "ptsd" for one in load().studies)),
        "package depression": str(sum(one.pool == "depression" for one in load().studies)),
    }
    for point in rules().timepoints:
        held |= {f"{point.key} {name}": value for name, value in _answered(answer(point.key))}
    return held


def _answered(a: answers.Answer) -> Iterator[tuple[str, str]]:
    g, ci, predicted = _pool(a)
    yield from (("sentence", sentence(a, load())), ("g", g), ("ci", ci), ("pi", predicted))
    yield from (("k", str(len(a.selection.chosen))), ("patients", str(a.patients)), ("refused", a.refused))
    yield from (("unverified", str(a.left_out_unverified)), ("warnings", "; ".join(a.warnings) or "none"))
    yield "certainty", a.certainty.level if a.certainty else "not judged"
    if a.pool:
        p = a.pool
        yield (
            "spread",
            f"tau2 {p.tau2:.3g} (95 % Q-profile interval {span(p.tau2_ci_low, p.tau2_ci_high)}), I2 {p.i2:.0f} %",
        )
    if a.bayes:
        b = a.bayes
        yield "bayes", f"{two(b.mean)} (95 % CrI, equal-tailed, {span(b.ci_low, b.ci_high)})"
        yield "bayes-prior", b.prior
        yield "bayes-better", two(b.p_negative)
