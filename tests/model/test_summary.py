"""Views of a simulation: the JSON-ready summary and the labelled dataset."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.core.schemas import validate
from reprieve.model.population import population
from reprieve.model.regimen import Regimen, Substance
from reprieve.model.simulate import simulate
from reprieve.model.simulation import SCORES, Simulation
from tests.strategies import Array, course, infusion
from tests.tolerance import close


@pytest.fixture(scope="module")
def run() -> Simulation:
    return simulate(course(0.5, (0, 2)), population(40, seed=6), days=5)


@pytest.fixture(scope="module")
def summary(run: Simulation) -> dict[str, Any]:
    return run.summary()


def band(values: Array) -> dict[str, Array]:
    """Lower limit, median and upper limit of 95 %, equal-tailed, over patients."""
    percentiles = ((2.5, "low"), (50, "median"), (97.5, "high"))
    return {name: np.percentile(values, percentile, axis=0) for percentile, name in percentiles}


def test_bands_are_percentiles(run: Simulation, summary: dict[str, Any]) -> None:
    """Independent implementation: numpy.percentile, output by output."""
    assert set(summary["scores"]) == set(run.values)
    for name, found in summary["scores"].items():
        for limit, values in band(run.values[name]).items():
            assert close(found[limit], values, "closed_form"), name
    for name, doses in summary["acute"].items():
        for k, found in enumerate(doses):
            for limit, values in band(run.acute[name][:, k]).items():
                assert close(found[limit], values, "closed_form"), name


def test_bands_are_in_order(summary: dict[str, Any]) -> None:
    """Invariant: low <= median <= high everywhere, one value per day or minute."""
    bands = [(b, summary["day"]) for b in summary["scores"].values()]
    bands += [(b, summary["minute"]) for doses in summary["acute"].values() for b in doses]

    for found, axis in bands:
        low, median, high = (np.array(found[name]) for name in ("low", "median", "high"))
        assert len(low) == len(axis)
        assert (low <= median).all()
        assert (median <= high).all()


def test_responders_are_counted(run: Simulation, summary: dict[str, Any]) -> None:
    """Closed form: the share of patients whose reading fell by 30 or 50 % of their latent baseline."""
    reading, start = run.values["caps5_observed"], run.baseline["caps5"]

    assert summary["probability"]["score"] == "caps5_observed"
    for name, share in (("response_30", 0.3), ("response_50", 0.5)):
        counted = [sum(bool(r <= (1 - share) * s) for r, s in zip(day, start, strict=True)) / 40 for day in reading.T]
        assert close(summary["probability"][name], counted, "closed_form")
        assert close(run.response("caps5_observed", share).mean(axis=0), counted, "closed_form")


def test_latent_responders_without_readings() -> None:
    """Contract: without readings the latent score is counted, and the summary says so."""
    bare = simulate(course(), population(5), days=2, observed=False).summary()

    assert bare["probability"]["score"] == "caps5"
    validate("summary", bare)


def test_values_by_dose_are_means(run: Simulation, summary: dict[str, Any]) -> None:
    """Closed form: mean over patients of belief, peaks and probabilities, one per dose."""
    assert set(summary["by_dose"]) == set(run.felt)
    for name, found in summary["by_dose"].items():
        assert close(found, run.felt[name].mean(axis=0), "closed_form")
    assert summary["probability"]["nausea"] == summary["by_dose"]["nausea"]


@pytest.mark.parametrize(
    ("regimen", "model"),
    [
        (course(0.5, (0, 2)), "reprieve_iv_default"),
        (course(0.5), "domino"),
        (Regimen((infusion(0),), Substance.SALINE), "reprieve_iv_default"),
        (Regimen((infusion(0.045),), Substance.MIDAZOLAM), "otto2021_S"),
        (Regimen.parse("56 mg esketamine nasal"), "perezruixo2021_esk"),
    ],
    ids=["default", "domino", "saline", "midazolam", "nasal"],
)
def test_every_summary_fits_the_schema(regimen: Regimen, model: str) -> None:
    """Contract: the summary passes its JSON Schema, also after a trip through JSON text."""
    found = simulate(regimen, population(3), model=model, days=3).summary()

    validate("summary", found)
    validate("summary", json.loads(json.dumps(found, allow_nan=False)))


def test_the_schema_refuses_what_it_does_not_know(summary: dict[str, Any]) -> None:
    """Invariant: the schema check is not blind."""
    with pytest.raises(InputError, match="unheard_of"):
        validate("summary", {**summary, "unheard_of": 1})


def test_summary_says_what_it_rests_on(run: Simulation, summary: dict[str, Any]) -> None:
    """Contract: regimen, patients, interval, warnings, assumed values, versions and digest are in it."""
    assert Regimen.parse(summary["regimen"]) == run.regimen
    assert (summary["patients"], summary["seed"], summary["profile"]) == (40, 6, "civilian")
    assert summary["interval"].startswith("95 %")
    assert summary["warnings"] == list(run.warnings) != []
    assert summary["assumed"] == list(run.assumed) != []
    assert summary["versions"]["numeric_semantics"]
    assert summary["inputs_digest"] == run.inputs_digest


def test_unknown_band_is_refused(run: Simulation) -> None:
    """Contract: a name that no output has is a KeyError that names it."""
    with pytest.raises(KeyError, match="caps6"):
        run.bands("caps6")


def test_dataset_holds_every_array_with_its_axes(run: Simulation) -> None:
    """Contract: values by patient and time, acute effects by patient, dose and minute, units on the axes."""
    data = run.dataset()

    assert dict(data.sizes) == {"patient": 40, "time": 6, "dose": 2, "minute": 13}
    assert (data["time"].attrs["units"], data["minute"].attrs["units"]) == ("h", "min")
    assert data["patient"].values.tolist() == list(range(40))
    for held, dims, prefix in (
        (run.values, ("patient", "time"), ""),
        (run.acute, ("patient", "dose", "minute"), ""),
        (run.felt, ("patient", "dose"), "dose_"),
        (run.baseline, ("patient",), "baseline_"),
    ):
        for name, values in held.items():
            assert data[prefix + name].dims == dims
            assert np.array_equal(data[prefix + name].values, values)
    assert data.attrs["inputs_digest"] == run.inputs_digest
    assert data.attrs["regimen"] == run.regimen.text()
    assert data.attrs["version_numeric_semantics"]


def test_scores_of_the_summary_are_the_listed_ones(run: Simulation) -> None:
    """Invariant: every score that figures show is an output."""
    assert set(SCORES) <= set(run.values)
