"""Instruments: item counts and ranges of the published scales."""

import copy
from typing import Any

import pytest

from reprieve.core.errors import InputError
from reprieve.core.instruments import instrument, load_instruments, read_instruments
from reprieve.core.provenance import SeenHow

COUNTS = [
    ("CAPS-5", {"B": 5, "C": 2, "D": 7, "E": 6}, (0, 80)),
    ("PCL-5", {"B": 5, "C": 2, "D": 7, "E": 6}, (0, 80)),
    ("IES-R", {"intrusion": 8, "avoidance": 8, "hyperarousal": 6}, (0, 88)),
    ("CADSS", {"subjective": 19, "observer": 8}, (0, 108)),
    ("CADSS-23", {"subjective": 23}, (0, 92)),
]


@pytest.mark.parametrize(("name", "counts", "total"), COUNTS)
def test_items_and_range(name: str, counts: dict[str, int], total: tuple[int, int]) -> None:
    """Scoring pages of the National Center for PTSD, Weiss and Marmar (IES-R), record NCT01920555 (CADSS)."""
    scale = instrument(name)

    assert {cluster: len(items) for cluster, items in scale.items_by_cluster.items()} == counts
    assert scale.items == sum(counts.values())
    assert (scale.minimum, scale.maximum) == total
    assert sum(scale.cluster_maximum(cluster) for cluster in counts) == scale.maximum


@pytest.mark.parametrize(
    ("name", "days", "short"),
    [
        ("CAPS-5", 30, 7),
        ("PCL-5", 30, 7),
        ("IES-R", 7, None),
        ("CADSS", None, None),
        ("CADSS-23", None, None),
    ],
)
def test_recall_windows(name: str, days: float | None, short: float | None) -> None:
    """CAPS-5 past-week form of 16 April 2018; National Center for PTSD; IES-R pages."""
    assert (instrument(name).recall_days, instrument(name).short_recall_days) == (days, short)


def test_response_on_the_caps5() -> None:
    """Feder 2021: at least 30 % fall from baseline."""
    assert instrument("caps5").quantities["response_fraction"].value == 0.30


def test_what_is_from_memory_says_so() -> None:
    """Invariant: the IES-R item key is not shown as read."""
    assert instrument("IES-R").seen is SeenHow.UNVERIFIED


@pytest.mark.parametrize("name", ["caps5", "CAPS-5", "Caps-5"])
def test_the_name_may_be_written_in_several_ways(name: str) -> None:
    """Invariant: key and name, in any case."""
    assert instrument(name).key == "caps5"


def test_an_unknown_name_is_refused() -> None:
    """Invariant: the line lists what there is."""
    with pytest.raises(InputError, match=r"instrument: 'MADRS'.*CAPS-5"):
        instrument("MADRS")
    with pytest.raises(InputError, match="cluster: 'D'"):
        instrument("IES-R").cluster_maximum("D")


def table() -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": "X",
        "title": "Scale X",
        "rater": "self",
        "source": "assumption",
        "seen": "assumed",
    }
    entry |= {"item_minimum": 0, "item_maximum": 4, "clusters": {"A": [1, 2], "B": [3]}}
    number = {"value": 7, "unit": "d", "source": "assumption", "seen": "assumed"}
    return {"schema": 1, "instruments": {"x": entry}, "quantities": {"x_recall_days": number}}


def test_a_good_file_is_read() -> None:
    """Invariant: the table below, which the wrong ones change, is right."""
    assert read_instruments(table(), "f")["x"].recall_days == 7


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("clusters", {"A": [1, 2], "B": [2]}, "f: x: clusters"),
        ("clusters", {"A": [1, 3]}, "f: x: clusters"),
        ("clusters", {}, "f: x: clusters"),
        ("clusters", {"A": [1, "2"]}, "f: x: clusters"),
        ("clusters", {"A": [1], "B": []}, "f: x: clusters"),
        ("clusters", {"A": 1}, "f: x: clusters"),
        ("item_maximum", "4", "f: x: item_maximum"),
        ("item_maximum", None, "f: x: item_maximum"),
        ("source", "nobody1999", "f: x: source"),
        ("seen", "", "f: x: seen"),
        ("items", 3, "f: x: items"),
    ],
)
def test_a_wrong_file_is_refused_by_name(key: str, value: object, part: str) -> None:
    """Invariant: the line names file, instrument and key."""
    wrong = copy.deepcopy(table())
    wrong["instruments"]["x"][key] = value

    with pytest.raises(InputError) as caught:
        read_instruments(wrong, "f")

    assert part in str(caught.value)


def test_a_number_without_instrument_is_refused() -> None:
    """Invariant: a slip in the prefix does not lose a number."""
    wrong = table()
    wrong["quantities"]["y_recall_days"] = wrong["quantities"]["x_recall_days"]

    with pytest.raises(InputError, match="y_recall_days"):
        read_instruments(wrong, "f")


def test_every_shipped_instrument_has_a_name_of_its_own() -> None:
    """Invariant: names and keys lead to one instrument."""
    assert all(instrument(scale.name) is scale for scale in load_instruments().values())
