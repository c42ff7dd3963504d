"""The one-line language: what it means, that it survives a round trip, where it points when it refuses."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.model.regimen import Basis, Dose, Phase, Regimen, Route, Substance
from tests.model.regimen_strategies import corpus, refusal, regimens

FORTY = 40 / 60
SIX = [0, 2, 4, 7, 9, 11]


@given(regimens())
def test_the_text_of_a_regimen_gives_it_back(regimen: Regimen) -> None:
    """Invariant: parse(text(r)) == r, to the last bit of every number."""
    text = regimen.text()

    assert Regimen.parse(text) == regimen
    assert Regimen.parse(text).text() == text


@given(regimens())
def test_case_and_spaces_do_not_matter(regimen: Regimen) -> None:
    """Invariant: capitals, tabs, line breaks and blanks around signs change nothing."""
    text = regimen.text()

    assert Regimen.parse(text.upper()) == regimen
    assert Regimen.parse("\n " + text.replace(" ", "\t  ").replace("/", " / ").replace(";", " ; ")) == regimen


WORDS = "0.5 -1 0 40 1e400 nan mg/kg mg g over min h on days day , ; then every x for weeks twice weekly"
WORDS += " pause stop at rate hcl base im nasal saline esketamine midazolam 9:30 from not given - daily 0,5 é"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=14).map(" ".join))
@example("0.5 mg/kg over 40 min every 1e-300 days for 2 weeks")
@example("0.5 mg/kg over 40 min every 1e11 days x 1000")
@example("0.5 mg/kg over 1e-320 min")
@example("0.5 mg/kg over 40 min on days 0-1e11 every 1e-300 days")
def test_any_row_of_words_is_read_or_refused_in_one_line(text: str) -> None:
    """Invariant: no text ends in anything but a regimen or an `InputError` of one line."""
    try:
        Regimen.parse(text).text()
    except InputError as error:
        message = str(error)
    else:
        return
    assert len(message.splitlines()) == 1


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Invariant: the same for every character there is."""
    try:
        Regimen.parse(text)
    except InputError as error:
        message = str(error)
    else:
        return
    assert len(message.splitlines()) == 1


def days(text: str) -> list[float]:
    return [dose.start_h / 24 for dose in Regimen.parse(text).doses]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("on days 0, 2, 4, 7, 9, 11", SIX),
        ("on days 0,2,4,7,9,11", SIX),
        ("on days 0 2 4".replace(" 2", ", 2").replace(" 4", " and 4"), [0, 2, 4]),
        (", on days 0, 2, and 4", [0, 2, 4]),
        ("on day 3", [3]),
        ("", [0]),
        ("three times weekly for 2 weeks", SIX),
        ("3 times a week for 2 weeks", SIX),
        ("thrice weekly x 6", SIX),
        ("twice weekly for 4 weeks", [0, 3, 7, 10, 14, 17, 21, 24]),
        ("twice a week x 3", [0, 3, 7]),
        ("once weekly for 3 weeks", [0, 7, 14]),
        ("weekly x 2 from day 14", [14, 21]),
        ("every week 3 times", [0, 7, 14]),
        ("every 3 days x 6", [0, 3, 6, 9, 12, 15]),
        ("every 3 days x6", [0, 3, 6, 9, 12, 15]),
        ("every 3.5 days x 8", [0, 3.5, 7, 10.5, 14, 17.5, 21, 24.5]),
        ("every 3 days for 2 weeks", [0, 3, 6, 9, 12]),
        ("every other day x 3", [0, 2, 4]),
        ("every day x 2", [0, 1]),
        ("every 12 hours x 3", [0, 0.5, 1]),
        ("daily for 4 days", [0, 1, 2, 3]),
        ("on days 0-11 every 2 days", [0, 2, 4, 6, 8, 10]),
        ("on days 2 to 4", [2, 3, 4]),
        ("on days 0, 3.5", [0, 3.5]),
        ("on day 1 at 18:00", [1.75]),
        ("at hours 0, 6", [0, 0.25]),
    ],
)
def test_schedules(schedule: str, expected: list[float]) -> None:
    """Closed form: the days that the words say; twice weekly is Monday and Thursday."""
    assert days(f"0.5 mg/kg over 40 min {schedule}") == expected


