"""The one table of tolerances. No test states a bare tolerance of its own.

The error of a value is ``|actual - expected| / (|expected| + FLOOR)``. The floor keeps the measure meaningful
for quantities that decay to nothing, such as a concentration days after the last infusion.

    from tests.tolerance import close, monte_carlo

    assert close(actual, expected, "solver")
    assert close(sample_mean, expected, monte_carlo(k=4, se=standard_error))
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
import numpy.typing as npt

FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A limit on the error and the reason for it. An absolute limit bounds ``|actual - expected|`` itself."""

    limit: float
    reason: str
    absolute: bool = False


TABLE: dict[str, Tolerance] = {
    "closed_form": Tolerance(1e-12, "same formula, other order of operations: rounding only"),
    "solver": Tolerance(1e-6, "concentrations against an adaptive solver run at 1e-11"),
    "states": Tolerance(1e-5, "states and scores against an adaptive solver run at 1e-11"),
    "published_pk": Tolerance(5e-3, "concentrations a published model gives, printed to three digits"),
    "optimiser": Tolerance(1e-4, "where an optimiser stops"),
    "metafor_closed": Tolerance(1e-6, "closed forms against R metafor"),
    "metafor_iterated": Tolerance(1e-4, "iterated estimates against R metafor, each stopped by its own rule"),
}


def monte_carlo(k: float, se: float) -> Tolerance:
    """Allow `k` standard errors `se` around the expected value. The reason states the false-alarm rate."""
    if not (k > 0 and se > 0):
        raise ValueError(f"k and se must be positive, got {k} and {se}")
    once_in = 1 / erfc(k / sqrt(2))
    return Tolerance(k * se, f"{k:g} standard errors, false alarm once in {once_in:.3g}", absolute=True)


def error(actual: npt.ArrayLike, expected: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the error of each value; infinite where one is not finite and the other is not the same."""
    return _errors(actual, expected, absolute=False)


def within(actual: npt.ArrayLike, expected: npt.ArrayLike, kind: str | Tolerance) -> bool:
    """Say whether every value is within the tolerance."""
    tolerance = TABLE[kind] if isinstance(kind, str) else kind
    return bool(np.all(_errors(actual, expected, tolerance.absolute) <= tolerance.limit))


def close(actual: npt.ArrayLike, expected: npt.ArrayLike, kind: str | Tolerance) -> bool:
    """Return True, or fail naming the worst value: a forgotten ``assert`` hides nothing."""
    __tracebackhide__ = True
    if within(actual, expected, kind):
        return True
    tolerance = TABLE[kind] if isinstance(kind, str) else kind
    errors = _errors(actual, expected, tolerance.absolute)
    worst = np.unravel_index(int(np.argmax(errors)), errors.shape)
    x, ref = np.broadcast_arrays(np.asarray(actual, float), np.asarray(expected, float))
    where = f" at {tuple(int(i) for i in worst)}" if errors.ndim else ""
    raise AssertionError(
        f"error {errors[worst]:.3g} exceeds {tolerance.limit:.3g}{where}: "
        f"got {x[worst]!r}, expected {ref[worst]!r} ({tolerance.reason})"
    )


def _errors(actual: npt.ArrayLike, expected: npt.ArrayLike, absolute: bool) -> npt.NDArray[np.float64]:
    x, ref = np.asarray(actual, float), np.asarray(expected, float)
    if ref.ndim and x.shape != ref.shape:
        raise AssertionError(f"shapes differ: got {x.shape}, expected {ref.shape}")
    x, ref = np.broadcast_arrays(x, ref)
    finite = np.isfinite(x) & np.isfinite(ref)
    x_finite, ref_finite = np.where(finite, x, 0.0), np.where(finite, ref, 0.0)
    scale = 1.0 if absolute else np.abs(ref_finite) + FLOOR
    same = finite | (x == ref)
    return np.asarray(np.where(same, np.abs(x_finite - ref_finite) / scale, np.inf))
