"""Random regimens for property tests: valid ones only, tidy and ugly numbers. Refusals and bad input."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.model.regimen import KETAMINES, Basis, Dose, Phase, Regimen, Route, Substance, Unit

UNITS: tuple[Unit, ...] = ("mg", "mg/kg")
MOST_DOSES = 6
MOST_STEPS = 4
SHORT_GAP_H = 0.01  # an event table joins what is closer than a second


def between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


minutes = st.one_of(st.integers(1, 90).map(lambda m: m / 60), between(0.01, 2))
amounts = st.one_of(st.integers(1, 40).map(lambda a: a / 40), between(0.001, 1))


@st.composite
def steps(draw: st.DrawFn, drug: bool = True) -> tuple[Phase, ...]:
    """Running phases, each but the first perhaps after a pause."""
    phases = [Phase(draw(minutes), draw(amounts) if drug else 0.0)]
    for _ in range(draw(st.integers(0, MOST_STEPS - 1))):
        if drug and draw(st.booleans()):
            phases.append(Phase(draw(minutes), 0.0))
        phases.append(Phase(draw(minutes), draw(amounts) if drug else 0.0))
    return tuple(phases)


@st.composite
def infusions(draw: st.DrawFn, unit: Unit | None = None) -> Dose:
    """An IV dose at time 0 with at most 4 mg or mg/kg."""
    withheld = draw(st.one_of(st.just(0.0), amounts))
    counted: Unit = draw(st.sampled_from(UNITS)) if unit is None else unit
    return Dose(0.0, draw(steps()), counted, Route.IV, withheld)


@st.composite
def doses(draw: st.DrawFn, substance: Substance, start_h: float, routes: list[Route]) -> Dose:
    if substance is Substance.SALINE:
        return Dose(start_h, draw(steps(drug=False)), "mg")
    if substance is Substance.MIDAZOLAM:
        return Dose(start_h, (Phase(draw(minutes), draw(between(0.001, 0.5))),), draw(st.sampled_from(UNITS)))
    route = draw(st.sampled_from(routes))
    unit = draw(st.sampled_from(UNITS))
    if route is not Route.IV:
        return Dose(start_h, (Phase(0.0, draw(amounts)),), unit, route)
    return Dose(start_h, draw(steps()), unit, route, draw(st.one_of(st.just(0.0), amounts)))


@st.composite
def regimens(draw: st.DrawFn, routes: list[Route] | None = None) -> Regimen:
    """A regimen of any substance; gaps from whole days to nothing that a clock shows."""
    substance = draw(st.sampled_from(list(Substance)))
    basis = draw(st.sampled_from(list(Basis))) if substance in KETAMINES else Basis.BASE
    made: list[Dose] = []
    start_h = draw(st.one_of(st.just(0.0), st.integers(0, 100).map(float), between(0, 1000)))
    for _ in range(draw(st.integers(1, MOST_DOSES))):
        made.append(draw(doses(substance, start_h, routes or list(Route))))
        gap_h = draw(st.one_of(st.integers(1, 7).map(lambda days: 24.0 * days), between(0.1, 100)))
        apart = gap_h > made[-1].duration_h + SHORT_GAP_H
        start_h = start_h + gap_h if apart else made[-1].end_h + gap_h
    return Regimen(tuple(made), substance, basis)


def refusal(make: Callable[[], object]) -> InputError:
    """The `InputError` that calling `make` raises, in one line; fails if it raises none or another."""
    with pytest.raises(InputError) as caught:
        make()
    assert "\n" not in str(caught.value)
    return caught.value


def corpus(prefix: str) -> list[dict[str, Any]]:
    """Cases of the bad input corpus whose id starts with `prefix`; at least one."""
    text = (Path(__file__).parents[1] / "bad_input" / "corpus.toml").read_text(encoding="utf-8")
    cases = [case for case in tomllib.loads(text)["case"] if case["id"].startswith(prefix)]
    assert cases
    return cases
