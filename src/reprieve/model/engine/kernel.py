"""The compiled kernel of the Numba executor. `numba_executor.py` says how it works and prepares its arguments.

Within a block a number of a patient is one `Lanes`: the same number of several patients. Letters: s counts signals
(the block signal x first, then the outputs), m modes, k terms (a mode in a signal), v rate changes, e elements,
i and j nodes, q output times.
"""

from __future__ import annotations

import numba
from numba.np.ufunc.parallel import get_thread_id

from reprieve.model.engine.lanes import LANES, as_lanes, at_least, exp
from reprieve.model.engine.numerics import numerics

NODES = numerics().nodes


@numba.njit(parallel=True, cache=True)
def integrate(
    segment, length_h, shape, shape_length_h, template_offset_h, by_shape, shape_from, by_template, template_from,
    node, to_all, end_state, end_surge, delay_state, delay_surge, output_state, output_surge, output_to,
    output_element, first_output, output_theta, plasma_segment, plasma_tau_h, term, term_from, climb, climb_from,
    event_h, event, event_port, mode_port, repeated, inputs, own, rooms, plasma_out, chain_out,
):  # fmt: skip
    """Every patient of a request, block by block. Patients are the last axis of the inputs, the second of outputs."""
    patients = inputs[0].shape[1]
    for b in numba.prange((patients + LANES - 1) // LANES):
        t = get_thread_id()
        first, count = b * LANES, min(LANES, patients - b * LANES)
        for k in range(len(inputs)):
            _load(inputs[k], first, count, own[k][t])
        rate, gain, ramp, steady = as_lanes(own[0][t]), as_lanes(own[1][t]), as_lanes(own[2][t]), as_lanes(own[3][t])
        step, impulse, pool = as_lanes(own[4][t]), as_lanes(own[5][t]), as_lanes(own[6][t])
        inflow, level, lag = as_lanes(rooms[0][t]), as_lanes(rooms[1][t]), as_lanes(rooms[2][t])
        start, height, decay = as_lanes(rooms[3][t]), as_lanes(rooms[4][t]), as_lanes(rooms[5][t])
        released, fading, work = as_lanes(rooms[6][t]), as_lanes(rooms[7][t]), as_lanes(rooms[8][t])
        plasma, chain = as_lanes(rooms[9][t]), as_lanes(rooms[10][t])
        _amplitudes(event_h, event, event_port, mode_port, repeated, step, impulse, steady, rate, inflow, level, lag)
        _surge_at_nodes(
            released, start, height, decay, node, shape_length_h, segment, template_offset_h, by_shape, shape_from,
            by_template, template_from, term, term_from, climb, climb_from, rate, level, lag, inflow, gain, ramp, pool,
        )  # fmt: skip
        _fading(fading, pool, shape_length_h, node)
        _march(
            released, work, fading, length_h, shape, node, to_all, end_state, end_surge, delay_state, delay_surge,
            output_state, output_surge, output_to, output_element, first_output, output_theta, pool, chain,
        )  # fmt: skip
        _plasma_at_outputs(
            start, height, plasma_segment, plasma_tau_h, repeated, term, term_from, climb, climb_from, rate, level, lag,
            inflow, gain, ramp, pool, plasma,
        )  # fmt: skip
        _turn(rooms[9][t], plasma_out, first, count)
        _turn(rooms[10][t], chain_out, first, count)


@numba.njit(cache=True)
def _turn(block, out, first, count):
    """Copy (s, q, lanes) into out[:, first : first + count], which is (s, p, q); roundings below zero become zero."""
    for s in range(block.shape[0]):
        for w in range(count):
            for q in range(block.shape[1]):
                out[s, first + w, q] = max(0.0, block[s, q, w])


@numba.njit(cache=True)
def _load(source, first, count, block):
    """Columns of a block; missing lanes repeat its last patient."""
    for row in range(source.shape[0]):
        for w in range(LANES):
            block[row, w] = source[row, first + min(w, count - 1)]


@numba.njit(cache=True)
def _amplitudes(event_h, event, event_port, mode_port, repeated, step, impulse, steady, rate, inflow, level, lag):
    """Level and lag of every mode and the steady part of every signal after each rate change; see amplitudes.py."""
    modes, signals, nothing = rate.shape[0], inflow.shape[1], rate[0] * 0.0
    ports = steady.shape[0] // signals
    for v in range(event_h.size):
        if v == 0:
            for s in range(signals):
                inflow[0, s] = nothing
            for m in range(modes):
                level[0, m] = nothing
                lag[0, m] = nothing
        else:
            elapsed = event_h[v] - event_h[v - 1]
            for s in range(signals):
                inflow[v, s] = inflow[v - 1, s]
            for m in range(modes):
                kept = exp(rate[m] * -elapsed)
                if repeated[m]:
                    lag[v, m] = (lag[v - 1, m] + level[v - 1, m] * elapsed) * kept
                level[v, m] = level[v - 1, m] * kept
        for k in range(event.size):
            if event[k] != v:
                continue
            port = event_port[k]
            for s in range(signals):
                inflow[v, s] += steady[s * ports + port] * step[k]
            for m in range(modes):
                if mode_port[m] == port:
                    level[v, m] += step[k] - rate[m] * impulse[k]
                    if repeated[m]:
                        lag[v, m] += impulse[k]


@numba.njit(cache=True)
def _surge_at_nodes(
    released, start, height, decay, node, shape_length_h, segment, template_offset_h, by_shape, shape_from,
    by_template, template_from, term, term_from, climb, climb_from, rate, level, lag, inflow, gain, ramp, pool,
):  # fmt: skip
    """Surge at every node into released[e, i].

    exp(-rate (offset + theta h)) is exp(-rate offset) times exp(-rate theta h): the second factor, held in `decay`,
    is common to all templates of one shape. A ramp adds two rows, one as steep as exp(-rate theta h) and one as
    theta h exp(-rate theta h), so that the sum over modes is one sum.
    """
    terms, climbs = term_from[1], climb_from[1]
    rows = terms + 2 * climbs
    for s in range(shape_length_h.size):
        for i in range(NODES):
            later = shape_length_h[s] * node[i]
            for k in range(terms):
                decay[i, k] = exp(rate[term[k]] * -later)
            for k in range(climbs):
                kept = exp(rate[climb[k]] * -later)
                decay[i, terms + k] = kept
                decay[i, terms + climbs + k] = kept * later
        for index in range(shape_from[s], shape_from[s + 1]):
            t = by_shape[index]
            offset = template_offset_h[t]
            for k in range(terms):
                start[k] = exp(rate[term[k]] * -offset) * gain[k]
            for k in range(climbs):
                start[terms + k] = exp(rate[climb[k]] * -offset) * ramp[k]
            for place in range(template_from[t], template_from[t + 1]):
                e = by_template[place]
                v = segment[e]
                for k in range(terms):
                    height[k] = level[v, term[k]] * start[k]
                for k in range(climbs):
                    m = climb[k]
                    height[terms + k] = (lag[v, m] + level[v, m] * offset) * start[terms + k]
                    height[terms + climbs + k] = level[v, m] * start[terms + k]
                for i in range(NODES):
                    x = inflow[v, 0]
                    for k in range(rows):
                        x += height[k] * decay[i, k]
                    blocked = x / (1.0 + x)
                    released[e, i] = at_least(blocked * (1.0 - blocked * pool[0]), 0.0) * pool[1]


@numba.njit(cache=True)
def _fading(fading, pool, shape_length_h, node):
    """Loss of consolidated synapses from each node to the end of an element, and over the whole of it."""
    for s in range(shape_length_h.size):
        for i in range(NODES):
            fading[s, i] = exp(pool[4] * (shape_length_h[s] * (node[i] - 1)))
        fading[s, NODES] = exp(pool[4] * -shape_length_h[s])


@numba.njit(cache=True)
def _march(
    released, work, fading, length_h, shape, node, to_all, end_state, end_surge, delay_state, delay_surge,
    output_state, output_surge, output_to, output_element, first_output, output_theta, pool, chain,
):  # fmt: skip
    """Filters and synapses through the elements in time order, writing outputs on the way.

    `work` holds, at the nodes, spine formation, the integrating factor, weighted formation and labile synapses.
    `pool` holds 1 / R0, gate, loss of labile synapses by either way, consolidation, loss of consolidated synapses,
    1 / Smax. `delay_*` carry the factor kM.
    """
    spines, grown, weighted, labile_at = 0, NODES, 2 * NODES, 3 * NODES
    nothing = pool[0] * 0.0
    signal = function = delay = labile = consolidated = nothing
    loss, gain, fade, room = pool[2], pool[3], pool[4], pool[5]
    for e in range(length_h.size):
        s, h = shape[e], length_h[e]
        for i in range(NODES):
            total = delay_state[s, i, 0] * signal + delay_state[s, i, 2] * delay
            for j in range(NODES):
                total += delay_surge[s, i, j] * released[e, j]
            work[spines + i] = total
        for i in range(NODES):
            total = to_all[i, 0] * work[spines]
            for j in range(1, NODES):
                total += to_all[i, j] * work[spines + j]
            factor = exp((total * room + loss * node[i]) * -h)
            work[grown + i] = factor
            work[weighted + i] = h * work[spines + i] / factor
        for i in range(NODES):
            total = labile
            for j in range(NODES):
                total += to_all[i, j] * work[weighted + j]
            work[labile_at + i] = work[grown + i] * total
        for q in range(first_output[e], first_output[e + 1]):
            if output_element[q] < 0:
                for row in range(chain.shape[0]):
                    chain[row, q] = nothing
                continue
            theta = output_theta[q]
            first = output_state[q, 0, 0] * signal
            second = output_state[q, 1, 0] * signal + output_state[q, 1, 1] * function
            exponent = loss * theta
            gained = labile
            for j in range(NODES):
                first += output_surge[q, 0, j] * released[e, j]
                second += output_surge[q, 1, j] * released[e, j]
                exponent += output_to[q, j] * work[spines + j] * room
                gained += output_to[q, j] * work[weighted + j]
            chain[0, q] = first
            chain[1, q] = second
            chain[2, q] = exp(exponent * -h) * gained
            total = nothing
            if theta == 1:
                for j in range(NODES):
                    total += output_to[q, j] * work[labile_at + j] * fading[s, j]
                chain[3, q] = fading[s, NODES] * consolidated + h * gain * total
            else:
                for j in range(NODES):
                    total += output_to[q, j] * work[labile_at + j] * exp(fade * (h * (node[j] - theta)))
                chain[3, q] = exp(fade * (-h * theta)) * consolidated + h * gain * total
        total = exponent = nothing
        gained = labile
        for j in range(NODES):
            total += to_all[NODES, j] * work[labile_at + j] * fading[s, j]
            exponent += to_all[NODES, j] * work[spines + j]
            gained += to_all[NODES, j] * work[weighted + j]
        consolidated = fading[s, NODES] * consolidated + h * gain * total
        labile = exp((exponent * room + loss) * -h) * gained
        function = end_state[s, 1, 0] * signal + end_state[s, 1, 1] * function
        delay = end_state[s, 2, 0] * signal + end_state[s, 2, 2] * delay
        signal = end_state[s, 0, 0] * signal
        for j in range(NODES):
            signal += end_surge[s, 0, j] * released[e, j]
            function += end_surge[s, 1, j] * released[e, j]
            delay += end_surge[s, 2, j] * released[e, j]


@numba.njit(cache=True)
def _plasma_at_outputs(
    falling, climbing, segment, tau_h, repeated, term, term_from, climb, climb_from, rate, level, lag,
    inflow, gain, ramp, pool, plasma,
):  # fmt: skip
    """Block, surge and every output at the plasma times; zero before the first dose."""
    for q in range(segment.size):
        v, tau = segment[q], tau_h[q]
        if v < 0:
            for row in range(plasma.shape[0]):
                plasma[row, q] = pool[0] * 0.0
            continue
        for m in range(rate.shape[0]):
            kept = exp(rate[m] * -tau)
            falling[m] = level[v, m] * kept
            if repeated[m]:
                climbing[m] = lag[v, m] * kept + tau * falling[m]
        for s in range(term_from.size - 1):
            total = inflow[v, s]
            for k in range(term_from[s], term_from[s + 1]):
                total += gain[k] * falling[term[k]]
            for k in range(climb_from[s], climb_from[s + 1]):
                total += ramp[k] * climbing[climb[k]]
            plasma[s + 1, q] = total
        x = at_least(plasma[1, q], 0.0)
        blocked = x / (1.0 + x)
        plasma[0, q] = blocked
        plasma[1, q] = at_least(blocked * (1.0 - blocked * pool[0]), 0.0) * pool[1]
