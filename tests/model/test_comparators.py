from math import sqrt

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.core.instruments import instrument
from reprieve.model.comparators import felt
from reprieve.model.regimen import Substance
from reprieve.model.tolerability import sedation
from tests.model.tolerability.sessions import cadss, session
from tests.tolerance import close, monte_carlo

MINUTES = np.array([-10.0, 0.0, 20.0, 40.0, 80.0, 120.0])
COMPARATORS = (Substance.SALINE, Substance.MIDAZOLAM, Substance.OTHER_ACTIVE)


@pytest.mark.parametrize(("column", "mean", "sd"), [(3, 2.684, 3.513), (4, 1.158, 1.834), (5, 0.579, 0.902)])
def test_midazolam_by_minute(column: int, mean: float, sd: float) -> None:
    """NCT01920555, outcome table: CADSS on midazolam, n 19; within two standard errors of the trial."""
    points = felt("midazolam", MINUTES, session(0.5).ind, 1)["dissociation"][:, 0]

    assert close(points[:, column].mean(), mean, monte_carlo(k=2, se=sd / sqrt(19)))


def test_saline_sedation() -> None:
    """NCT00088699, events: sedation in 3 of 61 on placebo, asked for."""
    sedated = felt("saline", MINUTES, session(0.5).ind, 1)["sedation"][:, 0].max(axis=1).mean()

    assert close(sedated, 3 / 61, monte_carlo(k=2, se=sqrt(3) / 61))


def test_order_of_what_is_felt() -> None:
    """Ketamine dissociates most, saline least (NCT01920555); midazolam sedates more than ketamine."""
    one = session(0.5)
    ketamine = sedation.score(one.effect_site, one.ind).max(axis=2).mean()
    results = [felt(name, MINUTES, one.ind, 1) for name in COMPARATORS]
    saline, midazolam, active = (r["dissociation"].max(axis=2).mean() for r in results)

    assert saline < midazolam < active < cadss(one).max(axis=2).mean()
    assert results[1]["sedation"].max(axis=2).mean() > ketamine


@pytest.mark.parametrize("substance", COMPARATORS)
def test_shapes_and_bounds(substance: Substance) -> None:
    """Invariant: nothing before the start, bounded scores, every infusion like the first."""
    one = session(0.5, n=200)
    result = felt(substance, MINUTES, one.ind, 3)

    assert result["dissociation"].shape == result["sedation"].shape == (200, 3, MINUTES.size)
    assert result["nausea"].shape == (200, 3)
    assert not result["dissociation"][:, :, :2].any()
    assert result["dissociation"].max() <= instrument("cadss23").maximum
    assert ((result["sedation"] >= 0) & (result["sedation"] <= 1)).all()
    assert np.array_equal(result["dissociation"][:, 0], result["dissociation"][:, 2])


def test_saline_feels_like_the_non_drug_part() -> None:
    """Invariant: at its end saline scores the non-drug part of dissociation, patient by patient."""
    one = session(0.5, n=200)
    highest = instrument("cadss23").maximum
    at_end = felt("saline", np.array([40.0]), one.ind, 1)["dissociation"][:, 0, 0]

    assert close(at_end, np.minimum(highest, one.ind["nondrug_dissociation_points"]), "closed_form")


@pytest.mark.parametrize("substance", ["ketamine", "esketamine", "tea"])
def test_only_comparators(substance: str) -> None:
    """Invariant: ketamine is not described by what it feels like; unknown names are refused by name."""
    with pytest.raises(InputError, match="substance"):
        felt(substance, MINUTES, session(0.5, n=10).ind, 1)
