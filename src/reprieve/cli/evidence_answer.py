"""`reprieve evidence meta` and `claims`: the pooled answer, and the ledger that holds each claim against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli.options import Json
from reprieve.cli.reading import Command
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from reprieve.evidence.answer import Answer
    from reprieve.evidence.pooling.meta import Meta
    from reprieve.evidence.selection import Filters

At = Annotated[str | None, typer.Option(help="24h, 1w, 2w, eot or 4w; all if left out.")]
Since = Annotated[str | None, typer.Option(help="Count 1w, 2w and 4w from the first or the last dose.")]
Comparator = Annotated[str | None, typer.Option(help="active or inert.")]
Population = Annotated[str | None, typer.Option(help="veteran or civilian.")]
Instrument = Annotated[str | None, typer.Option(help="Only this instrument, such as CAPS-5.")]
Include = Annotated[
    str, typer.Option(help="verified, second-hand (adds rows quoted by others) or unverified (adds all).")
]
Method = Annotated[str, typer.Option(help="DL, HE, SJ, ML, REML, EB, PM or EE.")]
Test = Annotated[str, typer.Option(help="knha or z.")]

INTERVALS = "95 % confidence intervals; prediction intervals of a new trial, 95 %. Negative favours ketamine."


def register(group: typer.Typer) -> None:
    """Add the commands to the group."""
    group.command("meta", cls=Command)(meta)
    group.command("claims", cls=Command)(claims)


def filters(comparator: str | None, population: str | None, instrument: str | None, include: str) -> Filters:
    """What the reader asked for. Raises `InputError` naming an unknown wish."""
    from reprieve.core.provenance import VERIFIED, SeenHow
    from reprieve.evidence.selection import SECOND_HAND, Filters

    trusted = {"verified": VERIFIED, "second-hand": SECOND_HAND, "unverified": frozenset(SeenHow)}
    if include not in trusted:
        raise InputError("include", include, f"must be one of {', '.join(trusted)}")
    return Filters(comparator, population, instrument, trusted[include])


def meta(
    at: At = None,
    since: Since = None,
    comparator: Comparator = None,
    population: Population = None,
    instrument: Instrument = None,
    include: Include = "verified",
    method: Method = "REML",
    test: Test = "knha",
    json: Json = False,
) -> None:
    """What ketamine does for PTSD. The pooled effect at a time point, what it leaves out, how it moves."""
    from reprieve.cli import show
    from reprieve.evidence.answer import answer
    from reprieve.evidence.package.load import load
    from reprieve.evidence.timepoints import rules

    package = load()
    wanted = filters(comparator, population, instrument, include)
    keys = [at] if at is not None else [point.key for point in rules().timepoints]
    if at is None and since is not None:
        raise InputError("since", since, "needs a time point", "add --at 1w, 2w or 4w")
    answers = [answer(package, key, since=since, filters=wanted, method=method, test=test) for key in keys]
    if json:
        show.emit(as_json(answers[0]) if at is not None else {"answers": [as_json(one) for one in answers]})
    elif at is None:
        _overview(answers)
    else:
        _full(answers[0])


def as_json(answer: Answer) -> dict[str, Any]:
    """An answer as a JSON-ready table: the keys of `reprieve meta`, then what stands around the number."""
    from dataclasses import asdict

    from reprieve.evidence.package.load import load
    from reprieve.evidence.sentence import sentence

    filters = answer.filters
    return {
        "at": answer.point.key,
        "time_point": asdict(answer.point),
        "comparator": filters.comparator,
        "population": filters.population,
        "instrument": filters.instrument,
        "trusted": sorted(filters.trusted),
        "k": len(answer.selection.chosen),
        "patients": answer.patients,
        **_numbers(answer.pool),
        "refused": answer.refused or None,
        "sentence": sentence(answer, load()),
        "bayes": asdict(answer.bayes) if answer.bayes else None,
        "studies": [asdict(one) for one in answer.selection.chosen],
        "left_out_unverified": answer.left_out_unverified,
        "left_out": [asdict(one) for one in answer.selection.left_out],
        "sensitivity": [
            {"label": one.label, "studies": list(one.studies), "k": len(one.studies), **_numbers(one.pool)}
            for one in answer.variants
        ],
        "published": [asdict(one) for one in answer.published],
        "certainty": asdict(answer.certainty) if answer.certainty else None,
        "search": answer.search,
        "warnings": list(answer.warnings),
        "versions": dict(answer.versions),
        "inputs_digest": answer.inputs_digest,
    }


NUMBERS = (
    *("estimate", "se", "ci_low", "ci_high", "p", "pi_low", "pi_high", "tau2", "tau2_ci_low", "tau2_ci_high"),
    *("i2", "h2", "q", "q_df", "q_p", "method", "test"),
)


def _numbers(pool: Meta | None) -> dict[str, Any]:
    return {name: getattr(pool, name) if pool is not None else None for name in NUMBERS}


def _overview(answers: list[Answer]) -> None:
    from reprieve.cli import show

    columns = ("time point", "trials", "patients", "Hedges g", "95 % CI", "95 % prediction", "left out, unverified")
    rows = [
        (
            one.point.label,
            len(one.selection.chosen),
            one.patients,
            *_cells(one.pool),
            one.left_out_unverified,
        )
        for one in answers
    ]
    show.table("Ketamine against comparator in PTSD", columns, rows, ("time point", "95 % CI", "95 % prediction"))
    show.say(INTERVALS, "One time point in full: reprieve evidence meta --at eot", answers[0].search)


def _cells(pool: Meta | None) -> tuple[object, str, str]:
    if pool is None:
        return "not pooled", "", ""
    return pool.estimate, _span(pool.ci_low, pool.ci_high), _span(pool.pi_low, pool.pi_high)


def _span(low: float | None, high: float | None) -> str:
    from math import isfinite

    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return ""
    return f"{low:.2f} to {high:.2f}"


def _full(answer: Answer) -> None:
    from reprieve.cli import show
    from reprieve.evidence.package.load import load
    from reprieve.evidence.sentence import sentence

    show.say(sentence(answer, load()), "")
    _table_of_studies(answer)
    if answer.pool is not None:
        p = answer.pool
        spread = f"tau2 {p.tau2:.3g} ({_span(p.tau2_ci_low, p.tau2_ci_high)}), I2 {p.i2:.0f} %, Q {p.q:.2f} on {p.q_df}"
        show.say(f"Pooled ({p.method}, {p.test}): {p.estimate:.2f}, {_span(p.ci_low, p.ci_high)}; {spread}.", "")
    if answer.bayes is not None:
        b = answer.bayes
        show.say(
            f"Bayesian ({b.prior}): {b.mean:.2f}, {_span(b.ci_low, b.ci_high)} (95 % credible, equal-tailed); "
            f"probability that ketamine is better {b.p_negative:.2f}.",
            "",
        )
    _table_of_variants(answer)
    beside = [(one, f"{one.source}, {one.seen}") for one in answer.published]
    rows = [(one.label, one.estimate, _span(one.ci_low, one.ci_high), seen) for one, seen in beside]
    columns = ("published, our sign", "g", "95 % CI", "source, how seen")
    show.table("Beside it", columns, rows, ("95 % CI", "source, how seen"))
    left = [(one.study, one.row_id, one.kind, one.reason) for one in answer.selection.left_out]
    show.table("Left out", ("study", "row", "why", "reason"), left, ("row", "why", "reason"))
    if answer.certainty is not None:
        judged = [(one.domain, one.judgement, one.reason) for one in answer.certainty.domains]
        heading = f"Certainty: {answer.certainty.level} (this project's judgement)"
        show.table(heading, ("domain", "judgement", "reason"), judged, ("judgement", "reason"))
    show.say(
        f"{answer.left_out_unverified} rows with figures left out because unverified. {INTERVALS}",
        *answer.warnings,
        answer.search,
    )


def _table_of_studies(answer: Answer) -> None:
    from reprieve.cli import show

    columns = ("study", "instrument", "day", "since last", "n", "g", "variance", "from", "standardiser", "how seen")
    rows = [
        (
            *(one.study, one.instrument, one.day, one.days_since_last),
            f"{one.n_ketamine} v {one.n_comparator}",
            *(one.yi, one.vi, one.how, one.standardiser, str(one.seen)),
        )
        for one in answer.selection.chosen
    ]
    title = f"{answer.point.label[0].upper()}{answer.point.label[1:]}: one row per trial"
    show.table(title, columns, rows, ("instrument", "n", "from", "standardiser", "how seen"))


def _table_of_variants(answer: Answer) -> None:
    from reprieve.cli import show

    if not answer.variants:
        return
    rows = [(one.label, len(one.studies), *_cells(one.pool)) for one in answer.variants]
    columns = ("one choice changed", "trials", "Hedges g", "95 % CI", "95 % prediction")
    show.table("How the answer moves", columns, rows, ("95 % CI", "95 % prediction"))


def claims(
    claim: Annotated[str | None, typer.Argument(help="Only this claim, in full.")] = None, json: Json = False
) -> None:
    """The founding review's claims. Each with its citation, verdict, better sources and today's pool."""
    from dataclasses import asdict

    from reprieve.cli import show
    from reprieve.evidence.ledger import ledger
    from reprieve.evidence.package.load import load

    entries = ledger(load(), claim)
    if json:
        listed = [{**asdict(one.claim), "today": [as_json(a) for a in one.today]} for one in entries]
        show.emit({"claims": listed})
        return
    if claim is None:
        held = [(entry.claim, today(entry.today)) for entry in entries]
        rows = [(one.id, one.claim, one.cited, one.verdict, now) for one, now in held]
        columns = ("claim", "it says", "it cites", "verdict", "our pool today")
        show.table("The ledger of claims", columns, rows, columns[1:])
        show.say("One claim in full: reprieve evidence claims NAME", INTERVALS)
        return
    for entry in entries:
        one = entry.claim
        fields = [(k, v) for k, v in asdict(one).items() if v and k not in ("better", "pools")]
        show.table(one.id, ("field", "value"), [*fields, ("our pool today", today(entry.today))], ("value",))
        better = [(b.citation, b.figure, f"{b.source}, {b.seen}") for b in one.better]
        show.table("Better sources", ("citation", "figure", "source, how seen"), better, ("figure", "source, how seen"))


def today(answers: tuple[Answer, ...]) -> str:
    """Today's figures in one line."""
    return "; ".join(
        f"{one.point.key}: g {one.pool.estimate:.2f} ({_span(one.pool.ci_low, one.pool.ci_high)}), k {one.pool.k}"
        if one.pool
        else f"{one.point.key}: {one.refused}"
        for one in answers
    )
