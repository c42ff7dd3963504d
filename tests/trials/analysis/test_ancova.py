"""ANCOVA at one visit."""

from __future__ import annotations

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.trials.analysis.ancova import ancova
from tests.tolerance import close
from tests.trials.analysis.cases import DATA, arrays, case, made


@pytest.mark.parametrize("name", DATA)
def test_it_is_lm(name: str) -> None:
    """R 4.2.2, `lm` and `confint`: every quantity at every visit."""
    held = case("mmrm", name)
    scores, arm, baseline = arrays(held)

    for visit, expected in enumerate(held["ancova"]):
        found = ancova(scores[:, visit], arm, baseline).difference
        for field, value in expected.items():
            assert close(getattr(found, field), value, "metafor_closed"), (visit, field)


def test_missing_scores_are_told() -> None:
    """Invariant: who is left out is said, and changes no number."""
    scores, arm, baseline = made(1)
    more = np.append(scores[:, 0], np.nan)

    found = ancova(more, np.append(arm, 1), np.append(baseline, 50))

    assert found.warnings == ("1 patients without a score at the visit were left out",)
    assert found.difference == ancova(scores[:, 0], arm, baseline).difference


@pytest.mark.parametrize("seen", [[0, 1, 20], [0, 1, 2, 3, 4]])
def test_too_few_patients_are_refused(seen: list[int]) -> None:
    """Invariant: three patients leave no residual, one arm allows no comparison."""
    scores, arm, baseline = made(1)
    few = np.full(len(arm), np.nan)
    few[seen] = scores[seen, 0]

    with pytest.raises(InputError, match=r"score: .*both arms"):
        ancova(few, arm, baseline)
