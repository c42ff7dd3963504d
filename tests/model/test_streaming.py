"""A streamed population against the same population held at once."""

from __future__ import annotations

import json

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.core.intervals import PERCENTILES
from reprieve.core.schemas import validate
from reprieve.model.engine.numerics import numerics
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation
from reprieve.model.streaming import Stream, Streamed, simulate_streamed
from reprieve.model.tally import RELATIVE_ERROR
from tests.tolerance import close

REGIMEN = "0.5 mg/kg over 40 min on days 0, 2"
PATIENTS = 2 * 4096 + 300
KINDS = ("values", "acute", "felt", "baseline")


@pytest.fixture(scope="module")
def whole() -> Simulation:
    return simulate(Regimen.parse(REGIMEN), population(PATIENTS, 5), days=7)


@pytest.fixture(scope="module")
def streamed() -> Streamed:
    return simulate_streamed(Regimen.parse(REGIMEN), PATIENTS, 5, days=7)


@pytest.mark.parametrize("kind", KINDS)
def test_means_and_spreads_are_those_of_the_whole(kind: str, whole: Simulation, streamed: Streamed) -> None:
    """Independent implementation: numpy on the whole population."""
    for name, values in getattr(whole, kind).items():
        found = getattr(streamed, kind)[name]
        assert close(found.mean, values.mean(axis=0), "closed_form")
        assert close(found.sd, values.std(axis=0, ddof=1), "closed_form")
        assert found.count == PATIENTS


@pytest.mark.parametrize("kind", KINDS)
def test_quantiles_are_within_the_stated_error(kind: str, whole: Simulation, streamed: Streamed) -> None:
    """Independent implementation: numpy on the whole population; readings in whole points come out exact."""
    for name, values in getattr(whole, kind).items():
        found = getattr(streamed, kind)[name].bands()
        exact = np.percentile(values, PERCENTILES, axis=0, method="inverted_cdf")
        allowed = 0 if name.endswith("_observed") else RELATIVE_ERROR * (np.abs(exact) + numerics().error_floor)
        assert np.all(np.abs(found - exact) <= allowed), name


def test_responders_and_peaks_are_those_of_the_whole(whole: Simulation, streamed: Streamed) -> None:
    """Independent implementation: counted on the whole population."""
    for label, share in (("response_30", 0.3), ("response_50", 0.5)):
        assert streamed.responded[label].tolist() == whole.response("caps5_observed", share).mean(axis=0).tolist()
    peak = whole.acute["dissociation"].max(axis=(1, 2))
    assert close(streamed.peak["dissociation"].mean, peak.mean(), "closed_form")
    assert streamed.peak["dissociation"].most == peak.max()


def test_the_summary_has_the_form_of_a_simulation(whole: Simulation, streamed: Streamed) -> None:
    """Invariant: whoever reads one reads the other."""
    found = json.loads(json.dumps(streamed.summary()))
    validate("summary", found)

    held = whole.summary()
    assert list(found) == list(held)
    for key in ("day", "minute", "regimen", "seed", "patients", "profile", "warnings", "assumed", "error_estimate"):
        assert found[key] == json.loads(json.dumps(held[key]))
    assert found["probability"].keys() == held["probability"].keys()


def test_a_stream_gives_the_blocks_of_one_simulation(whole: Simulation) -> None:
    """Invariant: block by block the values are those of one call, to the last bit; nobody is lost or seen twice."""
    stream = Stream(Regimen.parse(REGIMEN), PATIENTS, 5, days=7)

    blocks = list(stream.blocks())

    assert [len(block.patients) for block in blocks] == [4096, 4096, 300]
    assert np.concatenate([block.patients.ids for block in blocks]).tolist() == list(range(PATIENTS))
    for name, values in whole.values.items():
        assert np.concatenate([block.values[name] for block in blocks]).tobytes() == values.tobytes()
    assert stream.result.patients == PATIENTS


def test_a_stream_holds_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: memory is flat because no block is kept; the largest call is one block."""
    sizes: list[int] = []

    def watched(regimen: Regimen, people: object, **options: object) -> Simulation:
        sizes.append(len(people))  # type: ignore[arg-type]
        return simulate(regimen, people, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("reprieve.model.streaming.simulate", watched)
    heard: list[int] = []
    simulate_streamed(Regimen.parse(REGIMEN), PATIENTS, 5, days=2, progress=heard.append)

    assert sizes == heard == [4096, 4096, 300]


def test_options_reach_the_model() -> None:
    """Invariant: what `simulate` takes, a stream takes; another profile and another seed are other people."""
    regimen = Regimen.parse(REGIMEN)
    found = simulate_streamed(regimen, 30, 2, profile="veteran", baseline_caps5=50.0, days=3, observed=False)

    held = simulate(regimen, population(30, 2, profile="veteran", baseline_caps5=50.0), days=3, observed=False)
    assert found.score == "caps5"
    assert close(found.values["caps5"].mean, held.values["caps5"].mean(axis=0), "closed_form")
    assert found.inputs_digest != simulate_streamed(regimen, 30, 3, profile="veteran", days=3).inputs_digest


@pytest.mark.parametrize(("given", "field"), [({"patients": 0}, "patients"), ({"profile": "nobody"}, "profile")])
def test_bad_input_names_its_field(given: dict[str, object], field: str) -> None:
    """Invariant."""
    asked = {"patients": 5, **given}
    with pytest.raises(InputError) as caught:
        simulate_streamed(Regimen.parse(REGIMEN), asked.pop("patients"), **asked)  # type: ignore[arg-type]

    assert caught.value.field == field
