"""Priors of the heterogeneity tau, the standard deviation between studies, in the unit of the estimates.

    half-normal(s), half-Cauchy(s)     weakly informative: tau is unlikely to be large against s
    log-normal(m, s), log-t5(m, s)     log tau is normal, or t with 5 degrees of freedom: fitted to many reviews

The empirical priors are published for tau2; location and scale of log tau are half of theirs. They were read in two
independent copies (the R packages bayesmeta 3.4 and hetprior), not in the papers, so they are `secondary`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reprieve.core.errors import InputError
from reprieve.core.provenance import SeenHow
from reprieve.evidence.pooling.wls import Array

FAMILIES = ("half-normal", "half-Cauchy", "log-normal", "log-t5")
_T5 = math.lgamma(3) - math.lgamma(2.5) - 0.5 * math.log(5 * math.pi)


@dataclass(frozen=True, slots=True)
class TauPrior:
    """A prior of tau. `location` and `scale` are those of log tau for the last two families, else 0 and that of tau."""

    family: str
    scale: float
    location: float = 0.0
    source: str = "assumption"
    seen: SeenHow = SeenHow.ASSUMED
    note: str = ""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise InputError("prior", self.family, "is not known", f"use {', '.join(FAMILIES)}")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise InputError("prior scale", self.scale, "must be positive")
        if not math.isfinite(self.location) or (self.location and not self.is_log):
            raise InputError("prior location", self.location, "must be finite, and 0 for a half-normal or half-Cauchy")

    @property
    def is_log(self) -> bool:
        """Whether location and scale are those of log tau."""
        return self.family in FAMILIES[2:]

    @property
    def name(self) -> str:
        """The prior in one word, such as half-normal(0.5)."""
        inside = f"{self.location:g}, {self.scale:g}" if self.is_log else f"{self.scale:g}"
        return f"{self.family}({inside})"

    @property
    def tail(self) -> float:
        """The power a of the density's tail, tau^-a; infinite where it falls faster than any power."""
        return {"half-normal": math.inf, "half-Cauchy": 2.0, "log-normal": math.inf, "log-t5": 1.0}[self.family]

    def log_density(self, log_tau: Array) -> Array:
        """Return the log density of log tau (not of tau) at `log_tau`."""
        if self.family == "half-normal":
            ratio = np.exp(log_tau - math.log(self.scale))
            return np.asarray(math.log(2 / math.pi) / 2 + log_tau - math.log(self.scale) - ratio**2 / 2)
        if self.family == "half-Cauchy":
            shifted = log_tau - math.log(self.scale)
            return np.asarray(math.log(2 / math.pi) + shifted - np.logaddexp(0.0, 2 * shifted))
        z = (log_tau - self.location) / self.scale
        if self.family == "log-normal":
            return np.asarray(-(z**2) / 2 - math.log(self.scale) - math.log(2 * math.pi) / 2)
        return np.asarray(_T5 - 3 * np.log1p(z**2 / 5) - math.log(self.scale))


def half_normal(scale: float, source: str = "assumption", seen: SeenHow = SeenHow.ASSUMED, note: str = "") -> TauPrior:
    """Return the half-normal prior whose parent normal has standard deviation `scale`."""
    return TauPrior("half-normal", scale, 0.0, source, seen, note)


# rover2020, section 2: half-normal with 0.5 or 1.0, and half-Cauchy with 0.5, for log odds ratios and the like.
HALF_NORMAL = half_normal(0.5, "rover2020", SeenHow.FULL_TEXT, "the default: see decision 11")
HALF_NORMAL_WIDE = half_normal(1.0, "rover2020", SeenHow.FULL_TEXT, "twice as wide")
HALF_CAUCHY = TauPrior("half-Cauchy", 0.5, 0.0, "rover2020", SeenHow.FULL_TEXT, "heavy tail")
RHODES_PLACEBO = TauPrior(
    *("log-t5", 2.16 / 2, -2.99 / 2, "rhodes2015", SeenHow.SECONDARY),
    note="SMD, mental health outcome, drug against placebo or control",
)
RHODES_ACTIVE = TauPrior(
    *("log-t5", 2.14 / 2, -3.27 / 2, "rhodes2015", SeenHow.SECONDARY),
    note="SMD, mental health outcome, drug against drug",
)
TURNER_PLACEBO = TauPrior(
    *("log-normal", 1.53 / 2, -2.12 / 2, "turner2015", SeenHow.SECONDARY),
    note="log odds ratio, mental health outcome, drug against placebo or control",
)
SMD_PRIORS = (HALF_NORMAL, HALF_NORMAL_WIDE, HALF_CAUCHY, RHODES_PLACEBO, RHODES_ACTIVE)
LOG_OR_PRIORS = (HALF_NORMAL, HALF_NORMAL_WIDE, HALF_CAUCHY, TURNER_PLACEBO)
