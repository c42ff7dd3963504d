"""The verdict on a run: what settled passes, what did not is named."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from reprieve.calibration.diagnostics import ESS_LIMIT, judge, settled, summary
from reprieve.calibration.sampling import Sampled
from tests.tolerance import close

CHAINS, DRAWS = 4, 500


def run(draws: npt.NDArray[np.float64], diverging: int = 0) -> Sampled:
    marks = np.zeros(draws.shape, dtype=bool)
    marks.reshape(-1)[:diverging] = True
    return Sampled("x", {"a": draws}, marks, np.full(draws.shape, 7), 100, 1, 0.9, 1.0)


def independent() -> npt.NDArray[np.float64]:
    return np.random.default_rng(11).normal(size=(CHAINS, DRAWS))


def test_independent_draws_pass() -> None:
    """Closed form: the effective size of independent draws is near their number."""
    verdict = judge(run(independent()))

    assert verdict.ok
    # Sampling error of the estimate itself: within a fifth for 2,000 draws.
    assert 0.8 < verdict.parameters["a"].ess_bulk / (CHAINS * DRAWS) < 1.2


def test_a_chain_that_sits_elsewhere_fails() -> None:
    """Invariant: R-hat sees one chain in another place."""
    draws = independent()
    draws[0] += 1

    assert any("R-hat" in line for line in judge(run(draws)).failures)


def test_a_chain_that_is_wider_fails() -> None:
    """Invariant: the folded R-hat sees a chain of another spread, whose mean is right."""
    draws = independent()
    draws[0] *= 3

    assert any("R-hat" in line for line in judge(run(draws)).failures)


def test_slow_chains_fail_for_their_size() -> None:
    """Closed form: an autoregression of 0.9 has an effective share of (1 - 0.9) / (1 + 0.9), 105 of 2,000."""
    noise = independent()
    draws = noise.copy()
    for place in range(1, DRAWS):
        draws[:, place] = 0.9 * draws[:, place - 1] + noise[:, place] * np.sqrt(1 - 0.9**2)

    failures = judge(run(draws)).failures
    assert any("bulk ESS" in line and f"not above {ESS_LIMIT}" in line for line in failures)


def test_one_divergence_fails() -> None:
    """Invariant: the limit is zero."""
    assert judge(run(independent(), diverging=1)).failures == ("1 divergent transitions",)


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_what_cannot_be_judged_fails(value: float) -> None:
    """Invariant: a constant or a NaN is no settled chain."""
    with np.errstate(all="ignore"):
        verdict = judge(run(np.full((CHAINS, DRAWS), value)))

    assert not verdict.ok


def test_the_header_holds_the_worst() -> None:
    """Invariant: the worst of all parameters stands in front."""
    found = judge(run(independent())).to_json()

    assert found["r_hat_max"] == found["parameters"]["a"]["r_hat"]
    assert found["ess_tail_min"] == found["parameters"]["a"]["ess_tail"]
    assert (found["ok"], found["divergences"], found["most_steps"]) == (True, 0, 7)


def test_rank_normalised_r_hat_takes_no_notice_of_the_scale() -> None:
    """Invariant: ranks do not change under a monotone map (vehtari2021)."""
    draws = independent()

    assert close(settled(np.exp(3 * draws)).ess_bulk, settled(draws).ess_bulk, "closed_form")


def test_the_summary_is_equal_tailed() -> None:
    """Closed form: percentiles of 0 to 1000."""
    found = summary(np.arange(1001.0).reshape(7, 143))

    assert (found["low"], found["median"], found["high"]) == (25, 500, 975)
    assert close(found["sd"], np.sqrt(1001 * 1002 / 12), "closed_form")
