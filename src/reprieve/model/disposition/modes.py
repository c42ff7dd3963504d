"""The modes of a disposition model: what every output does after a step of 1 mg/h into every port.

After a step of 1 mg/h into port p at t = 0 an output is
    y(t) = steady[p] + sum over the modes m of port p of (gain_m + ramp_m t) exp(-rate_m t)
and after an impulse of 1 mg the time derivative of that. Concentrations are in ng/mL of total plasma.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from reprieve.model.disposition.response import Array, Label, Response, through
from reprieve.model.disposition.separation import Apart, ghosts, limits, steps

Outputs = Mapping[str, Response]
Places = npt.NDArray[np.intp]
Index = slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Modes:
    """Modes of all ports, one column per patient.

    rate_per_h: (n_modes, n_pat), positive. port, repeated: (n_modes,); repeated modes may carry a ramp.
    steady: output -> (n_ports, n_pat). gain, ramp: output -> (n_modes, n_pat), zero for modes not in it.
    members: output -> its modes. labels: (group of poles, number in it) of each mode.
    amplification: (n_pat,), by how much cancellation enlarges rounding errors; large where rates meet.
    parts: the separated modes of which these are the limit; empty otherwise.
    """

    ports: tuple[str, ...]
    labels: tuple[Label, ...]
    port: tuple[int, ...]
    repeated: tuple[bool, ...]
    rate_per_h: Array
    steady: Mapping[str, Array]
    gain: Mapping[str, Array]
    ramp: Mapping[str, Array]
    members: Mapping[str, tuple[int, ...]]
    amplification: Array
    apart: Apart
    parts: tuple[Modes, ...] = field(default=(), repr=False)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(self.steady)

    @property
    def meeting(self) -> npt.NDArray[np.bool_]:
        """Patients whose rates meet, (n_pat,): their modes must be replaced by `limit`."""
        return np.asarray(self.amplification > limits().amplification)

    def response(self, output: str, port: int) -> Response:
        """The step response of one output to one port."""
        rows = [row for row in self.members[output] if self.port[row] == port]
        return Response(
            labels=tuple(self.labels[row] for row in rows),
            repeated=tuple(self.repeated[row] for row in rows),
            rate_per_h=self.rate_per_h[rows],
            steady=self.steady[output][port],
            gain=self.gain[output][rows],
            ramp=self.ramp[output][rows],
        )

    def filtered(self, output: str, rate_per_h: Array, name: str) -> Modes:
        """Add the output `name` that follows `output`: y' = rate (x - y), y(0) = 0; the rate is (n_pat,)."""
        if self.parts:
            return _blend([part.filtered(output, rate_per_h, name) for part in self.parts])
        met = {self.labels[row][0] for row in self.members[output]}
        apart = self.apart.joined(name, met)
        rate = apart(name, np.broadcast_to(rate_per_h, self.amplification.shape))
        old, count = len(self.labels), len(self.ports)
        gain, ramp = np.zeros((old + count, rate.size)), np.zeros((old + count, rate.size))
        parts, rows = [], []
        for port in range(count):
            parts.append(through(self.response(output, port), (name, 0), rate, rate))
            mine = [row for row in self.members[output] if self.port[row] == port] + [old + port]
            gain[mine], ramp[mine] = parts[-1].gain, parts[-1].ramp
            rows += mine
        return replace(
            self,
            labels=self.labels + ((name, 0),) * count,
            port=self.port + tuple(range(count)),
            repeated=self.repeated + (False,) * count,
            rate_per_h=np.concatenate([self.rate_per_h, np.broadcast_to(rate, (count, rate.size))]),
            steady={**self.steady, name: np.stack([part.steady for part in parts])},
            gain={**_longer(self.gain, count), name: gain},
            ramp={**_longer(self.ramp, count), name: ramp},
            members={**self.members, name: tuple(sorted(rows))},
            amplification=np.maximum.reduce([self.amplification, *(part.amplification for part in parts)]),
            apart=apart,
        )

    def take(self, index: Index) -> Modes:
        """The same modes for some of the patients."""
        held = self.apart.separation
        separation = held if np.ndim(held) == 0 else np.asarray(held)[index]
        return replace(
            self,
            rate_per_h=self.rate_per_h[:, index],
            steady={name: values[:, index] for name, values in self.steady.items()},
            gain={name: values[:, index] for name, values in self.gain.items()},
            ramp={name: values[:, index] for name, values in self.ramp.items()},
            amplification=self.amplification[index],
            apart=replace(self.apart, separation=separation),
            parts=tuple(part.take(index) for part in self.parts),
        )


