"""Adaptive integration of `system.py`: LSODA, restarted wherever the right-hand side is not smooth.

Restarts happen at every rate change and where the surge reaches zero (block equal to R0). Between
restarts the system is smooth, so the tolerances mean something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import odeint, quad
from scipy.linalg import expm
from scipy.optimize import brentq

from tests.oracle.system import INDEX, STATES, Chain, Person, blocked, derivatives, surge

Array = NDArray[np.float64]
RTOL, ATOL = 1e-12, 1e-14
SCAN = np.linspace(0.0, 1.0, 33) ** 3
PK_STATES = INDEX["hydroxy_tissue"] + 1


@dataclass(frozen=True, slots=True)
class Change:
    """From `time_h` on, S- and R-ketamine run in at these rates."""

    time_h: float
    s_mg_per_h: float
    r_mg_per_h: float


def infusions(starts_h: Sequence[float], mg: float, minutes: float, s_share: float = 0.5) -> list[Change]:
    """Rate changes of equal constant-rate infusions of `mg` base over `minutes`."""
    rate = mg / (minutes / 60.0)
    changes = []
    for start in starts_h:
        changes.append(Change(start, rate * s_share, rate * (1 - s_share)))
        changes.append(Change(start + minutes / 60.0, 0.0, 0.0))
    return changes


def solve(person: Person, changes: Sequence[Change], output_h: Array) -> dict[str, Array]:
    """Every state at the sorted times `output_h`; all zero up to the first change."""
    order = np.argsort(output_h, kind="stable")
    times = output_h[order]
    found = np.zeros((times.size, len(STATES)))
    y = np.zeros(len(STATES))
    ends = [c.time_h for c in changes[1:]] + [float(times[-1])]
    for change, end in zip(changes, ends, strict=True):
        if end <= change.time_h:
            continue
        f = derivatives(person, change.s_mg_per_h, change.r_mg_per_h)
        inside = (times > change.time_h) & (times <= end)
        rows, y = _segment(f, person, y, change.time_h, end, times[inside])
        found[inside] = rows
    back = np.empty_like(found)
    back[order] = found
    return {name: back[:, i] for i, name in enumerate(STATES)}


Rhs = Callable[[float, list[float]], list[float]]


def _segment(f: Rhs, person: Person, y: Array, start: float, end: float, wanted: Array) -> tuple[Array, Array]:
    """Values at `wanted` and at `end`, restarting wherever the block crosses R0."""
    found = np.zeros((wanted.size, y.size))
    left = np.ones(wanted.size, dtype=bool)
    while True:
        scan = start + (end - start) * SCAN
        rows = _integrate(f, y, np.concatenate([scan, wanted[left]]))
        cross = _crossing(f, person, rows[: scan.size], scan)
        if cross is None:
            found[left] = rows[scan.size :]
            return found, rows[scan.size - 1]
        inside = left & (wanted <= cross)
        rows = _integrate(f, y, np.array([start, *wanted[inside], cross]))
        found[inside] = rows[1:-1]
        left &= ~inside
        start, y = cross, rows[-1]


def _integrate(f: Rhs, y: Array, times: Array) -> Array:
    """LSODA from times[0] through all `times`; repeated times repeat their values."""
    distinct, where = np.unique(times, return_inverse=True)
    if distinct.size == 1:
        return np.repeat(y[None], times.size, axis=0)
    rows, info = odeint(
        lambda t, x: f(t, x.tolist()),
        y,
        distinct,
        tfirst=True,
        rtol=RTOL,
        atol=ATOL,
        mxstep=1_000_000,
        full_output=True,
    )
    if info["message"] != "Integration successful.":
        raise RuntimeError(info["message"])
    return np.asarray(rows)[where]


def _crossing(f: Rhs, person: Person, rows: Array, scan: Array) -> float | None:
    """First time strictly between the scanned times' ends at which the block crosses R0, or None."""

    def gap(state: Array) -> float:
        k = state[INDEX["s_central"]] + state[INDEX["r_central"]]
        return blocked(k, state[INDEX["norketamine"]], person.chain) - person.chain.surge_zero

    signs = np.sign([gap(row) for row in rows])
    signs[0] = signs[1]  # a restart stands on the crossing itself
    turns = np.flatnonzero(signs[1:] != signs[:-1])
    if turns.size == 0:
        return None
    left = int(turns[0])

    def at(t: float) -> float:
        return gap(_integrate(f, rows[left], np.array([scan[left], t]))[-1])

    root = float(brentq(at, scan[left], scan[left + 1], xtol=1e-13, rtol=1e-14))
    return root if scan[0] < root < scan[-1] else None


def pk_matrix(person: Person) -> Array:
    """System matrix of the linear kinetics, by applying the right-hand side to unit vectors."""
    f = derivatives(person, 0.0, 0.0)
    columns = [f(0.0, unit.tolist())[:PK_STATES] for unit in np.eye(len(STATES))[:PK_STATES]]
    return np.array(columns).T


def pk_exact(person: Person, mg: float, minutes: float, s_share: float, output_h: Array) -> Array:
    """Kinetic states (t, 15) of one infusion from 0 by matrix exponentials, to check the solver."""
    a = pk_matrix(person)
    rate = mg / (minutes / 60.0)
    f = derivatives(person, rate * s_share, rate * (1 - s_share))
    push = np.array(f(0.0, [0.0] * len(STATES))[:PK_STATES])
    big = np.zeros((PK_STATES + 1, PK_STATES + 1))
    big[:-1, :-1], big[:-1, -1] = a, push
    end = minutes / 60.0
    at_end = expm(big * end)[:-1, -1]
    return np.array(
        [expm(big * t)[:-1, -1] if t <= end else expm(a * (t - end)) @ at_end for t in np.asarray(output_h).tolist()]
    )


def reference_area_h(person: Person, mg: float = 35.0, minutes: float = 40.0) -> float:
    """J: area of the surge (h) after the reference infusion, by quadrature of matrix exponentials."""

    def released(t: float) -> float:
        s = pk_exact(person, mg, minutes, 0.5, np.array([t]))[0]
        k = s[INDEX["s_central"]] + s[INDEX["r_central"]]
        return surge(blocked(k, s[INDEX["norketamine"]], person.chain), person.chain)

    end = minutes / 60.0
    edges = [0.0, 0.05 * end, 0.3 * end, end, end + 0.1, end + 0.5, end + 3, 12, 24, 48, 96, 192, 480, 960]
    parts = [quad(released, a, b, epsrel=1e-10, epsabs=1e-13, limit=200)[0] for a, b in pairwise(edges)]
    return float(sum(parts))


def benefit(state: dict[str, Array], weight: float, half: float, largest: float) -> Array:
    """D from function, labile and consolidated synapses."""
    total = weight * state["function"] + state["labile"] + state["consolidated"]
    return np.asarray(largest * total / (half + total))


def worst(actual: Array, reference: Array) -> float:
    """The error measure: largest |x - ref| / (|ref| + 1e-3)."""
    return float(np.max(np.abs(actual - reference) / (np.abs(reference) + 1e-3)))


__all__ = ["Chain", "Change", "Person", "benefit", "infusions", "solve", "worst"]
