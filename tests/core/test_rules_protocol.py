"""The shipped rules: what they say of real situations, where they come from, and what a site may change."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.provenance import load_sources
from reprieve.core.rules import Case, Finding, Kind, Phase, RuleSet, State, Variable, load_rules
from reprieve.core.rules.protocol import PLACE
from reprieve.core.rules.tree import Number, inside

RULES = load_rules()


def findings(phase: str, values: dict[str, Any], rules: RuleSet = RULES) -> dict[str, Finding]:
    return {finding.id: finding for finding in rules.evaluate(phase, values)}


def test_a_dangerous_pressure_is_shown_while_symptoms_are_not_charted() -> None:
    """Invariant: SBP 230 shows the pause option at once; the stop option shows its known part and asks for the rest."""
    found = findings("infusion", {"sbp_mmhg": 230})
    pause, stop = found["INF-03"], found["INF-04"]

    assert pause.state is State.MET
    assert pause.missing == ()
    assert dict(pause.used) == {"sbp_mmhg": 230}
    assert pause.text.startswith("Pressure above 180/110")
    assert [(limit.name, limit.value, limit.set_by) for limit in pause.limits] == [
        ("sbp_pause_mmhg", 180, ""),
        ("dbp_pause_mmhg", 110, ""),
    ]
    assert stop.state is State.NOT_ASSESSED
    assert stop.missing == ("end_organ_symptoms",)
    assert stop.verdict.part.inside[0].verdict is True


@pytest.mark.parametrize(
    ("symptoms", "met"),
    [(None, {"INF-02", "INF-03"}), (False, {"INF-02", "INF-03"}), (True, {"INF-02", "INF-03", "INF-04"})],
)
def test_symptoms_add_the_stop_option_and_take_nothing_away(symptoms: bool | None, met: set[str]) -> None:
    """Invariant: no answer about symptoms hides a reading."""
    found = findings("infusion", {"sbp_mmhg": 185, "dbp_mmhg": 95, "end_organ_symptoms": symptoms})

    assert {id for id in ("INF-02", "INF-03", "INF-04") if found[id].state is State.MET} == met


# Rule, phase, variable, a value that meets it, the nearest that does not; typed by hand from the sources' numbers.
EDGES = [
    ("SCR-01", "screening", "age_years", 17.9, 18),
    ("SCR-02", "screening", "age_years", 70.1, 70),
    ("SCR-05", "screening", "caps5_total", 33, 34),
    ("SCR-06", "screening", "pcl5_total", 33, 34),
    ("SCR-07", "screening", "failed_adequate_trials", 0, 1),
    ("SCR-08", "screening", "failed_adequate_trials", 3, 4),
    ("SCR-14", "screening", "mmse_total", 27, 28),
    ("SCR-31", "screening", "stop_bang_total", 3, 2),
    ("SCR-39", "screening", "weight_kg", 100.1, 100),
    ("SCR-39", "screening", "weight_kg", 49.9, 50),
    ("PRE-01", "pre_infusion", "since_weighing_h", 24.1, 24),
    ("PRE-04", "pre_infusion", "spo2_pct", 93, 94),
    ("PRE-05", "pre_infusion", "heart_rate_per_min", 111, 110),
    ("PRE-05", "pre_infusion", "heart_rate_per_min", 49, 50),
    ("PRE-09", "pre_infusion", "since_solids_h", 5.9, 6),
    ("PRE-10", "pre_infusion", "since_clear_liquid_h", 1.9, 2),
    ("DOS-01", "dosing", "dose_mg_per_kg", 0.51, 0.5),
    ("DOS-02", "dosing", "planned_infusion_min", 39, 40),
    ("DOS-03", "dosing", "bmi_kg_per_m2", 30, 29.9),
    ("DOS-04", "dosing", "concentration_mg_per_ml", 100, 50),
    ("DOS-06", "dosing", "infusions_last_7_days", 3, 2),
    ("INF-01", "infusion", "since_vitals_min", 10.1, 10),
    ("INF-05", "infusion", "readings_above_pause", 2, 1),
    ("INF-06", "infusion", "spo2_pct", 93, 94),
    ("INF-07", "infusion", "spo2_pct", 89, 90),
    ("INF-09", "infusion", "moaas_level", 3, 4),
    ("INF-10", "infusion", "moaas_level", 2, 3),
    ("INF-11", "infusion", "heart_rate_per_min", 131, 130),
    ("INF-11", "infusion", "heart_rate_per_min", 44, 45),
    ("INF-12", "infusion", "distress_0_to_10", 7, 6),
    ("INF-19", "infusion", "since_start_min", 40, 39),
    ("INF-20", "infusion", "infusion_number", 3, 4),
    ("POST-01", "post_infusion", "since_vitals_min", 15.1, 15),
    ("DIS-01", "discharge", "since_start_min", 119, 120),
    ("DIS-02", "discharge", "since_start_min", 239, 240),
    ("DIS-07", "discharge", "spo2_pct", 91, 92),
    ("DIS-10", "discharge", "since_infusion_h", 23.9, 24),
    ("FUP-01", "follow_up", "since_infusion_h", 20, 19.9),
    ("FUP-02", "follow_up", "phq9_item9", 1, 0),
    ("FUP-07", "follow_up", "alt_over_upper_limit", 3.1, 3),
    ("CRS-01", "course", "infusion_number", 9, 8),
    ("CRS-05", "course", "pcl5_total", 28, 29),
]


@pytest.mark.parametrize(("id", "phase", "name", "meets", "does_not"), EDGES)
def test_where_a_rule_begins(id: str, phase: str, name: str, meets: float, does_not: float) -> None:
    """Numbers of the rules' sources, typed a second time: a rule begins on the right side of its limit."""
    assert findings(phase, {name: meets})[id].state is State.MET
    assert findings(phase, {name: does_not})[id].state is State.NOT_MET


