"""The card of the calibration: what was learned from data, what stayed an assumption, and how far to trust the fits.

`learned` means that the data took at least 0.3 off the variance of the prior, on the prior's scale; anything less is
`assumed`. Everything comes from the headers of the shipped fits: no sampler is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.calibration.posterior import LEARNED, Posterior, load_posterior
from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

INTERVAL = "95 % credible interval, equal-tailed"
PARTS = ("chain", "comparator", "tolerability")
HYPOTHESIS = (
    "The mechanism is a hypothesis. A fit says which values of its parameters agree with the data if the mechanism is "
    "right; it does not say that it is right."
)
COMPARATOR = (
    "The empirical comparator knows dose and time alone and was fitted to the same data. "
    "Largest benefit for civilians: chain {chain}; comparator {comparator} (median, {interval}). "
    "Whether the mechanism predicts trials better than it does is for `reprieve replay` to say."
)
CUT = "Efficacy and tolerability are separate fits: neither informs the other, and their draws are paired by number."


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter: prior, posterior, and what the data did. Values on the natural scale, `scale` is the prior's."""

    name: str
    label: str
    unit: str
    scale: str
    centre: float
    spread: float
    source: str
    seen: str
    studies: tuple[str, ...]
    median: float
    low: float
    high: float
    shrinkage: float
    moved: float
    word: str
    shift: float
    shifted_by: str
    flag: bool


@dataclass(frozen=True)
class Part:
    """One fit: its rows, learned first, its data and its diagnostics. `sbc` is None where it was not run."""

    name: str
    rows: tuple[Row, ...]
    data_rows: tuple[str, ...]
    studies: tuple[str, ...]
    diagnostics: Mapping[str, Any]
    sbc: Mapping[str, Any] | None
    not_judged: tuple[str, ...]
    seed: int
    versions: Mapping[str, str]

    @property
    def learned(self) -> tuple[str, ...]:
        """Return the names of what was learned."""
        return tuple(row.name for row in self.rows if row.word == "learned")


@dataclass(frozen=True)
class Card:
    """The card. Outside every fit: `never_fitted`, quantities that no source carries, and `sourced`, the others."""

    version: str
    digest: str
    parts: Mapping[str, Part]
    never_fitted: tuple[str, ...]
    sourced: tuple[str, ...]
    sentences: tuple[str, ...]

    @property
    def first_line(self) -> str:
        """Return what a hurried reader must know."""
        learned = ", ".join(f"{name} {len(part.learned)} of {len(part.rows)}" for name, part in self.parts.items())
        return (
            f"Learned from data, of the fitted parameters: {learned}. The others stay assumed, and so do "
            f"{len(self.never_fitted)} quantities outside the fits; a source carries {len(self.sourced)} more."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the card as one object."""
        return {
            "version": self.version,
            "digest": self.digest,
            "first_line": self.first_line,
            "learned_from_shrinkage": LEARNED,
            "interval": INTERVAL,
            "fits": {name: _part_json(part) for name, part in self.parts.items()},
            "never_fitted": list(self.never_fitted),
            "sourced": list(self.sourced),
            "sentences": list(self.sentences),
        }


def card(place: Path | None = None) -> Card:
    """Return the card of the shipped posterior, or of the fits in the folder `place`.

    Raises `InputError` if there is none, or if its files were changed.
    """
    chain, comparator = load_posterior("chain", place=place), load_posterior("comparator", place=place)
    headers = {
        "chain": chain.headers["efficacy"],
        "comparator": comparator.headers["efficacy"],
        "tolerability": chain.headers["tolerability"],
    }
    parts = {name: _part(name, headers[name]) for name in PARTS}
    unsourced, sourced = _outside(chain, comparator)
    benefit = {name: _benefit(one) for name, one in (("chain", chain), ("comparator", comparator))}
    return Card(
        version=chain.version,
        digest=chain.digest,
        parts=parts,
        never_fitted=unsourced,
        sourced=sourced,
        sentences=(HYPOTHESIS, COMPARATOR.format(interval=INTERVAL, **benefit), CUT),
    )


def card_or_none() -> Card | None:
    """Return the card of the shipped posterior, or None where the package ships none.

    Raises `InputError` if its files were changed.
    """
    from reprieve.calibration.store import shipped

    return card() if shipped() else None


def _part(name: str, header: Mapping[str, Any]) -> Part:
    rows = [_row(prior, header) for prior in header["priors"]]
    judged = header["sensitivity"]
    return Part(
        name=name,
        rows=tuple(sorted(rows, key=lambda row: (row.word != "learned", -row.shrinkage))),
        data_rows=tuple(header["rows"]),
        studies=tuple(header["studies"]),
        diagnostics=header["diagnostics"],
        sbc=header.get("sbc"),
        not_judged=tuple(f"{one['prior']} {one['spread']}" for one in judged["not_judged"]),
        seed=header["seed"],
        versions=header["versions"],
    )


def _row(prior: Mapping[str, Any], header: Mapping[str, Any]) -> Row:
    name = prior["name"]
    held, found = header["summary"][name], header["shrinkage"][name]
    shift = header["sensitivity"]["parameters"][name]
    return Row(
        **{key: prior[key] for key in ("name", "label", "unit", "scale", "centre", "spread", "source", "seen")},
        studies=tuple(prior["studies"]),
        **{key: held[key] for key in ("median", "low", "high")},
        shrinkage=found["shrinkage"],
        moved=found["moved"],
        word="learned" if found["shrinkage"] >= LEARNED else "assumed",
        shift=shift["shift"],
        shifted_by=f"{shift['prior']} {shift['spread']}".strip(),
        flag=shift["flag"],
    )


def _outside(*posteriors: Posterior) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Quantities of the mechanism that no fit touches: those that no source carries, and the others."""
    from reprieve.model.parameters import default_parameters

    base = default_parameters()
    touched: set[str] = set()
    for posterior in posteriors:
        fitted = posterior.central("civilian")
        touched |= {name for name in base.names if fitted.quantity(name) != base.quantity(name)}
    rest = [name for name in base.names if name not in touched]
    unsourced = set(base.assumed())
    return tuple(name for name in rest if name in unsourced), tuple(name for name in rest if name not in unsourced)


def _benefit(posterior: Posterior) -> str:
    """The largest benefit of the average civilian trial: median and interval in words."""
    stem = "benefit" if posterior.forecaster == "chain" else "empirical_benefit"
    logit = posterior.draws.get(f"{stem}_logit_mean")
    if logit is None:
        raise InputError("posterior", posterior.forecaster, "holds no largest benefit")
    low, median, high = np.percentile(1 / (1 + np.exp(-logit)), (2.5, 50, 97.5))
    return f"{median:.2f}, {low:.2f} to {high:.2f}"


def _part_json(part: Part) -> dict[str, Any]:
    return {
        "rows": [{**asdict(row), "studies": list(row.studies)} for row in part.rows],
        "learned": list(part.learned),
        "data_rows": list(part.data_rows),
        "studies": list(part.studies),
        "diagnostics": dict(part.diagnostics),
        "sbc": part.sbc,
        "sensitivity_not_judged": list(part.not_judged),
        "seed": part.seed,
        "versions": dict(part.versions),
    }
