"""From the columns of a table to the arguments of a formula: fallbacks per row, empty cells, values that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reprieve.evidence.pooling.effects.checks import Array
from reprieve.evidence.pooling.effects.counts import with_added
from reprieve.evidence.pooling.roles import Columns, refuse_row
from reprieve.evidence.pooling.table import Table

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Zeros:
    """What is done about empty cells: see `effects.counts`."""

    add: float
    to: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The arguments of a formula, each (rows,); the columns a row needs, by name; and its origin in words."""

    arguments: tuple[Array, ...]
    needed: tuple[tuple[str, Array], ...]
    how: tuple[str, ...]

    def gaps(self, index: int) -> list[str]:
        """Return the names of the columns whose cell is missing in a row."""
        return [name for name, values in self.needed if np.isnan(values[index])]


def means(table: Table, columns: Columns, measure: str, zeros: Zeros) -> Parts:
    """Two groups: m1, sd1, n1, m2, sd2, n2; an SD that is missing comes from the standard error of the mean."""
    groups, needed, from_se = _groups(table, columns)
    m1, _, _, m2, _, _ = groups
    if measure == "ROM":
        for i in np.flatnonzero(m1 * m2 <= 0):
            role = "m1i" if m1[i] <= 0 else "m2i"
            refuse_row(table, columns, role, int(i), "means must be of one sign and not zero: a ratio has no logarithm")
    how = np.where(from_se, "means and standard errors", "means and SDs")
    return Parts(groups, needed, tuple(how.tolist()))


def standardised(table: Table, columns: Columns, measure: str, zeros: Zeros) -> Parts:
    """Two groups: d, n1, n2. In each row d itself if given, else from t, else from a signed two-sided p, else means."""
    from scipy.special import stdtrit

    from reprieve.evidence.pooling.effects.formulas import pooled

    rows = len(table)
    (m1, sd1, n1, m2, sd2, n2), needed, from_se = _groups(table, columns)
    from_means = (m1 - m2) / pooled(sd1, n1, sd2, n2)
    per_t = np.sqrt(1 / n1 + 1 / n2)
    p = columns.get("pi", rows)
    from_p = -np.sign(p) * stdtrit(n1 + n2 - 2, np.abs(p) / 2) * per_t
    choices = {
        "d": columns.get("di", rows),
        "t": columns.get("ti", rows) * per_t,
        "a two-sided p": from_p,
        "means and standard errors": np.where(from_se, from_means, np.nan),
        "means and SDs": from_means,
    }
    d, how = np.full(rows, np.nan), np.full(rows, "", dtype=object)
    for words, values in choices.items():
        fill = np.isnan(d) & ~np.isnan(values)
        d[fill], how[fill] = values[fill], words
    shortcuts = [role for role in ("di", "ti", "pi") if role in columns.values]
    told = [columns.get(role, rows) for role in shortcuts]
    known = np.any(~np.isnan(told), axis=0) if told else np.zeros(rows, dtype=bool)
    sizes = {columns.name("n1i"), columns.name("n2i")}
    with_means = "m1i" in columns.values and "m2i" in columns.values
    lacking = [(name, v if name in sizes else np.where(known, 0.0, v)) for name, v in needed]
    if not with_means:
        shortcut = " or ".join(columns.name(role) for role in shortcuts)
        lacking = [(shortcut, np.where(known, 0.0, np.nan)), *(one for one in lacking if one[0] in sizes)]
    return Parts((d, n1, n2), tuple(lacking), tuple(how.tolist()))


