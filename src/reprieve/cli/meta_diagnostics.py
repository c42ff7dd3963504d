"""What `reprieve meta` computes beside the pool: sensitivity, influence, subgroups, small-study tests, a Bayesian pool.

Everything works on the rows that the pool has used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from reprieve.evidence.pooling.bayes import Posterior
    from reprieve.evidence.pooling.bias import SmallStudy
    from reprieve.evidence.pooling.influence import Influence
    from reprieve.evidence.pooling.meta import Meta
    from reprieve.evidence.pooling.sensitivity import Sensitivity
    from reprieve.evidence.pooling.subgroups import Subgroups
    from reprieve.evidence.pooling.table import Table

NO_MODERATORS = "cannot be had with moderators: there is no single pooled effect"
ELSEWHERE = ("versions", "inputs_digest")  # the object of the pool has the versions already


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for; columns by name."""

    leave_one_out: bool = False
    influence: bool = False
    cumulative: str | None = None
    subgroup: str | None = None
    bias: bool = False
    force: bool = False
    bayes: bool = False

    def check(self, mods: str | None) -> None:
        """Raise `InputError` for what makes no sense together."""
        if self.force and not self.bias:
            raise InputError("force", True, "does nothing without --bias", "add --bias")
        if mods is None:
            return
        for name in ("leave_one_out", "cumulative", "subgroup", "bias", "bayes"):
            if getattr(self, name) not in (False, None):
                fix = "leave out --mods; --influence does work with moderators"
                raise InputError(name.replace("_", "-"), getattr(self, name), NO_MODERATORS, fix)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found; None where nothing was asked. `order` holds the values that `cumulative` is sorted by."""

    asked: Asked
    leave_one_out: Sensitivity | None = None
    influence: Influence | None = None
    cumulative: Sensitivity | None = None
    order: tuple[float, ...] = ()
    subgroups: Subgroups | None = None
    bias: SmallStudy | None = None
    bayes: Posterior | None = None

    def to_json(self) -> dict[str, object]:
        """Return one key for each thing asked for, as plain values."""
        out: dict[str, Any] = {}
        for name in ("leave_one_out", "influence", "cumulative", "subgroups", "bias", "bayes"):
            if getattr(self, name) is not None:
                out[name] = plain(getattr(self, name))
        if "cumulative" in out:
            out["cumulative"] |= {"by": self.asked.cumulative, "order": list(self.order)}
        if "subgroups" in out:
            out["subgroups"] |= {"by": self.asked.subgroup}
        return out


def plain(value: Any) -> Any:
    """A result as dictionaries, lists and numbers."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value) if one.name not in ELSEWHERE}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def look(table: Table, found: Meta, asked: Asked, design: Any = None) -> Looked:
    """Compute what was asked for from the studies of a pool; `design` (k, p) is that of its moderators.

    Raises `InputError` for a column that is not there or has no value for a study, and as the functions behind it do.
    """
    from reprieve.evidence.pooling.bayes import posterior
    from reprieve.evidence.pooling.bias import small_study
    from reprieve.evidence.pooling.influence import influence
    from reprieve.evidence.pooling.sensitivity import cumulative, leave_one_out
    from reprieve.evidence.pooling.subgroups import subgroups

    y, v = [one.yi for one in found.studies], [one.vi for one in found.studies]
    labels = [one.label for one in found.studies]
    how: dict[str, Any] = {"method": found.method, "test": found.test}
    full: dict[str, Any] = {**how, "level": found.level}
    years = None if asked.cumulative is None else _numbers(table, found, asked.cumulative)
    groups = None if asked.subgroup is None else _words(table, found, asked.subgroup)
    return Looked(
        asked=asked,
        leave_one_out=leave_one_out(y, v, labels, **full) if asked.leave_one_out else None,
        influence=influence(y, v, design, labels, **how) if asked.influence else None,
        cumulative=None if years is None else cumulative(y, v, years, labels, **full),
        order=() if years is None else tuple(sorted(years)),
        subgroups=None if groups is None else subgroups(y, v, groups, labels, **full),
        bias=small_study(y, v, labels, force=asked.force, **full) if asked.bias else None,
        bayes=posterior(y, v, labels, level=found.level) if asked.bayes else None,
    )


def _numbers(table: Table, found: Meta, column: str) -> list[float]:
    from reprieve.evidence.pooling.table import numeric

    values = numeric(table, column, option="cumulative")
    return [float(values[place]) for place in _places(table, found, column, "cumulative")]


def _words(table: Table, found: Meta, column: str) -> list[str]:
    cells = table.column(column, "subgroup")
    return [cells[place] for place in _places(table, found, column, "subgroup")]


def _places(table: Table, found: Meta, column: str, option: str) -> list[int]:
    """Where the studies of the pool are in the table. Refuses a study with an empty cell in the column."""
    from reprieve.evidence.pooling.table import MISSING

    cells, out = table.column(column, option), {one.row for one in found.excluded}
    places = [place for place, row in enumerate(table.rows) if row not in out]
    for place in places:
        if cells[place].lower() in MISSING:
            fix = "fill it in, or leave the study out of the table"
            raise InputError(table.where(place, column), cells[place], f"is missing and --{option} needs it", fix)
    return places
