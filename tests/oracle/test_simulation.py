"""The whole simulation against the oracle: from doses to concentrations, synapses, belief and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracle.people import person, reference_area_h
from tests.oracle.response import Course, dissociation, nondrug, scores, sedation
from tests.oracle.solver import infusions, solve
from tests.tolerance import Tolerance, close

if TYPE_CHECKING:
    from reprieve.model.simulation import Simulation

Array = NDArray[np.float64]

DAYS = (0, 2, 4, 7, 9, 11)
MINUTES = 40.0
MG_PER_KG = 0.5
TIME_H = np.unique([*np.arange(0, 43, 3) * 24.0, *[24.0 * day + t for day in DAYS for t in (0.5, 2 / 3, 4.0)]])
WIDE = Tolerance(1e-4, "worst patient at three times the variability, adaptive solver at 1e-12")
PLASMA = {
    "s_ketamine": "s_central",
    "r_ketamine": "r_central",
    "norketamine": "norketamine",
    "hydroxynorketamine": "hydroxynorketamine",
    "effect_site": "effect_site",
    "adaptation": "adaptation",
}
STATES = {"signal": "signal", "functional": "function", "labile": "labile", "consolidated": "consolidated"}


def run(n: int, profile: str, seed: int, variability: float) -> tuple[Simulation, dict[str, Array], float]:
    """A simulation, the individual parameters behind it, and J by the oracle."""
    from reprieve.model.disposition import load_model
    from reprieve.model.individuals import individuals
    from reprieve.model.parameters import default_parameters
    from reprieve.model.population import population
    from reprieve.model.regimen import Dose, Phase, Regimen
    from reprieve.model.simulate import simulate

    patients = population(n, seed=seed, profile=profile)
    dose = Phase(MINUTES / 60, MG_PER_KG)
    regimen = Regimen(tuple(Dose(24.0 * day, (dose,), "mg/kg") for day in DAYS))
    found = simulate(regimen, patients, time_h=TIME_H, variability=variability, observed=False)
    sets = load_model("reprieve_iv_default").parameters, default_parameters()
    ind = {name: v for held in sets for name, v in individuals(held, patients, variability=variability).items()}
    typical = {name: np.full(1, q.value) for held in sets for name, q in held.quantities.items()}
    return found, ind, reference_area_h(typical)


@pytest.mark.parametrize(
    ("n", "profile", "seed", "variability"),
    [(1, "typical", 1, 1.0), (4, "civilian", 21, 1.0), (3, "veteran", 22, 1.0), (5, "civilian", 23, 3.0)],
    ids=["typical", "civilian", "veteran", "three times the variability"],
)
def test_whole_simulation(n: int, profile: str, seed: int, variability: float) -> None:
    """Independent implementation: published equations and described rules, an adaptive solver at 1e-12."""
    found, ind, area_h = run(n, profile, seed, variability)

    for i in range(n):
        expected = _expected(found, {name: values[i : i + 1] for name, values in ind.items()}, area_h, i)
        for name, (values, kind) in expected.items():
            actual = _actual(found, name)[i]
            assert close(actual, values, WIDE if variability > 1 else kind), (name, i)


def _actual(found: Simulation, name: str) -> Array:
    for held in (found.values, found.acute, found.felt):
        if name in held:
            return held[name]
    raise KeyError(name)


def _expected(found: Simulation, ind: dict[str, Array], area_h: float, i: int) -> dict[str, tuple[Array, str]]:
    """Everything that is not random, name -> (values, kind of tolerance)."""
    weight_kg = found.patients.weight_kg[i : i + 1]
    subject = person(ind, weight_kg, area_h, 0)
    v = {name: float(values[0]) for name, values in ind.items()}
    starts = [24.0 * day for day in DAYS]
    minute_h = np.array([[start + m / 60 for m in found.minute.tolist()] for start in starts])
    wanted = np.unique([*TIME_H, *minute_h.ravel(), *starts])
    state = solve(subject, infusions(starts, MG_PER_KG * float(weight_kg[0]), MINUTES), wanted)
    at, session = np.searchsorted(wanted, TIME_H), np.searchsorted(wanted, minute_h)

    arterial = state["s_central"] + state["r_central"]
    share = subject.pk.arm_share
    total = v["functional_weight"] * state["function"] + state["labile"] + state["consolidated"]
    benefit = v["benefit_max"] * total / (v["benefit_half"] + total)
    cadss = dissociation(state["effect_site"][session], state["adaptation"][session], v)
    drowsy = sedation(state["effect_site"][session], v)
    course = Course(
        start_h=starts,
        end_h=starts[-1] + MINUTES / 60 + 24.0 * v["contact_window_d"],
        dissociation=cadss.max(axis=1).tolist(),
        sedation=drowsy.max(axis=1).tolist(),
        benefit=benefit[np.searchsorted(wanted, starts)].tolist(),
    )
    belief, placebo = nondrug(course, v, TIME_H)

    plasma = {name: state[key] for name, key in PLASMA.items()}
    plasma |= {
        "ketamine_arterial": arterial,
        "ketamine_venous": (1 - share) * arterial + share * state["arm"],
    }
    states = {name: state[key] for name, key in STATES.items()} | {"benefit": benefit}
    expected = {f"{name}_ng_per_ml": (values[at], "solver") for name, values in plasma.items()}
    expected |= {name: (values[at], "states") for name, values in states.items()}
    expected |= {name: (values, "states") for name, values in _scores(found, placebo, benefit[at], v, i).items()}
    acute = {"dissociation": cadss, "sedation": drowsy, "belief": belief, "placebo": placebo}
    return expected | {name: (values, "states") for name, values in acute.items()}


def _scores(found: Simulation, placebo: Array, benefit: Array, v: dict[str, float], i: int) -> dict[str, Array]:
    """Clusters of CAPS-5 and the totals of all three scales."""
    held: dict[str, Array] = {}
    for key, name in (("caps5", "CAPS-5"), ("pcl5", "PCL-5"), ("iesr", "IES-R")):
        baseline = {c.lower(): float(z[i]) for c, z in found.patients.baseline_of(name).items()}
        parts = scores(placebo, benefit, baseline, v)
        held[key] = parts.pop("total")
        if key == "caps5":
            held |= {f"cluster_{c}": values for c, values in parts.items()}
    return held
