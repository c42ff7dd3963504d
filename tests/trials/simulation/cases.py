"""Designs made on the spot, small enough to simulate in a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reprieve.core.parameters import ParameterSet
from reprieve.model.parameters import default_parameters
from reprieve.trials.design.form import Analysis, ArmForm, DesignForm, Dropout, Estimand, Visits

KETAMINE = "0.5 mg/kg over 40 min on days 0, 3"
MIDAZOLAM = "midazolam 0.045 mg/kg over 40 min on days 0, 3"
STAYS = Estimand(dropout=Dropout(kind="none"))
HYPOTHETICAL = Estimand(stopped="hypothetical")


def arm(name: str, role: Any = "ketamine", **given: Any) -> ArmForm:
    regimen = KETAMINE if role == "ketamine" else MIDAZOLAM
    return ArmForm(**{"name": name, "role": role, "regimen": regimen, "patients": 20} | given)


def design(**given: Any) -> DesignForm:
    """Two infusions against midazolam, 20 per arm, read on days 4, 7 and 14 by ANCOVA at day 7."""
    usual: dict[str, Any] = {
        "schema": 1,
        "name": "small",
        "arms": [arm("ketamine"), arm("midazolam", "active")],
        "visits": Visits(days=[4, 7, 14], primary_day=7),
        "analysis": Analysis(method="ancova"),
    }
    return DesignForm(**usual | given)


def flat() -> ParameterSet:
    """The shipped parameters without any spread between patients."""
    held = default_parameters()
    alike = {name: replace(quantity, between=None) for name, quantity in held.quantities.items()}
    return ParameterSet("flat", held.version, alike)


class Fake:
    """Stands for a posterior: one set of parameters for every draw and the centre."""

    version, digest, size = "fake", "0" * 64, 3

    def __init__(self, held: ParameterSet) -> None:
        self.held = held

    def parameters(self, draw: int, **_: Any) -> ParameterSet:
        assert 0 <= draw < self.size
        return self.held

    def central(self, population: str, psychotherapy: bool = False) -> ParameterSet:
        return self.held
