"""The weights of the three linear filters against matrix exponentials and against adaptive quadrature."""

from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.linalg import expm

from reprieve.model import drive
from reprieve.model.engine import operators
from reprieve.model.engine.grid import Grid, build, rule
from reprieve.model.engine.numerics import numerics
from reprieve.model.engine.operators import DELAY, FUNCTION, SIGNAL, Filters, exp_difference
from reprieve.model.parameters import default_parameters
from tests.tolerance import Tolerance, close

type Array = NDArray[np.float64]

NODES = numerics().nodes
WEIGHTS = Tolerance(1e-9, "weights come from a Vandermonde matrix of seven nodes, condition near 1e5")
SHIPPED = drive.filters(default_parameters())
FILTERS = {
    "shipped": SHIPPED,
    "signal meets function": Filters(0.4, 0.4, 0.07, 0.3),
    "signal meets delay": Filters(0.4, 0.03, 0.4, 0.3),
    "all meet": Filters(0.2, 0.2, 0.2, 0.3),
    "nearly": Filters(0.2, 0.2 * (1 + 1e-9), 0.2 * (1 - 1e-9), 0.3),
}


@pytest.mark.parametrize("gap", [0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.1, 3.0])
def test_exp_difference(gap: float) -> None:
    """Closed form in 60 decimal digits; at equality the limit t exp(-a t)."""
    getcontext().prec = 60
    rate, time_h = 0.7, np.array([0.0, 1e-3, 0.5, 4.0, 40.0])
    other = rate + gap
    a, b = Decimal(rate), Decimal(other)
    exact = [
        Decimal(t) * (-a * Decimal(t)).exp()
        if a == b
        else ((-a * Decimal(t)).exp() - (-b * Decimal(t)).exp()) / (b - a)
        for t in time_h.tolist()
    ]

    assert close(exp_difference(rate, other, time_h), [float(x) for x in exact], "closed_form")
    assert close(exp_difference(other, rate, time_h), exp_difference(rate, other, time_h), "closed_form")


def grid() -> Grid:
    """Three hours of an infusion and what follows, with outputs inside elements and on edges."""
    times = np.array([0.01, 0.03, 0.5, 2 / 3, 1.0, 9.0, 24.0, 30.0, 100.0])
    return build(np.array([0.0, 2 / 3]), 100.0, times, times, NODES, numerics())


def linear(filters: Filters, degree: int, unit_h: float) -> Array:
    """Rates of (signal, function, delay, x^degree, ..., x, 1), x = t / unit, when the surge is the sum of powers."""
    size = 3 + degree + 1
    matrix = np.zeros((size, size))
    matrix[SIGNAL, SIGNAL] = -filters.signal_per_h
    matrix[FUNCTION, SIGNAL] = matrix[DELAY, SIGNAL] = filters.signal_per_h
    matrix[FUNCTION, FUNCTION], matrix[DELAY, DELAY] = -filters.function_per_h, -filters.delay_per_h
    matrix[SIGNAL, 3:] = 1 / filters.reference_area_h
    for row in range(degree):
        matrix[3 + row, 4 + row] = (degree - row) / unit_h
    return matrix


@pytest.mark.parametrize("name", FILTERS)
def test_polynomial_surge_against_the_matrix_exponential(name: str) -> None:
    """Independent implementation: scipy.linalg.expm; a surge of degree below the nodes is carried exactly."""
    filters, held, gauss = FILTERS[name], grid(), rule(NODES)
    weights = operators.build(held, filters)
    start = np.array([0.3, 0.9, 0.2])
    degree = NODES - 1
    released = np.sum([gauss.node**k for k in range(degree + 1)], axis=0)

    def exact(theta: float, h: float) -> Array:
        matrix = linear(filters, degree, h)
        return np.asarray(expm(matrix * theta * h) @ [*start, *np.zeros(degree), 1.0])[:3]

    for s, h in enumerate(held.shape_length_h.tolist()):
        assert close(weights.end_state[s] @ start + weights.end_surge[s] @ released, exact(1, h), WEIGHTS)
        delay = weights.delay_state[s] @ start + weights.delay_surge[s] @ released
        assert close(delay, [exact(theta, h)[DELAY] for theta in gauss.node.tolist()], WEIGHTS)
    for q, e in enumerate(held.output_element):
        h, theta = float(held.length_h[e]), float(held.output_theta[q])
        found = weights.output_state[q] @ start + weights.output_surge[q] @ released
        assert close(found, exact(theta, h), WEIGHTS)


@pytest.mark.parametrize("name", FILTERS)
def test_interpolated_surge_against_quadrature(name: str) -> None:
    """Independent implementation: scipy.integrate.quad of the filters' kernels over the interpolated surge."""
    filters, held, gauss = FILTERS[name], grid(), rule(NODES)
    weights = operators.build(held, filters)
    shape = int(np.argmin(np.abs(held.shape_length_h - 1)))
    h = float(held.shape_length_h[shape])
    released = np.exp(-gauss.node * h) * (1 + np.sin(3 * gauss.node))
    interpolated = Polynomial.fit(gauss.node * h, released, NODES - 1)

    def response(row: int, lag_h: float) -> float:
        if row == SIGNAL:
            return float(np.exp(-filters.signal_per_h * lag_h))
        rate = filters.function_per_h if row == FUNCTION else filters.delay_per_h
        return filters.signal_per_h * float(exp_difference(filters.signal_per_h, rate, np.array(lag_h)))

    found = weights.end_surge[shape] @ released
    for row in (SIGNAL, FUNCTION, DELAY):
        area, _ = quad(lambda t, row=row: response(row, h - t) * interpolated(t), 0, h, epsabs=1e-13, epsrel=1e-12)
        assert close(found[row], area / filters.reference_area_h, WEIGHTS)


def test_outputs_integrate_like_the_rule() -> None:
    """Invariant: the integrals kept with the operators are those of the rule at the same fractions."""
    held = grid()

    assert np.array_equal(operators.build(held, SHIPPED).output_to, rule(NODES).to(held.output_theta))
