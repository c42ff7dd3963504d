"""Philox4x32-10: known answers, invariance, and goodness of fit with a stated false-alarm rate.

Statistical tests use fixed seeds: they pass or fail for good. The rate says how often a sound generator
would have failed when the seed was chosen.
"""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reprieve.core import random
from reprieve.core.errors import InputError
from reprieve.core.random import Words, normal, philox4x32, stream_key, uniform
from tests.tolerance import close, monte_carlo

FALSE_ALARM = 2e-5  # per goodness-of-fit test
MANY = np.arange(200_000)
SEEDS = st.integers(0, 2**64 - 1)
WORD = st.integers(0, 2**32 - 1)
NAMES = st.text(max_size=20)
FROZEN_KEY = (1320017983, 3402142099)
FROZEN_NORMAL = [1.1102059452372892, 0.7895758338111699]
IDS = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=30)


def one_block(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x32-10 of one counter in plain integers, written from the paper."""
    c, k = list(counter), list(key)
    for _ in range(10):
        left, right = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(right >> 32) ^ c[1] ^ k[0], right % 2**32, (left >> 32) ^ c[3] ^ k[1], left % 2**32]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return tuple(c)


def words(*values: int) -> tuple[Words, Words, Words, Words]:
    a, b, c, d = (np.array([value], dtype=np.uint64) for value in values)
    return a, b, c, d


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, int], expected: str) -> None:
    """Random123, kat_vectors: philox4x32 10 for zero, all ones, digits of pi."""
    block = philox4x32(words(*counter), key)

    assert " ".join(f"{int(word[0]):08x}" for word in block) == expected


@given(st.tuples(WORD, WORD, WORD, WORD), st.tuples(WORD, WORD))
def test_arrays_agree_with_plain_integers(counter: tuple[int, ...], key: tuple[int, int]) -> None:
    """Independent implementation: the same ten rounds in Python integers."""
    assert tuple(int(word[0]) for word in philox4x32(words(*counter), key)) == one_block(counter, key)


@given(SEEDS, NAMES, IDS, st.integers(1, 7), st.data())
def test_a_patient_does_not_depend_on_the_others(
    seed: int, name: str, ids: list[int], count: int, data: st.DataObject
) -> None:
    """Invariant: patient i is patient i for any order, chunk and number of patients."""
    order = data.draw(st.permutations(range(len(ids))))
    cut = data.draw(st.integers(0, len(ids)))
    together = normal(seed, name, ids, count)

    shuffled = normal(seed, name, [ids[i] for i in order], count)
    chunks = np.concatenate([normal(seed, name, part, count) for part in (ids[:cut], ids[cut:])])

    assert np.array_equal(shuffled, together[list(order)])
    assert np.array_equal(chunks, together)


@pytest.mark.parametrize("draw", [normal, uniform])
@given(SEEDS, IDS, st.integers(1, 6), st.integers(1, 6))
def test_more_numbers_do_not_change_the_first(
    draw: object, seed: int, ids: list[int], few: int, more: int
) -> None:
    """Invariant: asking for more numbers appends columns."""
    assert callable(draw)

    assert np.array_equal(draw(seed, "a", ids, few + more)[:, :few], draw(seed, "a", ids, few))


def test_shapes() -> None:
    """Invariant: (n, count), also for none and one."""
    assert normal(1, "a", [], 3).shape == (0, 3)
    assert normal(1, "a", [7]).shape == (1, 1)
    assert uniform(1, "a", np.arange(5), 3).shape == (5, 3)


def test_uniform_is_open_at_both_ends() -> None:
    """Closed form: the least and greatest values are 2**-53 and 1 - 2**-53, symmetric about a half."""
    zero, ones = np.zeros(1, dtype=np.uint64), np.full(1, 0xFFFFFFFF, dtype=np.uint64)

    assert random._open_unit(zero, zero)[0] == 2.0**-53
    assert random._open_unit(ones, ones)[0] == 1 - 2.0**-53


def test_normal_is_box_muller_of_the_block() -> None:
    """Closed form: radius and angle from the two uniforms of block 0, computed here in plain integers."""
    w = one_block((5, 0, 0, 1), stream_key(3, "a"))
    u = [(((w[i] >> 6) << 26 | (w[i + 1] >> 6)) + 0.5) / 2**52 for i in (0, 2)]
    radius, angle = np.sqrt(-2 * np.log(u[0])), 2 * np.pi * u[1]

    assert close(normal(3, "a", [5], 2)[0], [radius * np.cos(angle), radius * np.sin(angle)], "closed_form")


def test_mean_and_variance_of_the_normal() -> None:
    """Closed form: 0 and 1. Four standard errors each: false alarm once in 15,800."""
    z = normal(11, "moments", MANY)[:, 0]
    n = z.size

    assert close(z.mean(), 0.0, monte_carlo(k=4, se=n**-0.5))
    assert close(z.var(), 1.0, monte_carlo(k=4, se=(2 / n) ** 0.5))
    assert close((z**3).mean(), 0.0, monte_carlo(k=4, se=(15 / n) ** 0.5))
    assert close((z**4).mean(), 3.0, monte_carlo(k=4, se=(96 / n) ** 0.5))


@pytest.mark.parametrize("column", [0, 1, 2])
def test_normal_has_the_normal_distribution(column: int) -> None:
    """Closed form: Kolmogorov-Smirnov against the normal, false-alarm rate 2e-5."""
    assert stats.kstest(normal(12, "shape", MANY, 3)[:, column], "norm").pvalue > FALSE_ALARM


def test_uniform_has_the_uniform_distribution() -> None:
    """Closed form: Kolmogorov-Smirnov and 256 equal cells, false-alarm rate 2e-5 each."""
    u = uniform(13, "shape", MANY)[:, 0]

    assert stats.kstest(u, "uniform").pvalue > FALSE_ALARM
    assert stats.chisquare(np.bincount((u * 256).astype(int), minlength=256)).pvalue > FALSE_ALARM


def test_the_tails_of_the_normal_are_there() -> None:
    """Closed form: share beyond three standard deviations, four standard errors, once in 15,800."""
    z, tail = normal(14, "tails", MANY)[:, 0], 2 * stats.norm.sf(3)

    assert close((abs(z) > 3).mean(), tail, monte_carlo(k=4, se=(tail / MANY.size) ** 0.5))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (normal(1, "effect:clearance", MANY)[:, 0], normal(1, "effect:volume", MANY)[:, 0]),
        (normal(1, "a", MANY)[:, 0], normal(2, "a", MANY)[:, 0]),
        (normal(1, "a", MANY)[:, 0], normal(1, "a", MANY + 1)[:, 0]),
        (normal(1, "a", MANY, 2)[:, 0], normal(1, "a", MANY, 2)[:, 1]),
        (normal(1, "a", MANY)[:, 0], stats.norm.ppf(uniform(1, "a", MANY)[:, 0])),
        (normal(1, "a", MANY)[:, 0], normal(1, "a", MANY + 2**32)[:, 0]),
    ],
    ids=["streams", "seeds", "neighbours", "columns", "kinds", "high word"],
)
def test_different_numbers_are_independent(first: np.ndarray, second: np.ndarray) -> None:
    """Closed form: correlation 0 of values and of sizes, four standard errors, once in 15,800 each."""
    tolerance = monte_carlo(k=4, se=MANY.size**-0.5)

    assert close(np.corrcoef(first, second)[0, 1], 0.0, tolerance)
    assert close(np.corrcoef(abs(first), abs(second))[0, 1], 0.0, tolerance)


@given(SEEDS, SEEDS, NAMES, NAMES)
def test_a_key_belongs_to_one_seed_and_stream(seed: int, other: int, name: str, second: str) -> None:
    """Invariant: different (seed, stream) have different keys; a clash has odds of 2**-64."""
    assert (stream_key(seed, name) == stream_key(other, second)) == ((seed, name) == (other, second))


def test_frozen_first_numbers() -> None:
    """Frozen: our own output. If it moves, every virtual patient moves: raise the numeric semantics."""
    assert stream_key(1, "effect:clearance") == FROZEN_KEY
    assert close(normal(1, "effect:clearance", [0, 1])[:, 0], FROZEN_NORMAL, "closed_form")


@pytest.mark.parametrize(
    ("seed", "ids", "count", "field"),
    [
        (-1, [0], 1, "seed"),
        (2**64, [0], 1, "seed"),
        (1, [-1], 1, "ids"),
        (1, [0.5], 1, "ids"),
        (1, [[0]], 1, "ids"),
        (1, [0], 0, "count"),
    ],
)
def test_what_is_out_of_range_is_refused(seed: int, ids: list[int], count: int, field: str) -> None:
    """Invariant: no silent wrap-around."""
    with pytest.raises(InputError) as caught:
        normal(seed, "a", ids, count)

    assert caught.value.field == field


def test_ten_thousand_patients_cost_little() -> None:
    """Invariant: one effect of 10,000 patients costs milliseconds (best of 20, room for a busy machine)."""
    ids, spent = np.arange(10_000), []
    for _ in range(20):
        start = time.perf_counter()
        normal(1, "a", ids)
        spent.append(time.perf_counter() - start)

    assert min(spent) < 0.010
