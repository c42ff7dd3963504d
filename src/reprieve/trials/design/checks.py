"""What the fields of a design say about each other. Each check refuses in one line that names field and fix."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from reprieve.trials.design import checks_analysis, checks_arms, checks_people, checks_plan

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm


def check(design: DesignForm, where: str, limit_names: Collection[str] | None = None) -> None:
    """Raise `InputError` for the first contradiction in `design`; errors call the file `where`.

    A protocol may replace the limits of the shipped rules, all of them or those in `limit_names`.
    """
    checks_arms.names(design, where)
    checks_arms.regimens(design, where)
    checks_arms.sizes(design, where)
    checks_plan.periods(design, where)
    checks_plan.visits(design, where)
    checks_people.baseline(design, where)
    checks_people.entry(design, where)
    checks_people.sites(design, where)
    checks_analysis.method(design, where)
    checks_analysis.estimand(design, where)
    checks_plan.blinding(design, where)
    checks_analysis.interim(design, where)
    checks_plan.protocol(design, where, limit_names)
