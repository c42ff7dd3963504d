"""Doses as steps and impulses, and the exact concentration that follows from them.

Between two events each mode decays by itself; at an event the amplitudes jump. Nothing is stepped, and only
exp(-rate t) is ever evaluated, so nothing overflows however long the course.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.model.disposition.modes import Index, Modes
from reprieve.model.disposition.response import Array


@dataclass(frozen=True, slots=True)
class Schedule:
    """Events by time: time_h, port (n_ev,); changes of rate in mg/h and amounts at once in mg, (n_ev, n_pat).

    The steps of a port add up to exactly 0 once all its inputs have ended.
    """

    time_h: Array
    port: Array
    step_mg_per_h: Array
    impulse_mg: Array

    def take(self, index: Index) -> Schedule:
        """The same events for some of the patients."""
        return Schedule(self.time_h, self.port, self.step_mg_per_h[:, index], self.impulse_mg[:, index])


def schedule_of(inputs: list[tuple[int, float, float, Array]], patients: int) -> Schedule:
    """Schedule from inputs (port, start_h, duration_h, amount_mg (n,)); duration 0 is an impulse."""
    steps: dict[tuple[float, int], Array] = {}
    impulses: dict[tuple[float, int], Array] = {}
    for port in sorted({entry[0] for entry in inputs}):
        mine = [entry for entry in inputs if entry[0] == port]
        for _, start, duration, amount in mine:
            if not duration:
                impulses[start, port] = impulses.get((start, port), np.zeros(patients)) + amount
        steps |= {(time, port): step for time, step in _steps([e for e in mine if e[2]], patients)}
    events = sorted(steps.keys() | impulses.keys())
    none = np.zeros(patients)
    shape = (len(events), patients)
    return Schedule(
        time_h=np.array([time for time, _ in events], dtype=float),
        port=np.array([port for _, port in events], dtype=np.int64),
        step_mg_per_h=np.array([steps.get(event, none) for event in events]).reshape(shape),
        impulse_mg=np.array([impulses.get(event, none) for event in events]).reshape(shape),
    )


def _steps(inputs: list[tuple[int, float, float, Array]], patients: int) -> list[tuple[float, Array]]:
    """Changes of rate at the edges of constant-rate inputs.

    Each change is the new rate minus the sum of the changes so far, so that the sum returns to exactly 0.
    """
    edges = sorted({edge for _, start, duration, _ in inputs for edge in (start, start + duration)})
    running = np.zeros(patients)
    out = []
    for edge in edges:
        rate = np.zeros(patients)
        for _, start, duration, amount in inputs:
            if start <= edge < start + duration:
                rate = rate + amount / duration
        out.append((edge, rate - running))
        running = running + out[-1][1]
    return out


def concentration(modes: Modes, schedule: Schedule, output: str, time_h: Array) -> Array:
    """Exact concentration of one output at `time_h` (n_t,): (n_pat, n_t) in ng/mL; 0 up to the first event.

    At the time of an impulse the value is the one just before it. Rounding below 0 is cut.
    """
    rows = list(modes.members[output])
    rate, owner = modes.rate_per_h[rows], np.array([modes.port[row] for row in rows], dtype=np.int64)
    gain, ramp, steady = modes.gain[output][rows], modes.ramp[output][rows], modes.steady[output]
    times = np.asarray(time_h, dtype=float)
    level, slope = np.zeros_like(rate), np.zeros_like(rate)
    base = np.zeros(rate.shape[1])
    out = np.zeros((rate.shape[1], times.size))
    ends = np.append(schedule.time_h[1:], np.inf)
    before = schedule.time_h[0] if schedule.time_h.size else 0.0
    for event, (start, end) in enumerate(zip(schedule.time_h, ends, strict=True)):
        decay = np.exp(-rate * (start - before))
        level, slope = (level + slope * (start - before)) * decay, slope * decay
        port, before = int(schedule.port[event]), start
        step, impulse = schedule.step_mg_per_h[event], schedule.impulse_mg[event]
        mine = owner == port
        level[mine] += step * gain[mine] + impulse * (ramp[mine] - rate[mine] * gain[mine])
        slope[mine] += step * ramp[mine] - impulse * rate[mine] * ramp[mine]
        base = base + step * steady[port]
        here = np.flatnonzero((times > start) & (times <= end))
        if here.size:
            since = (times[here] - start)[:, None, None]
            terms = (level + slope * since) * np.exp(-rate * since)
            out[:, here] = (base + terms.sum(axis=1)).T
    return np.maximum(out, 0)