def limit(build: Callable[[Places, Array], Modes], patients: Places) -> Modes:
    """Modes that hold where rates meet: a weighted sum of separated ones, so with many more modes.

    build: (places (k,), separation (k,)) -> Modes of the patients at those places; some come more than once.
    patients: places of those whose rates meet; only for them, as it costs more. Of several steps each gets
    the one with the least cancellation. Filters may be added in `build` or to the result.
    """
    times = np.array([time for time, _ in ghosts()], dtype=float)
    separation = np.multiply.outer(np.array(steps()), times)
    shape = (*separation.shape, len(patients))
    places = np.broadcast_to(patients, shape).ravel()
    tried = build(places, np.broadcast_to(separation[..., None], shape).ravel())
    best = tried.amplification.reshape(shape).max(axis=1).argmin(axis=0)
    column = np.arange(places.size).reshape(shape)
    return _blend([tried.take(column[best, ghost, np.arange(len(patients))]) for ghost in range(len(times))])


def _blend(parts: Sequence[Modes]) -> Modes:
    weights = [weight for _, weight in ghosts()]
    count, first = len(parts[0].labels), parts[0]

    def joined(table: str, name: str) -> Array:
        pairs = zip(weights, parts, strict=True)
        return np.concatenate([weight * getattr(part, table)[name] for weight, part in pairs])

    return replace(
        first,
        labels=tuple((f"{name}@{k}", number) for k in range(len(parts)) for name, number in first.labels),
        port=first.port * len(parts),
        repeated=first.repeated * len(parts),
        rate_per_h=np.concatenate([part.rate_per_h for part in parts]),
        steady={
            name: sum((w * part.steady[name] for w, part in zip(weights, parts, strict=True)), np.zeros(1))
            for name in first.outputs
        },
        gain={name: joined("gain", name) for name in first.outputs},
        ramp={name: joined("ramp", name) for name in first.outputs},
        members={
            name: tuple(row + k * count for k in range(len(parts)) for row in first.members[name])
            for name in first.outputs
        },
        amplification=np.maximum.reduce([part.amplification for part in parts]),
        parts=tuple(parts),
    )


def _longer(values: Mapping[str, Array], rows: int) -> dict[str, Array]:
    """The same arrays with rows of zeros at the end; arrays shared by two names stay shared."""
    done: dict[int, Array] = {}
    for held in values.values():
        if id(held) not in done:
            done[id(held)] = np.concatenate([held, np.zeros((rows, held.shape[1]))])
    return {name: done[id(held)] for name, held in values.items()}


def assemble(ports: Mapping[str, Outputs], driver: str, apart: Apart) -> Modes:
    """Put the responses of all ports on one list of modes and add the output `driver`.

    Every port must have the same outputs.
    """
    names = tuple(next(iter(ports.values())))
    place: dict[tuple[int, Label], int] = {}
    repeated: list[bool] = []
    rates: list[Array] = []
    for port, outputs in enumerate(ports.values()):
        for part in outputs.values():
            for row, label in enumerate(part.labels):
                if (port, label) not in place:
                    place[port, label] = len(place)
                    repeated.append(False)
                    rates.append(part.rate_per_h[row])
                repeated[place[port, label]] |= part.repeated[row]
    rate = np.stack(rates)
    steady, gain, ramp, members = {}, {}, {}, {}
    for name in names:
        parts = [outputs[name] for outputs in ports.values()]
        rows = [[place[port, label] for label in part.labels] for port, part in enumerate(parts)]
        steady[name] = np.stack([part.steady for part in parts])
        gain[name], ramp[name] = np.zeros_like(rate), np.zeros_like(rate)
        for mine, part in zip(rows, parts, strict=True):
            gain[name][mine], ramp[name][mine] = part.gain, part.ramp
        members[name] = tuple(sorted(row for mine in rows for row in mine))
    for table in (steady, gain, ramp):
        table["driver"] = table[driver]
    members["driver"] = members[driver]
    reached = [part.amplification for outputs in ports.values() for part in outputs.values() if part.labels]
    return Modes(
        ports=tuple(ports),
        labels=tuple(label for _, label in place),
        port=tuple(port for port, _ in place),
        repeated=tuple(repeated),
        rate_per_h=rate,
        steady=steady,
        gain=gain,
        ramp=ramp,
        members=members,
        amplification=np.maximum.reduce(reached),
        apart=apart,
    )
