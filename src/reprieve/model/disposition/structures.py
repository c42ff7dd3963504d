"""The compartments of each model, written as steps through blocks.

Each function returns port -> output -> step response in ng/mL per mg/h; `shares` parts the enantiomers.
Rates are per hour, volumes in litres; amounts travel as mg of ketamine and become ng/mL at the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reprieve.model.disposition.factors import MINUTES_PER_HOUR, NG_PER_ML, molar
from reprieve.model.disposition.mammillary import Block, Portal, central, from_clearances, hepatoportal
from reprieve.model.disposition.people import Individuals, People, clearance_size, volume_size
from reprieve.model.disposition.response import Response, add, block, unit
from reprieve.model.disposition.separation import Apart
from reprieve.model.disposition.stages import (
    delay,
    into_block,
    lag,
    otto_norketamine,
    simons_hydroxynorketamine,
    simons_norketamine,
    simons_parent,
)

FIRST_POLE = {"S": 0, "R": 3}
Shares = Mapping[str, float]
Ports = dict[str, dict[str, Response]]


@dataclass(frozen=True, slots=True)
class Structure:
    """How a model is built: separation multiple of each pole group, ports, the output that drives effects."""

    build: Callable[[Individuals, People, Shares, Apart], Ports]
    multiple: Mapping[str, int]
    ports: tuple[str, ...]
    driver: str


def _composite(ind: Individuals, people: People, shares: Shares, apart: Apart) -> Ports:
    """Simons 2022 parent per enantiomer and HNK, Otto 2021 norketamine, venous link of this project."""
    flow, size = clearance_size(ind, people), volume_size(ind, people)
    clearance = ind["clk1_l_per_min_70kg"] * flow * MINUTES_PER_HOUR
    own = {"S": clearance, "R": clearance * ind["r_to_s_clearance"]}
    volume, step = ind["vk1_l_70kg"] * size, unit(flow.size)
    parts = {
        side: into_block(
            step, "parent", simons_parent(ind, flow, size, own[side]), volume / share, apart, FIRST_POLE[side]
        )
        for side, share in shares.items()
    }
    arterial = add(*parts.values())
    slow = ind["venous_slow_share"]
    lagging = lag(arterial, "venous", ind["venous_slow_rate_per_h"], apart)
    metabolised = add(*(part.scaled(own[side] * ind["fm_nk"]) for side, part in parts.items()))
    formed = delay(metabolised, "to_norketamine", ind["mtt_k_nk_min"], apart)
    norketamine, cleared = otto_norketamine(ind, flow, size, formed, apart)
    hnk = simons_hydroxynorketamine(ind, flow, size, cleared, ind["fm_hnk_of_nk"], apart)
    outputs = {
        "ketamine_arterial": arterial.scaled(NG_PER_ML),
        "ketamine_venous": add(arterial.scaled(1 - slow), lagging.scaled(slow)).scaled(NG_PER_ML),
        "norketamine": norketamine.scaled(NG_PER_ML),
        "hydroxynorketamine": hnk.scaled(molar("hydroxynorketamine")),
    }
    sides = {f"{side.lower()}_ketamine": part.scaled(NG_PER_ML) for side, part in parts.items()}
    return {"iv": outputs | sides}


def _simons(ind: Individuals, people: People, shares: Shares, apart: Apart) -> Ports:
    """Simons 2022: infusion, and the film's mucosal and swallowed parts; the latter feeds metabolism only."""
    flow, size = clearance_size(ind, people), volume_size(ind, people)
    clearance, volume = ind["clk1_l_per_min_70kg"] * flow * MINUTES_PER_HOUR, ind["vk1_l_70kg"] * size
    parent, step = simons_parent(ind, flow, size, clearance), unit(flow.size)
    absorbed = lag(step, "mucosa", ind["ka1_per_min"] * MINUTES_PER_HOUR, apart)
    gut = lag(step, "gut", ind["ka2_per_min"] * MINUTES_PER_HOUR, apart)
    swallowed = lag(gut, "portal", MINUTES_PER_HOUR / ind["mtt_gut_min"], apart)

    def metabolites(metabolised: Response) -> dict[str, Response]:
        formed = delay(metabolised.scaled(ind["fm_nk"]), "to_norketamine", ind["mtt_k_nk_min"], apart)
        norketamine, cleared = simons_norketamine(ind, flow, size, formed, apart)
        hnk = simons_hydroxynorketamine(ind, flow, size, cleared, ind["fm_hnk"], apart)
        return {
            "norketamine": norketamine.scaled(molar("norketamine")),
            "hydroxynorketamine": hnk.scaled(molar("hydroxynorketamine")),
        }

    def systemic(flux: Response) -> dict[str, Response]:
        level = into_block(flux, "parent", parent, volume, apart)
        shown = level.scaled(NG_PER_ML)
        return {"ketamine_arterial": shown, "s_ketamine": shown} | metabolites(level.scaled(clearance))

    never = step.scaled(0)
    return {
        "iv": systemic(step),
        "film_mucosal": systemic(absorbed),
        "film_swallowed": {"ketamine_arterial": never, "s_ketamine": never} | metabolites(swallowed),
    }


