"""Every row of a trial that could stand for it in a pool, as a standardised mean difference, ketamine minus comparator.

Four kinds, in the order they are preferred: `final` scores of both arms; an effect size as `reported`; a baseline
`adjusted` contrast over the arms' SD, or `change` scores; a `paired` contrast of a crossover from its p value, which
needs the correlation that no trial printed. Rows that report in words become candidates without a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from reprieve.core.provenance import SeenHow
from reprieve.evidence.package.load import Package
from reprieve.evidence.package.rows import Arm, Contrast, Outcome, Study
from reprieve.evidence.pooling import effects
from reprieve.evidence.timepoints import rules

KETAMINES = ("ketamine", "esketamine")
COMPARATORS = ("active", "inert")
# From the most to the least direct; a figure is as good as the worst that went into it.
TRUST = (
    *(SeenHow.FULL_TEXT, SeenHow.ABSTRACT, SeenHow.SECONDARY),
    *(SeenHow.DERIVED, SeenHow.UNVERIFIED, SeenHow.ASSUMED),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row, or one pair of arms, as it could enter a pool.

    `day` counts from the first dose, `days_since_last` from the last one before the reading. `yi` is Hedges g, negative
    when ketamine is better; None where the row reports in words, in `direction`. A `whole_course` row speaks of every
    reading up to its day, as a group-by-time test does. `printed`: a difference was printed, standardisable or not.
    """

    study: str
    row_id: str
    instrument: str
    day: float | None
    days_since_last: float | None
    doses_given: int
    comparator: str
    analysis: str
    seen: SeenHow
    direction: str = "unknown"
    n_ketamine: int | None = None
    n_comparator: int | None = None
    yi: float | None = None
    vi: float | None = None
    how: str = ""
    standardiser: str = ""
    needs_assumption: bool = False
    whole_course: bool = False
    printed: bool = False

    @property
    def poolable(self) -> bool:
        """Say whether the row has a figure and a variance."""
        return self.yi is not None and self.vi is not None


def candidates(package: Package, study: Study, correlation: float | None = None) -> tuple[Candidate, ...]:
    """Return every candidate of a study; `correlation` of paired readings, None for the stated default."""
    arms = {arm.arm: arm for arm in package.arms if arm.study == study.study}
    rows = [
        one
        for one in package.outcomes
        if one.study == study.study and one.instrument in rules().instruments and not one.subscale
    ]
    contrasts = [one for one in package.contrasts if one.study == study.study]
    r = rules().paired.value if correlation is None else correlation
    return (*_from_arms(package, arms, rows), *_from_contrasts(package, study, arms, rows, contrasts, r))


def _from_arms(package: Package, arms: dict[str, Arm], rows: list[Outcome]) -> Iterator[Candidate]:
    """Pairs of arms with mean, SD and n of the same measure, instrument and day."""
    usable = [one for one in rows if _complete(one) and one.measure in ("mean", "change")]
    for (measure, instrument, day, _), group in groupby(sorted(usable, key=_occasion), key=_occasion):
        at_once = list(group)
        treated = [one for one in at_once if arms[one.arm].role in KETAMINES]
        for role in COMPARATORS:
            control = [one for one in at_once if arms[one.arm].role == role]
            if not treated or not control:
                continue
            m1, sd1, n1 = _together(treated)
            m2, sd2, n2 = _together(control)
            effect = effects.smd(m1, sd1, n1, m2, sd2, n2)
            several = len(treated) > 1 or len(control) > 1
            yield Candidate(
                study=at_once[0].study,
                row_id="+".join(one.row_id for one in (*treated, *control)),
                instrument=instrument,
                day=day,
                days_since_last=package.days_since_last(treated[0].study, treated[0].arm, day),
                doses_given=package.doses_given(treated[0].study, treated[0].arm, day),
                comparator=role,
                analysis="final" if measure == "mean" else "change",
                seen=_worst(one.seen for one in (*treated, *control)),
                n_ketamine=n1,
                n_comparator=n2,
                yi=effect.yi,
                vi=effect.vi,
                how=f"{'final' if measure == 'mean' else 'change'} scores of both arms"
                + (", arms of the same kind combined" if several else ""),
                standardiser=rules().standardiser if measure == "mean" else "pooled SD of change",
            )


def _complete(one: Outcome) -> bool:
    known = None not in (one.value, one.dispersion, one.n, one.day)
    return known and one.dispersion_type == "sd" and (one.n or 0) >= 2 and (one.dispersion or 0) > 0


def _occasion(one: Outcome) -> tuple[str, str, float, str]:
    return one.measure, one.instrument, one.day or 0.0, one.population_analysed or ""


def _together(rows: list[Outcome]) -> tuple[float, float, int]:
    """Mean, SD and n of one arm, or of several arms as if they had been one (Cochrane Handbook 6.5.2.10)."""
    groups = [(one.value or 0.0, one.dispersion or 0.0, one.n or 0) for one in rows]
    return groups[0] if len(groups) == 1 else effects.combine_arms(groups)


def _from_contrasts(
    package: Package,
    study: Study,
    arms: dict[str, Arm],
    rows: list[Outcome],
    contrasts: list[Contrast],
    r: float,
) -> Iterator[Candidate]:
    for one in contrasts:
        if one.instrument not in rules().instruments:
            continue
        effect = _effect(one, rows, r)
        kind = "paired" if one.analysis == "crossover_paired" else "adjusted"
        yield Candidate(
            study=study.study,
            row_id=one.row_id,
            instrument=one.instrument,
            day=one.day,
            days_since_last=package.days_since_last(study.study, one.arm1, one.day) if one.day is not None else None,
            doses_given=package.doses_given(study.study, one.arm1, one.day) if one.day is not None else 0,
            comparator=arms[one.arm2].role or "unknown",
            analysis="reported" if effect and one.smd is not None else kind,
            seen=SeenHow(one.seen),
            direction=one.direction or "unknown",
            n_ketamine=one.n_arm1,
            n_comparator=one.n_arm2,
            yi=effect.yi if effect else None,
            vi=effect.vi if effect else None,
            how=effect.how if effect else "",
            standardiser=_standardiser(one),
            needs_assumption=kind == "paired",
            whole_course=one.measure == "trajectory",
            printed=one.estimate is not None,
        )


def _effect(one: Contrast, rows: list[Outcome], r: float) -> effects.Effect | None:
    """The standardised difference that a contrast supports, or None where it gives too little."""
    n1, n2 = one.n_arm1, one.n_arm2
    if one.smd is not None and n1 and n2:
        return effects.smd_from_d(one.smd, n1, n2)
    if one.estimate is None or one.measure not in ("mean", "baseline_adjusted"):
        return None
    if one.analysis == "crossover_paired":
        return effects.smd_from_paired_p(one.estimate, one.p, n1, r) if one.p and n1 else None
    spread = [
        out
        for out in rows
        if (out.instrument, out.measure, out.day) == (one.instrument, "mean", one.day) and _complete(out)
    ]
    if one.se is None or not n1 or not n2 or len(spread) < 2:
        return None
    sd = effects.pooled_sd([(s.dispersion or 0, s.n or 0) for s in spread])
    return effects.smd_from_difference(one.estimate, one.se, sd, n1, n2)


def _standardiser(one: Contrast) -> str:
    if one.smd is not None:
        return "as the trial reported"
    if one.analysis == "crossover_paired":
        return "SD of scores implied by the paired difference and the assumed correlation"
    return rules().standardiser


def _worst(seen: Iterable[str]) -> SeenHow:
    return max((SeenHow(one) for one in seen), key=TRUST.index)
