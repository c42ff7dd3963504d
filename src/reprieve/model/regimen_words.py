"""Words, numbers and quantities of the one-line language, read one by one with their place in the text.

Numbers are kept as exact fractions until the end: `0.0125 mg/kg/min for 40 min` is 0.5 mg/kg, not nearly so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from reprieve.core.errors import InputError
from reprieve.core.units import MINUTES_PER_HOUR
from reprieve.model.regimen import Unit, dose_field
from reprieve.model.regimen_limits import SECONDS_PER_HOUR

MICROGRAMS_PER_MILLIGRAM = 1000
LONGEST_NUMBER = 40  # characters; no float needs more
LARGEST_NUMBER = 10**12  # far above any day, dose or count

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:e[+-]?[0-9]+)?)|(?P<word>[sr]-ketamine|[a-zµμ]+)|(?P<sign>\S)",
    re.IGNORECASE,
)
_MASS = {"mg": 1, **dict.fromkeys(("µg", "μg", "ug", "mcg"), MICROGRAMS_PER_MILLIGRAM)}
_HOURS = dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 1)
_MINUTES = dict.fromkeys(("min", "mins", "minute", "minutes"), MINUTES_PER_HOUR)
_SECONDS = dict.fromkeys(("s", "sec", "secs", "second", "seconds"), SECONDS_PER_HOUR)
TIMES_PER_HOUR = {**_HOURS, **_MINUTES, **_SECONDS}
AN_AMOUNT = "an amount such as 0.5 mg/kg"
A_DURATION = "a duration such as 40 min"
_NOT_FINITE = ("nan", "inf", "infinity")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign in lower case, and its place: characters counted from 0."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Amount:
    """`value` in `unit`; `times_per_h` is 0 for an amount, else it is a rate per 1 / times_per_h hours."""

    value: Fraction
    unit: Unit
    times_per_h: int = 0


class Reader:
    """Reads one text from left to right. Every refusal names the place and what was expected there."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = [
            Token(str(found.lastgroup), found[0].lower(), found.start()) for found in _TOKEN.finditer(source)
        ]
        self.place = 0

    def peek(self, ahead: int = 0) -> Token:
        """The token `ahead` of the next, or an end token."""
        row = self.place + ahead
        return self.tokens[row] if row < len(self.tokens) else Token("end", "", len(self.source))

    def sees(self, *words: str, ahead: int = 0) -> bool:
        """Whether that token is one of `words`."""
        return self.peek(ahead).text in words

    def sees_number(self, ahead: int = 0) -> bool:
        """Whether a number, signed or not, starts there."""
        signed = self.sees("-", "+", "−", ahead=ahead)
        token = self.peek(ahead + signed)
        return token.kind == "number" or token.text in _NOT_FINITE

    def accept(self, *words: str) -> bool:
        """Step over the next token if it is one of `words`."""
        found = self.sees(*words)
        self.place += found
        return found

    def accept_all(self, *words: str) -> bool:
        """Step over the next tokens if they are these words, in this order."""
        found = all(self.sees(word, ahead=row) for row, word in enumerate(words))
        self.place += len(words) * found
        return found

    def expect(self, *words: str, what: str = "") -> None:
        """Step over one of `words` or refuse."""
        if not self.accept(*words):
            self.fail(what or " or ".join(f"`{word}`" for word in words), words)

    def fail(self, expected: str, words: tuple[str, ...] = ()) -> NoReturn:
        """Raise `InputError`: the next token is not what was `expected`."""
        token = self.peek()
        found = f"`{token.text}`" if token.kind != "end" else "the end"
        rule = f"character {token.at + 1}, {found}: expected {expected}"
        raise InputError("regimen", self.source, rule, _hint(token.text, words))

    def number(self, field: str, expected: str) -> Fraction:
        """Read a number, exactly. `field` names it when it is not finite."""
        if not self.sees_number():
            self.fail(expected)
        minus = self.sees("-", "−")
        self.place += minus or self.sees("+")
        token = self.peek()
        if token.text in _NOT_FINITE:
            raise InputError(field, token.text, f"must be a finite number, character {token.at + 1}")
        self.place += 1
        if self.sees(",") and self.peek().at == token.at + len(token.text) and self._decimal_comma():
            self.fail("a decimal point, as in 0.5; a list needs a blank after each comma")
        value = _exact(field, token)
        return -value if minus else value

    def amount(self) -> Amount:
        """Read an amount or a rate with its unit: mg, mg/kg, µg/kg, each also per min or per h."""
        number = self.number("dose", AN_AMOUNT)
        if not self.sees(*_MASS):
            self.fail("a unit: mg, mg/kg, µg/kg or a rate such as mg/kg/min", tuple(_MASS))
        value = number / _MASS[self.peek().text]
        self.place += 1
        unit: Unit = "mg/kg" if self.accept_all("/", "kg") or self.accept_all("per", "kg") else "mg"
        if value <= 0:
            fix = "`saline over 40 min` is an infusion without drug" if value == 0 else "give a positive dose"
            raise InputError(dose_field(unit), float(value), "must be positive", fix)
        return Amount(value, unit, self._per_time() if self.accept("/", "per") else 0)

    def hours(self, field: str) -> Fraction:
        """Read a positive time with its unit, in hours."""
        number = self.number(field, A_DURATION)
        if not self.sees(*TIMES_PER_HOUR):
            self.fail("a unit of time: min, h or s", tuple(TIMES_PER_HOUR))
        shown = f"{float(number):g} {self.peek().text}"
        if number <= 0:
            raise InputError(field, shown, "must be positive")
        value = number / TIMES_PER_HOUR[self.peek().text]
        self.place += 1
        return value

    def _decimal_comma(self) -> bool:
        """Whether the comma is followed at once by a number and its unit, as in `0,5 mg`."""
        after = self.peek(1)
        return after.kind == "number" and after.at == self.peek().at + 1 and self.peek(2).text in _MASS

    def _per_time(self) -> int:
        if not self.sees(*_MINUTES, *_HOURS):
            self.fail("`kg`, `min` or `h`")
        per_hour = TIMES_PER_HOUR[self.peek().text]
        self.place += 1
        return per_hour


def numbers_between(reader: Reader, field: str, expected: str) -> Iterator[Fraction]:
    """Read a list of numbers: `0, 2, 4`, `0, 2 and 4`. A comma that no number follows stays unread."""
    yield reader.number(field, expected)
    while True:
        separators = 0
        while reader.sees(",", "and", ahead=separators) and separators < 2:
            separators += 1
        if not separators or not reader.sees_number(ahead=separators):
            return
        reader.place += separators
        yield reader.number(field, expected)


def _exact(field: str, token: Token) -> Fraction:
    # A float first: a short text such as 1e999999999 is a number too long to hold exactly.
    rough = float(token.text)
    if len(token.text) > LONGEST_NUMBER or rough > LARGEST_NUMBER:
        raise InputError(field, token.text, f"is too large or too long a number, character {token.at + 1}")
    return Fraction(token.text) if rough else Fraction(0)


def _hint(word: str, words: tuple[str, ...]) -> str:
    if len(word) <= 2:
        return ""  # anything is close to two letters
    from difflib import get_close_matches

    close = get_close_matches(word, words, n=1)
    return f"did you mean `{close[0]}`?" if close and word != close[0] else ""
