"""Building stones shared by the disposition models: parents, delays and metabolite blocks."""

from __future__ import annotations

from reprieve.model.disposition.factors import MINUTES_PER_HOUR
from reprieve.model.disposition.mammillary import Block, from_clearances
from reprieve.model.disposition.people import Individuals
from reprieve.model.disposition.response import Array, Response, block, through
from reprieve.model.disposition.separation import Apart


def into_block(flux: Response, group: str, held: Block, volume_l: Array, apart: Apart, first: int = 0) -> Response:
    """Concentration (mg/L) in the centre of a compartment block that receives `flux` (mg/h).

    first: number of the first pole in its group, when blocks that never meet share a group.
    """
    return block(flux, group, apart(group, held.rate_per_h), held.share / volume_l, first)


def lag(response: Response, name: str, rate_per_h: Array, apart: Apart) -> Response:
    """y' = rate (x - y): a first-order delay that keeps the area."""
    rate = apart(name, rate_per_h)
    return through(response, (name, 0), rate, rate)


def delay(flux: Response, name: str, mean_transit_min: Array, apart: Apart) -> Response:
    """Two equal stages in a row; the mean transit time is that of both together."""
    rate = apart(name, 2 * MINUTES_PER_HOUR / mean_transit_min)
    first = through(flux, (name, 0), rate, rate)
    return through(first, (name, 0), rate, rate)


def simons_parent(ind: Individuals, flow: Array, size: Array, clearance_l_per_h: Array) -> Block:
    """Simons 2022 ketamine: three compartments; `flow` and `size` are the weight factors."""
    hourly = flow * MINUTES_PER_HOUR
    return from_clearances(
        clearance_l_per_h,
        ind["vk1_l_70kg"] * size,
        (ind["clk2_l_per_min_70kg"] * hourly, ind["vk2_l_70kg"] * size),
        (ind["clk3_l_per_min_70kg"] * hourly, ind["vk3_l_70kg"] * size),
    )


def otto_norketamine(
    ind: Individuals, flow: Array, size: Array, formed: Response, apart: Apart
) -> tuple[Response, Response]:
    """Otto 2021 norketamine from `formed` (mg/h): its concentration (mg/L) and what is cleared (mg/h)."""
    volume, clearance = ind["vn_l_70kg"] * size, ind["cln_l_per_h_70kg"] * flow
    held = from_clearances(clearance, volume, (ind["qn_l_per_h"], ind["vpn_l"]))
    level = into_block(formed, "norketamine", held, volume, apart)
    return level, level.scaled(clearance)


def simons_norketamine(
    ind: Individuals, flow: Array, size: Array, formed: Response, apart: Apart
) -> tuple[Response, Response]:
    """Simons 2022 norketamine, in a central volume that is ketamine's: level (mg/L) and cleared (mg/h)."""
    hourly = flow * MINUTES_PER_HOUR
    volume, clearance = ind["vk1_l_70kg"] * size, ind["cln1_l_per_min_70kg"] * hourly
    exchange = (ind["cln2_l_per_min_70kg"] * hourly, ind["vn2_l_70kg"] * size)
    level = into_block(formed, "norketamine", from_clearances(clearance, volume, exchange), volume, apart)
    return level, level.scaled(clearance)


def simons_hydroxynorketamine(
    ind: Individuals, flow: Array, size: Array, cleared: Response, share: Array, apart: Apart
) -> Response:
    """Simons 2022 hydroxynorketamine (mg/L, ketamine mass) from `share` of the norketamine cleared (mg/h)."""
    hourly = flow * MINUTES_PER_HOUR
    volume = ind["vh1_l_70kg"] * size
    exchange = (ind["clh2_l_per_min_70kg"] * hourly, ind["vh2_l_70kg"] * size)
    held = from_clearances(ind["clh1_l_per_min_70kg"] * hourly, volume, exchange)
    formed = delay(cleared.scaled(share), "to_hydroxynorketamine", ind["mtt_nk_hnk_min"], apart)
    return into_block(formed, "hydroxynorketamine", held, volume, apart)
