"""What the tests of the diagnostics share: the fixtures of R metafor and bayesmeta, and how a case is compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from tests.house.project import ROOT
from tests.tolerance import close

FOLDER = ROOT / "validation" / "metafor" / "fixtures"
METHODS = ("REML", "DL", "PM", "EE")
TESTS = ("knha", "z")
CLOSED = ("DL", "EE", None)
EVERY = tuple(product(METHODS, TESTS))
TWO = (("REML", "knha"), ("DL", "z"))


@cache
def fixture(topic: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8"))
    return held


def cases(topic: str, *kinds: str) -> list[dict[str, Any]]:
    """The cases of a topic, all or those of some kinds."""
    return [case for case in fixture(topic)["cases"] if not kinds or case["kind"] in kinds]


def data(topic: str, case: Mapping[str, Any]) -> dict[str, Any]:
    held: dict[str, Any] = fixture(topic)["data"][case["data"]]
    return held


def name(case: Mapping[str, Any]) -> str:
    """The name of a case, for pytest."""
    return "-".join(str(value) for value in case.values() if isinstance(value, str | bool))


def kind(case: Mapping[str, Any]) -> str:
    return "metafor_closed" if case.get("method") in CLOSED else "metafor_iterated"


def agrees(got: object, expected: Any, tolerance: str) -> bool:
    """Fail unless numbers agree; where R has no finite number there must be none here."""
    theirs = np.array(expected, dtype=float)  # null becomes NaN
    ours = np.array(got, dtype=float)
    finite = np.isfinite(theirs)
    assert ours.shape == theirs.shape
    assert not np.isfinite(ours[~finite]).any()
    return close(ours[finite], theirs[finite], tolerance)


def all_agree(got: Mapping[str, object], case: Mapping[str, Any], names: Sequence[str]) -> None:
    """Fail, naming the quantity, unless every one of them agrees."""
    for one in names:
        try:
            assert agrees(got[one], case[one], kind(case))
        except AssertionError as error:
            raise AssertionError(f"{one}: {error}") from None


def refused(call: Any, *args: Any, **kwargs: Any) -> str:
    """The line of the refusal."""
    from reprieve.core.errors import ReprieveError

    try:
        call(*args, **kwargs)
    except ReprieveError as error:
        line = str(error)
        assert "\n" not in line
        return line
    raise AssertionError("was not refused")
