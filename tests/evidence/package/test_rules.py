"""Rules that need more than one bad row: standard errors typed as SDs, shared participants, no false alarms."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from reprieve.evidence.package.lines import FIRST_ROW
from reprieve.evidence.package.load import Package, check, load, read
from reprieve.evidence.package.rows import Outcome
from reprieve.evidence.package.rules import RULES, broken
from reprieve.evidence.package.rules_design import occasions, participants_once
from reprieve.evidence.package.rules_spread import sd_like_se
from tests.evidence.package.small import small, write

# Of real rows with n >= 10 whose SD was divided by the root of n. The rest have small n or lie at the end of a scale.
CAUGHT_AT_LEAST = 0.9


def _scored(package: Package) -> list[tuple[int, Outcome]]:
    scales = {one.instrument for one in package.instruments if one.maximum is not None and one.higher_is_worse}
    return [
        (index, one)
        for index, one in enumerate(package.outcomes)
        if one.instrument in scales
        and one.measure in ("mean", "change")
        and one.dispersion_type == "sd"
        and not one.subscale
        and one.n is not None
        and one.n >= 10
    ]


def test_the_packaged_rows_raise_no_alarm() -> None:
    """Invariant: the studies as published keep every rule."""
    assert [str(one) for one in broken(load())] == []


def test_a_standard_error_typed_as_sd_is_caught_in_the_packaged_rows() -> None:
    """Closed form: SE = SD / sqrt(n). Each real row in turn is given its standard error as its SD."""
    package = load()
    rows = _scored(package)
    caught = 0
    for index, one in rows:
        mistyped = replace(one, dispersion=round((one.dispersion or 0) / math.sqrt(one.n or 1), 2))
        outcomes = (*package.outcomes[:index], mistyped, *package.outcomes[index + 1 :])
        found = sd_like_se(replace(package, outcomes=outcomes))
        caught += any(problem.row == FIRST_ROW + index for problem in found)

    assert len(rows) > 100
    assert caught / len(rows) >= CAUGHT_AT_LEAST


def test_a_standard_error_beside_an_sd_of_the_other_arm_is_caught(tmp_path: Path) -> None:
    """Closed form: 11 / sqrt(14) = 2.94 beside 12 at the same visit, though the baseline SDs of 8.5 are narrow."""
    tables = small()
    tables["outcomes"][3] |= {"dispersion": "2.94", "n": "14"}

    (found,) = check(write(tmp_path, tables))
    assert (found.field, found.value) == ("dispersion", 2.94)
    assert found.fix == "with n 14 the SD would be 11; if so, the type is se"


def test_an_sd_near_the_floor_of_a_scale_is_not_suspected(tmp_path: Path) -> None:
    """Invariant: healthy people score near zero with small SDs; that is no standard error."""
    tables = small()
    tables["outcomes"][8] |= {"value": "1.2", "dispersion": "1.1", "n": "24"}

    assert read(write(tmp_path, tables)).outcomes[8].dispersion == 1.1


def test_overlapping_studies_may_both_be_pooled_at_other_times(tmp_path: Path) -> None:
    """Invariant: participants count once per time point, so a late and an early paper on them may stand."""
    tables = small()
    tables["overlaps"][0]["kind"] = "subset"
    for row in (*tables["outcomes"][4:6], tables["contrasts"][1]):
        row["day"] = "30"

    assert read(write(tmp_path, tables)).overlaps[0].kind == "subset"


def test_overlapping_studies_may_both_be_in_the_package_if_one_is_context(tmp_path: Path) -> None:
    """Norbury 2021 is an imaging subset of Feder 2021: in the package, never a second time in the pool."""
    tables = small()
    tables["overlaps"][0]["kind"] = "subset"
    tables["studies"][1]["pool"] = "context"

    assert not list(participants_once(read(write(tmp_path, tables))))


def test_occasions_count_from_the_dose_that_a_time_point_counts_from(tmp_path: Path) -> None:
    """Closed form: doses on days 0, 2, 4, a reading on day 5: one week after the first, a day after the last."""
    assert occasions(read(write(tmp_path, small())), "alpha2020") == {"1w", "eot"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_states_itself(rule: object) -> None:
    """House rule: a rule that refuses a study says in words what it asks for."""
    assert (rule.__doc__ or "").strip()


def test_rules_hold_on_a_package_without_rows(tmp_path: Path) -> None:
    """Invariant: an empty package is a package."""
    empty = read(write(tmp_path, {name: [] for name in small()}))

    assert empty.studies == ()
