"""What the acute effects need from the engine, computed once: concentrations by regimen, minute and fixed patient.

The effect site does not depend on anything that is estimated. The adaptation behind it depends on its rate ka, so the
engine is asked at Chebyshev nodes of log ka and the polynomial through them is used in between:

    Ca(ka) = sum_k c_k T_k(x) = sum_r s_r(x) w_r,   x = log(ka / middle) / log(span)

The second form holds the few combinations that matter (singular values): a tenth of the numbers, the same curve.
Beyond the outermost nodes the end value holds: the prior has no weight there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from reprieve.calibration import chebyshev
from reprieve.calibration.tolerability_patients import FELT, fixed_patients
from reprieve.core.units import MINUTES_PER_HOUR
from reprieve.model.parameters import default_parameters
from reprieve.model.population import Population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate

type Array = NDArray[np.float64]
type Cell = tuple[str, float]

RATE = "adaptation_rate_per_h"
NODES = 36  # enough for 1e-7 of a concentration; a test holds it to that
MIDDLE_PER_H, SPAN = 1.0, 12.0  # ka from 0.083 to 12 /h, half-lives from 3.5 min to 8 h: five prior SDs each way
NEGLIGIBLE = 1e-9  # of the largest singular value
PEAK_GRID_MIN = np.arange(0, 121, 10)  # the minutes of a session that the model looks at by default


@dataclass(frozen=True, eq=False)
class Upstream:
    """Concentrations in ng/mL of the patients (n,).

    `effect_site` (c, n) by cell (regimen, minute). The adaptation (c, n) is `curves` (k, r) times `weights` (r, c, n),
    after the Chebyshev polynomials (k,) of x. `peak` of the effect site by regimen, (n,).
    """

    patients: Population
    cells: tuple[Cell, ...]
    effect_site: Array
    curves: Array
    weights: Array
    peak: dict[str, Array]

    @property
    def effects(self) -> dict[str, Array]:
        """Return the random effects of what is felt, standard normal, name -> (n,)."""
        return {name: self.patients.effect(name) for name in FELT}

    def places(self, cells: Iterable[Cell]) -> NDArray[np.int64]:
        """Return where cells stand."""
        where = {cell: number for number, cell in enumerate(self.cells)}
        return np.array([where[cell] for cell in cells], dtype=np.int64)


@cache
def upstream(cells: tuple[Cell, ...], peaks: tuple[str, ...]) -> Upstream:
    """Ask the engine for `cells` and for the peaks of the regimens `peaks`. About a second."""
    patients = fixed_patients()
    where = chebyshev.nodes(-1, 1, NODES)
    site = np.empty((len(cells), len(patients)))
    adapted = np.empty((NODES, *site.shape))
    for regimen in dict.fromkeys(name for name, _ in cells):
        places = [number for number, (name, _) in enumerate(cells) if name == regimen]
        minutes = np.array([cells[number][1] for number in places])
        for node, x in enumerate(where):
            site[places], adapted[node, places] = concentrations(regimen, minutes, patients, float(rate_at(x)))
    highest = {name: _peak(name, patients) for name in dict.fromkeys(peaks)}
    return Upstream(patients, cells, site, *_few(adapted), highest)


def _few(values: Array) -> tuple[Array, Array]:
    """Curves (k, r) and weights (r, c, n) of the polynomials through `values` (k, c, n) at the nodes."""
    coefficients = chebyshev.coefficients(values.reshape(NODES, -1))
    left, size, right = np.linalg.svd(coefficients, full_matrices=False)
    many = int((size > NEGLIGIBLE * size[0]).sum())
    return left[:, :many] * size[:many], right[:many].reshape(many, *values.shape[1:])


def rate_at(x: float | Array) -> Array:
    """Return ka in 1/h at the place `x` between -1 and 1."""
    return np.asarray(MIDDLE_PER_H * SPAN ** np.asarray(x))


def concentrations(regimen: str, minutes: Array, patients: Population, rate_per_h: float) -> tuple[Array, Array]:
    """Return effect site and adaptation in ng/mL at `minutes` (m,) after the start, each (m, n), from the engine."""
    grid, back = np.unique(minutes, return_inverse=True)
    found = simulate(
        Regimen.parse(regimen),
        patients,
        time_h=grid / MINUTES_PER_HOUR,
        minutes=np.zeros(0),
        parameters=default_parameters().replace(**{RATE: rate_per_h}),
        observed=False,
    ).values
    site, adapted = (found[f"{name}_ng_per_ml"].T[back] for name in ("effect_site", "adaptation"))
    return site, adapted


def _peak(regimen: str, patients: Population) -> Array:
    end = Regimen.parse(regimen).doses[0].duration_h * MINUTES_PER_HOUR
    minutes = np.unique(np.append(PEAK_GRID_MIN, end))
    return np.asarray(concentrations(regimen, minutes, patients, MIDDLE_PER_H)[0].max(axis=0))
