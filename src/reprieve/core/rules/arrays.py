"""A condition over many patients at once: the same three values as pairs of truth arrays.

Numbers are float arrays in which NaN is unknown; every truth is two arrays, "certainly true" and "certainly
false", and a patient in neither is unknown. `and` meets the first and joins the second; `not` swaps them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from reprieve.core.errors import InputError
from reprieve.core.rules.tree import (
    Among,
    Arithmetic,
    Call,
    Choice,
    Comparison,
    Constant,
    Every,
    Expression,
    Flag,
    Logic,
    Named,
    Negative,
    Not,
    Number,
    Numeric,
    Some,
)
from reprieve.core.rules.variables import Kind, Variable

type Truths = npt.NDArray[np.bool_]
type Numbers = npt.NDArray[np.float64]
type Pair = tuple[Truths, Truths]
type Masks = dict[str, Truths]


def over(
    expression: Expression, values: Mapping[str, Any], known: Mapping[str, Any] | None = None
) -> tuple[Truths, Truths]:
    """Return (true, known), each of the shape that the inputs broadcast to: `true` only where it is certain.

    `values` holds arrays or single values by name; numbers in the variable's unit, truths as bool or as 0, 1 and
    NaN, categories as text. Missing is: no entry, None, NaN, an empty text, or False in `known` (by name).

    Raises `InputError` naming the variable: another kind, an infinity, an unknown category, shapes that do not fit.
    """
    masks = known or {}
    columns: dict[str, Any] = {}
    for variable in expression.variables:
        value, mask = values.get(variable.name), masks.get(variable.name)
        try:
            columns[variable.name] = _column(variable, value, mask)
        except ValueError:  # ragged lists, a mask of another shape
            raise InputError(variable.name, value, "must be an array, and its mask must fit it") from None
    shape = _shape(columns)
    with np.errstate(all="ignore"):
        true, false = _logic(expression.root, columns)
    return _whole(true, shape), _whole(true | false, shape)


def _shape(columns: Mapping[str, Any]) -> tuple[int, ...]:
    shapes = {name: _first(column).shape for name, column in columns.items()}
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        raise InputError("values", shapes, "arrays must have shapes that fit one another") from None


def _first(column: Any) -> npt.NDArray[Any]:
    """Return an array of the column's shape."""
    parts = tuple(column.values()) if isinstance(column, dict) else column
    array: npt.NDArray[Any] = parts[0] if isinstance(parts, tuple) else parts
    return array


def _whole(truths: Truths, shape: tuple[int, ...]) -> Truths:
    return np.array(np.broadcast_to(truths, shape))  # a copy: a bare truth would be the caller's own array


# Reading: numbers as floats with NaN, truths and categories as pairs and texts.


def _column(variable: Variable, value: Any, mask: Any) -> Any:
    absent = value is None
    if variable.kind is Kind.NUMBER:
        return _numbers(variable, np.nan if absent else value, mask)
    if variable.kind is Kind.TRUTH:
        return _truths(variable, np.nan if absent else value, mask)
    return _texts(variable, "" if absent else value, mask)


def _numbers(variable: Variable, value: Any, mask: Any) -> Numbers:
    array = np.asarray(value)
    if array.dtype.kind == "O":
        array = _without_none(variable, array)
    if array.dtype.kind not in "iuf":
        raise InputError(variable.name, value, f"must be numbers in {variable.unit}")
    numbers = array.astype(np.float64, copy=False)
    if np.isinf(numbers).any():
        raise InputError(variable.name, value, "must be finite, or NaN where missing")
    return numbers if mask is None else np.where(np.asarray(mask, dtype=bool), numbers, np.nan)


def _truths(variable: Variable, value: Any, mask: Any) -> Pair:
    array = np.asarray(value)
    if array.dtype.kind == "O":
        array = _without_none(variable, array)
    if array.dtype.kind == "b":
        true, false = array, ~array
    else:
        true, false = array == 1, array == 0
        if array.dtype.kind != "f" or not np.all(true | false | np.isnan(array)):
            raise InputError(variable.name, value, "must be true or false, or 0, 1 and NaN where missing")
    if mask is None:
        return true, false
    there = np.asarray(mask, dtype=bool)
    return true & there, false & there


