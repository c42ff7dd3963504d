"""The ledger of the founding review's claims: verdicts as the audit found them, figures as the pool has them today."""

from __future__ import annotations

from collections import Counter

import pytest

from reprieve.core.errors import InputError
from reprieve.evidence.answer import answer
from reprieve.evidence.ledger import VERDICTS, claims, ledger
from reprieve.evidence.package.load import bibliography, load
from reprieve.evidence.selection import Filters
from tests.evidence.invented import with_trial

CLAIMS = {
    "prevalence": "supported",
    "standard_treatment_limited": "citation not found",
    "nmda_antagonist": "supported",
    "single_infusion_24h": "partly",
    "acute_distress_crisis": "not supported",
    "repeated_sustain": "not supported",
    "glutamate_plasticity_neurogenesis": "partly",
    "bdnf": "partly",
    "meta_analysis_consistent": "not supported",
    "adverse_effects": "partly",
    "controlled_setting": "supported",
    "robust_long_term": "not supported",
}


def test_every_claim_and_its_verdict() -> None:
    """Published audit of the founding review (`claims.yaml`): 3 supported, 1 not found, 4 partly, 4 not supported."""
    assert {one.id: one.verdict for one in claims()} == CLAIMS
    tally = Counter(one.verdict for one in claims())
    assert tally == {"supported": 3, "citation not found": 1, "partly": 4, "not supported": 4}
    assert set(tally) == set(VERDICTS)


@pytest.mark.parametrize("name", CLAIMS)
def test_each_claim_says_what_its_citation_is(name: str) -> None:
    """Contract: claim, what the citation really studied, and for a verdict against it a better source."""
    (entry,) = ledger(load(), name)
    one = entry.claim

    assert one.id == name
    assert one.claim
    assert one.what_it_is
    if one.verdict != "supported":
        assert one.better or entry.today or one.note
    assert all(better.citation and better.source for better in one.better)


def test_every_better_source_is_in_the_bibliography() -> None:
    """Invariant: what is cited can be found."""
    missing = [b.source for one in claims() for b in one.better if b.source not in bibliography()]

    assert missing == []


def test_todays_figures_are_the_answer_now() -> None:
    """Independent path: each figure of the ledger is that of `answer` for the same question."""
    seen = 0
    for entry in ledger(load()):
        assert len(entry.today) == len(entry.claim.pools)
        for (at, comparator), found in zip(entry.claim.pools, entry.today, strict=True):
            filters = Filters(comparator=None if comparator == "any" else comparator)
            now = answer(load(), at, filters=filters, with_variants=False)
            assert found.inputs_digest == now.inputs_digest
            assert (found.pool is None) == (now.pool is None)
            assert found.refused == now.refused
            if found.pool is not None and now.pool is not None:
                assert found.pool.to_json() == now.pool.to_json()
            seen += 1
    assert seen >= 5


@pytest.mark.parametrize(
    ("name", "day", "at"),
    [
        ("meta_analysis_consistent", 7.0, "eot"),
        ("repeated_sustain", 28.0, "4w"),
        ("robust_long_term", 28.0, "4w"),
        ("single_infusion_24h", 1.0, "24h"),
    ],
)
def test_the_figures_follow_the_package(name: str, day: float, at: str) -> None:
    """Invariant: recomputed, not typed: with a new trial the ledger says something else."""
    package = with_trial("new2030", day)
    (before,), (after,) = ledger(load(), name), ledger(package, name)
    held = {a.point.key: (a, b) for a, b in zip(before.today, after.today, strict=True)}

    old, new = held[at]

    assert "new2030" in {one.study for one in new.selection.chosen}
    assert new.inputs_digest != old.inputs_digest
    assert (new.refused, new.pool and new.pool.estimate) != (old.refused, old.pool and old.pool.estimate)
    assert before.claim == after.claim


def test_an_unknown_claim_is_refused() -> None:
    """Contract: the field is named, and every claim there is."""
    with pytest.raises(InputError, match="claim") as caught:
        ledger(load(), "cures_everything")

    assert all(name in str(caught.value) for name in CLAIMS)
