"""Effect sizes of a whole table, as R metafor's `escalc`: one row, one effect; rows without one keep their reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reprieve.core.errors import InputError
from reprieve.evidence.pooling.effects import formulas
from reprieve.evidence.pooling.effects.checks import Array, choose
from reprieve.evidence.pooling.effects.counts import ADD
from reprieve.evidence.pooling.parts import PARTS, Zeros
from reprieve.evidence.pooling.roles import FAMILIES, read_columns
from reprieve.evidence.pooling.table import Excluded, Table, read_table

NO_LOGARITHM = "an empty cell, and nothing is added to it"
NO_SPREAD = "its variance would be 0, or not finite"
FEW_PAIRS = "a change without spread, or fewer than 3 pairs"
NO_CORRELATION = "a correlation of 1 or -1, or fewer than 4 pairs"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: what it is called, the columns it reads, its formula, and why a row may have no effect."""

    label: str
    family: str
    formula: Callable[..., tuple[Array, Array]]
    no_effect: str


MEASURES = {
    "MD": Measure("mean difference", "means", formulas.md, NO_SPREAD),
    "SMD": Measure("standardised mean difference (Hedges g)", "standardised", formulas.smd_of_d, NO_SPREAD),
    "SMDH": Measure("standardised mean difference, unlike spreads", "means", formulas.smdh, NO_SPREAD),
    "ROM": Measure("log ratio of means", "means", formulas.rom, NO_SPREAD),
    "MC": Measure("mean change", "paired", formulas.mc, FEW_PAIRS),
    "SMCC": Measure("standardised mean change, by the SD of change", "paired", formulas.smcc, FEW_PAIRS),
    "SMCR": Measure("standardised mean change, by the raw SD", "raw change", formulas.smcr, FEW_PAIRS),
    "OR": Measure("log odds ratio", "counts", formulas.odds_ratio, NO_LOGARITHM),
    "RR": Measure("log risk ratio", "counts", formulas.risk_ratio, NO_LOGARITHM),
    "RD": Measure("risk difference", "counts", formulas.risk_difference, NO_SPREAD),
    "PETO": Measure(
        "log odds ratio by Peto's method", "counts", formulas.peto, "no event, or only events, in both groups"
    ),
    "PR": Measure("raw proportion", "proportion", formulas.proportion, NO_SPREAD),
    "PLO": Measure("logit of a proportion", "proportion", formulas.logit_proportion, NO_LOGARITHM),
    "PAS": Measure("arcsine of a proportion", "proportion", formulas.arcsine_proportion, NO_SPREAD),
    "COR": Measure("correlation", "correlation", formulas.correlation, NO_CORRELATION),
    "ZCOR": Measure("correlation, Fisher's z", "correlation", formulas.z_correlation, NO_CORRELATION),
    "GEN": Measure("estimate as given", "given", lambda y, v, vtype: (y, v), NO_SPREAD),
}


@dataclass(frozen=True, slots=True)
class EffectTable:
    """Effects of the rows that have one, in the order of the table; the others in `excluded` with their reason.

    `yi` and `vi` are (k,), read-only; `rows`, `labels` and `how` say of each which row it is, what the row is called
    and what the effect was computed from. `columns` says which column was read as what; `notes` what was guessed.
    """

    measure: str
    vtype: str
    yi: Array
    vi: Array
    rows: tuple[int, ...]
    labels: tuple[str, ...]
    how: tuple[str, ...]
    excluded: tuple[Excluded, ...]
    columns: Mapping[str, str | float]
    source: Table
    notes: tuple[str, ...] = ()

    def table(self) -> dict[str, list[Any]]:
        """Return the columns of the source as text, with `yi` and `vi` as numbers; None where a row has no effect."""
        at = {row: i for i, row in enumerate(self.rows)}
        place = [at.get(row) for row in self.source.rows]
        cells: dict[str, list[Any]] = {name: list(column) for name, column in self.source.columns.items()}
        cells["yi"] = [None if i is None else float(self.yi[i]) for i in place]
        cells["vi"] = [None if i is None else float(self.vi[i]) for i in place]
        return cells

    def to_json(self) -> dict[str, Any]:
        """Return measure, vtype, rows (each row, label, yi, vi, how), excluded (row, label, reason), columns, notes."""
        found = zip(self.rows, self.labels, self.yi.tolist(), self.vi.tolist(), self.how, strict=True)
        return {
            "measure": self.measure,
            "vtype": self.vtype,
            "rows": [dict(zip(("row", "label", "yi", "vi", "how"), one, strict=True)) for one in found],
            "excluded": [{"row": one.row, "label": one.label, "reason": one.reason} for one in self.excluded],
            "columns": dict(self.columns),
            "notes": list(self.notes),
        }


def escalc(
    measure: str,
    table: object,
    *,
    vtype: str = "LS",
    add: float | None = None,
    to: str = "only0",
    label: str | None = None,
    **columns: str | float,
) -> EffectTable:
    """Compute one effect per row of a table: a path, a mapping of columns or a polars frame.

    `measure` is a key of `MEASURES`. Columns are found under metafor's or Metapsy's names, or as named in `columns`
    (m1i="mean_ketamine"); a number there holds for every row (ri=0.5). `vtype` is one of `formulas.VTYPES` of the
    measure; `add` (one half; 0 for PAS) goes to the cells of the tables that `to` says, see `effects.counts`.

    Raises `InputError` for an unknown measure or option, columns that are not there, values that cannot be (by row
    and column), and a table where no row has an effect.
    """
    name = choose("measure", str(measure).upper(), tuple(MEASURES))
    known, read = MEASURES[name], read_table(table)
    choose("vtype", vtype, formulas.VTYPES[name])
    found = read_columns(read, name, FAMILIES[known.family], columns)
    labels = read.labels(label)
    usual = 0 if name == "PAS" else ADD
    with np.errstate(all="ignore"):  # what comes out infinite or NaN is left out below, with its reason
        parts = PARTS[known.family](read, found, name, Zeros(usual if add is None else add, to))
        yi, vi = (np.array(one, dtype=float) for one in known.formula(*parts.arguments, vtype=vtype))
        good = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    excluded = []
    for i in np.flatnonzero(~good):
        gaps = parts.gaps(int(i))
        reason = f"missing {', '.join(gaps)}" if gaps else known.no_effect
        excluded.append(Excluded(read.rows[i], labels[i], reason))
    kept = np.flatnonzero(good)
    if not len(kept):
        why = f"row {excluded[0].row}: {excluded[0].reason}"
        raise InputError("table", read.name, f"has no row with an effect: {why}")
    replaced = [one for one in ("yi", "vi") if one in read.columns and one not in found.read_from.values()]
    notes = (*read.notes, *([f"columns {' and '.join(replaced)} of the table are replaced"] if replaced else []))
    return EffectTable(
        measure=name,
        vtype=vtype,
        yi=_frozen(yi[kept]),
        vi=_frozen(vi[kept]),
        rows=tuple(read.rows[i] for i in kept),
        labels=tuple(labels[i] for i in kept),
        how=tuple(parts.how[i] for i in kept),
        excluded=tuple(excluded),
        columns=dict(found.read_from),
        source=read,
        notes=notes,
    )


def _frozen(values: Array) -> Array:
    values.setflags(write=False)
    return values
