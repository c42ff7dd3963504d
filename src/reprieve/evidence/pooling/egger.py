"""Small-study effects by regression: Egger's test, PET, PEESE and the choice between them.

Egger (egger1997): estimate = a + b se. b is the asymmetry that is tested; a is the effect at se = 0.
Model "lm" weights by 1 / v and scales the error by the residuals; model "rma" adds tau2 (sterne2005). Both as R
metafor's `regtest`. PET is a of the lm model, PEESE the same with v in the place of se (stanley2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.funnel import funnel
from reprieve.evidence.pooling.wls import Array

PREDICTORS = ("sei", "vi")
MODELS = ("lm", "rma")
EFFECT_ALPHA = 0.10  # two-sided, so 5 % on either side: this project's choice


@dataclass(frozen=True, slots=True)
class Regression:
    """Estimates regressed on their standard errors ("sei") or variances ("vi").

    `slope` with `slope_se`, `statistic`, `df` and two-sided `p` is the test of asymmetry. `estimate` is the effect at
    a predictor of zero, with its own error, p and interval at `level`.
    """

    model: str
    predictor: str
    k: int
    slope: float
    slope_se: float
    statistic: float
    df: float
    p: float
    estimate: float
    se: float
    estimate_p: float
    ci_low: float
    ci_high: float
    level: float
    tau2: float


@dataclass(frozen=True, slots=True)
class PetPeese:
    """PET and PEESE. `chosen` is PEESE where PET's effect differs from zero at `alpha`, two-sided, else PET."""

    pet: Regression
    peese: Regression
    alpha: float
    chosen: str

    @property
    def estimate(self) -> Regression:
        """The regression that was chosen."""
        return self.peese if self.chosen == "PEESE" else self.pet


def egger(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    *,
    model: str = "lm",
    predictor: str = "sei",
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    force: bool = False,
    labels: Sequence[str] | None = None,
) -> Regression:
    """Test estimates `yi` with variances `vi`, both (k,), for a trend with the size of the studies.

    `method` and `test` are those of the model "rma"; "lm" always uses t with k - 2 degrees of freedom.
    Raises `InputError` below ten studies unless forced (then below three), for studies of one size, an unknown
    model or predictor, and as `fit` does.
    """
    if model not in MODELS:
        raise InputError("model", model, "is not known", f"use {' or '.join(MODELS)}")
    if predictor not in PREDICTORS:
        raise InputError("predictor", predictor, "is not known", f"use {' or '.join(PREDICTORS)}")
    y, v, _ = funnel(yi, vi, labels, what="the regression test", force=force)
    # Equal effects with a Knapp-Hartung covariance is weighted least squares with a free scale.
    choice = ("EE", "knha") if model == "lm" else (method, test)
    return _regression(y, v, model, predictor, *choice, level)


def pet_peese(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    *,
    alpha: float = EFFECT_ALPHA,
    level: float = 0.95,
    force: bool = False,
    labels: Sequence[str] | None = None,
) -> PetPeese:
    """Estimate the effect a study without sampling error would have, by PET, PEESE and the conditional rule.

    Raises `InputError` below ten studies unless forced, for studies of one size, or `alpha` outside 0 to 1.
    """
    if not 0 < alpha < 1:
        raise InputError("alpha", alpha, "must lie between 0 and 1")
    y, v, _ = funnel(yi, vi, labels, what="PET-PEESE", force=force)
    pet = _regression(y, v, "lm", "sei", "EE", "knha", level)
    peese = _regression(y, v, "lm", "vi", "EE", "knha", level)
    return PetPeese(pet, peese, alpha, "PEESE" if pet.estimate_p < alpha else "PET")


def _regression(y: Array, v: Array, model: str, predictor: str, method: str, test: str, level: float) -> Regression:
    size = np.sqrt(v) if predictor == "sei" else v
    # The coefficient of size / typical size: the same fit, but no unit can make the two columns look alike.
    unit = float(np.median(size))
    done = fit(y, v, np.column_stack([np.ones(len(y)), size / unit]), method=method, test=test)
    low, high = done.ci(level)
    return Regression(
        model=model,
        predictor=predictor,
        k=len(y),
        slope=float(done.beta[1]) / unit,
        slope_se=float(done.se[1]) / unit,
        statistic=float(done.statistic[1]),
        df=done.df,
        p=float(done.p_values[1]),
        estimate=float(done.beta[0]),
        se=float(done.se[0]),
        estimate_p=float(done.p_values[0]),
        ci_low=float(low[0]),
        ci_high=float(high[0]),
        level=level,
        tau2=done.tau2,
    )
