"""The Bayesian pool against R bayesmeta and a published analysis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from reprieve.evidence.pooling.bayes import Posterior, posterior
from reprieve.evidence.pooling.tau_priors import (
    HALF_CAUCHY,
    HALF_NORMAL,
    HALF_NORMAL_WIDE,
    RHODES_PLACEBO,
    TURNER_PLACEBO,
)
from tests.evidence.pooling.diagnostics import agrees, cases, data, fixture, name
from tests.tolerance import close

SETS = ("two", "three", "five", "bcg", "crins")
PRIORS = {
    "half_normal_0.5": HALF_NORMAL,
    "half_normal_1": HALF_NORMAL_WIDE,
    "half_cauchy_0.5": HALF_CAUCHY,
    "rhodes": RHODES_PLACEBO,
    "turner": TURNER_PLACEBO,
}
MU = {"flat": None, "normal": (0.0, 4.0)}
FINEST = 1e-4
# Under a half-Cauchy three studies leave E(tau2) a tail as tau^-2; bayesmeta's mixture cuts it off, and leaves an SD
# of mu that is 0.1 % smaller. The SD of tau, which it integrates, agrees.
CUT_OFF = ("three", "half_cauchy_0.5")


def ask(case: dict[str, Any]) -> Posterior:
    held = data("bayes", case)
    return posterior(held["yi"], held["vi"], prior=PRIORS[case["prior"]], mu_prior=MU[case["mu"]])


def test_the_grid_is_complete() -> None:
    """Invariant: every data set under every prior, and under the default with a normal prior of mu."""
    declared = {(held, prior, "flat") for held in SETS for prior in PRIORS}
    declared |= {(held, "half_normal_0.5", "normal") for held in SETS}
    found = [(case["data"], case["prior"], case["mu"]) for case in cases("bayes")]

    assert set(found) == declared
    assert len(found) == len(declared) == 30


def known(ours: list[float], theirs: list[float]) -> tuple[list[float], list[float]]:
    """Both without what Reprieve says does not exist: bayesmeta gives a number for a mean or SD that is infinite."""
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if not math.isnan(a)]
    return [a for a, _ in pairs], [b for _, b in pairs]


@pytest.mark.parametrize("case", [one for one in cases("bayes") if "tau" in one], ids=name)
def test_tau(case: dict[str, Any]) -> None:
    """R bayesmeta 3.4: mean, SD, median and equal-tailed interval of tau, which it integrates."""
    found = ask(case)

    ours = [found.tau_mean, found.tau_sd, found.tau_median, found.tau_low, found.tau_high]
    assert agrees(*known(ours, case["tau"]), "metafor_iterated")


@pytest.mark.parametrize("case", [one for one in cases("bayes") if one.get("delta") == FINEST], ids=name)
def test_effect_prediction_and_shrinkage(case: dict[str, Any]) -> None:
    """R bayesmeta 3.4 with its mixture as fine as delta = 1e-4; where it must be coarser the test above compares tau.

    Places are compared as distances from the other end of the interval: near zero a place says nothing of precision.
    """
    found, theirs = ask(case), case["effect"]
    low, high = theirs[3:]

    up = np.array([found.mean, found.median, found.ci_high, found.pi_high])
    assert close(up - low, np.array([theirs[0], theirs[2], high, case["prediction"][4]]) - low, "metafor_iterated")
    down = np.array([found.ci_low, found.pi_low])
    assert close(down - high, np.array([low, case["prediction"][3]]) - high, "metafor_iterated")
    if (case["data"], case["prior"]) != CUT_OFF:
        assert agrees(*known([found.sd], theirs[1:2]), "metafor_iterated")
    assert close(found.p_negative, case["p_negative"], "metafor_iterated")
    ours = np.array([[one.mean, one.high, one.low, one.sd] for one in found.shrunken])
    mean, sd, lowest, highest = np.array(case["shrunken"]).T
    ends = np.column_stack([lowest, lowest, highest, 0 * sd])
    assert close(ours - ends, np.column_stack([mean, highest, lowest, sd]) - ends, "metafor_iterated")


def test_a_published_analysis() -> None:
    """Roever 2020, J Stat Softw 93(6), section 3: half-normal(0.5), normal(0, 4); its summary to the digits that hold.

    tau is integrated there (all digits hold); mu comes from its default mixture, good to three.
    """
    held = fixture("bayes")["data"]["crins"]

    found = posterior(held["yi"], held["vi"], prior=HALF_NORMAL, mu_prior=(0.0, 4.0))

    assert close([found.tau_median, found.tau_mean, found.tau_sd], [0.3445023, 0.3810562, 0.2593672], "metafor_closed")
    assert [round(one, 3) for one in (found.median, found.mean)] == [-1.573, -1.576]
    assert round(found.sd, 2) == 0.33
