"""From text to syntax tree: a small language read by a whitelist. Nothing is ever compiled or run.

    sbp_mmhg > sbp_pause_mmhg or dbp_mmhg > dbp_pause_mmhg
    tbi_severity in ["moderate", "severe"] and not waived

Names, numbers, texts, lists; `and or not`; `< <= > >= == !=`, also chained; `in`, `not in`; `+ - * /`;
`abs() min() max()`; `true` and `false`. Python's own parser splits the text; every node that is not in the
list is refused. Kinds and units are checked here, so that evaluation cannot meet a wrong pair.
"""

import ast
import math
import warnings
from collections.abc import Mapping
from difflib import get_close_matches

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
    inside,
)
from reprieve.core.rules.variables import Kind, Unit, Variable, shown, times, unit_of

LONGEST = 600  # characters; the longest shipped condition has under 150
MOST_PARTS = 120  # nodes
DEEPEST = 16  # levels
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_FUNCTIONS = {"abs": (1, 1), "min": (2, 8), "max": (2, 8)}  # how many arguments
_WORDS = {"true": True, "false": False}


def parse(text: str, names: Mapping[str, Variable], where: str = "condition") -> Expression:
    """Return the tree of a condition over declared names; `where` is what errors call the rule.

    Raises `InputError` naming rule and place: too long, deep or large; anything outside the language; an
    unknown name; a category value that is not declared; numbers, truths and categories mixed; units that differ.
    """
    reader = _Reader(_tidy(text, where), names, where)
    root = reader.logic(reader.parsed(), 1)
    if sum(1 for _ in inside(root)) > MOST_PARTS:
        raise InputError(where, text, f"must have at most {MOST_PARTS} parts")
    return Expression(reader.text, root, tuple(names[name] for name in reader.used))