@pytest.mark.parametrize(
    ("infusion", "phases"),
    [
        ("0.5 mg/kg over 40 min", [(40, 0.5)]),
        (".5mg/kg over 40minutes", [(40, 0.5)]),
        ("500 µg/kg over 0.5 h", [(30, 0.5)]),
        ("500 mcg per kg over 2400 seconds", [(40, 0.5)]),
        ("0.0125 mg/kg/min for 40 min", [(40, 0.5)]),
        ("12.5 μg/kg/min for 40 min", [(40, 0.5)]),
        ("0.75 mg/kg/h over 40 min", [(40, 0.5)]),
        ("0.1 mg/kg over 1 min then 0.4 mg/kg over 40 min", [(1, 0.1), (40, 0.4)]),
        ("0.1 mg/kg over 1 min then pause 5 min then 0.4 mg/kg over 40 min", [(1, 0.1), (5, 0), (40, 0.4)]),
        ("0.5 mg/kg over 40 min pause at 10 min for 5 min", [(10, 0.125), (5, 0), (30, 0.375)]),
        ("0.5 mg/kg over 40 min pause at 10 min for 5 min, stop at 15 min", [(10, 0.125)]),
        ("0.4 mg/kg over 40 min, pause at 10 min for 5 min, stop at 25 min", [(10, 0.1), (5, 0), (10, 0.1)]),
        ("0.5 mg/kg over 40 min rate x 0.5 at 20 min", [(20, 0.25), (40, 0.25)]),
    ],
)
def test_infusions(infusion: str, phases: list[tuple[float, float]]) -> None:
    """Closed form: duration in minutes and amount of each phase, exact to the last bit."""
    dose = Regimen.parse(infusion).doses[0]

    assert dose.phases == tuple(Phase(minutes / 60, amount) for minutes, amount in phases)
    assert dose.unit == "mg/kg"


def test_a_stop_is_recorded() -> None:
    """Invariant: what is not given is written down, and the text says both amounts."""
    regimen = Regimen.parse("0.5 mg/kg over 40 min on days 0, 2, stop at 25 min")

    assert [dose.withheld for dose in regimen.doses] == [0.1875, 0.1875]
    assert regimen.text() == "0.3125 mg/kg over 25 min, 0.1875 mg/kg not given on days 0, 2"


@pytest.mark.parametrize(
    ("text", "substance", "basis", "route"),
    [
        ("35 mg over 40 min", Substance.RACEMATE, Basis.BASE, Route.IV),
        ("ketamine 35 mg base iv over 40 min", Substance.RACEMATE, Basis.BASE, Route.IV),
        ("S-Ketamine 28 mg hydrochloride over 40 min", Substance.S, Basis.HCL, Route.IV),
        ("28 mg HCl esketamine over 40 min", Substance.S, Basis.HCL, Route.IV),
        ("r-ketamine 28 mg over 40 min", Substance.R, Basis.BASE, Route.IV),
        ("esketamine 56 mg intranasal", Substance.S, Basis.BASE, Route.NASAL),
        ("oral esketamine 84 mg", Substance.S, Basis.BASE, Route.ORAL),
        ("esketamine 50 mg sublingual", Substance.S, Basis.BASE, Route.SUBLINGUAL),
        ("0.5 mg/kg im", Substance.RACEMATE, Basis.BASE, Route.IM),
        ("midazolam 0.045 mg/kg over 40 min", Substance.MIDAZOLAM, Basis.BASE, Route.IV),
        ("saline over 40 min", Substance.SALINE, Basis.BASE, Route.IV),
        ("active over 40 min", Substance.OTHER_ACTIVE, Basis.BASE, Route.IV),
        ("active 30 mg over 1 min", Substance.OTHER_ACTIVE, Basis.BASE, Route.IV),
    ],
)
def test_words(text: str, substance: Substance, basis: Basis, route: Route) -> None:
    """Invariant: substance, basis and route stand before or after the amount, in any order."""
    regimen = Regimen.parse(text)

    assert (regimen.substance, regimen.basis, regimen.doses[0].route) == (substance, basis, route)


