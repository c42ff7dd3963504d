"""The public face in Python: `import reprieve as rp`."""

from __future__ import annotations

import numpy as np
import pytest

import reprieve as rp
from reprieve.core.errors import InputError
from reprieve.model.simulate import simulate

REGIMEN = "0.5 mg/kg over 40 min on days 0, 2"


def test_simulate_gives_the_dataset_of_the_simulation() -> None:
    """Contract: `rp.simulate` is a dataset with dimensions (patient, time), the same as the model room gives."""
    regimen, people = rp.Regimen.parse(REGIMEN), rp.population(4, seed=2)

    found = rp.simulate(regimen, patients=people, days=5, links=rp.Links(tolerance=False))

    direct = simulate(regimen, people, days=5, links=rp.Links(tolerance=False))
    assert found["caps5"].dims == ("patient", "time")
    assert np.array_equal(found["caps5"].values, direct.values["caps5"])
    assert found.attrs["inputs_digest"] == direct.inputs_digest


def test_pk_is_the_one_of_the_command() -> None:
    """Contract: one infusion, concentrations at hours since its start."""
    found = rp.pk("reprieve_iv_default", 35, 40, 70, [1.0])

    assert found.ketamine_venous_ng_per_ml is not None
    assert found.time_h == [1.0]


def test_replay_knows_its_trials() -> None:
    """Contract: a trial by name; another name is refused with the ones that are there."""
    found = rp.replay("feder2021", patients=15)

    assert found.trial == "Feder 2021"
    with pytest.raises(InputError, match="feder2021"):
        rp.replay("feder1999")


def test_cite_is_bibtex() -> None:
    """Contract: one entry per publication, Reprieve first."""
    found = rp.cite()

    assert found.startswith("@software{reprieve,")
    assert "@article{simons2022," in found
