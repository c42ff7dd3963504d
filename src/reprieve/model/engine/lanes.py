"""Compiled helpers of the Numba executor: an exponential that the compiler can keep in vector registers.

The wheel of Numba has no vector mathematics library, so `np.exp` inside a loop is a scalar call. This one is the
textbook reduction exp(x) = 2^k exp(r), |r| <= ln(2) / 2, with a Taylor polynomial for exp(r): error 1 ulp.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

FAST = {"contract", "nsz", "arcp"}
TERMS = 12
LOG2_E = float(1 / np.log(2))
LN2_HIGH = float(np.float32(np.log(2)))
LN2_LOW = float(np.longdouble(np.log(np.longdouble(2))) - np.longdouble(LN2_HIGH))
ROUNDER = float(3 * 2**51)
LOWEST = -708
BIAS, MANTISSA_BITS = 1023, 52
FACTOR = tuple(float(1 / np.prod(np.arange(1, k + 1, dtype=np.float64))) for k in range(TERMS + 1))


@intrinsic
def _as_integer(_typing: Any, _value: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), build


@intrinsic
def _as_float(_typing: Any, _value: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), build


@numba.njit(inline="always", fastmath=FAST)
def exp(x: float) -> float:
    """exp(x) for -708 <= x <= 709, clamped below."""
    x = max(x, LOWEST)
    shifted = x * LOG2_E + ROUNDER
    whole = shifted - ROUNDER
    r = x - whole * LN2_HIGH - whole * LN2_LOW
    p = FACTOR[12]
    p = p * r + FACTOR[11]
    p = p * r + FACTOR[10]
    p = p * r + FACTOR[9]
    p = p * r + FACTOR[8]
    p = p * r + FACTOR[7]
    p = p * r + FACTOR[6]
    p = p * r + FACTOR[5]
    p = p * r + FACTOR[4]
    p = p * r + FACTOR[3]
    p = p * r + FACTOR[2]
    p = p * r + 1
    p = p * r + 1
    return p * _as_float((_as_integer(shifted) + BIAS) << MANTISSA_BITS)
