"""The engine against the oracle: whole courses, odd infusions, extreme patients, the kink of the surge."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracle.engine import PLASMA, STATES, People, engine, oracle, people
from tests.oracle.people import person
from tests.oracle.solver import Change, infusions
from tests.tolerance import Tolerance, close

if TYPE_CHECKING:
    from reprieve.model.regimen import Dose, Regimen

Array = NDArray[np.float64]

LENGTH_H = 40 / 60
SIX = (0, 2, 4, 7, 9, 11)
EIGHT = (0, 3, 7, 10, 14, 17, 21, 24)
WIDE = Tolerance(1e-4, "worst patient at three times the variability, adaptive solver at 1e-12")
# Phases as (hours, share of the dose): the oracle builds its rates from these, the engine from the regimen.
PLAIN = ((LENGTH_H, 1.0),)
ODD: dict[str, tuple[Callable[[Dose], Dose], tuple[tuple[float, float], ...]]] = {
    "paused": (
        lambda dose: dose.paused(0.25, 0.2),
        ((0.25, 0.25 / LENGTH_H), (0.2, 0.0), (LENGTH_H - 0.25, 1 - 0.25 / LENGTH_H)),
    ),
    "stopped": (lambda dose: dose.stopped(0.3), ((0.3, 0.3 / LENGTH_H),)),
    "slowed": (
        lambda dose: dose.rate_changed(0.2, 0.5),
        ((0.2, 0.2 / LENGTH_H), (2 * (LENGTH_H - 0.2), 1 - 0.2 / LENGTH_H)),
    ),
    "hastened": (
        lambda dose: dose.rate_changed(0.2, 2.0),
        ((0.2, 0.2 / LENGTH_H), ((LENGTH_H - 0.2) / 2, 1 - 0.2 / LENGTH_H)),
    ),
}


def regimen_on(days: tuple[int, ...], mg_per_kg: float, change: Callable[[Dose], Dose] | None = None) -> Regimen:
    """Infusions of `mg_per_kg` over 40 min, each changed alike."""
    from reprieve.model.regimen import Dose, Phase, Regimen

    doses = [Dose(24.0 * day, (Phase(LENGTH_H, mg_per_kg),), "mg/kg") for day in days]
    return Regimen(tuple(dose if change is None else change(dose) for dose in doses))


def changes_on(
    days: tuple[int, ...], mg_per_kg: float, who: People, phases: tuple[tuple[float, float], ...] = PLAIN
) -> dict[int, list[Change]]:
    """The same as rate changes of every patient; half of the racemate is the S form."""
    held = {}
    for i, weight_kg in enumerate(who.patients.weight_kg.tolist()):
        changes = []
        for day in days:
            clock = 24.0 * day
            for hours, share in phases:
                rate = share * mg_per_kg * weight_kg / hours
                changes.append(Change(clock, rate / 2, rate / 2))
                clock += hours
            changes.append(Change(clock, 0.0, 0.0))
        held[i] = changes
    return held


def times(days: tuple[int, ...], until_d: float) -> Array:
    """Every day, and around every infusion: its middle, its end, just after, hours and half a day later."""
    around = [24.0 * day + t for day in days for t in (1 / 3, LENGTH_H, 0.7, 2.0, 7.5, 13.0)]
    return np.unique([*np.arange(1, until_d + 1) * 24.0, *around])


def check(found: dict[str, Array], expected: dict[str, Array], wide: bool = False, plasma: str = "solver") -> None:
    """Concentrations to 1e-6 (or as `plasma` says) and states to 1e-5, or all to 1e-4 if `wide`."""
    for name in PLASMA:
        assert close(found[name], expected[name], WIDE if wide else plasma), name
    for name in STATES:
        assert close(found[name], expected[name], WIDE if wide else "states"), name


@pytest.mark.parametrize(
    ("days", "mg_per_kg"),
    [(SIX, 0.5), (EIGHT, 0.5), (SIX, 1.0), ((0,), 0.5)],
    ids=["six", "eight", "double", "one"],
)
def test_typical_patient(days: tuple[int, ...], mg_per_kg: float) -> None:
    """Independent implementation: the published equations by an adaptive solver at 1e-12."""
    who = people(1, profile="typical")
    time_h = times(days, 42)

    found = engine(regimen_on(days, mg_per_kg), who, time_h)

    check(found, oracle(changes_on(days, mg_per_kg, who), who, time_h))


@pytest.mark.parametrize("name", list(ODD))
def test_infusion_that_did_not_go_to_plan(name: str) -> None:
    """Independent implementation: rates over time written out by hand, an adaptive solver at 1e-12."""
    change, phases = ODD[name]
    who = people(1, profile="typical")
    time_h = np.unique([*times((0, 2), 10), 0.2, 0.25, 0.3, 0.45, 0.9, 1.1, 1.2])

    found = engine(regimen_on((0, 2), 0.5, change), who, time_h)

    check(found, oracle(changes_on((0, 2), 0.5, who, phases), who, time_h))


@pytest.mark.parametrize(("variability", "seed"), [(1.0, 11), (3.0, 12)])
def test_random_patients(variability: float, seed: int) -> None:
    """Independent implementation, drawn patients: tight at the model's own spread, 1e-4 at three times it."""
    who = people(7, seed=seed, variability=variability)
    time_h = times(SIX, 42)[::3]

    found = engine(regimen_on(SIX, 0.5), who, time_h)

    check(found, oracle(changes_on(SIX, 0.5, who), who, time_h), wide=variability > 1)


