"""Belief and the non-drug response: what happens in every arm, whatever is infused.

    logit b_k = logit b_(k-1) + w_d (CADSS_k - c0) + w_s sedation_k + w_i improvement_k       at infusion k
    P = f Pf + (1 - f) Ps
    dPi/dt = (target_k - Pi) / tau_i ,  target_k = p0 + p1 b_k within [low, high]             in treatment
    dPi/dt = -Pi / fade_i                                                                     afterwards

b_k is the belief, after infusion k, that the treatment is the active one. improvement_k is the share of
symptoms gone when infusion k starts, 1 - (1 - P)(1 - D). Unblinding is thus a consequence of what is felt.
P is 0 before the first infusion and continuous; treatment ends a contact window after the last infusion.
Each piece between infusions is an exact exponential.

Fast and slow part fade at their own rates: with one rate the between-visit correlations of Duek 2023 are out
of reach (docs/scores.md).

Source: wilkinson2019, lii2023 (response follows the comparator); values assumed, see `expectancy.toml`.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.units import HOURS_PER_DAY

type Array = NDArray[np.float64]


def treatment_end_h(last_dose_end_h: float, contact_window_d: float) -> float:
    """Return when treatment ends: the last infusion's end plus the contact window."""
    return last_dose_end_h + contact_window_d * HOURS_PER_DAY


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow for any x."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def course(
    time_h: Array,
    dose_start_h: Array,
    treatment_end_h: float,
    dissociation: Array,
    sedation: Array,
    benefit_at_dose: Array,
    ind: Mapping[str, Array],
    clamp: float | None = None,
) -> tuple[Array, Array]:
    """Return belief after each infusion (n, k) and the non-drug response P (n, t).

    `time_h` (t,) in any order; `dose_start_h` (k,) ascending; per patient and infusion (n, k): peak
    `dissociation` in CADSS points, peak `sedation` as a probability, `benefit_at_dose` D at the infusion's
    start. `clamp` fixes belief for everybody, whatever is felt. Without infusions P is 0.

    Raises `InputError` if infusions are not in order, treatment ends before the last one, or `clamp` is not
    between 0 and 1.
    """
    starts = np.asarray(dose_start_h, dtype=np.float64)
    _check(starts, treatment_end_h, clamp)
    time = np.asarray(time_h, dtype=np.float64)
    n, k_doses = dissociation.shape
    belief = np.zeros((n, k_doses))
    placebo = np.zeros((n, len(time)))
    if k_doses == 0:
        return belief, placebo
    edges = np.append(starts, treatment_end_h)
    piece = np.searchsorted(edges, time, side="right") - 1
    logit = ind["expectation_logit"]
    parts: tuple[Array, ...] = (np.zeros(n), np.zeros(n))
    for k in range(k_doses + 1):
        if k < k_doses:
            improvement = 1 - (1 - _mixed(parts, ind)) * (1 - benefit_at_dose[:, k])
            logit = logit + _felt(dissociation[:, k], sedation[:, k], improvement, ind)
            belief[:, k] = logistic(logit) if clamp is None else clamp
            target, rates = _target(belief[:, k], ind), ("fast_time_d", "slow_time_d")
        else:
            target, rates = np.zeros(n), ("fast_fade_d", "slow_fade_d")
        here = piece == k
        placebo[:, here] = _mixed(_moved(parts, target, rates, time[here] - edges[k], ind), ind)
        if k < k_doses:
            parts = tuple(x[:, 0] for x in _moved(parts, target, rates, np.diff(edges[k : k + 2]), ind))
    return belief, placebo


def _check(starts: Array, end_h: float, clamp: float | None) -> None:
    if np.any(np.diff(starts) <= 0):
        raise InputError("dose_start_h", starts.tolist(), "must be ascending")
    if len(starts) and end_h < starts[-1]:
        raise InputError("treatment_end_h", end_h, f"must not be before the last infusion at {starts[-1]:g} h")
    if clamp is not None and not 0 <= clamp <= 1:
        raise InputError("belief", clamp, "must lie between 0 and 1")


def _felt(dissociation: Array, sedation: Array, improvement: Array, ind: Mapping[str, Array]) -> Array:
    points = dissociation - ind["belief_dissociation_neutral_points"]
    return np.asarray(
        ind["belief_dissociation_weight_per_point"] * points
        + ind["belief_sedation_weight"] * sedation
        + ind["belief_improvement_weight"] * improvement
    )


def _target(belief: Array, ind: Mapping[str, Array]) -> Array:
    wanted = ind["nondrug_base"] + ind["nondrug_belief"] * belief
    return np.clip(wanted, ind["nondrug_low"], ind["nondrug_high"])


def _moved(
    parts: tuple[Array, ...], target: Array, rates: tuple[str, str], after_h: Array, ind: Mapping[str, Array]
) -> tuple[Array, ...]:
    """Both parts (n,) `after_h` (t,) hours later, (n, t) each: the exact solution of one piece."""
    moved = []
    for part, name in zip(parts, rates, strict=True):
        tau_h = ind[f"nondrug_{name}"] * HOURS_PER_DAY
        if np.all(tau_h == tau_h[0]):
            tau_h = tau_h[:1]  # the same for all: one row of exponentials instead of n
        left = np.exp(-after_h[None, :] / tau_h[:, None])
        moved.append(target[:, None] + (part - target)[:, None] * left)
    return tuple(moved)


def _mixed(parts: tuple[Array, ...], ind: Mapping[str, Array]) -> Array:
    fast, slow = parts
    share = ind["nondrug_fast_share"] if fast.ndim == 1 else ind["nondrug_fast_share"][:, None]
    return np.asarray(share * fast + (1 - share) * slow)
