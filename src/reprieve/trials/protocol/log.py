"""What was decided, when, by which rule, and what the rule saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WITHHELD, PAUSED, RESUMED, SLOWED, STOPPED = "withheld", "paused", "resumed", "slowed", "stopped"
ACTIONS = (WITHHELD, PAUSED, RESUMED, SLOWED, STOPPED)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: `infusion` counts from 1 as planned; `saw` are the readings, `limits` the limits in force.

    `unknown` names inputs of the rule that nobody had; `rule` is empty where the time for an infusion had run out.
    """

    patient: int
    infusion: int
    minute: float
    action: str
    rule: str
    saw: Mapping[str, float]
    limits: Mapping[str, float]
    unknown: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"saw": dict(self.saw), "limits": dict(self.limits), "unknown": list(self.unknown)}
