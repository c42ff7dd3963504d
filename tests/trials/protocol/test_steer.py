"""Courses steered by session rules: causal, consistent with what was given, and logged."""

from functools import partial

import numpy as np
import pytest

from reprieve.core.errors import InputError, NumericsError
from reprieve.core.rules.files import load_rules
from reprieve.model.population import Population, population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.trials.protocol.frozen import check
from reprieve.trials.protocol.joined import joined
from reprieve.trials.protocol.log import PAUSED, RESUMED, STOPPED, WITHHELD
from reprieve.trials.protocol.policy import Policy
from reprieve.trials.protocol.shares import limits_compared
from reprieve.trials.protocol.steer import Steered, steer
from reprieve.trials.protocol.watch import Watch
from tests.tolerance import close

THREE = Regimen.parse("0.5 mg/kg over 40 min on days 0, 2, 4")
DAYS_H = np.array([0.0, 1, 4, 7, 14]) * 24
RUN = partial(simulate, executor="numpy")
LOW = {"sbp_alert_mmhg": 150.0, "dbp_alert_mmhg": 95.0, "sbp_pause_mmhg": 150.0, "dbp_pause_mmhg": 95.0}


@pytest.fixture(scope="module")
def people() -> Population:
    return population(120, seed=4)


def watched(limits: dict[str, float] | None = None) -> Watch:
    rules = load_rules()
    return Watch(rules.with_limits(limits, by="test") if limits else rules)


@pytest.fixture(scope="module")
def steered(people: Population) -> Steered:
    return steer(THREE, people, Policy(), watched(LOW), RUN, time_h=DAYS_H)


def test_rules_that_never_fire_change_nothing(people: Population) -> None:
    """Invariant: under limits nobody reaches, everybody gets the plan and the curves of the plain simulation."""
    high = {"sbp_pause_mmhg": 220.0, "dbp_pause_mmhg": 140.0, "sbp_crisis_mmhg": 220.0, "dbp_crisis_mmhg": 140.0}
    few = people.take(slice(0, 30))
    found = steer(THREE, few, Policy(), Watch(load_rules().with_limits(high, by="test"), ()), RUN, time_h=DAYS_H)
    plain = simulate(THREE, few, time_h=DAYS_H, minutes=found.grid.minutes, executor="numpy")

    assert not [one for one in found.decisions if one.rule == "INF-03"]
    quiet = [n for n in range(30) if int(few.ids[n]) not in {one.patient for one in found.decisions}]
    assert len(quiet) > 20
    assert np.all(found.dose_share[quiet] == 1)
    run = joined(found, few, np.zeros(30))
    assert close(run.values["caps5"][quiet], plain.values["caps5"][quiet], "states")


def test_the_doses_given_give_the_same_curves_without_rules(people: Population, steered: Steered) -> None:
    """Independent implementation: every course that came about is run again as a plain regimen."""
    assert {one.action for one in steered.decisions} >= {PAUSED, RESUMED}
    assert check(steered, people, RUN, time_h=DAYS_H) >= 0


def test_a_dose_that_was_not_the_one_given_is_found(people: Population, steered: Steered) -> None:
    """Invariant: the frozen replay fails, naming patient and curve, if one patient's record is wrong by one step."""
    patient = int(np.flatnonzero(steered.dose_share.min(axis=1) > 0)[5])
    wrong = steered.shares.copy()
    wrong[patient, 1, 7] = 0
    forged = Steered(steered.grid, wrong, steered.decisions, steered.parts, steered.passes)

    with pytest.raises(NumericsError, match=f"patient {people.ids[patient]}, "):
        check(forged, people, RUN, time_h=DAYS_H)


