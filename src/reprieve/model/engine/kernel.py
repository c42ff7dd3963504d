"""The compiled kernel of the Numba executor. `numba_executor.py` says how it works and prepares its arguments.

Arrays come blocked: their first axis, removed by the caller of each helper, is the block, the last one the lanes.
"""

from __future__ import annotations

import numba
from numba.np.ufunc.parallel import get_thread_id

from reprieve.model.engine.lanes import FAST, exp
from reprieve.model.engine.numerics import numerics

LANES = numerics().numba_lanes
NODES = numerics().nodes


@numba.njit(parallel=True, cache=True, fastmath=FAST, error_model="numpy")
def integrate(
    segment, length_h, shape, shape_length_h, template_offset_h, template_shape, by_template, template_from, node,
    to_all, end_state, end_surge, delay_state, delay_surge, output_state, output_surge, output_to, formation,
    output_element, first_output, output_theta, plasma_segment, plasma_tau_h, driving, ramp_row, uses,
    rate, level, lag, inflow, gain, ramp, inverse_zero, gate, loss, consolidation, fade, inverse_max,
    surges, rows, fadings, states, plasmas, chains, plasma_out, chain_out, peak,
):  # fmt: skip
    """All blocks. Arguments are the fields of `Problem`, blocked; see problem.py for their meaning."""
    for b in numba.prange(peak.shape[0]):
        thread = get_thread_id()
        released, fading, state, work = surges[thread], fadings[thread], states[thread], rows[thread]
        _surge_at_nodes(
            released, work, fading, node, shape_length_h, segment, template_offset_h, template_shape, by_template,
            template_from, driving, ramp_row, rate[b], level[b], lag[b], inflow[b], gain[b], ramp[b],
            inverse_zero[b], gate[b], peak[b],
        )  # fmt: skip
        _fading(fading, fade[b], shape_length_h, node)
        _march(
            released, work, fading, state, length_h, shape, node, to_all, end_state, end_surge, delay_state,
            delay_surge, formation, output_state, output_surge, output_to, output_element, first_output,
            output_theta, loss[b], consolidation[b], fade[b], inverse_max[b], chains[thread],
        )  # fmt: skip
        _plasma_at_outputs(
            work, plasma_segment, plasma_tau_h, ramp_row, uses, rate[b], level[b], lag[b], inflow[b], gain[b],
            ramp[b], plasmas[thread],
        )  # fmt: skip
        _turn(plasmas[thread], plasma_out, b * LANES)
        _turn(chains[thread], chain_out, b * LANES)


