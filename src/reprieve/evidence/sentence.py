"""The answer in words that need no statistics."""

from __future__ import annotations

from math import erf, isfinite

from reprieve.evidence.answer import Answer
from reprieve.evidence.package.load import Package

_HUNDRED = 100
_UNSURE = "Nothing is pooled here"


def sentence(answer: Answer, package: Package) -> str:
    """Say what the answer is, how sure it is and what it leaves out, for a clinician."""
    parts = [_effect(answer) if answer.pool else _nothing(answer)]
    if answer.pool and answer.certainty:
        parts.append(f"Certainty of this evidence: {answer.certainty.level}.")
    parts.append(_silent(answer, package))
    return " ".join(part for part in parts if part)


def better_in_hundred(effect: float) -> int:
    """Of 100 random pairs, how many times the patient given ketamine has the lower score (mcgraw1992).

    `effect` is the standardised mean difference, negative when ketamine is better; both arms normal, equal SDs.
    """
    return round(_HUNDRED * (1 - erf(effect / 2)) / 2)


def _effect(answer: Answer) -> str:
    pool = answer.pool
    assert pool is not None
    direction = "lower" if pool.estimate < 0 else "higher"
    sure = pool.ci_low > 0 or pool.ci_high < 0
    head = (
        f"{_begin(answer.point.label)}, PTSD scores were {abs(pool.estimate):.2f} standard deviations {direction} with "
        f"ketamine than with the comparator ({pool.k} trials, {answer.patients} patients; 95 % confidence interval "
        f"{_signed(pool.ci_low)} to {_signed(pool.ci_high)})"
    )
    pairs = f"in {better_in_hundred(pool.estimate)} of 100 random pairs the patient given ketamine has the lower score"
    doubt = "" if sure else ", and the interval includes no difference"
    next_one = (
        f" A new trial of the same kind may find anything from {_signed(pool.pi_low)} to {_signed(pool.pi_high)}."
        if isfinite(pool.pi_low)
        else ""
    )
    return f"{head}: {pairs}{doubt}.{next_one}"


def _nothing(answer: Answer) -> str:
    return f"{_UNSURE}: {answer.refused.removeprefix('not pooled: ')}."


def _silent(answer: Answer, package: Package) -> str:
    """Name the trials without figures by size: what a pool does not hold may matter more than what it does."""
    out = [one for one in answer.selection.left_out if one.kind == "no figures"]
    if not out:
        return ""
    named = ", ".join(f"{one.study} ({_size(package, one.study)}{one.reason.split(': ')[-1]})" for one in out)
    return f"Not in it, because they printed no figures that were seen: {named}."


def _size(package: Package, study: str) -> str:
    n = package.study(study).n_analysed or package.study(study).n_randomised
    return f"{n} patients, " if n else ""


def _begin(label: str) -> str:
    return label[0].upper() + label[1:]


def _signed(value: float) -> str:
    return f"{value:+.2f}"
