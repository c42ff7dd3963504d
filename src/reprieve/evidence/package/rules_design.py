"""Domain rules of designs: who was randomised, which arm is what, when doses were given, who is counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from reprieve.evidence.package.problem import Problem
from reprieve.evidence.package.rules_values import has_figure, numbered

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package

KETAMINES = ("ketamine", "esketamine")
PTSD = ("ptsd", "ptsd_with_pain", "ptsd_with_depression")
CROSSED = ("first_period", "crossover_paired")
DOMAINS = (
    *("D1_randomisation", "DS_carryover", "D2_deviations", "D3_missing", "D4_measurement", "D5_reporting"),
    "overall",
)


def analysed_within_randomised(package: Package) -> Iterator[Problem]:
    """No study, arm, outcome or contrast counts more patients than were randomised."""
    rule = "is more than the {} randomised"
    arms = {(one.study, one.arm): one.n_randomised for one in package.arms}
    for row, study in numbered(package.studies):
        if _more(study.n_analysed, study.n_randomised):
            yield Problem("studies", row, "n_analysed", study.n_analysed, rule.format(study.n_randomised))
    for row, arm in numbered(package.arms):
        for name in ("n_analysed", "n_completed"):
            if _more(getattr(arm, name), arm.n_randomised):
                yield Problem("arms", row, name, getattr(arm, name), rule.format(arm.n_randomised))
    for row, one in numbered(package.outcomes):
        if _more(one.n, arms[one.study, one.arm]):
            yield Problem("outcomes", row, "n", one.n, rule.format(arms[one.study, one.arm]))
    for row, contrast in numbered(package.contrasts):
        for name, which in (("n_arm1", contrast.arm1), ("n_arm2", contrast.arm2)):
            if _more(getattr(contrast, name), arms[contrast.study, which]):
                found = getattr(contrast, name)
                yield Problem("contrasts", row, name, found, rule.format(arms[contrast.study, which]))


def _more(analysed: int | None, randomised: int | None) -> bool:
    return analysed is not None and randomised is not None and analysed > randomised


def pool_is_ptsd(package: Package) -> Iterator[Problem]:
    """Only randomised trials in people with PTSD, of ketamine against something else, are in the PTSD pool."""
    roles: dict[str, set[str | None]] = {}
    for arm in package.arms:
        roles.setdefault(arm.study, set()).add(arm.role)
    for row, one in numbered(package.studies):
        if one.pool != "ptsd":
            continue
        fix = "pool depression or context: they inform kinetics and tolerability"
        if one.condition not in PTSD:
            yield Problem("studies", row, "pool", one.pool, f"may not hold a study in {one.condition}", fix)
        if not one.randomised:
            yield Problem("studies", row, "pool", one.pool, "holds randomised trials only", fix)
        found = roles.get(one.study, set())
        if not found & set(KETAMINES) or not found - {*KETAMINES, None}:
            yield Problem("studies", row, "pool", one.pool, "needs an arm with ketamine and one to compare it with")


def arms_have_roles(package: Package) -> Iterator[Problem]:
    """Arms that are dosed or compared have a role, and arm 1 of a contrast is ketamine.

    Only a study's arms taken together have none.
    """
    roles = {(one.study, one.arm): one.role for one in package.arms}
    used = {(one.study, one.arm) for one in package.doses}
    used |= {(one.study, arm) for one in package.contrasts for arm in (one.arm1, one.arm2)}
    for row, arm in numbered(package.arms):
        if arm.role is None and (arm.study, arm.arm) in used:
            yield Problem("arms", row, "role", None, f"must be given: {arm.arm} of {arm.study} is dosed or compared")
    for row, one in numbered(package.contrasts):
        first = roles[one.study, one.arm1]
        if one.arm1 == one.arm2:
            yield Problem("contrasts", row, "arm2", one.arm2, "is also arm1")
        elif first is not None and first not in KETAMINES:
            fix = "swap the arms and turn the sign: differences are ketamine minus comparator"
            yield Problem("contrasts", row, "arm1", one.arm1, f"is an arm of role {first}, not ketamine", fix)


def crossovers_labelled(package: Package) -> Iterator[Problem]:
    """A contrast with figures of a crossover says first period or paired, and no other design's contrast does."""
    designs = {one.study: one.design for one in package.studies}
    for row, one in numbered(package.contrasts):
        crossover = designs[one.study] == "crossover"
        if crossover and has_figure(one) and one.analysis not in CROSSED:
            rule = "must be first_period or crossover_paired: the study is a crossover"
            yield Problem("contrasts", row, "analysis", one.analysis, rule)
        if not crossover and one.analysis in CROSSED:
            rule = f"is for crossovers; this one is {designs[one.study]}"
            yield Problem("contrasts", row, "analysis", one.analysis, rule)
    for row, outcome in numbered(package.outcomes):
        if outcome.population_analysed == "first_period" and designs[outcome.study] != "crossover":
            rule = f"is for crossovers; this one is {designs[outcome.study]}"
            yield Problem("outcomes", row, "population_analysed", "first_period", rule)


