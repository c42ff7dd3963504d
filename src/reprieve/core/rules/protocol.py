"""What a rule file holds: limits, rules with their provenance, and where the sources disagree."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from reprieve.core.errors import InputError
from reprieve.core.provenance import VERIFIED, Quantity, SeenHow
from reprieve.core.rules.tree import Expression

PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")  # where a text shows a limit


class Phase(StrEnum):
    """When a rule is looked at. `infusion` lasts from start to end, pauses included."""

    POSITION = "position"
    SCREENING = "screening"
    PRE_INFUSION = "pre_infusion"
    DOSING = "dosing"
    INFUSION = "infusion"
    POST_INFUSION = "post_infusion"
    DISCHARGE = "discharge"
    FOLLOW_UP = "follow_up"
    COURSE = "course"


class Action(StrEnum):
    """What a rule that is met brings about. Each is shown; none is carried out."""

    EXCLUDE = "exclude"  # an absolute contraindication
    CAUTION = "caution"  # a relative one: a clinician acknowledges
    REQUIRE = "require"  # a step that is missing
    REFER = "refer"  # another clinician evaluates
    HOLD = "hold"  # not before it is resolved or overridden with a reason
    NOTIFY = "notify"  # staff should see it now
    PAUSE_OPTION = "pause_option"  # pausing or slowing, as an option
    STOP_OPTION = "stop_option"  # stopping, as an option
    BLOCK_DISCHARGE = "block_discharge"  # discharge needs an override
    INSTRUCT = "instruct"  # the patient is told
    SCHEDULE = "schedule"  # a task for later
    RECORD = "record"  # data to be taken
    DISPLAY = "display"  # information


class Strength(StrEnum):
    """What kind of source stands behind a rule or a limit."""

    REGULATION = "regulation"
    LABEL = "label"
    GUIDELINE = "guideline"
    CONSENSUS = "consensus"
    TRIAL_PROTOCOL = "trial protocol"
    TRIAL_EVIDENCE = "trial evidence"
    OBSERVATIONAL = "observational"
    SITE_PRACTICE = "site practice"
    PRODUCT_PRACTICE = "product practice"
    DESIGN_DEFAULT = "design default"


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that rules compare with, and who set it. `set_by` is empty for the shipped value."""

    quantity: Quantity
    lowest: float
    highest: float
    strength: Strength
    set_by: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        """Return the name that conditions use."""
        return self.quantity.name

    @property
    def value(self) -> float:
        """Return the value, in `unit`."""
        return self.quantity.value

    @property
    def unit(self) -> str:
        """Return the unit in UCUM."""
        return self.quantity.unit

    def set_to(self, value: object, by: str, reason: str) -> "Limit":
        """Return the limit with another value. Raises `InputError`: not a finite number, outside its range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(self.name, value, f"must be a number in {self.unit}")
        if not self.lowest <= value <= self.highest:  # NaN fails as well
            raise InputError(self.name, value, f"must lie within {self.lowest:g} to {self.highest:g} {self.unit}")
        return replace(self, quantity=replace(self.quantity, value=float(value)), set_by=by, reason=reason)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A point on which sources disagree: what they say, and what the shipped rules do."""

    key: str
    topic: str
    views: tuple[str, ...]
    default: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it is met, what it then shows, and who says so."""

    id: str
    phases: tuple[Phase, ...]
    when: Expression
    action: Action
    text: str
    source: str
    seen: SeenHow
    strength: Strength
    note: str = ""
    conflict: Conflict | None = None

    @property
    def phase(self) -> Phase:
        """Return the phase that the rule belongs to; it may be looked at in others too."""
        return self.phases[0]

    @property
    def verified(self) -> bool:
        """Say whether the source itself was read. Where not, whoever shows the rule says so."""
        return self.seen in VERIFIED

    def filled(self, limits: Mapping[str, Limit]) -> str:
        """Return the text with the values of the limits that it names."""
        return PLACE.sub(lambda found: f"{limits[found[1]].value:g}", self.text)
