"""Step responses of linear compartments as sums of exponentials, one column per patient.

Equation: after a unit step at t = 0,  y(t) = steady + sum over poles of (gain + ramp t) exp(-rate t).
A first-order stage  y' = weight x - pole y,  y(0) = 0  keeps this form (partial fractions):

    constant s           ->  weight s / pole (1 - e^(-pole t))
    g e^(-r t)           ->  weight g / (pole - r) (e^(-r t) - e^(-pole t))
    h t e^(-r t)         ->  weight h ( t e^(-r t) / (pole - r) - (e^(-r t) - e^(-pole t)) / (pole - r)^2 )
    g e^(-pole t)        ->  weight g t e^(-pole t)              (the second of two equal transit stages)

Poles carry labels. A stage whose label is already present is the structural repeat of the last line.
Rates with other labels that happen to be close make large terms that cancel; `amplification` says how large.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Label = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Response:
    """What one output does after a unit step into one port.

    labels: name of each pole, (k,). repeated: whether the pole may carry a ramp, (k,).
    rate_per_h, gain, ramp: (k, n). steady: (n,).
    """

    labels: tuple[Label, ...]
    repeated: tuple[bool, ...]
    rate_per_h: Array
    steady: Array
    gain: Array
    ramp: Array

    def scaled(self, factor: Array | float) -> Response:
        """The same response times `factor`, a number or (n,)."""
        return replace(self, steady=self.steady * factor, gain=self.gain * factor, ramp=self.ramp * factor)

    @property
    def column(self) -> dict[Label, int]:
        """Row of each pole by its label."""
        return {label: row for row, label in enumerate(self.labels)}

    @property
    def amplification(self) -> Array:
        """Size of the terms over the size of their sum, (n,): the factor by which rounding errors grow."""
        terms = np.abs(self.gain).sum(axis=0)
        ramped = [row for row, flag in enumerate(self.repeated) if flag]
        terms += np.abs(self.ramp[ramped] / self.rate_per_h[ramped]).sum(axis=0)
        steady = np.abs(self.steady)
        # A port that never reaches the output has no terms and no sum: nothing is amplified there.
        return np.asarray(np.divide(terms, steady, out=np.zeros_like(terms), where=steady > 0))


def unit(patients: int) -> Response:
    """The step itself: 1 from t = 0 on, for `patients` columns."""
    none = np.zeros((0, patients))
    return Response((), (), none, np.ones(patients), none, none)


def through(response: Response, label: Label, pole: Array, weight: Array | float) -> Response:
    """`response` passed through one stage y' = weight x - pole y; pole and weight are (n,).

    Raises ValueError for a third equal stage in a row, which no model here has.
    """
    weights = np.broadcast_to(np.asarray(weight), pole.shape)
    return block(response, label[0], pole[None], weights[None], label[1])


def block(response: Response, name: str, poles: Array, weights: Array, first: int = 0) -> Response:
    """`response` passed through parallel stages that are summed: the residue form of a compartment block.

    poles, weights: (m, n), the block's impulse response being the sum of weights exp(-poles t).
    """
    fresh = tuple((name, first + row) for row in range(len(poles)))
    again = response.column.get(fresh[0])
    if again is not None:
        return _repeat(response, again, poles[0], weights[0])
    gain = np.zeros_like(response.gain)
    ramp = np.zeros_like(response.ramp)
    tail = np.empty_like(poles)
    steady = weights[0] * 0.0
    ramped = [row for row, flag in enumerate(response.repeated) if flag]
    for row, (pole, weight) in enumerate(zip(poles, weights, strict=True)):
        part, slope = _meet(response, ramped, pole, weight)
        level = weight * response.steady / pole
        gain += part
        ramp[ramped] += slope
        tail[row] = -level - part.sum(axis=0)
        steady = steady + level
    return Response(
        labels=response.labels + fresh,
        repeated=response.repeated + (False,) * len(fresh),
        rate_per_h=np.concatenate([response.rate_per_h, poles]),
        steady=steady,
        gain=np.concatenate([gain, tail]),
        ramp=np.concatenate([ramp, np.zeros_like(poles)]),
    )


def _meet(response: Response, ramped: list[int], pole: Array, weight: Array) -> tuple[Array, Array]:
    """What the poles already there become in a stage: gains (k, n), and ramps of the rows `ramped`."""
    away = pole - response.rate_per_h
    if not away.all():
        # Equal rates: kept finite here; the amplification tells, and `separation` takes the limit.
        away = np.where(away == 0, pole * np.finfo(float).eps, away)
    part = weight * response.gain / away
    slope = weight * response.ramp[ramped] / away[ramped]
    part[ramped] -= slope / away[ramped]
    return part, slope


def _repeat(response: Response, row: int, pole: Array, weight: Array) -> Response:
    """The second of two equal stages: the pole in `row` turns its gain into a ramp, exactly."""
    if response.repeated[row]:
        raise ValueError(f"pole {response.labels[row]} would be met a third time")
    others = [other for other in range(len(response.labels)) if other != row]
    ramped = [place for place, other in enumerate(others) if response.repeated[other]]
    rest = replace(
        response,
        labels=tuple(response.labels[other] for other in others),
        repeated=tuple(response.repeated[other] for other in others),
        rate_per_h=response.rate_per_h[others],
        gain=response.gain[others],
        ramp=response.ramp[others],
    )
    part, slope = _meet(rest, ramped, pole, weight)
    level = weight * response.steady / pole
    gain, ramp = np.empty_like(response.gain), np.zeros_like(response.ramp)
    gain[others] = part
    ramp[[others[place] for place in ramped]] = slope
    gain[row] = -level - part.sum(axis=0)
    ramp[row] = weight * response.gain[row]
    flags = tuple(flag or place == row for place, flag in enumerate(response.repeated))
    return replace(response, repeated=flags, steady=level, gain=gain, ramp=ramp)


def add(first: Response, *others: Response) -> Response:
    """Sum of responses to the same step; poles with the same label are merged."""
    total = first
    for other in others:
        total = _add(total, other)
    return total


def _add(left: Response, right: Response) -> Response:
    labels = left.labels + tuple(label for label in right.labels if label not in left.column)
    flags = {
        label: flag
        for side in (left, right)
        for label, flag in zip(side.labels, side.repeated, strict=True)
        if flag or label not in left.column
    }
    rate, gain, ramp = (np.zeros((len(labels), left.steady.size)) for _ in range(3))
    for side in (left, right):
        rows = [labels.index(label) for label in side.labels]
        rate[rows] = side.rate_per_h
        gain[rows] += side.gain
        ramp[rows] += side.ramp
    return Response(
        labels=labels,
        repeated=tuple(flags.get(label, False) for label in labels),
        rate_per_h=rate,
        steady=left.steady + right.steady,
        gain=gain,
        ramp=ramp,
    )
