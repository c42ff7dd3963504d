"""The report: one HTML file with everything in it, that opens anywhere without a network."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from reprieve.core.citations import software
from reprieve.core.intervals import OVER_PATIENTS, OVER_TRIALS
from reprieve.figures import page, tables
from reprieve.figures.comparison import UNITS, comparison
from reprieve.figures.figure import Table
from reprieve.figures.gallery import Gallery, gallery
from reprieve.figures.page import Section
from reprieve.model import catalogue

if TYPE_CHECKING:
    from reprieve.model.simulation import Simulation
    from reprieve.trials.replay import Replay

INFORMS = (
    "Reprieve informs and never decides. It is not a medical device, and nothing here is a recommendation to treat. "
    "Ketamine for PTSD is an off-label use."
)
HYPOTHESIS = (
    "The chain from receptor block to symptoms is a hypothesis; human data dispute parts of it. "
    "An empirical comparator that knows no mechanism is therefore shown beside it."
)
SPREAD = (
    "Intervals span virtual patients: they say how much patients differ, not how sure the model is. "
    "The uncertainty of its structure and of its assumed values is not in them."
)


def of_run(run: Simulation, drawn: Gallery | None = None) -> str:
    """The report of one simulated population."""
    pictures = drawn or gallery(run)
    title = run.regimen.text()
    lead = escape(f"{len(run.patients):,} virtual patients, {run.patients.profile} profile, model {run.model}.")
    sections = [_population(run, pictures), _patient(pictures), *_closing(run)]
    return page.document(title, lead, _caution(run.model), sections, _foot(run))


def of_replay(replay: Replay) -> str:
    """The report of a published trial simulated again: published against predicted first."""
    run = replay.ketamine
    pictures = gallery(run)
    title = f"{replay.trial}, simulated again"
    lead = page.text(replay.about["design"])
    sections = [
        _published(replay),
        _population(run, pictures),
        _comparator(replay),
        _patient(pictures),
        *_closing(run),
    ]
    return page.document(title, lead, _caution(run.model), sections, _foot(run))


def _caution(model: str) -> str:
    return page.paragraphs(f"{counted(model)} {HYPOTHESIS}", SPREAD, INFORMS)


def counted(model: str) -> str:
    """How much of the model no source carries, in one sentence."""
    total, unsourced = len(catalogue.entries(model)), len(catalogue.unsourced(model))
    return f"{unsourced} of {total} quantities behind these numbers are assumed or unverified until calibrated."


def published_table(replay: Replay) -> Table:
    """Published beside predicted as text, ready to print."""

    def span(low: float | None, high: float | None, percent: bool) -> str:
        if low is None:
            return ""
        end = f"to {shown(high, percent)}" if high is not None and high < float("inf") else "or more"
        return f" ({shown(low, percent)} {end})"

    def shown(value: float | None, percent: bool) -> str:
        if value is None:
            return ""
        return tables.share(value) if percent else f"{value:.3g}"

    rows = []
    for row in replay.rows:
        percent = row.unit == "fraction"
        rows.append(
            (
                row.what if percent else f"{row.what} ({UNITS.get(row.unit, row.unit)})",
                shown(row.published, percent) + span(row.low, row.high, percent),
                shown(row.predicted, percent) + span(row.predicted_low, row.predicted_high, percent),
                shown(row.empirical, percent),
                "yes" if row.inside else "no",
                f"{row.source}, {row.seen}",
            )
        )
    columns = ("", "published", "predicted", "empirical comparator", "inside", "source, how seen")
    return Table(columns, tuple(rows))


def _published(replay: Replay) -> Section:
    caption = f"Published with its 95 % confidence interval where given; predicted with the {OVER_TRIALS}."
    notes = [f"{row.what}: {row.note}" for row in replay.rows if row.note]
    notes += [replay.about[key] for key in ("days", "loss_of_response") if key in replay.about]
    body = (
        page.grid(published_table(replay), caption, words=("source, how seen",))
        + page.paragraphs(
            "Inside says whether the published figure lies in the interval predicted for a trial of its size. "
            "The model's values are assumed until they are calibrated, so agreement here is no validation."
        )
        + page.picture(comparison(replay))
        + page.details("What was published, and how it was read", page.bullets(notes))
    )
    return Section("published", "Published against predicted", body)


def _population(run: Simulation, pictures: Gallery) -> Section:
    last = len(run.regimen.doses) - 1
    parts = [
        page.paragraphs(f"{run.regimen.text()}."),
        page.grid(tables.by_day(run), f"Scores by day. Median and {OVER_PATIENTS}."),
        page.paragraphs(tables.LEGEND),
        page.grid(tables.by_minute(run, 0), f"The first infusion by minute. Median and {OVER_PATIENTS}."),
    ]
    if last:
        parts.append(page.grid(tables.by_minute(run, last), f"Infusion {last + 1} by minute, likewise."))
    parts.append(page.grid(tables.events(run), "Probability of an acute event, by infusion."))
    return Section("population", "The population", "".join(parts) + "".join(map(page.picture, pictures.everyone)))


def _comparator(replay: Replay) -> Section:
    run = replay.midazolam
    body = page.paragraphs(f"{run.regimen.text()}.")
    body += page.grid(tables.by_day(run), f"Scores by day in the comparison arm. Median and {OVER_PATIENTS}.")
    body += page.grid(tables.events(run), "Probability of an acute event in the comparison arm, by infusion.")
    return Section("comparison", "The comparison arm", body)


def _patient(pictures: Gallery) -> Section:
    body = page.paragraphs(
        "A typical patient: reference covariates, every random effect at zero, the population's median score at the "
        "start. No real patient is like this one."
    )
    body += page.grid(tables.by_day(pictures.patient), "The typical patient by day.")
    return Section("patient", "One patient's course", body + "".join(map(page.picture, pictures.one)))


def _closing(run: Simulation) -> list[Section]:
    return [_assumed(run), _sources(run), _provenance(run)]


def _assumed(run: Simulation) -> Section:
    listed = catalogue.unsourced(run.model)
    rows = tuple(
        (q.name, q.label, q.value, q.unit, str(q.seen), entry.part, q.note)
        for entry in listed
        for q in [entry.quantity]
    )
    columns = ("quantity", "what", "value", "unit", "seen", "part", "note")
    twin = page.grid(
        Table(columns, rows), "Assumed and unverified quantities", ("what", "unit", "seen", "part", "note")
    )
    body = page.paragraphs(counted(run.model)) + page.details("All of them", twin)
    return Section("assumed", "What is assumed", body)


def _sources(run: Simulation) -> Section:
    _, *publications = catalogue.cited(run.model)
    lines = [f"{source.key}: {source.citation()}" for source in publications]
    body = page.paragraphs(f"To cite Reprieve: {software().citation()}.".replace("{", "").replace("}", ""))
    body += page.details(f"{len(lines)} sources of the model", page.bullets(lines, "sources"))
    return Section("sources", "Sources", body)


def _provenance(run: Simulation) -> Section:
    facts = {
        "regimen": run.regimen.text(),
        "model": run.model,
        "patients": f"{len(run.patients)}, seed {run.patients.seed}, {run.patients.profile}",
        "digest of the inputs": run.inputs_digest,
        "error estimate of the engine": tables.number(run.error_estimate, 2),
        **{f"version of {name}": value for name, value in run.versions.items()},
    }
    body = page.grid(Table(("", "value"), tuple(facts.items())), "What made these numbers", ("value",))
    if run.warnings:
        body += "<h3>Warnings</h3>" + page.bullets(run.warnings)
    return Section("provenance", "How these numbers were made", body)


def _foot(run: Simulation) -> str:
    return escape(f"Reprieve {run.versions['reprieve']}. {INFORMS}")
