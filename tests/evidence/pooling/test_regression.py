"""Formulas and designs of a meta-regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.fit import fit
from reprieve.evidence.pooling.regression import Formula, design, omnibus, read_formula
from tests.evidence.pooling.grid import columns
from tests.tolerance import close

KNOWN = ("x", "z", "f", "g", "dose mg", "dose-1", "a:b")
X, Z = [1.0, 2, 3, 4], [0.5, 0.1, 0.9, 0.3]
F, G = ["b", "a", "c", "a"], ["no", "no", "yes", "yes"]


@pytest.mark.parametrize(
    ("text", "terms", "intercept"),
    [
        ("x", [("x",)], True),
        ("~ x + z", [("x",), ("z",)], True),
        ("1 + x", [("x",)], True),
        ("x-1", [("x",)], False),
        ("0 + x + z", [("x",), ("z",)], False),
        ("x + z - 1", [("x",), ("z",)], False),
        ("-1 + x", [("x",)], False),
        ("x - 1 + z", [("x",), ("z",)], False),
        ("x + z + x:z", [("x",), ("z",), ("x", "z")], True),
        ("dose mg", [("dose mg",)], True),
        ("dose-1 + x", [("dose-1",), ("x",)], True),
        ("a:b", [("a:b",)], True),
    ],
)
def test_formulas_are_read(text: str, terms: list[tuple[str, ...]], intercept: bool) -> None:
    """R 4.2.2: the same meaning as in `model.matrix`, for what is supported; a column's own name comes first."""
    assert read_formula(text, KNOWN) == Formula(tuple(terms), intercept)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["names no moderator"]),
        ("1", ["names no moderator"]),
        ("0", ["names no moderator"]),
        ("-1", ["names no moderator"]),
        ("x +", ["empty term"]),
        ("x + + z", ["empty term"]),
        ("y", ["'y'", "is not a column", "x, z"]),
        ("x * z", ["x * z", "a:b"]),
        ("log(x)", ["log(x)", "a:b"]),
        ("I(x^2)", ["a:b"]),
        ("x + x", ["named twice"]),
        ("x + z + x:z + z:x", ["z:x", "named twice"]),
        ("x:z", ["needs x and z"]),
        ("x + x:z", ["needs z"]),
        ("x + x:x", ["two different"]),
        ("x + z + f + x:z:f", ["two different"]),
        ("x + z + x:", ["is not a column"]),
        ("x - z", ["x - z", "is not a column"]),
    ],
)
def test_formulas_that_are_refused(text: str, words: list[str]) -> None:
    """Invariant: one line that says which term and why."""
    with pytest.raises(InputError) as caught:
        read_formula(text, KNOWN)

    assert [word for word in ["mods", *words] if word not in str(caught.value)] == []


def built(text: str, **given: list[Any]) -> tuple[list[str], list[list[float]], dict[str, str]]:
    plan = design(read_formula(text, tuple(given)), given)
    return list(plan.terms), plan.matrix.T.tolist(), dict(plan.references)


def test_numbers_and_a_factor() -> None:
    """R 4.2.2: model.matrix(~ x + f): treatment coding, reference = first level in sorted order."""
    terms, matrix, references = built("x + f", x=X, f=F)

    assert terms == ["intercept", "x", "f[b]", "f[c]"]
    assert matrix == [[1, 1, 1, 1], X, [1, 0, 0, 0], [0, 0, 1, 0]]
    assert references == {"f": "a"}


def test_the_first_factor_has_every_level_without_an_intercept() -> None:
    """R 4.2.2: model.matrix(~ 0 + x + f + g): f in full, in its place, g against its reference."""
    terms, matrix, references = built("0 + x + f + g", x=X, f=F, g=G)

    assert terms == ["x", "f[a]", "f[b]", "f[c]", "g[yes]"]
    assert matrix[1:4] == [[0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]]
    assert references == {"g": "no"}


def test_products() -> None:
    """R 4.2.2: model.matrix(~ x + f + x:f) and the same without an intercept: products use the reduced coding."""
    with_, without = (built(text, x=X, f=F) for text in ("x + f + x:f", "x + f + x:f - 1"))

    assert with_[0] == ["intercept", "x", "f[b]", "f[c]", "x:f[b]", "x:f[c]"]
    assert with_[1][4:] == [[1, 0, 0, 0], [0, 0, 3, 0]]
    assert without[0] == ["x", "f[a]", "f[b]", "f[c]", "x:f[b]", "x:f[c]"]
    assert built("x + z + x:z", x=X, z=Z)[1][3] == [a * b for a, b in zip(X, Z, strict=True)]


def test_a_factor_with_one_level_is_refused() -> None:
    """Invariant."""
    with pytest.raises(InputError, match="one level only"):
        built("f", f=["a", "a"])


def test_words_among_numbers_are_refused() -> None:
    """Invariant: a mixed column is a mistake and not a factor."""
    with pytest.raises(InputError, match="study 2"):
        built("x", x=[1.0, "two", 3.0])


def test_the_joint_test_does_not_depend_on_the_reference() -> None:
    """Invariant: the test of a factor is the same whichever level it is compared with."""
    held = columns("bcg")
    renamed = [{"random": "a", "alternate": "b", "systematic": "c"}[name] for name in held["f"]]

    first, second = (_joint(names) for names in (held["f"], renamed))

    assert close(first, second, "solver")


def _joint(names: list[str]) -> list[float]:
    held, plan = columns("bcg"), design(read_formula("f", ("f",)), {"f": names})
    qm, (m, free), p = omnibus(fit(held["yi"], held["vi"], plan.matrix), plan.tested)
    return [qm, m, free, p]


def test_the_joint_test_of_one_coefficient_is_its_own() -> None:
    """Closed form: F with one degree of freedom is t squared; chi-squared is z squared."""
    held = columns("bcg")
    matrix = np.column_stack([np.ones(13), held["x"]])

    for test in ("knha", "z"):
        found = fit(held["yi"], held["vi"], matrix, test=test)
        qm, _, p = omnibus(found, [1])
        assert close([qm, p], [found.statistic[1] ** 2, found.p_values[1]], "solver")
