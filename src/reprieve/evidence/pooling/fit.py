"""One mixed-effects fit: y = X beta + u + e, u ~ N(0, tau2), e ~ N(0, v). As R metafor's `rma.uni`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects.spread import upper
from reprieve.evidence.pooling.heterogeneity import cochran_q, i2_h2
from reprieve.evidence.pooling.tau2 import METHODS, estimate
from reprieve.evidence.pooling.wls import Array, Basis, basis, solve

TESTS = ("knha", "z")
LARGEST = 1e30  # beyond this, powers of the weights leave the range of a double; no unit of an outcome is near it


@dataclass(frozen=True, slots=True)
class Fit:
    """The fit of k studies with p coefficients.

    `cov` is the covariance of `beta`, Knapp-Hartung's for the test "knha" (hartung2001, knapp2003). `weights` are
    1 / (vi + tau2). `df` is k - p for "knha" and infinite for "z". `q` is residual, `i2` in per cent.
    """

    beta: Array
    cov: Array
    tau2: float
    weights: Array
    method: str
    test: str
    df: float
    q: float
    q_df: int
    q_p: float
    i2: float
    h2: float
    converged: bool

    @property
    def se(self) -> Array:
        """Standard errors of the coefficients."""
        return np.sqrt(np.diag(self.cov))

    @property
    def statistic(self) -> Array:
        """Coefficients over their standard errors: t for "knha", z otherwise. Infinite or NaN if an error is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.beta / self.se)

    @property
    def p_values(self) -> Array:
        """Two-sided p of each coefficient."""
        return two_sided(self.statistic, self.df)

    def ci(self, level: float = 0.95) -> tuple[Array, Array]:
        """Return the lower and upper limits of the confidence intervals of the coefficients."""
        reach = critical(level, self.df) * self.se
        return self.beta - reach, self.beta + reach

    def prediction(self, level: float = 0.95) -> tuple[float, float]:
        """Return the prediction interval of the true effect in a new study, for a fit with one coefficient.

        NaN for equal effects, where every study has the same true effect.
        """
        if self.method == "EE":
            return math.nan, math.nan
        reach = critical(level, self.df) * math.sqrt(float(self.cov[0, 0]) + self.tau2)
        return float(self.beta[0]) - reach, float(self.beta[0]) + reach


def fit(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    design: npt.ArrayLike | None = None,
    *,
    method: str = "REML",
    test: str = "knha",
    tau2: float | None = None,
    terms: tuple[str, ...] = (),
) -> Fit:
    """Fit estimates `yi` with sampling variances `vi`, both (k,), on a `design` (k, p), by default a column of ones.

    `tau2` holds the between-study variance at a value instead of estimating it; `terms` names the columns of the
    design in errors.

    Raises `InputError` for an unknown method or test, a variance that is not positive, values that are not
    finite, collinear columns, or too few rows: the test "knha" and every estimate of tau2 need k > p.
    """
    y, v, x = _arrays(yi, vi, design)
    _check(method, test, tau2, *x.shape)
    on = basis(x, terms)
    between, converged = tau2, True
    if between is None:
        found = estimate(y[:, None], v[:, None], on, method)
        between, converged = float(found.tau2[0]), bool(found.converged[0])
    beta, cov, weights, free = coefficients(y[:, None], v[:, None], on, np.array([between]), test)
    q, q_df, q_p = cochran_q(y, v, on)
    i2, h2 = i2_h2(v, on, between, q, method)
    held = weights[:, 0].copy()
    return Fit(beta[0], cov[0], between, held, method, test, free, q, q_df, q_p, i2, h2, converged)


