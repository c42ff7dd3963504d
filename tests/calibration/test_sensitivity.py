"""Prior sensitivity against closed forms, and shrinkage."""

from __future__ import annotations

import numpy as np
import pytest

from reprieve.calibration.sensitivity import reweighted, sensitivity, shrinkage
from reprieve.core.errors import InputError
from tests.calibration.toys import prior
from tests.tolerance import close, monte_carlo

SIZE = 40_000


def conjugate(prior_sd: float, error_sd: float = 1.0, value: float = 2.0) -> tuple[float, float]:
    """Mean and SD of a normal mean about 0 after one reading."""
    precision = 1 / prior_sd**2 + 1 / error_sd**2
    return value / error_sd**2 / precision, precision**-0.5


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_reweighted_draws_are_those_of_the_other_prior(factor: float) -> None:
    """Closed form: the conjugate posterior under the halved and the doubled prior."""
    mean, sd = conjugate(2.0)
    draws = mean + sd * np.random.default_rng(2).normal(size=SIZE)

    weights, k = reweighted(draws, 0.0, 2.0, factor)

    size = 1 / (weights**2).sum()
    assert k < 0.7
    assert close(weights @ draws, conjugate(2.0 * factor)[0], monte_carlo(k=4, se=float(sd / np.sqrt(size))))


def test_the_shift_is_told_in_posterior_sds_with_its_cause() -> None:
    """Closed form: the largest shift is that of the halved prior."""
    mean, sd = conjugate(2.0)
    draws = (mean + sd * np.random.default_rng(2).normal(size=SIZE)).reshape(4, -1)

    found = sensitivity({"a": draws}, [prior("a", "normal", 0.0, 2.0)])["parameters"]["a"]

    expected = (conjugate(1.0)[0] - mean) / sd
    assert (found["prior"], found["spread"], found["flag"]) == ("a", "halved", True)
    # Weights halve the effective number of draws at most.
    assert close(found["shift"], expected, monte_carlo(k=4, se=float(np.sqrt(2 / SIZE))))


def test_a_parameter_that_only_its_prior_knows_is_not_judged() -> None:
    """Invariant: draws of the prior itself cannot tell what a prior of twice the spread would give."""
    draws = np.random.default_rng(4).normal(size=(4, 1000))

    found = sensitivity({"a": draws}, [prior("a", "normal", 0.0, 1.0)])

    assert [(one["prior"], one["spread"]) for one in found["not_judged"]] == [("a", "doubled")]


def test_one_parameter_moves_with_the_prior_of_another() -> None:
    """Invariant: the cause of a shift is named even where it is another parameter's prior."""
    mean, sd = conjugate(2.0)
    first = (mean + sd * np.random.default_rng(2).normal(size=SIZE)).reshape(4, -1)

    found = sensitivity({"a": first, "b": 3 * first}, [prior("a", "normal", 0.0, 2.0)])["parameters"]

    assert found["b"]["prior"] == "a"
    assert close(found["b"]["shift"], found["a"]["shift"], "closed_form")


@pytest.mark.parametrize(
    ("scale", "draw", "sd"),
    [
        ("normal", lambda z: 3 + z / 2, 0.5),
        ("lognormal", lambda z: np.exp(z / 2), 0.5),
        ("logit_normal", lambda z: 1 / (1 + np.exp(-z / 2)), 0.5),
    ],
)
def test_shrinkage_is_measured_on_the_scale_of_the_prior(scale: str, draw: object, sd: float) -> None:
    """Closed form: 1 - (0.5 / 1)^2 = 0.75 on the prior's own scale."""
    z = np.random.default_rng(5).normal(size=(4, 1000))
    z = (z - z.mean()) / z.std(ddof=1)
    centre = {"normal": 3.0, "lognormal": 1.0, "logit_normal": 0.5}[scale]

    found = shrinkage({"a": draw(z)}, [prior("a", scale, centre, 1.0)])["a"]  # type: ignore[operator]

    assert close(found["shrinkage"], 1 - sd**2, "closed_form")
    assert close(found["moved"], 0, "closed_form")


def test_draws_of_a_half_normal_prior_show_no_shrinkage() -> None:
    """Closed form: mean sqrt(2 / pi) and SD sqrt(1 - 2 / pi) of |z|."""
    draws = np.abs(np.random.default_rng(6).normal(size=(4, 10_000))) * 2

    found = shrinkage({"a": draws}, [prior("a", "half_normal", 0.0, 2.0)])["a"]

    assert close(found["shrinkage"], 0, monte_carlo(k=4, se=0.02))
    assert close(found["moved"], 0, monte_carlo(k=4, se=0.01))


def test_an_unknown_scale_is_refused() -> None:
    """Invariant: one line names prior and scale."""
    with pytest.raises(InputError, match="prior of a: scale: 'cauchy'"):
        sensitivity({"a": np.ones((2, 9))}, [prior("a", "cauchy", 0.0, 1.0)])
