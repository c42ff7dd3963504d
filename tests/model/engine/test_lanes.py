"""Lanes and the exponential of the compiled kernel, and how the kernel deals with lanes that are not full."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from reprieve.model.engine import door, numba_executor, numpy_executor
from reprieve.model.engine.lanes import LOWEST, aligned, as_lanes, at_least, exp
from reprieve.model.engine.numerics import numerics
from reprieve.model.engine.plan import plan
from reprieve.model.engine.problem import Answer, Request
from reprieve.model.population import population
from reprieve.model.regimen import Dose, Phase, Regimen
from tests.model.engine.requests import SIX, request
from tests.strategies import course
from tests.tolerance import Tolerance, close

type Array = NDArray[np.float64]

LANES = numerics().numba_lanes
ULPS = 2
EXECUTORS = Tolerance(1e-10, "of the peak: terms that cancel, summed in another order", absolute=True)


def one_by_one(x: Array) -> Array:
    """exp of the kernel, as the compiler inlines it."""
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = exp(x[i])
    return out


COMPILE: Any = numba.njit
EXPONENTIALS = COMPILE(one_by_one)


def test_exponential_within_two_ulp() -> None:
    """Independent implementation: math.exp, over the whole range of normal numbers."""
    random = np.random.default_rng(5)
    x = np.concatenate(
        [random.uniform(LOWEST, 709, 20_000), random.uniform(-40, 1, 20_000), -np.geomspace(1e-300, 700, 5_000)]
    )
    exact = np.array([math.exp(value) for value in x.tolist()])

    assert (np.abs(EXPONENTIALS(x) - exact) <= ULPS * np.spacing(exact)).all()


def test_exponential_at_the_ends() -> None:
    """Closed form: exp(0) is 1 exactly; below the range the value is that at its end, next to nothing."""
    found = EXPONENTIALS(np.array([0.0, -0.0, -1e9, LOWEST * 1.0]))

    assert found[:2].tolist() == [1, 1]
    assert found[2] == found[3] == pytest.approx(math.exp(LOWEST), rel=1e-14)


VIEW: Any = as_lanes
LARGER: Any = at_least


def in_lanes(x: Any, y: Any, out: Any) -> None:
    """Every operation that lanes have."""
    a, b, results = VIEW(x), VIEW(y), VIEW(out)
    for i in range(a.size):
        total = (2 - a[i]) * b[i] / (a[i] + 3.0)
        total += exp(a[i])
        results[i] = LARGER(total, 1.0)


IN_LANES = COMPILE(in_lanes)


def test_lanes_calculate_like_numbers() -> None:
    """Independent implementation: NumPy; what is not a number stays so, in its own lane only."""
    random = np.random.default_rng(6)
    x, y, found = (aligned((50, LANES)) for _ in range(3))
    x[:], y[:] = random.uniform(-1, 2, x.shape), random.uniform(-3, 3, x.shape)
    x[3, 1] = np.nan

    IN_LANES(x, y, found)

    expected = np.maximum((2 - x) * y / (x + 3) + np.exp(x), 1)
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=0, equal_nan=True)


def test_aligned_starts_where_a_vector_may() -> None:
    """Contract: the start is a multiple of the size of the lanes, whatever NumPy allocates."""
    starts = [aligned((k, 3, LANES)).ctypes.data % (8 * LANES) for k in range(1, 30)]

    assert starts == [0] * 29


def both(asked: Request) -> tuple[Answer, Answer]:
    """The same request by both executors on the same grid."""
    answers = Answer.empty(asked), Answer.empty(asked)
    held = plan(asked, door.PLAIN, numerics().nodes)
    numba_executor.run(asked, held, answers[0])
    numpy_executor.run(asked, held, answers[1])
    return answers


def assert_same(found: Answer, expected: Answer) -> None:
    for ours, theirs in ((found.plasma, expected.plasma), (found.chain, expected.chain)):
        peak = np.maximum(theirs.max(axis=(1, 2), keepdims=True), np.finfo(float).tiny)
        assert close(ours / peak, theirs / peak, EXECUTORS)


@pytest.mark.parametrize("n", [1, LANES - 1, LANES, LANES + 1, 2 * LANES + 3])
def test_blocks_that_are_not_full(n: int) -> None:
    """Independent executors: any number of patients, with lanes left over or not."""
    assert_same(*both(request(SIX, population(n, seed=8))))


@pytest.mark.parametrize("variability", [0, 1, 3])
def test_kernel_equals_the_readable_method(variability: float) -> None:
    """Independent executors behind one door: 200 patients, from all alike to three times the model's own spread."""
    asked = request(SIX, population(200, seed=9), variability)
    calm = asked.take(np.flatnonzero(~asked.modes.meeting))

    found, expected = (door.solve(calm, executor) for executor in ("numba", "numpy"))
    assert_same(found[0], expected[0])
    assert close(found[1], expected[1], "states")


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("84 mg esketamine nasal on days 0, 3", "perezruixo2021_esk"),
        ("100 mg esketamine oral", "perezruixo2021_esk"),
        ("50 mg esketamine sublingual", "simons2022_S"),
        ("0.5 mg/kg over 40 min on days 1, 8", "kamp2020_meta3c"),
        ("saline over 40 min", "reprieve_iv_default"),
    ],
)
def test_kernel_knows_every_kind_of_event(text: str, model: str) -> None:
    """Independent executors: amounts at once, several ports, a late start, no drug at all."""
    assert_same(*both(request(Regimen.parse(text), population(5, seed=9), model=model)))


def test_kernel_on_a_kinked_surge() -> None:
    """Independent executors: the surge cut at zero."""
    assert_same(*both(request(course(1.0), surge_zero=0.3)))


def test_kernel_on_an_odd_infusion() -> None:
    """Independent executors: rate changes and a pause within one infusion."""
    dose = Dose(0.0, (Phase(0.25, 0.2), Phase(0.1, 0.0), Phase(0.5, 0.3)), "mg/kg").rate_changed(0.5, 0.7)

    assert_same(*both(request(Regimen((dose,)))))


def test_another_number_of_nodes_is_refused() -> None:
    """Contract: the kernel is compiled for one number of nodes and says so."""
    asked = request(course())

    with pytest.raises(AssertionError):
        numba_executor.run(asked, plan(asked, door.PLAIN, numerics().nodes + 2), Answer.empty(asked))
