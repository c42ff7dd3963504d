"""The right-hand side that the benchmarks hand to the adaptive solvers is the oracle's, rearranged."""

from __future__ import annotations

import numpy as np

from benchmarks.equations import INFLOW_R, INFLOW_S, NAMES, PER_MG, acute, chain, kinetics, pack
from tests.oracle.people import typical
from tests.oracle.system import INDEX, derivatives
from tests.tolerance import close


def test_rearranged_equations_are_the_same() -> None:
    """Independent implementation: the oracle's right-hand side at random states, above and below R0."""
    person = typical(82.0)
    # Transit states are fluxes in the oracle and divided by the volume they feed in the benchmarks.
    scale = np.ones(len(NAMES))
    for name, volume_l in (("to_norketamine", person.pk.vn1), ("to_hydroxy", person.pk.vh1)):
        for stage in (1, 2):
            scale[NAMES.index(f"{name}_{stage}")] = volume_l
    order = [INDEX[name] for name in NAMES]
    constants = pack(person)
    constants[INFLOW_S], constants[INFLOW_R] = 30.0 * constants[PER_MG], 20.0 * constants[PER_MG]
    draws = np.random.default_rng(7)

    for size in (1.0, 100.0, 10_000.0):
        y = draws.uniform(0, size, len(NAMES))
        state = np.zeros(len(NAMES))
        state[order] = y * scale

        expected = np.array(derivatives(person, 30.0, 20.0)(0.0, state.tolist()))[order] / scale
        actual = (*kinetics(y, constants), *chain(y, constants, lambda x: max(0.0, x)), *acute(y, constants))

        magnitude = np.abs(expected).max()
        assert close(np.array(actual) / magnitude, expected / magnitude, "closed_form")
