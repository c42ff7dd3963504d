"""Certainty: the domains as data, and the level they leave."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from reprieve.evidence.certainty import certainty
from reprieve.evidence.package.load import Package, load
from reprieve.evidence.package.rows import Certainty as Domain

DOMAINS = ("risk_of_bias", "inconsistency", "indirectness", "imprecision", "publication_bias")
DOWN = {"not_serious": 0, "serious": 1, "very_serious": 2}


def judged(*judgements: str, comparator: str = "any") -> Package:
    rows = tuple(
        Domain("eot", comparator, d, j, "invented", "assumed") for d, j in zip(DOMAINS, judgements, strict=True)
    )
    return replace(load(), certainty=rows)


@pytest.mark.parametrize("judgements", list(product(DOWN, repeat=3)), ids="-".join)
def test_each_serious_domain_takes_a_level_off(judgements: tuple[str, ...]) -> None:
    """Closed form (Guyatt 2008): high, less one for serious, less two for very serious, never below very low."""
    found = certainty(judged(*judgements, "not_serious", "not_serious"), "eot")

    left = ["high", "moderate", "low", "very low"]
    assert found is not None
    assert found.level == left[min(sum(DOWN[one] for one in judgements), 3)]
    assert tuple(one.domain for one in found.domains) == DOMAINS


@pytest.mark.parametrize("missing", DOMAINS)
def test_a_domain_that_is_not_judged_leaves_no_level(missing: str) -> None:
    """Invariant: four domains of five are no judgement."""
    package = judged(*["not_serious"] * 5)
    rest = tuple(one for one in package.certainty if one.domain != missing)

    assert certainty(replace(package, certainty=rest), "eot") is None


def test_the_judgement_belongs_to_its_time_point_and_comparator() -> None:
    """Invariant: what was judged of one pool is not said of another."""
    assert certainty(judged(*["serious"] * 5), "1w") is None
    assert certainty(judged(*["serious"] * 5, comparator="active"), "eot") is None


def test_each_judgement_has_its_reason() -> None:
    """Contract (issue 3): GRADE domains as data, each with its reason, marked as this project's own."""
    for at in ("1w", "eot"):
        found = certainty(load(), at)
        assert found is not None
        assert all(one.reason.strip() for one in found.domains)
        assert {one.seen for one in found.domains} == {"assumed"}
