"""The meta-analysis of anyone's table: from columns to a frozen result."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

import reprieve as rp
from reprieve.core.errors import InputError
from reprieve.core.results import digest
from reprieve.evidence.pooling.meta import Meta, meta
from tests.evidence.pooling.grid import GRID, columns, fixtures, key
from tests.tolerance import close

YI, VI = [-0.62, 0.15, -0.30, -0.71, -0.11], [0.041, 0.066, 0.02, 0.09, 0.05]
CONTRACT = [
    *("k", "estimate", "se", "ci_low", "ci_high", "p", "pi_low", "pi_high", "tau2", "tau2_ci_low", "tau2_ci_high"),
    *("i2", "h2", "q", "q_df", "q_p", "method", "test"),
]


def five(**more: list[Any]) -> dict[str, list[Any]]:
    return {"study": list("abcde"), "yi": YI, "vi": VI, **more}


@pytest.mark.parametrize(
    "case", [c for c in fixtures()["cases"] if c["mods"] == "none"], ids=lambda c: "-".join(key(c))
)
def test_a_table_gives_metafors_numbers(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, `rma.uni`, `predict`, `confint`: from the columns of a table to the result."""
    held = columns(case["data"])
    spread = float(np.std(held["yi"]))

    found = meta({"yi": held["yi"], "vi": held["vi"]}, method=case["method"], test=case["test"])

    names = ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high")
    theirs = [case[name][0] for name in ("beta", "se", "ci_low", "ci_high")]
    theirs += [case.get(name, math.nan) for name in ("pi_low", "pi_high")]
    shown = [(getattr(found, name) / spread, value / spread) for name, value in zip(names, theirs, strict=True)]
    known = [(mine, value) for mine, value in shown if not math.isnan(value)]
    assert close([mine for mine, _ in known], [value for _, value in known], "metafor_iterated")
    assert [math.isnan(mine) for mine, _ in shown] == [math.isnan(value) for _, value in shown]
    assert close([found.p, found.i2, found.h2], [case["p"][0], case["i2"], case["h2"]], "metafor_iterated")
    assert close([found.q, found.q_p], [case["q"], case["q_p"]], "metafor_iterated")
    assert found.k == len(held["yi"])


@pytest.mark.parametrize("data", [data for data, mods in GRID.items() if "f" in mods])
@pytest.mark.parametrize("mods", ["x", "f"])
def test_a_formula_gives_metafors_coefficients(data: str, mods: str) -> None:
    """R metafor 3.8-1, `rma.uni(mods = )`: coefficients, the test of all moderators; factors in treatment coding."""
    (case,) = (c for c in fixtures()["cases"] if key(c) == (data, "REML", "knha", mods))

    found = meta(columns(data) | {"note": ["?"] * len(columns(data)["yi"])}, mods=mods)

    spread = float(np.std(columns(data)["yi"]))
    for name, field in (("beta", "estimate"), ("se", "se"), ("ci_low", "ci_low"), ("ci_high", "ci_high")):
        mine = np.array([getattr(one, field) for one in found.coefficients])
        assert close(mine / spread, np.ravel(case[name]) / spread, "metafor_iterated")
    assert close([found.qm, found.qm_p], [case["qm"], case["qm_p"]], "metafor_iterated")
    assert list(found.qm_df) == case["qm_df"]
    assert math.isnan(found.estimate)
    assert math.isnan(found.pi_low)


def test_every_front_door_reads_the_same(tmp_path: Path) -> None:
    """Invariant: mapping, data frame and file give one result."""
    frame = polars.DataFrame(five())
    path = tmp_path / "five.csv"
    frame.write_csv(path)

    found = rp.meta(five())

    assert digest(found) == digest(meta(frame)) == digest(meta(path)) == digest(meta(str(path)))
    assert [one.label for one in found.studies] == list("abcde")


def test_other_names_for_the_columns() -> None:
    """Invariant."""
    given = {"g": YI, "var": VI, "who": list("vwxyz")}

    found = meta(given, yi="g", vi="var", label="who")

    assert found.estimate == meta(five()).estimate
    assert found.studies[0].label == "v"


