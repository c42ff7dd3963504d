"""Regimens: what is valid, and what a pause, a stop and a change of rate do to the amounts."""

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.results import digest
from reprieve.core.units import constants
from reprieve.model.regimen import Basis, Dose, Phase, Regimen, Route, Substance, Unit
from tests.model.regimen_strategies import between, infusions, refusal, regimens
from tests.tolerance import close

FORTY_MINUTES = 40 / 60
inside = between(0.05, 0.95)


def infusion(
    amount: float = 0.5, start_h: float = 0.0, unit: Unit = "mg/kg", hours: float = FORTY_MINUTES
) -> Dose:
    return Dose(start_h, (Phase(hours, amount),), unit)


def changed(dose: Dose, change: Callable[[Dose], Dose]) -> Dose | None:
    """The changed dose, or None where a stretch would be shorter than a second."""
    try:
        return change(dose)
    except InputError as refused:
        error = refused
    assert error.field == "duration_h"
    return None


@given(infusions(), inside, between(0.01, 2))
def test_a_pause_conserves_the_amount_and_adds_its_length(dose: Dose, share: float, for_h: float) -> None:
    """Invariant: what a pause interrupts is given later, at the same rates."""
    after = changed(dose, lambda d: d.paused(share * d.duration_h, for_h))

    if after is not None:
        assert close(after.amount, dose.amount, "closed_form")
        assert close(after.duration_h, dose.duration_h + for_h, "closed_form")
        assert after.withheld == dose.withheld
        assert close(fastest(after), fastest(dose), "closed_form")


def fastest(dose: Dose) -> float:
    return max(phase.rate_per_h for phase in dose.phases)


@given(infusions(), inside, between(0.2, 3))
def test_a_change_of_rate_conserves_the_amount(dose: Dose, share: float, factor: float) -> None:
    """Invariant: the rest is given faster or slower, not more or less."""
    after = changed(dose, lambda d: d.rate_changed(share * d.duration_h, factor))

    if after is not None:
        assert close(after.amount, dose.amount, "closed_form")
        assert after.withheld == dose.withheld
        assert math.isclose(after.phases[-1].rate_per_h, dose.phases[-1].rate_per_h * factor)


@given(infusions(), inside)
def test_a_stop_withholds_exactly_what_was_left(dose: Dose, share: float) -> None:
    """Invariant: given and withheld add up to the order; given is the integral of the rate to the stop."""
    at_h = share * dose.duration_h
    after = changed(dose, lambda d: d.stopped(at_h))

    if after is not None:
        assert close(after.planned, dose.planned, "closed_form")
        assert close(after.amount, delivered(dose, at_h), "closed_form")
        assert after.duration_h <= at_h or math.isclose(after.duration_h, at_h)
        assert after.phases[-1].amount > 0


def delivered(dose: Dose, at_h: float) -> float:
    """Amount given until `at_h` after the start, by the definition of a constant rate."""
    total, clock_h = 0.0, 0.0
    for phase in dose.phases:
        total += phase.amount * min(max((at_h - clock_h) / phase.duration_h, 0), 1)
        clock_h += phase.duration_h
    return total


@given(infusions(), inside, between(0.01, 1))
def test_a_pause_before_a_stop_lets_less_through(dose: Dose, share: float, for_h: float) -> None:
    """Invariant: stopped at the same clock time, the paused infusion has given no more than the other."""
    at_h = share * dose.duration_h
    paused = changed(dose, lambda d: d.paused(at_h / 2, for_h).stopped(at_h))
    plain = changed(dose, lambda d: d.stopped(at_h))

    if paused is not None and plain is not None:
        assert paused.amount <= plain.amount or math.isclose(paused.amount, plain.amount)


def test_stopped_at_25_of_40_minutes_gives_five_eighths() -> None:
    """Closed form: 0.5 mg/kg x 25/40 = 0.3125 mg/kg given, 0.1875 mg/kg withheld."""
    stopped = infusion().stopped(25 / 60)

    assert stopped.phases == (Phase(25 / 60, 0.3125),)
    assert stopped.withheld == 0.1875


def test_a_pause_lies_where_it_was_asked_for() -> None:
    """Closed form: a quarter of the dose before a pause at 10 of 40 minutes, three quarters after."""
    paused = infusion().paused(10 / 60, 5 / 60)

    assert paused.phases == (Phase(10 / 60, 0.125), Phase(5 / 60, 0.0), Phase(0.5, 0.375))


def test_a_stop_in_a_pause_drops_the_rest_of_the_pause() -> None:
    """Invariant: an infusion ends with drug, not with waiting."""
    dose = infusion().paused(10 / 60, 5 / 60).stopped(12 / 60)

    assert dose.phases == (Phase(10 / 60, 0.125),)
    assert dose.withheld == 0.375


def test_a_change_at_the_border_of_two_phases_cuts_no_sliver() -> None:
    """Invariant: at the end of a phase, the phase stays whole."""
    two = Dose(0.0, (Phase(1 / 60, 0.1), Phase(40 / 60, 0.4)), "mg/kg")

    assert two.paused(1 / 60, 5 / 60).phases == (Phase(1 / 60, 0.1), Phase(5 / 60, 0.0), Phase(40 / 60, 0.4))