@numba.njit(cache=True)
def _turn(block, out, first):
    """Copy (s, q, lanes) into out[:, first : first + lanes], which is (s, p, q)."""
    for s in range(block.shape[0]):
        for w in range(LANES):
            for q in range(block.shape[1]):
                out[s, first + w, q] = block[s, q, w]


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _surge_at_nodes(
    released, work, inner, node, shape_length_h, segment, template_offset_h, template_shape, by_template,
    template_from, driving, ramp_row, rate, level, lag, inflow, gain, ramp, inverse_zero, gate, peak,
):  # fmt: skip
    """Surge at every node into released[e, i]; the block signal is summed there first, mode by mode.

    exp(-rate (offset + theta h)) is exp(-rate offset) times exp(-rate theta h): the second factor, held in `inner`,
    is common to all templates of one shape.
    """
    for e in range(segment.size):
        for i in range(NODES):
            for w in range(LANES):
                released[e, i, w] = inflow[segment[e], 0, w]
    for j in range(driving.size):
        m = driving[j]
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
            if r < 0:
                for k in range(template_from[t], template_from[t + 1]):
                    e = by_template[k]
                    v = segment[e]
                    for w in range(LANES):
                        height = level[v, m, w] * work[0, w]
                        for i in range(NODES):
                            released[e, i, w] += height * inner[s, i, w]
            else:
                for k in range(template_from[t], template_from[t + 1]):
                    e = by_template[k]
                    v = segment[e]
                    for w in range(LANES):
                        slope = level[v, m, w] * work[1, w]
                        height = level[v, m, w] * work[0, w] + lag[v, r, w] * work[1, w]
                        height += slope * template_offset_h[t]
                        slope *= shape_length_h[s]
                        for i in range(NODES):
                            released[e, i, w] += (height + slope * node[i]) * inner[s, i, w]
    for e in range(segment.size):
        for i in range(NODES):
            for w in range(LANES):
                x = released[e, i, w]
                peak[w] = max(peak[w], x)
                blocked = x / (1 + x)
                released[e, i, w] = max(0.0, blocked * (1 - blocked * inverse_zero[w])) * gate[w]


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _fading(fading, fade, shape_length_h, node):
    """Loss of consolidated synapses from each node to the end of an element, and over the whole of it."""
    for s in range(shape_length_h.size):
        for i in range(NODES):
            left = shape_length_h[s] * (1 - node[i])
            for w in range(LANES):
                fading[s, i, w] = exp(-fade[w] * left)
        for w in range(LANES):
            fading[s, NODES, w] = exp(-fade[w] * shape_length_h[s])


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _march(
    released, work, fading, state, length_h, shape, node, to_all, end_state, end_surge, delay_state, delay_surge,
    formation, output_state, output_surge, output_to, output_element, first_output, output_theta,
    loss, consolidation, fade, inverse_max, chain_out,
):  # fmt: skip
    """Filters and synapses through the elements in time order, writing outputs on the way.

    `state` rows are signal, function, delay, labile, consolidated; `work` holds spine formation, the integrating
    factor, weighted formation and labile synapses at the nodes.
    """
    spines, grown, weighted, labile = 0, NODES, 2 * NODES, 3 * NODES
    state[:] = 0
    for e in range(length_h.size):
        s, h = shape[e], length_h[e]
        for i in range(NODES):
            from_signal, from_delay = delay_state[s, i, 0] * formation, delay_state[s, i, 2] * formation
            for w in range(LANES):
                total = from_signal * state[0, w] + from_delay * state[2, w]
                for j in range(NODES):
                    total += delay_surge[s, i, j] * released[e, j, w]
                work[spines + i, w] = total
        for i in range(NODES):
            for w in range(LANES):
                total = 0.0
                for j in range(NODES):
                    total += to_all[i, j] * work[spines + j, w]
                factor = exp(-h * (total * inverse_max[w] + loss[w] * node[i]))
                work[grown + i, w] = factor
                work[weighted + i, w] = h * work[spines + i, w] / factor
        for i in range(NODES):
            for w in range(LANES):
                total = state[3, w]
                for j in range(NODES):
                    total += to_all[i, j] * work[weighted + j, w]
                work[labile + i, w] = work[grown + i, w] * total
        for q in range(first_output[e], first_output[e + 1]):
            if output_element[q] < 0:
                chain_out[:, q] = 0
                continue
            theta = output_theta[q]
            for w in range(LANES):
                signal = output_state[q, 0, 0] * state[0, w]
                function = output_state[q, 1, 0] * state[0, w] + output_state[q, 1, 1] * state[1, w]
                exponent = loss[w] * theta
                gained = state[3, w]
                for j in range(NODES):
                    signal += output_surge[q, 0, j] * released[e, j, w]
                    function += output_surge[q, 1, j] * released[e, j, w]
                    exponent += output_to[q, j] * work[spines + j, w] * inverse_max[w]
                    gained += output_to[q, j] * work[weighted + j, w]
                chain_out[0, q, w] = signal
                chain_out[1, q, w] = function
                chain_out[2, q, w] = exp(-h * exponent) * gained
            if theta == 1:
                for w in range(LANES):
                    total = 0.0
                    for j in range(NODES):
                        total += output_to[q, j] * work[labile + j, w] * fading[s, j, w]
                    chain_out[3, q, w] = fading[s, NODES, w] * state[4, w] + h * consolidation[w] * total
            else:
                for w in range(LANES):
                    total = 0.0
                    for j in range(NODES):
                        total += output_to[q, j] * work[labile + j, w] * exp(-fade[w] * h * (theta - node[j]))
                    kept = exp(-fade[w] * h * theta) * state[4, w]
                    chain_out[3, q, w] = kept + h * consolidation[w] * total
        for w in range(LANES):
            exponent = loss[w]
            gained = state[3, w]
            total = 0.0
            for j in range(NODES):
                exponent += to_all[NODES, j] * work[spines + j, w] * inverse_max[w]
                gained += to_all[NODES, j] * work[weighted + j, w]
                total += to_all[NODES, j] * work[labile + j, w] * fading[s, j, w]
            state[3, w] = exp(-h * exponent) * gained
            state[4, w] = fading[s, NODES, w] * state[4, w] + h * consolidation[w] * total
        for w in range(LANES):
            signal = end_state[s, 0, 0] * state[0, w]
            function = end_state[s, 1, 0] * state[0, w] + end_state[s, 1, 1] * state[1, w]
            delay = end_state[s, 2, 0] * state[0, w] + end_state[s, 2, 2] * state[2, w]
            for j in range(NODES):
                signal += end_surge[s, 0, j] * released[e, j, w]
                function += end_surge[s, 1, j] * released[e, j, w]
                delay += end_surge[s, 2, j] * released[e, j, w]
            state[0, w] = signal
            state[1, w] = function
            state[2, w] = delay


@numba.njit(fastmath=FAST, error_model="numpy", cache=True)
def _plasma_at_outputs(
    work, segment, tau_h, ramp_row, uses, rate, level, lag, inflow, gain, ramp, plasma_out
):  # fmt: skip
    """Every plasma output at the plasma times; zero before the first dose."""
    outputs, modes = gain.shape[0], gain.shape[1]
    for q in range(segment.size):
        v, tau = segment[q], tau_h[q]
        if v < 0:
            plasma_out[:, q] = 0
            continue
        for o in range(outputs):
            for w in range(LANES):
                plasma_out[o, q, w] = inflow[v, o, w]
        for m in range(modes):
            r = ramp_row[m]
            for w in range(LANES):
                work[0, w] = exp(-rate[m, w] * tau)
                work[1, w] = level[v, m, w] * work[0, w]
            for o in range(outputs):
                if uses[o, m]:
                    for w in range(LANES):
                        plasma_out[o, q, w] += gain[o, m, w] * work[1, w]
            if r >= 0:
                for w in range(LANES):
                    work[0, w] = lag[v, r, w] * work[0, w] + tau * work[1, w]
                for o in range(outputs):
                    if uses[o, m]:
                        for w in range(LANES):
                            plasma_out[o, q, w] += ramp[o, r, w] * work[0, w]
        for o in range(outputs):
            for w in range(LANES):
                plasma_out[o, q, w] = max(0.0, plasma_out[o, q, w])
