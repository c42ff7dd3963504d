"""Simulation-based calibration: right samplers pass, wrong posteriors are caught."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from reprieve.calibration.sbc import CLASSES, DRAWS, FALSE_ALARM, Ranks, ranks, uniform_p
from reprieve.core.errors import InputError
from tests.calibration.toys import mean_of_five
from tests.tolerance import close

REPLICATES = 120


@cache
def right() -> Ranks:
    return ranks(mean_of_five(), REPLICATES, seed=1)


def test_the_right_model_gives_uniform_ranks() -> None:
    """Invariant (talts2018): false alarm once in a hundred, and the seed is fixed."""
    found = right()

    assert found.flagged() == []
    assert found.replicates == REPLICATES
    assert found.divergences == 0


@pytest.mark.parametrize(("error_sd", "shift"), [(0.4, 0.0), (2.5, 0.0), (1.0, 0.4)])
def test_a_wrong_posterior_is_caught(error_sd: float, shift: float) -> None:
    """Invariant: fitted with too little noise, too much, or a shift, the ranks are not uniform."""
    found = ranks(mean_of_five(), REPLICATES, seed=1, fitted=mean_of_five(error_sd, shift))

    assert found.flagged() == ["mean"]


def test_parts_make_the_whole() -> None:
    """Invariant: data set i is the same in whatever part it is made."""
    parts = [ranks(mean_of_five(), 4, seed=1, first=first) for first in (0, 4)]

    joined = parts[0].joined(parts[1])
    assert joined.ranks["mean"].tolist() == right().ranks["mean"][:8].tolist()


def test_what_cannot_be_simulated_is_left_out_and_named() -> None:
    """Invariant: a factor of the likelihood changes nothing, and the result says so."""
    found = ranks(mean_of_five(factor=True), 8, seed=1)

    assert found.left_out == ("unknown",)
    assert found.to_json()["left_out"] == ["unknown"]
    assert found.ranks["mean"].tolist() == right().ranks["mean"][:8].tolist()


def test_the_p_value_is_the_chi_square_of_eight_classes() -> None:
    """Closed form: 64 ranks, one each, give 1; all in one class give next to nothing."""
    assert uniform_p(np.arange(DRAWS + 1), DRAWS) == 1
    assert uniform_p(np.zeros(64, dtype=np.int64), DRAWS) < 1e-50
    half = np.repeat([3, 60], 32)
    # 32 in two classes where 8 are expected in each of eight: (2 * 24^2 + 6 * 8^2) / 8 = 192.
    assert close(uniform_p(half, DRAWS), chi_square_survival(192, CLASSES - 1), "solver")


def chi_square_survival(x: float, freedom: int) -> float:
    from scipy.stats import chi2

    return float(chi2.sf(x, freedom))


def test_false_alarms_come_as_often_as_stated() -> None:
    """Invariant: of uniform ranks, a share of at most the stated one is flagged (4 standard errors)."""
    random = np.random.default_rng(3)
    runs = 2000
    flagged = sum(
        bool(Ranks({name: random.integers(0, DRAWS + 1, 100) for name in "abc"}, DRAWS, 0).flagged())
        for _ in range(runs)
    )

    assert flagged / runs < FALSE_ALARM + 4 * np.sqrt(FALSE_ALARM * (1 - FALSE_ALARM) / runs)


def test_nonsense_is_refused() -> None:
    """Invariant: one line names the field."""
    import numpyro
    from numpyro import distributions as dist

    from reprieve.calibration.problem import Problem

    with pytest.raises(InputError, match="sbc: 0"):
        ranks(mean_of_five(), 0)
    with pytest.raises(InputError, match="draws: 50"):
        uniform_p(np.zeros(3, dtype=np.int64), 50)
    blind = Problem("blind", "", lambda: numpyro.sample("x", dist.Normal(0, 1)), ("x",), (), {})
    with pytest.raises(InputError, match="observes nothing"):
        ranks(blind, 8)
