"""What a trial reported, read from the evidence package by row id, in the form in which it is predicted."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.provenance import VERIFIED
from reprieve.evidence.package.load import Package
from reprieve.model.symptoms import SCORES
from reprieve.trials.acute_rows import DISSOCIATION, acute_statement
from reprieve.trials.statement import Statement
from reprieve.trials.trial import HeldRow, HeldVerdict, Trial

# Events that count responders, and the instrument and share of baseline that they speak of.
_RESPONSE = re.compile(r"^(?P<instrument>CAPS-5|PCL-5) (?:response, (?P<a>\d+) % fall|fall at least (?P<b>\d+)%)")
PERCENT = 100
LOSS = "Time to loss of response (days)"


@dataclass(frozen=True, slots=True)
class Observed:
    """A reported figure. `arms` one arm, or two whose first minus second it is; `sizes` the people in each.

    `analysis` is mean, change, baseline_adjusted, response or loss; `score` the model's name of the instrument.
    `se` is the standard error of `value`, None where the row gives none; `share` the fall that counts as response;
    `beyond` the longest time that is told apart, infinite where the figure is no time.
    """

    row_id: str
    what: str
    score: str
    analysis: str
    arms: tuple[str, ...]
    sizes: tuple[int, ...]
    day: int
    value: float
    low: float | None
    high: float | None
    source: str
    seen: str
    se: float | None = None
    share: float = 0
    beyond: float = math.inf


def observed(trial: Trial, held: HeldRow, package: Package) -> Observed:
    """Return the figure of a row.

    Raises `InputError` for a row that is not in the package, not of this trial, not verified, without a figure, or of
    an arm or instrument that is not simulated.
    """
    row = _find(held.row_id, trial, package)
    if hasattr(row, "event"):
        return _responders(trial, row, held)
    day = _day(row, held)
    if row.instrument == LOSS:
        what = f"median days from day {day} to loss of response, {row.arm}"
        size = _size(trial, row.arm, None, package)
        lost = _of(row, what, "caps5", "loss", _arms(trial, row.arm), (size,), day)
        return replace(lost, se=None, share=trial.response_share, beyond=float(trial.last_day - day))
    score = _score(row)
    if hasattr(row, "arm"):
        n = (_size(trial, row.arm, row.n, package),)
        return _of(row, f"{_words(row)}, day {day}, {row.arm}", score, row.measure, _arms(trial, row.arm), n, day)
    arms = _arms(trial, row.arm1, row.arm2)
    sizes = (_size(trial, row.arm1, row.n_arm1, package), _size(trial, row.arm2, row.n_arm2, package))
    return _of(row, f"{_words(row)}, day {day}, {row.arm1} minus {row.arm2}", score, row.measure, arms, sizes, day)


def statement(trial: Trial, held: HeldVerdict, package: Package) -> Statement:
    """Return what rows say in words. Raises `InputError` as `observed`, and if the rows do not say one thing."""
    rows = [_find(row_id, trial, package) for row_id in held.row_ids]
    sizes: dict[str, int] = {}
    for row in rows:
        for arm, n in ((row.arm1, row.n_arm1), (row.arm2, row.n_arm2)):
            sizes[_arms(trial, arm)[0]] = _size(trial, arm, n, package)
    if len({(row.instrument, row.direction) for row in rows}) > 1:
        raise InputError("rows", list(held.row_ids), "must say one thing of one instrument")
    first = rows[0]
    if first.instrument == DISSOCIATION:
        return acute_statement(first, held, tuple(sizes), tuple(sizes.values()))
    if first.direction != "no_difference":
        raise InputError("row", first.row_id, "only `no_difference` is scored so far")
    days = f"day {held.days[0]:g}" if len(held.days) == 1 else f"days {held.days[0]:g} to {held.days[-1]:g}"
    what = f"{first.instrument}, {days}, {len(sizes)} arms: no difference"
    arms, n = tuple(sizes), tuple(sizes.values())
    return Statement(held.row_ids, what, _score(first), arms, n, held.days, first.direction, first.source, first.seen)


def _responders(trial: Trial, row: Any, held: HeldRow) -> Observed:
    found = _RESPONSE.match(row.event)
    if not found or not row.n_at_risk or row.count is None:
        raise InputError("row", row.row_id, "is no count of responders on CAPS-5 or PCL-5")
    day, n = _day(row, held), row.n_at_risk
    share = float(found["a"] or found["b"]) / PERCENT
    what = f"share of responders on {found['instrument']}, day {day}, {row.arm}"
    score = next(key for key, name in SCORES.items() if name == found["instrument"])
    # Half a responder more and half a non-responder more: the error of 0 of n and n of n is not zero.
    middle = (row.count + 0.5) / (n + 1)
    return Observed(
        row_id=row.row_id,
        what=what,
        score=score,
        analysis="response",
        arms=_arms(trial, row.arm),
        sizes=(n,),
        day=day,
        value=row.count / n,
        low=None,
        high=None,
        source=row.source,
        seen=row.seen,
        se=math.sqrt(middle * (1 - middle) / n),
        share=share,
    )


def _of(
    row: Any, what: str, score: str, analysis: str, arms: tuple[str, ...], sizes: tuple[int, ...], day: int
) -> Observed:
    value = row.estimate if hasattr(row, "estimate") else row.value
    if value is None:
        raise InputError("row", row.row_id, "holds no figure", "list it under verdicts")
    printed = (row.ci_low, row.ci_high, row.source, row.seen)
    return Observed(row.row_id, what, score, analysis, arms, sizes, day, value, *printed, se=_error(row))


def _error(row: Any) -> float | None:
    """Standard error of a contrast as printed, of an arm's mean from its SD."""
    if hasattr(row, "se"):
        return row.se if row.se else None
    if row.dispersion_type == "sd" and row.dispersion and row.n:
        return float(row.dispersion / math.sqrt(row.n))
    return None