def contrasts_once(package: Package) -> Iterator[Problem]:
    """A comparison is in the table once, in whichever order its arms stand."""
    seen: dict[tuple[object, ...], str] = {}
    for row, one in numbered(package.contrasts):
        arms = frozenset((one.arm1, one.arm2))
        key = (one.study, arms, one.instrument, one.measure, one.day, one.analysis, one.use)
        if key in seen:
            rule = f"is the contrast {seen[key]} again: same arms, instrument, measure, day, analysis and use"
            yield Problem("contrasts", row, "row_id", one.row_id, rule, "keep one; the other's figure goes in the note")
        seen.setdefault(key, one.row_id)


def contrasts_signed(package: Package) -> Iterator[Problem]:
    """A difference has the sign of its direction: negative favours ketamine where higher scores are worse."""
    worse = {one.instrument: one.higher_is_worse for one in package.instruments}
    for row, one in numbered(package.contrasts):
        up = worse[one.instrument]
        if up is None or not one.estimate or not one.direction.startswith("favours"):
            continue
        if (one.estimate < 0) != ((one.direction == "favours_ketamine") == up):
            rule = f"has the sign of the other direction than {one.direction}"
            yield Problem("contrasts", row, "estimate", one.estimate, rule, "differences are arm1 minus arm2")


def doses_in_order(package: Package) -> Iterator[Problem]:
    """Doses of an arm are numbered 1, 2, ... from day 0 on, each later than the one before."""
    last: dict[tuple[str, str], tuple[int, float]] = {}
    for row, one in numbered(package.doses):
        number, day = last.get((one.study, one.arm), (0, None))
        if one.infusion != number + 1:
            yield Problem("doses", row, "infusion", one.infusion, f"must be {number + 1}, the arm's next dose")
        if day is None and one.day != 0:
            yield Problem("doses", row, "day", one.day, "must be 0: days count from the arm's first dose")
        if day is not None and one.day <= day:
            yield Problem("doses", row, "day", one.day, f"must be after day {day:g}, the dose before")
        last[one.study, one.arm] = (one.infusion, one.day)


def participants_once(package: Package) -> Iterator[Problem]:
    """Two studies that share participants do not both bring figures of the same time point to the PTSD pool.

    Studies of one registration must be listed in `overlaps.csv`, whatever they share.
    """
    pooled = {one.study: row for row, one in numbered(package.studies) if one.pool == "ptsd"}
    joined = {frozenset((one.study_a, one.study_b)) for one in package.overlaps}
    registered: dict[str, list[str]] = {}
    for one in package.studies:
        if one.study in pooled and one.registry:
            registered.setdefault(one.registry, []).append(one.study)
    for registry, studies in registered.items():
        for a, b in combinations(studies, 2):
            if frozenset((a, b)) not in joined:
                rule = f"is the registration of {a} and {b}: their participants may be the same"
                yield Problem("studies", pooled[b], "registry", registry, rule, "say so in overlaps.csv")
    for row, overlap in numbered(package.overlaps):
        a, b = overlap.study_a, overlap.study_b
        if overlap.kind == "companion" or not {a, b} <= set(pooled):
            continue
        shared = occasions(package, a) & occasions(package, b)
        if shared:
            other = b if overlap.kept == a else a
            rule = f"shares participants with {overlap.kept}, and both have figures at {', '.join(sorted(shared))}"
            yield Problem("overlaps", row, "study_b", other, rule, f"pool context for {other} in studies.csv")


def occasions(package: Package, study: str) -> set[str]:
    """Return the named time points at which a study has figures that a pool could use."""
    from reprieve.evidence.timepoints import rules

    scales = rules().instruments
    read = [
        (one.arm, one.day)
        for one in package.outcomes
        if one.study == study and one.instrument in scales and not one.subscale and one.measure in ("mean", "change")
    ]
    read += [
        (one.arm1, one.day)
        for one in package.contrasts
        if one.study == study and one.instrument in scales and has_figure(one)
    ]
    found = set()
    for arm, day in read:
        for point in rules().timepoints:
            since = day if point.since == "first" or day is None else package.days_since_last(study, arm, day)
            if point.holds(since):
                found.add(point.key)
    return found


def overlaps_known(package: Package) -> Iterator[Problem]:
    """An overlap joins a study of the package with another study or a publication, and keeps one of the two."""
    studies = {one.study for one in package.studies}
    for row, one in numbered(package.overlaps):
        if one.study_a == one.study_b:
            yield Problem("overlaps", row, "study_b", one.study_b, "is study_a itself")
        if one.kept not in (one.study_a, one.study_b):
            yield Problem("overlaps", row, "kept", one.kept, f"must be {one.study_a} or {one.study_b}")
        if one.study_a not in studies and one.study_b not in studies and one.study_a not in package.sources:
            yield Problem("overlaps", row, "study_a", one.study_a, "is neither a study nor a source of this package")


def bias_judged(package: Package) -> Iterator[Problem]:
    """Every trial of the PTSD pool has all domains of risk of bias, `not_assessed` where they could not be judged."""
    judged: dict[str, set[str]] = {}
    for one in package.rob:
        judged.setdefault(one.study, set()).add(one.domain)
    for row, study in numbered(package.studies):
        missing = [name for name in DOMAINS if name not in judged.get(study.study, set())]
        if study.pool == "ptsd" and missing:
            rule = f"has no {', '.join(missing)} in rob.csv"
            yield Problem("studies", row, "study", study.study, rule, "not_assessed where it could not be judged")
