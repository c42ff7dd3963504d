"""A versioned set of rules with its limits, and its evaluation: one patient at a time, or many at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.results import digest
from reprieve.core.rules.arrays import Truths, over
from reprieve.core.rules.changes import Case, Change, changes
from reprieve.core.rules.findings import Finding
from reprieve.core.rules.protocol import PLACE, Limit, Phase, Rule
from reprieve.core.rules.scalar import evaluate, judge
from reprieve.core.rules.tree import Expression
from reprieve.core.rules.variables import Value, Variable


@dataclass(frozen=True)
class RuleSet:
    """Rules, the limits they compare with and the variables they may name.

    `checks` must hold between the limits, whoever sets them.
    """

    name: str
    version: str
    variables: Mapping[str, Variable]
    limits: Mapping[str, Limit]
    rules: tuple[Rule, ...]
    checks: tuple[Expression, ...] = ()

    def __post_init__(self) -> None:
        for key in ("variables", "limits"):
            object.__setattr__(self, key, MappingProxyType(dict(getattr(self, key))))
        values = {name: limit.value for name, limit in self.limits.items()}
        for check in self.checks:
            if evaluate(check, values).value is not True:
                found = {name: values[name] for name in check.names}
                raise InputError("limits", found, f"must hold: {check.text}")

    def __reduce__(self) -> tuple[Callable[..., "RuleSet"], tuple[Any, ...]]:
        # A read-only view cannot be pickled, and workers in other processes need the set.
        return RuleSet, (self.name, self.version, dict(self.variables), dict(self.limits), self.rules, self.checks)

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of everything that decides a finding: equal sets give equal digests."""
        rules = [replace(rule, when=rule.when.text) for rule in self.rules]  # type: ignore[arg-type]
        checks = [check.text for check in self.checks]
        return digest(
            [self.name, self.version, list(self.variables.values()), list(self.limits.values()), rules, checks]
        )

    def rule(self, id: str) -> Rule:
        """Return a rule by its id, in any case. Raises `InputError` if there is none."""
        for rule in self.rules:
            if rule.id == id.upper():
                return rule
        close = get_close_matches(id.upper(), [rule.id for rule in self.rules], n=1)
        raise InputError("rule", id, f"is not in {self.name}", f"did you mean {close[0]}?" if close else "")

    def phase(self, name: str) -> tuple[Rule, ...]:
        """Return the rules that are looked at in a phase. Raises `InputError` for an unknown phase."""
        return self._by_phase[_phase(name)]

    @cached_property
    def _by_phase(self) -> Mapping[Phase, tuple[Rule, ...]]:
        return {phase: tuple(rule for rule in self.rules if phase in rule.phases) for phase in Phase}

    @cached_property
    def _values(self) -> Mapping[str, float]:
        return {name: limit.value for name, limit in self.limits.items()}

    @cached_property
    def _shown(self) -> Mapping[str, tuple[tuple[Limit, ...], str]]:
        """Return the limits and the filled text of each rule."""
        found = {}
        for rule in self.rules:
            names = dict.fromkeys([*rule.when.names, *PLACE.findall(rule.text)])
            limits = tuple(self.limits[name] for name in names if name in self.limits)
            found[rule.id] = (limits, rule.filled(self.limits))
        return found

    def with_limits(self, values: Mapping[str, float], *, by: str, reason: str = "") -> "RuleSet":
        """Return the set with other limits, in their own units; each remembers `by` and `reason`.

        Raises `InputError`: no one named, an unknown limit, a value that is not a number or outside the limit's
        range, limits that contradict one another.
        """
        if not by.strip():
            raise InputError("by", by, "must name who sets the limits")
        changed = {name: self._limit(name).set_to(value, by, reason) for name, value in values.items()}
        return replace(self, limits={**self.limits, **changed})

    def _limit(self, name: str) -> Limit:
        if name not in self.limits:
            close = get_close_matches(name, self.limits, n=1)
            raise InputError("limit", name, f"is not in {self.name}", f"did you mean {close[0]}?" if close else "")
        return self.limits[name]

    def evaluate(self, phase: str, values: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Return what every rule of a phase comes to. Values by variable name; absent, None or NaN is missing.

        Raises `InputError`: an unknown phase or name, a value of another kind.
        """
        rules = self.phase(phase)
        known: dict[str, Value | None] = dict.fromkeys(self.variables)
        for name, value in values.items():
            known[name] = self._variable(name).read(value)
        known.update(self._values)
        shown = self._shown
        return tuple([Finding(rule, judge(rule.when, known), *shown[rule.id]) for rule in rules])

    def over(self, id: str, values: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> tuple[Truths, Truths]:
        """Return (true, known) of one rule over arrays of patients, with the limits of this set; see `over`.

        Raises `InputError`: an unknown rule or name, a value of another kind, shapes that do not fit.
        """
        for name in (*values, *(known or ())):
            self._variable(name)
        return over(self.rule(id).when, {**values, **self._values}, known)

    def _variable(self, name: str) -> Variable:
        if name not in self.variables:
            close = get_close_matches(name, self.variables, n=1)
            raise InputError("values", name, "is not a variable", f"did you mean {close[0]}?" if close else "")
        return self.variables[name]

    def compare(self, other: "RuleSet", cases: Iterable[Case]) -> tuple[Change, ...]:
        """Return every rule and stored case in which `other` comes to something else than this set.

        A name that a set does not know is left out for that set: old sessions stay readable.
        """
        return changes(self._states, other._states, cases)

    def _states(self, case: Case) -> Mapping[str, Finding]:
        values = {name: value for name, value in case.values.items() if name in self.variables}
        return {finding.id: finding for finding in self.evaluate(case.phase, values)}


def _phase(name: str) -> Phase:
    try:
        return Phase(name)
    except ValueError:
        raise InputError("phase", name, f"must be one of {', '.join(Phase)}") from None
