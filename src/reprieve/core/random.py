"""Random numbers by counter: patient i gets the same numbers for any N, order, chunk or worker.

The generator is Philox4x32-10: a keyed bijection of a 128-bit counter, so there is no state to share.
Key = 64-bit hash of (seed, stream name). Counter = (patient id low, id high, block number, kind of number).

Source: salmon2011 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3); known answers from Random123.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import index

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError

type Ids = NDArray[np.int64] | Sequence[int]
type Words = NDArray[np.uint64]

_ROUNDS = 10
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)
_KIND_UNIFORM, _KIND_NORMAL = 0, 1
_DRAWS_PER_BLOCK = 2


def philox4x32(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Return four 32-bit words (held in uint64) for each counter; the counter's words broadcast.

    Ten rounds of: multiply two words by a constant, split the 64-bit products, swap, xor with the key.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        product0 = c0 * _MULTIPLIERS[0]
        product1 = c2 * _MULTIPLIERS[1]
        c0 = (product1 >> _WORD) ^ c1 ^ np.uint64(k0)
        c2 = (product0 >> _WORD) ^ c3 ^ np.uint64(k1)
        c1 = product1 & _LOW
        c3 = product0 & _LOW
        k0 = (k0 + _KEY_STEPS[0]) & 0xFFFFFFFF
        k1 = (k1 + _KEY_STEPS[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


@lru_cache(maxsize=4096)
def stream_key(seed: int, stream: str) -> tuple[int, int]:
    """Return the two key words of a stream; the same on every machine and Python version.

    Raises `InputError` if `seed` is not in 0 .. 2**64 - 1.
    """
    if not 0 <= seed < 2**64:
        raise InputError("seed", seed, "must be a whole number from 0 to 2**64 - 1")
    digest = blake2b(seed.to_bytes(8, "little") + stream.encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def _words(seed: int, stream: str, ids: Ids, blocks: int, kind: int) -> tuple[Words, ...]:
    patient = np.asarray(ids)
    if patient.ndim != 1 or (patient.size and patient.dtype.kind not in "iu"):
        raise InputError("ids", ids, "must be a list of whole numbers")
    if patient.size and patient.min() < 0:
        raise InputError("ids", int(patient.min()), "must not be negative")
    wide = patient.astype(np.uint64)[:, None]
    block = np.arange(blocks, dtype=np.uint64)[None, :]
    return philox4x32((wide & _LOW, wide >> _WORD, block, np.uint64(kind)), stream_key(index(seed), stream))  # type: ignore[arg-type]


def _open_unit(high: Words, low: Words) -> NDArray[np.float64]:
    """Map two words to (2k + 1) / 2**53 with k in 0 .. 2**52 - 1: exact, symmetric, never 0 or 1."""
    k = ((high >> np.uint64(6)) << np.uint64(26)) | (low >> np.uint64(6))
    return (k.astype(np.float64) + 0.5) * 2.0**-52


def _blocks(count: int) -> int:
    if count < 1:
        raise InputError("count", count, "must be at least 1")
    return -(-count // _DRAWS_PER_BLOCK)


def uniform(seed: int, stream: str, ids: Ids, count: int = 1) -> NDArray[np.float64]:
    """Uniform numbers in the open interval (0, 1), shape (n, count).

    Row i depends on `seed`, `stream`, `ids[i]` only; the first columns do not change when `count` grows.

    Raises `InputError` for a seed, id or count out of range.
    """
    w0, w1, w2, w3 = _words(seed, stream, ids, _blocks(count), _KIND_UNIFORM)
    pairs = np.stack((_open_unit(w0, w1), _open_unit(w2, w3)), axis=-1)
    return pairs.reshape(w0.shape[0], 2 * w0.shape[1])[:, :count]


def normal(seed: int, stream: str, ids: Ids, count: int = 1) -> NDArray[np.float64]:
    """Standard normal numbers, shape (n, count), by Box-Muller from two uniforms; else as `uniform`.

    Raises `InputError` for a seed, id or count out of range.
    """
    w0, w1, w2, w3 = _words(seed, stream, ids, _blocks(count), _KIND_NORMAL)
    radius = np.sqrt(-2.0 * np.log(_open_unit(w0, w1)))
    angle = 2.0 * np.pi * _open_unit(w2, w3)
    if count == 1:
        return radius * np.cos(angle)
    pairs = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=-1)
    return pairs.reshape(w0.shape[0], 2 * w0.shape[1])[:, :count]
