"""Effect sizes with sampling variances, from whatever a paper reports. One function per measure and kind of report.

Every function returns an `Effect` whose `how` says what it was computed from, or raises `InputError` naming the value.
"""

from reprieve.evidence.pooling.effects.arms import (
    combine_arms,
    combine_counts,
    shared_covariance_log_odds_ratio,
    shared_covariance_log_risk_ratio,
    shared_covariance_md,
    shared_covariance_rd,
    shared_covariance_smd,
    split_control,
)
from reprieve.evidence.pooling.effects.change import (
    correlation_from_change,
    mc,
    smcc,
    smcr,
    smd_crossover,
    smd_from_paired_p,
    smd_from_paired_se,
    smd_from_paired_t,
)
from reprieve.evidence.pooling.effects.checks import Effect
from reprieve.evidence.pooling.effects.continuous import md, rom, smd, smdh
from reprieve.evidence.pooling.effects.counts import (
    arcsine_proportion,
    correlation,
    logit_proportion,
    odds_ratio,
    peto,
    proportion,
    risk_difference,
    risk_ratio,
    z_correlation,
)
from reprieve.evidence.pooling.effects.formulas import small_sample
from reprieve.evidence.pooling.effects.reported import (
    contrast,
    log_odds_ratio_to_smd,
    smd_from_d,
    smd_from_difference,
    smd_from_f,
    smd_from_p,
    smd_from_t,
    smd_to_log_odds_ratio,
)
from reprieve.evidence.pooling.effects.spread import pooled_sd, sd_from_ci, sd_from_se, se_from_ci, se_from_p, t_from_p

__all__ = [
    "Effect",
    "arcsine_proportion",
    "combine_arms",
    "combine_counts",
    "contrast",
    "correlation",
    "correlation_from_change",
    "log_odds_ratio_to_smd",
    "logit_proportion",
    "mc",
    "md",
    "odds_ratio",
    "peto",
    "pooled_sd",
    "proportion",
    "risk_difference",
    "risk_ratio",
    "rom",
    "sd_from_ci",
    "sd_from_se",
    "se_from_ci",
    "se_from_p",
    "shared_covariance_log_odds_ratio",
    "shared_covariance_log_risk_ratio",
    "shared_covariance_md",
    "shared_covariance_rd",
    "shared_covariance_smd",
    "small_sample",
    "smcc",
    "smcr",
    "smd",
    "smd_crossover",
    "smd_from_d",
    "smd_from_difference",
    "smd_from_f",
    "smd_from_p",
    "smd_from_paired_p",
    "smd_from_paired_se",
    "smd_from_paired_t",
    "smd_from_t",
    "smd_to_log_odds_ratio",
    "smdh",
    "split_control",
    "t_from_p",
    "z_correlation",
]
