"""The time grid and its Gauss rule: exact integrals, no gap, no overlap, every output found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from reprieve.model.engine.grid import Grid, build, offsets, rule, since
from reprieve.model.engine.numerics import numerics
from tests.tolerance import Tolerance, close

type Array = NDArray[np.float64]

NODES = numerics().nodes
VANDERMONDE = Tolerance(1e-9, "the Vandermonde matrix of ten nodes has a condition near 1e8")
EDGES = Tolerance(1e-9, "hours: times arrive as day * 24 + minutes / 60", absolute=True)
THETA = np.array([0.0, 1e-6, 0.1, 0.5, 0.77, 1.0])


def lagrange(nodes: int) -> list[Polynomial]:
    """The Lagrange polynomials of the Gauss nodes, from their roots."""
    node = rule(nodes).node
    made = []
    for j, own in enumerate(node):
        product = Polynomial.fromroots(np.delete(node, j))
        made.append(product / product(own))
    return made


@pytest.mark.parametrize("nodes", [3, NODES, NODES + 2, 10])
def test_integrals_of_the_lagrange_polynomials(nodes: int) -> None:
    """Independent implementation: numpy.polynomial, built from roots and integrated term by term."""
    found = rule(nodes)
    integral = [p.integ() for p in lagrange(nodes)]

    for theta in (THETA, found.node, np.ones(1)):
        expected = np.stack([p(theta) - p(0) for p in integral], axis=1)
        assert close(found.to(theta), expected, VANDERMONDE)
    assert close(found.to_node, np.stack([p(found.node) - p(0) for p in integral], axis=1), VANDERMONDE)
    assert close(found.to_all[-1], found.to(np.ones(1))[0], VANDERMONDE)
    assert close(found.values(THETA), np.stack([p(THETA) for p in lagrange(nodes)], axis=1), VANDERMONDE)


@pytest.mark.parametrize("nodes", [3, NODES, 12])
def test_the_rule_is_exact_to_twice_its_nodes(nodes: int) -> None:
    """Closed form: the integral of t^k over [0, 1] is 1 / (k + 1) up to k = 2 n - 1, and not for k = 2 n."""
    gauss = rule(nodes)
    power = np.arange(2 * nodes + 1)
    found = gauss.to_end @ gauss.node[:, None] ** power

    assert close(found[:-1], 1 / (power[:-1] + 1), "closed_form")
    assert found[-1] != pytest.approx(1 / (2 * nodes + 1), abs=1e-15)


event_times = st.lists(st.floats(0, 1000), min_size=1, max_size=6, unique_by=lambda x: round(x, 2)).map(sorted)
output_times = st.lists(st.floats(0, 1500), min_size=1, max_size=8).map(lambda x: np.unique(x))


def grid_of(event_h: list[float], outputs_h: Array, extra_h: Array | None = None) -> Grid:
    last = max(event_h[-1] + 0.1, float(outputs_h.max()))
    return build(np.array(event_h), last, outputs_h, outputs_h, NODES, numerics(), extra_h)


@settings(max_examples=60)
@given(event_times, output_times)
def test_elements_tile_the_time_after_the_first_event(event_h: list[float], outputs_h: Array) -> None:
    """Invariant: elements follow each other without gap or overlap, and every event is an edge."""
    grid = grid_of(event_h, outputs_h)
    ends = grid.start_h + grid.length_h

    assert (grid.length_h > 0).all()
    assert grid.start_h[0] == event_h[0]
    assert close(grid.start_h[1:], ends[:-1], EDGES)
    assert close(ends[-1], max(event_h[-1] + 0.1, float(outputs_h.max())), EDGES)
    for segment, event in enumerate(event_h):
        assert event in grid.start_h
        assert close(grid.start_h[grid.segment == segment], event + grid.offset_h[grid.segment == segment], EDGES)


@settings(max_examples=60)
@given(event_times, output_times)
def test_every_output_is_found_again(event_h: list[float], outputs_h: Array) -> None:
    """Invariant: element and fraction, or event and time since, give the output time back; before the first, -1."""
    outputs_h = np.unique([*outputs_h, event_h[0], event_h[-1]])
    grid = grid_of(event_h, outputs_h)
    early = outputs_h <= event_h[0]
    element, segment = grid.output_element[~early], grid.plasma_segment

    assert (grid.output_element[early] == -1).all()
    assert close(grid.start_h[element] + grid.output_theta[~early] * grid.length_h[element], outputs_h[~early], EDGES)
    assert ((grid.output_theta >= 0) & (grid.output_theta <= 1)).all()
    assert ((segment < 0) == (outputs_h < event_h[0])).all()
    late = segment >= 0
    assert close(np.array(event_h)[segment[late]] + grid.plasma_tau_h[late], outputs_h[late], EDGES)


@settings(max_examples=60)
@given(event_times, output_times)
def test_templates_and_shapes_stand_for_their_elements(event_h: list[float], outputs_h: Array) -> None:
    """Invariant: an element's template has its offset and length, its shape its length."""
    grid = grid_of(event_h, outputs_h)

    assert close(grid.template_offset_h[grid.template], grid.offset_h, EDGES)
    assert close(grid.template_length_h[grid.template], grid.length_h, EDGES)
    assert close(grid.shape_length_h[grid.shape], grid.length_h, EDGES)
    assert grid.template_node_h.shape == (grid.template_offset_h.size, NODES)


