"""The card: what was learned, what stayed assumed, from the headers alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprieve.calibration.card import Card, card
from reprieve.calibration.posterior import LEARNED
from reprieve.calibration.store import Key, write
from reprieve.core.errors import InputError
from reprieve.model.parameters import default_parameters
from tests.calibration.toys import efficacy_draws, header, put


@pytest.fixture
def found(tmp_path: Path) -> Card:
    return card(put(tmp_path))


def test_the_word_follows_the_shrinkage(found: Card) -> None:
    """Invariant: `learned` from the stated shrinkage on, `assumed` below it; learned rows first."""
    for part in found.parts.values():
        assert [row.word for row in part.rows] == [
            "learned" if row.shrinkage >= LEARNED else "assumed" for row in part.rows
        ]
        assert part.rows[-1].word == "assumed"
        assert len(part.learned) == len(part.rows) - 1


def test_every_quantity_of_the_mechanism_is_counted_once(found: Card) -> None:
    """Invariant: fitted, assumed or sourced; nothing is left out of the count."""
    touched = {
        *("benefit_max", "empirical_benefit_max", "nondrug_base", "nondrug_belief"),
        *("dissociation_max", "sbp_rise_mmhg", "pressure_site_sd"),
    }
    names = [*found.never_fitted, *found.sourced]

    assert len(names) == len(set(names))
    assert set(names) | touched == set(default_parameters().names)
    assert set(names) & touched == set()
    assert set(found.never_fitted) <= set(default_parameters().assumed())


def test_the_card_is_honest_in_words(found: Card) -> None:
    """Invariant: the mechanism is called a hypothesis and the comparator stands beside it."""
    text = " ".join(found.sentences)

    assert "The mechanism is a hypothesis" in text
    assert "comparator 0." in text
    assert "95 % credible interval, equal-tailed" in text
    assert "chain 7 of 8, comparator 7 of 8, tolerability 4 of 5" in found.first_line


def test_the_card_as_json_holds_prior_and_posterior(found: Card) -> None:
    """Invariant: one object that JSON can hold, with every part of every row."""
    back = json.loads(json.dumps(found.to_json(), allow_nan=False))

    row = back["fits"]["chain"]["rows"][0]
    assert {"centre", "spread", "scale", "studies", "median", "low", "high", "shrinkage", "word", "shift"} <= set(row)
    assert back["fits"]["chain"]["sbc"] is None
    assert back["fits"]["tolerability"]["studies"] == ["bowdle1998"]
    assert back["learned_from_shrinkage"] == LEARNED


def test_failures_and_flags_reach_the_card(tmp_path: Path) -> None:
    """Invariant: a fit that was shipped in spite of a missed limit says so."""
    draws = efficacy_draws()
    held = header(tuple(draws), sbc={"replicates": 8, "flagged": ["nondrug_belief"], "false_alarm": 0.01})
    held["diagnostics"] = {**held["diagnostics"], "ok": False, "failures": ["a: R-hat 1.02, not below 1.01"]}
    held["sensitivity"]["parameters"]["nondrug_belief"]["flag"] = True
    write(Key("efficacy", "chain"), held, draws, put(tmp_path))

    part = card(tmp_path).parts["chain"]

    assert part.diagnostics["failures"] == ["a: R-hat 1.02, not below 1.01"]
    assert part.sbc is not None
    assert part.sbc["flagged"] == ["nondrug_belief"]
    assert [row.name for row in part.rows if row.flag] == ["nondrug_belief"]


def test_no_card_without_a_posterior(tmp_path: Path) -> None:
    """Invariant: one line says that there is no fit."""
    with pytest.raises(InputError, match="there is no such fit"):
        card(tmp_path)
