"""What a forest plot is made of, and the table twin that it is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reprieve.figures.figure import Cell, Table
from reprieve.figures.pieces import verified

# Kinds of rows, in their order on the page.
STUDY, POOLED, PREDICTION, NOT_POOLED, PUBLISHED, SILENT = (
    *("study", "pooled", "prediction", "not pooled", "published elsewhere", "no figures here"),
)
COLUMNS = (
    *("kind", "name", "year", "instrument", "day", "n treatment", "n comparator", "effect", "low", "high", "interval"),
    *("weight, %", "seen", "note"),
)
BIAS = "risk of bias: "

type Bias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A study with figures: effect and confidence interval on the scale of the axis, day since the first dose.

    `weight_percent` is None for a study that is not in the pool; `note` then says why. `seen` is empty in anyone's
    own table. `bias` holds domain and judgement, in the order they are shown.
    """

    name: str
    effect: float
    ci_low: float
    ci_high: float
    weight_percent: float | None = None
    year: int | None = None
    n_treatment: int | None = None
    n_comparator: int | None = None
    instrument: str = ""
    day: float | None = None
    seen: str = ""
    note: str = ""
    bias: Bias = ()


@dataclass(frozen=True, slots=True)
class ForestPool:
    """The pooled effect: its confidence interval, the prediction interval if there is one, and how it was made."""

    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float | None
    pi_high: float | None
    how: str
    heterogeneity: str = ""


@dataclass(frozen=True, slots=True)
class ForestPublished:
    """A pooled effect that others published, with the sign of this axis."""

    name: str
    what: str
    estimate: float
    ci_low: float
    ci_high: float
    seen: str


@dataclass(frozen=True, slots=True)
class ForestWords:
    """A study that gives the pool no figure, and what it says instead."""

    name: str
    words: str
    year: int | None = None
    bias: Bias = ()


@dataclass(frozen=True, slots=True)
class Forest:
    """Everything on one forest plot. `refused` stands where the diamond would, if nothing was pooled."""

    rows: tuple[ForestRow, ...]
    pool: ForestPool | None = None
    refused: str = ""
    published: tuple[ForestPublished, ...] = ()
    silent: tuple[ForestWords, ...] = ()
    level: float = 0.95

    def table(self) -> Table:
        """Return the table twin: one row for each row of the picture, every interval with its level and kind."""
        rows = [*map(self._study, self.rows), *self._pooled(), *map(self._published, self.published)]
        rows += [
            {"kind": SILENT, "name": one.name, "year": one.year, "note": one.words} | _judged(one.bias)
            for one in self.silent
        ]
        domains = dict.fromkeys(key for row in rows for key in row if key.startswith(BIAS))
        return Table.of({name: [row.get(name) for row in rows] for name in (*COLUMNS, *domains)})

    @property
    def percent(self) -> str:
        """The level of the intervals as a reader writes it."""
        return f"{100 * self.level:g} %"

    def _study(self, one: ForestRow) -> dict[str, Any]:
        return {
            "kind": STUDY,
            "name": one.name,
            "year": one.year,
            "instrument": one.instrument,
            "day": one.day,
            "n treatment": one.n_treatment,
            "n comparator": one.n_comparator,
            "effect": one.effect,
            "low": one.ci_low,
            "high": one.ci_high,
            "interval": f"{self.percent} confidence, normal",
            "weight, %": one.weight_percent,
            "seen": one.seen,
            "note": one.note,
        } | _judged(one.bias)

    def _pooled(self) -> list[dict[str, Any]]:
        if self.pool is None:
            return [{"kind": NOT_POOLED, "note": self.refused}] if self.refused else []
        held = self.pool
        diamond = {
            "kind": POOLED,
            "effect": held.estimate,
            "low": held.ci_low,
            "high": held.ci_high,
            "interval": f"{self.percent} confidence, {held.how}",
            "note": held.heterogeneity,
        }
        if held.pi_low is None or held.pi_high is None:
            return [diamond]
        interval = f"{self.percent} prediction, true effect of a new study"
        return [diamond, {"kind": PREDICTION, "low": held.pi_low, "high": held.pi_high, "interval": interval}]

    @staticmethod
    def _published(one: ForestPublished) -> dict[str, Any]:
        ends = {"effect": one.estimate, "low": one.ci_low, "high": one.ci_high, "seen": one.seen, "note": one.what}
        return {"kind": PUBLISHED, "name": one.name, "interval": "95 % confidence, as published"} | ends


def _judged(bias: Bias) -> dict[str, Any]:
    return {f"{BIAS}{domain}": judgement for domain, judgement in bias}


def points(table: Table) -> list[dict[str, Any]]:
    """The plotted points, straight from the table twin: every row with an interval, hollow where it is unverified."""
    wanted = ("kind", "name", "effect", "low", "high", "weight, %")
    return [
        {"row": place, "hollow": not verified(row["seen"]), **{key: row[key] for key in wanted}}
        for place, row in enumerate(rows_of(table))
        if row["low"] is not None and row["high"] is not None
    ]


def rows_of(table: Table) -> Sequence[dict[str, Cell]]:
    """The rows of a table as mappings."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
