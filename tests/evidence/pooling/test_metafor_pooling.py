"""Pooling against R metafor, case by case, and what the page of the comparison says about it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.permutation import permutation_test
from reprieve.evidence.pooling.tau2 import METHODS
from tests.evidence.pooling.grid import (
    CLOSED,
    FOLDER,
    GRID,
    SEARCHED,
    columns,
    compared,
    fixtures,
    key,
    planned,
    worst,
)
from tests.tolerance import close


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", GRID)
def test_every_quantity_is_metafors(data: str, method: str) -> None:
    """R metafor 3.8-1, `rma.uni`, `predict` and `confint`: every quantity, both tests, all moderators."""
    cases = [case for case in fixtures()["cases"] if (case["data"], case["method"]) == (data, method)]

    for case in cases:
        for name, got, expected in compared(case):
            searched = method not in CLOSED or name in SEARCHED
            try:
                assert close(got, expected, "metafor_iterated" if searched else "metafor_closed")
            except AssertionError as error:
                raise AssertionError(f"{key(case)} {name}: {error}") from None


@pytest.mark.parametrize(
    "case", fixtures()["permutations"], ids=lambda c: f"{c['data']}-{c['mods']}-{c['method']}-{c['test']}"
)
def test_exact_permutations_are_metafors(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, `permutest(exact = TRUE)`: a count over all arrangements, so the same number."""
    held, rows = columns(case["data"]), case["rows"]
    plan = planned(case["data"], case["mods"], rows)

    found = permutation_test(
        [held["yi"][row] for row in rows],
        [held["vi"][row] for row in rows],
        None if plan is None else plan.matrix,
        tested=() if plan is None else plan.tested,
        method=case["method"],
        test=case["test"],
        permutations=5040,
    )

    assert found.exact
    assert close(found.p, np.ravel(case["p"]), "closed_form")
    assert close(found.qm_p, case["qm_p"], "closed_form")


@pytest.mark.parametrize("case", fixtures()["without_intercept"], ids=lambda c: c["method"])
def test_without_an_intercept_the_equation_itself_is_the_truth(case: dict[str, Any]) -> None:
    """Each estimator's own equation solved in R (`optimize`, `uniroot`); metafor 3.8-1 centres the estimates first."""
    held = columns(case["data"])

    found = fit(held["yi"], held["vi"], np.array(held["x"])[:, None], method=case["method"])

    assert close(found.tau2, case["tau2"], "metafor_iterated")
    assert close(found.beta[0], case["beta"], "metafor_iterated")
    assert close(found.se[0], case["se"], "metafor_iterated")
    assert abs(case["tau2_metafor"] - case["tau2"]) > case["tau2"] / 3  # the difference that the page tells of


@pytest.mark.parametrize("case", fixtures()["two_peaks"], ids=lambda c: c["method"])
def test_the_higher_of_two_peaks_is_found(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, `logLik` over a scan of tau2: the highest point. metafor's ML stops on the lower peak."""
    found = fit(case["yi"], case["vi"], method=case["method"])

    assert close(found.tau2, case["tau2"], "metafor_iterated")
    assert case["height"] >= case["height_metafor"]
    assert (case["tau2_metafor"] == 0) == (case["method"] == "ML")


def test_the_page_states_what_is_measured() -> None:
    """Invariant: no error is larger than the page of the comparison says, for any quantity and kind of method."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d.e-]+) \| ([\d.e-]+) \|$", page, flags=re.MULTILINE)
    stated = {
        (name, kind): float(value)
        for name, *both in rows
        for kind, value in zip(("closed", "iterated"), both, strict=True)
    }

    measured = worst()

    assert set(stated) == set(measured)
    assert {key: error for key, error in measured.items() if error > stated[key]} == {}
