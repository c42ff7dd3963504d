"""Operating characteristics of a design from the rows of its replicates, each with its Monte-Carlo error.

Shares have Wilson's score interval, means a normal one, both at 95 %, over the replicates. A replicate whose analysis
failed counts as no rejection and no success; it is left out of estimate, bias and coverage, and its share is reported.

    bias      = mean ( estimate - truth )
    coverage  = mean P( low <= truth + s Z <= high )     Z standard normal, s the standard error of that truth

The truth of a row is a mean over finitely many virtual patients; `s` carries what it does not know, so that coverage
is that of the truth in all patients (docs/simulated-trials.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.trials.design import schedule
from reprieve.trials.simulation.effect import Z95

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm

type Array = NDArray[np.float64]
type Rows = Mapping[str, Array] | Sequence[Mapping[str, float]]

INTERVAL = "95 % interval of the simulation, equal-tailed: Wilson for shares, normal for means"
# What each column of a row that counts a decision is called, in the order in which it is told.
DECISIONS = ("efficacy", "futility", "harm")
WORDS = {"efficacy": "stops for efficacy", "futility": "stops for futility", "harm": "stops for harm"}


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure over `replicates`, its Monte-Carlo standard error, and its 95 % interval. `kind` is share or mean."""

    value: float
    se: float
    low: float
    high: float
    replicates: int
    kind: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The characteristics of one comparison, by name, in points, shares or log hazard ratios as the analysis says."""

    active: str
    control: str
    measures: Mapping[str, Measure]


@dataclass(frozen=True, kw_only=True)
class OperatingCharacteristics(Result):
    """What a design does: `measures` of the trial by name, of each comparison, of each arm, and its decisions.

    `success` is called power in the world as modelled, type I error without any difference, false attribution where
    belief alone differs; `world` says which.
    """

    design: str
    world: str
    method: str
    values: str
    uncertainty: bool
    replicates: int
    measures: Mapping[str, Measure]
    decisions: Mapping[str, Measure]
    comparisons: tuple[Compared, ...]
    arms: Mapping[str, Mapping[str, Measure]]

    @property
    def headline(self) -> Measure:
        """Power, type I error or false attribution, as the world has it."""
        return self.measures[HEADLINES[self.world]]

    def to_json(self) -> dict[str, Any]:
        """Plain data; what does not apply is null."""
        return {
            "design": self.design,
            "world": self.world,
            "method": self.method,
            "values": self.values,
            "uncertainty": self.uncertainty,
            "replicates": self.replicates,
            "interval": INTERVAL,
            "measures": _told(self.measures),
            "decisions": _told(self.decisions),
            "comparisons": [
                {"active": one.active, "control": one.control, "measures": _told(one.measures)}
                for one in self.comparisons
            ],
            "arms": {name: _told(held) for name, held in self.arms.items()},
            "warnings": list(self.warnings),
            "versions": dict(self.versions),
            "inputs_digest": self.inputs_digest,
        }

    def table(self) -> list[dict[str, Any]]:
        """One row per figure: what it is of, its name, value, Monte-Carlo error, interval, replicates."""
        parts = [("trial", self.measures), ("decision", self.decisions)]
        parts += [(f"{one.active} against {one.control}", one.measures) for one in self.comparisons]
        parts += [(f"arm {name}", held) for name, held in self.arms.items()]
        return [{"of": what, "name": name} | asdict(one) for what, held in parts for name, one in held.items()]


HEADLINES = {"as_modelled": "power", "no_difference": "type I error", "belief_only": "false attribution"}


def characteristics(
    rows: Rows, design: DesignForm, *, world: str = "as_modelled", values: str = "", uncertainty: bool = True
) -> OperatingCharacteristics:
    """Return the operating characteristics of `design` from `rows`: columns by name, (replicates,), or a list of rows.

    `values` says what the parameters rest on, `uncertainty` whether they were drawn anew for each replicate.

    Raises `InputError` for no rows, an unknown world, or rows of another design.
    """
    if world not in HEADLINES:
        raise InputError("world", world, f"must be one of {', '.join(HEADLINES)}")
    columns = _columns(rows)
    active = [arm.name for arm in schedule.active_arms(design)]
    lacking = [name for name in _needed(active, design) if name not in columns]
    if lacking:
        raise InputError("rows", lacking, "are missing: the rows are not of this design")
    count = len(columns["rejected"])
    failed = share(columns["failed"])
    control = schedule.control(design).name
    return OperatingCharacteristics(
        versions=versions(),
        inputs_digest=digest([design.model_dump(), world, values, uncertainty, columns]),
        warnings=_warnings(failed, values, any(arm.psychotherapy for arm in design.arms)),
        design=design.name,
        world=world,
        method=design.analysis.method,
        values=values,
        uncertainty=uncertainty,
        replicates=count,
        measures=_measures(columns, world, failed),
        decisions=_decisions(columns),
        comparisons=tuple(
            Compared(name, control, _comparison(columns, place)) for place, name in enumerate(active, start=1)
        ),
        arms={arm.name: _arm(columns, arm.name) for arm in design.arms},
    )


def share(flags: Array) -> Measure:
    """The share of ones, with Wilson's interval; also of probabilities between 0 and 1, for which it is too wide."""
    known = flags[~np.isnan(flags)]
    n = len(known)
    if not n:
        return Measure(nan, nan, nan, nan, 0, "share")
    p = float(known.mean())
    middle, widen = p + Z95**2 / (2 * n), 1 + Z95**2 / n
    half = Z95 * sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    low = 0.0 if p == 0 else (middle - half) / widen
    high = 1.0 if p == 1 else (middle + half) / widen
    return Measure(p, float(known.std()) / sqrt(n), low, high, n, "share")