def coefficients(y: Array, v: Array, on: Basis, tau2: Array, test: str) -> tuple[Array, Array, Array, float]:
    """Return coefficients (d, p), their covariances (d, p, p), weights (k, d) and degrees of freedom.

    `y` and `v` hold one data set per column, shape (k, d); `tau2` one value per column.
    """
    plain = on.q.T @ y
    solved = solve(y - on.q @ plain, v, on, tau2)  # what is left after plain fits: a large mean costs no digits
    back = np.linalg.inv(on.r)
    beta = (plain.T + solved.gamma) @ back.T
    cov = back @ solved.inverse @ back.T
    free = math.inf
    if test == "knha":
        free = float(len(y) - on.q.shape[1])
        # Residuals that are rounding only are none: the error is then exactly zero, and not some 1e-17.
        rounding = (solved.weight * (8 * np.finfo(float).eps * y) ** 2).sum(axis=0)
        cov = cov * np.where(solved.q > rounding, solved.q / free, 0.0)[:, None, None]
    return beta, (cov + cov.transpose(0, 2, 1)) / 2, solved.weight, free


def two_sided(statistic: Array, df: float) -> Array:
    """Return the two-sided p of t with `df` degrees of freedom, of z where `df` is infinite."""
    from scipy.special import ndtr, stdtr

    size = -np.abs(statistic)
    return np.asarray(2 * (ndtr(size) if math.isinf(df) else stdtr(df, size)))


def critical(level: float, df: float) -> float:
    """Return how many standard errors a two-sided interval of `level` reaches.

    Raises `InputError` for a level outside 0 to 1.
    """
    if not 0 < level < 1:
        raise InputError("level", level, "must lie between 0 and 1", "write 0.95 for 95 %")
    return upper((1 - level) / 2, df)


def _arrays(yi: npt.ArrayLike, vi: npt.ArrayLike, design: npt.ArrayLike | None) -> tuple[Array, Array, Array]:
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    if y.ndim != 1 or y.size == 0:
        raise InputError("yi", y.shape, "must be a list of numbers, one per study")
    x = np.ones((len(y), 1)) if design is None else np.asarray(design, dtype=float)
    if v.shape != y.shape:
        raise InputError("vi", v.shape, f"must be as long as yi, {len(y)}")
    if x.ndim != 2 or len(x) != len(y) or not x.shape[1]:
        raise InputError("design", x.shape, f"must have {len(y)} rows and at least one column")
    for name, values in (("yi", y), ("vi", v), ("design", x)):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            raise InputError(f"{name} of study {bad[0][0] + 1}", float(values[tuple(bad[0])]), "must be finite")
    low, wild = np.flatnonzero(v <= 0), np.flatnonzero((v > LARGEST) | (v < 1 / LARGEST))
    if len(low):
        raise InputError(f"vi of study {low[0] + 1}", float(v[low[0]]), "must be positive: it is a variance")
    if len(wild):
        raise InputError(
            f"vi of study {wild[0] + 1}", float(v[wild[0]]), f"must be from {1 / LARGEST:g} to {LARGEST:g}"
        )
    far = np.flatnonzero(np.abs(y) > LARGEST)
    if len(far):
        raise InputError(f"yi of study {far[0] + 1}", float(y[far[0]]), f"must be at most {LARGEST:g} in size")
    return y, v, x


def check_names(method: str, test: str) -> None:
    """Raise `InputError` for a method or a test that is not known."""
    if method not in METHODS:
        raise InputError("method", method, "is not known", f"use {', '.join(METHODS)}")
    if test not in TESTS:
        raise InputError("test", test, "is not known", f"use {' or '.join(TESTS)}")


def _check(method: str, test: str, tau2: float | None, k: int, p: int) -> None:
    check_names(method, test)
    if tau2 is not None and (method == "EE" or not (math.isfinite(tau2) and tau2 >= 0)):
        rule = "has no place under equal effects" if method == "EE" else "must be zero or positive"
        raise InputError("tau2", tau2, rule)
    estimated = method != "EE" and tau2 is None
    if k < p or (k == p and (estimated or test == "knha")):
        need = p + (estimated or test == "knha")
        rule = f"are too few for {p} coefficient{'s' if p > 1 else ''}"
        why = "tau2" if estimated else "the Knapp-Hartung test" if test == "knha" else "the fit"
        raise InputError("studies", k, rule, f"{why} needs at least {need}")
