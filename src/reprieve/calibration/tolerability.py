"""Calibration of the acute effects: dissociation, pressure, nausea, drowsiness. A fit of its own, cut from efficacy.

Likelihood, one term per figure; mean m and variance v over patients come from `tolerability_forward`:

    mean score        normal about m, variance (v + 1/12) / n            1/12: scores are whole numbers
    SD of a score     log SD normal about log sqrt(v + 1/12), corrected for n and skew (tolerability_scores)
    mean rise         normal about f m, variance (f^2 v + 2 minute^2) / n, f the site's factor, n patients
    pooled rise       normal about m, with the printed interval
    count of events   binomial

Studies differ by a shift of the logit of the largest dissociation, sites by a factor on every rise.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from reprieve.calibration import tolerability_data as data
from reprieve.calibration.problem import Prior, Problem
from reprieve.calibration.tolerability_priors import priors
from reprieve.core.parameters import load_parameters
from reprieve.model.disposition import load_model

NAME = "tolerability"
PARTS = ("tolerability", "comparators")
DISPOSITION = "reprieve_iv_default"


def tolerability(held_out: str = "") -> Problem:
    """Return the fit of the acute effects; `held_out` is a study that neither data nor priors see.

    The engine computes concentrations here, in two to three seconds the first time. Needs JAX and NumPyro.

    Raises `InputError` for a study that is not known or that a prior has seen.
    """
    from reprieve.calibration.tolerability_model import build

    rows, chosen = data.rows(held_out), priors(held_out)
    rest = fixed(chosen)
    disposition = load_model(DISPOSITION).parameters
    inputs = {
        "rows": rows,
        "priors": chosen,
        "fixed": rest,
        "disposition": {name: disposition[name] for name in disposition.names},
    }
    kept = tuple(prior.name for prior in chosen)
    return Problem(NAME, held_out, build(rows, chosen, rest), kept, chosen, inputs)


def fixed(estimated: Iterable[Prior]) -> dict[str, float]:
    """Return every quantity of the acute effects that is not estimated, as `defaults` does."""
    names = {prior.name for prior in estimated}
    return {name: value for name, value in defaults().items() if name not in names}


def defaults() -> dict[str, float]:
    """Return the model's own value of every quantity of the acute effects, spreads between patients as `<name>_sd`."""
    folder = files("reprieve.model") / "data"
    found = {}
    for part in PARTS:
        for name, quantity in load_parameters(folder / f"{part}.toml").quantities.items():
            found[name] = quantity.value
            if quantity.between is not None:
                found[f"{name}_sd"] = quantity.between.sd
    return found
