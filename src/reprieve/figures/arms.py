"""The time course of every arm, one panel for each instrument: means as they were reported, never converted.

Arms are told apart by colour and by shape; a hollow mark was not seen in the paper or the register.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reprieve.figures.arm_points import COHORT, KETAMINE, LOOKS, ROLES, WHOLE, ArmPoint, points, table_of
from reprieve.figures.arms_chart import panel
from reprieve.figures.figure import Figure
from reprieve.figures.pieces import named
from reprieve.figures.render import svg

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package

PTSD = ("ptsd", "ptsd_with_pain", "ptsd_with_depression")


def arms(
    readings: Sequence[ArmPoint],
    instruments: Sequence[str],
    title: str = "PTSD scores of every arm",
    caption: str = "",
    name: str = "arms",
) -> Figure:
    """Draw the readings in panels, in the order of `instruments`; those without a day are in the table only."""
    import altair as alt

    table = table_of(readings, instruments)
    held = points(table)
    shown = [one for one in instruments if any(point["instrument"] == one for point in held)]
    last = max((one["day"] for one in held), default=1.0)
    first = min((one["day"] for one in held), default=0.0)
    groups = [group for group in LOOKS if any(one["group"] == group for one in held)]
    subtitle = [
        "Mean with 95 % confidence interval (t) where n and spread are known. Ticks below: days of dosing.",
        "Filled: seen in the paper or register. Hollow: second-hand or unverified. Lines join one arm's means.",
    ]
    panels = [panel(table, one, groups, (first, last), one == shown[-1]) for one in shown]
    heading = alt.TitleParams(text=title, subtitle=subtitle, frame="bounds")
    chart = alt.vconcat(*panels, spacing=26).resolve_scale(color="shared", shape="shared").properties(title=heading)
    undated = sum(one.day is None for one in readings)
    said = f"{undated} means without a stated day are in the table only." if undated else ""
    words = " ".join(part for part in (caption, said) if part)
    return Figure(name, title, words, svg(chart, name, f"{title}. {' '.join(subtitle)}"), table)


def arms_of_package(package: Package) -> Figure:
    """Draw every mean on a PTSD instrument, of the trials and of the cohorts that were treated for PTSD."""
    from reprieve.evidence.timepoints import rules

    studies = {one.study: one for one in package.studies if one.condition in PTSD and one.pool != "depression"}
    known = {(one.study, one.arm): one for one in package.arms}
    days: dict[tuple[str, str], list[float]] = {}
    for dose in package.doses:
        if dose.day is not None:
            days.setdefault((dose.study, dose.arm), []).append(dose.day)
    in_arms = {
        (one.study, one.instrument, one.day)
        for one in package.outcomes
        if (arm := known.get((one.study, one.arm))) is not None and arm.role is not None and one.measure == "mean"
    }
    readings = []
    for one in package.outcomes:
        wanted = one.study in studies and one.instrument in rules().instruments and not one.subscale
        if not wanted or one.measure != "mean" or one.value is None:
            continue
        arm = known.get((one.study, one.arm))
        if (arm is None or arm.role is None) and (one.study, one.instrument, one.day) in in_arms:
            continue  # the arms themselves are drawn
        readings.append(
            ArmPoint(
                study=named(one.study),
                arm=arm.label or one.arm if arm else one.arm,
                group=_group(arm.role if arm else None, bool(studies[one.study].randomised)),
                instrument=one.instrument,
                day=one.day,
                mean=one.value,
                n=one.n,
                sd=one.dispersion if one.dispersion_type == "sd" else None,
                se=one.dispersion if one.dispersion_type == "se" else None,
                seen=str(one.seen),
                dose_days=tuple(sorted(set(days.get((one.study, one.arm), [])))),
                row=one.row_id,
            )
        )
    caption = (
        "Instruments are never converted into each other. An arm without a control shows what happened under "
        "treatment, not what treatment did. Changes without a mean, and results in words, are not drawn."
    )
    return arms(readings, rules().instruments, caption=caption)


def _group(role: str | None, randomised: bool) -> str:
    group = ROLES.get(role or "", WHOLE)
    return COHORT if group == KETAMINE and not randomised else group
