"""What a reader of a meta-analysis must know beside its numbers."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version

from reprieve.core.results import versions
from reprieve.evidence.pooling.fit import Fit
from reprieve.evidence.pooling.permutation import Permutation
from reprieve.evidence.pooling.reading import Read

FEW = 5
UNEVEN = 1e7  # metafor warns from here: weights that differ so much leave few digits


def notes(data: Read, fitted: Fit, tried: Permutation | None) -> tuple[str, ...]:
    """Return the warnings of a fit, each one line."""
    k, uneven = len(data.yi), float(data.vi.max() / data.vi.min())
    found = list(data.notes)
    if k < FEW:
        found.append(f"k = {k}, fewer than {FEW} studies: heterogeneity and what it widens are hardly known")
    if not fitted.converged:
        found.append(f"the search for tau2 by {fitted.method} did not settle: do not use these numbers")
    if uneven >= UNEVEN:
        found.append(f"the largest variance is {uneven:.1g} times the smallest: check their unit")
    found += _about_the_test(data, fitted)
    same = Counter(zip(data.labels, data.yi.tolist(), data.vi.tolist(), strict=True))
    found += [
        f"{row[0]} is there {n} times with the same numbers: counted each time" for row, n in same.items() if n > 1
    ]
    if tried is not None and tried.failed:
        found.append(f"{tried.failed} of {tried.count} permutations had no estimate of tau2 and are left out")
    return tuple(found)


def _about_the_test(data: Read, fitted: Fit) -> list[str]:
    if fitted.test != "knha":
        return []
    found = []
    if fitted.method == "EE":
        found.append("the Knapp-Hartung test is not meant for equal effects: use the test z")
    # The weighted mean square of the residuals: what Knapp-Hartung multiplies the variances with.
    plain = data.design.matrix if data.design else None
    residual = data.yi - (fitted.beta[0] if plain is None else plain @ fitted.beta)
    scale = float((fitted.weights * residual**2).sum() / fitted.df)
    if not fitted.se.all():
        found.append("the studies agree exactly, so the Knapp-Hartung error is zero: use the test z")
    elif scale < 1:
        found.append("the studies agree better than chance, so Knapp-Hartung shrinks the errors: see the test z too")
    return found


def versions_for(method: str) -> dict[str, str]:
    """Return the versions that a meta-analysis depends on."""
    used = ("scipy",) if method == "EE" else ("scipy", "pymare")
    return {**versions(), **{name: version(name) for name in used}}
