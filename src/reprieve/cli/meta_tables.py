"""What `reprieve meta` found beside the pool, as tables and sentences for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reprieve.cli import show
from reprieve.cli.meta import p_value
from reprieve.figures.tables import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reprieve.cli.meta_diagnostics import Looked
    from reprieve.evidence.pooling.bayes import Posterior
    from reprieve.evidence.pooling.bias import SmallStudy
    from reprieve.evidence.pooling.influence import Influence
    from reprieve.evidence.pooling.sensitivity import Sensitivity
    from reprieve.evidence.pooling.subgroups import Between, Subgroups
    from reprieve.evidence.pooling.trim_fill import TrimFill

REPEATED = ("estimate", "ci_low", "ci_high", "p", "tau2", "i2")


def tell(looked: Looked) -> None:
    """Print everything that was asked for."""
    if looked.leave_one_out is not None:
        _repeated("Each study left out in turn", "left out", looked.leave_one_out, None)
    if looked.influence is not None:
        _influence(looked.influence)
    if looked.cumulative is not None:
        by = str(looked.asked.cumulative)
        _repeated(f"Cumulative by {by}", "added", looked.cumulative, (by, looked.order))
    if looked.subgroups is not None:
        _subgroups(looked.subgroups, str(looked.asked.subgroup))
    if looked.bias is not None:
        _bias(looked.bias)
    if looked.bayes is not None:
        _bayes(looked.bayes)


def _interval(level: float) -> tuple[str, str]:
    return f"{100 * level:g} % CI low", "high"


def _repeated(title: str, first: str, found: Sensitivity, by: tuple[str, Sequence[float]] | None) -> None:
    columns = [first, *([by[0]] if by else []), "studies", "estimate", *_interval(found.level), "p", "tau2", "I2, %"]
    rows: list[list[object]] = []
    for place, step in enumerate(found.steps):
        at = [f"{by[1][place]:g}"] if by else []
        rows.append([step.label, *at, step.k, *(getattr(step, name) for name in REPEATED)])
    show.table(title, columns, rows)


def _influence(found: Influence) -> None:
    columns = ("study", "rstudent", "dffits", "Cook's D", "cov ratio", "tau2 without", "hat", "weight, %", "flag")
    names = ("label", "rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "hat", "weight")
    rows = [
        [*(getattr(case, name) for name in names), "influential" if case.influential else ""] for case in found.cases
    ]
    show.table("Influence of each study", columns, rows)
    named = ", ".join(found.flagged)
    show.say(f"Influential by the usual limits: {named}." if named else "No study passes the usual limits.")
    show.say(*(f"Without {case.label} there is no fit: {case.refused}." for case in found.cases if case.refused))


def _subgroups(found: Subgroups, by: str) -> None:
    columns = (by, "studies", "estimate", *_interval(found.level), "p", "prediction low", "high", "tau2", "I2, %")
    names = ("name", "k", "estimate", "ci_low", "ci_high", "p", "pi_low", "pi_high", "tau2", "i2")
    show.table(f"Subgroups by {by}", columns, [[getattr(one, name) for name in names] for one in found.groups])
    if found.common_tau2 is None or found.separate_tau2 is None:
        show.say("No test of a difference: fewer than two subgroups could be pooled.")
    else:
        show.say(
            f"Difference between subgroups, one tau2 for all: {_between(found.common_tau2)}; "
            f"each with its own tau2: {_between(found.separate_tau2)}."
        )
    show.say(*(f"Note: {line}." for line in found.warnings))


def _between(test: Between) -> str:
    if math.isfinite(test.df_within):
        return f"F {number(test.statistic)} on {test.df} and {test.df_within:g}, p {p_value(test.p)}"
    return f"chi-square {number(test.statistic)} on {test.df}, p {p_value(test.p)}"


def _bias(found: SmallStudy) -> None:
    low, high = _interval(found.level)
    columns = ("regression", "asymmetry", "t or z", "p", "effect without error", low, high)
    pair = found.pet_peese
    held = {
        "Egger, residual scale (lm)": found.egger_lm,
        "Egger, with tau2 (rma)": found.egger_rma,
        "PET": pair.pet,
        "PEESE": pair.peese,
    }
    rows = [
        [name, one.slope, one.statistic, one.p, one.estimate, one.ci_low, one.ci_high] for name, one in held.items()
    ]
    show.table("Small-study effects", columns, rows)
    rank = found.rank
    show.say(
        f"PET-PEESE chooses {pair.chosen}: PET's effect has p {p_value(pair.pet.estimate_p)}, the limit is "
        f"{pair.alpha:g}.",
        f"Rank test: Kendall's tau {number(rank.tau)}, p {p_value(rank.p)}{'' if rank.exact else ' (ties: normal)'}.",
        *(_filled(one) for one in (found.trim_fill_l0, found.trim_fill_r0)),
        *(f"Note: {line}." for line in found.warnings),
        "None of these proves publication bias: small trials differ from large ones in other ways too.",
    )


def _filled(found: TrimFill) -> str:
    if not found.k0:
        return f"Trim and fill, {found.estimator}: no study is put in."
    count = f"{found.k0} {'study' if found.k0 == 1 else 'studies'}"
    pool = f"{number(found.estimate)} ({100 * found.level:g} % CI {number(found.ci_low)} to {number(found.ci_high)})"
    return f"Trim and fill, {found.estimator}: {count} put in on the {found.side}; the pool with them is {pool}."


def _bayes(found: Posterior) -> None:
    columns = ("posterior of", "mean", "median", "SD", f"{100 * found.level:g} % CrI low", "high")
    rows: list[list[object]] = [
        ["the mean effect", found.mean, found.median, found.sd, found.ci_low, found.ci_high],
        ["tau", found.tau_mean, found.tau_median, found.tau_sd, found.tau_low, found.tau_high],
        ["the effect in a new study", None, None, None, found.pi_low, found.pi_high],
    ]
    for one in found.shrunken:
        rows.append([f"the effect in {one.label}", one.mean, None, one.sd, one.low, one.high])
    show.table("Bayesian pool", columns, rows)
    show.say(
        f"The mean effect is below zero with probability {_probability(found.p_negative)}. Prior of tau: "
        f"{found.prior}, in the unit of the estimates: it fits standardised differences and log ratios. "
        f"Prior of the mean: {found.mu_prior}.",
        *(f"Note: {line}." for line in found.warnings),
    )


def _probability(p: float) -> str:
    return "below 0.001" if p < 1e-3 else "above 0.999" if p > 0.999 else f"{p:.3f}"
