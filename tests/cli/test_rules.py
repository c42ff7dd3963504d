"""`reprieve rules`: listing, one rule, one phase."""

import pytest

from reprieve.cli import main
from reprieve.core.rules import load_rules
from tests.cli.program import json_of, out_of


def test_all_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Invariant: the list is the shipped set, named by its digest."""
    found = json_of(capsys, "rules")

    assert [rule["id"] for rule in found["rules"]] == [rule.id for rule in load_rules().rules]
    assert found["digest"] == load_rules().digest


def test_one_phase(capsys: pytest.CaptureFixture[str]) -> None:
    """Invariant: those that are looked at in the phase, wherever they belong."""
    found = json_of(capsys, "rules", "--phase", "post_infusion")

    assert {"INF-04", "POST-01"} <= {rule["id"] for rule in found["rules"]}
    assert all("post_infusion" in rule["phases"] for rule in found["rules"])


def test_one_rule_shows_source_and_how_it_was_seen(capsys: pytest.CaptureFixture[str]) -> None:
    """Invariant: condition, limits and provenance stand beside the text."""
    out = out_of(capsys, "rules", "INF-04")

    assert "end_organ_symptoms" in out
    assert "seen: unverified" in out
    assert "sbp_crisis_mmhg = 180 mm[Hg]" in out


def test_wrong_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Invariant: one line, and the nearest id."""
    assert main(["rules", "INF-99"]) == 2
    assert "did you mean INF-" in capsys.readouterr().err
    assert main(["rules", "--phase", "surgery"]) == 2
    assert "must be one of position" in capsys.readouterr().err
