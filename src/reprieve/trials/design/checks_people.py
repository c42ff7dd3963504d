"""Who is in the trial: the baseline, who is let in, where they are."""

from __future__ import annotations

from math import erf, sqrt
from typing import TYPE_CHECKING

from reprieve.core.errors import InputError
from reprieve.core.instruments import instrument
from reprieve.trials.design.schedule import arm_sizes

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm

LEAST_SHARE = 0.001  # of those screened; below it nobody passes, in effect (assumption)
_LOOKED_AT = 500  # patients of the population whose mean and SD stand for it


def baseline(design: DesignForm, where: str) -> None:
    """The baseline lies on the scale."""
    top, mean, sd = instrument("caps5").maximum, design.baseline.caps5_mean, design.baseline.caps5_sd
    if mean is not None and mean >= top:
        raise InputError(f"{where}: baseline.caps5_mean", mean, f"must be below {top}, the scale's maximum")
    if sd is not None and sd > top / 2:
        raise InputError(f"{where}: baseline.caps5_sd", sd, f"must be at most {top / 2:g}, half the scale")


def entry(design: DesignForm, where: str) -> None:
    """Somebody is let in."""
    low, high, top = design.entry.minimum, design.entry.maximum, instrument(design.entry.score).maximum
    for key, value in (("minimum", low), ("maximum", high)):
        if value is not None and not 0 <= value <= top:
            rule = f"must be from 0 to {top}, the range of {instrument(design.entry.score).name}"
            raise InputError(f"{where}: entry.{key}", value, rule)
    if low is not None and high is not None and low >= high:
        raise InputError(f"{where}: entry.minimum", low, f"must be below entry.maximum, {high:g}")
    mean, sd = _readings(design)
    share = _below(top if high is None else high, mean, sd) - (0.0 if low is None else _below(low, mean, sd))
    if (low is not None or high is not None) and share < LEAST_SHARE:
        key, value = ("minimum", low) if low is not None and low > mean else ("maximum", high)
        rule = f"lets in fewer than one in {1 / LEAST_SHARE:.0f}: readings at screening are {mean:.0f} (SD {sd:.0f})"
        raise InputError(f"{where}: entry.{key}", value, rule, "move it, or the baseline")


def sites(design: DesignForm, where: str) -> None:
    """Every site can have a patient, and sites differ only where there are several."""
    everybody = sum(arm_sizes(design))
    if design.sites > everybody:
        raise InputError(f"{where}: sites", design.sites, f"must be at most the {everybody} patients")
    if design.sites == 1 and design.site_sd_points > 0:
        fix = "write more sites, or leave it out"
        raise InputError(f"{where}: site_sd_points", design.site_sd_points, "needs more than one site", fix)


def _readings(design: DesignForm) -> tuple[float, float]:
    """Mean and SD of what the entry score reads at screening."""
    from reprieve.model.parameters import default_parameters
    from reprieve.model.population import population

    score, parameters = design.entry.score, default_parameters()
    people = population(_LOOKED_AT, profile=design.population)
    totals = sum(people.baseline_of(instrument(score).name).values())
    mean, sd = float(totals.mean()), float(totals.std())  # type: ignore[union-attr]
    if score == "caps5":
        mean = design.baseline.caps5_mean or mean
        sd = design.baseline.caps5_sd or sd
    noise = [parameters[f"{score}_{part}_sd_points"] for part in ("fluctuation", "error")]
    return mean, sqrt(sd**2 + noise[0] ** 2 + noise[1] ** 2)


def _below(value: float, mean: float, sd: float) -> float:
    return (1 + erf((value - mean) / (sd * sqrt(2)))) / 2
