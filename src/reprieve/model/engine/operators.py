"""Everything linear in the surge as precomputed weights: signal, functional gain and spine delay on one element.

The three filters have one rate each for the whole population. On an element of length h the surge is its
interpolation through the Gauss nodes, so each filter at any point is a fixed combination of its start values and
the node values of the surge. Rates that meet need no special case: (exp(-a t) - exp(-b t)) / (b - a) is evaluated
through expm1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.model.engine.grid import Array, Grid, Rule, rule

SIGNAL, FUNCTION, DELAY = range(3)
QUADRATURE = rule(32)


@dataclass(frozen=True, slots=True)
class Filters:
    """Rates of the three filters and the area J of the reference surge; all scalars of a population."""

    signal_per_h: float
    function_per_h: float
    delay_per_h: float
    reference_area_h: float


@dataclass(frozen=True, slots=True)
class Operators:
    """Weights per element shape (s) and per output (q).

    `end_state` (s, 3, 3), `end_surge` (s, 3, n): filters at the end of an element from their start and the surge;
    `delay_state` (s, n, 3), `delay_surge` (s, n, n): the spine delay at the nodes;
    `output_state` (q, 3, 3), `output_surge` (q, 3, n): filters at each output time;
    `output_to` (q, n): integrals of the Lagrange polynomials up to each output time.
    """

    end_state: Array
    end_surge: Array
    delay_state: Array
    delay_surge: Array
    output_state: Array
    output_surge: Array
    output_to: Array


def build(grid: Grid, filters: Filters) -> Operators:
    """The weights of a grid."""
    gauss = rule(grid.nodes)
    shapes, n = grid.shape_length_h.size, grid.nodes
    end_state, end_surge = _weights(np.ones(shapes), grid.shape_length_h, gauss, filters)
    node_state, node_surge = _weights(
        np.tile(gauss.node, shapes), np.repeat(grid.shape_length_h, n), gauss, filters
    )
    output_h = grid.length_h[np.maximum(grid.output_element, 0)]
    output_state, output_surge = _weights(grid.output_theta, output_h, gauss, filters)
    return Operators(
        end_state,
        end_surge,
        node_state[:, DELAY].reshape(shapes, n, 3),
        node_surge[:, DELAY].reshape(shapes, n, n),
        output_state,
        output_surge,
        gauss.to(grid.output_theta),
    )


def _weights(theta: Array, length_h: Array, gauss: Rule, filters: Filters) -> tuple[Array, Array]:
    """Transition (k, 3, 3) and surge weights (k, 3, n) at the fraction `theta` (k,) of elements `length_h` (k,)."""
    time_h = theta * length_h
    lag = time_h[:, None] * (1 - QUADRATURE.node)
    kernel = _transition(lag, filters)[..., SIGNAL] / filters.reference_area_h
    polynomial = gauss.values((theta[:, None] * QUADRATURE.node).reshape(-1)).reshape(*lag.shape, -1)
    weighted = kernel * (time_h[:, None] * QUADRATURE.to_end)[..., None]
    return _transition(time_h, filters), weighted.swapaxes(1, 2) @ polynomial


def _transition(time_h: Array, filters: Filters) -> Array:
    """How start values of (signal, function, delay) act after `time_h`: shape (*time, 3, 3)."""
    signal, function, delay = filters.signal_per_h, filters.function_per_h, filters.delay_per_h
    out = np.zeros((*time_h.shape, 3, 3))
    out[..., SIGNAL, SIGNAL] = np.exp(-signal * time_h)
    for row, rate in ((FUNCTION, function), (DELAY, delay)):
        out[..., row, row] = np.exp(-rate * time_h)
        out[..., row, SIGNAL] = signal * exp_difference(signal, rate, time_h)
    return out


def exp_difference(first: float, second: float, time_h: Array) -> Array:
    """(exp(-first t) - exp(-second t)) / (second - first), exact where the rates meet."""
    gap = second - first
    if gap == 0:
        return np.asarray(time_h * np.exp(-first * time_h))
    return np.asarray(np.exp(-first * time_h) * -np.expm1(-gap * time_h) / gap)