def test_compiled_executor() -> None:
    """Independent implementation: the compiled executor directly against the adaptive solver."""
    who = people(3, seed=13)
    time_h = times((0, 2), 10)

    found = engine(regimen_on((0, 2), 0.5), who, time_h, executor="numba")

    check(found, oracle(changes_on((0, 2), 0.5, who), who, time_h))


@pytest.mark.parametrize("surge_zero", [0.25, 0.12])
@pytest.mark.parametrize("executor", ["numpy", "numba"])
def test_surge_that_reaches_zero(surge_zero: float, executor: str) -> None:
    """Independent implementation restarted where the block crosses R0, for the patients and inside J."""
    who = people(3, seed=14, surge_zero=surge_zero)
    time_h = times((0, 2), 10)

    found = engine(regimen_on((0, 2), 0.5), who, time_h, executor)
    expected = oracle(changes_on((0, 2), 0.5, who), who, time_h)

    assert expected["block"].max() > surge_zero
    check(found, expected)


@pytest.mark.parametrize("share", [0.9999, 0.999, 0.98])
def test_surge_that_barely_reaches_zero(share: float) -> None:
    """Independent implementation: R0 just below the peak block, the surge zero for seconds or minutes."""
    who = people(1, profile="typical")
    peak = float(oracle(changes_on((0,), 0.5, who), who, np.array([LENGTH_H]))["block"][0, 0])
    grazed = who.replaced(surge_zero=share * peak)
    time_h = times((0,), 7)

    found = engine(regimen_on((0,), 0.5), grazed, time_h)

    check(found, oracle(changes_on((0,), 0.5, grazed), grazed, time_h))


def test_output_times_on_edges() -> None:
    """Independent implementation: outputs at the very start and end of an infusion and next to them."""
    who = people(1, profile="typical")
    start = 48.0
    time_h = np.array([0.0, LENGTH_H, 24.0, start, start + 1e-9, start + LENGTH_H, start + LENGTH_H + 1e-9, 72.0])

    found = engine(regimen_on((0, 2), 0.5), who, time_h)

    check(found, oracle(changes_on((0, 2), 0.5, who), who, time_h))


def test_first_infusion_later_than_time_zero() -> None:
    """Invariant: before the first infusion everything is exactly zero, from then on as the oracle."""
    who = people(1, profile="typical")
    time_h = np.array([0.0, 12.0, 24.0, 24.5, 25.0, 48.0, 240.0])

    found = engine(regimen_on((1,), 0.5), who, time_h)

    assert all(np.array_equal(found[name][:, :2], np.zeros((1, 2))) for name in PLASMA + STATES)
    check(found, oracle(changes_on((1,), 0.5, who), who, time_h))


