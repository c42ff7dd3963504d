"""A population of any size in the memory of a small one: summaries that take their patients block by block.

Patients are simulated in the blocks in which `simulate` works, and each block is added to the tallies in order. Memory
does not grow with the number of patients, and the result is that of one large simulation: means and shares to rounding,
quantiles to the width of a bucket (`tally.py`). There is no chunk size to choose, so none can show in a result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reprieve.core.errors import InputError
from reprieve.core.results import Result, digest, versions
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.engine.door import executor_name
from reprieve.model.engine.grid import Array
from reprieve.model.engine.numerics import numerics
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation
from reprieve.model.summary import RESPONSE_SHARE
from reprieve.model.tally import Spread, Tally

type Spreads = Mapping[str, Spread]


@dataclass(frozen=True, kw_only=True)
class Streamed(Result):
    """The summary of a population that was never held as a whole.

    `values` name -> spread over patients (time), `acute` (dose, minute), `felt` (dose), `baseline` and `peak` (): the
    largest of each acute effect over all doses and minutes; `responded` `response_30` and `response_50` -> share of
    patients (time) whose CAPS-5 has fallen by at least 30 and 50 % of baseline. Else as `Simulation`.
    """

    regimen: Regimen
    model: str
    patients: int
    seed: int
    profile: str
    time_h: Array
    minute: Array
    values: Spreads
    acute: Spreads
    felt: Spreads
    baseline: Spreads
    peak: Spreads
    responded: Mapping[str, Array]
    error_estimate: float
    assumed: tuple[str, ...]

    @property
    def time_d(self) -> Array:
        """Output times in days."""
        return self.time_h / HOURS_PER_DAY

    @property
    def score(self) -> str:
        """The score that `responded` counts: what the instrument reads, where that was simulated."""
        return response_score(self.values)

    def summary(self) -> dict[str, Any]:
        """JSON-ready, in the form of `Simulation.summary`."""
        from reprieve.model.streamed_summary import summarise

        return summarise(self)


def response_score(values: Mapping[str, object]) -> str:
    """The CAPS-5 score that responders are counted on."""
    return "caps5_observed" if "caps5_observed" in values else "caps5"


class Stream:
    """A run over blocks of patients: read `blocks()` to its end, then ask for the `result`."""

    def __init__(
        self,
        regimen: Regimen,
        patients: int,
        seed: int = 1,
        *,
        profile: str = "civilian",
        baseline_caps5: float | None = None,
        executor: str = "auto",
        **options: Any,
    ) -> None:
        self._regimen, self._patients, self._seed = regimen, patients, seed
        self._people = {"profile": profile, "baseline_caps5": baseline_caps5}
        self._options = {**options, "executor": executor_name(executor, patients)}
        self._tallies: dict[str, defaultdict[str, Tally]] = {}
        self._responders: dict[str, Array] = {}
        self._error = 0.0
        self._digests: list[str] = []
        self._last: Simulation | None = None

    def blocks(self) -> Iterator[Simulation]:
        """Simulate block by block, count each and give it: whoever wants every value can write it down."""
        size = numerics().simulation_chunk
        for start in range(0, self._patients, size):
            count = min(size, self._patients - start)
            people = population(count, self._seed, start=start, **self._people)  # type: ignore[arg-type]
            run = simulate(self._regimen, people, **self._options)
            self._count(run)
            yield run

    def _count(self, run: Simulation) -> None:
        score = response_score(run.values)
        for label, (top, bottom) in RESPONSE_SHARE.items():
            responders = run.response(score, top / bottom).sum(axis=0)
            self._responders[label] = self._responders.get(label, 0) + responders
        peaks = {name: values.max(axis=(1, 2)) for name, values in run.acute.items() if values.size}
        tables = {"values": run.values, "acute": run.acute, "felt": run.felt, "baseline": run.baseline, "peak": peaks}
        for kind, table in tables.items():
            tallies = self._tallies.setdefault(kind, defaultdict(Tally))
            for name, values in table.items():
                tallies[name].add(values)
        self._error = max(self._error, run.error_estimate)
        self._digests.append(run.inputs_digest)
        self._last = run

    @property
    def result(self) -> Streamed:
        """The summary of the blocks that were read. Raises `InputError` if there were none."""
        if self._last is None:
            raise InputError("patients", self._patients, "must be at least 1")
        run = self._last
        spreads = {kind: {name: one.spread() for name, one in held.items()} for kind, held in self._tallies.items()}
        count = spreads["baseline"]["caps5"].count
        return Streamed(
            versions=versions(),
            inputs_digest=digest(self._digests),
            warnings=run.warnings,
            regimen=self._regimen,
            model=run.model,
            patients=count,
            seed=self._seed,
            profile=run.patients.profile,
            time_h=run.time_h,
            minute=run.minute,
            responded={label: np.asarray(found / count) for label, found in self._responders.items()},
            error_estimate=self._error,
            assumed=run.assumed,
            **spreads,
        )


def simulate_streamed(
    regimen: Regimen,
    patients: int,
    seed: int = 1,
    *,
    profile: str = "civilian",
    baseline_caps5: float | None = None,
    executor: str = "auto",
    progress: Callable[[int], None] | None = None,
    **options: Any,
) -> Streamed:
    """Simulate patients 0 to `patients - 1` of a seed and keep their summary only.

    Further options are those of `simulate`: `days`, `time_h`, `minutes`, `model`, `parameters`, `links`, `observed`,
    `site`, ... . `progress` is told patients done, block by block.

    Raises `InputError` naming the field for bad input, and whatever else `simulate` raises.
    """
    run = Stream(regimen, patients, seed, profile=profile, baseline_caps5=baseline_caps5, executor=executor, **options)
    for block in run.blocks():
        if progress is not None:
            progress(len(block.patients))
    return run.result
