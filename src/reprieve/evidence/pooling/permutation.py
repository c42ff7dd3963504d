"""Permutation p: how often chance alone, by shuffling the moderators, gives a coefficient this far from zero.

With moderators the rows of the design are dealt out anew over the studies (higgins2004); without any, the signs of
the estimates are flipped. As R metafor's `permutest`: the test statistics are compared, all arrangements are tried
where there are few enough, else seeded random ones of which the first is the one observed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.core.random import uniform
from reprieve.evidence.pooling.fit import coefficients, fit
from reprieve.evidence.pooling.tau2 import estimate
from reprieve.evidence.pooling.wls import Array, Basis, basis

MOST = 1_000_000
FEWEST = 20  # fewer cannot show p below 0.05
_BLOCK = 1000
_TIE = math.sqrt(np.finfo(float).eps)  # arrangements that differ by rounding only count as equal


@dataclass(frozen=True, slots=True)
class Permutation:
    """Permutation p of each coefficient and of all tested ones at once.

    `count` arrangements were tried, all there are if `exact`; `failed` of them had no estimate and are left out.
    """

    p: tuple[float, ...]
    qm_p: float
    exact: bool
    count: int
    failed: int
    seed: int | None


def permutation_test(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    design: npt.ArrayLike | None = None,
    *,
    tested: Sequence[int] = (),
    method: str = "REML",
    test: str = "knha",
    permutations: int = 1000,
    seed: int = 1,
) -> Permutation:
    """Permutation test of the coefficients of `fit(yi, vi, design, method=method, test=test)`.

    `tested` are the columns of the joint test, all if empty. Exact where there are at most `permutations`
    different arrangements; `seed` chooses the random ones otherwise.

    Raises `InputError` as `fit` does, and for a number of permutations below 20 or above a million.
    """
    if not FEWEST <= permutations <= MOST:
        raise InputError("permutations", permutations, f"must be from {FEWEST} to {MOST}")
    fit(yi, vi, design, method=method, test=test)  # checks everything
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    x = np.ones((len(y), 1)) if design is None else np.asarray(design, dtype=float)
    on, chosen = basis(x), list(tested) or list(range(x.shape[1]))
    if _only_intercept(x):
        exact, arrangements = _signs(y, v, permutations, seed)
    else:
        exact, arrangements = _orders(x, y, v, permutations, seed)
    found = [_statistics(a, b, on, method, test, chosen) for a, b in arrangements]
    statistic, joint = (np.concatenate(parts) for parts in zip(*found, strict=True))
    observed, joint_observed = (part[0] for part in _statistics(y[:, None], v[:, None], on, method, test, chosen))
    known = np.isfinite(joint)
    p = tuple((np.abs(statistic[known]) >= np.abs(observed) - _TIE).mean(axis=0).tolist())
    qm_p = float((joint[known] >= joint_observed - _TIE).mean())
    return Permutation(p, qm_p, exact, len(joint), int((~known).sum()), None if exact else seed)


def _only_intercept(design: Array) -> bool:
    return design.shape[1] == 1 and bool(np.all(design == design[0]))


def _statistics(y: Array, v: Array, on: Basis, method: str, test: str, tested: list[int]) -> tuple[Array, Array]:
    """Test statistics of each coefficient (d, p) and of the tested ones together (d,); NaN where a search failed."""
    between = estimate(y, v, on, method)
    beta, cov, _, _ = coefficients(y, v, on, between.tau2, test)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = beta / np.sqrt(np.diagonal(cov, axis1=1, axis2=2))
        part = beta[:, tested]
        inner = np.linalg.pinv(cov[:, tested][:, :, tested])
        joint = np.einsum("di,dij,dj->d", part, inner, part)
    failed = ~between.converged
    statistic[failed], joint[failed] = np.nan, np.nan
    return statistic, joint


def _signs(y: Array, v: Array, wanted: int, seed: int) -> tuple[bool, Iterator[tuple[Array, Array]]]:
    k = len(y)
    if 2**k <= wanted:
        flips = 1 - 2 * ((np.arange(2**k)[:, None] >> np.arange(k)) & 1).astype(float)
        return True, ((y[:, None] * one.T, _columns(v, one)) for one in _blocks(flips))
    ids = np.arange(wanted)

    def drawn() -> Iterator[tuple[Array, Array]]:
        for some in _blocks(ids):
            flips = np.where(uniform(seed, "sign flips", some, k) < 1 / 2, -1.0, 1.0)
            flips[some == 0] = 1.0
            yield y[:, None] * flips.T, _columns(v, flips)

    return False, drawn()


def _columns(v: Array, like: Array) -> Array:
    return np.broadcast_to(v[:, None], (len(v), len(like)))


def _orders(x: Array, y: Array, v: Array, wanted: int, seed: int) -> tuple[bool, Iterator[tuple[Array, Array]]]:
    """Dealing the rows of the design out over the studies is dealing the studies out over the rows."""
    _, label = np.unique(x, axis=0, return_inverse=True)
    labels = [int(one) for one in np.ravel(label)]
    total = math.factorial(len(labels)) // math.prod(math.factorial(n) for n in Counter(labels).values())
    if total <= wanted:
        places = np.argsort(labels, kind="stable")
        every = _arrangements(sorted(labels))

        def all_of_them() -> Iterator[tuple[Array, Array]]:
            while some := list(islice(every, _BLOCK)):
                order = np.empty((len(labels), len(some)), dtype=int)
                order[places] = np.argsort(np.array(some), axis=1, kind="stable").T
                yield y[order], v[order]

        return True, all_of_them()

    def drawn() -> Iterator[tuple[Array, Array]]:
        for some in _blocks(np.arange(wanted)):
            order = np.argsort(uniform(seed, "permutations", some, len(labels)), axis=1).T
            order[:, some == 0] = np.arange(len(labels))[:, None]
            yield y[order], v[order]

    return False, drawn()


def _blocks[T: (Array, npt.NDArray[np.int64])](rows: T) -> Iterator[T]:
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))


def _arrangements(labels: list[int]) -> Iterator[list[int]]:
    """Every different order of sorted labels, each once: the next in the order of the dictionary, until the last."""
    current = list(labels)
    while True:
        yield list(current)
        falls = [i for i in range(len(current) - 1) if current[i] < current[i + 1]]
        if not falls:
            return
        at = falls[-1]
        after = max(i for i in range(at + 1, len(current)) if current[i] > current[at])
        current[at], current[after] = current[after], current[at]
        current[at + 1 :] = reversed(current[at + 1 :])