def test_reference_area() -> None:
    """Independent implementation: J by quadrature of matrix exponentials, also where the surge is cut."""
    from reprieve.model.drive import filters

    for surge_zero in (0.9, 0.25, 0.12):
        who = people(1, profile="typical", surge_zero=surge_zero)

        assert close(filters(who.parameters).reference_area_h, who.area_h, "solver")


def norketamine_rate() -> float:
    """Fast rate per hour of the two norketamine compartments of the typical adult."""
    who = people(1, profile="typical")
    pk = person(who.ind, who.patients.weight_kg, who.area_h, 0).pk
    away, out, back = pk.cl_n / pk.vn1, pk.q_n / pk.vn1, pk.q_n / pk.vn2
    half_sum, product = (away + out + back) / 2, away * back
    return float(half_sum + np.sqrt(half_sum**2 - product))


@pytest.mark.parametrize("gap", [0.0, 1e-9, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("meeting", ["adaptation", "transit", "transit_and_norketamine", "effect_and_all"])
def test_rates_that_meet(meeting: str, gap: float) -> None:
    """Independent implementation: an adaptive solver does not notice when rates are equal or nearly so."""
    near = 1 + gap
    rate = norketamine_rate()
    changed = {
        "adaptation": {"effect_site_rate_per_h": 3.0, "adaptation_rate_per_h": 3.0 * near},
        "transit": {"mtt_k_nk_min": 20.1, "mtt_nk_hnk_min": 20.1 * near},
        "transit_and_norketamine": {"mtt_k_nk_min": 120 / rate * near},
        "effect_and_all": {
            "effect_site_rate_per_h": 3.0,
            "adaptation_rate_per_h": 3.0 * near,
            "mtt_k_nk_min": 120 / rate,
            "mtt_nk_hnk_min": 120 / rate * near,
        },
    }[meeting]
    who = people(1, profile="typical", **changed)
    time_h = times((0, 2), 10)

    found = engine(regimen_on((0, 2), 0.5), who, time_h)

    # Five poles of one path at one place: the limit is then good to 1e-4 only (docs/pharmacokinetics.md).
    check(found, oracle(changes_on((0, 2), 0.5, who), who, time_h), wide=meeting == "effect_and_all")


def test_links_switched_off() -> None:
    """Independent implementation with the rate of the link at zero; without block no drug effect."""
    from reprieve.model.links import Links

    who = people(1, profile="typical")
    time_h = times((0, 2), 10)
    never = who.replaced(consolidation_half_life_d=np.inf)

    found = engine(regimen_on((0, 2), 0.5), who, time_h, links=Links(consolidation=False))
    unblocked = engine(regimen_on((0, 2), 0.5), who, time_h, links=Links(block=False))

    check(found, oracle(changes_on((0, 2), 0.5, who), never, time_h))
    assert all(not unblocked[name].any() for name in STATES[1:])


@pytest.mark.parametrize(("mg_per_kg", "seconds"), [(0.5, 15), (1.0, 30), (2.0, 60)])
def test_a_push_of_seconds(mg_per_kg: float, seconds: float) -> None:
    """Independent implementation: the block runs through most of its range, some past R0, within seconds."""
    from reprieve.model.regimen import Dose, Phase, Regimen

    who = people(4)
    time_h = np.array([seconds / 3600, 0.1, 1.0, 24.0])
    push = Regimen((Dose(0.0, (Phase(seconds / 3600, mg_per_kg),), "mg/kg"),))

    found = engine(push, who, time_h)

    weight = who.patients.weight_kg
    changes = {i: infusions([0.0], mg_per_kg * float(weight[i]), seconds / 60) for i in range(len(weight))}
    check(found, oracle(changes, who, time_h), wide=True)
