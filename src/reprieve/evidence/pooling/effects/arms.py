"""Trials of three arms and more: arms put together, a control group split, contrasts that share a control.

Either of the first two gives independent contrasts; the covariances are for a model that keeps the contrasts apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects.checks import require, require_within


def combine_arms(groups: Sequence[tuple[float, float, int]]) -> tuple[float, float, int]:
    """Return (mean, SD, n) of arms of (mean, SD, n) as if they had been one (Cochrane Handbook 6.5.2.10).

    The SD holds the spread within the arms and that between their means: what all participants together would show.
    Raises `InputError` without groups, for an SD that is not positive, or n below 2.
    """
    if not groups:
        raise InputError("groups", (), "must hold at least one (mean, SD, n)")
    for mean, sd, n in groups:
        require("any", mean=mean)
        require("sd", sd=sd)
        require("n", n=n)
    total = sum(n for _, _, n in groups)
    middle = math.fsum(n * mean for mean, _, n in groups) / total
    squares = math.fsum((n - 1) * sd**2 + n * (mean - middle) ** 2 for mean, sd, n in groups)
    return middle, math.sqrt(squares / (total - 1)), total


def combine_counts(groups: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return (events, n) of arms of (events, n) as if they had been one.

    Raises `InputError` without groups or for more events than participants.
    """
    if not groups:
        raise InputError("groups", (), "must hold at least one (events, n)")
    for events, n in groups:
        require_within(events=(events, n))
    return sum(events for events, _ in groups), sum(n for _, n in groups)


def split_control(n: float, contrasts: int) -> float:
    """Return the size of a control group for each of the contrasts that share it (Cochrane Handbook 23.3.4).

    Means and SDs stay; events are split in the same way. The share need not be whole.
    Raises `InputError` for fewer than one contrast or a share below 2.
    """
    if contrasts < 1:
        raise InputError("contrasts", contrasts, "must be at least 1")
    require("n", **{f"n of the control over {contrasts} contrasts": n / contrasts})
    return n / contrasts


def shared_covariance_md(sd_control: float, n_control: float) -> float:
    """Covariance of two mean differences with one control group: sd²/n of that group.

    Raises `InputError` for an SD that is not positive or n below 2.
    """
    require("sd", sd_control=sd_control)
    require("n", n_control=n_control)
    return sd_control**2 / n_control


def shared_covariance_smd(g1: float, g2: float, n_control: float, n_total: float) -> float:
    """Covariance of two SMDs with one control group: 1/n_control + g1 g2/(2 n_total) (gleser2009).

    `n_total` counts all arms, over which the SD is pooled.
    Raises `InputError` for a control group below 2 or larger than all arms.
    """
    require("any", g1=g1, g2=g2)
    require("n", n_control=n_control, n_total=n_total)
    if n_control >= n_total:
        raise InputError("n_control", n_control, f"must be below n_total, {n_total:g}")
    return 1 / n_control + g1 * g2 / (2 * n_total)


def shared_covariance_log_odds_ratio(events_control: float, n_control: float) -> float:
    """Covariance of two log odds ratios with one control group: 1/c + 1/(n - c) of that group.

    Raises `InputError` for a control group without events or with nothing else.
    """
    require_within(events_control=(events_control, n_control))
    if not 0 < events_control < n_control:
        raise InputError("events_control", events_control, "must lie between 0 and n", "add one half to every cell")
    return 1 / events_control + 1 / (n_control - events_control)


def shared_covariance_log_risk_ratio(events_control: float, n_control: float) -> float:
    """Covariance of two log risk ratios with one control group: 1/c - 1/n of that group.

    Raises `InputError` for a control group without events.
    """
    require_within(events_control=(events_control, n_control))
    if events_control == 0:
        raise InputError("events_control", events_control, "must be positive", "add one half to every cell")
    return 1 / events_control - 1 / n_control


def shared_covariance_rd(events_control: float, n_control: float) -> float:
    """Covariance of two risk differences with one control group: p(1 - p)/n of that group.

    Raises `InputError` for more events than participants.
    """
    require_within(events_control=(events_control, n_control))
    p = events_control / n_control
    return p * (1 - p) / n_control
