"""Packages for tests: the real one with rows added, changed or taken away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reprieve.evidence.package.load import Package, load
from reprieve.evidence.package.rows import Outcome

TRIALS = ("feder2014", "feder2021", "duek2023", "abdallah2022", "dadabayev2020", "beaglehole2025", "pradhan2017")
POINTS = ("24h", "1w", "2w", "eot", "4w")


def with_trial(
    name: str,
    mean: tuple[float, float] = (28.0, 31.0),
    *,
    day: float = 1.0,
    instrument: str = "CAPS-5",
    seen: str = "full text",
    days: Iterable[float] = (0.0,),
    pool: str = "ptsd",
    base: Package | None = None,
) -> Package:
    """The package with one more two-arm trial of 40 and 40 patients, SDs 11 and 12, read on `day`."""
    held = base or load()
    arms = {one.role: one for one in held.arms if one.study == "feder2021" and one.role}
    study = replace(held.study("feder2021"), study=name, year=2027, pool=pool, n_randomised=80, n_analysed=80)
    dose = next(one for one in held.doses if one.study == "feder2021")
    roles = {"ketamine": arms["ketamine"], "active": arms["active"]}
    pairs = list(zip(roles.values(), mean, (11.0, 12.0), strict=True))
    outcomes = [
        outcome(f"x-{name}-{arm.arm}", name, arm.arm, value, sd, day, instrument, seen) for arm, value, sd in pairs
    ]
    return replace(
        held,
        studies=(*held.studies, study),
        arms=(*held.arms, *(replace(arm, study=name) for arm in roles.values())),
        doses=(
            *held.doses,
            *(
                replace(dose, study=name, arm=arm.arm, infusion=i, day=at)
                for arm in roles.values()
                for i, at in enumerate(days, 1)
            ),
        ),
        outcomes=(*held.outcomes, *outcomes),
    )


def outcome(
    row_id: str,
    study: str,
    arm: str,
    value: float,
    sd: float,
    day: float,
    instrument: str = "CAPS-5",
    seen: str = "full text",
) -> Outcome:
    """A mean of 40 patients."""
    like = next(one for one in load().outcomes if one.row_id == "o0065")
    return replace(
        like,
        row_id=row_id,
        study=study,
        arm=arm,
        value=value,
        dispersion=sd,
        day=day,
        instrument=instrument,
        seen=seen,
        n=40,
        population_analysed="all",
    )
