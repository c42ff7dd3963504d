"""Who is in a replicate: screened in order of their number until the trial is full, given a site and an arm.

A patient enters if the reading at screening meets the criterion; the reading holds fluctuation and error, so those who
enter on a bad day read lower later: regression to the mean is not put in, it arises. Arms are given out in blocks in
the order of entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet
from reprieve.core.random import normal, uniform
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model import observation
from reprieve.model.individuals import individuals
from reprieve.model.population import Population, population
from reprieve.model.symptoms import SCORES
from reprieve.trials.simulation.baseline import Remembered, remembered, with_baseline

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm
    from reprieve.trials.simulation.plan import Plan

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]

FEWEST_PASS = 1000  # of so many screened at least one must enter
SURE = 20 * FEWEST_PASS  # screened before anybody is refused: at twice the rate a false alarm is 1 in 1000
BATCH = 2  # screened at first, in trial sizes
ALLOCATION, SITE, SHIFT = "trial:allocation", "trial:site", "trial:site_shift"


@dataclass(frozen=True, slots=True)
class People:
    """The patients of a replicate in order of entry, with their site and arm (n,), and how many were screened.

    `shift` (n,) is what the site adds to readings after baseline, None where sites do not differ.
    """

    patients: Remembered
    site: Index
    shift: Array | None
    arm: Index
    screened: int


def replicate_seed(seed: int, name: int | str) -> int:
    """Return the population seed of a replicate: 64 bits of a hash of (seed, its number or name)."""
    return int.from_bytes(blake2b(f"trial:{seed}:{name}".encode(), digest_size=8).digest(), "little")


def enrol(design: DesignForm, seed: int, n: int, parameters: ParameterSet) -> tuple[Remembered, int]:
    """Return the first `n` patients of `seed` who meet the entry criterion, and how many were screened for them.

    Raises `InputError` if fewer than 1 in 1000 meet it.
    """
    profile, found, screened, held = design.population, 0, 0, []
    batch = BATCH * n
    while found < n:
        part = with_baseline(population(batch, seed, start=screened, profile=profile), design.baseline)
        passed = np.flatnonzero(enters(design, part, parameters))[: n - found]
        held.append(part.take(passed))
        found += len(passed)
        screened += batch if found < n else int(passed[-1]) + 1
        if screened >= SURE and found * FEWEST_PASS < screened:
            raise InputError("entry", found, f"of {screened} screened is fewer than 1 in {FEWEST_PASS}", "widen it")
        batch = max(FEWEST_PASS, BATCH * n)
    return remembered(_joined(held)), screened


def enters(design: DesignForm, patients: Population, parameters: ParameterSet) -> NDArray[np.bool_]:
    """Return whether each patient's reading at screening meets the criterion, (n,)."""
    entry = design.entry
    if entry.minimum is None and entry.maximum is None:
        return np.ones(len(patients), dtype=np.bool_)
    low = -np.inf if entry.minimum is None else entry.minimum
    high = np.inf if entry.maximum is None else entry.maximum
    reading = read_before(entry.score, entry.screening_day, patients, parameters)
    return np.asarray((reading >= low) & (reading <= high))


def read_before(score: str, day: float, patients: Population, parameters: ParameterSet) -> Array:
    """Return what the instrument reads on a day before treatment, (n,): there the latent score is the baseline."""
    names = ("fluctuation_time_d", f"{score}_fluctuation_sd_points", f"{score}_error_sd_points")
    few = ParameterSet("reading", parameters.version, {name: parameters.quantity(name) for name in names})
    latent = np.sum(list(patients.baseline_of(SCORES[score]).values()), axis=0)
    time_h = np.array([day * HOURS_PER_DAY])
    return observation.observe(score, latent[:, None], time_h, patients, individuals(few, patients))[:, 0]


def given_out(plan: Plan, seed: int, design: DesignForm, patients: Remembered, screened: int) -> People:
    """Give each patient a site by chance and an arm in blocks."""
    site = np.floor(uniform(seed, SITE, patients.ids)[:, 0] * design.sites).astype(np.int64)
    shift = None
    if design.site_sd_points > 0:
        shift = design.site_sd_points * normal(seed, SHIFT, np.arange(design.sites, dtype=np.int64))[site, 0]
    return People(patients, site, shift, allocation(seed, plan.sizes), screened)


def allocation(seed: int, sizes: tuple[int, ...]) -> Index:
    """Return the arm of each patient in order of entry, (n,): permuted blocks, the smallest with the arms' shares.

    Blocks hold each arm at least twice where the sizes allow it.
    """
    blocks = gcd(*sizes)
    if blocks % 2 == 0:
        blocks //= 2
    one = np.repeat(np.arange(len(sizes)), [size // blocks for size in sizes])
    order = np.argsort(uniform(seed, ALLOCATION, np.arange(blocks, dtype=np.int64), len(one)), axis=1)
    return np.asarray(one[order].reshape(-1), dtype=np.int64)


def _joined(parts: list[Population]) -> Population:
    if len(parts) == 1:
        return parts[0]

    def scores(name: str) -> dict[str, Array]:
        first = getattr(parts[0], name)
        return {c: np.concatenate([getattr(part, name)[c] for part in parts]) for c in first}

    columns = ("ids", "weight_kg", "age_y", "female", "hypertension")
    held: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    held |= {name: scores(name) for name in ("baseline", "baseline_pcl5", "baseline_iesr")}
    return Population(seed=parts[0].seed, profile=parts[0].profile, **held)
