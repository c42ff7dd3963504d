"""What a design does, as tables for people: every figure with its Monte-Carlo error, and what it rests on."""

from __future__ import annotations

from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprieve.cli import show, summary

if TYPE_CHECKING:
    from reprieve.trials.characteristics import Measure, OperatingCharacteristics
    from reprieve.trials.design.form import DesignForm
    from reprieve.trials.simulated import TrialRun
    from reprieve.trials.sizing import SampleSize

WORLDS = {"as_modelled": "as modelled", "no_difference": "no difference", "belief_only": "belief only"}
MEANING = {
    "as_modelled": "As modelled: drug benefit and belief as the model has them.",
    "no_difference": "No difference: every arm is given what the control is given; a rejection is a type I error.",
    "belief_only": "Belief only: the drug does nothing for symptoms but is felt, and belief follows; "
    "a rejection in its favour is a false attribution.",
}
COLUMNS = ("value", "MC error", "95 % interval")
RARE = 5e-4  # a decision that happens less often is not worth a line


def print_run(run: TrialRun) -> None:
    """Print the operating characteristics of every world, then what they rest on."""
    from reprieve.trials.characteristics import INTERVAL
    from reprieve.trials.design.schedule import arm_sizes

    sizes = " + ".join(str(size) for size in arm_sizes(run.design))
    show.say(
        run.design.name,
        f"{sizes} patients, {run.design.analysis.method}; {run.replicates:,} replicates of each world, "
        f"seed {run.seed}, executor {run.executor}",
        "",
    )
    heads = [(WORLDS[world], _head(found)[0], *_figures(_head(found)[1])) for world, found in run.worlds.items()]
    show.table("In each world", ("world", "rate", *COLUMNS), heads, ("rate",))
    if "as_modelled" in run.worlds:
        show.table("As modelled", ("of", "figure", *COLUMNS), _details(run), ("figure",))
    show.say(f"{INTERVAL}.", *(MEANING[world] for world in run.worlds), _basis(run.values, run.uncertainty), "")
    summary.print_warnings(run.warnings)
    _print_kept(run)
    summary.print_basis(run.design.disposition)


def _head(found: OperatingCharacteristics) -> tuple[str, Measure]:
    """The one figure that a world is simulated for: power, type I error or false attribution."""
    return next(iter(found.measures.items()))


def _details(run: TrialRun) -> list[tuple[object, ...]]:
    found = run.worlds["as_modelled"]
    parts = [("trial", dict(list(found.measures.items())[1:]))]
    if any(name.startswith("look") for name in found.decisions):
        parts.append(("decision", {name: one for name, one in found.decisions.items() if one.value > RARE}))
    parts += [(f"{pair.active} against {pair.control}", dict(pair.measures)) for pair in found.comparisons]
    parts += [(f"arm {arm}", dict(held)) for arm, held in found.arms.items()]
    lines = [(of, name, *_figures(one)) for of, held in parts for name, one in held.items() if _is_told(name, one)]
    for arm, share in run.truth.unblinding.items() if run.truth is not None else ():
        low, high = (show.words(limit) for limit in share.interval)
        told = ("share of the true difference through belief", share.value, share.se, f"{low} to {high}")
        lines.append((f"arm {arm}", *told))
    return lines


def _is_told(name: str, one: Measure) -> bool:
    """Whether a figure applies and happens."""
    return not isnan(one.value) and not (name in ("analysis failed", "dropped", "rescued") and one.value == 0)


def _figures(one: Measure) -> tuple[object, ...]:
    return one.value, one.se, f"{show.words(one.low)} to {show.words(one.high)}"


def _basis(values: str, uncertainty: bool) -> str:
    """What the parameters rest on, in a sentence."""
    if values == "assumed":
        return "The model's parameters are assumed values: no fit is shipped, so power is conditional on them."
    if uncertainty:
        return f"The model's parameters are drawn anew for each replicate from {values}: power is assurance."
    return f"The model's parameters are held at the centre of {values}: power is conditional on them."


def _print_kept(run: TrialRun) -> None:
    for world, rows in run.rows.items():
        if rows.damaged:
            show.say(f"{WORLDS[world]}: {len(rows.damaged)} damaged files were computed again.")
    if run.folder is not None:
        kept = sum(rows.kept for rows in run.rows.values())
        show.say(f"Kept in {run.folder}; {kept:,} replicates were there before.", "")


def write_rows(run: TrialRun, path: Path) -> None:
    """Write one row per world and replicate."""
    import polars

    worlds = [
        rows.frame().insert_column(
            0, polars.repeat(world, rows.replicates, dtype=polars.String, eager=True).alias("world")
        )
        for world, rows in run.rows.items()
    ]
    about = {"design": run.design.name, "seed": str(run.seed), "executor": run.executor, "values": run.values}
    polars.concat(worlds).write_parquet(path, metadata={**about, "inputs_digest": run.inputs_digest})


def print_size(design: DesignForm, found: SampleSize, conditional: bool) -> None:
    """Print what a search found, and the power at every size tried."""
    said = "not found" if found.size is None else f"{found.size} patients in all"
    high = f"{found.high:,.0f}" if isfinite(found.high) else "any size"
    show.say(
        design.name,
        f"Power {found.target:g}: {said} (95 % Monte-Carlo interval {found.low:,.0f} to {high}); {found.said}.",
        f"Power there by the fitted curve: {found.power:.3f}, Monte-Carlo error {found.power_se:.3f}; "
        f"{found.replicates:,} trials simulated.",
        "Conditional power: parameters at their centre." if conditional else "Parameters as far as they are uncertain.",
        "",
    )
    rows = [(one.size, one.replicates, one.power, one.se) for one in found.tried]
    show.table("Power by size", ("patients", "trials", "power", "MC error"), rows)
    summary.print_basis(design.disposition)


def size_to_json(design: DesignForm, found: SampleSize, asked: dict[str, Any]) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "design": design.name,
        "seed": asked["seed"],
        "conditional": asked["conditional"],
        "target": found.target,
        "patients": found.size,
        "low": found.low,
        "high": found.high,
        "interval": "95 % interval of the simulation (Fieller)",
        "power": found.power,
        "power_se": found.power_se,
        "replicates": found.replicates,
        "said": found.said,
        "tried": [
            {"patients": one.size, "replicates": one.replicates, "power": one.power, "se": one.se}
            for one in found.tried
        ],
    }
