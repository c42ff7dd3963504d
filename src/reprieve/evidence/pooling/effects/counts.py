"""Counts: two groups with events, one proportion, one correlation. Ratios are on the log scale.

Empty cells: `add` (one half) goes to all cells of a table that holds a zero ("only0", "if0all") or to every table
("all"); "none" leaves them, and a ratio that then has no logarithm is refused. The arcsine needs none.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects import formulas
from reprieve.evidence.pooling.effects.checks import Array, Effect, choose, effect, require, require_within

ADD = 1 / 2
ADD_TO = ("only0", "all", "if0all", "none")
LEAST_FOR_Z = 4


def odds_ratio(events1: float, n1: float, events2: float, n2: float, *, add: float = ADD, to: str = "only0") -> Effect:
    """Log odds ratio, v = 1/a + 1/b + 1/c + 1/d. Raises `InputError` for impossible counts."""
    return _two("OR", formulas.odds_ratio, events1, n1, events2, n2, add, to)


def risk_ratio(events1: float, n1: float, events2: float, n2: float, *, add: float = ADD, to: str = "only0") -> Effect:
    """Log risk ratio, v = 1/a - 1/n1 + 1/c - 1/n2. Raises `InputError` for impossible counts."""
    return _two("RR", formulas.risk_ratio, events1, n1, events2, n2, add, to)


def risk_difference(
    events1: float, n1: float, events2: float, n2: float, *, add: float = ADD, to: str = "only0", vtype: str = "LS"
) -> Effect:
    """Risk difference p1 - p2, v = Σ p(1 - p)/n; "UB" divides by n - 1. Raises `InputError` for impossible counts."""
    return _two("RD", formulas.risk_difference, events1, n1, events2, n2, add, to, vtype)


def peto(events1: float, n1: float, events2: float, n2: float, *, add: float = ADD, to: str = "only0") -> Effect:
    """Log odds ratio by Peto's method, (O - E)/V with v = 1/V (yusuf1985).

    Raises `InputError` for impossible counts, and where there is no event at all.
    """
    return _two("PETO", formulas.peto, events1, n1, events2, n2, add, to)


def proportion(events: float, n: float, *, add: float = ADD, to: str = "only0", vtype: str = "LS") -> Effect:
    """Raw proportion, v = p(1 - p)/n; "UB" divides by n - 1. Raises `InputError` for impossible counts."""
    return _one("PR", formulas.proportion, events, n, add, to, vtype)


def logit_proportion(events: float, n: float, *, add: float = ADD, to: str = "only0") -> Effect:
    """Logit of a proportion, v = 1/x + 1/(n - x). Raises `InputError` for impossible counts."""
    return _one("PLO", formulas.logit_proportion, events, n, add, to)


def arcsine_proportion(events: float, n: float) -> Effect:
    """Arcsine of the root of a proportion, v = 1/(4n). Raises `InputError` for impossible counts."""
    return _one("PAS", formulas.arcsine_proportion, events, n, 0, "none")


def correlation(r: float, n: float) -> Effect:
    """Pearson r, v = (1 - r²)²/(n - 1). Raises `InputError` for |r| = 1 or n below 4."""
    return _correlation("COR", formulas.correlation, r, n)


def z_correlation(r: float, n: float) -> Effect:
    """Fisher's z = atanh r, v = 1/(n - 3) (fisher1921). Raises `InputError` for |r| = 1 or n below 4."""
    return _correlation("ZCOR", formulas.z_correlation, r, n)


def with_added(cells: tuple[Array, ...], add: float, to: str) -> tuple[tuple[Array, ...], npt.NDArray[np.bool_]]:
    """Return the cells of tables, each (tables,), with `add` where `to` says so, and which tables got it.

    Raises `InputError` for a negative `add` or an unknown `to`.
    """
    choose("to", to, ADD_TO)
    if not (math.isfinite(add) and add >= 0):
        raise InputError("add", add, "must be zero or positive")
    empty = np.any([cell == 0 for cell in cells], axis=0)
    every = to == "all" or (to == "if0all" and bool(np.any(empty)))
    touched = np.full(empty.shape, every) if to != "only0" else empty
    touched = touched & (add > 0)
    return tuple(np.where(touched, cell + add, cell) for cell in cells), touched


def _two(
    measure: str,
    formula: Callable[..., tuple[Array, Array]],
    events1: float,
    n1: float,
    events2: float,
    n2: float,
    add: float,
    to: str,
    vtype: str = "LS",
) -> Effect:
    require_within(events1=(events1, n1), events2=(events2, n2))
    return _counted(measure, formula, (events1, n1 - events1, events2, n2 - events2), add, to, vtype)


def _one(
    measure: str,
    formula: Callable[..., tuple[Array, Array]],
    events: float,
    n: float,
    add: float,
    to: str,
    vtype: str = "LS",
) -> Effect:
    require_within(events=(events, n))
    return _counted(measure, formula, (events, n - events), add, to, vtype)


def _counted(
    measure: str, formula: Callable[..., tuple[Array, Array]], cells: tuple[float, ...], add: float, to: str, vtype: str
) -> Effect:
    filled, touched = with_added(tuple(np.asarray(cell, dtype=float) for cell in cells), add, to)
    how = f"counts, {add:g} added to every cell" if touched.any() else "counts"
    return effect(measure, formula, how, *(float(cell) for cell in filled), vtype=vtype)


def _correlation(measure: str, formula: Callable[..., tuple[Array, Array]], r: float, n: float) -> Effect:
    require("r", r=r)
    if n < LEAST_FOR_Z:
        raise InputError("n", n, f"must be at least {LEAST_FOR_Z}")
    return effect(measure, formula, "correlation and n", r, n)