@given(regimens(), between(40, 150))
def test_amounts_are_base_and_follow_weight(regimen: Regimen, weight_kg: float) -> None:
    """Invariant: mg stay, mg/kg are multiplied by weight, hydrochloride counts as base once."""
    factor = constants()["base_per_hydrochloride"] if regimen.basis is Basis.HCL else 1.0

    expected = [d.amount * factor * (weight_kg if d.unit == "mg/kg" else 1) for d in regimen.doses]
    assert close(regimen.amount_mg(weight_kg), expected, "closed_form")


@given(regimens())
def test_json_gives_the_same_regimen_back(regimen: Regimen) -> None:
    """Invariant: as a table and as text; equal regimens have equal digests."""
    assert Regimen.from_json(regimen.to_json()) == regimen
    again = Regimen.from_json(json.dumps(regimen.to_json()))
    assert again == regimen
    assert digest(again) == digest(regimen)


@given(st.lists(st.floats(), min_size=1, max_size=4), st.floats(), st.floats())
def test_no_number_makes_an_invalid_infusion(durations: list[float], amount: float, start_h: float) -> None:
    """Invariant: whatever the floats, the result is refused with a field or keeps the rules."""
    try:
        dose = Dose(start_h, tuple(Phase(h, amount) for h in durations), "mg/kg")
        regimen = Regimen((dose,))
    except InputError as refused:
        error = refused
    else:
        assert regimen.doses[0].amount > 0
        assert math.isfinite(regimen.doses[0].end_h)
        return
    assert error.field in ("start_h", "duration_h", "amount", "dose_mg_per_kg")


def midazolam(amount: float, unit: Unit) -> Regimen:
    return Regimen((infusion(amount, unit=unit),), Substance.MIDAZOLAM)


