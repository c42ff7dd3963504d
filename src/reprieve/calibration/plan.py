"""The fixed layout of a fit: which scores are needed of whom and when, and all that is computed before sampling.

A window is one reading: an arm, a day, and the days that the instrument looks back. Its rows are the times at which the
latent score is needed. Arms with the same infusions share the runs of the engine and the rows of the drug.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reprieve.calibration.arms import Arm, Contrast, Evidence, Ratio
from reprieve.calibration.efficacy_patients import PATIENTS
from reprieve.calibration.upstream import Upstream, upstream
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.expectancy import treatment_end_h
from reprieve.model.parameters import default_parameters

type Array = NDArray[np.float64]
type Index = NDArray[np.int64]
type Window = tuple[int, float, int]  # arm, day, days looked back


@dataclass(frozen=True, eq=False)
class Plan:
    """Arrays over arms a, infusions k (padded), rows r, drug rows u, windows w and fixed patients n.

    `runs` are the engine's, one per regimen; `run_of` (a,) says which an arm has. `row_arm`, `row_h` (r,); `row_drug`
    (r,) points to the drug row, or behind the last one for an arm without ketamine. `drug_run`, `drug_h` (u,).
    `start_row` (a, k) is the row at which an infusion starts; `average` (w, r) takes rows to windows.
    """

    arms: tuple[Arm, ...]
    windows: tuple[Window, ...]
    runs: tuple[Upstream, ...]
    run_of: Index
    row_arm: Index
    row_h: Array
    row_drug: Index
    drug_run: Index
    drug_h: Array
    start_row: Index
    average: Array

    def window(self, arm: int, day: float, recall_days: int) -> int:
        """Return the position of a window."""
        return self.windows.index((arm, day, recall_days))

    @cached_property
    def doses(self) -> Index:
        """Return the number of infusions of each arm (a,)."""
        return np.array([len(self.runs[run].start_h) for run in self.run_of])

    @cached_property
    def edges_h(self) -> Array:
        """Return start of each infusion and end of treatment (a, k + 1); what is beyond is the end of treatment."""
        edges = np.empty((len(self.arms), int(self.doses.max()) + 1))
        for arm, run in enumerate(self.run_of):
            held = self.runs[run]
            end = treatment_end_h(held.end_h, default_parameters()["contact_window_d"])
            edges[arm] = end
            edges[arm, : len(held.start_h)] = held.start_h
        return edges

    @cached_property
    def piece(self) -> Index:
        """Return for each row (r,) the infusion it follows; -1 before the first, their number after the end."""
        found = [
            np.searchsorted(self.edges_h[arm, : self.doses[arm] + 1], h, side="right") - 1
            for arm, h in zip(self.row_arm, self.row_h, strict=True)
        ]
        return np.array(found, dtype=np.int64)

    def felt(self, name: str) -> Array:
        """Return `dissociation` or `sedation` by infusion (k, a, n); zero where an arm has no more infusions."""
        found = np.zeros((int(self.doses.max()), len(self.arms), len(self.runs[0].sedation)))
        for arm, run in enumerate(self.run_of):
            values = getattr(self.runs[run], name)
            found[: values.shape[1], arm] = values.T
        return found


def plan(
    held: Evidence, windows: tuple[Window, ...], count: int = PATIENTS, neutral: tuple[tuple[str, float], ...] = ()
) -> Plan:
    """Return the layout for `windows`, with the engine's runs. `neutral` as in `upstream`."""
    times = [_times(held.arms[arm], arm, windows) for arm in range(len(held.arms))]
    regimens = list(dict.fromkeys(arm.regimen for arm in held.arms))
    run_of = np.array([regimens.index(arm.regimen) for arm in held.arms])
    runs = []
    for place, regimen in enumerate(regimens):
        needed = sorted({h for arm, of in enumerate(run_of) if of == place for h in times[arm]})
        runs.append(upstream(regimen, tuple(needed), count, neutral))
    drug = [(place, h) for place, run in enumerate(runs) if run.dose_mg_per_kg.any() for h in run.time_h]
    drug_place = {key: place for place, key in enumerate(drug)}
    rows = [(arm, h) for arm, own in enumerate(times) for h in own]
    row_place = {row: place for place, row in enumerate(rows)}
    longest = max(len(run.start_h) for run in runs)
    start_row = np.zeros((len(held.arms), longest), dtype=np.int64)
    for arm, of in enumerate(run_of):
        own = [row_place[arm, h] for h in runs[of].start_h]
        start_row[arm, : len(own)] = own
    average = np.zeros((len(windows), len(rows)))
    for place, (arm, day, recall_days) in enumerate(windows):
        for h in _looked_back(day, recall_days):
            average[place, row_place[arm, h]] += 1 / recall_days
    return Plan(
        arms=held.arms,
        windows=windows,
        runs=tuple(runs),
        run_of=run_of,
        row_arm=np.array([arm for arm, _ in rows]),
        row_h=np.array([h for _, h in rows]),
        row_drug=np.array([drug_place.get((int(run_of[arm]), h), len(drug)) for arm, h in rows]),
        drug_run=np.array([run for run, _ in drug]),
        drug_h=np.array([h for _, h in drug]),
        start_row=start_row,
        average=average,
    )


def windows_of(held: Evidence) -> tuple[Window, ...]:
    """Return every reading that the results of `held` need."""
    found: list[Window] = []
    for m in held.means:
        found += [(held.arm(m.study, arm), day, m.recall_days) for arm in m.arms for day in m.days]
    pairs: list[Ratio | Contrast] = [*held.ratios, *held.contrasts]
    for pair in pairs:
        found += [(held.arm(pair.study, arm), pair.day, pair.recall_days) for arm in pair.arms]
    for one in held.responders:
        found.append((held.arm(one.study, one.arm), one.day, one.recall_days))
    for null in held.nulls:
        found += [(held.arm(null.study, a), d, null.recall_days) for a in (*null.arms, null.control) for d in null.days]
    return tuple(dict.fromkeys(found))


def _looked_back(day: float, recall_days: int) -> list[float]:
    """Hours of the readings that a look back averages; time 0 stands for all times before, as in the model."""
    return [max(0.0, (day - back) * HOURS_PER_DAY) for back in range(recall_days)]


def _times(arm: Arm, place: int, windows: tuple[Window, ...]) -> list[float]:
    from reprieve.model.regimen import Regimen

    wanted = {h for of, day, recall in windows if of == place for h in _looked_back(day, recall)}
    return sorted(wanted | {dose.start_h for dose in Regimen.parse(arm.regimen).doses})