def test_weights_add_up_and_are_those_of_the_fit() -> None:
    """Closed form: 1 / (v + tau2) in per cent."""
    found = meta(five())

    weights = np.array([one.weight_percent for one in found.studies])
    raw = 1 / (np.array(VI) + found.tau2)
    assert close(weights.sum(), 100, "closed_form")
    assert close(weights, 100 * raw / raw.sum(), "closed_form")


def test_rows_with_an_empty_cell_travel_with_their_reason() -> None:
    """Invariant (house rule 5): nothing is dropped silently."""
    more = {"study": list("abcdefg"), "yi": [*YI, None, 0.3], "vi": [*VI, 0.1, 0.2], "x": [1, 2, 3, 4, 6, 5, None]}

    plain, with_x = meta(more), meta(more, mods="x")

    assert plain.k == 6
    assert [(one.row, one.label) for one in plain.excluded] == [(7, "f")]
    assert "yi" in plain.excluded[0].reason
    assert [(one.row, one.label) for one in with_x.excluded] == [(7, "f"), (8, "g")]
    assert "x" in with_x.excluded[1].reason
    assert meta(five()).excluded == ()


def test_the_json_has_the_keys_of_the_contract() -> None:
    """Contract of `reprieve meta --json`: these keys in this order, then what goes with them."""
    plain, with_x = meta(five()).to_json(), meta(five(x=[1, 2, 3, 4, 6]), mods="x").to_json()

    beside = ["level", "converged"]
    assert list(plain) == [*CONTRACT, *beside, "excluded", "warnings", "versions"]
    regression = ["coefficients", "references", "qm", "qm_df", "qm_p"]
    assert list(with_x) == [*CONTRACT, *beside, *regression, "excluded", "warnings", "versions"]
    assert json.loads(json.dumps(plain))["k"] == 5


def test_properties_and_table() -> None:
    """Invariant: the short names are the long ones; the table has a row per study."""
    found = meta(five(), level=0.9)

    assert found.ci == (found.ci_low, found.ci_high)
    assert found.prediction == (found.pi_low, found.pi_high)
    assert {len(column) for column in found.table().values()} == {5}
    low = found.table()["ci_low"][0]
    assert isinstance(low, float)
    assert close(low, YI[0] - 1.644853626951473 * VI[0] ** 0.5, "closed_form")


def test_the_level_moves_every_interval() -> None:
    """Invariant: a higher level is a wider interval of the estimate, of a new study and of tau2."""
    low, high = meta(five(), level=0.8), meta(five(), level=0.99)

    for name in ("ci", "prediction"):
        assert getattr(high, name)[0] < getattr(low, name)[0] < getattr(low, name)[1] < getattr(high, name)[1]
    assert high.tau2_ci_high > low.tau2_ci_high
    assert high.estimate == low.estimate


def test_equal_effects_have_no_prediction() -> None:
    """Invariant: one true effect, so nothing to predict and no interval of tau2."""
    found = meta(five(), method="EE", test="z")

    assert found.tau2 == 0
    assert all(map(math.isnan, (found.pi_low, found.pi_high, found.tau2_ci_low, found.tau2_ci_high)))


def test_permutation_comes_with_it() -> None:
    """Invariant: exact where few arrangements are possible; the JSON says so."""
    found = meta(five(x=[1, 2, 3, 4, 6]), mods="x", permutations=500)

    assert found.permutation is not None
    assert (found.permutation.exact, found.permutation.count) == (True, 120)
    shown = found.to_json()["permutation"]
    assert isinstance(shown, dict)
    assert list(shown) == ["p", "qm_p", "exact", "count", "failed", "seed"]
    assert len(found.permutation.p) == len(found.coefficients)


def said(found: Meta, word: str) -> bool:
    return any(word in line for line in found.warnings)


