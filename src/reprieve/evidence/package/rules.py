"""What a table schema cannot say: the domain rules of the package, collected.

Each rule is a function of the whole package that yields the rows which break it. Values and intervals are in
`rules_values`, spreads and standard errors in `rules_spread`, designs and participants in `rules_design`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from reprieve.evidence.package import rules_design, rules_spread, rules_values
from reprieve.evidence.package.problem import Problem

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package

type Rule = Callable[[Package], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    rules_values.scores_within_the_instrument,
    rules_values.shares_and_counts,
    rules_values.events_within_patients,
    rules_values.intervals_in_order,
    rules_values.correlations_forward,
    rules_values.readings_once,
    rules_spread.spreads_named,
    rules_spread.spreads_possible,
    rules_spread.sd_like_se,
    rules_spread.errors_agree_with_intervals,
    rules_spread.p_agrees_with_intervals,
    rules_design.analysed_within_randomised,
    rules_design.pool_is_ptsd,
    rules_design.arms_have_roles,
    rules_design.crossovers_labelled,
    rules_design.contrasts_once,
    rules_design.contrasts_signed,
    rules_design.doses_in_order,
    rules_design.participants_once,
    rules_design.overlaps_known,
    rules_design.bias_judged,
)


def broken(package: Package) -> Iterator[Problem]:
    """Yield every broken domain rule of a package whose rows keep the schema."""
    for rule in RULES:
        yield from rule(package)
