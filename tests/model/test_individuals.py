from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from reprieve.core.blocks import Block
from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet
from reprieve.core.provenance import Quantity, SeenHow, Spread
from reprieve.model.individuals import individuals
from reprieve.model.population import population
from tests.tolerance import close, monte_carlo

N = 20_000


def quantity(name: str, value: float, kind: str | None = None, sd: float = 0.0) -> Quantity:
    between = None if kind is None else Spread(kind, sd)
    return Quantity(name, value, "1", "assumption", SeenHow.ASSUMED, between=between)


def parameters(*quantities: Quantity, blocks: tuple[Block, ...] = ()) -> ParameterSet:
    return ParameterSet("test", "1", MappingProxyType({q.name: q for q in quantities}), blocks)


SET = parameters(
    quantity("fixed", 3.0),
    quantity("rate", 2.0, "lognormal", 0.4),
    quantity("share", 0.36, "logit_normal", 0.9),
    quantity("shift", -1.0, "normal", 0.8),
)


@pytest.mark.parametrize("variability", [0.0, 1.0, 3.0])
def test_each_kind_moves_on_its_own_scale(variability: float) -> None:
    """Closed form: lognormal, logit-normal (scipy expit and logit) and normal shifts by sd times eta."""
    patients = population(200)

    ind = individuals(SET, patients, variability)

    assert np.all(ind["fixed"] == 3)
    rate = 2 * np.exp(variability * 0.4 * patients.effect("rate"))
    assert close(ind["rate"], rate, "closed_form")
    share = expit(logit(0.36) + variability * 0.9 * patients.effect("share"))
    assert close(ind["share"], share, "closed_form")
    assert close(ind["shift"], -1 + variability * 0.8 * patients.effect("shift"), "closed_form")


def test_without_variability_everybody_is_the_value() -> None:
    """Invariant: variability 0, and the typical profile, give the population values exactly."""
    for ind in (individuals(SET, population(5), 0.0), individuals(SET, population(5, profile="typical"))):
        assert close(np.array([ind[name][0] for name in SET.names]), [3.0, 2.0, 0.36, -1.0], "closed_form")
        assert all(np.ptp(values) == 0 for values in ind.values())


def test_a_block_has_its_covariance() -> None:
    """Closed form: the covariance of log values is the block's, up to sampling error."""
    covariance = ((0.25, 0.12), (0.12, 0.16))
    block = Block(("a", "b"), covariance)
    two = parameters(quantity("a", 1.0, "lognormal", 0.5), quantity("b", 4.0, "lognormal", 0.4), blocks=(block,))

    ind = individuals(two, population(N))

    found = np.cov(np.log(ind["a"]), np.log(ind["b"]))
    for i in range(2):
        for j in range(2):
            se = np.sqrt((covariance[i][i] * covariance[j][j] + covariance[i][j] ** 2) / N)
            assert close(found[i, j], covariance[i][j], monte_carlo(k=4, se=float(se)))


def test_a_block_scales_with_variability() -> None:
    """Invariant: variability multiplies every standard deviation, in blocks too."""
    block = Block(("a", "b"), ((0.25, 0.12), (0.12, 0.16)))
    two = parameters(quantity("a", 1.0, "normal", 0.5), quantity("b", 4.0, "normal", 0.4), blocks=(block,))

    once, thrice = individuals(two, population(50)), individuals(two, population(50), 3.0)

    assert close(thrice["a"] - 1, 3 * (once["a"] - 1), "closed_form")
    assert close(thrice["b"] - 4, 3 * (once["b"] - 4), "closed_form")


@given(n=st.integers(2, 60), cut=st.integers(1, 59))
def test_chunks_change_nobody(n: int, cut: int) -> None:
    """Invariant: parameters of a part are the part of the parameters, to the bit, blocks included."""
    block = Block(("a", "b", "c"), ((0.25, 0.12, 0.01), (0.12, 0.16, 0.02), (0.01, 0.02, 0.09)))
    three = parameters(
        quantity("a", 1.0, "lognormal", 0.5),
        quantity("b", 4.0, "lognormal", 0.4),
        quantity("c", 0.3, "logit_normal", 0.3),
        blocks=(block,),
    )
    part = slice(min(cut, n - 1), n)

    whole, chunk = individuals(three, population(n)), individuals(three, population(n).take(part))

    assert all(np.array_equal(whole[name][part], chunk[name]) for name in three.names)


def test_absurd_variability_does_not_overflow_a_share() -> None:
    """Invariant: a share stays within 0 and 1 without a floating-point warning."""
    share = individuals(SET, population(200), 500.0)["share"]

    assert np.all((share >= 0) & (share <= 1))


@pytest.mark.parametrize("variability", [-0.1, float("nan"), float("inf")])
def test_bad_variability_is_refused(variability: float) -> None:
    """Invariant: the error names the field."""
    with pytest.raises(InputError, match=r"^variability:"):
        individuals(SET, population(1), variability)