def average(values: Array) -> Measure:
    """The mean of what is known, with a normal interval."""
    known = values[~np.isnan(values)]
    n = len(known)
    if not n:
        return Measure(nan, nan, nan, nan, 0, "mean")
    mean = float(known.mean())
    se = float(known.std(ddof=1)) / sqrt(n) if n > 1 else nan
    return Measure(mean, se, mean - Z95 * se, mean + Z95 * se, n, "mean")


def covered(low: Array, high: Array, truth: Array, truth_se: Array) -> Array:
    """The probability that each interval holds the truth, (replicates,): 1 or 0 where the truth has no error."""
    from scipy.special import ndtr

    exact = np.where((low <= truth) & (truth <= high), 1.0, 0.0)
    spread = np.where(truth_se > 0, truth_se, 1.0)
    chance = ndtr((high - truth) / spread) - ndtr((low - truth) / spread)
    found = np.where(truth_se > 0, chance, exact)
    return np.asarray(np.where(np.isnan(low) | np.isnan(truth), nan, found))


def _columns(rows: Rows) -> dict[str, Array]:
    if isinstance(rows, Mapping):
        table = {name: np.asarray(values, dtype=np.float64) for name, values in rows.items()}
    else:
        names = rows[0] if rows else ()
        table = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}
    if not table or not next(iter(table.values())).size:
        raise InputError("rows", 0, "must hold at least one replicate")
    return table


def _needed(active: list[str], design: DesignForm) -> list[str]:
    names = ["rejected", "success", "failed", "patients", "screened", "look"]
    names += [f"estimate_{place}" for place in range(1, len(active) + 1)]
    return names + [f"seen:{arm.name}" for arm in design.arms]


def _measures(columns: Mapping[str, Array], world: str, failed: Measure) -> dict[str, Measure]:
    """Error counts rejections on either side; power and false attribution those in favour of an active arm."""
    counted = columns["rejected"] if world == "no_difference" else columns["success"]
    return {
        HEADLINES[world]: share(counted),
        "rejects on either side": share(columns["rejected"]),
        "expected patients": average(columns["patients"]),
        "expected screened": average(columns["screened"]),
        "analysis failed": failed,
    }