def _tidy(text: object, where: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise InputError(where, text, "must be a condition as text")
    tidy = " ".join(text.split())
    if len(tidy) > LONGEST:
        raise InputError(where, text, f"must have at most {LONGEST} characters")
    if not tidy.isascii() or not tidy.isprintable() or any(mark in tidy for mark in "#\\"):
        raise InputError(where, text, "must be plain ASCII without # and \\")
    return tidy


class _Reader:
    """Turns Python's nodes into ours, and keeps the names met on the way."""

    def __init__(self, text: str, names: Mapping[str, Variable], where: str) -> None:
        self.text = text
        self.names = names
        self.where = where
        self.used: dict[str, None] = {}

    def parsed(self) -> ast.expr:
        """Return Python's own tree of the text."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what Python only warns of is refused
                return ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError, Warning) as error:
            place = f"column {getattr(error, 'offset', None) or 1}"
            raise InputError(f"{self.where}: {place}", self.text, "cannot be read as a condition") from None

    def refuse(self, node: ast.expr, rule: str, fix: str = "") -> InputError:
        """Return the error for a node, with its column and its own text."""
        place = f"{self.where}: column {node.col_offset + 1}"
        return InputError(place, self.source(node), rule, fix)

    def source(self, node: ast.expr) -> str:
        """Return the text of a node."""
        return self.text[node.col_offset : node.end_col_offset]

    def deeper(self, node: ast.expr, depth: int) -> int:
        """Return the next level. Raises `InputError` when there are too many."""
        if depth >= DEEPEST:
            raise self.refuse(node, f"is nested deeper than {DEEPEST} levels")
        return depth + 1

    def variable(self, node: ast.Name) -> Variable:
        """Return what a name is declared as, and note that it is used."""
        if node.id not in self.names:
            close = get_close_matches(node.id, self.names, n=1)
            raise self.refuse(node, "is not a known name", f"did you mean {close[0]}?" if close else "")
        self.used[node.id] = None
        return self.names[node.id]

    # Logic

    def logic(self, node: ast.expr, depth: int) -> Logic:
        """Return the node of something that is true or false."""
        text, below = self.source(node), self.deeper(node, depth)
        match node:
            case ast.BoolOp():
                parts = tuple(self.logic(value, below) for value in node.values)
                return Every(parts, text) if isinstance(node.op, ast.And) else Some(parts, text)
            case ast.UnaryOp(op=ast.Not()):
                return Not(self.logic(node.operand, below), text)
            case ast.Compare():
                return self.compare(node, below)
            case ast.Constant(value=bool()):
                return Constant(bool(node.value), text)
            case ast.Name() if node.id in _WORDS and node.id not in self.names:
                return Constant(_WORDS[node.id], text)
            case ast.Name():
                return self.flag(node)
        rule = "is a number or text where a truth is needed, or is outside the language"
        raise self.refuse(node, rule, "write a comparison, a truth, and, or, not")

    def flag(self, node: ast.Name) -> Logic:
        """Return the node of a truth by name."""
        variable = self.variable(node)
        if variable.kind is not Kind.TRUTH:
            raise self.refuse(node, f"is a {variable.kind}, not a truth", "compare it with something")
        return Flag(variable.name, self.source(node), (variable.name,))

    def compare(self, node: ast.Compare, depth: int) -> Logic:
        """Return one comparison, or `Every` of the links of a chain."""
        if len(node.ops) == 1:
            return self.link(node.left, node.ops[0], node.comparators[0], self.source(node), depth)
        sides = [node.left, *node.comparators]
        links = []
        for left, operator, right in zip(sides, node.ops, node.comparators, strict=False):
            text = ast.unparse(ast.Compare(left, [operator], [right]))
            links.append(self.link(left, operator, right, text, depth))
        return Every(tuple(links), self.source(node))

    def link(self, left: ast.expr, operator: ast.cmpop, right: ast.expr, text: str, depth: int) -> Logic:
        """Return the comparison of two sides."""
        if isinstance(operator, ast.In | ast.NotIn):
            return self.among(left, right, isinstance(operator, ast.NotIn), text, depth)
        if type(operator) not in _COMPARE:
            raise self.refuse(left, "is compared in a way outside the language", "use < <= > >= == != in")
        sign = _COMPARE[type(operator)]
        if self.is_category(left) or self.is_category(right):
            return self.choice(left, sign, right, text)
        first, unit = self.number(left, depth)
        second, other = self.number(right, depth)
        self.same(right, unit, other)
        return Comparison(sign, first, second, text, _named(first, second))

    def is_category(self, node: ast.expr) -> bool:
        """Say whether a side of a comparison is a text or the name of a category."""
        if isinstance(node, ast.Name):
            return node.id in self.names and self.names[node.id].kind is Kind.CATEGORY
        return isinstance(node, ast.Constant) and isinstance(node.value, str)

    def choice(self, left: ast.expr, sign: str, right: ast.expr, text: str) -> Logic:
        """Return `category == "value"` or its opposite, written either way round."""
        name, value = (left, right) if isinstance(left, ast.Name) else (right, left)
        if not isinstance(name, ast.Name):
            raise self.refuse(name, "is not the name of a category", "compare the name of a category with a text")
        values = self.values(name, [value])
        if sign not in ("==", "!="):
            raise self.refuse(name, "has no order", "use ==, != or in")
        return Choice(name.id, values, sign == "!=", text, (name.id,))

    def among(self, left: ast.expr, right: ast.expr, negated: bool, text: str, depth: int) -> Logic:
        """Return membership in a list that is written out."""
        if not isinstance(right, ast.List) or not right.elts:
            raise self.refuse(right, "must be a list of values", 'write ["a", "b"] or [1, 2]')
        if isinstance(left, ast.Name) and self.is_category(left):
            return Choice(left.id, self.values(left, right.elts), negated, text, (left.id,))
        number, _ = self.number(left, depth)
        choices = tuple(self.literal(value) for value in right.elts)
        return Among(number, choices, negated, text, _named(number))

    def values(self, name: ast.Name, nodes: list[ast.expr]) -> tuple[str, ...]:
        """Return category values as texts, each one that the variable has."""
        variable = self.variable(name)
        if variable.kind is not Kind.CATEGORY:
            raise self.refuse(name, f"is a {variable.kind}, not a category", "compare it with a number, not a text")
        for node in nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                raise self.refuse(node, f"is not a text, but {name.id} is a category")
            if node.value not in variable.allowed:
                raise self.refuse(node, f"is not a value of {name.id}", f"values: {', '.join(variable.allowed)}")
        return tuple(str(node.value) for node in nodes if isinstance(node, ast.Constant))

    # Numbers. A unit of None fits every other: written numbers carry none.

    def number(self, node: ast.expr, depth: int) -> tuple[Numeric, Unit | None]:
        """Return the node of a number and its unit."""
        text, below = self.source(node), self.deeper(node, depth)
        match node:
            case ast.Constant():
                return Number(self.literal(node), text), None
            case ast.Name():
                return self.named(node)
            case ast.UnaryOp(op=ast.USub()):
                inner, unit = self.number(node.operand, below)
                return Negative(inner, text), unit
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                return self.arithmetic(node, below)
            case ast.Call():
                return self.call(node, below)
        rule = "is not a number, or is outside the language"
        raise self.refuse(node, rule, "use names, numbers, + - * / abs min max")

    def literal(self, node: ast.expr) -> float:
        """Return a written number. Raises `InputError` for anything else."""
        minus = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        sign, inner = (-1, node.operand) if minus and isinstance(node, ast.UnaryOp) else (1, node)
        value = inner.value if isinstance(inner, ast.Constant) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(node, "is not a number")
        try:
            found = float(sign * value)
        except OverflowError:
            found = math.inf
        if not math.isfinite(found):
            raise self.refuse(node, "is too large")
        return found

    def named(self, node: ast.Name) -> tuple[Numeric, Unit | None]:
        """Return the node of a number by name, and its unit."""
        if node.id in _WORDS and node.id not in self.names:
            raise self.refuse(node, "is a truth, not a number")
        variable = self.variable(node)
        if variable.kind is not Kind.NUMBER:
            raise self.refuse(node, f"is a {variable.kind}, not a number", "truths join by and, or, not")
        return Named(variable.name, self.source(node)), unit_of(variable.unit)

    def arithmetic(self, node: ast.BinOp, depth: int) -> tuple[Numeric, Unit | None]:
        """Return the node of a sum, difference, product or quotient, and its unit."""
        sign = _ARITHMETIC[type(node.op)]
        (left, unit), (right, other) = self.number(node.left, depth), self.number(node.right, depth)
        found = Arithmetic(sign, left, right, self.source(node))
        if sign in "+-":
            return found, self.same(node.right, unit, other)
        if unit is None and other is None:
            return found, None
        return found, times(unit or (), other or (), 1 if sign == "*" else -1)

    def call(self, node: ast.Call, depth: int) -> tuple[Numeric, Unit | None]:
        """Return the node of `abs`, `min` or `max`, and its unit."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _FUNCTIONS or node.keywords:
            raise self.refuse(node, "is not a function of the language", f"use {', '.join(_FUNCTIONS)}")
        least, most = _FUNCTIONS[name]
        if not least <= len(node.args) <= most:
            raise self.refuse(node, f"takes {least} to {most} numbers" if most > least else "takes one number")
        unit: Unit | None = None
        arguments = []
        for argument in node.args:
            one, own = self.number(argument, depth)
            unit = self.same(argument, unit, own)
            arguments.append(one)
        return Call(name, tuple(arguments), self.source(node)), unit

    def same(self, node: ast.expr, unit: Unit | None, other: Unit | None) -> Unit | None:
        """Return the unit that two numbers share. Raises `InputError` if they differ."""
        if unit is not None and other is not None and unit != other:
            raise self.refuse(node, f"is in {shown(other)} and meets {shown(unit)}", "units must agree")
        return other if unit is None else unit


def _named(*numbers: Numeric) -> tuple[str, ...]:
    found = (node.name for number in numbers for node in inside(number) if isinstance(node, Named))
    return tuple(dict.fromkeys(found))