def paired(table: Table, columns: Columns, measure: str, zeros: Zeros) -> Parts:
    """Two readings of the same people: m1, sd1, m2, (sd2,) n, r."""
    roles = [role for role in ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri") if role != "sd2i" or measure != "SMCR"]
    r = columns["ri"]
    how = tuple("" if np.isnan(one) else f"two readings, correlation {one:g}" for one in r)
    return Parts(tuple(columns[role] for role in roles), _named(columns, roles), how)


def counts(table: Table, columns: Columns, measure: str, zeros: Zeros) -> Parts:
    """Two groups: a, b, c, d, with what is added to empty cells."""
    first, second = _cells(table, columns, "ai", "bi", "n1i"), _cells(table, columns, "ci", "di", "n2i")
    return _counted((*first[0], *second[0]), (*first[1], *second[1]), zeros)


def proportion(table: Table, columns: Columns, measure: str, zeros: Zeros) -> Parts:
    """One group: x, m, with what is added to empty cells."""
    cells, needed = _cells(table, columns, "xi", "mi", "ni")
    return _counted(cells, needed, zeros)


def correlation(table: Table, columns: Columns, measure: str, zeros: Zeros) -> Parts:
    """Correlations: r, n."""
    return Parts((columns["ri"], columns["ni"]), _named(columns, ["ri", "ni"]), ("correlation and n",) * len(table))


def given(table: Table, columns: Columns, measure: str, zeros: Zeros) -> Parts:
    """Estimates as they are: y, v; a variance that is missing comes from the standard error."""
    v, se = columns.get("vi", len(table)), columns.get("sei", len(table))
    name = " or ".join(columns.name(role) for role in ("vi", "sei") if role in columns.values)
    how = np.where(np.isnan(v), "estimate and standard error", "estimate and variance")
    both = np.where(np.isnan(v), se**2, v)
    return Parts((columns["yi"], both), ((columns.name("yi"), columns["yi"]), (name, both)), tuple(how.tolist()))


PARTS: dict[str, Callable[[Table, Columns, str, Zeros], Parts]] = {
    "means": means,
    "standardised": standardised,
    "paired": paired,
    "raw change": paired,
    "counts": counts,
    "proportion": proportion,
    "correlation": correlation,
    "given": given,
}


def _groups(table: Table, columns: Columns) -> tuple[tuple[Array, ...], tuple[tuple[str, Array], ...], Mask]:
    rows = len(table)
    found: list[Array] = []
    needed: list[tuple[str, Array]] = []
    from_se = np.zeros(rows, dtype=bool)
    for arm in "12":
        m, sd, se, n = (columns.get(f"{stem}{arm}i", rows) for stem in ("m", "sd", "se", "n"))
        lacks = np.isnan(sd) & ~np.isnan(se)
        spread = np.where(lacks, se * np.sqrt(n), sd)
        from_se |= lacks
        spreads = [columns.name(f"{stem}{arm}i") for stem in ("sd", "se") if f"{stem}{arm}i" in columns.values]
        # An SD from a standard error lacks nothing of its own when only n is missing.
        known = np.where(np.isnan(sd), se, sd)
        needed += [(columns.name(f"m{arm}i"), m), (" or ".join(spreads), known), (columns.name(f"n{arm}i"), n)]
        found += [m, spread, n]
    return tuple(found), tuple(needed), from_se


def _named(columns: Columns, roles: list[str]) -> tuple[tuple[str, Array], ...]:
    return tuple((columns.name(role), columns[role]) for role in roles)


def _cells(
    table: Table, columns: Columns, events: str, others: str, total: str
) -> tuple[tuple[Array, Array], tuple[tuple[str, Array], ...]]:
    """Events and the others of a group, the others from the size where need be; and what a row needs, by name."""
    rows = len(table)
    x, rest, n = columns[events], columns.get(others, rows), columns.get(total, rows)
    for i in np.flatnonzero(x > n):
        refuse_row(table, columns, events, int(i), f"is more than the {n[i]:g} in its group")
    for i in np.flatnonzero(~np.isnan(x + rest + n) & (n != x + rest)):
        of = f"{columns.name(events)} + {columns.name(others)}"
        refuse_row(table, columns, total, int(i), f"is not {of} = {x[i] + rest[i]:g}")
    for i in np.flatnonzero(x + rest == 0):
        refuse_row(table, columns, events, int(i), f"with 0 in {columns.name(others)}: the group is empty")
    either = " or ".join(columns.name(role) for role in (total, others) if role in columns.values)
    needed = ((columns.name(events), x), (either, np.where(np.isnan(rest), n, rest)))
    return (x, np.where(np.isnan(rest), n - x, rest)), needed


def _counted(cells: tuple[Array, ...], needed: tuple[tuple[str, Array], ...], zeros: Zeros) -> Parts:
    filled, touched = with_added(cells, zeros.add, zeros.to)
    how = np.where(touched, f"counts, {zeros.add:g} added to every cell", "counts")
    return Parts(filled, needed, tuple(how.tolist()))
