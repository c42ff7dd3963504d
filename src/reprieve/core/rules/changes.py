"""What another set of rules would have shown on stored sessions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reprieve.core.rules.findings import Finding


@dataclass(frozen=True, slots=True)
class Case:
    """The values of one moment of a stored session. `name` says which."""

    name: str
    phase: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that comes to something else. `before` or `after` is None where the rule is not in that set."""

    case: str
    rule: str
    before: Finding | None
    after: Finding | None

    def line(self) -> str:
        """Return the change as one line."""
        states = ("no such rule" if finding is None else finding.state.value for finding in (self.before, self.after))
        return f"{self.case}: {self.rule}: {' -> '.join(states)}"


type Evaluated = Callable[[Case], Mapping[str, Finding]]


def changes(old: Evaluated, new: Evaluated, cases: Iterable[Case]) -> tuple[Change, ...]:
    """Return the changes of state, by case and in the order of the rules."""
    found = []
    for case in cases:
        before, after = old(case), new(case)
        for rule in dict.fromkeys([*before, *after]):
            one, other = before.get(rule), after.get(rule)
            if one is None or other is None or one.state is not other.state:
                found.append(Change(case.name, rule, one, other))
    return tuple(found)