def _decisions(columns: Mapping[str, Array]) -> dict[str, Measure]:
    looks = sorted({int(name[4:].split("_")[0]) for name in columns if name.startswith("look") and "_" in name})
    found = {f"look {look}: {WORDS[why]}": share(columns[f"look{look}_{why}"]) for look in looks for why in DECISIONS}
    found["end: success"] = share(columns["final_success"])
    found["end: no success"] = share(columns["final_no_success"])
    return found


def _comparison(columns: Mapping[str, Array], place: int) -> dict[str, Measure]:
    def of(name: str) -> Array:
        return columns[f"{name}_{place}"]

    estimate, truth = of("estimate"), of("truth")
    error = estimate - truth
    return {
        "success": share(of("success")),
        "rejects on either side": share(of("rejected")),
        "dropped": share(of("dropped")),
        "estimate": average(estimate),
        "truth": average(np.where(np.isnan(estimate), nan, truth)),
        "bias": _bias(error, truth, of("truth_se")),
        "coverage": share(covered(of("low"), of("high"), truth, of("truth_se"))),
        "reported SE": average(of("se")),
        "SD of the error": _sd(error, truth, of("truth_se")),
        "analysis failed": share(of("failed")),
    }


def _bias(error: Array, truth: Array, truth_se: Array) -> Measure:
    """Mean error. Where one truth stands in every row its own error does not average out and is added."""
    found = average(error)
    if found.replicates < 2 or not _one(truth) or not truth_se[0] > 0:
        return found
    se = sqrt(found.se**2 + float(truth_se[0]) ** 2)
    return Measure(found.value, se, found.value - Z95 * se, found.value + Z95 * se, found.replicates, "mean")


def _one(truth: Array) -> bool:
    """Whether the rows share one truth."""
    return bool(np.ptp(truth[~np.isnan(truth)]) == 0) if (~np.isnan(truth)).any() else False


def _sd(error: Array, truth: Array, truth_se: Array) -> Measure:
    """Standard deviation of the error about the truth in all patients, with the error of a normal sample's.

    Where each row has the truth of its own patients, the spread of that truth is added; one truth for all has none.
    """
    known = error[~np.isnan(error)]
    n = len(known)
    if n < 2:
        return Measure(nan, nan, nan, nan, n, "mean")
    told = truth_se[~np.isnan(truth_se)]
    own = 0.0 if _one(truth) or not len(told) else float(np.mean(told**2))
    sd = sqrt(float(known.var(ddof=1)) + own)
    se = sd / sqrt(2 * (n - 1))
    return Measure(sd, se, sd - Z95 * se, sd + Z95 * se, n, "mean")


def _arm(columns: Mapping[str, Array], name: str) -> dict[str, Measure]:
    words = {
        "patients": "expected patients",
        "seen": "read on the primary day",
        "left": "left before the last visit",
        "stopped": "stopped treatment",
        "rescued": "rescued",
        "change": "change from baseline",
        "responders": "responders",
        # Only where session rules steer the infusions.
        "infusions_withheld": "share of infusions withheld",
        "infusions_paused": "share of infusions paused",
        "infusions_slowed": "share of infusions slowed",
        "infusions_stopped": "share of infusions stopped",
        "infusions_dose_share": "share of the planned dose given",
    }
    held = {key: columns.get(f"{key}:{name}") for key in words}
    return {words[key]: average(column) for key, column in held.items() if column is not None}


def _warnings(failed: Measure, values: str, psychotherapy: bool) -> tuple[str, ...]:
    told = []
    if failed.value > 0:
        told.append(f"{failed.value:.2%} of analyses failed or did not settle; they count as no rejection")
    if values == "assumed":
        told.append("parameters are assumed: no posterior is shipped")
        if psychotherapy:
            told.append("psychotherapy beside the infusions has no effect in the assumed parameters")
    return tuple(told)


def _told(table: Mapping[str, Measure]) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return None if isnan(value) else value

    return {
        name: {key: number(value) if isinstance(value, float) else value for key, value in asdict(one).items()}
        for name, one in table.items()
    }
