"""When the doses of one leg start: days, hours, or a frequency. Times in hours since the start of day 0."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count, islice, pairwise

from reprieve.core.errors import InputError
from reprieve.core.units import DAYS_PER_WEEK, HOURS_PER_DAY, MINUTES_PER_HOUR
from reprieve.model.regimen_limits import at_most, count_limit, limit
from reprieve.model.regimen_words import Reader, numbers_between

HOURS_PER_WEEK = DAYS_PER_WEEK * HOURS_PER_DAY
# Monday and Thursday; Monday, Wednesday and Friday.
WEEKLY_DAYS = {1: (0,), 2: (0, 3), 3: (0, 2, 4)}
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_NUMBER_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
_PERIODS = {
    **dict.fromkeys(("day", "days"), HOURS_PER_DAY),
    **dict.fromkeys(("week", "weeks"), HOURS_PER_WEEK),
}
_STEPS = {**_PERIODS, **dict.fromkeys(("hour", "hours", "h"), 1)}
FIRST_WORDS = ("on", "at", "every", "daily", "weekly", *_TIMES, *_NUMBER_WORDS)
A_REPEAT = "`for` and a number of weeks, or `x` and a number of doses"


def starts_here(reader: Reader) -> bool:
    """Whether a schedule starts at the next token."""
    return reader.sees(*FIRST_WORDS) or (reader.sees_number() and reader.sees("times", ahead=1))


def read_starts_h(reader: Reader, first_leg: bool) -> list[Fraction]:
    """Read one schedule and return its start times in hours, rising.

    A frequency counts from day 0. A later leg must say `from day N`: only its author knows when it begins.

    Raises `InputError` naming `day` or the place in the text.
    """
    if reader.accept("on"):
        starts = _on_days(reader)
    elif reader.accept("at"):
        reader.expect("hours", "hour")
        return _checked(list(numbers_between(reader, "hour", "an hour such as 0")), "hour", 1)
    else:
        starts = _repeated(reader, first_leg)
    return _checked(starts, "day", HOURS_PER_DAY)


def _on_days(reader: Reader) -> list[Fraction]:
    reader.expect("days", "day")
    days = list(numbers_between(reader, "day", "a day such as 0"))
    if len(days) == 1 and reader.accept("-", "to"):
        days = _range_of_days(reader, days[0])
    clock_h = _clock(reader) if reader.accept("at") else Fraction(0)
    for day in days:
        _check_day(day)
        if clock_h and day.denominator != 1:
            raise InputError("day", float(day), "must be whole when a time of day is given")
    return [day * HOURS_PER_DAY + clock_h for day in days]


def _range_of_days(reader: Reader, first: Fraction) -> list[Fraction]:
    last = reader.number("day", "the last day")
    _check_day(first)
    _check_day(last)
    if last < first:
        raise InputError("day", float(last), f"the range ends before it starts, on day {float(first):g}")
    step_h = _every(reader) if reader.accept("every") else Fraction(HOURS_PER_DAY)
    step = step_h / HOURS_PER_DAY
    many = math.floor((last - first) / step) + 1
    at_most("doses", many, "doses_max")
    return [first + step * row for row in range(many)]


def _clock(reader: Reader) -> Fraction:
    """A time of day such as 9:30, in hours."""
    hour = reader.number("hour", "a time of day such as 9:30")
    reader.expect(":", what="a time of day such as 9:30")
    minute = reader.number("minute", "minutes after the hour")
    for name, value, end in (("hour", hour, HOURS_PER_DAY), ("minute", minute, MINUTES_PER_HOUR)):
        if value.denominator != 1 or not 0 <= value < end:
            raise InputError(name, float(value), f"must be a whole number from 0 to {end - 1}")
    return hour + minute / MINUTES_PER_HOUR


def _repeated(reader: Reader, first_leg: bool) -> list[Fraction]:
    offsets_h, weekly = _frequency(reader)
    if reader.accept("x", "×"):
        many, until_h = _whole(reader, "doses", "a number of doses"), None
    elif reader.sees_number() and reader.sees("times", "doses", "infusions", ahead=1):
        many, until_h = _whole(reader, "doses", "a number of doses"), None
        reader.place += 1
    elif reader.accept("for"):
        many, until_h = None, _period_h(reader, weekly)
    else:
        reader.fail(A_REPEAT, ("x", "for"))
    start_h = _from_day(reader, first_leg)
    return [start_h + offset for offset in _taken(offsets_h, many, until_h)]


def _frequency(reader: Reader) -> tuple[Iterator[Fraction], bool]:
    """Endless offsets in hours, and whether they follow the pattern of a week."""
    if reader.accept("daily"):
        return _steps(Fraction(HOURS_PER_DAY)), False
    if reader.accept("every"):
        return _steps(_every(reader)), False
    times = 1 if reader.sees("weekly") else _times_a_week(reader)
    if not reader.accept("weekly"):
        reader.expect("a", "per", "/", what="`weekly` or `a week`")
        reader.expect("week")
    days = (DAYS_PER_WEEK * week + day for week in count() for day in WEEKLY_DAYS[times])
    return (Fraction(day * HOURS_PER_DAY) for day in days), True


def _times_a_week(reader: Reader) -> int:
    token = reader.peek()
    if token.text in _TIMES:
        reader.place += 1
        return _TIMES[token.text]
    if token.text in _NUMBER_WORDS:
        reader.place += 1
        times = _NUMBER_WORDS[token.text]
    else:
        times = _whole(reader, "times weekly", "once, twice or three times weekly")
    reader.expect("times", "time")
    if times not in WEEKLY_DAYS:
        fix = "once, twice or three times; or name the days, `on days 0, 1, 2`"
        raise InputError("times weekly", times, "has no usual days", fix)
    return times


def _every(reader: Reader) -> Fraction:
    """The step after `every`, in hours: `3 days`, `day`, `other day`, `12 hours`."""
    if reader.sees_number():
        steps = reader.number("every", "a number of days")
        if steps <= 0:
            raise InputError("every", float(steps), "must be positive")
    else:
        steps = Fraction(2 if reader.accept("other") else 1)
    if not reader.sees(*_STEPS):
        reader.fail("days, weeks or hours", tuple(_STEPS))
    unit_h = _STEPS[reader.peek().text]
    reader.place += 1
    return steps * unit_h


def _period_h(reader: Reader, weekly: bool) -> Fraction:
    number = reader.number("for", "a number of weeks")
    if number <= 0:
        raise InputError("for", float(number), "must be positive")
    if not reader.sees(*_PERIODS) or (weekly and not reader.sees("week", "weeks")):
        reader.fail("weeks" if weekly else "days or weeks", tuple(_PERIODS))
    unit_h = _PERIODS[reader.peek().text]
    reader.place += 1
    return number * unit_h


def _from_day(reader: Reader, first_leg: bool) -> Fraction:
    if reader.accept("from"):
        reader.expect("day")
        day = reader.number("day", "a day such as 14")
        _check_day(day)
        return day * HOURS_PER_DAY
    if not first_leg:
        reader.fail("`from day` and the day on which this leg begins")
    return Fraction(0)


def _steps(step_h: Fraction) -> Iterator[Fraction]:
    return (step_h * row for row in count())


def _taken(offsets_h: Iterator[Fraction], many: int | None, until_h: Fraction | None) -> list[Fraction]:
    """The first `many` offsets, or those before `until_h`; never more than the limit and one."""
    if many is not None:
        at_most("doses", many, "doses_max")
        return list(islice(offsets_h, many))
    taken = []
    for offset in islice(offsets_h, count_limit("doses_max") + 1):
        if until_h is not None and offset >= until_h:
            break
        taken.append(offset)
    at_most("doses", len(taken), "doses_max")
    return taken


def _whole(reader: Reader, field: str, expected: str) -> int:
    value = reader.number(field, expected)
    if value.denominator != 1 or value < 1:
        raise InputError(field, float(value), "must be a whole number of at least 1")
    return int(value)


def _check_day(day: Fraction) -> None:
    if day < 0:
        raise InputError("day", float(day), "must not be negative", "day 0 is the day of the first dose")
    if day > Fraction(limit("day_max")):
        raise InputError("day", float(day), f"must be at most {limit('day_max'):g}")


def _checked(starts_h: Sequence[Fraction], field: str, hours: int) -> list[Fraction]:
    """The starts, if they rise and none is too late; `field` counts in `hours`."""
    for before, after in pairwise(starts_h):
        if after <= before:
            rule = "is there twice" if after == before else "must rise"
            raise InputError(field, float(after / hours), rule, f"list each {field} once, in order")
    for start_h in starts_h:
        _check_day(start_h / HOURS_PER_DAY)
    return list(starts_h)
