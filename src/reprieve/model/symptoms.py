"""From benefit and non-drug response to symptom clusters and scale totals.

    z_c(t) = z_c0 (1 - P(t)) (1 - lambda_c D(t)) ,  c = B, C, D, E ;  total = sum over clusters

Every scale starts from its own baseline and sums its own clusters: CAPS-5 and PCL-5 B, C, D, E; IES-R
intrusion follows B, avoidance C, hyperarousal E. One scale is never computed from another.

Source: feder2021 (three of four clusters improved, arousal did not; n = 30); values assumed, `symptoms.toml`.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reprieve.model.population import Population

type Array = NDArray[np.float64]

SCORES: Mapping[str, str] = {"caps5": "CAPS-5", "pcl5": "PCL-5", "iesr": "IES-R"}


def clusters(
    baseline: Mapping[str, Array], placebo: Array, benefit: Array, ind: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the latent score of each cluster in `baseline`, (n, t) in points.

    `baseline` cluster -> (n,); `placebo` P and `benefit` D (n, t). Scores lie between 0 and the baseline for
    P and D between 0 and 1.
    """
    left = _left(tuple(baseline), placebo, benefit, ind)
    return {name: start[:, None] * left[name] for name, start in baseline.items()}


def totals(patients: Population, placebo: Array, benefit: Array, ind: Mapping[str, Array]) -> dict[str, Array]:
    """Return the latent totals `caps5`, `pcl5` and `iesr`, (n, t) in points; arguments as `clusters`."""
    lambdas = {c: ind[f"lambda_{c.lower()}"] for c in "BCDE"}
    if any(np.any(values > 1) for values in lambdas.values()):
        return {
            key: np.sum(list(clusters(patients.baseline_of(name), placebo, benefit, ind).values()), axis=0)
            for key, name in SCORES.items()
        }
    # No cluster can run out, so the sum over clusters factors: (1 - P) (sum z0 - D sum lambda z0).
    rest = 1 - placebo
    return {key: rest * _linear(patients.baseline_of(name), benefit, lambdas) for key, name in SCORES.items()}


def _linear(baseline: Mapping[str, Array], benefit: Array, lambdas: Mapping[str, Array]) -> Array:
    start = np.sum(list(baseline.values()), axis=0)
    reach = np.sum([lambdas[c] * z for c, z in baseline.items()], axis=0)
    return np.asarray(start[:, None] - reach[:, None] * benefit)


def _left(names: tuple[str, ...], placebo: Array, benefit: Array, ind: Mapping[str, Array]) -> dict[str, Array]:
    """Share of each cluster that is left. A drawn lambda above 1 could take more than all: stop at none."""
    rest = 1 - placebo
    return {c: rest * np.maximum(1 - ind[f"lambda_{c.lower()}"][:, None] * benefit, 0) for c in names}
