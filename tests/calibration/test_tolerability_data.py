"""What the tolerability calibration may see: figures, sources, held-out studies, priors."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib.resources import files

import pytest

from reprieve.calibration import tolerability_data as data
from reprieve.calibration import tolerability_priors
from reprieve.calibration.tolerability import defaults
from reprieve.calibration.tolerability_priors import priors
from reprieve.core.errors import InputError
from reprieve.core.provenance import load_sources
from reprieve.evidence.package.load import bibliography, load
from reprieve.model.parameters import default_parameters
from reprieve.model.regimen import Regimen


def lines() -> list[dict[str, str]]:
    text = (files("reprieve.calibration") / "data" / data.FILE).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_scores_at_the_end_of_the_infusion() -> None:
    """Paper, table: NCT01920555, CADSS at 40 min by dose and on midazolam."""
    found = {row.arm: row.value for row in data.rows() if row.study == "fava2020" and row.minute == 40}

    assert {arm: round(value, 1) for arm, value in found.items()} == {
        "ketamine_0.1": 3.0,
        "ketamine_0.2": 4.0,
        "ketamine_0.5": 14.3,
        "ketamine_1.0": 24.7,
        "midazolam": 2.7,
    }


def test_rises_of_pressure() -> None:
    """Paper, abstract: systolic means of the single series, and the pooled mean with half its printed interval."""
    found = {row.study: (row.value, row.dispersion) for row in data.rows() if row.kind.startswith("sbp")}

    assert found["rivaposse2018"] == (3.28, None)
    assert found["guangzhou741"] == (7.4, None)
    assert found["yale2024"] == (16.0, 11.2)
    assert found["vankawala2021"] == (12.61, round((14.82 - 10.4) / 2, 2))


def test_every_figure_is_verified_and_has_a_source() -> None:
    """Invariant: only figures seen in full text or abstract, from a source that is listed."""
    known = {*load_sources(), *bibliography()}

    assert {row.seen for row in data.rows()} <= {"full text", "abstract"}
    assert {row.source for row in data.rows()} <= known


def test_a_figure_of_the_evidence_package_is_not_written_twice() -> None:
    """Invariant: a line that names an evidence row holds no number of its own."""
    own = ("n", "value", "dispersion", "dispersion_type", "source", "seen")

    assert not [line for line in lines() if line["evidence_row"] and any(line[key] for key in own)]


def test_every_regimen_can_be_given_and_is_the_arms_own() -> None:
    """Invariant: the first dose of the regimen is the dose in the evidence package."""
    held = {(dose.study, dose.arm): dose for dose in reversed(load().doses)}
    for row in data.rows():
        if row.regimen:
            first = Regimen.parse(row.regimen).doses[0].phases[0]
            dose = held.get((row.study, row.arm))
            if dose is not None:
                assert first.amount == pytest.approx(dose.dose_mg_per_kg)
                assert first.duration_h * 60 == pytest.approx(dose.infusion_min)


@pytest.mark.parametrize(
    ("held_out", "gone"),
    [
        ("fava2020", {"fava2020"}),
        ("rivaposse2018", {"rivaposse2018", "vankawala2021"}),
        ("yale2024", {"yale2024"}),
        ("nugent2019", {"nugent2019", "nugent2019_healthy"}),
        ("feder2021", set()),
        ("", set()),
    ],
)
def test_a_held_out_study_takes_its_record_and_its_pools_along(held_out: str, gone: set[str]) -> None:
    """Invariant: rows of the study, of its register record, and pooled means that may contain it are gone."""
    left = {row.study for row in data.rows(held_out)}

    assert set(data.studies()) - left == gone


def test_an_unknown_study_is_refused() -> None:
    """Invariant: a slip of the pen is not read as a study that gave nothing."""
    with pytest.raises(InputError, match="study"):
        data.rows("feder2012")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "taste"}, "must be one of"),
        ({"seen": "unverified"}, "full text or abstract"),
        ({"source": "nobody1900"}, "sources.bib"),
        ({"value": ""}, "value"),
        ({"evidence_row": "o0303"}, "not a row of this arm"),
    ],
)
def test_a_wrong_line_is_refused(change: dict[str, str], message: str) -> None:
    """Invariant: one line naming the row and what is wrong."""
    line = next(line for line in lines() if line["study"] == "yale2024")

    with pytest.raises(InputError, match=message):
        data._row(line | change, load())


def test_every_prior_is_of_a_quantity_of_the_model() -> None:
    """Invariant: draws carry the model's names; the spread between studies of dissociation is the one new name."""
    names = {prior.name for prior in priors()}

    assert names - set(defaults()) == {"dissociation_site_sd"}


def test_a_prior_keeps_the_scale_of_its_quantity() -> None:
    """Invariant: no draw can leave the range of the quantity."""
    for prior in priors():
        quantity = default_parameters().quantities.get(prior.name)
        if quantity is not None and quantity.between is not None and quantity.between.kind != "normal":
            assert prior.scale == quantity.between.kind, prior.name


def test_a_prior_that_has_seen_the_study_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: nothing leaks into a fit through a prior."""
    seen = tuple(replace(prior, studies=("fava2020",)) for prior in priors()[:1])
    monkeypatch.setattr(tolerability_priors, "_all", lambda: seen)

    assert priors("feder2021") == seen
    with pytest.raises(InputError, match="prior of dissociation_max"):
        priors("fava2020")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": "uniform"}, "must be one of"),
        ({"spread": 0.0}, "above 0"),
        ({"centre": 1}, "decimal point"),
        ({"unit": " "}, "must be given"),
        ({"source": "nobody1900"}, "sources.bib"),
        ({"weight": 2.0}, "not a known key"),
        ({"studies": "fava2020"}, "list"),
    ],
)
def test_a_wrong_prior_is_refused(change: dict[str, object], message: str) -> None:
    """Invariant: one line naming the prior and what is wrong."""
    entry: dict[str, object] = {
        "centre": 0.5,
        "spread": 1.0,
        "scale": "logit_normal",
        "unit": "1",
        "label": "a share",
        "source": "assumption",
        "seen": "assumed",
        "studies": [],
        "note": "The middle.",
    }

    with pytest.raises(InputError, match=message):
        tolerability_priors._prior("share", entry | change)
