"""From parameters to the share of symptoms that each fixed patient has left at each reading, in JAX.

    share = (1 - P) (1 - lambda D)     lambda: the clusters' shares of the benefit, weighted by their part of the score

P and belief are those of `model.expectancy`: the same pieces between infusions, each an exact exponential, the same
bounds. A reading is the mean of the days that the instrument looks back. The empirical comparator has no clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from reprieve.calibration import drug
from reprieve.calibration.plan import Plan
from reprieve.core.units import HOURS_PER_DAY
from reprieve.model.parameters import default_parameters
from reprieve.model.population import population_parameters

type Values = Mapping[str, Any]
type Forward = Callable[[Values, Any, Any], Any]


def forward(plan: Plan, forecaster: str) -> Forward:
    """Return the function (values, benefit_logit (a,), nondrug_base (a,)) -> share left at every window (w, n)."""
    rows = latent(plan, forecaster)

    def at_windows(values: Values, benefit_logit: Any, nondrug_base: Any) -> Any:
        placebo, benefit = rows(values, benefit_logit, nondrug_base)
        taken = cluster_weight(plan, values, forecaster)[plan.row_arm][:, None] * benefit
        return plan.average @ ((1 - placebo) * (1 - taken))

    return at_windows


def latent(plan: Plan, forecaster: str) -> Callable[[Values, Any, Any], tuple[Any, Any]]:
    """Return the function to non-drug response P and benefit D of every row, (r, n) each; arguments as `forward`."""
    amount = drug.strength(plan, forecaster)
    nondrug = _nondrug(plan)

    def rows(values: Values, benefit_logit: Any, nondrug_base: Any) -> tuple[Any, Any]:
        logit = benefit_logit[plan.row_arm][:, None]
        benefit = drug.benefit(amount(values)[plan.row_drug], logit, forecaster)
        return nondrug(values, nondrug_base, benefit), benefit

    return rows


def cluster_weight(plan: Plan, values: Values, forecaster: str) -> Any:
    """Return the share of the benefit that the total takes, by arm (a,): 1 in depression and for the comparator."""
    share = _arousal_share() * np.array([one.condition == "ptsd" for one in plan.arms])
    return jnp.ones(len(plan.arms)) if forecaster == "comparator" else 1 - share * (1 - values["lambda_e"])


def _arousal_share() -> float:
    p = population_parameters()
    return p["share_e"] / sum(p[f"share_{c}"] for c in "bcde")


def _nondrug(plan: Plan) -> Callable[[Values, Any, Any], Any]:
    """The function from parameters and D to P, (r, n)."""
    held = default_parameters()
    count = len(plan.runs[0].sedation)
    effect = {name: drug.fixed_effect(name, count) for name in ("nondrug_base", "nondrug_belief", "nondrug_fast_share")}
    expected = "expectation_logit"
    prior_logit = held[expected] + drug.between_sd(expected) * drug.fixed_effect(expected, count)
    felt = held["belief_dissociation_weight_per_point"] * (
        plan.felt("dissociation") - held["belief_dissociation_neutral_points"]
    ) + held["belief_sedation_weight"] * plan.felt("sedation")
    clamp = np.array([one.open_label for one in plan.arms])[:, None]
    known = _known_belief()
    between_h = np.diff(plan.edges_h).T[:, :, None]
    kept = [np.exp(-between_h / (held[f"nondrug_{part}_time_d"] * HOURS_PER_DAY)) for part in ("fast", "slow")]
    piece, arm = plan.piece, plan.row_arm
    after_end = piece >= plan.doses[arm]
    since_d = (plan.row_h - plan.edges_h[arm, np.maximum(piece, 0)]) / HOURS_PER_DAY

    def placebo(values: Values, nondrug_base: Any, benefit: Any) -> Any:
        base = nondrug_base[:, None] + values["nondrug_base_sd"] * effect["nondrug_base"]
        weight = values["nondrug_belief"] * jnp.exp(drug.between_sd("nondrug_belief") * effect["nondrug_belief"])
        logit_share = jax.scipy.special.logit(values["nondrug_fast_share"])
        share = jax.nn.sigmoid(logit_share + values["nondrug_fast_share_sd"] * effect["nondrug_fast_share"])
        at_start = benefit[plan.start_row.T]

        def infusion(state: Any, given: Any) -> Any:
            logit, fast, slow = state
            what_is_felt, drug_benefit, left_fast, left_slow = given
            improvement = 1 - (1 - share * fast - (1 - share) * slow) * (1 - drug_benefit)
            logit = logit + what_is_felt + held["belief_improvement_weight"] * improvement
            belief = jnp.where(clamp, known, jax.nn.sigmoid(logit))
            target = jnp.clip(base + weight * belief, values["nondrug_low"], held["nondrug_high"])
            after = (logit, target + (fast - target) * left_fast, target + (slow - target) * left_slow)
            return after, (fast, slow, target)

        rest = jnp.zeros((len(plan.arms), count))
        begun = (jnp.broadcast_to(prior_logit, rest.shape), rest, rest)
        end, pieces = jax.lax.scan(infusion, begun, (felt, at_start, *kept))
        # After the last infusion of an arm nothing moves until the end of treatment: edges behind it coincide.
        starts = [jnp.concatenate([part, last[None]]) for part, last in zip(pieces, (*end[1:], rest), strict=True)]
        place = np.where(after_end, len(felt), np.maximum(piece, 0))
        first, second, aim = (part[place, arm] for part in starts)
        gone = [
            jnp.exp(-since_d / jnp.where(after_end, values[f"nondrug_{part}_fade_d"], held[f"nondrug_{part}_time_d"]))
            for part in ("fast", "slow")
        ]
        quick = aim + (first - aim) * gone[0][:, None]
        late = aim + (second - aim) * gone[1][:, None]
        return jnp.where(piece[:, None] < 0, 0, share * quick + (1 - share) * late)

    return placebo


def _known_belief() -> float:
    from reprieve.calibration.arms import evidence

    return evidence().quantities["open_label_belief"].value
