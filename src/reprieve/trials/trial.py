"""A published trial: arms, schedule, people, and the rows of the evidence package to be predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reprieve.model.regimen import Regimen


@dataclass(frozen=True, slots=True)
class PlannedArm:
    """An arm: what it is given, what kind of comparator it is, and its size where the package has none."""

    arm: str
    regimen: Regimen
    role: str
    patients: int | None = None
    stands_for: str = ""


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row of the evidence package with a figure; `day` where the package gives no day."""

    row_id: str
    day: float | None = None


@dataclass(frozen=True, slots=True)
class HeldVerdict:
    """Rows of the package that say one thing in words; the test averages the readings on `days`."""

    row_ids: tuple[str, ...]
    days: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NotScored:
    """A row that is not predicted, or a whole trial where `row_id` is empty, and why."""

    trial: str
    row_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A published trial that can be simulated. `seen_by`: quantities that were set with its results in view.

    `psychotherapy`: every arm had trauma-focused therapy beside the infusions.
    """

    study: str
    citation: str
    profile: str
    psychotherapy: bool
    entry: str
    last_day: int
    response_share: float
    visit_days: float
    seen_by: tuple[str, ...]
    notes: tuple[str, ...]
    arms: Mapping[str, PlannedArm]
    rows: tuple[HeldRow, ...]
    verdicts: tuple[HeldVerdict, ...]
    left_out: tuple[NotScored, ...]

    @property
    def blind(self) -> bool:
        """Whether no value of the model was set with this trial's results in view."""
        return not self.seen_by
