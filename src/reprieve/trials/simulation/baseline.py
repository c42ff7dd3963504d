"""A population with the design's own baseline, and patients who remember the numbers drawn for them.

The latent CAPS-5 total keeps its rank: u = F(total) in the profile's truncated normal, new total = G^-1(u) with G
normal with the design's mean and SD, truncated to the scale. PCL-5 and IES-R move with severity as in the profile, by
two SDs at most, since no mean of theirs is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from reprieve.core.instruments import instrument
from reprieve.model.population import Population, cluster_maxima, population_parameters

if TYPE_CHECKING:
    from reprieve.trials.design.form import Baseline

type Array = NDArray[np.float64]

SCALES = {"PCL-5": ("baseline_pcl5", "pcl5"), "IES-R": ("baseline_iesr", "iesr")}


@dataclass(frozen=True, eq=False)
class Remembered(Population):
    """Patients who keep the numbers drawn for them, so that a second arm or a shorter course draws nothing again.

    The numbers are the same as without: they depend on seed, stream and patient alone.
    """

    drawn: dict[tuple[str, int], Array] = field(default_factory=dict, repr=False)

    def normals(self, stream: str, count: int = 1) -> Array:
        """Return standard normal numbers of a stream, (n, count), drawn once."""
        key = (stream, count)
        if key not in self.drawn:
            self.drawn[key] = super().normals(stream, count)
        return self.drawn[key]

    def take(self, part: slice | NDArray[np.int64]) -> Population:
        """Return a part of the population with what was drawn for it; itself where the part is the whole."""
        if isinstance(part, slice) and part.indices(len(self)) == (0, len(self), 1):
            return self
        cut = super().take(part)
        held = {one.name: getattr(cut, one.name) for one in fields(cut)}
        return Remembered(**held, drawn={key: values[part] for key, values in self.drawn.items()})


def remembered(patients: Population) -> Remembered:
    """Return the same patients with a memory."""
    return Remembered(**{one.name: getattr(patients, one.name) for one in fields(patients)})


def with_baseline(patients: Population, wanted: Baseline) -> Population:
    """Return `patients` with the latent baseline of the design; the same object where it asks for none."""
    if wanted.caps5_mean is None and wanted.caps5_sd is None:
        return patients
    p = population_parameters()
    location, scale = p[f"{patients.profile}_caps5_location"], p[f"{patients.profile}_caps5_scale"]
    top = float(instrument("CAPS-5").maximum)
    old = np.sum(list(patients.baseline.values()), axis=0)
    rank = _share(old, location, scale, p[f"{patients.profile}_caps5_low"], top)
    mean = location if wanted.caps5_mean is None else wanted.caps5_mean
    sd = scale if wanted.caps5_sd is None else wanted.caps5_sd
    new = _quantile(rank, mean, sd, 0.0, top)
    moved: dict[str, Mapping[str, Array]] = {"baseline": rescaled("CAPS-5", patients.baseline, new)}
    shift = np.clip((new - location) / scale, -2, 2) - np.clip((old - location) / scale, -2, 2)
    for name, (key, short) in SCALES.items():
        own = p["iesr_scale"] if short == "iesr" else p[f"{patients.profile}_{short}_scale"]
        total = np.sum(list(patients.baseline_of(name).values()), axis=0)
        wish = total + p[f"severity_correlation_{short}"] * own * shift
        held = np.clip(wish, p[f"{short}_low"], float(instrument(name).maximum))
        moved[key] = rescaled(name, patients.baseline_of(name), held)
    return replace(patients, **moved)  # type: ignore[arg-type]


def rescaled(name: str, clusters: Mapping[str, Array], total: Array) -> dict[str, Array]:
    """Return the clusters of a scale, scaled to another `total` (n,); what a full one cannot hold goes to the rest."""
    top = np.array([[value] for value in (cluster_maxima(name)[c] for c in clusters)], dtype=np.float64)
    table = np.stack(list(clusters.values()))
    wanted = table * (total / np.maximum(table.sum(axis=0), np.finfo(np.float64).tiny))
    held = np.minimum(wanted, top)
    room = top - held
    space = np.maximum(room.sum(axis=0), np.finfo(np.float64).tiny)
    held = np.minimum(held + room * ((total - held.sum(axis=0)) / space), top)
    return dict(zip(clusters, held, strict=True))


def _share(x: Array, location: float, scale: float, low: float, high: float) -> Array:
    """Distribution function of the truncated normal."""
    bottom, top = (ndtr((end - location) / scale) for end in (low, high))
    return np.asarray((ndtr((x - location) / scale) - bottom) / (top - bottom))


def _quantile(rank: Array, location: float, scale: float, low: float, high: float) -> Array:
    bottom, top = (ndtr((end - location) / scale) for end in (low, high))
    inside = bottom + np.clip(rank, 0, 1) * (top - bottom)
    return np.asarray(np.clip(location + scale * ndtri(inside), low, high))
