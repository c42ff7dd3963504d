"""Did the chains settle: rank-normalised R-hat, bulk and tail effective sample size, divergences, and the verdict.

Source: vehtari2021 (R-hat and effective sample sizes); limits from the same paper, zero divergences our own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reprieve.calibration.sampling import Sampled

type Array = NDArray[np.float64]

R_HAT_LIMIT = 1.01
ESS_LIMIT = 400
TAIL = (0.05, 0.95)  # the quantiles whose effective sample size is the tail's
INTERVAL = (2.5, 97.5)  # percentiles of the 95 % interval, equal-tailed


@dataclass(frozen=True, slots=True)
class Settled:
    """Diagnostics of one parameter."""

    r_hat: float
    ess_bulk: float
    ess_tail: float


@dataclass(frozen=True)
class Verdict:
    """Diagnostics of a run. `failures` says in words what missed its limit; none means that the run may be shipped."""

    parameters: Mapping[str, Settled]
    divergences: int
    deepest_steps: int
    failures: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every limit was kept."""
        return not self.failures

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as a header holds it: the worst values first."""
        held = self.parameters.values()
        return {
            "ok": self.ok,
            "failures": list(self.failures),
            "divergences": self.divergences,
            "most_steps": self.deepest_steps,
            "r_hat_max": _worst((one.r_hat for one in held), max),
            "ess_bulk_min": _worst((one.ess_bulk for one in held), min),
            "ess_tail_min": _worst((one.ess_tail for one in held), min),
            "limits": {"r_hat_below": R_HAT_LIMIT, "ess_above": ESS_LIMIT, "divergences": 0},
            "parameters": {
                name: {"r_hat": one.r_hat, "ess_bulk": one.ess_bulk, "ess_tail": one.ess_tail}
                for name, one in self.parameters.items()
            },
        }


def judge(run: Sampled) -> Verdict:
    """Return the diagnostics of a run: R-hat < 1.01, bulk and tail ESS > 400, no divergence."""
    found = {name: settled(draws) for name, draws in run.draws.items()}
    divergences = int(run.diverging.sum())
    failures = [line for name, one in found.items() for line in _misses(name, one)]
    if divergences:
        failures.append(f"{divergences} divergent transitions")
    return Verdict(found, divergences, int(run.steps.max()), tuple(failures))


def settled(draws: Array) -> Settled:
    """Return the diagnostics of one parameter from its draws (chain, draw)."""
    from arviz_stats.base import array_stats

    table = np.asarray(draws, dtype=np.float64)
    r_hat = array_stats.rhat(table, chain_axis=0, draw_axis=1, method="rank")
    bulk = array_stats.ess(table, chain_axis=0, draw_axis=1, method="bulk")
    tail = array_stats.ess(table, chain_axis=0, draw_axis=1, method="tail", prob=TAIL)
    return Settled(float(r_hat), float(bulk), float(tail))


def summary(draws: Array) -> dict[str, float]:
    """Return mean, SD, median and the ends of the 95 % interval, equal-tailed, of draws of any shape."""
    flat = np.asarray(draws, dtype=np.float64).reshape(-1)
    low, median, high = np.percentile(flat, (INTERVAL[0], 50, INTERVAL[1]))
    return {
        "mean": float(flat.mean()),
        "sd": float(flat.std(ddof=1)),
        "median": float(median),
        "low": float(low),
        "high": float(high),
    }


def _misses(name: str, one: Settled) -> list[str]:
    # Written so that a value that is not a number misses its limit.
    lines = []
    if not one.r_hat < R_HAT_LIMIT:
        lines.append(f"{name}: R-hat {one.r_hat:.4f}, not below {R_HAT_LIMIT}")
    for which, size in (("bulk", one.ess_bulk), ("tail", one.ess_tail)):
        if not size > ESS_LIMIT:
            lines.append(f"{name}: {which} ESS {size:.0f}, not above {ESS_LIMIT}")
    return lines


def _worst(values: Any, pick: Any) -> float:
    held = list(values)
    return math.nan if any(math.isnan(one) for one in held) else float(pick(held, default=math.nan))