SITUATIONS: list[tuple[str, str, dict[str, Any], State, tuple[str, ...]]] = [
    ("SCR-11", "screening", {"mania_history": True, "on_mood_stabiliser": False}, State.MET, ()),
    ("SCR-11", "screening", {"mania_history": True}, State.NOT_ASSESSED, ("on_mood_stabiliser",)),
    ("SCR-11", "screening", {"mania_history": False}, State.NOT_MET, ()),
    ("SCR-15", "screening", {"tbi_severity": "moderate"}, State.MET, ()),
    ("SCR-15", "screening", {"tbi_severity": "mild"}, State.NOT_MET, ()),
    ("SCR-18", "screening", {"pregnant": False}, State.NOT_ASSESSED, ("breastfeeding",)),
    ("SCR-18", "screening", {"breastfeeding": True}, State.MET, ()),
    ("SCR-25", "screening", {"had_cardiovascular_event": False}, State.NOT_MET, ()),
    ("SCR-25", "screening", {"had_cardiovascular_event": True, "since_cardiovascular_event_wk": 5}, State.MET, ()),
    ("SCR-30", "screening", {"ecg_reviewed": False}, State.MET, ()),
    (
        "SCR-30",
        "screening",
        {"ecg_reviewed": True, "liver_tests_reviewed": True},
        State.NOT_ASSESSED,
        ("renal_tests_reviewed",),
    ),
    ("PRE-02", "pre_infusion", {"sbp_mmhg": 139, "dbp_mmhg": 91}, State.MET, ()),
    ("PRE-03", "pre_infusion", {"sbp_mmhg": 160, "dbp_mmhg": 100}, State.NOT_MET, ()),
    ("PRE-06", "pre_infusion", {"childbearing_potential": False}, State.NOT_MET, ()),
    ("PRE-06", "pre_infusion", {"childbearing_potential": True, "pregnancy_test_negative": False}, State.MET, ()),
    ("PRE-07", "pre_infusion", {}, State.NOT_ASSESSED, ("drug_screen",)),
    ("DOS-05", "dosing", {"dose_mg": 40, "dose_mg_per_kg": 0.5, "weight_kg": 70}, State.MET, ()),
    ("DOS-05", "dosing", {"dose_mg": 35, "dose_mg_per_kg": 0.5, "weight_kg": 71}, State.NOT_MET, ()),
    ("INF-08", "infusion", {"breaths_per_min": 7}, State.MET, ()),
    ("INF-08", "post_infusion", {"airway_obstructed": True}, State.MET, ()),
    ("POST-02", "post_infusion", {"since_end_min": 89}, State.NOT_MET, ()),
    (
        "POST-02",
        "post_infusion",
        {"since_end_min": 90, "sbp_mmhg": 141, "sbp_baseline_mmhg": 120},
        State.MET,
        (),
    ),
    ("POST-04", "post_infusion", {"wasted_mg": 15, "waste_witnessed": False}, State.MET, ()),
    ("POST-04", "post_infusion", {"wasted_mg": 0}, State.NOT_MET, ()),
    ("POST-05", "post_infusion", {"drawn_mg": 50, "delivered_mg": 35, "wasted_mg": 14.4}, State.MET, ()),
    ("POST-05", "post_infusion", {"drawn_mg": 50, "delivered_mg": 35, "wasted_mg": 14.5}, State.NOT_MET, ()),
    ("DIS-03", "discharge", {"aldrete_total": 10}, State.NOT_MET, ()),
    ("DIS-03", "discharge", {"aldrete_total": 8}, State.NOT_ASSESSED, ("padss_total",)),
    ("DIS-05", "discharge", {"dissociation_resolved": True, "moaas_level": 4}, State.MET, ()),
    ("FUP-04", "follow_up", {"pcl5_total": 60, "pcl5_baseline": 45}, State.MET, ()),
    ("CRS-02", "course", {"infusions_given": 4, "pcl5_baseline": 50, "pcl5_total": 41}, State.MET, ()),
    ("CRS-02", "course", {"infusions_given": 3}, State.NOT_MET, ()),
    ("CRS-03", "course", {"caps5_baseline": 40, "caps5_total": 28}, State.MET, ()),
    ("CRS-03", "course", {"caps5_baseline": 0, "caps5_total": 0}, State.NOT_MET, ()),
    ("CRS-06", "course", {"course_week": 9, "infusions_last_7_days": 2}, State.MET, ()),
]


