"""Compartment blocks as sums of exponentials: rates and residues of a central compartment.

A mammillary block (a centre that exchanges with peripheral compartments and alone eliminates) is a
symmetric arrowhead matrix after scaling: its rates are real, positive and separated by the exchange rates
k21, k31. The centre's response to an impulse is the sum of share_m exp(-rate_m t); shares are positive and
add up to 1.

Rates: of one compartment, k10; of two, the quadratic in its stable form; of three, the trigonometric form of
the cubic and two Newton steps. Shares: prod (k_j1 - rate_m) / prod (rate_l - rate_m).
The hepato-portal block of four compartments is symmetrised and given to numpy.linalg.eigh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.model.disposition.response import Array

NEWTON_STEPS = 2


@dataclass(frozen=True, slots=True)
class Block:
    """Rates (m, n) in 1/h and the centre's shares (m, n)."""

    rate_per_h: Array
    share: Array


def central(k10: Array, *exchange: tuple[Array, Array]) -> Block:
    """Central compartment with elimination rate k10 and peripheral pairs (k_out, k_back); all 1/h, (n,)."""
    builders = (_one, _two, _three)
    return builders[len(exchange)](k10, *exchange)


def from_clearances(clearance_l_per_h: Array, volume_l: Array, *peripheral: tuple[Array, Array]) -> Block:
    """The same block from a clearance, a volume and peripheral pairs (flow L/h, volume L)."""
    pairs = [(flow / volume_l, flow / volume) for flow, volume in peripheral]
    return central(clearance_l_per_h / volume_l, *pairs)


def _one(k10: Array) -> Block:
    return Block(k10[None], np.ones((1, k10.size)))


def _two(k10: Array, pair: tuple[Array, Array]) -> Block:
    k12, k21 = pair
    total = k10 + k12 + k21
    # total^2 - 4 k10 k21 without cancellation: the difference of squares is (k10 + k12 - k21)^2 + 4 k12 k21.
    root = np.sqrt((k10 + k12 - k21) ** 2 + 4 * k12 * k21)
    fast = (total + root) / 2
    slow = k10 * k21 / fast
    share = (fast - k21) / root
    return Block(np.stack([fast, slow]), np.stack([share, (k21 - slow) / root]))


def _three(k10: Array, shallow: tuple[Array, Array], deep: tuple[Array, Array]) -> Block:
    k12, k21 = shallow
    k13, k31 = deep
    # Characteristic polynomial x^3 - p x^2 + q x - r; every term is a sum of positive products.
    p = k10 + k12 + k13 + k21 + k31
    q = k10 * (k21 + k31) + k13 * k21 + k12 * k31 + k21 * k31
    r = k10 * k21 * k31
    rates = _polish(_cubic(p, q, r), p, q, r)
    a, b, c = rates
    away = np.stack([(b - a) * (c - a), (a - b) * (c - b), (a - c) * (b - c)])
    return Block(rates, (k21 - rates) * (k31 - rates) / away)


def _cubic(p: Array, q: Array, r: Array) -> Array:
    """Three real roots of x^3 - p x^2 + q x - r, largest first (trigonometric form)."""
    third = p / 3
    spread = np.sqrt(np.maximum(p * p - 3 * q, 0)) / 3
    cosine = (2 * third**3 - q * third + r) / (2 * spread**3)
    angle = np.arccos(np.clip(cosine, -1, 1)) / 3
    turn = 2 * np.pi / 3
    return third + 2 * spread * np.cos(angle - turn * np.arange(3)[:, None])


def _polish(x: Array, p: Array, q: Array, r: Array) -> Array:
    """Newton steps: the trigonometric form loses digits in roots much smaller than the largest."""
    for _ in range(NEWTON_STEPS):
        x = x - (((x - p) * x + q) * x - r) / ((3 * x - 2 * p) * x + q)
    return x


@dataclass(frozen=True, slots=True)
class Portal:
    """Rates (4, n) and amount-to-amount residues (4, n) between the centre (c) and the liver (h)."""

    rate_per_h: Array
    residue: dict[tuple[str, str], Array]


def hepatoportal(
    central_volume_l: Array,
    liver_volume_l: Array,
    liver_flow_l_per_h: Array,
    liver_rate_per_h: Array,
    *peripheral: tuple[Array, Array],
) -> Portal:
    """Centre with two peripherals (flow, volume) and a liver compartment from which alone drug is eliminated.

    residue[a, b]: weights of the amount in b after an impulse of 1 into a.
    """
    flows = [liver_flow_l_per_h, *(flow for flow, _ in peripheral)]
    volumes = [liver_volume_l, *(volume for _, volume in peripheral)]
    matrix = np.zeros((central_volume_l.size, len(volumes) + 1, len(volumes) + 1))
    for place, (flow, volume) in enumerate(zip(flows, volumes, strict=True), start=1):
        matrix[:, 0, 0] += flow / central_volume_l
        matrix[:, place, place] = flow / volume
        matrix[:, 0, place] = matrix[:, place, 0] = -flow / np.sqrt(central_volume_l * volume)
    matrix[:, 1, 1] += liver_rate_per_h
    rates, vectors = np.linalg.eigh(matrix)
    root = {"c": np.sqrt(central_volume_l), "h": np.sqrt(liver_volume_l)}
    row = {"c": vectors[:, 0, :].T, "h": vectors[:, 1, :].T}
    residue = {(a, b): row[a] * row[b] * (root[b] / root[a]) for a in root for b in root}
    return Portal(rates.T, residue)
