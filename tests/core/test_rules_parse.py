"""The language of rules: what is read, what is refused, and that the refusal names rule and place."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.rules import Expression, category, declare, evaluate, number, parse, truth
from reprieve.core.rules.tree import Every, Some, inside
from reprieve.core.rules.variables import shown, unit_of

NAMES = declare(
    number("sbp_mmhg", "mm[Hg]"),
    number("limit_mmhg", "mm[Hg]"),
    number("rate_per_min", "/min"),
    number("dose_mg", "mg"),
    number("dose_mg_per_kg", "mg/kg"),
    number("weight_kg", "kg"),
    number("time_h", "h"),
    number("share", "1"),
    truth("symptoms"),
    category("injury", ("none", "mild", "severe")),
)


@pytest.mark.parametrize(
    "text",
    [
        "sbp_mmhg > limit_mmhg and not symptoms",
        "sbp_mmhg - limit_mmhg >= 20",
        "(sbp_mmhg + limit_mmhg) / limit_mmhg > share",
        "abs(dose_mg - dose_mg_per_kg * weight_kg) > 0.05 * dose_mg",
        "dose_mg / weight_kg / time_h < 3 * dose_mg_per_kg / time_h",
        "min(sbp_mmhg, limit_mmhg, 3) < -1",
        "90 <= sbp_mmhg < limit_mmhg != 100",
        'injury in ["mild", "severe"] or injury != "none" or "mild" == injury',
        "rate_per_min not in [1, -2, 3.5]",
        "True or false or true",
        "not not symptoms",
        "  symptoms\n  and   symptoms ",
    ],
)
def test_what_the_language_says(text: str) -> None:
    """Invariant: every construct of the documented language is read."""
    assert isinstance(parse(text, NAMES), Expression)


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("", "", "must be a condition as text"),
        ("sbp_mmhg >", "column", "cannot be read"),
        ("sbp_mmgh > 1", "column 1", "not a known name; did you mean sbp_mmhg?"),
        ("symptoms and sbp_mmhg", "column 14", "is a number, not a truth"),
        ("sbp_mmhg + 1", "column 1", "a truth is needed"),
        ("sbp_mmhg > symptoms", "column 12", "is a truth, not a number"),
        ("sbp_mmhg > true", "column 12", "is a truth, not a number"),
        ("sbp_mmhg > '1'", "column 1", "not a category"),
        ("sbp_mmhg == '1'", "column 1", "not a category"),
        ("symptoms == 'yes'", "column 1", "not a category"),
        ("symptoms == true", "column 1", "is a truth, not a number"),
        ("injury == 'modrate'", "column 11", "is not a value of injury; values: none, mild, severe"),
        ("injury in ['mild', 'sever']", "column 20", "is not a value of injury"),
        ("injury in ['mild', 3]", "column 20", "is not a text"),
        ("injury == 3", "column 11", "is not a text"),
        ("injury == injury", "column 11", "is not a text"),
        ("injury > 'mild'", "column 1", "has no order"),
        ("injury + 1 > 2", "column 1", "is a category, not a number"),
        ("'mild' == 'mild'", "column 1", "is not the name of a category"),
        ("injury", "column 1", "is a category, not a truth"),
        ("sbp_mmhg > rate_per_min", "column 12", "is in /min and meets mm[Hg]"),
        ("sbp_mmhg + time_h > 1", "column 12", "is in h and meets mm[Hg]"),
        ("max(sbp_mmhg, 1, weight_kg) > 1", "column 18", "is in kg and meets mm[Hg]"),
        ("dose_mg / weight_kg > share", "column 23", "is in 1 and meets mg/kg"),
        ("sbp_mmhg in []", "column 13", "must be a list"),
        ("sbp_mmhg in limit_mmhg", "column 13", "must be a list"),
        ("sbp_mmhg in [limit_mmhg]", "column 14", "is not a number"),
        ("sbp_mmhg in [true]", "column 14", "is not a number"),
        ("sbp_mmhg is 3", "column 1", "outside the language"),
        ("sbp_mmhg is limit_mmhg", "column 1", "outside the language"),
        ("sbp_mmhg > 1e999", "column 12", "is too large"),
        ("sbp_mmhg > 1j", "column 12", "is not a number"),
        ("sbp_mmhg > None", "column 12", "is not a number"),
        ("sbp_mmhg > +1", "column 12", "outside the language"),
        ("sbp_mmhg ** 2 > 1", "column 1", "outside the language"),
        ("sbp_mmhg // 2 > 1", "column 1", "outside the language"),
        ("sbp_mmhg % 2 > 1", "column 1", "outside the language"),
        ("abs(sbp_mmhg, 1) > 1", "column 1", "takes one number"),
        ("min(sbp_mmhg) > 1", "column 1", "takes 2 to 8 numbers"),
        ("min(*[1, 2]) > 1", "column 1", "takes 2 to 8 numbers"),
        ("max(1, 2, key=abs) > 1", "column 1", "not a function"),
        ("round(sbp_mmhg) > 1", "column 1", "not a function"),
        ("sbp_mmhg.real > 1", "column 1", "outside the language"),
        ("(1).__class__", "column 1", "outside the language"),
        ("__import__('os').system('true')", "column 1", "outside the language"),
        ("[symptoms][0]", "column 1", "outside the language"),
        ("[x for x in [1]] == [1]", "column 1", "outside the language"),
        ("(lambda: symptoms)()", "column 1", "outside the language"),
        ("symptoms if symptoms else symptoms", "column 1", "outside the language"),
        ("(x := symptoms)", "column 2", "outside the language"),
        ("f'{injury}' == injury", "column 1", "is not a text"),
        ("symptoms; symptoms", "column", "cannot be read"),
        ("symptoms # or not", "", "plain ASCII"),
        ("ｓymptoms", "", "plain ASCII"),
        ("symptoms\0", "", "plain ASCII"),
        ("(" * 290 + "symptoms" + ")" * 290, "column", "cannot be read"),
        ("not " * 20 + "symptoms", "column", "nested deeper"),
        ("symptoms and " * 60 + "symptoms", "", "at most 600 characters"),
        ("sbp_mmhg" + "+1" * 100 + ">1", "column", "nested deeper"),
    ],
)
def test_all_else_is_refused_with_rule_and_place(text: str, column: str, part: str) -> None:
    """Invariant: the line names the rule, the column and what is wrong."""
    with pytest.raises(InputError) as caught:
        parse(text, NAMES, "INF-03")

    assert str(caught.value).startswith(f"INF-03: {column}" if column else "INF-03: ")
    assert part in str(caught.value)


def test_a_condition_has_a_bounded_number_of_parts() -> None:
    """Invariant: bounded size, whatever fits into the length."""
    names = declare(truth("p"))

    assert sum(1 for _ in inside(parse("or".join([" p "] * 119), names).root)) == 120
    with pytest.raises(InputError, match="at most 120 parts"):
        parse("or".join([" p "] * 120), names)


@given(st.text(max_size=40) | st.text("()[]'\" +-*/<>=!,.:abpnot_i01e", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Invariant: nothing but an expression or an InputError comes out."""
    names = declare(number("a", "1"), truth("p"), category("b", ("i",)))
    try:
        found = parse(text, names)
    except InputError:
        return
    assert set(found.names) <= set(names)


