"""NONMEM event tables: what rows mean, that tables survive a round trip, and what is refused where."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError, UnsupportedError
from reprieve.model.nonmem import EventTable, Observation, read_nonmem, to_nonmem
from reprieve.model.regimen import Basis, Dose, Phase, Regimen, Route, Substance
from tests.model.regimen_strategies import between, corpus, refusal, regimens
from tests.tolerance import close

ROOT = Path(__file__).parents[2]
HEAD = "ID,TIME,AMT,RATE,DUR,EVID,II,ADDL,CMT,DV,MDV"
FORTY = 40 / 60


def read(*rows: str, head: str = HEAD) -> EventTable:
    return read_nonmem("\n".join([head, *rows, ""]), unit="mg")


def flat(regimen: Regimen) -> list[tuple[float, float, float]]:
    """(start, duration, amount) of every phase with drug, on the clock of the regimen."""
    rows = []
    for dose in regimen.doses:
        clock_h = dose.start_h
        for phase in dose.phases:
            if phase.amount > 0:
                rows.append((clock_h, phase.duration_h, phase.amount))
            clock_h += phase.duration_h
    return rows


def with_drug(regimen: Regimen) -> bool:
    return all(dose.amount > 0 for dose in regimen.doses)


def one_unit(regimen: Regimen) -> bool:
    return len({dose.unit for dose in regimen.doses}) == 1


tables = regimens(routes=[Route.IV]).filter(with_drug).filter(one_unit)


@given(tables, st.sampled_from(["rate", "duration"]))
def test_a_table_gives_the_same_input_back(regimen: Regimen, doses_by: str) -> None:
    """Invariant: written and read, every stretch of infusion has its start, length and amount.

    Not to the last digit: the reader takes a length that is nearly a whole number of seconds as that.
    """
    text = to_nonmem(regimen, doses_by=doses_by)  # type: ignore[arg-type]
    unit = regimen.doses[0].unit
    table = read_nonmem(text, unit=unit, substance=regimen.substance, basis=regimen.basis)

    back = table.regimen
    assert (back.substance, back.basis) == (regimen.substance, regimen.basis)
    assert {dose.unit for dose in back.doses} == {unit}
    assert close(flat(back), flat(regimen), "solver")


days_of_doses = st.lists(st.integers(0, 400), min_size=1, max_size=8, unique=True)


@given(st.integers(1, 90), st.integers(1, 40), days_of_doses)
def test_plain_infusions_come_back_equal(minutes: int, amount: int, days: list[int]) -> None:
    """Invariant: whole minutes on whole days survive both forms to the last bit."""
    doses = [Dose(24 * day, (Phase(minutes / 60, amount / 10),), "mg") for day in sorted(days)]
    regimen = Regimen(tuple(doses))

    assert read_nonmem(to_nonmem(regimen, doses_by="rate"), unit="mg").regimen == regimen
    assert read_nonmem(to_nonmem(regimen, doses_by="duration"), unit="mg").regimen == regimen


@given(st.integers(0, 20), between(1, 100), between(0, 50), between(0.1, 0.9))
def test_addl_is_the_same_as_rows(additional: int, interval_h: float, start_h: float, hours: float) -> None:
    """Invariant: ADDL n with II i stands for n more rows, i apart."""
    short = f"1,{start_h!r},35,,{hours!r},1,{interval_h if additional else 0!r},{additional},1,,1"
    starts = [start_h + interval_h * number for number in range(additional + 1)]
    long = [f"1,{start!r},35,,{hours!r},1,,,1,,1" for start in starts]

    assert read(short).regimens == read(*long).regimens


@given(tables, between(40, 100))
def test_weight_turns_a_table_into_mg(regimen: Regimen, weight_kg: float) -> None:
    """Invariant: with a weight, AMT is in mg; rates follow and durations stay."""
    back = read_nonmem(to_nonmem(regimen, weight_kg), unit="mg", substance=regimen.substance).regimen

    factor = weight_kg if regimen.doses[0].unit == "mg/kg" else 1
    expected = [(start, hours, amount * factor) for start, hours, amount in flat(regimen)]
    assert close(flat(back), expected, "solver")


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=5, unique=True))
def test_every_patient_gets_the_regimen(ids: list[int]) -> None:
    """Invariant: a table for several patients holds the regimen once for each, in the order of the ids."""
    regimen = Regimen.parse("35 mg over 40 min on days 0, 2")
    table = read_nonmem(to_nonmem(regimen, ids=ids), unit="mg")

    assert list(table.regimens) == ids
    assert table.regimen == regimen


def test_a_rate_defined_row() -> None:
    """Closed form: 35 mg at 52.5 mg/h run for 40 minutes."""
    table = read("1,0,35,52.5,,1,,,1,,1")

    assert table.regimen == Regimen((Dose(0, (Phase(FORTY, 35),), "mg"),))


def test_a_duration_defined_row() -> None:
    """Closed form: the same infusion by its length."""
    assert read("1,0,35,,0.6666666667,1,,,1,,1").regimen == read("1,0,35,52.5,,1,,,1,,1").regimen


def test_rate_counts_where_rate_and_duration_agree() -> None:
    """Invariant: a duration rounded to three digits does not move the end."""
    assert read("1,0,35,52.5,0.667,1,,,1,,1").regimen == read("1,0,35,52.5,,1,,,1,,1").regimen


def test_observations_are_rows_of_their_own() -> None:
    """Invariant: nothing of an observation row is lost; without MDV, it says whether there is a value."""
    table = read("1,0,35,52.5,,1,,,1,,1", "1,1,.,.,.,0,.,.,2,120.5,0", "1,2,0,0,0,0,0,0,0,.,1")

    assert table.observations == (Observation(1, 1.0, 120.5, 0, 2), Observation(1, 2.0, None, 1, 1))
    short = read("1,0,35,52.5,.", "1,1,.,.,7", "1,2,.,.,.", head="ID TIME AMT RATE DV".replace(" ", ","))
    assert short.observations == (Observation(1, 1.0, 7.0, 0), Observation(1, 2.0, None, 1))


@pytest.mark.parametrize(
    "text",
    [
        "id,time,amt,rate\n1,0,35,52.5\n",
        "Id;Time;Amt;Rate\n1;0;35;52.5\n",
        "ID\tTIME\tAMT\tRATE\n1\t0\t35\t52.5\n",
        "  ID  TIME AMT   RATE  \n  1  0  35.0 5.25e1\n\n",
        "ID, TIME, AMT, RATE\r\n1, 0, 35, 52.5\r\n",
        'ID,TIME,AMT,RATE\n"1","0","35","52.5"\n',
        "ID,TIME,AMT,RATE,SS\n1,0,35,52.5,0\n",
    ],
)
def test_separators_and_cases(text: str) -> None:
    """Invariant: commas, semicolons, tabs and blanks, capitals or not, say the same."""
    assert read_nonmem(text, unit="mg").regimen == Regimen.parse("35 mg over 40 min")


def test_columns_and_files_read_like_text(tmp_path: Path) -> None:
    """Invariant: three doors, one table. A file may start with a byte order mark."""
    columns: dict[str, Sequence[object]] = {
        "id": [1, 1],
        "time": [0, 48.0],
        "AMT": ["35", 35],
        "rate": [52.5, 52.5],
        "DV": [None, "."],
    }
    path = tmp_path / "events.csv"
    path.write_text("\ufeffID,TIME,AMT,RATE\n1,0,35,52.5\n1,48,35,52.5\n", encoding="utf-8")

    expected = Regimen.parse("35 mg over 40 min on days 0, 2")
    assert read_nonmem(columns, unit="mg").regimen == expected
    assert read_nonmem(path, unit="mg").regimen == expected


def test_rows_without_a_gap_are_one_infusion() -> None:
    """Invariant: a loading dose and what follows at once are one session, also where times are rounded."""
    table = read("1,0,7,,0.016667,1,,,1,,1", "1,0.0167,28,,0.66667,1,,,1,,1", "1,48,35,,0.6667,1,,,1,,1")

    assert [len(dose.phases) for dose in table.regimen.doses] == [2, 1]


def test_a_gap_becomes_a_pause_when_asked_for() -> None:
    """Invariant: with `join_within_h` a paused infusion survives the table; without, it is two."""
    regimen = Regimen.parse("35 mg over 40 min pause at 10 min for 5 min on days 0, 2")
    text = to_nonmem(regimen)

    assert read_nonmem(text, unit="mg", join_within_h=0.5).regimen == regimen
    assert len(read_nonmem(text, unit="mg").regimen.doses) == 4


def test_a_bolus_needs_its_minutes() -> None:
    """Invariant: an IV dose at once is refused, or runs as long as the caller says."""
    head = "ID,TIME,AMT"
    assert "zero length" in refusal(lambda: read("1,0,10", head=head)).rule

    table = read_nonmem(f"{head}\n1,0,10\n", unit="mg", bolus_minutes=1)
    assert table.regimen.doses[0].phases == (Phase(1 / 60, 10),)


def test_compartments_have_the_routes_that_the_caller_names() -> None:
    """Invariant: compartment 1 is IV; another needs a route, and then takes amounts at one moment."""
    routes = {1: Route.IV, 2: Route.NASAL}
    table = read_nonmem(
        "ID,TIME,AMT,DUR,CMT\n1,0,56,,2\n1,48,28,0.5,1\n", unit="mg", routes=routes, substance=Substance.S
    )

    assert [dose.route for dose in table.regimen.doses] == [Route.NASAL, Route.IV]
    assert table.regimen.doses[0].phases == (Phase(0, 56),)
    assert table.regimen.substance is Substance.S


def test_a_nasal_regimen_survives_with_its_route_named() -> None:
    """Invariant: a table holds no route, so the reader is told."""
    regimen = Regimen.parse("esketamine 56 mg HCl nasal on days 0, 3.5")
    text = to_nonmem(regimen)

    routes = {1: Route.NASAL}
    back = read_nonmem(text, unit="mg", routes=routes, substance=Substance.S, basis=Basis.HCL)
    assert back.regimen == regimen


def test_a_patient_without_dose_has_no_regimen() -> None:
    """Invariant: observations of untreated patients stay; the shared regimen is that of the treated."""
    table = read("1,0,35,52.5,,1,,,1,,1", "2,1,,,,0,,,1,3,0")

    assert list(table.regimens) == [1]
    assert [row.id for row in table.observations] == [2]


NO_ROWS = f"{HEAD}\n\n"
TWO_UNITS = Regimen.parse("1 mg/kg over 1 h on day 0; 7 mg over 1 h on day 1")
TWO_ROUTES = Regimen.parse("1 mg over 1 h on day 0; 7 mg im on day 1")
PLAIN = Regimen.parse("1 mg over 1 h")


def column(patient: object = 1, time_h: object = 0, amount: object = 35) -> EventTable:
    return read_nonmem({"ID": [patient], "TIME": [time_h], "AMT": [amount]}, unit="mg")


REFUSED: dict[str, tuple[Callable[[], object], str, str]] = {
    "unit not said": (lambda: read_nonmem(f"{HEAD}\n", unit="g"), "unit", "mg"),  # type: ignore[arg-type]
    "a path as text": (lambda: read_nonmem("events.csv", unit="mg"), "event table", "Path"),
    "no row": (lambda: read_nonmem({"ID": [], "TIME": [], "AMT": []}, unit="mg"), "event table", "no row"),
    "only blank rows": (lambda: read("", ""), "event table", "no row"),
    "columns of two lengths": (
        lambda: read_nonmem({"ID": [1], "TIME": [0, 1], "AMT": [1]}, unit="mg"),
        "event table",
        "same length",
    ),
    "a bool in a column": (lambda: column(patient=True), "row 2, column ID", "number"),
    "NaN in a column": (lambda: column(amount=math.nan), "row 2, column AMT", "finite"),
    "a list in a column": (lambda: column(amount=[35]), "row 2, column AMT", "number"),
    "underscores": (lambda: read("1,0,3_5,52.5,,1,,,1,,1"), "row 2, column AMT", "number"),
    "MDV of 2": (lambda: read("1,1,,,,0,,,1,3,2"), "row 2, column MDV", "0 or 1"),
    "II smaller than the infusion": (lambda: read("1,0,35,52.5,,1,0.5,3,1,,1"), "ID 1: start_h", "overlap"),
    "too many doses in all": (lambda: read(*["1,0,1,60,,1,1,999,1,,1"] * 2), "ID 1: doses", "at most 1000"),
    "start after ten years": (lambda: read("1,1e6,35,52.5,,1,,,1,,1"), "row 2: start_h", "at most"),
    "rate too small": (lambda: read("1,0,35,1e-320,,1,,,1,,1"), "row 2: duration_h", "finite"),
    "interval beyond numbers": (lambda: read("1,0,35,52.5,,1,1e308,9,1,,1"), "row 2: start_h", "at most"),
    "negative gap": (lambda: read_nonmem(NO_ROWS, unit="mg", join_within_h=-1), "join_within_h", "negative"),
    "no bolus": (lambda: read_nonmem(NO_ROWS, unit="mg", bolus_minutes=0), "bolus_minutes", "positive"),
    "unknown route": (
        lambda: read_nonmem(NO_ROWS, unit="mg", routes={1: "sc"}),  # type: ignore[dict-item]
        "routes",
        "one of",
    ),
    "nasal with a rate": (
        lambda: read_nonmem("ID,TIME,AMT,RATE\n1,0,56,10\n", unit="mg", routes={1: Route.NASAL}),
        "row 2, column RATE",
        "no duration",
    ),
    "writing saline": (lambda: to_nonmem(Regimen.parse("saline over 40 min")), "substance", "without drug"),
    "writing two units": (lambda: to_nonmem(TWO_UNITS), "weight_kg", "needed"),
    "writing two routes": (lambda: to_nonmem(TWO_ROUTES), "route", "one route"),
    "writing an id twice": (lambda: to_nonmem(PLAIN, ids=[1, 1]), "ids", "once"),
    "writing id 0": (lambda: to_nonmem(PLAIN, ids=[0]), "ids", "at least 1"),
    "writing nobody": (lambda: to_nonmem(PLAIN, ids=[]), "ids", "at least 1"),
    "writing by another name": (lambda: to_nonmem(PLAIN, doses_by="amt"), "doses_by", "rate"),  # type: ignore[arg-type]
    "writing for a child": (lambda: to_nonmem(PLAIN, 12), "weight_kg", "25 to 350"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_row_and_column(case: str) -> None:
    """Invariant (house rule 5): nothing of a table is dropped silently; the place is named."""
    make, field, rule = REFUSED[case]

    error = refusal(make)
    assert error.field == field
    assert rule in str(error)


@pytest.mark.parametrize("case", corpus("table-"), ids=lambda case: str(case["id"]))
def test_every_bad_table_of_the_corpus_is_refused_as_it_says(case: dict[str, list[str]]) -> None:
    """Invariant: the command line can only repeat what the reader says."""
    path = ROOT / case["argv"][1].removeprefix("--regimen-file=")
    message = str(refusal(lambda: read_nonmem(path, unit="mg").regimen)).lower()

    assert [word for word in case["says"] if word.lower() not in message] == []


@pytest.mark.parametrize("row", ["1,0,,,,2,,,1,,1", "1,0,35,-1,,1,,,1,,1", "1,0,35,52.5,,1,,,3,,1"])
def test_what_nonmem_knows_and_we_do_not_is_called_unsupported(row: str) -> None:
    """Invariant: a wish that we understand is told apart from a mistake."""
    assert isinstance(refusal(lambda: read(row)), UnsupportedError)


CELLS = st.sampled_from(["1", "0", "35", "52.5", "-1", ".", "", "x", "nan", "1e9", "1e308", "2", '"'])


@given(st.lists(st.lists(CELLS, min_size=10, max_size=12).map(",".join), max_size=4))
def test_any_table_is_read_or_refused_in_one_line(rows: list[str]) -> None:
    """Invariant: no table ends in anything but events or an `InputError` of one line."""
    try:
        read(*rows)
    except InputError as error:
        message = str(error)
    else:
        return
    assert len(message.splitlines()) == 1
