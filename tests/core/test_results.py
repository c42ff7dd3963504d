"""Results carry versions and a digest of their inputs."""

import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass
from enum import StrEnum
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.parameters import ParameterSet
from reprieve.core.results import NUMERIC_SEMANTICS, Result, digest, versions

leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner)),
    max_leaves=12,
)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Pair:
    a: int
    b: float


@dataclass(frozen=True)
class Other:
    a: int
    b: float


def test_digest_of_a_small_value() -> None:
    """Closed form: SHA-256 of the canonical text, written out here."""
    assert digest({"b": [1, True], "a": 0.5}) == digest({"a": 0.5, "b": (1, True)})
    text = '{"mapping":{"a":{"float":"0x1.0000000000000p-1"},"b":[1,true]}}'
    assert digest({"b": [1, True], "a": 0.5}) == sha256(text.encode()).hexdigest()


@given(st.dictionaries(st.text(max_size=5), trees, max_size=6), st.randoms())
def test_the_order_of_a_mapping_does_not_count(
    mapping: dict[str, object], shuffle: "np.random.Generator"
) -> None:
    """Invariant: equal mappings have equal digests."""
    keys = list(mapping)
    shuffle.shuffle(keys)

    assert digest({key: mapping[key] for key in keys}) == digest(mapping)


@given(trees, trees)
def test_different_values_have_different_digests(first: object, second: object) -> None:
    """Invariant: same digest only for the same value, compared by its exact representation."""
    assert (digest(first) == digest(second)) == (ordered(first) == ordered(second))


def ordered(value: object) -> str:
    """Exact text of a value with mappings in key order: an independent way to compare two values."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{ordered(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(ordered(item) for item in value) + "]"
    return repr(value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 1.0),
        (1, True),
        (1, "1"),
        (None, "None"),
        ([], {}),
        ({"a": {}}, {"a": None}),
        ([1, [2]], [[1], 2]),
        (0.1 + 0.2, 0.3),
        (Pair(1, 2.0), Other(1, 2.0)),
        (Pair(1, 2.0), {"a": 1, "b": 2.0}),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(4), np.zeros(4, dtype=np.float32)),
        (np.zeros(4), [0.0] * 4),
    ],
)
def test_what_differs_has_another_digest(first: object, second: object) -> None:
    """Invariant: type, shape and nesting count."""
    assert digest(first) != digest(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Colour.RED, "red"),
        (np.float64(0.5), 0.5),
        (np.int32(3), 3),
        (np.array(0.5), 0.5),
        (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        (np.arange(3.0), np.arange(3.0).astype(">f8")),
        (np.arange(6)[::2], np.array([0, 2, 4])),
    ],
)
def test_what_is_the_same_has_the_same_digest(first: object, second: object) -> None:
    """Invariant: memory layout, byte order and scalar type do not count."""
    assert digest(first) == digest(second)


@pytest.mark.parametrize("value", [{1, 2}, {1: 2}, object(), np.array([object()]), Pair, b"x"])
def test_what_cannot_be_told_apart_is_refused(value: object) -> None:
    """Invariant: no digest rather than one that may mislead."""
    with pytest.raises(TypeError, match="no digest"):
        digest(value)


def test_a_parameter_set_has_a_digest() -> None:
    """Invariant: inputs of a simulation can be digested as they are."""
    one = ParameterSet("a", "1", {})

    assert digest(one) == digest(ParameterSet("a", "1", {}))
    assert digest(one) != digest(ParameterSet("a", "2", {}))


def test_a_result_is_frozen_and_can_be_extended() -> None:
    """Invariant (house rule 4): subclasses add fields without defaults."""

    @dataclass(frozen=True, kw_only=True)
    class Answer(Result):
        value: float

    answer = Answer(value=1.0, versions=versions(), inputs_digest=digest(1))

    assert answer.warnings == ()
    with pytest.raises(FrozenInstanceError):
        answer.value = 2.0  # type: ignore[misc]


def test_versions_name_what_a_result_depends_on() -> None:
    """Invariant: the four names are a contract; NumPy's is the version that runs."""
    found = versions()

    assert list(found) == ["reprieve", "numpy", "python", "numeric_semantics"]
    assert found["numpy"] == np.__version__
    assert found["numeric_semantics"] == NUMERIC_SEMANTICS


def test_versions_load_nothing_heavy() -> None:
    """Invariant (house rule 11): asking for versions does not import NumPy."""
    script = (
        "import sys; from reprieve.core.results import versions; versions(); print('numpy' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
