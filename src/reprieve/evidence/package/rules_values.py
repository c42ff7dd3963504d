"""Domain rules of single values: ranges of scores, shares, counts, intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from reprieve.evidence.package.lines import FIRST_ROW
from reprieve.evidence.package.problem import Problem

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package
    from reprieve.evidence.package.rows import Contrast, Instrument, Outcome

PERCENT_SLACK = 1.0  # printed percentages are rounded, often to whole numbers


def numbered[Row](rows: Iterable[Row]) -> Iterator[tuple[int, Row]]:
    """Yield rows with their row numbers in the file."""
    return enumerate(rows, FIRST_ROW)


def scores_within_the_instrument(package: Package) -> Iterator[Problem]:
    """A mean or median lies within the instrument's range; a change or a difference is no larger than the range."""
    instruments = {one.instrument: one for one in package.instruments}
    for row, one in numbered(package.outcomes):
        for name in ("value", "ci_low", "ci_high") if one.measure == "change" else ("value",):
            rule = _range(instruments[one.instrument], one.measure, getattr(one, name))
            if rule:
                yield Problem("outcomes", row, name, getattr(one, name), rule)
    for row, contrast in numbered(package.contrasts):
        kind = "change" if contrast.measure in ("mean", "change", "baseline_adjusted") else ""
        rule = _range(instruments[contrast.instrument], kind, contrast.estimate)
        if rule:
            yield Problem("contrasts", row, "estimate", contrast.estimate, rule)


def _range(instrument: Instrument, measure: str, value: float | None) -> str:
    low, high, name = instrument.minimum, instrument.maximum, instrument.instrument
    if value is None:
        return ""
    if measure in ("mean", "median"):
        if low is not None and value < low:
            return f"is below {low:g}, the lowest {name}"
        if high is not None and value > high:
            return f"is above {high:g}, the highest {name}"
    if measure == "change" and low is not None and high is not None and abs(value) > high - low:
        return f"is a larger change than {name} allows, {high - low:g}"
    return ""


def shares_and_counts(package: Package) -> Iterator[Problem]:
    """A proportion lies in 0 to 1, a count is whole and no more than n, a correlation lies in -1 to 1."""
    for row, one in numbered(package.outcomes):
        rule = _share(one)
        if rule:
            yield Problem("outcomes", row, "value", one.value, rule)


def _share(one: Outcome) -> str:
    if one.measure == "proportion" and not 0 <= one.value <= 1:
        return "must be a proportion in 0 to 1"
    if one.measure == "pearson_r" and not -1 <= one.value <= 1:
        return "must be a correlation in -1 to 1"
    if one.measure == "count" and (one.value < 0 or one.value != int(one.value)):
        return "must be a count of patients"
    if one.measure == "count" and one.n is not None and one.value > one.n:
        return f"is more than the {one.n} patients counted"
    return ""


def events_within_patients(package: Package) -> Iterator[Problem]:
    """Patients with an event are no more than patients at risk, and a printed percentage is theirs."""
    for row, one in numbered(package.events):
        if one.count is None or one.n_at_risk is None:
            continue
        if one.count > one.n_at_risk:
            yield Problem("events", row, "count", one.count, f"is more than the {one.n_at_risk} patients at risk")
        elif one.percent is not None and one.n_at_risk:
            found = 100 * one.count / one.n_at_risk
            if abs(found - one.percent) > PERCENT_SLACK:
                rule = f"is not {one.count} of {one.n_at_risk}, {found:.1f} %"
                yield Problem("events", row, "percent", one.percent, rule)


def intervals_in_order(package: Package) -> Iterator[Problem]:
    """An interval has both limits, the lower first, and holds its estimate."""
    outcomes = [("outcomes", row, one, "value", "ci_low", "ci_high") for row, one in numbered(package.outcomes)]
    contrasts = [("contrasts", row, one, *names) for row, one in numbered(package.contrasts) for names in _INTERVALS]
    pooled = [("pooled", row, one, *_INTERVALS[0]) for row, one in numbered(package.pooled)]
    for table, row, one, value, low, high in (*outcomes, *contrasts, *pooled):
        found = _interval(getattr(one, value), getattr(one, low), getattr(one, high))
        if found:
            name = {"value": value, "low": low, "high": high}[found[0]]
            yield Problem(table, row, name, getattr(one, name), found[1])


_INTERVALS = (("estimate", "ci_low", "ci_high"), ("smd", "smd_low", "smd_high"))


def _interval(value: float | None, low: float | None, high: float | None) -> tuple[str, str] | None:
    if low is None and high is None:
        return None
    if low is None:
        return "low", "must be given where the upper limit is"
    if high is None:
        return "high", "must be given where the lower limit is"
    if low > high:
        return "low", f"is above the upper limit {high:g}"
    if value is not None and not low <= value <= high:
        return "value", f"lies outside its interval {low:g} to {high:g}"
    return None


def correlations_forward(package: Package) -> Iterator[Problem]:
    """A correlation joins an earlier reading with a later one."""
    for row, one in numbered(package.correlations):
        if one.day_a >= one.day_b:
            yield Problem("correlations", row, "day_b", one.day_b, f"must be after day_a, {one.day_a:g}")


def readings_once(package: Package) -> Iterator[Problem]:
    """One arm has one value for the same instrument, measure, moment and patients."""
    seen: dict[tuple[object, ...], str] = {}
    for row, one in numbered(package.outcomes):
        what = (one.study, one.arm, one.instrument, one.subscale, one.measure)
        key = (*what, one.day, one.time_min, one.population_analysed)
        if key in seen:
            rule = f"is the reading of {seen[key]} again: same arm, instrument, measure, moment and patients"
            yield Problem("outcomes", row, "row_id", one.row_id, rule)
        seen.setdefault(key, one.row_id)


def has_figure(contrast: Contrast) -> bool:
    """Say whether a contrast carries a figure that a pool could use."""
    return contrast.measure in ("mean", "change", "baseline_adjusted") and (
        contrast.estimate is not None or contrast.smd is not None
    )
