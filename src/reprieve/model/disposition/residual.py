"""Simulated sampling: a concentration as the laboratory would report it.

    proportional and additive   y (1 + a e1) + b e2
    logarithmic                 y exp(s e)

e, e1, e2 are standard normal, one stream per output, keyed by seed and patient id. Values are cut at 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import UnsupportedError
from reprieve.core.random import normal
from reprieve.core.units import molecular_weight_g_per_mol
from reprieve.model.disposition.library import DispositionModel
from reprieve.model.disposition.response import Array


def residual(model: DispositionModel, output: str, values: Array, seed: int, ids: npt.NDArray[np.int64]) -> Array:
    """`values` (n_pat, n_t) in ng/mL of `output`, with the residual error of the published model.

    Raises UnsupportedError for a model or output whose residual error was not published.
    """
    held, count = model.parameters, values.shape[1]
    proportional, additive = f"residual_{output}_proportional_sd", f"residual_{output}_additive_nmol_per_ml"
    logarithmic = f"residual_{output}_log_sd"
    if logarithmic in held:
        noise = normal(seed, f"residual:{output}", ids, count)
        return np.asarray(values * np.exp(held[logarithmic] * noise))
    if proportional not in held:
        reason = f"model {model.name} has no published residual error for it"
        raise UnsupportedError("output", output, reason, "use model reprieve_iv_default")
    noise = normal(seed, f"residual:{output}", ids, 2 * count)
    shown = values * (1 + held[proportional] * noise[:, :count])
    if additive in held:
        # nmol/mL times g/mol is ng/mL.
        shown = shown + held[additive] * molecular_weight_g_per_mol(output) * noise[:, count:]
    return np.asarray(np.maximum(shown, 0))
