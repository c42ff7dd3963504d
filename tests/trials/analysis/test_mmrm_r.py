"""The repeated-measures model against R nlme::gls and R mmrm, data set by data set."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from reprieve.trials.analysis.degrees import METHODS, Method
from reprieve.trials.analysis.mmrm import Mmrm, mmrm
from tests.tolerance import close
from tests.trials.analysis.cases import DATA, FOLDER, PUBLIC, arrays, case, fixtures

FIELDS = ("estimate", "se", "df", "p")


def column(found: Mmrm, field: str) -> list[float]:
    return [getattr(difference, field) for difference in found.differences]


@pytest.mark.parametrize("name", DATA)
def test_fit_is_that_of_gls(name: str) -> None:
    """R nlme 3.1-162, `gls(REML, corSymm, varIdent)`: estimates, model-based SE, log likelihood, covariance."""
    held: dict[str, Any] = case("mmrm", name)
    expected = held["gls"]

    found = mmrm(*arrays(held), method="satterthwaite")

    assert found.converged
    assert close(column(found, "estimate"), expected["estimate"], "metafor_iterated")
    assert close(column(found, "se"), expected["se"], "metafor_iterated")
    assert close(found.covariance, expected["covariance"], "metafor_iterated")
    assert close(found.loglik, expected["loglik"], "metafor_closed")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", DATA)
def test_fit_is_that_of_mmrm(name: str, method: Method) -> None:
    """R mmrm 0.3.18, `us()`, Satterthwaite and Kenward-Roger-Linear: estimate, SE, df, p, covariance, likelihood."""
    held: dict[str, Any] = case("mmrm", name)
    expected = held[method]

    found = mmrm(*arrays(held), method=method)

    assert found.converged
    for field in FIELDS:
        assert close(column(found, field), expected[field], "metafor_iterated"), field
    assert close(found.covariance, expected["covariance"], "metafor_iterated")
    assert close(found.loglik, expected["loglik"], "metafor_closed")


def test_likelihood_is_never_below_that_of_r() -> None:
    """Invariant: a maximum; R's own fits end at most rounding above it."""
    for held in fixtures("mmrm"):
        found = mmrm(*arrays(held)).loglik

        best = max(held[by]["loglik"] for by in ("gls", *METHODS))
        assert found >= best or close(found, best, "closed_form"), held["data"]


def test_grid_is_complete() -> None:
    """Invariant: every declared data set is there with every quantity of every method; three are public."""
    cases = fixtures("mmrm")

    assert tuple(held["data"] for held in cases) == DATA
    assert set(PUBLIC) <= set(DATA)
    assert set(METHODS) == set(get_args(Method.__value__))
    for held in cases:
        visits = len(held["scores"][0])
        assert set(held["gls"]) == {"estimate", "se", "loglik", "covariance"}
        for method in METHODS:
            assert set(held[method]) == {*FIELDS, "loglik", "covariance"}
            assert all(len(held[method][field]) == visits for field in FIELDS)
            assert all(np.isfinite(held[method][field]).all() for field in FIELDS)
        assert len(held["ancova"]) == visits


def test_kenward_roger_is_put_to_the_test() -> None:
    """Invariant: in most data sets with missing scores its SE differs from the model-based one by more than 1e-3."""
    differs = [
        held["data"]
        for held in fixtures("mmrm")
        if np.max(np.array(held["kenward-roger"]["se"]) / held["satterthwaite"]["se"]) > 1.001
    ]

    assert len(differs) >= 8


def test_the_page_has_the_three_headings() -> None:
    """Invariant (house rule 9)."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## What agrees, and how closely",
        "## What does not, and why",
        "## What is not compared",
    ]