def _find(row_id: str, trial: Trial, package: Package) -> Any:
    for table in (package.contrasts, package.outcomes, package.events):
        for row in table:
            if row.row_id == row_id:
                if row.study != trial.study:
                    raise InputError("row", row_id, f"is of {row.study}, not of {trial.study}")
                if row.seen not in VERIFIED:
                    raise InputError("row", row_id, f"is not held against anything: {row.seen}")
                return row
    raise InputError("row", row_id, "is not in the evidence package", "`reprieve evidence outcomes` lists rows")


def _day(row: Any, held: HeldRow) -> int:
    day = held.day if held.day is not None else getattr(row, "day", None)
    if day is None:
        raise InputError("row", row.row_id, "has no day", "give `day` beside the row")
    return int(day)


def _arms(trial: Trial, *arms: str) -> tuple[str, ...]:
    for arm in arms:
        if arm not in trial.arms:
            raise InputError("arm", arm, f"of {trial.study} is not simulated", f"known: {', '.join(trial.arms)}")
    return arms


def _size(trial: Trial, arm: str, n: int | None, package: Package) -> int:
    """People in an arm: of the row, else of the arm in the package, else assumed in the trial's file."""
    known = [(one.n_analysed, one.n_randomised) for one in package.arms if (one.study, one.arm) == (trial.study, arm)]
    sizes: tuple[int | None, ...] = (n, *(known[0] if known else ()), trial.arms[arm].patients)
    for size in sizes:
        if size:
            return size
    raise InputError("patients", None, f"of {trial.study}, {arm} are not known", "assume them in the trial's file")


def _score(row: Any) -> str:
    for key, name in SCORES.items():
        if row.instrument == name and not getattr(row, "subscale", None):
            return key
    raise InputError("row", row.row_id, f"{row.instrument}: the model does not produce it")


def _words(row: Any) -> str:
    words = {"mean": "mean", "change": "change", "baseline_adjusted": "adjusted for baseline"}
    if row.measure not in words:
        raise InputError("row", row.row_id, f"a {row.measure} is not predicted", f"known: {', '.join(words)}")
    return f"{row.instrument}, {words[row.measure]}"
