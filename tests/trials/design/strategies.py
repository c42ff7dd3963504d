"""Designs that can be, of every kind that the form allows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
ARM_NAMES = st.lists(
    st.from_regex(r"[A-Za-z\"\\\u00e9\u03b1][A-Za-z0-9 \"\\#=\u00e9]{0,10}[a-z]", fullmatch=True),
    min_size=4,
    max_size=4,
    unique_by=str.lower,
)
SCORES = st.sampled_from(["caps5", "pcl5", "iesr"])
STRATEGIES = st.sampled_from(["treatment_policy", "hypothetical", "composite", "while_on_treatment"])
SHARES = st.floats(0.05, 0.95)
DOSES = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.75, 1.0]), min_size=1, max_size=3, unique=True)
SCHEDULES = st.sampled_from(["on day 0", "on days 0, 2, 4", "twice weekly for 2 weeks", "every 3 days x 4"])
CONTROLS = st.sampled_from(
    [
        {"role": "active", "regimen": "midazolam 0.045 mg/kg over 40 min"},
        {"role": "active", "regimen": "active over 40 min"},
        {"role": "inert", "regimen": "saline over 40 min"},
    ]
)


def some(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A table with any of its keys left out."""
    return st.fixed_dictionaries({}, optional=parts)


@st.composite
def parallel(draw: st.DrawFn) -> dict[str, Any]:
    """The arms and analysis of a parallel trial."""
    names, schedule, doses = draw(ARM_NAMES), draw(SCHEDULES), draw(DOSES)
    arms: list[dict[str, Any]] = [
        {"role": "ketamine", "regimen": f"{dose} mg/kg over 40 min {schedule}", **draw(some(masked=st.booleans()))}
        for dose in doses
    ]
    other = draw(CONTROLS)
    arms.append({**other, "regimen": f"{other['regimen']} {schedule}", **draw(some(psychotherapy=st.booleans()))})
    arms = [{"name": name, **arm} for name, arm in zip(names, draw(st.permutations(arms)), strict=False)]
    table: dict[str, Any] = {"arms": arms}
    if draw(st.booleans()):
        ratio = draw(st.lists(st.integers(1, 4), min_size=len(arms), max_size=len(arms)))
        table["allocation"] = {"patients": sum(ratio) * draw(st.integers(6, 50)), "ratio": ratio}
    else:
        for arm in arms:
            arm["patients"] = draw(st.integers(10, 200))
    if draw(st.booleans()):
        table["interim"] = {
            "looks": [
                {"information": share} for share in sorted(draw(st.sets(st.sampled_from([0.4, 0.5, 0.75]), min_size=1)))
            ],
            **draw(
                some(
                    efficacy=st.sampled_from(["obrien_fleming", "pocock", "lan_demets_pocock"]),
                    futility_z=st.floats(-1, 1),
                )
            ),
        }
    methods = st.sampled_from(["mmrm", "ancova", "responders", "loss_of_response"])
    table["analysis"] = draw(
        some(method=methods, alpha=st.floats(0.001, 0.2), multiplicity=st.sampled_from(["none", "bonferroni"]))
    )
    return table


@st.composite
def crossover(draw: st.DrawFn) -> dict[str, Any]:
    """The arms and analysis of a crossover."""
    names, other = draw(ARM_NAMES), draw(CONTROLS)
    ketamine = f"{draw(DOSES)[0]} mg/kg over 40 min"
    arms: list[dict[str, Any]] = [
        {"name": names[0], "role": "ketamine", "regimen": ketamine, "second": other["regimen"]},
        {"name": names[1], "role": other["role"], "regimen": other["regimen"], "second": ketamine},
    ]
    for arm in arms:
        arm["patients"] = draw(st.integers(2, 100))
    washout_d = draw(st.one_of(st.integers(60, 90), st.floats(60, 90)))
    return {"kind": "crossover", "washout_d": washout_d, "arms": arms, "analysis": {"method": "crossover"}}


@st.composite
def estimands(draw: st.DrawFn) -> dict[str, Any]:
    """The table `estimand`, with or without rescue medicine."""
    dropout = some(kind=st.just("model"), scale=st.floats(0, 5))
    table = draw(some(stopped=STRATEGIES, withdrawn=STRATEGIES, dropout=dropout))
    if draw(st.booleans()):
        rule: dict[str, Any] = {"from_day": 7, "share_of_baseline": draw(SHARES), "points": draw(st.floats(0.5, 20))}
        table |= {"rescue": draw(STRATEGIES), "rescue_rule": rule}
    return table


@st.composite
def designs(draw: st.DrawFn) -> dict[str, Any]:
    """The table of a design that can be."""
    table = {"schema": 1, "name": draw(NAMES), **draw(st.one_of(parallel(), crossover()))}
    days = sorted(draw(st.sets(st.integers(7, 60), min_size=2, max_size=6)))
    table["visits"] = {"days": days, "primary_day": draw(st.sampled_from(days[:-1])), **draw(some(score=SCORES))}
    limits = some(sbp_pause_mmhg=st.floats(165, 180), dbp_pause_mmhg=st.integers(101, 110))
    table |= draw(
        some(
            population=st.sampled_from(["civilian", "veteran"]),
            sites=st.just(2),
            entry=some(screening_day=st.integers(-60, 0), minimum=st.floats(0, 20)),
            baseline=some(caps5_mean=st.floats(30, 60), caps5_sd=st.floats(4, 12)),
            estimand=estimands(),
            blinding=st.one_of(
                st.just({"kind": "follows"}), st.builds(lambda level: {"kind": "fixed", "level": level}, SHARES)
            ),
            protocol=st.builds(lambda held: {"rules": "shipped", "limits": held}, limits),
        )
    )
    return table
