"""What is felt, what is believed and what the scales say, written out again from the published description.

The acute effects are algebra on the effect-site states of `system.py`; belief moves at every infusion;
the fast and the slow part of the non-drug response are integrated by an adaptive solver, restarted at
every infusion and at the end of treatment. Scores follow from benefit, non-drug response and baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import odeint

from tests.oracle.solver import ATOL, RTOL

Array = NDArray[np.float64]
Values = Mapping[str, float]
HIGHEST_CADSS = 92.0
CLUSTERS = ("b", "c", "d", "e")


def dissociation(site: Array, adapted: Array, v: Values) -> Array:
    """CADSS (dose, minute) from effect site and adaptation in ng/mL; later infusions are felt less."""
    acting = np.maximum(0.0, site - v["adaptation_share"] * adapted)
    raised = (acting / v["dissociation_half_ng_per_ml"]) ** v["dissociation_steepness"]
    other = (acting / v["nondrug_half_ng_per_ml"]) ** 2
    rows = []
    for k in range(len(site)):
        worn = v["dissociation_tolerance_max"] * (1.0 - exp(-v["dissociation_tolerance_rate"] * k))
        drug = (1.0 - worn) * HIGHEST_CADSS * v["dissociation_max"] * raised[k] / (1.0 + raised[k])
        rows.append(drug + v["nondrug_dissociation_points"] * other[k] / (1.0 + other[k]))
    return np.asarray(np.minimum(HIGHEST_CADSS, np.array(rows)))


def sedation(site: Array, v: Values) -> Array:
    """Probability of being drowsy (dose, minute)."""
    power = v["sedation_steepness"]
    return np.asarray(site**power / (v["sedation_half_ng_per_ml"] ** power + site**power))


@dataclass(frozen=True)
class Course:
    """Infusion starts, end of treatment (h), peaks felt at each infusion, and D at each start."""

    start_h: Sequence[float]
    end_h: float
    dissociation: Sequence[float]
    sedation: Sequence[float]
    benefit: Sequence[float]


def nondrug(course: Course, v: Values, output_h: Array) -> tuple[Array, Array]:
    """Belief after each infusion (k,) and non-drug response P at sorted output times (t,)."""
    parts = np.zeros(2)
    logit = v["expectation_logit"]
    share = v["nondrug_fast_share"]
    beliefs = []
    response = np.zeros(output_h.size)
    edges = [*course.start_h, course.end_h, max(float(output_h[-1]), course.end_h)]
    for k, (start, end) in enumerate(pairwise(edges)):
        treated = k < len(course.start_h)
        if treated:
            mixed = share * parts[0] + (1.0 - share) * parts[1]
            logit += (
                v["belief_dissociation_weight_per_point"]
                * (course.dissociation[k] - v["belief_dissociation_neutral_points"])
                + v["belief_sedation_weight"] * course.sedation[k]
                + v["belief_improvement_weight"] * (1.0 - (1.0 - mixed) * (1.0 - course.benefit[k]))
            )
            beliefs.append(1.0 / (1.0 + exp(-logit)))
            wanted = v["nondrug_base"] + v["nondrug_belief"] * beliefs[-1]
            target = min(max(wanted, v["nondrug_low"]), v["nondrug_high"])
            f = _toward(target, v["nondrug_fast_time_d"] * 24.0, v["nondrug_slow_time_d"] * 24.0)
        else:
            f = _toward(0.0, v["nondrug_fast_fade_d"] * 24.0, v["nondrug_slow_fade_d"] * 24.0)
        inside = (output_h > start) & (output_h <= end)
        if end > start:
            times = np.array([start, *output_h[inside], end])
            distinct, where = np.unique(times, return_inverse=True)
            rows = odeint(f, parts, distinct, tfirst=True, rtol=RTOL, atol=ATOL, mxstep=100_000)[where]
            response[inside] = share * rows[1:-1, 0] + (1.0 - share) * rows[1:-1, 1]
            parts = rows[-1]
    return np.array(beliefs), response


def _toward(target: float, fast_h: float, slow_h: float) -> Callable[[float, Array], list[float]]:
    def f(_t: float, p: Array) -> list[float]:
        return [(target - p[0]) / fast_h, (target - p[1]) / slow_h]

    return f


def scores(response: Array, benefit: Array, baseline: Mapping[str, float], v: Values) -> dict[str, Array]:
    """Clusters (t,) of one scale from its baseline clusters b, c, d, e (those it has), and their `total`."""
    held = {
        name: start * (1.0 - response) * np.maximum(0.0, 1.0 - v[f"lambda_{name}"] * benefit)
        for name, start in baseline.items()
    }
    return {**held, "total": np.asarray(sum(held.values()))}
