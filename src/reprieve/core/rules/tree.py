"""The syntax tree of a rule: a few frozen nodes. There is no other way to say anything.

Logic (`Not`, `Every`, `Some`) stands over leaves; a leaf is a truth, a constant, a comparison or a choice.
Numbers (`Number`, `Named`, `Negative`, `Arithmetic`, `Call`) stand only inside comparisons and choices.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from reprieve.core.rules.variables import Variable


@dataclass(frozen=True, slots=True)
class Number:
    """A written number."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """The number that a name stands for."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus a number."""

    inner: "Numeric"
    text: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers joined by `+`, `-`, `*` or `/`."""

    operator: str
    left: "Numeric"
    right: "Numeric"
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """`abs`, `min` or `max` of numbers."""

    function: str
    arguments: tuple["Numeric", ...]
    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """Always true or always false."""

    value: bool
    text: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """A truth by name."""

    name: str
    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two numbers compared by `<`, `<=`, `>`, `>=`, `==` or `!=`."""

    operator: str
    left: "Numeric"
    right: "Numeric"
    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Among:
    """A number that is, or with `negated` is not, one of some numbers."""

    number: "Numeric"
    choices: tuple[float, ...]
    negated: bool
    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A category that is, or with `negated` is not, one of some values."""

    name: str
    choices: tuple[str, ...]
    negated: bool
    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of its part."""

    inner: "Logic"
    text: str


@dataclass(frozen=True, slots=True)
class Every:
    """`and`: true when every part is."""

    parts: tuple["Logic", ...]
    text: str


@dataclass(frozen=True, slots=True)
class Some:
    """`or`: true when some part is."""

    parts: tuple["Logic", ...]
    text: str


type Numeric = Number | Named | Negative | Arithmetic | Call
type Leaf = Constant | Flag | Comparison | Among | Choice
type Logic = Not | Every | Some | Leaf


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed condition: its text, its tree and the names it uses, in order of appearance."""

    text: str
    root: Logic
    variables: tuple[Variable, ...] = field(hash=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that the condition uses, each once."""
        return tuple(variable.name for variable in self.variables)


def inside(node: Logic | Numeric) -> Iterator[Logic | Numeric]:
    """Yield a node and everything below it."""
    yield node
    below: tuple[Logic | Numeric, ...] = ()
    match node:
        case Not() | Negative():
            below = (node.inner,)
        case Every() | Some():
            below = node.parts
        case Comparison() | Arithmetic():
            below = (node.left, node.right)
        case Among():
            below = (node.number,)
        case Call():
            below = node.arguments
    for child in below:
        yield from inside(child)
