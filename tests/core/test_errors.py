"""Errors print as one clear line."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError, NumericsError, ReprieveError, UnsupportedError


def test_the_line_names_field_value_rule_and_fix() -> None:
    """Invariant: the form of the line is a contract of the command line."""
    error = InputError("dose_mg_per_kg", -0.5, "must be positive", "give the dose as a positive number")

    assert str(error) == "dose_mg_per_kg: -0.5: must be positive; give the dose as a positive number"


def test_without_a_fix_there_is_no_semicolon() -> None:
    """Invariant: no empty half sentence."""
    assert str(InputError("route", "ear", "is not a route")) == "route: 'ear': is not a route"


@given(st.text(), st.one_of(st.text(), st.lists(st.text())), st.text(), st.text())
def test_it_is_one_line_whatever_is_in_it(field: str, value: object, rule: str, fix: str) -> None:
    """Invariant: exactly one line, so that a shell script can read it."""
    assert len(f"x{InputError(field, value, rule, fix)}x".splitlines()) == 1


def test_a_long_value_is_cut() -> None:
    """Invariant: an array given by mistake does not fill the screen."""
    line = str(InputError("ids", np.zeros((400, 400)), "must be a list of whole numbers"))

    assert len(line) < 200
    assert "\n" not in line


@pytest.mark.parametrize("kind", [InputError, UnsupportedError])
def test_it_survives_the_way_between_processes(kind: type[InputError]) -> None:
    """Invariant: a worker's error reaches the user with its parts."""
    error = pickle.loads(pickle.dumps(kind("route", "rectal", "no published model", "use IV")))

    assert type(error) is kind
    assert (error.field, error.value, error.rule, error.fix) == (
        "route",
        "rectal",
        "no published model",
        "use IV",
    )


def test_one_base_catches_all() -> None:
    """Invariant: the doors catch `ReprieveError` and nothing else."""
    assert issubclass(UnsupportedError, InputError)
    assert issubclass(InputError, ReprieveError)
    assert issubclass(NumericsError, ReprieveError)
    assert not issubclass(ReprieveError, ValueError)