@pytest.mark.parametrize(("id", "phase", "values", "state", "missing"), SITUATIONS)
def test_situations(id: str, phase: str, values: dict[str, Any], state: State, missing: tuple[str, ...]) -> None:
    """Invariant: what a clinician would expect of the rule, with what is not charted asked for."""
    found = findings(phase, values)[id]

    assert (found.state, found.missing) == (state, missing)


@pytest.mark.parametrize("phase", Phase)
def test_nothing_charted_is_never_passed(phase: Phase) -> None:
    """Invariant: without inputs a rule that has any is not assessed, and asks for something."""
    for finding in RULES.evaluate(phase, {}):
        constant = finding.rule.when.names == ()
        assert finding.state is (State.MET if constant else State.NOT_ASSESSED)
        assert bool(finding.missing) is not constant


def values_of(variable: Variable) -> st.SearchStrategy[Any]:
    if variable.kind is Kind.TRUTH:
        return st.booleans()
    if variable.kind is Kind.CATEGORY:
        return st.sampled_from(variable.allowed)
    near = sorted({limit.value for limit in RULES.limits.values() if limit.unit == variable.unit} | {0, 1, 100})
    return st.sampled_from(near).flatmap(lambda x: st.sampled_from([x - 1, x, x + 1]))


@st.composite
def charts(draw: st.DrawFn) -> tuple[Phase, dict[str, Any], dict[str, Any]]:
    """A phase, a full chart of its inputs, and the same with gaps."""
    phase = draw(st.sampled_from(Phase))
    names = {name for rule in RULES.phase(phase) for name in rule.when.names} - RULES.limits.keys()
    full = {name: draw(values_of(RULES.variables[name])) for name in sorted(names)}
    kept = draw(st.sets(st.sampled_from(sorted(full)))) if full else set()
    return phase, full, {name: full[name] for name in kept}