def test_equal_infusions_share_their_templates() -> None:
    """Invariant: six equal gaps cost the exponentials of one."""
    starts = [48.0 * k for k in range(6)]
    events = np.unique([*starts, *(x + 2 / 3 for x in starts)])
    one, six = (build(events[: 2 * k], 48.0 * k, np.array([48.0 * k]), np.empty(0), NODES, numerics()) for k in (1, 6))

    assert six.elements == 6 * one.elements
    assert six.template_offset_h.size == one.template_offset_h.size


@settings(max_examples=60)
@given(st.floats(0.01, 2000))
def test_elements_grow_away_from_an_event(span_h: float) -> None:
    """Invariant: the first is short, none is longer than the rule for its day allows, none is a sliver."""
    settings_ = numerics()
    edges = np.array(offsets(span_h, settings_))
    length = np.diff(edges)
    day = edges[:-1] / settings_.day_h

    assert edges[0] == 0
    assert edges[-1] == span_h
    assert length[0] <= settings_.first_element_h * (1 + settings_.growth)
    assert (length > 0).all()
    slack = 1 + 1e-6
    assert (length[day < 1] <= max(settings_.longest_first_day_h, settings_.first_element_h) * slack).all()
    assert (length <= settings_.longest_days * settings_.day_h * slack).all()
    late = day >= 2
    assert (length[late] <= np.maximum(settings_.day_h, edges[:-1][late] / 2) * slack).all()


def test_further_edges_are_edges() -> None:
    """Contract: edges at crossings split elements and do not restart the grading."""
    outputs_h = np.array([100.0])
    plain, split = grid_of([0.0, 0.7], outputs_h), grid_of([0.0, 0.7], outputs_h, np.array([0.3, 1.9]))

    assert {0.3, 1.9} <= set(np.round(split.start_h, 12))
    assert split.elements == plain.elements + 2
    assert set(plain.start_h) <= set(split.start_h)


def test_a_finer_grid_has_shorter_elements() -> None:
    """Invariant: halving the constants gives at least as many elements."""
    coarse = offsets(500.0, numerics())
    finer = offsets(500.0, replace(numerics(), first_element_h=numerics().first_element_h / 4))

    assert len(finer) > len(coarse)


def test_since_takes_the_event_at_its_own_time() -> None:
    """Contract: at an event the time since it is 0; before the first there is none."""
    segment, tau_h = since(np.array([1.0, 2.0]), np.array([0.5, 1.0, 1.5, 2.0, 9.0]))

    assert segment.tolist() == [-1, 0, 0, 1, 1]
    assert tau_h.tolist() == [0, 0, 0.5, 0, 7]
