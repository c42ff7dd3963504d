"""A condition in one patient: true, false or unknown, with its parts and what is missing.

Kleene's strong logic. `and` is false if a part is false, else unknown if a part is unknown; `or` is true if a
part is true, else unknown if a part is unknown; the opposite of unknown is unknown. A comparison is unknown if a
number in it is: missing, divided by zero, or too large for a float. A definite verdict therefore holds
whatever the missing values are (Kleene, Introduction to Metamathematics, section 64).
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from reprieve.core.rules.tree import (
    Arithmetic,
    Call,
    Choice,
    Comparison,
    Constant,
    Every,
    Expression,
    Flag,
    Leaf,
    Logic,
    Named,
    Negative,
    Not,
    Number,
    Numeric,
    Some,
)
from reprieve.core.rules.variables import Value

type Known = Mapping[str, Value | None]


class Part(NamedTuple):
    """A part of a condition as it came out: `verdict` is None where unknown, and `why` says why.

    A leaf holds the `values` of its names; `and`, `or` and `not` hold their parts in `inside`.
    """

    text: str
    verdict: bool | None
    why: str = ""
    values: tuple[tuple[str, Value | None], ...] = ()
    inside: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition came to. `value` is None where it is unknown.

    `used` are the names with a value; `absent` those without; `missing` those of them that the verdict waits
    for: none when the verdict is known. `reasons` says what else is unknown, such as a division by zero.
    """

    value: bool | None
    used: tuple[str, ...]
    missing: tuple[str, ...]
    absent: tuple[str, ...]
    reasons: tuple[str, ...]
    part: Part


def evaluate(expression: Expression, values: Mapping[str, Any]) -> Verdict:
    """Return the verdict over values by name; a name that is not there, None or NaN is missing.

    Names that the condition does not use are passed over.

    Raises `InputError` naming the variable for a value of another kind.
    """
    return judge(expression, {v.name: v.read(values.get(v.name)) for v in expression.variables})


def judge(expression: Expression, known: Known) -> Verdict:
    """Return the verdict over values that were read already: every name of the condition has an entry."""
    part = _logic(expression.root, known)
    used: list[str] = []
    absent: list[str] = []
    for name in expression.names:
        (absent if known[name] is None else used).append(name)
    missing, reasons = _waits(part) if part.verdict is None else ((), ())
    return Verdict(part.verdict, tuple(used), missing, tuple(absent), reasons, part)


def _waits(part: Part) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the missing names and the other reasons that an unknown part waits for."""
    names: dict[str, None] = {}
    reasons: dict[str, None] = {}
    open_parts = [part]
    while open_parts:
        one = open_parts.pop(0)
        if one.verdict is None:
            open_parts.extend(one.inside)
            names.update((name, None) for name, value in one.values if value is None)
            if one.why and not one.inside:
                reasons[one.why] = None
    return tuple(names), tuple(reasons)


def _logic(node: Logic, known: Known) -> Part:
    kind = type(node)
    if kind is Every or kind is Some:
        return _joined(node, known)  # type: ignore[arg-type]
    if kind is Not:
        inner = _logic(node.inner, known)  # type: ignore[union-attr]
        return Part(node.text, None if inner.verdict is None else not inner.verdict, "", (), (inner,))
    return _leaf(node, known)  # type: ignore[arg-type]


def _joined(node: Every | Some, known: Known) -> Part:
    decides = isinstance(node, Some)  # one true part decides `or`, one false part decides `and`
    inside = tuple([_logic(part, known) for part in node.parts])
    verdict: bool | None = not decides
    for part in inside:
        if part.verdict is decides:
            verdict = decides
            break
        if part.verdict is None:
            verdict = None
    return Part(node.text, verdict, "", (), inside)


def _leaf(node: Leaf, known: Known) -> Part:
    if isinstance(node, Constant):
        return Part(node.text, node.value)
    values = tuple([(name, known[name]) for name in node.names])
    for _, value in values:
        if value is None:
            return Part(node.text, None, "", values)
    verdict, why = _decided(node, known)
    return Part(node.text, verdict, why, values)


def _decided(node: Leaf, known: Known) -> tuple[bool | None, str]:
    """Return the verdict of a leaf whose values are all there, or why there is none."""
    match node:
        case Flag():
            return bool(known[node.name]), ""
        case Choice():
            return (known[node.name] in node.choices) is not node.negated, ""
        case Constant():
            return node.value, ""
    try:
        if isinstance(node, Comparison):
            return _COMPARE[node.operator](_numeric(node.left, known), _numeric(node.right, known)), ""
        return (_numeric(node.number, known) in node.choices) is not node.negated, ""
    except _NotANumberError as error:
        return None, str(error)


class _NotANumberError(Exception):
    """A number that has no value although every input is there."""


def _numeric(node: Numeric, known: Known) -> float:
    kind = type(node)
    if kind is Named:
        return known[node.name]  # type: ignore[union-attr,return-value]
    if kind is Number:
        return node.value  # type: ignore[union-attr]
    if isinstance(node, Negative):
        return -_numeric(node.inner, known)
    if isinstance(node, Call):
        return _FUNCTIONS[node.function](*[_numeric(argument, known) for argument in node.arguments])
    assert isinstance(node, Arithmetic)
    left, right = _numeric(node.left, known), _numeric(node.right, known)
    if node.operator == "/" and right == 0:
        raise _NotANumberError(f"division by zero in {node.text}")
    result = _ARITHMETIC[node.operator](left, right)
    if not math.isfinite(result):
        raise _NotANumberError(f"too large a number in {node.text}")
    return result


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"abs": abs, "min": min, "max": max}
