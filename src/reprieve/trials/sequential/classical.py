"""Power of a two-arm trial by formula: two means, two shares, time to an event.

    means    t test, noncentral t with delta = |d| / (sd sqrt(1/n + 1/m)) and n + m - 2 degrees of freedom
    shares   Phi((|p - q| - z sqrt(pq_bar (1/n + 1/m))) / sqrt(p(1-p)/n + q(1-q)/m)), pq_bar from the pooled share
    events   log-rank test: Phi(|log HR| sqrt(D a (1 - a)) - z), D events, a the share of the active arm

Only rejections in the true direction count as power. Shares and events are normal approximations.

Source: rpower (means, shares), schoenfeld1981 (events); checked against R, `validation/trials`.
"""

from __future__ import annotations

from math import log, sqrt

from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from reprieve.core.errors import InputError
from reprieve.trials.sequential.looks import error_level, number, one_of, probability

_LEAST_PATIENTS = 2


def power_two_means(
    active: float, control: float, difference: float, sd: float, *, alpha: float = 0.05, sides: int = 2
) -> float:
    """Return the power of the t test with `active` and `control` patients; `difference` and `sd` in score points.

    >>> round(power_two_means(20, 20, 1, 1), 4)
    0.869

    Raises `InputError` naming the argument.
    """
    n, m = patients("active", active), patients("control", control)
    level = error_level(alpha) / one_of("sides", sides, (1, 2))
    effect = abs(number("difference", difference)) / positive("sd", sd) / sqrt(1 / n + 1 / m)
    df = n + m - 2
    return float(1 - nctdtr(df, effect, stdtrit(df, 1 - level)))


def power_two_shares(
    active: float, control: float, share_active: float, share_control: float, *, alpha: float = 0.05, sides: int = 2
) -> float:
    """Return the power to tell two shares apart with `active` and `control` patients, normal approximation.

    Raises `InputError` naming the argument.
    """
    n, m = patients("active", active), patients("control", control)
    p, q = probability("share_active", share_active), probability("share_control", share_control)
    z = -ndtri(error_level(alpha) / one_of("sides", sides, (1, 2)))
    pooled = (n * p + m * q) / (n + m)
    under_null = sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return float(ndtr((abs(p - q) - z * under_null) / sqrt(p * (1 - p) / n + q * (1 - q) / m)))


def power_log_rank(
    events: float, hazard_ratio: float, *, share_active: float = 0.5, alpha: float = 0.05, sides: int = 2
) -> float:
    """Return the power of the log-rank test with `events` in all, proportional hazards.

    `share_active` is the active arm's share of the patients. Raises `InputError` naming the argument.
    """
    share = probability("share_active", share_active)
    z = -ndtri(error_level(alpha) / one_of("sides", sides, (1, 2)))
    drift = abs(log(positive("hazard_ratio", hazard_ratio))) * sqrt(positive("events", events) * share * (1 - share))
    return float(ndtr(drift - z))


def log_rank_events(
    hazard_ratio: float, power: float, *, share_active: float = 0.5, alpha: float = 0.05, sides: int = 2
) -> float:
    """Return the events that the log-rank test needs, not rounded.

    Raises `InputError` naming the argument; a hazard ratio of 1 has no such number.
    """
    share = probability("share_active", share_active)
    z = -ndtri(error_level(alpha) / one_of("sides", sides, (1, 2))) + ndtri(probability("power", power))
    effect = log(positive("hazard_ratio", hazard_ratio))
    if effect == 0:
        raise InputError("hazard_ratio", hazard_ratio, "is no difference", "no number of events finds it")
    return float(z**2 / (share * (1 - share) * effect**2))


def patients(field: str, value: object) -> float:
    """Return a number of patients in an arm, at least 2, whole or not. Raises `InputError` naming `field`."""
    count = number(field, value)
    if count < _LEAST_PATIENTS:
        raise InputError(field, value, f"must be at least {_LEAST_PATIENTS} patients")
    return count


def positive(field: str, value: object) -> float:
    """Return a positive number. Raises `InputError` naming `field`."""
    found = number(field, value)
    if found <= 0:
        raise InputError(field, value, "must be positive")
    return found
