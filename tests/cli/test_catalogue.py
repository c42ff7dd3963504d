"""The catalogue of quantities, and how Reprieve is cited."""

from __future__ import annotations

import re

import pytest

from reprieve.core.citations import AUTHOR, LICENCE, TITLE, software
from reprieve.core.errors import InputError
from reprieve.core.results import versions
from reprieve.model import catalogue
from reprieve.model.disposition.library import MODELS
from reprieve.model.parameters import default_parameters
from tests.house.project import ROOT, data_files, load


def test_the_citation_is_that_of_the_citation_file() -> None:
    """Invariant: CITATION.cff and `reprieve cite` agree."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")

    assert f'title: "{TITLE}"' in text
    assert f"name: {AUTHOR}" in text
    assert f"license: {LICENCE}" in text
    assert re.search(rf"^version: {re.escape(software().fields['version'])}$", text, flags=re.MULTILINE)
    assert software().fields["version"] == versions()["reprieve"]


def test_a_simulation_rests_on_the_catalogue() -> None:
    """Invariant: every parameter of the mechanism is in it, once."""
    names = [entry.quantity.name for entry in catalogue.entries()]

    assert set(default_parameters().names) <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_its_own_card(model: str) -> None:
    """Invariant: the kinetics in the card are those of the model asked for."""
    assert f"disposition {model}" in catalogue.parts(model)
    assert catalogue.unsourced(model) == tuple(e for e in catalogue.entries(model) if e.unsourced)


def test_everything_holds_the_data_files_of_the_model() -> None:
    """Invariant: a quantity in a data file of the model, but for those of the method, can be asked for."""
    method = {"engine.toml", "numerics.toml"}
    listed = {entry.quantity.name for entry in catalogue.everything()}

    held = {
        name
        for path in data_files()
        if "model" in path.parts and path.name not in method
        for name in load(path).get("quantities", {})
    }
    assert held - listed == set()


def test_assumptions_are_not_publications() -> None:
    """Invariant: what is cited can be read somewhere."""
    keys = [source.key for source in catalogue.cited()]

    assert keys[0] == "reprieve"
    assert not set(keys) & catalogue.NOT_PUBLICATIONS
    assert keys[1:] == sorted(keys[1:])


def test_an_unknown_model_is_refused() -> None:
    """Invariant."""
    with pytest.raises(InputError, match="nosuchmodel"):
        catalogue.entries("nosuchmodel")
