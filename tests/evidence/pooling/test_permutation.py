"""Permutation p: exact where it can be, seeded where it cannot."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.permutation import Permutation, permutation_test
from tests.evidence.pooling.grid import columns
from tests.tolerance import close, monte_carlo

Y = [0.9, -0.2, 0.4, 0.1, 1.1]
V = [0.05, 0.11, 0.08, 0.2, 0.04]
X = np.column_stack([np.ones(5), [3.0, 1.0, 2.0, 1.0, 3.0]])


def test_all_arrangements_by_hand() -> None:
    """Closed form: the share of all 5! orders of the rows whose |t| reaches the observed one."""
    observed = np.abs(fit(Y, V, X, method="DL").statistic)
    orders = [np.abs(fit(Y, V, X[list(order)], method="DL").statistic) for order in permutations(range(5))]

    found = permutation_test(Y, V, X, method="DL", permutations=30)

    assert found.exact
    assert found.count == 30  # 120 orders, of which ties make 30 different ones
    assert close(found.p, (np.array(orders) >= observed - 1e-8).mean(axis=0), "closed_form")


def test_signs_by_hand() -> None:
    """Closed form: 2^5 signs; all estimates but one point the same way."""
    flips = [np.array([(n >> i & 1) * 2 - 1 for i in range(5)]) for n in range(32)]
    observed = abs(fit(Y, V).statistic[0])
    reached = np.mean([abs(fit(np.array(Y) * one, V).statistic[0]) >= observed - 1e-8 for one in flips])

    found = permutation_test(Y, V, permutations=32)

    assert (found.exact, found.count, found.seed) == (True, 32, None)
    assert close(found.p[0], reached, "closed_form")


def bcg(**options: Any) -> Permutation:
    held = columns("bcg")
    return permutation_test(held["yi"], held["vi"], np.column_stack([np.ones(13), held["x"]]), tested=[1], **options)


def test_a_seed_is_an_answer() -> None:
    """Invariant: the same seed gives the same p, another one another; the first draws stay when more are made."""
    first, again, other = bcg(seed=4), bcg(seed=4), bcg(seed=5)

    assert first == again
    assert first.p != other.p
    assert (first.exact, first.count, first.failed, first.seed) == (False, 1000, 0, 4)


def test_the_joint_p_of_one_moderator_is_its_own() -> None:
    """Invariant."""
    found = bcg(permutations=400)

    assert found.qm_p == found.p[1]


def test_random_orders_come_near_the_exact_p() -> None:
    """Closed form of the test above, within Monte Carlo error."""
    held = columns("raudenbush1985")
    y, v = np.array(held["yi"][3:11]), np.array(held["vi"][3:11])
    x = np.column_stack([np.ones(8), np.arange(8.0) ** 2])

    exact = permutation_test(y, v, x, method="DL", permutations=40320)
    drawn = permutation_test(y, v, x, method="DL", permutations=4000)

    assert (exact.exact, exact.count, drawn.exact, drawn.count) == (True, 40320, False, 4000)
    for p, truth in zip(drawn.p, exact.p, strict=True):
        assert close(p, truth, monte_carlo(k=4.5, se=float(np.sqrt(truth * (1 - truth) / 4000))))


def test_random_signs_include_the_observed_ones() -> None:
    """Invariant: p is never zero, as the observed arrangement is one of those counted."""
    found = permutation_test(np.full(20, 0.5) + np.linspace(0, 0.1, 20), np.full(20, 0.01), permutations=20)

    assert (found.exact, found.count) == (False, 20)
    assert 1 / 20 <= found.p[0] <= 2 / 20


@pytest.mark.parametrize("count", [0, -5, 19, 1_000_001])
def test_too_few_or_too_many(count: int) -> None:
    """Invariant: fewer than 20 arrangements cannot show p below 0.05."""
    with pytest.raises(InputError, match="from 20 to 1000000"):
        permutation_test(Y, V, X, permutations=count)


def test_bad_data_are_refused_as_by_the_fit() -> None:
    """Invariant."""
    with pytest.raises(InputError, match="vi"):
        permutation_test(Y, [0.1, 0.1, 0.1, 0.1, 0.0], X)