WITHOUT_DOSES = {"substance": "ketamine", "basis": "base"}
INJECTION = Dose(0, (Phase(0, 1),), "mg", Route.IM)
SALINE = Dose(0.0, (Phase(1.0, 0.0),), "mg")
REFUSED: dict[str, tuple[Callable[[], object], str, str]] = {
    "negative dose": (lambda: infusion(-0.5), "amount", "negative"),
    "zero dose": (lambda: Regimen((infusion(0.0),)), "dose_mg_per_kg", "positive"),
    "zero dose in mg": (lambda: Regimen((infusion(0.0, unit="mg"),)), "dose_mg", "positive"),
    "NaN dose": (lambda: infusion(math.nan), "amount", "finite"),
    "infinite dose": (lambda: infusion(math.inf), "amount", "finite"),
    "dose as text": (lambda: infusion("0.5"), "amount", "number"),  # type: ignore[arg-type]
    "dose as bool": (lambda: infusion(True), "amount", "number"),
    "absurd IV dose": (lambda: infusion(5.1), "dose_mg_per_kg", "at most 5"),
    "absurd dose in mg": (lambda: infusion(501, unit="mg"), "dose_mg", "at most 500"),
    "absurd withheld": (lambda: replace(infusion(), withheld=5), "dose_mg_per_kg", "at most 5"),
    "negative withheld": (lambda: replace(infusion(), withheld=-1), "withheld", "negative"),
    "absurd IM dose": (lambda: Dose(0, (Phase(0, 16),), "mg/kg", Route.IM), "dose_mg_per_kg", "at most 15"),
    "zero IM dose": (lambda: Dose(0, (Phase(0, 0),), "mg/kg", Route.IM), "dose_mg_per_kg", "positive"),
    "IM infusion": (lambda: replace(infusion(), route=Route.IM), "duration_h", "im route"),
    "IM in two steps": (lambda: Dose(0, (Phase(0, 1),) * 2, "mg", Route.IM), "phases", "one amount"),
    "unknown route": (lambda: replace(infusion(), route="rectal"), "route", "one of iv"),  # type: ignore[arg-type]
    "unknown unit": (lambda: replace(infusion(), unit="g"), "unit", "mg or mg/kg"),  # type: ignore[arg-type]
    "zero length": (lambda: infusion(hours=0), "duration_h", "zero"),
    "half a second": (lambda: infusion(hours=0.5 / 3600), "duration_h", "second"),
    "negative length": (lambda: infusion(hours=-1), "duration_h", "negative"),
    "NaN length": (lambda: infusion(hours=math.nan), "duration_h", "finite"),
    "25 hours": (lambda: infusion(hours=25), "duration_h", "at most 24"),
    "no phase": (lambda: Dose(0, (), "mg"), "phases", "at least one"),
    "phases that are none": (lambda: Dose(0, (1.0,), "mg"), "phases", "Phase"),  # type: ignore[arg-type]
    "101 phases": (lambda: Dose(0, (Phase(0.1, 0.01),) * 101, "mg"), "phases", "at most 100"),
    "pause first": (lambda: Dose(0, (Phase(1, 0), Phase(1, 1)), "mg"), "phases", "pause"),
    "pause last": (lambda: Dose(0, (Phase(1, 1), Phase(1, 0)), "mg"), "phases", "pause"),
    "negative start": (lambda: infusion(start_h=-1), "start_h", "negative"),
    "NaN start": (lambda: infusion(start_h=math.nan), "start_h", "finite"),
    "start after ten years": (lambda: infusion(start_h=3651 * 24), "start_h", "at most 87600"),
    "no dose": (lambda: Regimen(()), "doses", "at least one"),
    "doses that are none": (lambda: Regimen(("0.5 mg",)), "doses", "Dose"),  # type: ignore[arg-type]
    "1001 doses": (lambda: Regimen(tuple(infusion(start_h=i) for i in range(1001))), "doses", "at most 1000"),
    "not sorted": (lambda: Regimen((infusion(start_h=48), infusion())), "start_h", "sort"),
    "overlap": (lambda: Regimen((infusion(), infusion(start_h=0.5))), "start_h", "overlap"),
    "same start": (lambda: Regimen((infusion(), infusion())), "start_h", "overlap"),
    "unknown substance": (lambda: Regimen((infusion(),), "beer"), "substance", "ketamine"),  # type: ignore[arg-type]
    "unknown basis": (lambda: Regimen((infusion(),), basis="salt"), "basis", "base"),  # type: ignore[arg-type]
    "midazolam like ketamine": (lambda: midazolam(0.6, "mg/kg"), "dose_mg_per_kg", "at most 0.5"),
    "midazolam in mg": (lambda: midazolam(60, "mg"), "dose_mg", "at most 50"),
    "no midazolam": (lambda: Regimen((SALINE,), Substance.MIDAZOLAM), "dose_mg", "positive"),
    "pause of nothing": (lambda: infusion().paused(0.1, 0), "pause_h", "positive"),
    "pause at the start": (lambda: infusion().paused(0, 0.1), "pause_at_h", "positive"),
    "pause after the end": (lambda: infusion().paused(1, 0.1), "pause_at_h", "before the end"),
    "stop at the end": (lambda: infusion().stopped(FORTY_MINUTES), "stop_at_h", "before the end"),
    "stop at NaN": (lambda: infusion().stopped(math.nan), "stop_at_h", "finite"),
    "rate times zero": (lambda: infusion().rate_changed(0.1, 0), "rate_factor", "positive"),
    "rate of an injection": (lambda: INJECTION.rate_changed(0.1, 2), "rate_change_at_h", "infusion"),
    "rate without duration": (lambda: Phase(0, 1).rate_per_h, "duration_h", "positive"),
    "weight zero": (lambda: Regimen((infusion(),)).amount_mg(0), "weight_kg", "positive"),
    "weight of a child": (lambda: Regimen((infusion(),)).amount_mg(12), "weight_kg", "25 to 350"),
    "JSON that is none": (lambda: Regimen.from_json("{"), "regimen", "JSON"),
    "JSON list": (lambda: Regimen.from_json("[]"), "regimen", "table"),
    "JSON without doses": (lambda: Regimen.from_json(WITHOUT_DOSES), "doses", "missing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_field(case: str) -> None:
    """Invariant (house rule 5): what cannot be right is refused, naming field and rule in one line."""
    make, field, rule = REFUSED[case]

    error = refusal(make)
    assert field in error.field
    assert rule in str(error)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Regimen((infusion(),), Substance.SALINE), "dose_mg_per_kg"),
        (lambda: Regimen((SALINE,), Substance.SALINE, Basis.HCL), "basis"),
        (lambda: Regimen((infusion(0.05),), Substance.MIDAZOLAM, Basis.HCL), "basis"),
    ],
)
def test_a_wish_without_a_model_says_so(make: Callable[[], object], field: str) -> None:
    """Invariant: what is understood but cannot be served is another kind of refusal."""
    error = refusal(make)

    assert isinstance(error, UnsupportedError)
    assert error.field == field


def test_json_names_the_place_of_an_error() -> None:
    """Invariant: a wrong value deep in a table is found by its path; an unknown key is refused."""
    table = json.loads(json.dumps(Regimen((infusion(), infusion(start_h=48))).to_json()))
    table["doses"][1]["phases"][0]["amount"] = -1
    assert refusal(lambda: Regimen.from_json(table)).field == "doses[1].amount"

    table["doses"][1]["phases"][0] = {"duration_h": 1, "amount": 1, "rate": 1}
    assert refusal(lambda: Regimen.from_json(table)).field == "doses[1].phases[0].rate"


def test_touching_doses_are_no_overlap() -> None:
    """Invariant: a dose may start the moment the one before it ends."""
    first = infusion()

    assert len(Regimen((first, infusion(start_h=first.end_h))).doses) == 2


def test_one_second_is_long_enough() -> None:
    """Closed form: the shortest stretch is one second, however the division rounds."""
    assert infusion(hours=1 / 3600).duration_h == 1 / 3600
