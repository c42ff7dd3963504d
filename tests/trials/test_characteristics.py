"""Operating characteristics from rows."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.trials.analysis.responders import wilson
from reprieve.trials.characteristics import HEADLINES, average, characteristics, covered, share
from reprieve.trials.simulation.replicate import Replicator
from tests.tolerance import close, monte_carlo
from tests.trials.simulation.cases import arm, design

NAN = float("nan")
Z = 1.959963984540054


def rows(count: int = 400, seed: int = 1, spread: float = 0.0) -> dict[str, np.ndarray]:
    """Rows of a made-up trial: true difference -2 with own truths around it, SE 1, one in ten failed."""
    rng = np.random.default_rng(seed)
    truth = -2 + spread * rng.normal(size=count)
    estimate = truth + np.sqrt(1 - spread**2) * rng.normal(size=count)
    failed = np.arange(count) % 10 == 0
    estimate[failed] = NAN
    rejected = np.where(failed, 0.0, np.abs(estimate) > Z)
    table = {
        "screened": np.full(count, 50.0),
        "patients": np.full(count, 40.0),
        "look": np.ones(count),
        "rejected": rejected,
        "success": np.where(estimate < 0, rejected, 0.0),
        "failed": failed.astype(float),
    }
    table |= {"final_success": table["success"], "final_no_success": 1 - table["success"]}
    one = {"estimate": estimate, "se": np.where(failed, NAN, 1.0), "low": estimate - Z, "high": estimate + Z}
    one |= {"truth": truth, "truth_se": np.full(count, spread), "rejected": rejected, "success": table["success"]}
    one |= {"failed": table["failed"], "dropped": np.zeros(count)}
    table |= {f"{name}_1": value for name, value in one.items()}
    for name in ("ketamine", "midazolam"):
        keys = ("patients", "seen", "left", "stopped", "rescued", "change", "responders")
        table |= {f"{key}:{name}": np.full(count, 0.5) for key in keys}
    return table


@pytest.mark.parametrize(("events", "count"), [(0, 20), (3, 20), (20, 20), (81, 263)])
def test_shares_have_wilson_s_interval(events: int, count: int) -> None:
    """Independent implementation: the interval of the responder analysis."""
    found = share(np.repeat([1.0, 0.0], [events, count - events]))

    assert close([found.low, found.high], wilson(events, count, Z), "closed_form")
    assert close(found.se, math.sqrt(events * (count - events) / count**3), "closed_form")


def test_means_have_a_normal_interval_over_what_is_known() -> None:
    """Closed form: mean and SE of 1, 2, 3, 4; what is not known does not count."""
    found = average(np.array([1.0, 2.0, NAN, 3.0, 4.0]))

    assert (found.value, found.replicates) == (2.5, 4)
    assert close(found.se, math.sqrt(5 / 3 / 4), "closed_form")
    assert close(found.high - found.low, 2 * Z * found.se, "closed_form")
    assert math.isnan(average(np.array([NAN])).value)


def test_a_failed_analysis_is_no_success_and_no_estimate() -> None:
    """Invariant: it lowers power, is left out of estimate and bias, and its share is told."""
    table = rows()

    found = characteristics(table, design())

    one = found.comparisons[0].measures
    assert found.measures["analysis failed"].value == 0.1
    assert found.measures["power"].value == table["success"].mean()
    assert found.measures["power"].value <= 0.9
    assert one["estimate"].replicates == one["bias"].replicates == one["coverage"].replicates == 360
    assert close(one["bias"].value, np.nanmean(table["estimate_1"] - table["truth_1"]), "closed_form")
    assert any("10.00% of analyses failed" in line for line in found.warnings)


def test_coverage_counts_intervals_where_the_truth_is_known() -> None:
    """Closed form: inside, on the edge, outside, and not known."""
    low, high = np.array([0.0, 0.0, 0.0, NAN]), np.array([1.0, 1.0, 1.0, NAN])

    found = covered(low, high, np.array([0.5, 1.0, 1.1, 0.5]), np.zeros(4))

    assert np.array_equal(found, [1.0, 1.0, 0.0, NAN], equal_nan=True)


def test_coverage_is_that_of_the_truth_in_all_patients() -> None:
    """Closed form: an SE of 1 that is right for the whole covers 95 %, though a trial's own truth is nearer."""
    spread = 0.6
    table = rows(6000, 2, spread)

    found = characteristics(table, design()).comparisons[0].measures

    naive = (np.abs(table["estimate_1"] - table["truth_1"]) <= Z)[~np.isnan(table["estimate_1"])].mean()
    assert naive > 0.97
    assert close(found["coverage"].value, 0.95, monte_carlo(k=4, se=found["coverage"].se))
    assert close(found["SD of the error"].value, 1.0, monte_carlo(k=4, se=found["SD of the error"].se))


def test_one_truth_for_all_keeps_its_own_error() -> None:
    """Closed form: the error of the bias is that of the replicates and of the common truth together."""
    table = rows()
    table["truth_1"][:], table["truth_se_1"][:] = -2.0, 0.3

    found = characteristics(table, design()).comparisons[0].measures["bias"]

    own = np.nanstd(table["estimate_1"], ddof=1) / math.sqrt(360)
    assert close(found.se, math.hypot(own, 0.3), "closed_form")


@pytest.mark.parametrize(("world", "headline"), HEADLINES.items())
def test_the_world_names_the_headline(world: str, headline: str) -> None:
    """Contract: power, type I error on either side, false attribution."""
    table = rows()
    table["rejected"][1] = 1.0
    table["success"][1] = 0.0

    found = characteristics(table, design(), world=world)

    column = "rejected" if world == "no_difference" else "success"
    assert found.headline.value == table[column].mean() == found.to_json()["measures"][headline]["value"]


def test_a_list_of_rows_is_the_same_as_columns() -> None:
    """Invariant: both ways in give one result; JSON holds no NaN; the table names every figure."""
    simulator = Replicator(design(), 3, truth_patients=0)
    listed = [simulator(number) for number in range(3)]
    columns = {name: np.array([row[name] for row in listed]) for name in listed[0]}

    found, other = (characteristics(given, design(), values=simulator.values.label) for given in (listed, columns))

    assert found.inputs_digest == other.inputs_digest
    assert found.replicates == 3
    text = json.dumps(found.to_json(), allow_nan=False)
    assert "95 % interval of the simulation" in text
    names = {(row["of"], row["name"]) for row in found.table()}
    assert {("trial", "power"), ("ketamine against midazolam", "bias"), ("arm ketamine", "responders")} <= names


def test_rows_of_another_design_are_refused() -> None:
    """Invariant: missing columns are named."""
    with pytest.raises(InputError, match="seen:saline"):
        characteristics(rows(), design(arms=[arm("ketamine"), arm("saline", "inert")]))
    with pytest.raises(InputError, match="rows"):
        characteristics([], design())
    with pytest.raises(InputError, match="world"):
        characteristics(rows(), design(), world="best")
