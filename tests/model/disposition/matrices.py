"""The disposition models as compartment matrices, built independently for matrix exponentials.

Amounts in mg of ketamine, rates per hour. A model is a list of flows (from, to, rate); "out" leaves the body.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import expm

HOUR = 60.0
MW = {"ketamine": 237.73, "norketamine": 223.70, "hydroxynorketamine": 239.70}
Array = npt.NDArray[np.float64]
Flows = list[tuple[str, str, float]]
Outputs = dict[str, dict[str, float]]
Inputs = list[tuple[dict[str, float], float, float]]


def exchange(a: str, b: str, flow: float, volume_a: float, volume_b: float) -> Flows:
    return [(a, b, flow / volume_a), (b, a, flow / volume_b)]


def chain(start: str, end: str, rate_in: float, stages: tuple[str, ...], rate: float, share: float) -> Flows:
    """`start` empties at `rate_in` through equal stages; `share` of what leaves the last arrives in `end`."""
    names = (*stages, end)
    flows = [(start, stages[0], rate_in)]
    for here, there in zip(stages, names[1:], strict=True):
        last = there == end
        flows += [(here, there, rate * (share if last else 1.0))]
        if last:
            flows += [(here, "out", rate * (1 - share))]
    return flows


def parent_simons(tag: str, p: dict[str, float], weight: float, clearance: float) -> Flows:
    size, flow = weight / 70, (weight / 70) ** 0.75 * HOUR
    v1, v2, v3 = (p[f"vk{i}_l_70kg"] * size for i in (1, 2, 3))
    return exchange(tag, tag + "2", p["clk2_l_per_min_70kg"] * flow, v1, v2) + exchange(
        tag, tag + "3", p["clk3_l_per_min_70kg"] * flow, v1, v3
    )


def hydroxynorketamine(p: dict[str, float], weight: float, cleared: float, share: float) -> Flows:
    size, flow = weight / 70, (weight / 70) ** 0.75 * HOUR
    v1, v2 = p["vh1_l_70kg"] * size, p["vh2_l_70kg"] * size
    return [
        *chain("N", "H", cleared, ("h1", "h2"), 2 * HOUR / p["mtt_nk_hnk_min"], share),
        *exchange("H", "H2", p["clh2_l_per_min_70kg"] * flow, v1, v2),
        ("H", "out", p["clh1_l_per_min_70kg"] * flow / v1),
    ]


def default_flows(p: dict[str, float], weight: float) -> tuple[Flows, Outputs]:
    size, flow = weight / 70, (weight / 70) ** 0.75
    v1 = p["vk1_l_70kg"] * size
    clearance = p["clk1_l_per_min_70kg"] * flow * HOUR
    vn = p["vn_l_70kg"] * size
    flows: Flows = []
    for tag, own in (("S", clearance), ("R", clearance * p["r_to_s_clearance"])):
        flows += parent_simons(tag, p, weight, own)
        flows += [(tag, "n1", own / v1 * p["fm_nk"]), (tag, "out", own / v1 * (1 - p["fm_nk"]))]
    rate = 2 * HOUR / p["mtt_k_nk_min"]
    flows += [("n1", "n2", rate), ("n2", "N", rate)]
    flows += exchange("N", "N2", p["qn_l_per_h"], vn, p["vpn_l"])
    flows += hydroxynorketamine(p, weight, p["cln_l_per_h_70kg"] * flow / vn, p["fm_hnk_of_nk"])
    slow, k = p["venous_slow_share"], p["venous_slow_rate_per_h"]
    outputs = {
        "ketamine_arterial": {"S": 1000 / v1, "R": 1000 / v1},
        "ketamine_venous": {"S": 1000 * (1 - slow) / v1, "R": 1000 * (1 - slow) / v1, "venous": slow},
        "s_ketamine": {"S": 1000 / v1},
        "r_ketamine": {"R": 1000 / v1},
        "norketamine": {"N": 1000 / vn},
        "hydroxynorketamine": {"H": 1000 / (p["vh1_l_70kg"] * size) * MW["hydroxynorketamine"] / MW["ketamine"]},
    }
    # The venous link copies blood, it does not take drug: a signal k C in, rate k out.
    flows += [("S>", "venous", k * 1000 / v1), ("R>", "venous", k * 1000 / v1), ("venous", "out", k)]
    return flows, outputs


def simons_flows(p: dict[str, float], weight: float) -> tuple[Flows, Outputs]:
    size, flow = weight / 70, (weight / 70) ** 0.75 * HOUR
    v1 = p["vk1_l_70kg"] * size
    clearance = p["clk1_l_per_min_70kg"] * flow
    cleared = p["cln1_l_per_min_70kg"] * flow / v1
    flows = [
        *parent_simons("S", p, weight, clearance),
        *chain("S", "N", clearance / v1, ("n1", "n2"), 2 * HOUR / p["mtt_k_nk_min"], p["fm_nk"]),
        *exchange("N", "N2", p["cln2_l_per_min_70kg"] * flow, v1, p["vn2_l_70kg"] * size),
        *hydroxynorketamine(p, weight, cleared, p["fm_hnk"]),
        ("mucosa", "S", p["ka1_per_min"] * HOUR),
        ("gut", "portal", p["ka2_per_min"] * HOUR),
        ("portal", "n1", HOUR / p["mtt_gut_min"]),
    ]
    hnk_volume = p["vh1_l_70kg"] * size
    outputs = {
        "ketamine_arterial": {"S": 1000 / v1},
        "s_ketamine": {"S": 1000 / v1},
        "norketamine": {"N": 1000 / v1 * MW["norketamine"] / MW["ketamine"]},
        "hydroxynorketamine": {"H": 1000 / hnk_volume * MW["hydroxynorketamine"] / MW["ketamine"]},
    }
    return flows, outputs


def otto_flows(p: dict[str, float], weight: float) -> tuple[Flows, Outputs]:
    size, flow = weight / 70, (weight / 70) ** 0.75
    v1, vn = p["v1_l_70kg"] * size, p["vn_l_70kg"] * size
    flows = [
        *exchange("S", "S2", p["q1_l_per_h"], v1, p["vp1_l"]),
        *exchange("S", "S3", p["q2_l_per_h"], v1, p["vp2_l"]),
        ("S", "N", p["cl_l_per_h_70kg"] * flow / v1 * p["fm_nk"]),
        ("S", "out", p["cl_l_per_h_70kg"] * flow / v1 * (1 - p["fm_nk"])),
        *exchange("N", "N2", p["qn_l_per_h"], vn, p["vpn_l"]),
        ("N", "out", p["cln_l_per_h_70kg"] * flow / vn),
    ]
    level = {"S": 1000 / v1}
    return flows, {"ketamine_venous": level, "s_ketamine": level, "norketamine": {"N": 1000 / vn}}


def kamp_flows(p: dict[str, float], weight: float) -> tuple[Flows, Outputs]:
    size, flow = weight / 70, (weight / 70) ** 0.75
    v1 = p["v1_l_70kg"] * size
    flows = [
        *exchange("S", "S2", p["q2_l_per_h_70kg"] * flow, v1, p["v2_l_70kg"] * size),
        *exchange("S", "S3", p["q3_l_per_h_70kg"] * flow, v1, p["v3_l_70kg"] * size),
        ("S", "out", p["cl_l_per_h_70kg"] * flow / v1),
    ]
    return flows, {"ketamine_arterial": {"S": 1000 / v1}}


def micro_flows(p: dict[str, float], weight: float) -> tuple[Flows, Outputs]:
    flows = [("S", "out", p["k10_per_min"] * HOUR)]
    for place in ("2", "3"):
        if f"k1{place}_per_min" in p:
            flows += [
                ("S", place, p[f"k1{place}_per_min"] * HOUR),
                (place, "S", p[f"k{place}1_per_min"] * HOUR),
            ]
    return flows, {"ketamine_venous": {"S": 1000 / (p["v1_l_per_kg"] * weight)}}


def perez_flows(p: dict[str, float], weight: float) -> tuple[Flows, Outputs]:
    flows = [
        *exchange("S", "S2", p["q1_l_per_h"], p["vc_l"], p["vp1_l"]),
        *exchange("S", "S3", p["q2_l_per_h"], p["vc_l"], p["vp2_l"]),
        *exchange("S", "liver", p["qh_l_per_h"], p["vc_l"], p["vh_l"]),
        ("liver", "out", p["kel_per_h"]),
        ("liver", "N", p["kmet_per_h"]),
        *exchange("N", "N2", p["q3_l_per_h"], p["vcn_l"], p["vpn_l"]),
        ("N", "out", p["cln_l_per_h"] / p["vcn_l"]),
        ("nose", "S", p["ka_nasal_per_h"]),
        ("gut_nasal", "liver", p["ka_swallowed_per_h"]),
        ("gut_oral", "liver", p["ka_oral_per_h"]),
    ]
    level = {"S": 1000 / p["vc_l"]}
    return flows, {"ketamine_venous": level, "s_ketamine": level, "norketamine": {"N": 1000 / p["vcn_l"]}}


FLOWS = {
    "reprieve_iv_default": default_flows,
    "simons2022_S": simons_flows,
    "otto2021_S": otto_flows,
    "kamp2020_meta3c": kamp_flows,
    "domino": micro_flows,
    "clements1981_250": micro_flows,
    "perezruixo2021_esk": perez_flows,
}


class Matrix:
    """One patient's model as x' = A x + input."""

    def __init__(self, model: str, p: dict[str, float], weight: float) -> None:
        flows, self.outputs = FLOWS[model](p, weight)
        names = {name.rstrip(">") for a, b, _ in flows for name in (a, b)} - {"out"}
        self.names = sorted(names)
        self.a = np.zeros((len(names), len(names)))
        for source, target, rate in flows:
            column = self.names.index(source.rstrip(">"))
            if not source.endswith(">"):
                self.a[column, column] -= rate
            if target != "out":
                self.a[self.names.index(target), column] += rate

    def amounts(self, inputs: Inputs, time_h: float) -> Array:
        """Amounts at one time after inputs (compartment -> mg, start, duration), by superposition."""
        total = np.zeros(len(self.names))
        for target, start, duration in inputs:
            b = np.array([target.get(name, 0.0) for name in self.names])
            since = time_h - start
            if since < 0:
                continue
            if not duration:
                total += expm(self.a * since) @ b
                continue
            fed = self._constant(b / duration, min(since, duration))
            total += expm(self.a * max(since - duration, 0.0)) @ fed
        return total

    def _constant(self, b: Array, time_h: float) -> Array:
        n = len(b)
        big = np.zeros((n + 1, n + 1))
        big[:n, :n], big[:n, n] = self.a, b
        return np.asarray(expm(big * time_h)[:n, n])

    def curves(self, inputs: Inputs, time_h: Array) -> dict[str, Array]:
        """Every output at `time_h` (n_t,)."""
        amounts = np.array([self.amounts(inputs, float(time)) for time in time_h])
        return {
            name: np.asarray(sum(factor * amounts[:, self.names.index(c)] for c, factor in parts.items()))
            for name, parts in self.outputs.items()
        }

    def follow(self, output: str, name: str, rate_per_h: float) -> None:
        """Add the state and output `name` with y' = rate (output - y)."""
        size = len(self.names)
        wider = np.zeros((size + 1, size + 1))
        wider[:size, :size] = self.a
        for compartment, factor in self.outputs[output].items():
            wider[size, self.names.index(compartment)] += rate_per_h * factor
        wider[size, size] = -rate_per_h
        self.names.append(name)
        self.a = wider
        self.outputs[name] = {name: 1.0}
