"""Which columns a measure needs, what they are called, and how they are read from a table.

Names are those of R metafor (`m1i`, `ai`, ...); where the table has none of that name, Metapsy's (`mean_arm1`,
`event_arm1`, ...) are looked for. The caller may name any other column, or give one number for all rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects.checks import RULES, Array, broken
from reprieve.evidence.pooling.table import Table, numeric

Given = Mapping[str, str | float | None]


@dataclass(frozen=True, slots=True)
class Family:
    """Measures that read the same columns.

    `kinds` holds the rule of each column; `needs` the ways to compute an effect, each the columns that must be there
    ("sd1i|se1i" for either); `aliases` other names. `shy` columns are used only when the caller names them if the
    table has one of those listed there: `di` beside means or counts is more likely a count than an effect size.
    """

    kinds: Mapping[str, str]
    needs: tuple[tuple[str, ...], ...]
    aliases: Mapping[str, tuple[str, ...]]
    shy: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _two_arms(**stems: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Metapsy's names of both arms: m=("mean",) gives m1i=("mean_arm1",) and m2i=("mean_arm2",)."""
    arms = ("1", "2")
    return {
        f"{role}{arm}i": tuple(f"{stem}_arm{arm}" for stem in named) for role, named in stems.items() for arm in arms
    }


_GROUPS = {"m1i": "any", "sd1i": "sd", "se1i": "se", "n1i": "n", "m2i": "any", "sd2i": "sd", "se2i": "se", "n2i": "n"}
_MEANS = ("m1i", "sd1i|se1i", "n1i", "m2i", "sd2i|se2i", "n2i")
_ARMS = _two_arms(m=("mean",), sd=("sd",), se=("se",), n=("n", "totaln"))

FAMILIES = {
    "means": Family(_GROUPS, (_MEANS,), _ARMS),
    "standardised": Family(
        {**_GROUPS, "di": "any", "ti": "any", "pi": "p"},
        (_MEANS, ("di|ti|pi", "n1i", "n2i")),
        _ARMS,
        dict.fromkeys(("di", "ti", "pi"), ("m1i", "mean_arm1", "ai", "ci")),
    ),
    "paired": Family(
        {"m1i": "any", "sd1i": "sd", "m2i": "any", "sd2i": "sd", "ni": "n", "ri": "r"},
        (("m1i", "sd1i", "m2i", "sd2i", "ni", "ri"),),
        {},
    ),
    "raw change": Family(
        {"m1i": "any", "sd1i": "sd", "m2i": "any", "ni": "n", "ri": "r"}, (("m1i", "sd1i", "m2i", "ni", "ri"),), {}
    ),
    "counts": Family(
        {"ai": "count", "bi": "count", "n1i": "total", "ci": "count", "di": "count", "n2i": "total"},
        (("ai", "n1i|bi", "ci", "n2i|di"),),
        {
            "ai": ("event_arm1",),
            "ci": ("event_arm2",),
            **_two_arms(n=("totaln", "n")),
        },
    ),
    "proportion": Family({"xi": "count", "mi": "count", "ni": "total"}, (("xi", "ni|mi"),), {}),
    "correlation": Family({"ri": "r", "ni": "total"}, (("ri", "ni"),), {}),
    "given": Family({"yi": "any", "vi": "variance", "sei": "se"}, (("yi", "vi|sei"),), {}),
}
ROLES = tuple(dict.fromkeys(role for family in FAMILIES.values() for role in family.kinds))


@dataclass(frozen=True, slots=True)
class Columns:
    """The numbers of a table by role, each (rows,), NaN where missing; and what each role was read from."""

    values: Mapping[str, Array]
    read_from: Mapping[str, str | float]

    def __getitem__(self, role: str) -> Array:
        return self.values[role]

    def get(self, role: str, rows: int) -> Array:
        """Return the numbers of a role, all missing when the table has none."""
        return self.values[role] if role in self.values else np.full(rows, np.nan)

    def name(self, role: str) -> str:
        """Return what a role is called in this table."""
        found = self.read_from.get(role, role)
        return found if isinstance(found, str) else role


def read_columns(table: Table, measure: str, family: Family, given: Given) -> Columns:
    """Read every column of a family that the table has.

    Raises `InputError` for a role the measure does not have, a column that is not there, too few columns for any way
    to compute the measure, text in a number's place, and values that break the rule of their role.
    """
    for role in given:
        if role not in family.kinds:
            known = ", ".join(family.kinds)
            raise InputError(role, given[role], f"is not used by {measure}", f"it reads {known}")
    read_from = _found(table, family, given)
    _check_enough(table, measure, family, read_from)
    values = {role: _values(table, role, place) for role, place in read_from.items()}
    for role, numbers in values.items():
        bad = broken(family.kinds[role], numbers)
        if len(bad):
            _refuse(table, role, read_from[role], int(bad[0]), float(numbers[bad[0]]), RULES[family.kinds[role]].words)
    return Columns(values, read_from)


def refuse_row(table: Table, columns: Columns, role: str, index: int, rule: str) -> None:
    """Raise `InputError` for the value of a role in one row, by row and column."""
    place = columns.read_from.get(role, role)
    _refuse(table, role, place, index, float(columns[role][index]), rule)


def _found(table: Table, family: Family, given: Given) -> dict[str, str | float]:
    found: dict[str, str | float] = {}
    for role in family.kinds:
        named = given.get(role)
        if named is not None:
            if isinstance(named, str):
                table.column(named, role)
            found[role] = named
            continue
        if any(one in table.columns for one in family.shy.get(role, ())):
            continue
        name = next((one for one in (role, *family.aliases.get(role, ())) if one in table.columns), None)
        if name is not None:
            found[role] = name
    return found


def _check_enough(table: Table, measure: str, family: Family, found: Mapping[str, object]) -> None:
    gaps = [[slot for slot in way if not any(role in found for role in slot.split("|"))] for way in family.needs]
    if not all(gaps):
        return
    # The way that has most of its columns is the one the reader meant.
    missing = max(zip(family.needs, gaps, strict=True), key=lambda pair: len(pair[0]) - len(pair[1]))[1]
    ways = "; or ".join(_words(way) for way in family.needs)
    rule = f"no such column; {table.contents()}"
    raise InputError(_words(missing), table.name, rule, f"{measure} needs {ways}: name the columns")


def _words(slots: Sequence[str]) -> str:
    return ", ".join(slot.replace("|", " or ") for slot in slots)


def _values(table: Table, role: str, place: str | float) -> Array:
    if isinstance(place, str):
        return numeric(table, place, option=role)
    return np.full(len(table), float(place))


def _refuse(table: Table, role: str, place: str | float, index: int, value: float, rule: str) -> None:
    raise InputError(table.where(index, place) if isinstance(place, str) else role, value, rule)
