"""Virtual patients: covariates, baseline scores and the random numbers that make each patient who they are.

Patient i of a seed is the same person for any number of patients, any chunk and any worker: every number
comes from a stream named after what it is for, keyed by seed and patient id.

Baseline totals are truncated normal; CAPS-5, PCL-5 and IES-R each have their own, correlated through severity
and never converted into each other. Shares with a spread between patients split a total over the clusters.

Source: ptsdrepository (Feder 2021, Abdallah 2022), duek2023, artin2022; see `population.toml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from operator import index

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.instruments import instrument
from reprieve.core.parameters import ParameterSet, load_parameters
from reprieve.core.random import normal, uniform

type Array = NDArray[np.float64]

PROFILES = ("civilian", "veteran", "typical")
# Cluster names of each scale by the DSM-5 cluster they follow. IES-R has no cluster of its own for D.
CLUSTERS: Mapping[str, Mapping[str, str]] = {
    "CAPS-5": {"B": "B", "C": "C", "D": "D", "E": "E"},
    "PCL-5": {"B": "B", "C": "C", "D": "D", "E": "E"},
    "IES-R": {"B": "intrusion", "C": "avoidance", "E": "hyperarousal"},
}
_ATTEMPTS = 16


@dataclass(frozen=True, eq=False)
class Population:
    """Virtual patients, one per element of each array.

    Shapes are (n,). `baseline` holds the latent CAPS-5 cluster scores B, C, D, E in points, `baseline_pcl5`
    those of PCL-5, `baseline_iesr` the IES-R subscales keyed B (intrusion), C (avoidance), E (hyperarousal).
    """

    seed: int
    ids: NDArray[np.int64]
    weight_kg: Array
    age_y: Array
    female: NDArray[np.bool_]
    hypertension: NDArray[np.bool_]
    profile: str
    baseline: Mapping[str, Array]
    baseline_pcl5: Mapping[str, Array]
    baseline_iesr: Mapping[str, Array]
    _effects: dict[str, Array] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def baseline_of(self, name: str) -> Mapping[str, Array]:
        """Return the baseline clusters of CAPS-5, PCL-5 or IES-R. Raises `InputError` for another."""
        held = {"CAPS-5": self.baseline, "PCL-5": self.baseline_pcl5, "IES-R": self.baseline_iesr}
        if name not in held:
            raise InputError("instrument", name, f"must be one of {', '.join(held)}")
        return held[name]

    def effect(self, name: str) -> Array:
        """Return the standard normal random effect `name`, shape (n,); zero for the typical profile."""
        if name not in self._effects:
            self._effects[name] = self.normals(f"effect:{name}")[:, 0]
        return self._effects[name]

    def normals(self, stream: str, count: int = 1) -> Array:
        """Return standard normal numbers of a stream, shape (n, count); zero for the typical profile."""
        if self.profile == "typical":
            return np.zeros((len(self), count))
        return normal(self.seed, stream, self.ids, count)

    def take(self, part: slice | NDArray[np.int64]) -> "Population":
        """Return a part of the population; its patients are unchanged."""

        def cut(scores: Mapping[str, Array]) -> dict[str, Array]:
            return {name: values[part] for name, values in scores.items()}

        return Population(
            seed=self.seed,
            ids=self.ids[part],
            weight_kg=self.weight_kg[part],
            age_y=self.age_y[part],
            female=self.female[part],
            hypertension=self.hypertension[part],
            profile=self.profile,
            baseline=cut(self.baseline),
            baseline_pcl5=cut(self.baseline_pcl5),
            baseline_iesr=cut(self.baseline_iesr),
            _effects=cut(self._effects),
        )


@cache
def population_parameters() -> ParameterSet:
    """Return the distributions of covariates and baseline scores, with their sources."""
    return load_parameters(files("reprieve.model") / "data" / "population.toml")


def population(
    n: int,
    seed: int = 1,
    *,
    start: int = 0,
    profile: str = "civilian",
    baseline_caps5: float | None = None,
    weight_kg: float | None = None,
) -> Population:
    """Return patients `start` to `start + n - 1` of a seed.

    `profile` is civilian (Feder 2021), veteran (Abdallah 2022), or typical: reference covariates, every
    random effect zero. `baseline_caps5` fixes every latent CAPS-5 total in points, `weight_kg` every weight.

    Raises `InputError` for a number of patients below 1, a negative start, an unknown profile, a baseline
    outside (0, 80] or a weight outside the range of the distribution.
    """
    p = population_parameters()
    _check(n, start, profile, baseline_caps5, weight_kg, p)
    ids = np.arange(start, start + n, dtype=np.int64)
    seed = index(seed)
    if profile == "typical":
        covariates = _typical_covariates(p, n)
        totals = _typical_totals(p, n, baseline_caps5)
        shares = dict.fromkeys("BCDE", np.zeros(n))
    else:
        covariates = _covariates(p, seed, ids, profile)
        totals = _totals(p, seed, ids, profile, baseline_caps5)
        shares = {c: p["share_log_sd"] * normal(seed, f"baseline:share:{c}", ids)[:, 0] for c in "BCDE"}
    weight, age, female, hypertension = covariates
    if weight_kg is not None:
        weight = np.full(n, float(weight_kg))
    clusters = {name: _split(p, name, total, shares) for name, total in totals.items()}
    scores = (clusters["CAPS-5"], clusters["PCL-5"], clusters["IES-R"])
    return Population(seed, ids, weight, age, female, hypertension, profile, *scores)


def _check(n: int, start: int, profile: str, baseline: float | None, weight_kg: float | None, p: ParameterSet) -> None:
    for field_name, number, least in (("patients", n, 1), ("start", start, 0)):
        if not isinstance(number, int | np.integer) or number < least:
            raise InputError(field_name, number, f"must be a whole number, at least {least}")
    if profile not in PROFILES:
        raise InputError("profile", profile, f"must be one of {', '.join(PROFILES)}")
    top = instrument("CAPS-5").maximum
    if baseline is not None and not 0 < baseline <= top:
        raise InputError("baseline_caps5", baseline, f"must be above 0 and at most {top}")
    low, high = p["weight_low_kg"], p["weight_high_kg"]
    if weight_kg is not None and not low <= weight_kg <= high:
        raise InputError("weight_kg", weight_kg, f"must lie between {low:g} and {high:g}")


def cluster_maxima(name: str) -> dict[str, int]:
    """Return the highest score of each cluster of CAPS-5, PCL-5 or IES-R, keyed B, C, D, E."""
    scale = instrument(name)
    return {c: scale.cluster_maximum(own) for c, own in CLUSTERS[name].items()}


def first_inside(draws: Array, low: float, high: float) -> Array:
    """Return for each row of `draws` (n, k) the first value in [low, high]; the clipped first if none is.

    Taking the first of several draws inside a range samples the truncated distribution.
    """
    inside = (draws >= low) & (draws <= high)
    first = draws[np.arange(len(draws)), inside.argmax(axis=1)]
    return np.clip(first, low, high)


def _covariates(
    p: ParameterSet, seed: int, ids: NDArray[np.int64], profile: str
) -> tuple[Array, Array, NDArray[np.bool_], NDArray[np.bool_]]:
    z_weight = normal(seed, "covariate:weight", ids, _ATTEMPTS)
    weight = p["weight_median_kg"] * np.exp(p["weight_log_sd"] * z_weight)
    z_age = normal(seed, "covariate:age", ids, _ATTEMPTS)
    age = p[f"{profile}_age_location_y"] + p[f"{profile}_age_scale_y"] * z_age
    female = uniform(seed, "covariate:sex", ids)[:, 0] < p[f"{profile}_female_share"]
    hypertension = uniform(seed, "covariate:hypertension", ids)[:, 0] < p[f"{profile}_hypertension_share"]
    return (
        first_inside(weight, p["weight_low_kg"], p["weight_high_kg"]),
        first_inside(age, p["age_low_y"], p["age_high_y"]),
        female,
        hypertension,
    )


def _typical_covariates(p: ParameterSet, n: int) -> tuple[Array, Array, NDArray[np.bool_], NDArray[np.bool_]]:
    no = np.zeros(n, dtype=np.bool_)
    return np.full(n, p["reference_weight_kg"]), np.full(n, p["reference_age_y"]), no, no.copy()


def _totals(p: ParameterSet, seed: int, ids: NDArray[np.int64], profile: str, fixed: float | None) -> dict[str, Array]:
    location, scale = p[f"{profile}_caps5_location"], p[f"{profile}_caps5_scale"]
    draws = location + scale * normal(seed, "baseline:CAPS-5", ids, _ATTEMPTS)
    total = first_inside(draws, p[f"{profile}_caps5_low"], instrument("CAPS-5").maximum)
    if fixed is not None:
        total = np.full(len(ids), float(fixed))
    severity = ((total - location) / scale)[:, None]
    if fixed is not None:
        # A total set by hand may lie far outside the trial: it moves the other scales by two SDs at most.
        severity = np.clip(severity, -2, 2)
    others = {"PCL-5": ("pcl5", f"{profile}_pcl5"), "IES-R": ("iesr", "iesr")}
    totals = {"CAPS-5": total}
    for name, (key, names) in others.items():
        r = p[f"severity_correlation_{key}"]
        z = r * severity + np.sqrt(1 - r**2) * normal(seed, f"baseline:{name}", ids, _ATTEMPTS)
        own = p[f"{names}_location"] + p[f"{names}_scale"] * z
        totals[name] = first_inside(own, p[f"{key}_low"], instrument(name).maximum)
    return totals


def _typical_totals(p: ParameterSet, n: int, fixed: float | None) -> dict[str, Array]:
    caps5 = p["civilian_caps5_location"] if fixed is None else float(fixed)
    values = {"CAPS-5": caps5, "PCL-5": p["civilian_pcl5_location"], "IES-R": p["iesr_location"]}
    return {name: np.full(n, value) for name, value in values.items()}


def _split(p: ParameterSet, name: str, total: Array, log_shares: Mapping[str, Array]) -> dict[str, Array]:
    prefix = "iesr_share_" if name == "IES-R" else "share_"
    maxima = cluster_maxima(name)
    names = tuple(maxima)
    raw = np.stack([p[f"{prefix}{c.lower()}"] * np.exp(log_shares[c]) for c in names])
    scores = total * raw / raw.sum(axis=0)
    top = np.array([[maxima[c]] for c in names], dtype=np.float64)
    capped = np.minimum(scores, top)
    excess = total - capped.sum(axis=0)
    room = top - capped
    # What a full cluster cannot hold goes to the others in proportion to their room, so the total stays.
    space = np.maximum(room.sum(axis=0), np.finfo(np.float64).tiny)
    scores = np.minimum(capped + room * (excess / space), top)
    return dict(zip(names, scores, strict=True))
