"""Reading rule files: a good set, and every way in which a file can be wrong."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprieve.core.errors import InputError
from reprieve.core.rules import State, load_rules, read_rules
from reprieve.core.rules.files import FOLDER

type Tables = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def tables() -> Tables:
    """A small set that is right."""
    variables = {
        "schema": 1,
        "variables": {
            "sbp_mmhg": {"kind": "number", "unit": "mm[Hg]", "meaning": "Pressure", "code": "8480-6"},
            "symptoms": {"kind": "truth", "meaning": "Symptoms"},
            "injury": {"kind": "category", "allowed": ["none", "severe"], "meaning": "Injury"},
        },
    }
    limit = {"value": 180, "unit": "mm[Hg]", "lowest": 120, "highest": 240}
    limit |= {"source": "assumption", "seen": "assumed", "strength": "design default"}
    limits = {"schema": 1, "checks": ["pause_mmhg > 100"], "limits": {"pause_mmhg": limit}}
    rule = {
        "id": "A-1",
        "phase": "infusion",
        "when": "sbp_mmhg > pause_mmhg or symptoms",
        "action": "pause_option",
        "text": "Above {pause_mmhg}.",
        "source": "assumption",
        "seen": "assumed",
        "strength": "design default",
        "conflict": "lines",
    }
    conflicts = {"lines": {"topic": "Lines", "views": ["one", "two"], "default": "one"}}
    return variables, limits, {"schema": 1, "name": "n", "version": "1", "conflicts": conflicts, "rules": [rule]}


def test_a_good_set_is_read() -> None:
    """Invariant: the tables that the wrong ones change are right."""
    rules = read_rules(*tables())
    (finding,) = rules.evaluate("infusion", {"sbp_mmhg": 181})

    assert (finding.state, finding.text) == (State.MET, "Above 180.")
    assert rules.rules[0].conflict is not None
    assert rules.rules[0].conflict.views == ("one", "two")
    assert rules.variables["sbp_mmhg"].code == "8480-6"


Change = Callable[[Tables], None]


def set_in(position: int, *path: Any, value: Any) -> Change:
    def change(t: Tables) -> None:
        target: Any = t[position]
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


def variable(name: str, value: Any) -> Change:
    return set_in(0, "variables", name, value=value)


def limit(key: str, value: Any) -> Change:
    return set_in(1, "limits", "pause_mmhg", key, value=value)


def rule(key: str, value: Any) -> Change:
    return set_in(2, "rules", 0, key, value=value)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (set_in(0, "schema", value=2), "variables.toml: schema"),
        (set_in(1, "more", value=2), "limits.toml: more"),
        (set_in(2, "more", value=2), "rules.toml: more"),
        (variable("x", {"kind": "nubmer", "unit": "1", "meaning": "x"}), "variables.toml: x: kind"),
        (variable("x", {"kind": "number", "meaning": "x"}), "variables.toml: x: unit"),
        (variable("x", {"kind": "number", "unit": "1"}), "variables.toml: x: meaning"),
        (variable("x", {"kind": "truth", "unit": "1", "meaning": "x"}), "variables.toml: x: unit"),
        (variable("x", {"kind": "category", "allowed": "ab", "meaning": "x"}), "variables.toml: x: allowed"),
        (variable("x", 3), "variables.toml: x"),
        (variable("pause_mmhg", {"kind": "truth", "meaning": "x"}), "limits.toml: pause_mmhg"),
        (limit("value", 300), "limits.toml: pause_mmhg: value"),
        (limit("value", "180"), "limits.toml: pause_mmhg: value"),
        (limit("unit", ""), "limits.toml: pause_mmhg: unit"),
        (limit("lowest", None), "limits.toml: pause_mmhg: lowest"),
        (limit("source", "nobody1999"), "limits.toml: pause_mmhg: source"),
        (limit("seen", "heard"), "limits.toml: pause_mmhg: seen"),
        (limit("strength", "strong"), "limits.toml: pause_mmhg: strength"),
        (limit("spread", 1), "limits.toml: pause_mmhg: spread"),
        (limit("unit", "kPa"), "rules.toml: A-1: column 12"),
        (set_in(1, "limits", "pause_mmhg", value=180), "limits.toml: pause_mmhg"),
        (set_in(1, "checks", value=["pause_mmhg > 200"]), "must hold: pause_mmhg > 200"),
        (set_in(1, "checks", value=["sbp_mmhg > 200"]), "limits.toml: checks: column 1"),
        (set_in(1, "checks", value="x"), "limits.toml: checks"),
        (set_in(2, "rules", value=[]), "rules.toml: rules"),
        (set_in(2, "rules", value=[3]), "rules.toml: rules[0]"),
        (set_in(2, "name", value=""), "rules.toml: name"),
        (set_in(2, "conflicts", "lines", value={"topic": "x"}), "rules.toml: conflicts: lines: default"),
        (set_in(2, "conflicts", "lines", value=1), "rules.toml: conflicts: lines"),
        (rule("id", ""), "rules.toml: rules[0]: id"),
        (rule("id", "a-1"), "rules.toml: a-1: id"),
        (rule("phase", "surgery"), "rules.toml: A-1: phase"),
        (rule("also", ["surgery"]), "rules.toml: A-1: phase"),
        (rule("also", "infusion"), "rules.toml: A-1: also"),
        (rule("action", "order"), "rules.toml: A-1: action"),
        (rule("strength", "design_default"), "rules.toml: A-1: strength"),
        (rule("source", "nobody1999"), "rules.toml: A-1: source"),
        (rule("seen", "memory"), "rules.toml: A-1: seen"),
        (rule("text", "Above {puase_mmhg}."), "rules.toml: A-1: text"),
        (rule("text", 3), "rules.toml: A-1: text"),
        (rule("conflict", "dots"), "rules.toml: A-1: conflict"),
        (rule("comment", "x"), "rules.toml: rules[0]: comment"),
        (rule("when", ""), "rules.toml: A-1: when"),
        (rule("when", "spb_mmhg > 3"), "rules.toml: A-1: column 1"),
        (rule("when", "injury == 'sever'"), "rules.toml: A-1: column 11"),
        (rule("when", "sbp_mmhg > 'high'"), "rules.toml: A-1: column 1"),
        (rule("when", "open('x')"), "rules.toml: A-1: column 1"),
    ],
)
def test_a_wrong_file_is_refused_by_name(change: Change, part: str) -> None:
    """Invariant: the line names file, entry and key."""
    wrong = copy.deepcopy(tables())
    change(wrong)

    with pytest.raises(InputError) as caught:
        read_rules(*wrong)

    assert part in str(caught.value)


def test_two_rules_of_one_id_are_refused() -> None:
    """Invariant: an id means one rule."""
    wrong = tables()
    wrong[2]["rules"] *= 2

    with pytest.raises(InputError, match="two rules"):
        read_rules(*wrong)


def test_a_folder_of_a_site_takes_the_place_of_what_it_holds(tmp_path: Path) -> None:
    """Invariant: a file that the folder lacks is the shipped one."""
    text = (FOLDER / "limits.toml").read_text(encoding="utf-8")
    old = "[limits.spo2_alert_pct]\nvalue = 94\n"
    assert old in text
    (tmp_path / "limits.toml").write_text(text.replace(old, old.replace("94", "95")), encoding="utf-8")
    site = load_rules(tmp_path)

    assert site.limits["spo2_alert_pct"].value == 95
    assert site.rules == load_rules().rules
    assert site.digest != load_rules().digest


def test_the_same_files_give_the_same_digest(tmp_path: Path) -> None:
    """Invariant: the digest is of what the files say."""
    for path in FOLDER.glob("*.toml"):
        shutil.copy(path, tmp_path)

    assert load_rules(tmp_path).digest == load_rules().digest


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """Invariant: a wrong path does not end in the shipped rules."""
    with pytest.raises(InputError, match=r"at least one of variables\.toml"):
        load_rules(tmp_path)


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    """Invariant: the line names the file."""
    (tmp_path / "rules.toml").write_text("rules = [", encoding="utf-8")

    with pytest.raises(InputError, match=r"rules\.toml"):
        load_rules(tmp_path)
