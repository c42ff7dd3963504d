"""Three-valued logic: evaluation against Python's own logic over every way to fill in what is missing."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.rules import Verdict, arrays, category, declare, evaluate, number, over, parse, scalar, truth
from reprieve.core.rules.tree import Every

NAMES = declare(
    number("a", "1"),
    number("b", "1"),
    truth("p"),
    truth("q"),
    category("c", ("none", "mild", "severe")),
)
DOMAIN: dict[str, tuple[Any, ...]] = {
    "a": (-1.0, 0.0, 0.5, 2.0),
    "b": (-2.0, 0.0, 1.0, 2.0),
    "p": (False, True),
    "q": (False, True),
    "c": ("none", "mild", "severe"),
}
MISSING = object()

type Values = dict[str, Any]
type Evaluate = Callable[[Any, Mapping[str, Any]], Verdict]

numeric_leaves = st.sampled_from(["a", "b", "0", "1", "-1", "0.5", "2"])
numerics = st.recursive(
    numeric_leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda x: f"abs({x})"),
        inner.map(lambda x: f"(-{x})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
    ),
    max_leaves=3,
)
signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
leaves = st.one_of(
    st.sampled_from(["p", "q", "true", "false"]),
    st.tuples(numerics, signs, numerics).map(" ".join),
    st.tuples(numerics, signs, numerics, signs, numerics).map(lambda t: f"({' '.join(t)})"),
    st.sampled_from(['c == "mild"', 'c != "none"', 'c in ["mild", "severe"]', 'c not in ["none"]', '"severe" == c']),
    st.tuples(numerics, st.sampled_from(["in", "not in"])).map(lambda t: f"{t[0]} {t[1]} [0, 1, -1, 0.5]"),
)


def joined(leaf: st.SearchStrategy[str], most: int) -> st.SearchStrategy[str]:
    """Leaves under and, or and not."""
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            inner.map(lambda x: f"not ({x})"),
            st.tuples(st.sampled_from([" and ", " or "]), st.lists(inner, min_size=2, max_size=3)).map(
                lambda t: "(" + t[0].join(f"({x})" for x in t[1]) + ")"
            ),
        ),
        max_leaves=most,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Values]:
    """A condition and values of which some are missing."""
    return draw(joined(leaves, 5)), {name: draw(st.sampled_from((MISSING, *some))) for name, some in DOMAIN.items()}


ONCE = ("p", "q", "a > 0", "b <= 0", 'c == "mild"', "0 > r", "s", "t")
ONCE_NAMES = {**NAMES, **declare(number("r", "1"), truth("s"), truth("t"))}
ONCE_DOMAIN = {**DOMAIN, "r": (-1.0, 1.0), "s": (False, True), "t": (False, True)}


@st.composite
def cases_with_each_name_once(draw: st.DrawFn) -> tuple[str, Values]:
    """A condition in which no name returns and no part is certain without its inputs."""
    parts = list(draw(st.permutations(ONCE)))[: draw(st.integers(1, len(ONCE)))]
    while len(parts) > 1 or draw(st.booleans()):
        take = draw(st.integers(1, min(3, len(parts))))
        some, parts = parts[:take], parts[take:]
        sign = draw(st.sampled_from([" and ", " or "]))
        made = f"not ({some[0]})" if take == 1 else "(" + sign.join(f"({x})" for x in some) + ")"
        parts.append(made)
        if len(made) > 400:
            break
    values = {name: draw(st.sampled_from((MISSING, *some))) for name, some in ONCE_DOMAIN.items()}
    return parts[-1], values


def there(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not MISSING}


def completions(text: str, names: tuple[str, ...], values: Values, domain: Mapping[str, tuple[Any, ...]]) -> set[bool]:
    """What Python makes of the condition over all ways to fill in; those that divide by zero say nothing."""
    code = compile(text, "condition", "eval")
    free = [name for name in names if values[name] is MISSING]
    found = set()
    for filled in itertools.product(*(domain[name] for name in free)):
        scope = {**there(values), **dict(zip(free, filled, strict=True)), "true": True, "false": False}
        try:
            found.add(bool(eval(code, {"abs": abs, "min": min, "max": max}, scope)))
        except ZeroDivisionError:
            continue
    return found


def check_sound(case: tuple[str, Values]) -> None:
    """A verdict that is given holds for every completion; with nothing missing it is Python's."""
    text, values = case
    expression = parse(text, NAMES)
    verdict = scalar.evaluate(expression, there(values))
    found = completions(text, expression.names, values, DOMAIN)

    if verdict.value is not None:
        assert found <= {verdict.value}
    elif not verdict.absent and not verdict.reasons:
        raise AssertionError("unknown although nothing is missing")


