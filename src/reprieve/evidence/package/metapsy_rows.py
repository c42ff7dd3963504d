"""The rows of the Metapsy table: pairs of arms, counts of events, contrasts as reported."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from reprieve.core.provenance import VERIFIED
from reprieve.core.units import DAYS_PER_WEEK
from reprieve.evidence.package.metapsy_words import condition, kind_of_event, rating, reference, study_name

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package
    from reprieve.evidence.package.rows import Arm, Contrast, Event, Outcome, Study

KETAMINES = ("ketamine", "esketamine")
POST_DAYS = 8.0  # a reading up to here after the last dose is `post`, a later one `follow-up`
NORMAL_95 = 1.959963984540054  # half a 95 % interval in standard errors
BIAS = {
    "D1_randomisation": "rob_d1",
    "DS_carryover": "rob_ds",
    "D2_deviations": "rob_d2",
    "D3_missing": "rob_d3",
    "D4_measurement": "rob_d4",
    "D5_reporting": "rob_d5",
    "overall": "rob_overall",
}

type Row = dict[str, Any]


def study_rows(package: Package, study: Study) -> Iterator[Row]:
    """Yield the rows of one study: outcomes of pairs of arms, events of pairs of arms, contrasts as reported."""
    arms = {arm.arm: arm for arm in package.arms if arm.study == study.study and arm.role is not None}
    outcomes = [one for one in package.outcomes if one.study == study.study and one.arm in arms]
    events = [one for one in package.events if one.study == study.study and one.arm in arms]
    contrasts = [one for one in package.contrasts if one.study == study.study]
    listed = {(one.arm1, one.arm2) for one in contrasts} if study.design == "factorial" else None
    common = _common(package, study)
    given: set[tuple[Any, ...]] = set()  # comparisons that arms already give: the same as reported would count twice
    for _, same in groupby(sorted(outcomes, key=_occasion), key=_occasion):
        for a, b, multi in _pairs(list(same), arms, listed):
            if a.measure in ("mean", "change", "proportion", "count") and not _before(a):
                row = _outcome(package, a, b, outcomes)
                if row.get(".g") is not None:
                    given.add((a.arm, b.arm, a.instrument, a.measure, a.day))
                yield {**common, **_sides(arms[a.arm], arms[b.arm], multi), **row}
    for _, counted in groupby(sorted(events, key=_counted), key=_counted):
        for e, f, multi in _pairs(list(counted), arms, listed):
            if e.count is not None and f.count is not None and e.n_at_risk and f.n_at_risk:
                yield {**common, **_sides(arms[e.arm], arms[f.arm], multi), **_event(e, f)}
    for one in contrasts:
        figures = one.estimate is not None or one.smd is not None
        if figures and (one.arm1, one.arm2, one.instrument, one.measure, one.day) not in given:
            multi = len({(x.arm1, x.arm2) for x in contrasts if _same(x, one)}) > 1
            yield {**common, **_sides(arms[one.arm1], arms[one.arm2], multi), **_contrast(package, one)}


def _common(package: Package, study: Study) -> Row:
    bias = {BIAS[one.domain]: one.judgement for one in package.rob if one.study == study.study}
    return {
        "study": study_name(package, study),
        "study_id": study.study,
        "full_ref": reference(package, study),
        "percent_women": study.percent_female,
        **{name: getattr(study, name) for name in ("country", "year", "doi", "registry", "condition", "design")},
        **{name: getattr(study, name) for name in ("pool", "population", "mean_age")},
        **bias,
    }


def _sides(one: Arm, two: Arm, multi: bool) -> Row:
    return {
        "condition_arm1": condition(one),
        "condition_arm2": condition(two),
        "multi_arm1": one.arm if multi else None,
        "multi_arm2": two.arm if multi else None,
        "drug_arm1": one.drug,
        "drug_arm2": two.drug,
        "dose_mg_per_kg_arm1": one.dose_mg_per_kg,
        "dose_mg_per_kg_arm2": two.dose_mg_per_kg,
    }


def _occasion(one: Outcome) -> tuple[Any, ...]:
    day = -math.inf if one.day is None else one.day
    minute = -math.inf if one.time_min is None else one.time_min
    return (one.instrument, one.subscale or "", one.measure, day, minute, one.population_analysed)


def _counted(one: Event) -> tuple[str, str, str, str]:
    return (one.event, one.time_frame or "", str(one.serious), one.ascertainment)


def _same(one: Contrast, other: Contrast) -> bool:
    return (one.instrument, one.measure, one.day, one.use) == (other.instrument, other.measure, other.day, other.use)


def _pairs[Of: (Outcome, Event)](
    same: Sequence[Of], arms: dict[str, Arm], listed: set[tuple[str, str]] | None
) -> Iterator[tuple[Of, Of, bool]]:
    """Each row of an arm with ketamine beside each of an arm without; in a factorial trial only as compared there."""
    multi = len({one.arm for one in same}) > 2
    for one in same:
        for other in same:
            opposed = arms[one.arm].role in KETAMINES and arms[other.arm].role not in KETAMINES
            if opposed and (listed is None or (one.arm, other.arm) in listed):
                yield one, other, multi


def _before(one: Outcome) -> bool:
    """Say whether a reading is from before the first dose. Day 0 without a minute is."""
    return one.day is not None and (one.day < 0 or (one.day == 0 and (one.time_min is None or one.time_min <= 0)))


def _when(package: Package, study: str, arm: str, day: float | None) -> Row:
    if day is None:
        return {}
    since = package.days_since_last(study, arm, day)
    return {
        "time": None if since is None else "post" if since <= POST_DAYS else "follow-up",
        "time_weeks": day / DAYS_PER_WEEK,
        "day": day,
        "days_since_last": since,
        "doses_given": package.doses_given(study, arm, day),
    }


def _seen(one: Outcome | Event, two: Outcome | Event) -> Row:
    return {
        "source_arm1": one.source,
        "source_arm2": two.source,
        "locator_arm1": one.locator,
        "locator_arm2": two.locator,
        "seen_arm1": one.seen,
        "seen_arm2": two.seen,
        "verified": one.seen in VERIFIED and two.seen in VERIFIED,
        "derived": one.derived or two.derived,
    }


def _outcome(package: Package, one: Outcome, two: Outcome, outcomes: Sequence[Outcome]) -> Row:
    scale = package.instrument(one.instrument)
    row = {
        ".id": f"{one.row_id}+{two.row_id}",
        "instrument": one.instrument,
        "instrument_symptom": scale.construct,
        "rating": rating(scale),
        "subscale": one.subscale,
        "population_analysed": one.population_analysed,
        "time_min": one.time_min,
        **_when(package, one.study, one.arm, one.day),
        **_seen(one, two),
    }
    if one.measure in ("proportion", "count"):
        return {**row, "outcome_type": one.measure, **_counts(_patients(one), _patients(two), one.n, two.n)}
    change = "_change" if one.measure == "change" else ""
    sd1, sd2 = _sd(one), _sd(two)
    figures: Row = {f"mean{change}_arm1": one.value, f"mean{change}_arm2": two.value}
    figures |= {f"sd{change}_arm1": sd1, f"sd{change}_arm2": sd2, f"n{change}_arm1": one.n, f"n{change}_arm2": two.n}
    baseline = {} if change else _baseline(one, two, outcomes)
    g, se = _hedges(one.value, sd1, one.n, two.value, sd2, two.n)
    return {**row, "outcome_type": "msd", **figures, **baseline, ".g": g, ".g_se": se}


def _sd(one: Outcome) -> float | None:
    if one.dispersion is None or one.dispersion_type not in ("sd", "se"):
        return None
    if one.dispersion_type == "sd":
        return one.dispersion
    return None if one.n is None else one.dispersion * math.sqrt(one.n)


def _patients(one: Outcome) -> int | None:
    if one.measure == "count":
        return int(one.value)
    return None if one.n is None else round(one.value * one.n)


def _baseline(one: Outcome, two: Outcome, outcomes: Sequence[Outcome]) -> Row:
    """The last reading before the first dose of the same arms on the same scale."""
    row: Row = {}
    for side, after in (("arm1", one), ("arm2", two)):
        what = (after.arm, after.instrument, after.subscale, after.measure)
        before = [x for x in outcomes if (x.arm, x.instrument, x.subscale, x.measure) == what and _before(x)]
        if before:
            last = max(before, key=lambda x: x.day or 0.0)
            row |= {f"baseline_m_{side}": last.value, f"baseline_sd_{side}": _sd(last), f"baseline_n_{side}": last.n}
    return row


def _hedges(
    m1: float, sd1: float | None, n1: int | None, m2: float, sd2: float | None, n2: int | None
) -> tuple[float | None, float | None]:
    from reprieve.evidence.pooling.effects import smd

    if not sd1 or not sd2 or n1 is None or n2 is None or min(n1, n2) < 2:
        return None, None
    found = smd(m1, sd1, n1, m2, sd2, n2)
    return found.yi, math.sqrt(found.vi)


def _counts(event1: int | None, event2: int | None, n1: int | None, n2: int | None) -> Row:
    from reprieve.evidence.pooling.effects import risk_ratio

    row: Row = {"event_arm1": event1, "event_arm2": event2, "totaln_arm1": n1, "totaln_arm2": n2}
    if event1 is None or event2 is None or not n1 or not n2:
        return row
    row |= {f".{name}": value for name, value in row.items()}
    if event1 + event2 > 0:
        ratio = risk_ratio(event1, n1, event2, n2)
        row |= {".log_rr": ratio.yi, ".log_rr_se": math.sqrt(ratio.vi)}
    return row


def _event(one: Event, two: Event) -> Row:
    return {
        ".id": f"{one.row_id}+{two.row_id}",
        "outcome_type": kind_of_event(one.event),
        "instrument": one.event,
        "time_frame": one.time_frame,
        "ascertainment": one.ascertainment,
        "serious": one.serious,
        **_counts(one.count, two.count, one.n_at_risk, two.n_at_risk),
        **_seen(one, two),
    }


def _contrast(package: Package, one: Contrast) -> Row:
    """A contrast as reported; the SE of g is from its interval, or from the group sizes where none was printed."""
    scale = package.instrument(one.instrument)
    se = None
    if one.smd_low is not None and one.smd_high is not None:
        se = (one.smd_high - one.smd_low) / 2 / NORMAL_95
    elif one.smd is not None and one.n_arm1 and one.n_arm2:
        total = one.n_arm1 + one.n_arm2
        se = math.sqrt(total / (one.n_arm1 * one.n_arm2) + one.smd**2 / 2 / total)
    return {
        ".id": one.row_id,
        "outcome_type": one.measure,
        "instrument": one.instrument,
        "instrument_symptom": scale.construct,
        "rating": rating(scale),
        "precalc_g": one.smd,
        "precalc_g_se": se,
        ".g": one.smd,
        ".g_se": se,
        "difference": one.estimate,
        "difference_se": one.se,
        "difference_ci_low": one.ci_low,
        "difference_ci_high": one.ci_high,
        "n_arm1": one.n_arm1,
        "n_arm2": one.n_arm2,
        "analysis": one.analysis,
        "use": one.use,
        **_when(package, one.study, one.arm1, one.day),
        "source_arm1": one.source,
        "source_arm2": one.source,
        "locator_arm1": one.locator,
        "locator_arm2": one.locator,
        "seen_arm1": one.seen,
        "seen_arm2": one.seen,
        "verified": one.seen in VERIFIED,
        "derived": one.derived,
    }