def test_warnings_say_what_matters() -> None:
    """Invariant: each caution comes when it applies, and only then."""
    assert meta(five()).warnings == ()
    assert said(meta({"yi": YI[:4], "vi": VI[:4]}), "k = 4")
    assert said(meta(five(), method="EE"), "equal effects")
    assert said(meta({"yi": [0.1] * 5, "vi": VI}), "agree exactly")
    assert said(meta({"yi": [0.1, 0.11, 0.1, 0.12, 0.1], "vi": VI}), "better than chance")
    assert said(meta({"yi": YI, "vi": [1e-9, *VI[1:]]}), "largest variance")
    twice = meta({"study": [*"abcde", "a"], "yi": [*YI, YI[0]], "vi": [*VI, VI[0]]})
    assert said(twice, "a is there 2 times")


@pytest.mark.parametrize("method", ["ML", "REML", "PM", "EB"])
def test_a_search_that_does_not_settle_says_so(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: what did not converge is never shown as if it had."""
    for module in ("tau2", "likelihood"):
        monkeypatch.setattr(f"reprieve.evidence.pooling.{module}.STEPS", 1)
        monkeypatch.setattr(f"reprieve.evidence.pooling.{module}.SETTLED", 0.0)

    found = meta(five(), method=method)

    assert not found.converged
    assert said(found, "did not settle")


def test_what_it_carries() -> None:
    """Invariant (house rule 4): versions, a digest of the inputs that moves with them, frozen."""
    first, again, other = meta(five()), meta(five()), meta(five(), level=0.9)

    assert digest(first) == digest(again)
    assert first.inputs_digest == again.inputs_digest != other.inputs_digest
    assert {"reprieve", "numpy", "scipy", "pymare", "numeric_semantics"} <= set(first.versions)
    with pytest.raises(AttributeError):
        first.estimate = 0.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        ({"yi": YI, "sei": VI}, {}, ["vi", "sei", "square"]),
        ({"yi": YI}, {}, ["vi", "not in the table"]),
        ({"vi": VI}, {}, ["yi", "not in the table"]),
        (five(), {"label": "who"}, ["label", "who"]),
        (five(), {"level": 95}, ["level", "95"]),
        (five(), {"level": math.nan}, ["level"]),
        (five(), {"method": "reml"}, ["method", "REML"]),
        (five(), {"mods": "x"}, ["mods", "x"]),
        (five(x=["1", "2", "3", "four", "5"]), {"mods": "x"}, ["row 5", "x", "four"]),
        (five(x=[1, 2, 3, 4, 5], z=[2, 4, 6, 8, 10]), {"mods": "x + z"}, ["x and z", "collinear"]),
        (five(x=[2, 2, 2, 2, 2]), {"mods": "x"}, ["intercept and x", "collinear"]),
        (five(f=list("abcde")), {"mods": "f"}, ["studies", "5", "at least 6"]),
        (five(f=["a"] * 5), {"mods": "f"}, ["f", "one level"]),
        ({"yi": [0.1], "vi": [0.2]}, {}, ["rows", "1", "at least 2"]),
        ({"yi": [0.1, None], "vi": [0.2, 0.3]}, {}, ["rows", "1 of 2 rows are left out", "missing yi"]),
        ({"yi": YI, "vi": [0.1, 0.2, -0.3, 0.1, 0.1]}, {}, ["row 4", "vi", "-0.3", "positive"]),
        ({"yi": YI, "vi": [0.1, 0.2, 0, 0.1, 0.1]}, {}, ["row 4", "vi", "positive"]),
        ({"yi": YI, "vi": [0.1, 0.2, math.inf, 0.1, 0.1]}, {}, ["row 4", "vi"]),
        ({"yi": ["a", *YI[1:]], "vi": VI}, {}, ["row 2", "yi", "'a'"]),
        ({"yi": YI, "vi": VI[:4]}, {}, ["length"]),
        (5, {}, ["table"]),
        ("no_such_file.csv", {}, ["no_such_file.csv"]),
        (five(), {"permutations": 3}, ["permutations", "3"]),
        (five(), {"permutations": 20, "seed": -1}, ["seed", "-1"]),
    ],
)
def test_what_is_refused(table: Any, options: dict[str, Any], words: list[str]) -> None:
    """Invariant: one line naming row, column, value and rule."""
    with pytest.raises(InputError) as caught:
        meta(table, **options)

    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)