@given(charts())
@settings(max_examples=60, deadline=None)
def test_charting_more_never_overturns_a_verdict(chart: tuple[Phase, dict[str, Any], dict[str, Any]]) -> None:
    """Invariant: a definite verdict on a chart with gaps is the verdict on the full chart, for every shipped rule."""
    phase, full, partial = chart

    for some, everything in zip(RULES.evaluate(phase, partial), RULES.evaluate(phase, full), strict=True):
        assert some.verdict.value in (None, everything.verdict.value)
        assert everything.verdict.value is not None or everything.verdict.reasons


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_arrays_give_what_single_patients_give(rule: Any) -> None:
    """Independent implementation: arrays against one evaluation per patient, for every shipped rule."""
    generator = np.random.default_rng(5)
    patients = 60
    columns: dict[str, Any] = {}
    for variable in rule.when.variables:
        if variable.name in RULES.limits:
            continue
        if variable.kind is Kind.CATEGORY:
            columns[variable.name] = generator.choice(["", *variable.allowed], patients)
        elif variable.kind is Kind.TRUTH:
            columns[variable.name] = generator.choice([0.0, 1.0, np.nan], patients)
        else:
            near = [limit.value for limit in RULES.limits.values() if limit.unit == variable.unit] or [0.0, 50.0]
            columns[variable.name] = generator.choice([*near, np.nan], patients) + generator.choice(
                [-1, 0, 1], patients
            )
    true, known = np.broadcast_arrays(*RULES.over(rule.id, columns), np.empty(patients))[:2]

    for i in range(patients):
        values = {name: _single(RULES.variables[name], column[i]) for name, column in columns.items()}
        expected = {finding.id: finding for finding in RULES.evaluate(rule.phase, values)}[rule.id].verdict.value
        assert (bool(true[i]), bool(known[i])) == (expected is True, expected is not None)


def _single(variable: Variable, value: Any) -> Any:
    if variable.kind is Kind.CATEGORY:
        return str(value) or None
    if variable.kind is Kind.TRUTH:
        return None if np.isnan(value) else bool(value)
    return float(value)


def test_the_rules_are_all_there() -> None:
    """Invariant: 122 rules, each in the phase that its id says."""
    prefix = {
        "POS": Phase.POSITION,
        "SCR": Phase.SCREENING,
        "PRE": Phase.PRE_INFUSION,
        "DOS": Phase.DOSING,
        "INF": Phase.INFUSION,
        "POST": Phase.POST_INFUSION,
        "DIS": Phase.DISCHARGE,
        "FUP": Phase.FOLLOW_UP,
        "CRS": Phase.COURSE,
    }

    assert len(RULES.rules) == 122
    assert all(rule.phase is prefix[rule.id.split("-")[0]] for rule in RULES.rules)
    assert all(rule in RULES.phase(phase) for rule in RULES.rules for phase in rule.phases)


def test_conditions_hold_no_number_but_nought() -> None:
    """Invariant: every other number is a limit, with its source, that a site can see and set."""
    numbers = {node.value for rule in RULES.rules for node in inside(rule.when.root) if isinstance(node, Number)}

    assert numbers == {0}


def test_every_limit_is_used() -> None:
    """Invariant: setting a limit changes something."""
    used = {name for rule in RULES.rules for name in (*rule.when.names, *PLACE.findall(rule.text))}

    assert RULES.limits.keys() - used == set()