def _texts(variable: Variable, value: Any, mask: Any) -> Masks:
    """Return where each allowed value stands; the empty text is missing."""
    array = np.asarray(value)
    if array.dtype.kind == "O":
        array = np.array(["" if item is None else item for item in array.ravel()]).reshape(array.shape)
    if array.dtype.kind != "U":
        raise InputError(variable.name, value, "must be texts")
    if mask is not None:
        array = np.where(np.asarray(mask, dtype=bool), array, "")
    masks = {allowed: np.asarray(array == allowed) for allowed in variable.allowed}
    strange = ~np.logical_or.reduce([*masks.values(), np.asarray(array == "")])
    if strange.any():
        found = str(array[strange].flat[0])
        raise InputError(variable.name, found, f"must be one of {', '.join(variable.allowed)}, or empty")
    return masks


def _without_none(variable: Variable, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array of objects as floats, None as NaN; truths as 0 and 1."""
    wanted = bool if variable.kind is Kind.TRUTH else (int, float)
    for item in array.ravel():
        right = isinstance(item, wanted) and (variable.kind is Kind.TRUTH or not isinstance(item, bool))
        if item is not None and not right and item == item:
            raise InputError(variable.name, item, f"must be a {variable.kind}, or None where missing")
    return array.astype(np.float64)


# Logic


def _logic(node: Logic, columns: Mapping[str, Any]) -> Pair:
    match node:
        case Every():
            return _joined([_logic(part, columns) for part in node.parts], np.logical_and, np.logical_or)
        case Some():
            return _joined([_logic(part, columns) for part in node.parts], np.logical_or, np.logical_and)
        case Not():
            true, false = _logic(node.inner, columns)
            return false, true
        case Constant():
            return np.asarray(node.value), np.asarray(not node.value)
        case Flag():
            true, false = columns[node.name]
            return true, false
        case Choice():
            return _chosen(columns[node.name], node.choices, node.negated)
        case Among():
            return _among(_numeric(node.number, columns), node.choices, node.negated)
        case Comparison():
            return _COMPARE[node.operator](_numeric(node.left, columns), _numeric(node.right, columns))


def _joined(pairs: list[Pair], first: Any, second: Any) -> Pair:
    true, false = pairs[0]
    for more_true, more_false in pairs[1:]:
        true, false = first(true, more_true), second(false, more_false)
    return true, false


def _chosen(masks: Masks, choices: tuple[str, ...], negated: bool) -> Pair:
    found = np.logical_or.reduce([masks[choice] for choice in choices])
    others = [mask for value, mask in masks.items() if value not in choices]
    rest = np.logical_or.reduce(others) if others else np.zeros_like(found)
    return (rest, found) if negated else (found, rest)


def _among(numbers: Numbers, choices: tuple[float, ...], negated: bool) -> Pair:
    found: Truths = np.logical_or.reduce([numbers == choice for choice in choices])
    rest = ~(found | np.isnan(numbers))
    return (rest, found) if negated else (found, rest)


def _numeric(node: Numeric, columns: Mapping[str, Any]) -> Numbers:
    match node:
        case Named():
            numbers: Numbers = columns[node.name]
            return numbers
        case Number():
            return np.asarray(node.value, dtype=np.float64)
        case Negative():
            return -_numeric(node.inner, columns)
        case Call():
            return _called(node, [_numeric(argument, columns) for argument in node.arguments])
        case Arithmetic():
            return _arithmetic(node.operator, _numeric(node.left, columns), _numeric(node.right, columns))


def _called(node: Call, arguments: list[Numbers]) -> Numbers:
    if node.function == "abs":
        return np.abs(arguments[0])
    pick = np.minimum if node.function == "min" else np.maximum
    found = arguments[0]
    for more in arguments[1:]:
        found = pick(found, more)  # NaN wins: unknown stays unknown
    return found


def _arithmetic(operator: str, left: Numbers, right: Numbers) -> Numbers:
    """Return the result; what is not finite (division by zero, too large) is unknown, so NaN."""
    result: Numbers = _ARITHMETIC[operator](left, right)
    return np.where(np.isfinite(result), result, np.nan)


def _equal(left: Numbers, right: Numbers) -> Pair:
    return left == right, (left < right) | (left > right)


def _swapped(pair: Pair) -> Pair:
    return pair[1], pair[0]


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
# A comparison with NaN is false, so unknown is neither true nor false.
_COMPARE: dict[str, Callable[[Any, Any], Pair]] = {
    "<": lambda left, right: (left < right, left >= right),
    "<=": lambda left, right: (left <= right, left > right),
    ">": lambda left, right: (left > right, left <= right),
    ">=": lambda left, right: (left >= right, left < right),
    "==": _equal,
    "!=": lambda left, right: _swapped(_equal(left, right)),
}
