"""What a rule came to in one patient: met, not met, or not assessed; never "passed"."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from reprieve.core.rules.protocol import Limit, Rule
from reprieve.core.rules.scalar import Part, Verdict
from reprieve.core.rules.variables import Value


class State(StrEnum):
    """How a rule stands. Not assessed: an input is missing that the verdict waits for."""

    MET = "met"
    NOT_MET = "not met"
    NOT_ASSESSED = "not assessed"


_STATES = {True: State.MET, False: State.NOT_MET, None: State.NOT_ASSESSED}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule in one patient at one time.

    `text` is the rule's, with the limits filled in; `limits` are those that the condition or the text names.
    """

    rule: Rule
    verdict: Verdict
    limits: tuple[Limit, ...]
    text: str

    @property
    def id(self) -> str:
        """Return the id of the rule."""
        return self.rule.id

    @property
    def state(self) -> State:
        """Return met, not met or not assessed."""
        return _STATES[self.verdict.value]

    @property
    def used(self) -> Mapping[str, Value]:
        """Return the inputs that were there, by name, without the limits."""
        names = {limit.name for limit in self.limits}
        found: dict[str, Value] = {}
        _collect(self.verdict.part, found)
        return MappingProxyType({name: value for name, value in found.items() if name not in names})

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the inputs that the verdict waits for: what to ask for."""
        return self.verdict.missing

    def as_dict(self) -> dict[str, Any]:
        """Return everything that lets a clinician review the finding, ready for JSON."""
        rule = self.rule
        return {
            "id": rule.id,
            "state": self.state.value,
            "action": rule.action.value,
            "text": self.text,
            "when": rule.when.text,
            "used": dict(self.used),
            "missing": list(self.missing),
            "reasons": list(self.verdict.reasons),
            "parts": _part(self.verdict.part),
            "limits": [_limit(limit) for limit in self.limits],
            "source": rule.source,
            "seen": rule.seen.value,
            "strength": rule.strength.value,
            "note": rule.note,
        }


def _collect(part: Part, found: dict[str, Value]) -> None:
    for name, value in part.values:
        if value is not None:
            found[name] = value
    for inner in part.inside:
        _collect(inner, found)


def _part(part: Part) -> dict[str, Any]:
    shown: dict[str, Any] = {"text": part.text, "state": _STATES[part.verdict].value}
    if part.why:
        shown["why"] = part.why
    if part.values:
        shown["values"] = dict(part.values)
    if part.inside:
        shown["parts"] = [_part(inner) for inner in part.inside]
    return shown


def _limit(limit: Limit) -> dict[str, Any]:
    quantity = limit.quantity
    return {
        "name": limit.name,
        "value": limit.value,
        "unit": limit.unit,
        "set_by": limit.set_by or "Reprieve",
        "reason": limit.reason,
        "source": quantity.source,
        "seen": quantity.seen.value,
        "strength": limit.strength.value,
    }
