"""Invented trials laid over the data package, and the formulas of the tests: none of them asks the code under test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import exp, lgamma, sqrt

from reprieve.evidence.package.load import Package, load
from reprieve.evidence.package.rows import Outcome, Overlap

type Arm = tuple[float, float, int]

LIKE = "duek2023"
HIERARCHY = ("CAPS-5", "CAPS", "PSSI-5", "PCL-5", "PCL", "PCL-M", "PCL-C", "IES-R")
KETAMINE, CONTROL = (25.0, 10.0, 30), (30.0, 11.0, 28)
SINGLE = (0.0,)
SERIES = (0.0, 2.0, 4.0, 7.0, 9.0, 11.0)


def trial(
    package: Package,
    name: str,
    *,
    doses: Iterable[float] = SINGLE,
    role: str = "active",
    population: str = "civilian",
    pool: str = "ptsd",
    year: int = 2030,
) -> Package:
    """The package and one more trial: two arms, a dose history, no reading yet."""
    study = replace(load().study(LIKE), study=name, pool=pool, population=population, year=year, n_analysed=58)
    arms = tuple(
        replace(one, study=name, role=role if one.arm == "midazolam" else one.role)
        for one in package.arms
        if one.study == LIKE
    )
    like = next(one for one in package.doses if one.study == LIKE)
    given = tuple(
        replace(like, study=name, arm=arm, day=day, infusion=i)
        for arm in ("ketamine", "midazolam")
        for i, day in enumerate(doses, 1)
    )
    return replace(
        package, studies=(*package.studies, study), arms=(*package.arms, *arms), doses=(*package.doses, *given)
    )


def reading(
    package: Package,
    study: str,
    day: float,
    *,
    ketamine: Arm = KETAMINE,
    control: Arm = CONTROL,
    instrument: str = "CAPS-5",
    measure: str = "mean",
    seen: str = "full text",
) -> Package:
    """The package and one more reading of both arms of a study; its row is `ID-k+ID-c`, ID as in `row`."""
    like = next(one for one in package.outcomes if one.study == LIKE and one.subscale is None and one.day == 5)
    rows = tuple(
        replace(
            like,
            row_id=f"{name}-{arm[0]}",
            study=study,
            arm=arm,
            instrument=instrument,
            measure=measure,
            day=day,
            value=mean,
            dispersion=sd,
            dispersion_type="sd",
            n=n,
            seen=seen,
        )
        for name in [f"{study}-{instrument}-{measure}-{day:g}"]
        for arm, (mean, sd, n) in (("ketamine", ketamine), ("midazolam", control))
    )
    return replace(package, outcomes=(*package.outcomes, *rows))


def row(study: str, day: float, instrument: str = "CAPS-5", measure: str = "mean") -> str:
    """The row identifier of an invented reading."""
    name = f"{study}-{instrument}-{measure}-{day:g}"
    return f"{name}-k+{name}-m"


def with_trial(name: str = "new2030", day: float = 7.0, doses: Iterable[float] = SINGLE) -> Package:
    """The data package and an invented trial with one reading."""
    return reading(trial(load(), name, doses=doses), name, day)


def only(*studies: str) -> Package:
    """The data package with these studies alone in the PTSD pool."""
    package = load()
    return replace(package, studies=tuple(one for one in package.studies if one.study in studies or one.pool != "ptsd"))


def overlap(package: Package, a: str, b: str, kept: str) -> Package:
    """The package where two studies share participants."""
    more = Overlap(a, b, "same_patients", kept, "invented overlap", "duek2023", "full text")
    return replace(package, overlaps=(*package.overlaps, more))


def values(package: Package, scale: float) -> Package:
    """The package with every result times `scale`: other effects, the same readings."""

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * scale

    return replace(
        package,
        outcomes=tuple(_scaled(one, scale) for one in package.outcomes),
        contrasts=tuple(replace(one, estimate=scaled(one.estimate), smd=scaled(one.smd)) for one in package.contrasts),
    )


def _scaled(one: Outcome, scale: float) -> Outcome:
    return replace(one, value=one.value * scale)


def hedges(ketamine: Arm, control: Arm) -> tuple[float, float]:
    """Hedges g with the exact factor (Hedges 1981) and its large-sample variance (Hedges & Olkin 1985)."""
    (m1, s1, n1), (m2, s2, n2) = ketamine, control
    df = n1 + n2 - 2
    d = (m1 - m2) / sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df)
    g = exact_factor(df) * d
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def exact_factor(df: int) -> float:
    """J of Hedges 1981."""
    return exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)