def check_complete(case: tuple[str, Values]) -> None:
    """Where each name stands once, unknown means that completions differ."""
    text, values = case
    expression = parse(text, ONCE_NAMES)
    verdict = scalar.evaluate(expression, there(values))

    assert completions(text, expression.names, values, ONCE_DOMAIN) == (
        {True, False} if verdict.value is None else {verdict.value}
    )
    assert (verdict.value is None) == bool(verdict.missing)


def check_arrays(batch: tuple[str, list[Values]]) -> None:
    """Arrays give what single values give, and nothing is true that is not known."""
    text, rows = batch
    expression = parse(text, NAMES)
    columns: dict[str, Any] = {}
    for name in NAMES:
        gap: Any = "" if name == "c" else np.nan
        columns[name] = np.array([gap if row[name] is MISSING else row[name] for row in rows])
    true, known = arrays.over(expression, columns)
    alone = [scalar.evaluate(expression, there(row)).value for row in rows]
    size = len(rows) if expression.names else 1

    assert true.shape == known.shape
    assert np.broadcast_to(true, len(rows)).tolist() == [value is True for value in alone]
    assert np.broadcast_to(known, len(rows)).tolist() == [value is not None for value in alone]
    assert true.size == size


batches = st.tuples(
    joined(leaves, 5),
    st.lists(
        st.fixed_dictionaries({name: st.sampled_from((MISSING, *some)) for name, some in DOMAIN.items()}),
        min_size=1,
        max_size=6,
    ),
)
CHECKS: dict[str, tuple[Any, Callable[[Any], None]]] = {
    "sound": (cases(), check_sound),
    "complete": (cases_with_each_name_once(), check_complete),
    "arrays": (batches, check_arrays),
}


def run(check: str, examples: int = 150, shrink: bool = True) -> None:
    strategy, body = CHECKS[check]
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    chosen = settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, report_multiple_bugs=False, phases=phases
    )
    decorate: Any = given(strategy)  # the strategies of the three checks have different types
    chosen(decorate(body))()


@pytest.mark.parametrize("check", CHECKS)
def test_evaluation_against_every_completion(check: str) -> None:
    """Independent implementation: Python's own evaluation of every completion of the missing inputs."""
    run(check)


def unknown_as_false(node: Any, known: Any) -> Any:
    part = REAL_LEAF(node, known)
    return part._replace(verdict=bool(part.verdict))


def and_unknown_first(node: Any, known: Any) -> Any:
    part = REAL_JOINED(node, known)
    return part._replace(verdict=None) if any(one.verdict is None for one in part.inside) else part


def or_as_and(node: Any, known: Any) -> Any:
    return REAL_JOINED(Every(node.parts, node.text), known)


def not_true_is_false(left: Any, right: Any) -> Any:
    return left > right, ~(left > right)


REAL_LEAF, REAL_JOINED = scalar._leaf, scalar._joined


@pytest.mark.parametrize(
    ("name", "mutant", "check"),
    [
        ("_leaf", unknown_as_false, "sound"),
        ("_leaf", unknown_as_false, "complete"),
        ("_joined", and_unknown_first, "complete"),
        ("_joined", or_as_and, "sound"),
        ("_joined", or_as_and, "arrays"),
    ],
)
def test_a_wrong_evaluator_is_found(name: str, mutant: Any, check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: the checks above are not blind."""
    monkeypatch.setattr(scalar, name, mutant)

    with pytest.raises(AssertionError):
        run(check, 300, shrink=False)


def test_a_wrong_array_comparison_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: arrays that call a comparison with NaN false are found."""
    monkeypatch.setitem(arrays._COMPARE, ">", not_true_is_false)

    with pytest.raises(AssertionError):
        run("arrays", 300, shrink=False)


SEVERE = parse("(a > 1 or b > 1) and not p", NAMES)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("p or q", {"p": True}, True),
        ("p and q", {"p": False}, False),
        ("p or q", {"p": False}, None),
        ("p and q", {"p": True}, None),
        ("not p", {}, None),
        ("a > 1", {"a": float("nan")}, None),
        ("a > 1", {"a": None}, None),
        ("p or a / b > 1", {"p": True, "a": 1, "b": 0}, True),
        ("0 < b < a", {"b": -1}, False),
        ("true", {}, True),
        ("false", {}, False),
    ],
)
def test_the_tables_of_the_logic(text: str, values: Values, expected: bool | None) -> None:
    """Closed form: Kleene's strong three-valued tables."""
    assert evaluate(parse(text, NAMES), values).value is expected