@pytest.mark.parametrize("mark", [";", " then"])
def test_legs_have_their_own_dose_and_days(mark: str) -> None:
    """Invariant: after a schedule, `;` and `then` both begin the next leg; doses are put in order."""
    regimen = Regimen.parse(f"0.5 mg/kg over 40 min on days 0, 7{mark} 0.3 mg/kg over 20 min on day 2")

    assert regimen.doses == (
        Dose(0, (Phase(FORTY, 0.5),), "mg/kg"),
        Dose(48, (Phase(20 / 60, 0.3),), "mg/kg"),
        Dose(168, (Phase(FORTY, 0.5),), "mg/kg"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11",
        "35 mg over 40 min on day 0",
        "0.1 mg/kg over 1 min then 0.4 mg/kg over 40 min on day 0",
        "0.125 mg/kg over 10 min then pause 5 min then 0.375 mg/kg over 30 min on day 0",
        "0.5 mg/kg over 40 min on days 0, 2; 0.3 mg/kg over 40 min on day 7",
        "esketamine 0.2 mg/kg HCl over 20 min on days 0, 3.5",
        "esketamine 56 mg nasal on days 0, 4",
        "midazolam 0.045 mg/kg over 40 min on days 0, 2",
        "saline over 40 min on days 0, 2",
        "0.5 mg/kg over 40 min at hours 0, 6.1",
        "0.5 mg/kg over 2.5 s on day 0",
    ],
)
def test_canonical_text_stays(text: str) -> None:
    """Invariant: the canonical form prints as itself."""
    assert Regimen.parse(text).text() == text


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("0.5 mg/kg ovre 40 min", "character 11, `ovre`", "did you mean `over`?"),
        ("ketmine 0.5 mg/kg over 40 min", "character 1, `ketmine`", "did you mean `ketamine`?"),
        ("0.5 mg/kg over 40", "character 18, the end", "a unit of time"),
        ("0.5 over 40 min", "character 5, `over`", "a unit: mg"),
        ("0.5 g over 40 min", "character 5, `g`", "a unit: mg"),
        ("0,5 mg/kg over 40 min", "character 2, `,`", "decimal point"),
        ("0.5 mg/kg", "character 10, the end", "an IV dose is an infusion"),
        ("0.5 mg/kg on day 0", "character 11, `on`", "`over` and a duration"),
        ("0.5 mg/kg over 40 min on 0", "character 26, `0`", "`days` or `day`"),
        ("0.5 mg/kg over 40 min on days", "character 30, the end", "a day such as 0"),
        ("0.5 mg/kg over 40 min on days zero", "character 31, `zero`", "a day such as 0"),
        ("0.5 mg/kg over 40 min twice weekly", "character 35, the end", "`for` and a number of weeks"),
        ("0.5 mg/kg over 40 min twice for 2 weeks", "character 29, `for`", "`weekly`"),
        ("0.5 mg/kg over 40 min twice weekly for 10 days", "character 43, `days`", "weeks"),
        ("0.5 mg/kg over 40 min pause 5 min", "character 29, `5`", "`at`"),
        ("0.5 mg/kg over 40 min on day 0 .", "character 32, `.`", "the end"),
        ("0.5 mg/kg over 40 min on day 0;", "character 32, the end", "an amount"),
        ("0.5 mg/kg over 40 min; weekly x 2", "character 24, `weekly`", "an amount"),
        ("0.5 mg/kg over 4 h on day 0; 1 mg over 1 h weekly x 2", "character 54, the end", "`from day`"),
        ("over 40 min", "character 1, `over`", "an amount"),
        ("0.5 mg/kg/day over 40 min", "character 11, `day`", "`min` or `h`"),
    ],
)
def test_a_refusal_points_at_the_word(text: str, place: str, expected: str) -> None:
    """Invariant: an error names the character, the word found there, and what was expected."""
    error = refusal(lambda: Regimen.parse(text))

    assert error.field == "regimen"
    assert place in error.rule
    assert expected in str(error)


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("", "regimen", "empty"),
        ("  \n", "regimen", "empty"),
        ("0 mg/kg over 40 min", "dose_mg_per_kg", "positive"),
        ("0 mg over 40 min", "dose_mg", "positive"),
        ("-0.5 mg/kg over 40 min", "dose_mg_per_kg", "positive"),
        ("nan mg/kg over 40 min", "dose", "finite"),
        ("-inf mg over 40 min", "dose", "finite"),
        ("1e400 mg over 40 min", "dose", "too large"),
        (f"0.{'1' * 50} mg over 40 min", "dose", "too long"),
        ("50 mg/kg over 40 min", "dose_mg_per_kg", "at most 5"),
        ("0.5 mg/kg over 0 min", "duration", "positive"),
        ("0.5 mg/kg over -40 min", "duration", "positive"),
        ("0.5 mg/kg over 40 h", "duration_h", "at most 24"),
        ("0.5 mg/kg over 0.5 s", "duration_h", "second"),
        ("0.5 mg/kg over 40 min on days 2, 0", "day", "rise"),
        ("0.5 mg/kg over 40 min on days 0, 0", "day", "twice"),
        ("0.5 mg/kg over 40 min on day -1", "day", "negative"),
        ("0.5 mg/kg over 40 min on day 3651", "day", "at most 3650"),
        ("0.5 mg/kg over 40 min on days 4-2", "day", "ends before it starts"),
        ("0.5 mg/kg over 40 min on day 0.5 at 9:30", "day", "whole"),
        ("0.5 mg/kg over 40 min on day 0 at 24:00", "hour", "0 to 23"),
        ("0.5 mg/kg over 40 min on day 0 at 9:60", "minute", "0 to 59"),
        ("0.5 mg/kg over 40 min at hours 6, 0", "hour", "rise"),
        ("0.5 mg/kg over 40 min at hours 0, 0.5", "start_h", "overlap"),
        ("0.5 mg/kg over 40 min on day 0; 0.3 mg/kg over 40 min on day 0", "start_h", "overlap"),
        ("0.5 mg/kg over 40 min; 0.3 mg/kg over 40 min on day 2", "day", "each leg"),
        ("0.5 mg/kg over 40 min every 1 day x 1001", "doses", "at most 1000"),
        ("0.5 mg/kg over 40 min every 1 hour for 52 weeks", "doses", "at most 1000"),
        ("0.5 mg/kg over 40 min every 1 day x 2.5", "doses", "whole"),
        ("0.5 mg/kg over 40 min every 0 days x 2", "every", "positive"),
        ("0.5 mg/kg over 40 min daily for -1 weeks", "for", "positive"),
        ("0.5 mg/kg over 40 min four times weekly x 2", "times weekly", "usual days"),
        ("0.5 mg/kg over 40 min on day 0; midazolam 2 mg over 2 min on day 3", "substance", "one substance"),
        ("0.5 mg/kg over 40 min on day 0; 0.3 mg/kg HCl over 40 min on day 3", "basis", "one basis"),
        ("0.5 mg/kg iv im", "route", "one route"),
        ("5 mg over 1 min then 0.4 mg/kg over 40 min", "unit", "one unit"),
        ("0.5 mg/kg im over 40 min", "duration_h", "no duration"),
        ("0.5 mg/kg over 40 min stop at 40 min", "stop_at_h", "before the end"),
        ("0.5 mg/kg over 40 min stop at 20 min pause at 10 min for 5 min", "pause", "order of time"),
        ("0.5 mg/kg over 40 min pause at 10 min for 0 min", "pause", "positive"),
        ("0.5 mg/kg over 40 min rate x -1 at 10 min", "rate_factor", "positive"),
        ("0.5 mg/kg over 40 min then pause 5 min", "phases", "pause"),
        ("0.5 mg/kg over 40 min, 5 mg not given", "withheld", "mg/kg"),
    ],
)
def test_a_value_is_refused_with_its_field(text: str, field: str, rule: str) -> None:
    """Invariant: a value that breaks a rule is refused under the name the user knows."""
    error = refusal(lambda: Regimen.parse(text))

    assert error.field == field
    assert rule in str(error)


@pytest.mark.parametrize("word", ["sc", "subcutaneous", "rectal", "inhaled"])
def test_a_route_without_a_model_is_refused_with_the_reason(word: str) -> None:
    """Invariant: a known route that no adult model covers is no typing error."""
    error = refusal(lambda: Regimen.parse(f"0.5 mg/kg {word} on day 0"))

    assert isinstance(error, UnsupportedError)
    assert "published" in error.rule


def test_what_is_no_text_is_refused() -> None:
    """Invariant: a number or None is not read as a text."""
    assert refusal(lambda: Regimen.parse(None)).field == "regimen"  # type: ignore[arg-type]


@pytest.mark.parametrize("case", corpus("regimen-"), ids=lambda case: str(case["id"]))
def test_every_bad_regimen_of_the_corpus_is_refused_as_it_says(case: dict[str, list[str]]) -> None:
    """Invariant: the command line can only repeat what the language says."""
    message = str(refusal(lambda: Regimen.parse(case["argv"][1]))).lower()

    assert [word for word in case["says"] if word.lower() not in message] == []
