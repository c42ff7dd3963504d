"""The time grid of a schedule: graded elements after every rate change, shared by all its patients.

After a rate change a linear disposition is a sum of exponentials of the time since that change, fast ones first.
Elements therefore start short and grow geometrically on the first day, and end on whole days afterwards.
Offsets from a rate change form a template: two segments of equal shape share their offsets, so exponentials of
the template are computed once per patient, however many infusions there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reprieve.model.engine.numerics import Numerics

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rule:
    """Gauss-Legendre collocation on [0, 1]: `n` nodes and the integrals of their Lagrange polynomials.

    `node` (n,), `to_node` (n, n) with to_node[i, j] the integral of polynomial j from 0 to node i, `to_end` (n,).
    """

    node: Array
    to_node: Array
    to_end: Array

    @property
    def to_all(self) -> Array:
        """`to_node` and, as its last row, `to_end`: (n + 1, n)."""
        return np.vstack([self.to_node, self.to_end])

    def to(self, theta: Array) -> Array:
        """Integrals of the Lagrange polynomials from 0 to each `theta` (q,): shape (q, n)."""
        power = np.arange(1, self.node.size + 1)
        vandermonde = self.node[:, None] ** (power - 1)
        moments = theta[:, None] ** power / power
        return np.asarray(np.linalg.solve(vandermonde.T, moments.T).T)

    def values(self, theta: Array) -> Array:
        """Lagrange polynomials at each `theta` (q,): shape (q, n)."""
        power = np.arange(self.node.size)
        vandermonde = self.node[:, None] ** power
        return np.asarray(np.linalg.solve(vandermonde.T, (theta[:, None] ** power).T).T)


@cache
def rule(nodes: int) -> Rule:
    """The Gauss-Legendre rule with `nodes` points, exact for integrals of degree 2 `nodes` - 1."""
    x, weight = np.polynomial.legendre.leggauss(nodes)
    node = (x + 1) / 2
    bare = Rule(node, np.empty((0, 0)), weight / 2)
    return Rule(node, bare.to(node), weight / 2)


@dataclass(frozen=True, slots=True)
class Grid:
    """Elements of a schedule and where each output time lies on them.

    `segment` (e,) index of the rate change an element follows, `offset_h` (e,) its start after that change,
    `length_h` (e,), `start_h` (e,) in schedule time; `template` (e,) index into the unique (offset, length) pairs
    `template_offset_h`, `template_length_h`; `shape` (e,) index into the unique lengths `shape_length_h`.
    Chain output q lies in element `output_element[q]` at the fraction `output_theta[q]`; plasma output q lies
    `plasma_tau_h[q]` after rate change `plasma_segment[q]`. -1 marks a time before the first change.
    """

    nodes: int
    segment: Index
    offset_h: Array
    length_h: Array
    start_h: Array
    template: Index
    template_offset_h: Array
    template_length_h: Array
    shape: Index
    shape_length_h: Array
    output_element: Index
    output_theta: Array
    plasma_segment: Index
    plasma_tau_h: Array

    @property
    def elements(self) -> int:
        """Number of elements."""
        return int(self.segment.size)

    @property
    def template_node_h(self) -> Array:
        """Node offsets of every template, shape (templates, nodes)."""
        return np.asarray(
            self.template_offset_h[:, None] + self.template_length_h[:, None] * rule(self.nodes).node
        )


def offsets(span_h: float, numerics: Numerics) -> list[float]:
    """Element boundaries on [0, span_h], graded away from 0.

    >>> from reprieve.model.engine.numerics import numerics
    >>> offsets(48.0, numerics())[-2:]
    [24.0, 48.0]
    """
    edges = [0.0]
    step = min(numerics.first_element_h, numerics.first_share * span_h)
    while edges[-1] < span_h:
        start = edges[-1]
        day = int(start / numerics.day_h + numerics.snap)
        end_of_day = (day + 1) * numerics.day_h
        if day == 0:
            step = min(step, numerics.longest_first_day_h)
        elif day == 1:
            step = numerics.longest_second_day_h
        else:
            step = min(max(1, day // 2), numerics.longest_days) * numerics.day_h
        left = round((end_of_day - start) / step, 6)
        edges.append(end_of_day if day < 2 and left <= 1 else start + step)
        step *= numerics.growth
    tail_is_sliver = len(edges) > 2 and span_h - edges[-2] < numerics.snap * span_h
    return [*edges[: -2 if tail_is_sliver else -1], span_h]


def build(
    event_h: Array,
    end_h: float,
    chain_h: Array,
    plasma_h: Array,
    nodes: int,
    numerics: Numerics,
    extra_h: Array | None = None,
) -> Grid:
    """The grid of rate changes at `event_h` (sorted) up to `end_h`, with sorted output times of chain and plasma.

    `extra_h` are further edges (where the surge meets zero); they do not restart the grading.
    """
    segment: list[int] = []
    offset: list[float] = []
    length: list[float] = []
    bounds = [*event_h.tolist(), end_h]
    further = [] if extra_h is None else extra_h.tolist()
    for index, (start, stop) in enumerate(pairwise(bounds)):
        if stop <= start:
            continue
        inner = [x - start for x in further if start < x < stop]
        edges = sorted({*offsets(stop - start, numerics), *inner})
        segment += [index] * (len(edges) - 1)
        offset += edges[:-1]
        length += np.diff(edges).tolist()
    offset_h, length_h = np.array(offset), np.array(length)
    pairs, template = _unique(np.column_stack([offset_h, length_h]))
    shapes, shape = _unique(length_h[:, None])
    start_h = event_h[np.array(segment, dtype=np.int64)] + offset_h
    element, theta = _locate(chain_h, start_h, length_h)
    plasma_segment, plasma_tau_h = since(event_h, plasma_h)
    return Grid(
        nodes,
        np.array(segment, dtype=np.int64),
        offset_h,
        length_h,
        start_h,
        template,
        pairs[:, 0].copy(),
        pairs[:, 1].copy(),
        shape,
        shapes[:, 0].copy(),
        element,
        theta,
        plasma_segment,
        plasma_tau_h,
    )


def since(event_h: Array, time_h: Array) -> tuple[Index, Array]:
    """The last rate change at or before each time, and the time since it; -1 and 0 before the first."""
    segment = np.searchsorted(event_h, time_h, side="right").astype(np.int64) - 1
    return segment, np.asarray(np.where(segment < 0, 0, time_h - event_h[np.maximum(segment, 0)]))


def _unique(rows: Array) -> tuple[Array, Index]:
    """Unique rows up to rounding noise (times arrive as day * 24 + minutes / 60) and the index of each row."""
    keys = np.round(rows, 9)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return rows[first], inverse.reshape(-1).astype(np.int64)


def _locate(time_h: Array, start_h: Array, length_h: Array) -> tuple[Index, Array]:
    """Element and fraction of each time; a time on an edge belongs to the element that ends there."""
    element = np.searchsorted(start_h, time_h, side="left").astype(np.int64) - 1
    inside = np.maximum(element, 0)
    theta = np.clip((time_h - start_h[inside]) / length_h[inside], 0, 1)
    return element, np.asarray(np.where(element < 0, 0, theta))