def test_only_what_the_verdict_waits_for_is_asked() -> None:
    """Invariant: `absent` are all gaps, `missing` those that could still change the verdict."""
    waiting = evaluate(SEVERE, {"a": 2})
    settled = evaluate(SEVERE, {"p": True})

    assert (waiting.value, waiting.used, waiting.missing, waiting.absent) == (None, ("a",), ("p",), ("b", "p"))
    assert (settled.value, settled.missing, settled.absent) == (False, (), ("a", "b"))


def test_an_unknown_verdict_shows_its_known_parts() -> None:
    """Invariant: the tree holds the verdict of every part and the values of every leaf."""
    pressure, symptoms = evaluate(SEVERE, {"a": 2}).part.inside

    assert (pressure.text, pressure.verdict) == ("a > 1 or b > 1", True)
    assert [(part.text, part.verdict, part.values) for part in pressure.inside] == [
        ("a > 1", True, (("a", 2.0),)),
        ("b > 1", None, (("b", None),)),
    ]
    assert (symptoms.text, symptoms.verdict) == ("not p", None)


@pytest.mark.parametrize(
    ("text", "values", "reason"),
    [
        ("a / b > 1", {"a": 1, "b": 0}, "division by zero in a / b"),
        ("a * a > 1", {"a": 1e200}, "too large a number in a * a"),
    ],
)
def test_a_number_without_value_is_unknown_and_says_why(text: str, values: Values, reason: str) -> None:
    """Invariant: no infinity enters a comparison."""
    verdict = evaluate(parse(text, NAMES), values)

    assert (verdict.value, verdict.missing, verdict.reasons) == (None, (), (reason,))
    true, known = over(parse(text, NAMES), {name: np.array([value, 1.0]) for name, value in values.items()})
    assert (true[0], known.tolist()) == (False, [False, True])


@pytest.mark.parametrize(
    ("name", "value"),
    [("a", "1"), ("a", True), ("a", float("inf")), ("a", [1, 2]), ("p", 1), ("p", "yes"), ("c", "modrate"), ("c", 1)],
)
def test_a_value_of_another_kind_is_refused(name: str, value: object) -> None:
    """Invariant: a wrong value is an error, never a missing one; the line names the variable."""
    text = {"a": "a > 1", "p": "p", "c": 'c == "mild"'}[name]

    with pytest.raises(InputError, match=f"^{name}: "):
        evaluate(parse(text, NAMES), {name: value})
    with pytest.raises(InputError, match=f"^{name}: "):
        over(parse(text, NAMES), {name: np.array(value, dtype=object)} if value != [1, 2] else {name: ["1", "2"]})


def test_values_from_numpy_are_read() -> None:
    """Invariant: a NumPy scalar is the value it holds."""
    values = {"a": np.float64(2), "b": np.int64(0), "p": np.bool_(False)}

    assert evaluate(SEVERE, values).value is True
    assert evaluate(SEVERE, values | {"a": np.float64("nan")}).value is None


def test_arrays_broadcast_and_take_masks() -> None:
    """Invariant: patients by times against one limit each; False in `known` is missing."""
    true, known = over(parse("a > b", NAMES), {"a": np.array([[1, 3, 5]] * 2), "b": np.array([[2], [4]])})
    assert true.tolist() == [[False, True, True], [False, False, True]]
    assert known.all()

    true, known = over(parse("p or a > 1", NAMES), {"p": np.array([True, False, False]), "a": 0.0}, {"p": [1, 1, 0]})
    assert (true.tolist(), known.tolist()) == ([True, False, False], [True, True, False])


def test_arrays_that_do_not_fit_are_refused() -> None:
    """Invariant: the line names the shapes."""
    with pytest.raises(InputError, match="shapes"):
        over(parse("a > b", NAMES), {"a": np.zeros(3), "b": np.zeros(4)})


@pytest.mark.parametrize("values", [{"a": [[1.0], [1.0, 2.0]]}, {"a": [1.0, 2.0], "mask": [True] * 3}])
def test_arrays_that_are_none_are_refused(values: dict[str, Any]) -> None:
    """Invariant: the line names the variable."""
    known = {"a": values["mask"]} if "mask" in values else None

    with pytest.raises(InputError, match=r"^a: "):
        over(parse("a > 1", NAMES), values, known)


def test_the_result_is_no_view_of_the_input() -> None:
    """Invariant: writing into a result changes no chart."""
    chart = np.array([True, False])
    true, _ = over(parse("p", NAMES), {"p": chart})
    true[:] = False

    assert chart.tolist() == [True, False]


def test_objects_with_none_are_read() -> None:
    """Invariant: None in an array of objects is missing."""
    true, known = over(parse('c == "mild" or p', NAMES), {"c": np.array(["mild", None, None]), "p": [None, True, None]})

    assert (true.tolist(), known.tolist()) == ([True, True, False], [True, True, False])
