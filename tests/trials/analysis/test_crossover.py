"""The mixed model of a crossover."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from reprieve.core.errors import InputError
from reprieve.trials.analysis.crossover import crossover
from tests.tolerance import close
from tests.trials.analysis.cases import FOLDER


@cache
def held() -> dict[str, dict[str, Any]]:
    cases = json.loads((FOLDER / "fixtures" / "crossover.json").read_text(encoding="utf-8"))["cases"]
    return {case["data"]: case for case in cases}


def arrays(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(case["scores"], float), np.array(case["active_first"], float)


@pytest.mark.parametrize("name", ["complete", "uneven", "small"])
def test_complete_data_give_the_t_test_of_hills_and_armitage(name: str) -> None:
    """scipy.stats.ttest_ind: half period differences of the two orders; the estimate is their difference."""
    scores, first = arrays(held()[name])

    found = crossover(scores, first).difference

    half = (scores[:, 0] - scores[:, 1]) / 2
    expected = stats.ttest_ind(half[first == 1], half[first == 0])
    assert close(found.estimate, half[first == 1].mean() - half[first == 0].mean(), "closed_form")
    assert found.df == expected.df
    assert close(found.p, expected.pvalue, "metafor_closed")
    assert close(found.estimate / found.se, expected.statistic, "metafor_closed")
    interval = expected.confidence_interval(0.95)
    assert close([found.low, found.high], [interval.low, interval.high], "metafor_closed")


@pytest.mark.parametrize("name", ["complete", "uneven", "missing", "little_between", "small"])
def test_it_is_lme(name: str) -> None:
    """R 4.2.2, nlme 3.1-162, `lme` with random intercepts, REML: estimates, errors, degrees of freedom, spreads."""
    case = held()[name]

    found = crossover(*arrays(case))

    for term in ("difference", "period"):
        for field, value in case[term].items():
            assert close(getattr(getattr(found, term), field), value, "metafor_iterated"), (term, field)
    assert close(found.within_sd, case["within_sd"], "metafor_iterated")
    assert close(found.between_sd, case["between_sd"], "metafor_iterated")


def test_patients_with_one_score_add_what_they_know() -> None:
    """Invariant: they change the estimate when few vary between patients, and are told of; degrees stay within."""
    scores, first = arrays(held()["little_between"])
    whole = ~np.isnan(scores).any(axis=1)

    found, without = crossover(scores, first), crossover(scores[whole], first[whole])

    assert found.warnings == (f"{int((~whole).sum())} patients were seen in one period only",)
    assert found.difference.se < without.difference.se
    assert found.difference.df == without.difference.df == whole.sum() - 2


def test_a_negative_correlation_is_held_at_none() -> None:
    """Closed form: with no variance between patients the fit is least squares of all scores."""
    rng = np.random.default_rng(2)
    first = np.repeat([1.0, 0.0], 10)
    swing = rng.normal(0, 5, 20)
    scores = np.column_stack([swing, -swing]) + rng.normal(0, 0.5, (20, 2))

    found = crossover(scores, first)

    design = np.column_stack([np.ones(40), np.repeat([0.0, 1.0], 20), np.concatenate([first, 1 - first])])
    beta, rest, *_ = np.linalg.lstsq(design, scores.T.reshape(-1))
    assert found.between_sd == 0
    assert close(found.difference.estimate, beta[2], "closed_form")
    assert close(found.within_sd, np.sqrt(rest[0] / 37), "closed_form")


@pytest.mark.parametrize(
    ("scores", "first"),
    [
        ([[1.0, 2.0, 3.0]] * 4, [1, 0, 1, 0]),
        ([[1.0, 2.0], [2.0, 1.0], [np.nan, 1.0], [1.0, np.nan]], [1, 0, 1, 0]),
        ([[1.0, 2.0], [2.0, 1.0], [3.0, 1.0], [1.0, np.nan]], [1, 1, 1, 0]),
    ],
)
def test_too_little_is_refused(scores: list[list[float]], first: list[int]) -> None:
    """Invariant: two periods, both orders, three complete patients."""
    with pytest.raises(InputError, match=r"^scores: "):
        crossover(np.array(scores), np.array(first, float))
