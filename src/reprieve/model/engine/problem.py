"""What the engine is asked and answers, one column or row per patient.

Letters in shapes: v rate changes, m modes, r modes with a ramp, g ports, s outputs, e elements, n nodes,
q output times, p patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from reprieve.model.disposition.modes import Modes
from reprieve.model.disposition.schedule import Schedule
from reprieve.model.engine.grid import Array, Index
from reprieve.model.engine.operators import Filters

Flags = NDArray[np.bool_]

BLOCK, SURGE, FIRST_OUTPUT = range(3)
SIGNAL_ROW, FUNCTION_ROW, LABILE_ROW, CONSOLIDATED_ROW = range(4)
CHAIN = ("signal", "functional", "labile", "consolidated")


@dataclass(frozen=True, slots=True)
class Pools:
    """Patient parameters of surge and synapses, each (p,), rates per hour."""

    surge_zero: Array
    surge_gate: Array
    labile_loss_per_h: Array
    consolidation_per_h: Array
    consolidated_loss_per_h: Array
    labile_max: Array


@dataclass(frozen=True, slots=True)
class Gains:
    """One signal as a sum of modes: `steady` (g, p) per unit inflow, `gain` (m, p), `ramp` (m, p)."""

    steady: Array
    gain: Array
    ramp: Array


@dataclass(frozen=True, slots=True)
class Request:
    """Disposition, schedule, block signal x, pools, filters, outputs by name, sorted times of plasma and chain."""

    modes: Modes
    schedule: Schedule
    signal: Gains
    pools: Pools
    filters: Filters
    outputs: tuple[str, ...]
    plasma_h: Array
    chain_h: Array

    @property
    def patients(self) -> int:
        """Number of patients."""
        return int(self.pools.labile_max.size)

    def gains(self, name: str) -> Gains:
        """The gains of one output."""
        return Gains(self.modes.steady[name], self.modes.gain[name], self.modes.ramp[name])

    def take(self, who: Index | slice) -> Request:
        """The same request for some of the patients."""
        return replace(
            self,
            modes=self.modes.take(who),
            schedule=self.schedule.take(who),
            signal=Gains(*(getattr(self.signal, f.name)[:, who] for f in fields(Gains))),
            pools=Pools(*(getattr(self.pools, f.name)[who] for f in fields(Pools))),
        )

    def chain_only(self, who: Index) -> Request:
        """The chain of some of the patients, without plasma outputs."""
        return replace(self.take(who), outputs=(), plasma_h=np.empty(0))


@dataclass(frozen=True, slots=True)
class Answer:
    """`plasma` (2 + s, p, q): block, surge, outputs at the plasma times; `chain` (4, p, q) at the chain times."""

    outputs: tuple[str, ...]
    plasma: Array
    chain: Array

    @classmethod
    def empty(cls, request: Request) -> Answer:
        """Room for the answer to a request."""
        rows = FIRST_OUTPUT + len(request.outputs)
        plasma = np.empty((rows, request.patients, request.plasma_h.size))
        return cls(request.outputs, plasma, np.empty((len(CHAIN), request.patients, request.chain_h.size)))

    def take(self, who: Index | slice) -> Answer:
        """The part for some of the patients; a view if `who` is a slice."""
        return Answer(self.outputs, self.plasma[:, who], self.chain[:, who])

    def put(self, who: Index, part: Answer) -> None:
        """Write the part of some patients."""
        self.plasma[:, who] = part.plasma
        self.chain[:, who] = part.chain

    def named(self) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Plasma outputs with block and surge, and chain states, by name (p, q)."""
        names = ("block", "surge", *self.outputs)
        return dict(zip(names, self.plasma, strict=True)), dict(zip(CHAIN, self.chain, strict=True))
