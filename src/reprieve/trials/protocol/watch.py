"""What the session rules say of simulated readings: which fire, at which minute, on what.

Only what the model reads at a moment goes in: pressures, heart rate, time and number of the infusion. Everything else a
rule may ask for (symptoms, sedation by level, saturation) is unknown here, and a rule that waits for it is listed as
not assessed, never as passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.rules import load_rules
from reprieve.core.rules.protocol import Action, Rule
from reprieve.core.rules.ruleset import RuleSet
from reprieve.model.simulation import Simulation
from reprieve.trials.protocol.log import STOPPED, Decision

if TYPE_CHECKING:
    from reprieve.trials.design.form import Protocol

type Array = NDArray[np.float64]
type Truths = NDArray[np.bool_]
type Place = tuple[int, int, int]  # row, infusion among those given, reading

READ = ("sbp_mmhg", "dbp_mmhg", "heart_rate_per_min")
TIMES = ("since_start_min", "infusion_number")
# Only an override starts an infusion above the hard line. The softer start line asks for rest and another reading,
# which is not simulated.
WITHHOLD_ON = ("PRE-03",)


@dataclass(frozen=True, slots=True)
class Watch:
    """The rules in force and which of them the virtual clinician acts on."""

    rules: RuleSet
    withhold_on: tuple[str, ...] = WITHHOLD_ON
    slow_on: tuple[str, ...] = ()

    def watched(self) -> Mapping[str, tuple[Rule, ...]]:
        """Return the rules by what is done when one fires: start (withheld), stop, pause, slow.

        Raises `InputError` for a rule that is not in the set.
        """
        during = self.rules.phase("infusion")
        return {
            "start": tuple(self.rules.rule(name) for name in self.withhold_on),
            "stop": tuple(rule for rule in during if rule.action is Action.STOP_OPTION),
            "pause": tuple(rule for rule in during if rule.action is Action.PAUSE_OPTION),
            "slow": tuple(self.rules.rule(name) for name in self.slow_on),
        }

    def not_assessed(self) -> tuple[str, ...]:
        """Return the watched rules that readings of the model can never decide."""
        values = {name: np.array([0.0, 1e3]) for name in (*READ, *TIMES)}
        rules = dict.fromkeys(rule for group in self.watched().values() for rule in group)
        return tuple(rule.id for rule in rules if not self.rules.over(rule.id, _named(rule, values))[1].any())

    def seen(self, part: Simulation, minutes: Array, infusions: Sequence[int]) -> Seen:
        """Return what fires in the sessions of `part` at `minutes` (m,); `infusions` are their planned numbers."""
        column = np.searchsorted(part.minute, minutes)
        values = {name: part.acute[name][:, :, column] for name in READ} if infusions else {}
        shape = (len(part.patients), len(infusions), len(minutes))
        values |= {
            "since_start_min": np.broadcast_to(minutes, shape),
            "infusion_number": np.broadcast_to(np.array(infusions, dtype=np.float64)[:, None] + 1, shape),
        }
        fired: dict[str, tuple[tuple[Rule, Truths], ...]] = {}
        anything = np.zeros(len(part.patients), dtype=bool)
        for action, rules in self.watched().items():
            found = []
            for rule in rules:
                true = np.broadcast_to(self.rules.over(rule.id, _named(rule, values))[0], shape)
                if true.any():
                    found.append((rule, true))
                    anything |= true.any(axis=(1, 2))
            fired[action] = tuple(found)
        return Seen(self.rules, fired, values, part.patients.ids, minutes, anything)


def watch_of(protocol: Protocol) -> Watch:
    """Return the rules that a design's protocol puts in force. Raises `InputError` for a limit that cannot be."""
    rules = load_rules()
    return Watch(rules.with_limits(protocol.limits, by="design") if protocol.limits else rules)


@dataclass(frozen=True, slots=True)
class Seen:
    """Which rules fire where, (n, infusions, readings), and the readings; `anything` marks patients with any."""

    rules: RuleSet
    fired: Mapping[str, tuple[tuple[Rule, Truths], ...]]
    values: Mapping[str, Array]
    ids: NDArray[np.int64]
    minutes: Array
    anything: Truths

    def fires(self, action: str, place: Place) -> bool:
        """Whether a rule for this action fires at a reading."""
        return any(true[place] for _, true in self.fired[action])

    def decision(self, action: str, place: Place, infusion: int, done: str) -> Decision:
        """Return the log entry of what was done at a reading; without a rule that fires it is a resumption."""
        rule = next((rule for rule, true in self.fired[action] if true[place]), None)
        row, _, at = place
        names = () if rule is None else rule.when.names
        limits = self.rules.limits
        return Decision(
            patient=int(self.ids[row]),
            infusion=infusion + 1,
            minute=float(self.minutes[at]),
            action=done,
            rule="" if rule is None else rule.id,
            saw=self._at(place),
            limits={name: limits[name].value for name in names if name in limits},
            unknown=tuple(name for name in names if name not in limits and name not in self.values),
        )

    def time_out(self, place: Place, infusion: int, minute: float) -> Decision:
        """Return the log entry of an infusion that ended because the time for it had run out."""
        saw = self._at(place)
        return Decision(int(self.ids[place[0]]), infusion + 1, minute, STOPPED, "", saw, {}, ())

    def _at(self, place: Place) -> dict[str, float]:
        return {name: float(held[place]) for name, held in self.values.items()}


def _named(rule: Rule, values: Mapping[str, Array]) -> dict[str, Array]:
    return {name: values[name] for name in rule.when.names if name in values}
