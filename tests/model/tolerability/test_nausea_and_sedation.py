import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reprieve.model.tolerability import nausea, sedation
from tests.model.tolerability.sessions import session
from tests.tolerance import Tolerance, close

COURSE = Tolerance(0.15, "target: share of patients in a course, Rodrigues 2022")
ASKED = Tolerance(0.15, "target: share of infusions, NCT00088699")


def at_least_once(probability: np.ndarray) -> float:
    return float((1 - np.prod(1 - probability, axis=1)).mean())


def test_nausea_in_a_course() -> None:
    """Rodrigues 2022, abstract: nausea in 13.3 % of 203 patients, spontaneous; here a course of four."""
    one = session(0.5, infusions=4)

    assert close(at_least_once(nausea.probability(one.effect_site.max(axis=2), one.ind)), 0.133, COURSE)


def test_spontaneous_nausea_is_rarer_than_asked_for() -> None:
    """NCT00768430 (16 of 47) and NCT00749203 (10 of 38), asked for: not what this model gives."""
    one = session(0.5)

    assert nausea.probability(one.effect_site.max(axis=2), one.ind).mean() < 26 / 85 / 2


def test_nausea_by_hand() -> None:
    """Closed form: odds 0.1 * 2^1 * exp(-0.5) at twice the reference, second infusion."""
    ind = {
        "nausea_reference_ng_per_ml": np.array([100.0]),
        "nausea_odds": np.array([0.1]),
        "nausea_exponent": np.array([1.0]),
        "nausea_decline_per_infusion": np.array([0.5]),
    }
    odds = 0.2 * np.exp(-0.5)

    assert close(nausea.probability(np.full((1, 2), 200.0), ind)[0, 1], odds / (1 + odds), "closed_form")


def test_sedation_at_the_peak() -> None:
    """NCT00088699, events: sedation in 7 of 41 patients and 8 of 24 healthy, asked for."""
    one = session(0.5)

    assert close(sedation.score(one.effect_site, one.ind)[:, 0].max(axis=1).mean(), 15 / 65, ASKED)


def test_drowsiness_in_a_course() -> None:
    """Rodrigues 2022, abstract: drowsiness in 56.4 % of 203 patients; here a course of four."""
    one = session(0.5, infusions=4)

    assert close(at_least_once(sedation.score(one.effect_site, one.ind).max(axis=2)), 0.564, COURSE)


def test_zero_concentration_is_no_nausea_and_no_sedation() -> None:
    """Invariant: no drug, no effect, exactly."""
    one = session(0.5, n=10)

    assert not nausea.probability(np.zeros((10, 3)), one.ind).any()
    assert not sedation.score(np.zeros((10, 3, 2)), one.ind).any()


@given(st.floats(0, 1e5))
def test_probabilities_stay_probabilities(ng_per_ml: float) -> None:
    """Invariant: between 0 and 1 at any concentration."""
    one = session(0.5, n=10)

    for values in (
        nausea.probability(np.full((10, 2), ng_per_ml), one.ind),
        sedation.score(np.full((10, 2, 2), ng_per_ml), one.ind),
    ):
        assert ((values >= 0) & (values <= 1)).all()
