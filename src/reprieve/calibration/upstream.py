"""What is computed once, by the model's own engine, before anything is estimated: the chain's states and what is felt.

Labile synapses S leave by elimination or consolidation, dS/dt = ... - (kS + kC) S, and dC/dt = kC S - kL C. So S
depends on the two estimated rates only through their sum k, and C / kC too:

    S(t) = S(k, t) ,   C(t) = kC G(k, t)

The engine is run at Chebyshev nodes of log k with consolidation as the only way out (kC = k), which gives S and
G = C / k for every fixed patient; the forward model puts in each patient's own k and kC. Functional gain, dissociation
and sedation depend on neither. Runs are shared by arms with the same infusions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from reprieve.calibration import chebyshev
from reprieve.calibration.efficacy_patients import MODEL, PATIENTS, fixed_patients
from reprieve.core.parameters import ParameterSet
from reprieve.model.parameters import default_parameters
from reprieve.model.regimen import Regimen
from reprieve.model.setting import KETAMINE
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation

type Array = NDArray[np.float64]

# Rates per day between which patients are interpolated: half-lives of 35 d and 2.8 h. The priors and the spread between
# patients hardly reach beyond; whoever does is held at the end.
LOW_PER_D, HIGH_PER_D = 0.02, 6.0
NODES = 20
# Elimination so slow that it plays no part: consolidation is the only way out.
NO_ELIMINATION_D = 1e9


@dataclass(frozen=True, eq=False)
class Upstream:
    """One regimen: `start_h` (k,), `end_h` of the last infusion, `dose_mg_per_kg` (k,), what is felt (n, k).

    `labile` and `consolidated_per_rate` are Chebyshev coefficients (t, n, m) at `time_h` (t,), `functional` is (t, n);
    all three empty for a comparator, whose chain is at rest.
    """

    time_h: Array
    start_h: Array
    end_h: float
    dose_mg_per_kg: Array
    dissociation: Array
    sedation: Array
    functional: Array
    labile: Array
    consolidated_per_rate: Array


def range_log() -> tuple[float, float]:
    """Return the ends of log k, k in 1/d."""
    return math.log(LOW_PER_D), math.log(HIGH_PER_D)


@cache
def upstream(
    regimen: str,
    time_h: tuple[float, ...],
    count: int = PATIENTS,
    neutral: tuple[tuple[str, float], ...] = (),
) -> Upstream:
    """Run the engine for `regimen` at sorted `time_h`, with `count` fixed patients.

    `neutral` replaces fixed quantities of the model by name. Raises `InputError` for a regimen or name that cannot be.
    """
    parsed = Regimen.parse(regimen)
    held = default_parameters().replace(**dict(neutral))
    first = _run(parsed, held, time_h, count, None)
    start_h = np.array([dose.start_h for dose in parsed.doses])
    ketamine = parsed.substance in KETAMINE
    dose = [parsed.base_amount(one.amount) if ketamine else 0.0 for one in parsed.doses]
    labile = per_rate = np.zeros((0, count, NODES))
    if ketamine:
        rates = np.exp(chebyshev.nodes(*range_log(), NODES))
        # Nothing acute is read from these runs.
        none = np.zeros(0)
        runs = [_run(parsed, _only_consolidation(held, rate), time_h, count, none).values for rate in rates]
        labile = _table([run["labile"] for run in runs])
        per_rate = _table([run["consolidated"] / rate for run, rate in zip(runs, rates, strict=True)])
    return Upstream(
        time_h=np.array(time_h),
        start_h=start_h,
        end_h=max(one.end_h for one in parsed.doses),
        dose_mg_per_kg=np.array(dose),
        dissociation=first.felt["dissociation_peak"],
        sedation=first.acute["sedation"].max(axis=2),
        functional=first.values["functional"].T if ketamine else np.zeros((0, count)),
        labile=labile,
        consolidated_per_rate=per_rate,
    )


def _run(
    regimen: Regimen, held: ParameterSet, time_h: tuple[float, ...], count: int, minutes: Array | None
) -> Simulation:
    patients, times = fixed_patients(count), np.array(time_h)
    return simulate(regimen, patients, time_h=times, model=MODEL, parameters=held, minutes=minutes, observed=False)


def _only_consolidation(held: ParameterSet, rate_per_d: float) -> ParameterSet:
    return held.replace(labile_half_life_d=NO_ELIMINATION_D, consolidation_half_life_d=math.log(2) / rate_per_d)


def _table(values: list[Array]) -> Array:
    """Coefficients (t, n, m) from values (n, t) at the nodes."""
    return np.ascontiguousarray(np.transpose(chebyshev.coefficients(np.stack(values)), (2, 1, 0)))