def test_where_the_rules_come_from() -> None:
    """Invariant: a source that was not read says so; a proposal of ours is never shown as published."""
    assert {rule.source for rule in RULES.rules} <= load_sources().keys()
    quantities = [limit.quantity for limit in RULES.limits.values()]
    sources = [(x.source, x.seen) for x in RULES.rules] + [(x.source, x.seen) for x in quantities]
    assert all((source == "assumption") == (seen == "assumed") for source, seen in sources)
    assert all((rule.seen == "assumed") == (rule.strength == "design default") for rule in RULES.rules)
    assert {rule.id for rule in RULES.rules if rule.seen == "unverified"} == {
        *("POS-02", "SCR-32", "PRE-15", "PRE-16", "DOS-03", "INF-04", "INF-13", "POST-04", "POST-05", "CRS-06"),
    }
    assert not RULES.rule("pos-02").verified
    assert "nverified" in RULES.rule("POS-02").text


def test_the_page_counts_them_right() -> None:
    """Invariant: docs/rules.md says how many rules and limits rest on what."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    ways = ("full text", "abstract", "secondary", "unverified", "assumed")
    rules = [sum(rule.seen == way for rule in RULES.rules) for way in ways]
    limits = [sum(limit.quantity.seen == way for limit in RULES.limits.values()) for way in ways]

    assert f"{len(RULES.rules)} rules and {len(RULES.limits)} limits" in page
    for name, counts in (("rules", rules), ("limits", limits)):
        assert f"| {name} | {' | '.join(map(str, counts))} |" in page


def test_a_finding_can_be_reviewed_from_its_json() -> None:
    """Invariant: inputs, missing inputs, logic, source, strength and who set the limit are shown."""
    site = RULES.with_limits({"sbp_crisis_mmhg": 190}, by="A. Director", reason="local policy")
    found = json.loads(json.dumps(findings("infusion", {"sbp_mmhg": 195}, site)["INF-04"].as_dict()))

    assert (found["state"], found["used"], found["missing"]) == (
        "not assessed",
        {"sbp_mmhg": 195},
        ["end_organ_symptoms"],
    )
    assert (found["source"], found["seen"], found["strength"]) == ("accaha2017", "unverified", "guideline")
    assert [(limit["name"], limit["value"], limit["set_by"]) for limit in found["limits"]] == [
        ("sbp_crisis_mmhg", 190, "A. Director"),
        ("dbp_crisis_mmhg", 120, "Reprieve"),
    ]
    assert found["parts"]["parts"][0]["state"] == "met"


def test_a_site_sets_its_limits() -> None:
    """Invariant: the new number decides, is shown, and is remembered with its author; the shipped set stays."""
    site = RULES.with_limits({"sbp_pause_mmhg": 170, "dbp_pause_mmhg": 105}, by="A. Director")
    found = findings("infusion", {"sbp_mmhg": 175, "dbp_mmhg": 80}, site)["INF-03"]

    assert found.state is State.MET
    assert found.text.startswith("Pressure above 170/105")
    assert {limit.set_by for limit in found.limits} == {"A. Director"}
    assert findings("infusion", {"sbp_mmhg": 175, "dbp_mmhg": 80})["INF-03"].state is State.NOT_MET
    assert site.digest != RULES.digest
    assert RULES.limits["sbp_pause_mmhg"].set_by == ""


@pytest.mark.parametrize(
    ("values", "by", "part"),
    [
        ({"sbp_pause_mmhg": 170}, " ", "by: "),
        ({"sbp_puase_mmhg": 170}, "D", "did you mean sbp_pause_mmhg?"),
        ({"sbp_pause_mmhg": 17}, "D", "must lie within 120 to 240 mm[Hg]"),
        ({"sbp_pause_mmhg": float("nan")}, "D", "must lie within"),
        ({"sbp_pause_mmhg": "170"}, "D", "must be a number"),
        ({"sbp_pause_mmhg": True}, "D", "must be a number"),
        ({"sbp_pause_mmhg": 150}, "D", "must hold: sbp_alert_mmhg <= sbp_pause_mmhg"),
        ({"sbp_pause_mmhg": 190}, "D", "must hold: sbp_pause_mmhg <= sbp_crisis_mmhg"),
        ({"spo2_stop_pct": 95}, "D", "must hold: spo2_stop_pct <= spo2_alert_pct"),
    ],
)
def test_a_wrong_limit_is_refused(values: dict[str, Any], by: str, part: str) -> None:
    """Invariant: kind, range and order are checked, and someone stands for it."""
    with pytest.raises(InputError) as caught:
        RULES.with_limits(values, by=by)

    assert part in str(caught.value)


def test_what_would_have_fired() -> None:
    """Invariant: only what changes is listed, with both findings."""
    site = RULES.with_limits({"sbp_pause_mmhg": 165, "sbp_alert_mmhg": 150}, by="A. Director")
    cases = [
        Case("s1 10:20", "infusion", {"sbp_mmhg": 170, "dbp_mmhg": 80}),
        Case("s1 10:30", "infusion", {"sbp_mmhg": 140, "dbp_mmhg": 80}),
        Case("s1 10:40", "infusion", {"sbp_mmhg": 155, "dbp_mmhg": 80, "a_name_of_later": 1}),
    ]

    assert [change.line() for change in RULES.compare(site, cases)] == [
        "s1 10:20: INF-03: not met -> met",
        "s1 10:40: INF-02: not met -> met",
    ]
    assert RULES.compare(RULES, cases) == ()


def test_rules_that_come_or_go_are_changes() -> None:
    """Invariant: a rule that is not in a set is said to be absent, not unmet."""
    fewer = RuleSet(RULES.name, "2", RULES.variables, RULES.limits, RULES.rules[:-1])
    gone = RULES.compare(fewer, [Case("c", "course", {})])
    back = fewer.compare(RULES, [Case("c", "course", {})])

    assert [change.line() for change in gone] == ["c: CRS-08: met -> no such rule"]
    assert [change.line() for change in back] == ["c: CRS-08: no such rule -> met"]


@pytest.mark.parametrize(
    ("phase", "values", "part"),
    [
        ("surgery", {}, "phase: 'surgery'"),
        ("infusion", {"spb_mmhg": 100}, "did you mean sbp_mmhg?"),
        ("infusion", {"sbp_mmhg": "100"}, "sbp_mmhg: '100': must be a number in mm[Hg]"),
        ("screening", {"tbi_severity": "modrate"}, "must be one of none, mild, moderate, severe"),
        ("infusion", {"sbp_pause_mmhg": 200}, "is not a variable"),
    ],
)
def test_wrong_values_are_refused(phase: str, values: dict[str, Any], part: str) -> None:
    """Invariant: a misspelt name is an error, not a missing input; a limit is not set through the chart."""
    with pytest.raises(InputError) as caught:
        RULES.evaluate(phase, values)

    assert part in str(caught.value)


def test_arrays_refuse_wrong_names() -> None:
    """Invariant: the same for arrays, masks and ids."""
    for values, known in (({"spb_mmhg": 1}, None), ({}, {"spb_mmhg": [True]})):
        with pytest.raises(InputError, match="did you mean sbp_mmhg"):
            RULES.over("INF-03", values, known)
    with pytest.raises(InputError, match="did you mean INF-"):
        RULES.over("INF-99", {})


def test_the_set_has_one_digest_and_can_be_sent() -> None:
    """Invariant: a stored finding names the very set; workers in other processes get it whole."""
    again = pickle.loads(pickle.dumps(RULES))

    assert again.digest == RULES.digest
    assert again.evaluate("discharge", {"spo2_pct": 91}) == RULES.evaluate("discharge", {"spo2_pct": 91})
    assert load_rules() is RULES
