"""The fit of the acute effects as a problem for the sampler."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import numpyro
import pytest
from numpyro.handlers import seed, substitute, trace
from scipy import stats

from reprieve.calibration.tolerability import defaults, tolerability
from reprieve.calibration.tolerability_check import check
from reprieve.calibration.tolerability_data import rows
from reprieve.calibration.tolerability_pressures import Z_95
from reprieve.core.errors import InputError
from reprieve.core.results import digest
from tests.tolerance import close

DRUGLESS = ("nausea_odds", "nausea_exponent", "sedation_half_ng_per_ml", "saline_sedation")


@pytest.fixture(autouse=True)
def _double_precision() -> None:
    numpyro.enable_x64()


def run(held_out: str = "", **values: Any) -> dict[str, Any]:
    """Sites of the model, each parameter at the centre of its prior and average studies and sites, unless given."""
    model = tolerability(held_out).model
    first = trace(seed(model, jax.random.key(0))).get_trace()
    latent = {name for name, site in first.items() if site["type"] == "sample" and not site["is_observed"]}
    still = {name: np.zeros_like(first[name]["value"]) for name in latent}
    still |= {name: np.asarray(0.3) for name in latent if name.endswith("site_sd")}
    still["pressure_site"] = np.ones_like(first["pressure_site"]["value"])
    return dict(trace(substitute(seed(model, jax.random.key(0)), data=still | values)).get_trace())


def test_kept_names_are_scalars_of_the_model() -> None:
    """Invariant: each kept name is one number, with a prior."""
    problem, sites = tolerability(), run()

    assert problem.kept == tuple(prior.name for prior in problem.priors)
    assert all(np.shape(sites[name]["value"]) == () for name in problem.kept)
    centres = {prior.name: prior.centre for prior in problem.priors if prior.scale != "half_normal"}
    assert close([float(sites[name]["value"]) for name in centres], list(centres.values()), "closed_form")


def test_the_inputs_can_be_digested_and_tell_fits_apart() -> None:
    """Invariant: what goes in is digested; a held-out study changes it, a study that gave nothing does not."""
    whole, without, same = (digest(tolerability(study).inputs) for study in ("", "fava2020", "feder2021"))

    assert whole == same
    assert whole != without
    assert tolerability("fava2020").held_out == "fava2020"


def test_an_unknown_study_is_refused() -> None:
    """Invariant: a slip of the pen is not read as a study that gave nothing."""
    with pytest.raises(InputError, match="feder2012"):
        tolerability("feder2012")


def test_pooled_means_are_normal_about_the_average_site() -> None:
    """Closed form: the log density of the printed means and intervals."""
    site = run()["pooled_mean"]
    pooled = [row for row in rows() if row.kind.endswith("_pooled")]
    expected = stats.norm.logpdf(
        [row.value for row in pooled], np.asarray(site["fn"].loc), [(row.dispersion or 0) / Z_95 for row in pooled]
    )

    assert close(site["fn"].log_prob(site["value"]), expected, "closed_form")


def test_a_site_moves_all_its_rises() -> None:
    """Invariant: the factor of a site lifts the mean rises of its series, and no other's."""
    still = np.asarray(run()["rise_mean"]["fn"].loc)
    moved = np.asarray(run(pressure_site=np.array([1.3, 1.0, 1.0]))["rise_mean"]["fn"].loc)
    first = [row.study for row in rows() if row.kind in ("sbp", "dbp", "heart_rate")]

    expected = [1.3 if study == first[0] else 1.0 for study in first]
    assert close(moved / still, expected, "closed_form")


def test_events_are_binomial() -> None:
    """Closed form: the log density of counts at the model's chances."""
    site = run()["events"]
    held = [row for row in rows() if row.kind in ("nausea", "sedation")]
    expected = stats.binom.logpmf([row.value for row in held], [row.n for row in held], np.asarray(site["fn"].probs))

    assert close(site["fn"].log_prob(site["value"]), expected, "solver")


def test_a_rise_is_counted_from_before_the_infusion() -> None:
    """Paper, table: data file of Goldway 2025, 24.9 and 3.5 less 0.9 and 3.9 before; both errors add up."""
    site = run()["cadss_mean"]
    held = {(row.arm, row.kind): row for row in rows() if row.study == "goldway2025"}
    found = [float(value) for value in site["value"]]

    for arm in ("ketamine", "placebo"):
        assert held[arm, "cadss"].value - held[arm, "cadss_before"].value in found
    placebo = found.index(held["placebo", "cadss"].value - held["placebo", "cadss_before"].value)
    before = held["placebo", "cadss_before"].dispersion or 0
    assert float(site["fn"].scale[placebo]) > before * np.sqrt(1 / 33 + 1 / 31)


@pytest.mark.parametrize("held_out", ["", "fava2020", "goldway2025"])
def test_density_and_slope_are_finite_wherever_the_prior_goes(held_out: str) -> None:
    """Invariant: 50 draws from the prior, among them patients whose acting concentration is zero."""
    from numpyro.infer.util import log_density

    model = tolerability(held_out).model
    first = trace(seed(model, jax.random.key(0))).get_trace()
    latent = [name for name, site in first.items() if site["type"] == "sample" and not site["is_observed"]]
    slope = jax.jit(jax.value_and_grad(lambda values: log_density(model, (), {}, values)[0]))

    for number in range(50):
        drawn = trace(seed(model, jax.random.key(number))).get_trace()
        value, slopes = slope({name: drawn[name]["value"] for name in latent})
        assert np.isfinite(value)
        assert all(np.isfinite(part).all() for part in slopes.values())


def test_a_prediction_widens_with_the_spread_between_studies() -> None:
    """Invariant: the average study does not change, the interval of a new one does; its rows share its effect."""
    held = [row for row in rows() if row.study in ("fava2020", "yale2024") and row.kind in ("cadss", "sbp")]
    values = {name: np.full(200, value) for name, value in defaults().items()}

    near = check(values | {"dissociation_site_sd": np.full(200, 0.01), "pressure_site_sd": np.full(200, 0.01)}, held)
    far = check(values | {"dissociation_site_sd": np.full(200, 0.8), "pressure_site_sd": np.full(200, 0.5)}, held)

    assert [one.row for one in near] == [one.row for one in far]
    assert close([one.average for one in near], [one.average for one in far], "closed_form")
    wide = {one.row.arm: one.high - one.low for one in far if one.row.minute == 40}
    narrow = {one.row.arm: one.high - one.low for one in near if one.row.minute == 40}
    assert wide["ketamine_0.5"] > 1.5 * narrow["ketamine_0.5"]
    assert wide["all"] > 2 * narrow["all"]
    assert wide["midazolam"] == narrow["midazolam"]
