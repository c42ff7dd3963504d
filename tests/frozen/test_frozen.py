"""The program still gives the numbers it gave. Whether they are right is the business of all other tests."""

from __future__ import annotations

import pytest

from reprieve.core.results import NUMERIC_SEMANTICS
from tests.frozen.course import HOURS, MINUTES, REGIMEN, held, numbers
from tests.tolerance import Tolerance, close

OTHER_MACHINE = Tolerance(1e-8, "another machine's exponential and order of summation; twelve digits are kept")
HOW = "same input, other numbers: raise NUMERIC_SEMANTICS in core/results.py, then python -m tests.frozen"


@pytest.fixture(scope="module")
def now() -> dict[str, dict[str, list[float]]]:
    return numbers()


@pytest.mark.parametrize("patients", ["typical", "civilian", "veteran"])
def test_frozen_course(patients: str, now: dict[str, dict[str, list[float]]]) -> None:
    """Frozen: own earlier output of six infusions; see course.py for what a change means."""
    golden = held()["numbers"][patients]

    assert sorted(now[patients]) == sorted(golden), HOW
    for output, values in now[patients].items():
        try:
            assert close(values, golden[output], OTHER_MACHINE)
        except AssertionError as error:
            raise AssertionError(f"{output}: {error}; {HOW}") from None


def test_frozen_file_is_of_this_semantics_version() -> None:
    """Frozen: the golden file says which version of the numbers it holds, and of which course."""
    golden = held()

    assert golden["numeric_semantics"] == NUMERIC_SEMANTICS, HOW
    assert (golden["regimen"], tuple(golden["hours"]), tuple(golden["minutes"])) == (REGIMEN, HOURS, MINUTES)
