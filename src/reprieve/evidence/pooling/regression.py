"""Moderators: `x + z` and a table's columns become a design, and all moderators are tested at once.

Numbers enter as they are. Words are a factor in treatment coding: one column for each level but the first in
sorted order, the reference. `a:b` is a product; `- 1` or `0` leaves the intercept out, and the first factor then
gets a column for every level.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.fit import Fit
from reprieve.evidence.pooling.wls import Array

INTERCEPT = "intercept"
Cell = float | str | None


@dataclass(frozen=True, slots=True)
class Formula:
    """What a formula says: terms as tuples of column names (two for an interaction), in its order."""

    terms: tuple[tuple[str, ...], ...]
    intercept: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it needs, each once."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term))


@dataclass(frozen=True, slots=True)
class Design:
    """A design of shape (k, p), the name of each column, and the reference level of each factor."""

    matrix: Array
    terms: tuple[str, ...]
    intercept: bool
    references: Mapping[str, str]

    @property
    def tested(self) -> tuple[int, ...]:
        """The columns that the test of all moderators takes: all but the intercept."""
        return tuple(range(int(self.intercept), len(self.terms)))


def read_formula(text: str, known: Sequence[str]) -> Formula:
    """Read `x + z`, `x + z + x:z`, `x - 1`; a leading `~` is allowed.

    Raises `InputError` for an unknown column, a column named twice, an interaction without its parts, anything else.
    """
    parts, intercept = [], True
    for part in (one.strip() for one in text.strip().removeprefix("~").split("+")):
        without = None if part in known else re.fullmatch(r"(.*?)\s*-\s*1", part)
        if without or part == "0":
            intercept = False
            part = without[1] if without else ""
            parts += [part] if part else []
        elif part != "1":
            parts.append(part)
    if not any(parts):
        raise InputError("mods", text, "names no moderator", "write column names joined by +")
    terms: list[tuple[str, ...]] = []
    for part in parts:
        term = (part,) if part in known else tuple(name.strip() for name in part.split(":"))
        _check_term(text, part, term, known)
        if any(set(term) == set(other) for other in terms):
            raise InputError("mods", part, "is named twice")
        terms.append(term)
    for term in terms:
        alone = [name for name in term if (name,) not in terms]
        if alone:
            raise InputError("mods", ":".join(term), f"needs {' and '.join(alone)} as a term of its own")
    return Formula(tuple(terms), intercept)


def _check_term(text: str, part: str, term: tuple[str, ...], known: Sequence[str]) -> None:
    if not part:
        raise InputError("mods", text, "has an empty term", "write column names joined by +, such as x + z")
    for name in term:
        if name not in known:
            fix = f"columns: {', '.join(known)}"
            if re.search(r"[*^()/|]", name):
                fix = "terms are column names joined by +, a:b for a product, - 1 for no intercept"
            raise InputError("mods", name or part, "is not a column of the table", fix)
    if len(term) > 2 or len(set(term)) != len(term):
        raise InputError("mods", part, "must be a product of two different columns")


def design(formula: Formula, columns: Mapping[str, Sequence[Cell]]) -> Design:
    """Build the design of a formula from columns without empty cells.

    A column of numbers enters as it is, a column of words as a factor.
    Raises `InputError` for a column that mixes both or a factor with one level.
    """
    k = len(next(iter(columns.values())))
    names, parts = ([INTERCEPT], [np.ones(k)]) if formula.intercept else ([], [])
    references: dict[str, str] = {}
    coded: dict[str, dict[str, Array]] = {}
    whole: dict[str, Array] = {}  # without an intercept the first factor describes every level
    for name in formula.columns:
        if not _is_factor(name, columns[name]):
            coded[name] = {name: np.array(columns[name], dtype=float)}
            continue
        coded[name], reference = _treatment(name, [str(cell) for cell in columns[name]])
        if formula.intercept or whole:
            references[name] = reference
        else:
            first = np.array([float(cell == reference) for cell in columns[name]])
            whole = {f"{name}[{reference}]": first, **coded[name]}
    for term in formula.terms:
        columns_of = _columns(term, coded, whole)
        names += list(columns_of)
        parts += list(columns_of.values())
    return Design(np.column_stack(parts), tuple(names), formula.intercept, references)


def _columns(term: tuple[str, ...], coded: Mapping[str, dict[str, Array]], whole: dict[str, Array]) -> dict[str, Array]:
    """The columns of one term. A product uses the same coding whether or not the reference has its own column."""
    if len(term) == 1:
        return whole if coded[term[0]].keys() < whole.keys() else coded[term[0]]
    first, second = (coded[name] for name in term)
    return {f"{a}:{b}": first[a] * second[b] for a in first for b in second}


def _is_factor(name: str, cells: Sequence[Cell]) -> bool:
    words = [isinstance(cell, str) for cell in cells]
    if any(words) and not all(words):
        odd = words.index(True)
        fix = "write numbers only, or words in every row for a factor"
        raise InputError(f"{name} of study {odd + 1}", cells[odd], "is text in a column of numbers", fix)
    return any(words)


def _treatment(name: str, cells: list[str]) -> tuple[dict[str, Array], str]:
    levels = sorted(set(cells))
    if len(levels) < 2:
        raise InputError("mods", name, f"has one level only, {levels[0]!r}", "leave it out")
    columns = {f"{name}[{level}]": np.array([float(cell == level) for cell in cells]) for level in levels[1:]}
    return columns, levels[0]


def omnibus(fitted: Fit, places: Sequence[int]) -> tuple[float, tuple[float, ...], float]:
    """Test that the coefficients at `places` are all zero: the statistic, its degrees of freedom, its p.

    An F with (m, k - p) degrees of freedom for the test "knha", a chi-squared with m for "z".
    """
    from scipy.special import chdtrc, fdtrc

    chosen = list(places)
    beta, cov = fitted.beta[chosen], fitted.cov[np.ix_(chosen, chosen)]
    m = float(len(chosen))
    try:
        statistic = float(beta @ np.linalg.solve(cov, beta))
    except np.linalg.LinAlgError:  # a perfect fit: Knapp-Hartung leaves no error
        return math.nan, (m,), math.nan
    if math.isinf(fitted.df):
        return statistic, (m,), float(chdtrc(m, statistic))
    return statistic / m, (m, fitted.df), float(fdtrc(m, fitted.df, statistic / m))
