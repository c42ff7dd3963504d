"""Where the parameters of a simulated trial come from."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from reprieve.calibration.store import shipped
from reprieve.core.parameters import ParameterSet
from reprieve.core.random import normal
from reprieve.model.parameters import default_parameters
from reprieve.trials.simulation.values import ASSUMED, Values, values


@dataclass(frozen=True)
class Draws:
    """Stands for a posterior, read-only views included: one quantity drawn, one moved by the trial."""

    version: str
    digest: str
    draws: Mapping[str, Any]
    headers: Mapping[str, Any]

    @property
    def size(self) -> int:
        return len(self.draws["labile_half_life_d"])

    def parameters(
        self, draw: int, *, seed: int, trial: str, population: str, psychotherapy: bool = False
    ) -> ParameterSet:
        moved = float(normal(seed, trial, [draw])[0, 0]) + 0.2 * psychotherapy - (population == "veteran")
        labile = float(self.draws["labile_half_life_d"][draw])
        return default_parameters().replace(labile_half_life_d=labile, nondrug_base=moved)

    def central(self, population: str, psychotherapy: bool = False) -> ParameterSet:
        return default_parameters().replace(labile_half_life_d=6.5, nondrug_base=0.2 * psychotherapy)


def source(uncertainty: bool) -> Values:
    draws = MappingProxyType({"labile_half_life_d": np.array([5.0, 6.0, 7.0])})
    held: Any = Draws("test", "d" * 64, draws, MappingProxyType({"efficacy": MappingProxyType({"seed": 1})}))
    return values(held, uncertainty, "civilian", 9)


def test_a_replicate_takes_its_draw_and_its_own_trial_effect() -> None:
    """Independent implementation: draws go round and round, trials have names of their own."""
    held = source(True)

    assert [held.of(number)["labile_half_life_d"] for number in (0, 1, 5)] == [5.0, 6.0, 7.0]
    assert held.of(7)["nondrug_base"] == float(normal(9, "sim7", [1])[0, 0])
    assert held.of(7)["nondrug_base"] != held.of(4)["nondrug_base"]
    assert held.of(7, psychotherapy=True)["nondrug_base"] == held.of(7)["nondrug_base"] + 0.2


def test_without_uncertainty_every_replicate_takes_the_centre() -> None:
    """Invariant: one set whatever the number, another beside psychotherapy."""
    held = source(False)

    assert held.of(3) is held.of(8)
    assert held.of(3)["labile_half_life_d"] == 6.5
    assert held.of(3, psychotherapy=True)["nondrug_base"] == 0.2


def test_a_posterior_travels_to_other_processes() -> None:
    """Invariant: a copy gives the same parameters to the last bit, uncertain or not; read-only views travel too."""
    for uncertainty in (True, False):
        held = source(uncertainty)
        copy = pickle.loads(pickle.dumps(held))
        first, second = held.of(2), copy.of(2)
        assert {name: first[name] for name in first.names} == {name: second[name] for name in second.names}
        assert copy.label == held.label == "posterior test dddddddddddd"


def test_without_a_posterior_the_values_are_called_assumed() -> None:
    """Invariant: the shipped posterior where there is one, else the model's own values; never silent."""
    held = values(None, True, "civilian", 9)

    if {"efficacy-chain", "tolerability"} <= set(shipped()):
        assert held.label.startswith("posterior ")
        assert pickle.loads(pickle.dumps(held)).label == held.label
    else:
        assert (held.label, held.uncertainty) == (ASSUMED, False)
        assert held.of(1) is default_parameters()
