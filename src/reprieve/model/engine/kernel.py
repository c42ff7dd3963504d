"""The compiled kernel of the Numba executor. `numba_executor.py` says how it works and prepares its arguments.

Inside a block every array ends in the lanes; s counts signals (the block signal x first, then the outputs), m modes,
r modes with a ramp, v rate changes, e elements, i and j nodes, q output times, w lanes.
"""

from __future__ import annotations

import numba
from numba.np.ufunc.parallel import get_thread_id

from reprieve.model.engine.lanes import FAST, exp
from reprieve.model.engine.numerics import numerics

LANES = numerics().numba_lanes
NODES = numerics().nodes
STATES = 5
WORK_ROWS = 4 * NODES + STATES + 6


@numba.njit(parallel=True, cache=True, fastmath=FAST, error_model="numpy")
def integrate(
    segment, length_h, shape, shape_length_h, template_offset_h, template_shape, by_template, template_from,
    node, to_all, end_state, end_surge, delay_state, delay_surge, output_state, output_surge, output_to,
    output_element, first_output, output_theta, plasma_segment, plasma_tau_h, uses, ramp_row,
    event_h, event, event_port, mode_port, step, impulse, rates, gains, ramps, steadies, pools, rooms,
    plasma_out, chain_out,
):  # fmt: skip
    """Every patient of a request, block by block. Patients are the last axis of the inputs, the second of outputs."""
    patients = rates.shape[1]
    for b in numba.prange((patients + LANES - 1) // LANES):
        t = get_thread_id()
        first, count = b * LANES, min(LANES, patients - b * LANES)
        rate, gain, ramp, inflow = rooms[0][t], rooms[1][t], rooms[2][t], rooms[3][t]
        level, lag = rooms[4][t], rooms[5][t]
        work, released, fading, plasma, chain = rooms[6][t], rooms[7][t], rooms[8][t], rooms[9][t], rooms[10][t]
        pool = work[4 * NODES + STATES :]
        _load(first, count, rates, gains, ramps, pools, rate, gain, ramp, pool)
        _amplitudes(
            first, count, event_h, event, event_port, mode_port, ramp_row, step, impulse, steadies, rate,
            inflow, level, lag, work,
        )  # fmt: skip
        _surge_at_nodes(
            released, work, fading, node, shape_length_h, segment, template_offset_h, template_shape, by_template,
            template_from, uses, ramp_row, rate, level, lag, inflow, gain, ramp, pool,
        )  # fmt: skip
        _fading(fading, pool, shape_length_h, node)
        _march(
            released, work, fading, length_h, shape, node, to_all, end_state, end_surge, delay_state, delay_surge,
            output_state, output_surge, output_to, output_element, first_output, output_theta, pool, chain,
        )  # fmt: skip
        _plasma_at_outputs(
            work, plasma_segment, plasma_tau_h, ramp_row, uses, rate, level, lag, inflow, gain, ramp, pool, plasma
        )
        _turn(plasma, plasma_out, first, count)
        _turn(chain, chain_out, first, count)


@numba.njit(cache=True)
def _turn(block, out, first, count):
    """Copy (s, q, lanes) into out[:, first : first + count], which is (s, p, q); roundings below zero become zero."""
    for s in range(block.shape[0]):
        for w in range(count):
            for q in range(block.shape[1]):
                out[s, first + w, q] = max(0.0, block[s, q, w])


@numba.njit(cache=True)
def _load(first, count, rates, gains, ramps, pools, rate, gain, ramp, pool):
    """Parameters of a block; missing lanes repeat its last patient."""
    for w in range(LANES):
        p = first + min(w, count - 1)
        for m in range(rates.shape[0]):
            rate[m, w] = rates[m, p]
        for k in range(pools.shape[0]):
            pool[k, w] = pools[k, p]
    for s in range(gains.shape[0]):
        for m in range(gains.shape[1]):
            for w in range(LANES):
                gain[s, m, w] = gains[s, m, first + min(w, count - 1)]
        for r in range(ramps.shape[1]):
            for w in range(LANES):
                ramp[s, r, w] = ramps[s, r, first + min(w, count - 1)]


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _amplitudes(
    first, count, event_h, event, event_port, mode_port, ramp_row, step, impulse, steadies, rate, inflow, level,
    lag, work,
):  # fmt: skip
    """Level and lag of every mode and the steady part of every signal after each rate change; see amplitudes.py."""
    modes = rate.shape[0]
    for v in range(event_h.size):
        if v == 0:
            level[0] = 0
            lag[0] = 0
            inflow[0] = 0
        else:
            elapsed = event_h[v] - event_h[v - 1]
            inflow[v] = inflow[v - 1]
            for m in range(modes):
                r = ramp_row[m]
                for w in range(LANES):
                    work[0, w] = exp(-rate[m, w] * elapsed)
                if r >= 0:
                    for w in range(LANES):
                        lag[v, r, w] = (lag[v - 1, r, w] + level[v - 1, m, w] * elapsed) * work[0, w]
                for w in range(LANES):
                    level[v, m, w] = level[v - 1, m, w] * work[0, w]
        for k in range(event.size):
            if event[k] != v:
                continue
            port = event_port[k]
            for w in range(LANES):
                p = first + min(w, count - 1)
                work[0, w] = step[k, p]
                work[1, w] = impulse[k, p]
                for s in range(steadies.shape[0]):
                    inflow[v, s, w] += steadies[s, port, p] * step[k, p]
            for m in range(modes):
                if mode_port[m] == port:
                    for w in range(LANES):
                        level[v, m, w] += work[0, w] - rate[m, w] * work[1, w]
                    if ramp_row[m] >= 0:
                        for w in range(LANES):
                            lag[v, ramp_row[m], w] += work[1, w]


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _surge_at_nodes(
    released, work, inner, node, shape_length_h, segment, template_offset_h, template_shape, by_template,
    template_from, uses, ramp_row, rate, level, lag, inflow, gain, ramp, pool,
):  # fmt: skip
    """Surge at every node into released[e, i]; the block signal is summed there first, mode by mode.

    exp(-rate (offset + theta h)) is exp(-rate offset) times exp(-rate theta h): the second factor, held in `inner`,
    is common to all templates of one shape.
    """
    for e in range(segment.size):
        for i in range(NODES):
            for w in range(LANES):
                released[e, i, w] = inflow[segment[e], 0, w]
    for m in range(rate.shape[0]):
        if not uses[0, m]:
            continue
        r = ramp_row[m]
        for s in range(shape_length_h.size):
            for i in range(NODES):
                tau = shape_length_h[s] * node[i]
                for w in range(LANES):
                    inner[s, i, w] = exp(-rate[m, w] * tau)
        for t in range(template_offset_h.size):
            s = template_shape[t]
            for w in range(LANES):
                start = exp(-rate[m, w] * template_offset_h[t])
                work[0, w] = start * gain[0, m, w]
                if r >= 0:
                    work[1, w] = start * ramp[0, r, w]
            for k in range(template_from[t], template_from[t + 1]):
                e = by_template[k]
                v = segment[e]
                for w in range(LANES):
                    work[2, w] = level[v, m, w] * work[0, w]
                if r >= 0:
                    for w in range(LANES):
                        work[3, w] = level[v, m, w] * work[1, w]
                        work[2, w] += lag[v, r, w] * work[1, w] + work[3, w] * template_offset_h[t]
                    for i in range(NODES):
                        later = node[i] * shape_length_h[s]
                        for w in range(LANES):
                            released[e, i, w] += (work[2, w] + later * work[3, w]) * inner[s, i, w]
                else:
                    for i in range(NODES):
                        for w in range(LANES):
                            released[e, i, w] += work[2, w] * inner[s, i, w]
    for e in range(segment.size):
        for i in range(NODES):
            for w in range(LANES):
                blocked = released[e, i, w] / (1 + released[e, i, w])
                released[e, i, w] = max(0.0, blocked * (1 - blocked * pool[0, w])) * pool[1, w]


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _fading(fading, pool, shape_length_h, node):
    """Loss of consolidated synapses from each node to the end of an element, and over the whole of it."""
    for s in range(shape_length_h.size):
        for i in range(NODES):
            left = shape_length_h[s] * (1 - node[i])
            for w in range(LANES):
                fading[s, i, w] = exp(-pool[4, w] * left)
        for w in range(LANES):
            fading[s, NODES, w] = exp(-pool[4, w] * shape_length_h[s])


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _march(
    released, work, fading, length_h, shape, node, to_all, end_state, end_surge, delay_state, delay_surge,
    output_state, output_surge, output_to, output_element, first_output, output_theta, pool, chain,
):  # fmt: skip
    """Filters and synapses through the elements in time order, writing outputs on the way.

    `work` holds, at the nodes, spine formation, the integrating factor, weighted formation and labile synapses, and
    then the states: signal, function, delay, labile, consolidated. `pool` holds 1 / R0, gate, loss of labile
    synapses by either way, consolidation, loss of consolidated synapses, 1 / Smax. `delay_*` carry the factor kM.
    """
    spines, grown, weighted, labile = 0, NODES, 2 * NODES, 3 * NODES
    b, f, d, s_, c = 4 * NODES, 4 * NODES + 1, 4 * NODES + 2, 4 * NODES + 3, 4 * NODES + 4
    work[b : c + 1] = 0
    for e in range(length_h.size):
        s, h = shape[e], length_h[e]
        for i in range(NODES):
            for w in range(LANES):
                total = delay_state[s, i, 0] * work[b, w] + delay_state[s, i, 2] * work[d, w]
                for j in range(NODES):
                    total += delay_surge[s, i, j] * released[e, j, w]
                work[spines + i, w] = total
        for i in range(NODES):
            for w in range(LANES):
                total = 0.0
                for j in range(NODES):
                    total += to_all[i, j] * work[spines + j, w]
                factor = exp(-h * (total * pool[5, w] + pool[2, w] * node[i]))
                work[grown + i, w] = factor
                work[weighted + i, w] = h * work[spines + i, w] / factor
        for i in range(NODES):
            for w in range(LANES):
                total = work[s_, w]
                for j in range(NODES):
                    total += to_all[i, j] * work[weighted + j, w]
                work[labile + i, w] = work[grown + i, w] * total
        for q in range(first_output[e], first_output[e + 1]):
            if output_element[q] < 0:
                chain[:, q] = 0
                continue
            theta = output_theta[q]
            for w in range(LANES):
                signal = output_state[q, 0, 0] * work[b, w]
                for j in range(NODES):
                    signal += output_surge[q, 0, j] * released[e, j, w]
                chain[0, q, w] = signal
            for w in range(LANES):
                function = output_state[q, 1, 0] * work[b, w] + output_state[q, 1, 1] * work[f, w]
                for j in range(NODES):
                    function += output_surge[q, 1, j] * released[e, j, w]
                chain[1, q, w] = function
            for w in range(LANES):
                exponent = pool[2, w] * theta
                gained = work[s_, w]
                for j in range(NODES):
                    exponent += output_to[q, j] * work[spines + j, w] * pool[5, w]
                    gained += output_to[q, j] * work[weighted + j, w]
                chain[2, q, w] = exp(-h * exponent) * gained
            if theta == 1:
                for w in range(LANES):
                    total = 0.0
                    for j in range(NODES):
                        total += output_to[q, j] * work[labile + j, w] * fading[s, j, w]
                    chain[3, q, w] = fading[s, NODES, w] * work[c, w] + h * pool[3, w] * total
            else:
                for w in range(LANES):
                    chain[3, q, w] = exp(-pool[4, w] * h * theta) * work[c, w]
                for j in range(NODES):
                    lag, weight = h * (theta - node[j]), h * output_to[q, j]
                    for w in range(LANES):
                        chain[3, q, w] += weight * pool[3, w] * work[labile + j, w] * exp(-pool[4, w] * lag)
        for w in range(LANES):
            total = 0.0
            for j in range(NODES):
                total += to_all[NODES, j] * work[labile + j, w] * fading[s, j, w]
            work[c, w] = fading[s, NODES, w] * work[c, w] + h * pool[3, w] * total
        for w in range(LANES):
            exponent = 0.0
            gained = work[s_, w]
            for j in range(NODES):
                exponent += to_all[NODES, j] * work[spines + j, w]
                gained += to_all[NODES, j] * work[weighted + j, w]
            work[s_, w] = exp(-h * (exponent * pool[5, w] + pool[2, w])) * gained
        for w in range(LANES):
            signal = end_state[s, 0, 0] * work[b, w]
            function = end_state[s, 1, 0] * work[b, w] + end_state[s, 1, 1] * work[f, w]
            delay = end_state[s, 2, 0] * work[b, w] + end_state[s, 2, 2] * work[d, w]
            for j in range(NODES):
                signal += end_surge[s, 0, j] * released[e, j, w]
                function += end_surge[s, 1, j] * released[e, j, w]
                delay += end_surge[s, 2, j] * released[e, j, w]
            work[b, w] = signal
            work[f, w] = function
            work[d, w] = delay


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _plasma_at_outputs(
    work, segment, tau_h, ramp_row, uses, rate, level, lag, inflow, gain, ramp, pool, plasma
):  # fmt: skip
    """Block, surge and every output at the plasma times; zero before the first dose."""
    signals, modes = gain.shape[0], gain.shape[1]
    for q in range(segment.size):
        v, tau = segment[q], tau_h[q]
        if v < 0:
            plasma[:, q] = 0
            continue
        for s in range(signals):
            for w in range(LANES):
                plasma[s + 1, q, w] = inflow[v, s, w]
        for m in range(modes):
            r = ramp_row[m]
            for w in range(LANES):
                work[0, w] = exp(-rate[m, w] * tau)
                work[1, w] = level[v, m, w] * work[0, w]
            if r >= 0:
                for w in range(LANES):
                    work[2, w] = lag[v, r, w] * work[0, w] + tau * work[1, w]
            for s in range(signals):
                if uses[s, m]:
                    if r >= 0:
                        for w in range(LANES):
                            plasma[s + 1, q, w] += gain[s, m, w] * work[1, w] + ramp[s, r, w] * work[2, w]
                    else:
                        for w in range(LANES):
                            plasma[s + 1, q, w] += gain[s, m, w] * work[1, w]
        for w in range(LANES):
            plasma[1, q, w] = max(0.0, plasma[1, q, w])
            blocked = plasma[1, q, w] / (1 + plasma[1, q, w])
            plasma[0, q, w] = blocked
            plasma[1, q, w] = max(0.0, blocked * (1 - blocked * pool[0, w])) * pool[1, w]
