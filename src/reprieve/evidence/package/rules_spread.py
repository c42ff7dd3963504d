"""Domain rules of spreads: what an SD can be, when it looks like a standard error, and whether intervals agree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from reprieve.evidence.package.problem import Problem
from reprieve.evidence.package.rules_values import numbered

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package
    from reprieve.evidence.package.rows import Contrast, Instrument, Outcome

ROUNDING = 1.02  # printed means and SDs are rounded
# An SD looks like a standard error when it is this small a part of what others report ...
SMALL = 1 / 3
SMALL_BESIDE = 0.45  # ... or of what the other arm shows at the same visit
# ... becomes an ordinary SD when multiplied by the root of n ...
ORDINARY = (0.5, 1.6)
# ... and the mean is this many of them from either end of the scale. Near the floor small SDs are natural.
FROM_THE_END = 4
FEWEST = 4  # with fewer patients SD and standard error are within a factor of two
SD_PER_RANGE = 1 / 8  # a usual SD of a symptom scale's total; in this package 0.1 to 0.28 of the range
# Half a 95 % interval is 1.96 standard errors, more with few degrees of freedom: 2.18 with 12.
HALF_WIDTH = (1.85, 2.3)
HALF_WIDTH_UNKNOWN_N = 2.6
HALF_WIDTH_FEW = 4.5
MANY = 14
CENTRE = 0.1  # of the width: how far the estimate may be from the middle, for rounding and adjustment


def spreads_named(package: Package) -> Iterator[Problem]:
    """A spread has a type, an SD or standard error has a value above zero.

    A range may stand in the note without one number.
    """
    for row, one in numbered(package.outcomes):
        if one.dispersion is not None and one.dispersion_type == "none":
            yield Problem("outcomes", row, "dispersion_type", "none", "must say what the spread is")
        if one.dispersion is None and one.dispersion_type in ("sd", "se"):
            yield Problem("outcomes", row, "dispersion", None, f"must be given: the type is {one.dispersion_type}")
        if one.dispersion == 0 and one.dispersion_type in ("sd", "se"):
            yield Problem("outcomes", row, "dispersion", 0.0, f"must be above zero for an {one.dispersion_type}")
    for row, contrast in numbered(package.contrasts):
        if contrast.se == 0:
            yield Problem("contrasts", row, "se", 0.0, "must be above zero")


def spreads_possible(package: Package) -> Iterator[Problem]:
    """An SD is no larger than scores within the instrument's range can have, nor the SD that a standard error implies.

    For a mean m of n scores in a..b the variance is at most (m - a)(b - m) n / (n - 1), for a change twice the range.
    """
    instruments = {one.instrument: one for one in package.instruments}
    for row, one in numbered(package.outcomes):
        largest = _largest_sd(one, instruments[one.instrument])
        if largest is None or one.dispersion is None or one.n is None:
            continue
        if one.dispersion_type == "sd" and one.dispersion > largest:
            rule = f"is a larger SD than scores within the instrument's range can have, {largest:.3g}"
            yield Problem("outcomes", row, "dispersion", one.dispersion, rule)
        if one.dispersion_type == "se" and one.dispersion * math.sqrt(one.n) > largest:
            rule = f"looks like an SD: a standard error this large needs an SD above {largest:.3g}"
            yield Problem("outcomes", row, "dispersion", one.dispersion, rule, "is the dispersion_type sd?")


def _largest_sd(one: Outcome, scale: Instrument) -> float | None:
    low, high, n = scale.minimum, scale.maximum, one.n
    if low is None or high is None or n is None or n < 2 or one.measure not in ("mean", "change"):
        return None
    if one.measure == "change":
        return ROUNDING * (high - low) * math.sqrt(n / (n - 1))
    half_a_digit = (high - low) / 200  # a mean that was rounded to the end of the scale is not exactly there
    inside = max(one.value - low, half_a_digit) * max(high - one.value, half_a_digit)
    return ROUNDING * math.sqrt(inside * n / (n - 1))


def sd_like_se(package: Package) -> Iterator[Problem]:
    """An SD of a scale's total is not a standard error typed as an SD.

    It looks like one when it is below a third of the usual SD, becomes usual when multiplied by the root of n (0.5 to
    1.6 times), and the mean is not within four of it from an end of the scale. The usual SD is an eighth of the
    instrument's range, or the median of other rows of the instrument and measure: the study's own, or other studies'.
    Beside the other arms at the same visit, below 0.45 of theirs is small.
    """
    scales = {one.instrument: one for one in package.instruments if _is_scale(one)}
    held = [(row, one) for row, one in numbered(package.outcomes) if _has_sd(one) and one.instrument in scales]
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for _, one in held:
        groups.setdefault((one.instrument, one.measure), []).append(one)
    for row, one in held:
        if one.n is None or one.dispersion is None or one.n < FEWEST or _near_an_end(one, scales[one.instrument]):
            continue
        alike = [x for x in groups[one.instrument, one.measure] if x is not one]
        for usual, small in _usual(one, alike, scales[one.instrument]):
            implied = one.dispersion * math.sqrt(one.n)
            if one.dispersion < small * usual and ORDINARY[0] <= implied / usual <= ORDINARY[1]:
                rule = f"looks like a standard error: SDs of {one.instrument} are near {usual:.3g}"
                fix = f"with n {one.n} the SD would be {implied:.3g}; if so, the type is se"
                yield Problem("outcomes", row, "dispersion", one.dispersion, rule, fix)
                break


def _is_scale(one: Instrument) -> bool:
    return one.minimum is not None and one.maximum is not None and one.higher_is_worse is not None


def _has_sd(one: Outcome) -> bool:
    total = one.measure in ("mean", "change") and not one.subscale
    return total and one.dispersion_type == "sd" and one.dispersion is not None


def _usual(one: Outcome, alike: list[Outcome], scale: Instrument) -> list[tuple[float, float]]:
    """The SDs to compare with, and the part of each below which an SD is small."""
    own = [x for x in alike if x.study == one.study]
    beside = [x for x in own if x.arm != one.arm and (x.day, x.time_min) == (one.day, one.time_min)]
    others = [x for x in alike if x.study != one.study]
    groups = ((beside, SMALL_BESIDE), (own, SMALL), (others, SMALL))
    whole = (scale.maximum or 0) - (scale.minimum or 0)
    return [(median(x.dispersion or 0 for x in rows), small) for rows, small in groups if rows] + [
        (whole * SD_PER_RANGE, SMALL)
    ]


def _near_an_end(one: Outcome, scale: Instrument) -> bool:
    if one.measure != "mean" or one.dispersion is None:
        return False
    low, high = one.value - (scale.minimum or 0), (scale.maximum or 0) - one.value
    return min(low, high) < FROM_THE_END * one.dispersion


def errors_agree_with_intervals(package: Package) -> Iterator[Problem]:
    """A contrast's 95 % interval is centred on the estimate and about two standard errors to each side."""
    for row, one in numbered(package.contrasts):
        if one.ci_low is None or one.ci_high is None or one.ci_low >= one.ci_high:
            continue
        width, middle = one.ci_high - one.ci_low, (one.ci_low + one.ci_high) / 2
        if one.estimate is not None and abs(one.estimate - middle) > CENTRE * width:
            rule = f"is far from {middle:.3g}, the middle of its interval {one.ci_low:g} to {one.ci_high:g}"
            yield Problem("contrasts", row, "estimate", one.estimate, rule)
        if one.se:
            halves, (least, most) = width / 2 / one.se, _half_width(one)
            if not least <= halves <= most:
                rule = f"does not fit the interval: half of it is {halves:.2f} of it, not {least:g} to {most:g}"
                yield Problem("contrasts", row, "se", one.se, rule, "an SD, or an interval of another level?")


def _half_width(one: Contrast) -> tuple[float, float]:
    if one.n_arm1 is None or one.n_arm2 is None:
        return HALF_WIDTH[0], HALF_WIDTH_UNKNOWN_N
    return HALF_WIDTH if one.n_arm1 + one.n_arm2 >= MANY else (HALF_WIDTH[0], HALF_WIDTH_FEW)


def p_agrees_with_intervals(package: Package) -> Iterator[Problem]:
    """P and the 95 % interval agree: above 0.1 the interval holds zero, below 0.01 it does not.

    Between the two, rounding and other tests may part them.
    """
    for row, one in numbered(package.contrasts):
        if one.p is None or one.ci_low is None or one.ci_high is None:
            continue
        holds_zero = one.ci_low <= 0 <= one.ci_high
        if (one.p > 0.1 and not holds_zero) or (one.p < 0.01 and holds_zero):
            words = "holds" if holds_zero else "does not hold"
            rule = f"does not fit the interval {one.ci_low:g} to {one.ci_high:g}, which {words} zero"
            yield Problem("contrasts", row, "p", one.p, rule)
