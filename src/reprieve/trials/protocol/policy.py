"""The virtual clinician: what is done when a rule shows an option. Rules only show; the choice is the trial's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reprieve.core.errors import InputError

if TYPE_CHECKING:
    from reprieve.trials.design.form import Protocol

# Room for pauses, in planned infusion times: an infusion not over by then is stopped. A choice, no source.
LONGEST = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """Readings every `check_every_min`; a pause lasts `pause_min`, then the rules are asked again.

    `slow_factor` is the rate after slowing, done for the rules named in `slow_on`; `longest` times the planned length
    an infusion must be over. Raises `InputError` naming the field.
    """

    check_every_min: float = 5.0
    pause_min: float = 10.0
    slow_factor: float = 0.5
    slow_on: tuple[str, ...] = ()
    longest: int = LONGEST

    def __post_init__(self) -> None:
        for name in ("check_every_min", "pause_min"):
            if not getattr(self, name) > 0:
                raise InputError(f"protocol.{name}", getattr(self, name), "must be above 0")
        if not 0 < self.slow_factor < 1:
            raise InputError("protocol.slow_factor", self.slow_factor, "must lie between 0 and 1")
        if self.longest < 1:
            raise InputError("protocol.longest", self.longest, "must be at least 1")


def policy_of(protocol: Protocol) -> Policy:
    """Return the policy that a design's protocol describes."""
    return Policy(protocol.check_every_min, protocol.pause_min, protocol.slow_factor)
