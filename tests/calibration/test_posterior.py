"""The posterior without a sampler: a new trial's parameters, and who may look at what."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reprieve.calibration.posterior import Posterior, load_posterior
from reprieve.calibration.store import Key, write
from reprieve.core.errors import InputError
from reprieve.core.provenance import SeenHow
from reprieve.core.random import normal
from reprieve.model.parameters import default_parameters
from tests.calibration.toys import efficacy_draws, header, put, tolerability_draws
from tests.tolerance import close


@pytest.fixture
def chain(tmp_path: Path) -> Posterior:
    return load_posterior(place=put(tmp_path))


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def effect(what: str, draw: int, trial: str = "new", seed: int = 5) -> float:
    return float(normal(seed, f"calibration:trial:{what}:{trial}", [draw])[0, 0])


def test_a_new_trial_has_its_own_benefit(chain: Posterior) -> None:
    """Closed form: logit Emax = mean + veteran shift + SD between trials * z of trial and draw."""
    held = {name: float(values[3]) for name, values in chain.draws.items()}

    civilian = chain.parameters(3, seed=5, trial="new", population="civilian")
    veteran = chain.parameters(3, seed=5, trial="new", population="veteran")

    expected = held["benefit_logit_mean"] + held["benefit_logit_between_trials"] * effect("benefit", 3)
    assert close(logit(civilian["benefit_max"]), expected, "closed_form")
    assert close(logit(veteran["benefit_max"]), expected + held["benefit_logit_veteran"], "closed_form")


def test_a_new_trial_has_its_own_nondrug_response_and_dissociation(chain: Posterior) -> None:
    """Closed form: each has an effect of its own, with its own stream."""
    held = {name: float(values[3]) for name, values in chain.draws.items()}

    found = chain.parameters(3, seed=5, trial="new", population="civilian", psychotherapy=True)

    base = held["nondrug_base_mean"] + held["psychotherapy_nondrug_shift"]
    assert close(
        found["nondrug_base"], base + held["nondrug_base_between_trials"] * effect("nondrug", 3), "closed_form"
    )
    moved = logit(held["dissociation_max"]) + held["dissociation_site_sd"] * effect("dissociation", 3)
    assert close(logit(found["dissociation_max"]), moved, "closed_form")


def test_a_draw_that_bears_the_name_of_a_quantity_replaces_it(chain: Posterior) -> None:
    """Invariant: values and spreads between patients reach the model; what was not fitted stays."""
    found, base = chain.parameters(0, seed=5, trial="new", population="civilian"), default_parameters()

    assert found["nondrug_belief"] == chain.draws["nondrug_belief"][0]
    assert found["pressure_site_sd"] == chain.draws["pressure_site_sd"][0]
    between = found.quantity("nondrug_base").between
    assert between is not None
    assert between.sd == chain.draws["nondrug_base_sd"][0]
    assert found["functional_half_life_h"] == base["functional_half_life_h"]


def test_a_spread_in_a_block_keeps_its_correlation(chain: Posterior) -> None:
    """Closed form: correlation = covariance / product of the SDs, before and after."""

    def correlation(blocks: tuple) -> float:  # type: ignore[type-arg]
        block = next(one for one in blocks if "sbp_rise_mmhg" in one.names)
        table = np.array(block.covariance)
        return float(table[0, 1] / math.sqrt(table[0, 0] * table[1, 1]))

    found = chain.parameters(2, seed=5, trial="new", population="civilian")

    block = next(one for one in found.blocks if "sbp_rise_mmhg" in one.names)
    place = block.names.index("sbp_rise_mmhg")
    assert close(math.sqrt(block.covariance[place][place]), chain.draws["sbp_rise_mmhg_sd"][2], "closed_form")
    assert close(correlation(found.blocks), correlation(default_parameters().blocks), "closed_form")


def test_what_was_learned_is_no_longer_assumed_and_what_was_not_is(chain: Posterior) -> None:
    """Invariant: the mark follows the shrinkage, so that a prior is never passed off as a finding."""
    found = chain.parameters(0, seed=5, trial="new", population="civilian")

    learned, unmoved = found.quantity("benefit_max"), found.quantity("nondrug_belief")
    assert (learned.source, learned.seen) == ("calibration", SeenHow.DERIVED)
    assert (unmoved.source, unmoved.seen) == ("assumption", SeenHow.ASSUMED)
    assert "benefit_max" not in found.assumed()
    assert "nondrug_belief" in found.assumed()
    assert "0.36" in learned.note


def test_the_trial_is_the_same_for_both_forecasters(tmp_path: Path) -> None:
    """Invariant: chain and comparator meet the same trial, so their difference is theirs."""
    place = put(tmp_path)
    chain, comparator = (load_posterior(name, place=place) for name in ("chain", "comparator"))
    mean, spread = ("empirical_benefit_logit_mean", "empirical_benefit_logit_between_trials")

    found = comparator.parameters(4, seed=5, trial="new", population="civilian")

    z = (logit(found["empirical_benefit_max"]) - comparator.draws[mean][4]) / comparator.draws[spread][4]
    assert close(float(z), effect("benefit", 4), "solver")
    assert found["benefit_max"] == default_parameters()["benefit_max"]
    assert chain.parameters(4, seed=5, trial="new", population="civilian")["nondrug_base"] == found["nondrug_base"]


def test_trials_differ_and_repeat(chain: Posterior) -> None:
    """Invariant: a trial is the same each time; another name, seed or draw is another trial."""

    def benefit(**change: object) -> float:
        given = {"draw": 1, "seed": 5, "trial": "a", "population": "civilian", **change}
        return chain.parameters(given.pop("draw"), **given)["benefit_max"]  # type: ignore[arg-type]

    assert benefit() == benefit()
    assert len({benefit(), benefit(seed=6), benefit(trial="b"), benefit(draw=2)}) == 4


def test_the_central_set_is_the_medians_without_trial_effects(chain: Posterior) -> None:
    """Closed form: medians of the draws, z = 0."""
    found = chain.central("veteran")

    expected = np.median(chain.draws["benefit_logit_mean"]) + np.median(chain.draws["benefit_logit_veteran"])
    assert close(logit(found["benefit_max"]), float(expected), "closed_form")
    assert found["nondrug_base"] == np.median(chain.draws["nondrug_base_mean"])
    assert found["dissociation_max"] == pytest.approx(np.median(chain.draws["dissociation_max"]))


def test_hand_set_values_chosen_with_the_trial_in_view_are_neutral(tmp_path: Path) -> None:
    """Invariant: a posterior without a trial brings none of what was set by looking at it."""
    place = put(tmp_path, "feder2014", neutral={"midazolam_sedation": 0.3})
    without = load_posterior("chain", "feder2014", place)

    assert without.central("civilian")["midazolam_sedation"] == 0.3
    assert without.parameters(0, seed=1, trial="a", population="civilian")["midazolam_sedation"] == 0.3


def test_a_posterior_can_be_sent_to_another_process(chain: Posterior) -> None:
    """Invariant: pickled and back it is the same, and still read-only."""
    back = pickle.loads(pickle.dumps(chain))

    assert back.digest == chain.digest
    assert all(np.array_equal(back.draws[name], chain.draws[name]) for name in chain.draws)
    with pytest.raises(ValueError, match="read-only"):
        back.draws["nondrug_belief"][0] = 0


def test_a_tolerability_fit_serves_where_the_trial_gave_it_nothing(tmp_path: Path) -> None:
    """Invariant: the whole fit is used only if it has not seen the trial."""
    place = put(tmp_path, "feder2014")

    assert load_posterior("chain", "feder2014", place).headers["tolerability"]["held_out"] == ""

    draws = tolerability_draws()
    write(Key("tolerability"), header(tuple(draws), studies=["feder2014"]), draws, tmp_path / "seen")
    write(
        Key("efficacy", "chain", "feder2014"),
        header(("nondrug_belief",)),
        {"nondrug_belief": np.ones(3)},
        tmp_path / "seen",
    )
    with pytest.raises(InputError, match="tolerability--feder2014"):
        load_posterior("chain", "feder2014", tmp_path / "seen")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"draw": 12}, "draw: 12"),
        ({"draw": -1}, "draw: -1"),
        ({"population": "typical"}, "population: 'typical'"),
        ({"seed": -1}, "seed: -1"),
    ],
)
def test_bad_calls_are_refused(change: dict[str, object], part: str, chain: Posterior) -> None:
    """Invariant: one line names the field."""
    given: dict[str, object] = {"draw": 0, "seed": 5, "trial": "a", "population": "civilian", **change}

    with pytest.raises(InputError, match=part):
        chain.parameters(given.pop("draw"), **given)  # type: ignore[arg-type]


def test_unknown_forecasters_and_names_are_refused(tmp_path: Path) -> None:
    """Invariant: nothing that the model does not know is dropped in silence."""
    with pytest.raises(InputError, match="forecaster: 'oracle'"):
        load_posterior("oracle")

    draws = {**efficacy_draws(), "phlogiston": np.ones(12)}
    write(Key("efficacy", "chain"), header(tuple(draws)), draws, put(tmp_path))
    with pytest.raises(InputError, match="phlogiston"):
        load_posterior(place=tmp_path).central("civilian")


def test_no_sampler_is_loaded() -> None:
    """Invariant: reading the posterior needs NumPy alone."""
    script = (
        "import sys\nimport reprieve.calibration.posterior, reprieve.calibration.card\n"
        "print(sorted({'jax', 'numpyro', 'arviz_stats', 'scipy', 'polars'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