def test_a_chain_is_its_links() -> None:
    """Invariant: `a < b < c` is `a < b and b < c`, and each link has a text of its own."""
    root = parse("(80 + 10) <= sbp_mmhg < limit_mmhg", NAMES).root

    assert isinstance(root, Every)
    assert [part.text for part in root.parts] == ["80 + 10 <= sbp_mmhg", "sbp_mmhg < limit_mmhg"]


def test_parts_keep_their_own_text() -> None:
    """Invariant: what is displayed is what was written, brackets included."""
    root = parse("(sbp_mmhg - 1) > (limit_mmhg) or (symptoms and not symptoms)", NAMES).root

    assert isinstance(root, Some)
    assert [part.text for part in root.parts] == ["(sbp_mmhg - 1) > (limit_mmhg)", "symptoms and not symptoms"]


def test_names_are_listed_once_in_order() -> None:
    """Invariant: the inputs of a condition are known before it is evaluated."""
    assert parse("symptoms or sbp_mmhg > 1 or symptoms or share > 2", NAMES).names == ("symptoms", "sbp_mmhg", "share")


def test_an_expression_can_be_sent_to_another_process() -> None:
    """Invariant: workers get the same condition."""
    expression = parse("sbp_mmhg > limit_mmhg and not symptoms", NAMES)
    values = {"sbp_mmhg": 200, "limit_mmhg": 180}

    again = pickle.loads(pickle.dumps(expression))

    assert again == expression
    assert evaluate(again, values) == evaluate(expression, values)


def test_a_name_declared_twice_is_refused() -> None:
    """Invariant: no name has two meanings."""
    with pytest.raises(InputError, match="twice"):
        declare(truth("p"), truth("p"))


@pytest.mark.parametrize(
    ("text", "expected"), [("mg/kg/h", "mg/h/kg"), ("/min", "/min"), ("1", "1"), ("kg/m2", "kg/m2"), ("mg.h/mg", "h")]
)
def test_units_are_factors_and_powers(text: str, expected: str) -> None:
    """Closed form: a quotient of quotients; equal factors cancel."""
    assert shown(unit_of(text)) == expected