def _otto(ind: Individuals, people: People, shares: Shares, apart: Apart) -> Ports:
    """Otto 2021: three-compartment parent, norketamine formed without delay."""
    flow, size = clearance_size(ind, people), volume_size(ind, people)
    clearance, volume = ind["cl_l_per_h_70kg"] * flow, ind["v1_l_70kg"] * size
    parent = from_clearances(clearance, volume, (ind["q2_l_per_h"], ind["vp2_l"]), (ind["q1_l_per_h"], ind["vp1_l"]))
    level = into_block(unit(flow.size), "parent", parent, volume, apart)
    norketamine, _ = otto_norketamine(ind, flow, size, level.scaled(clearance * ind["fm_nk"]), apart)
    shown = level.scaled(NG_PER_ML)
    outputs = {"ketamine_venous": shown, "s_ketamine": shown, "norketamine": norketamine.scaled(NG_PER_ML)}
    return {"iv": outputs}


def _kamp(ind: Individuals, people: People, shares: Shares, apart: Apart) -> Ports:
    """Kamp 2020, meta-analytic: three compartments, parent only."""
    flow, size = clearance_size(ind, people), volume_size(ind, people)
    volume = ind["v1_l_70kg"] * size
    parent = from_clearances(
        ind["cl_l_per_h_70kg"] * flow,
        volume,
        (ind["q2_l_per_h_70kg"] * flow, ind["v2_l_70kg"] * size),
        (ind["q3_l_per_h_70kg"] * flow, ind["v3_l_70kg"] * size),
    )
    level = into_block(unit(flow.size), "parent", parent, volume, apart)
    return {"iv": {"ketamine_arterial": level.scaled(NG_PER_ML)}}


def _rate_constants(*pairs: tuple[str, str]) -> Callable[[Individuals, People, Shares, Apart], Ports]:
    """A venous parent given by a volume per kg and rate constants per minute."""

    def build(ind: Individuals, people: People, shares: Shares, apart: Apart) -> Ports:
        exchange = [(ind[out] * MINUTES_PER_HOUR, ind[back] * MINUTES_PER_HOUR) for out, back in pairs]
        parent: Block = central(ind["k10_per_min"] * MINUTES_PER_HOUR, *exchange)
        volume = ind["v1_l_per_kg"] * people.weight_kg
        level = into_block(unit(volume.size), "parent", parent, volume, apart)
        return {"iv": {"ketamine_venous": level.scaled(NG_PER_ML)}}

    return build


def _perez_ruixo(ind: Individuals, people: People, shares: Shares, apart: Apart) -> Ports:
    """Perez-Ruixo 2021: hepato-portal elimination; nasal, swallowed and oral absorption; no weight effect."""
    step = unit(ind["vc_l"].size)
    portal = _portal(ind)
    inputs = {
        "iv": (step, "c"),
        "nasal": (lag(step, "nose", ind["ka_nasal_per_h"], apart), "c"),
        "nasal_swallowed": (lag(step, "gut_nasal", ind["ka_swallowed_per_h"], apart), "h"),
        "oral": (lag(step, "gut_oral", ind["ka_oral_per_h"], apart), "h"),
    }
    return {port: _portal_outputs(ind, flux, portal, place, apart) for port, (flux, place) in inputs.items()}


def _portal(ind: Individuals) -> Portal:
    return hepatoportal(
        ind["vc_l"],
        ind["vh_l"],
        ind["qh_l_per_h"],
        ind["kel_per_h"] + ind["kmet_per_h"],
        (ind["q1_l_per_h"], ind["vp1_l"]),
        (ind["q2_l_per_h"], ind["vp2_l"]),
    )


def _portal_outputs(ind: Individuals, flux: Response, portal: Portal, place: str, apart: Apart) -> dict[str, Response]:
    rates = apart("parent", portal.rate_per_h)
    level = block(flux, "parent", rates, portal.residue[place, "c"] / ind["vc_l"])
    formed = block(flux, "parent", rates, portal.residue[place, "h"] * ind["kmet_per_h"])
    held = from_clearances(ind["cln_l_per_h"], ind["vcn_l"], (ind["q3_l_per_h"], ind["vpn_l"]))
    norketamine = into_block(formed, "norketamine", held, ind["vcn_l"], apart)
    shown = level.scaled(NG_PER_ML)
    return {"ketamine_venous": shown, "s_ketamine": shown, "norketamine": norketamine.scaled(NG_PER_ML)}


# Multiples differ between groups of poles that meet along one path; see `separation`.
_CHAIN = {
    "parent": 0,
    "to_norketamine": 1,
    "norketamine": -1,
    "to_hydroxynorketamine": 2,
    "hydroxynorketamine": -2,
}
COMPOSITE = Structure(_composite, {**_CHAIN, "venous": 1}, ("iv",), "ketamine_arterial")
SIMONS = Structure(
    _simons,
    {**_CHAIN, "mucosa": 3, "gut": 0, "portal": 3},
    ("iv", "film_mucosal", "film_swallowed"),
    "ketamine_arterial",
)
OTTO = Structure(_otto, {"parent": 0, "norketamine": 1}, ("iv",), "ketamine_venous")
KAMP = Structure(_kamp, {"parent": 0}, ("iv",), "ketamine_arterial")
DOMINO = Structure(
    _rate_constants(("k12_per_min", "k21_per_min"), ("k13_per_min", "k31_per_min")),
    {"parent": 0},
    ("iv",),
    "ketamine_venous",
)
CLEMENTS = Structure(_rate_constants(("k12_per_min", "k21_per_min")), {"parent": 0}, ("iv",), "ketamine_venous")
PEREZ_RUIXO = Structure(
    _perez_ruixo,
    {"parent": 0, "norketamine": 1, "nose": -1, "gut_nasal": -1, "gut_oral": -1},
    ("iv", "nasal", "nasal_swallowed", "oral"),
    "ketamine_venous",
)