def test_every_decision_saw_what_the_final_course_shows(people: Population, steered: Steered) -> None:
    """Invariant: readings in the log are those of the course as it was given, and they break the limit they name."""
    part = {int(patient): (run, row) for who, run in steered.parts for row, patient in enumerate(run.patients.ids)}
    held = steered.shares.any(axis=2)
    place = {int(patient): number for number, patient in enumerate(people.ids)}
    for one in steered.decisions:
        if one.action == WITHHELD:
            continue
        run, row = part[one.patient]
        session = int(held[place[one.patient], : one.infusion - 1].sum())
        minute = int(np.searchsorted(run.minute, one.minute))
        if one.rule == "INF-03":
            above = [one.saw[f"{name}_mmhg"] > one.limits[f"{name}_pause_mmhg"] for name in ("sbp", "dbp")]
            assert any(above)
            assert close(one.saw["sbp_mmhg"], run.acute["sbp_mmhg"][row, session, minute], "states")


def test_a_withheld_infusion_is_no_infusion(people: Population, steered: Steered) -> None:
    """Invariant: who is sent home gets nothing, feels nothing and keeps their belief; the others are not renumbered."""
    sent_home = [(one.patient, one.infusion) for one in steered.decisions if one.action == WITHHELD]
    place = {int(patient): number for number, patient in enumerate(people.ids)}
    run = joined(steered, people, np.full(len(people), 0.3))

    assert sent_home
    for patient, infusion in sent_home:
        row, number = place[patient], infusion - 1
        assert steered.dose_share[row, number] == 0
        assert run.felt["dissociation_peak"][row, number] == 0
        assert run.felt["belief"][row, number] == (run.felt["belief"][row, number - 1] if number else 0.3)


def test_a_patient_who_got_nothing_is_read_as_untreated(people: Population) -> None:
    """Closed form: without any infusion there is no response at all, so latent scores stay at baseline."""
    limits = dict.fromkeys(("sbp_start_mmhg", "sbp_start_hard_mmhg"), 125.0)
    limits |= dict.fromkeys(("dbp_start_mmhg", "dbp_start_hard_mmhg"), 80.0)
    few = people.take(slice(0, 20))
    found = steer(THREE, few, Policy(), watched(limits), RUN, time_h=DAYS_H)
    run = joined(found, few, np.full(20, 0.3))
    nothing = np.array([regimen is None for regimen in found.regimens])

    assert nothing.sum() > 5
    assert np.array_equal(run.values["caps5"][nothing], np.repeat(run.baseline["caps5"][nothing, None], 5, axis=1))
    assert check(found, few, RUN, time_h=DAYS_H) >= 0


def test_a_lower_limit_never_pauses_fewer_infusions(people: Population) -> None:
    """Invariant: whoever crosses 170 has crossed 150; the share is a mean over all planned infusions."""
    middle = {"sbp_pause_mmhg": 170.0, "dbp_pause_mmhg": 105.0}
    few = people.take(slice(0, 60))
    found = limits_compared(THREE, few, {"low": LOW, "middle": middle, "shipped": {}}, RUN, frozen=False)
    paused = [found.actions[name][PAUSED].value for name in ("low", "middle", "shipped")]

    assert paused == sorted(paused, reverse=True)
    assert paused[0] > paused[2]


def test_what_cannot_be_assessed_is_said(people: Population) -> None:
    """Invariant: rules on symptoms, sedation level or saturation are never counted as passed."""
    assert {"INF-07", "INF-09", "INF-14"} <= set(watched().not_assessed())
    assert "INF-03" not in watched().not_assessed()


def test_a_pause_without_end_runs_out_of_time(people: Population) -> None:
    """Invariant: an infusion that stays above its limit ends when its time is over, and the log says so."""
    limits = {"dbp_alert_mmhg": 80.0, "dbp_pause_mmhg": 80.0}
    few = people.take(slice(0, 10))
    watch = Watch(load_rules().with_limits(limits, by="test"), withhold_on=())
    found = steer(THREE, few, Policy(longest=2), watch, RUN, time_h=DAYS_H)
    ended = [one for one in found.decisions if one.action == STOPPED]

    assert ended
    assert all(one.rule == "" and one.minute == 80 for one in ended)


def test_a_limit_that_is_not_in_the_file_is_refused(people: Population) -> None:
    """Invariant: a slip in a limit's name is named, with the nearest one."""
    with pytest.raises(InputError, match="sbp_pause_mmhg"):
        limits_compared(THREE, people, {"site": {"sbp_pauze_mmhg": 160.0}}, RUN)
