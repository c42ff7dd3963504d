"""One session after another: what is felt and measured by minute, for ketamine and for its comparators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprieve.core.units import MINUTES_PER_HOUR
from reprieve.model import comparators
from reprieve.model.engine.grid import Array
from reprieve.model.population import Population
from reprieve.model.setting import KETAMINE, Setting
from reprieve.model.solve import Solved
from reprieve.model.tolerability import dissociation, limits, nausea, pressure, sedation


@dataclass(frozen=True, slots=True)
class Session:
    """`acute` name -> (n, k, m) by dose and minute; `felt` name -> (n, k): peaks, probabilities, crossed limits."""

    acute: Mapping[str, Array]
    felt: dict[str, Array]


def times_h(setting: Setting) -> Array:
    """Times of every minute of every dose, (k, m)."""
    return np.asarray(setting.start_h[:, None] + setting.minute / MINUTES_PER_HOUR)


def session(setting: Setting, patients: Population, ind: Mapping[str, Array], engine: Solved) -> Session:
    """Acute effects of every dose from the effect-site concentrations, or from what a comparator feels like."""
    place = np.searchsorted(engine.plasma_h, times_h(setting))
    site, adapted = (engine.plasma[name][:, place] for name in ("effect_site", "adaptation"))
    if setting.regimen.substance in KETAMINE:
        effects = {
            "dissociation": dissociation.score(site, adapted, ind, setting.links.tolerance),
            "sedation": sedation.score(site, ind),
        }
        chance = nausea.probability(site.max(axis=2, initial=0), ind)
    else:
        effects = comparators.felt(setting.regimen.substance, setting.minute, ind, len(setting.regimen.doses))
        chance = effects.pop("nausea")
    effects |= pressure.response(site, adapted, patients, ind, patients.seed, site=setting.site)
    felt = {"nausea": chance, "dissociation_peak": effects["dissociation"].max(axis=2, initial=0)}
    felt |= {"sbp_peak_mmhg": effects["sbp_mmhg"].max(axis=2, initial=0)}
    felt |= limits.crossed(effects["sbp_mmhg"], effects["dbp_mmhg"], ind)
    return Session(effects, felt)
