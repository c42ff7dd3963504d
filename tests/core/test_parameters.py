"""Parameter files: read strictly, merged, replaced, drawn."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.parameters import ParameterSet, draw, load_parameters, merge, read_parameters
from reprieve.core.provenance import Quantity, SeenHow, Spread
from reprieve.core.quantities import shifted
from tests.tolerance import close, monte_carlo

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "reprieve"
OTHER_TABLES = {"instruments.toml", "pk_check.toml", "answer.toml", "claims.toml"}
# Trials, priors and rules have forms and readers of their own, tested with them.
OTHER_FOLDERS = {PACKAGE / "trials", PACKAGE / "calibration", PACKAGE / "core" / "data" / "rules"}
PARAMETER_FILES = sorted(
    path for path in PACKAGE.rglob("*.toml") if path.name not in OTHER_TABLES and not OTHER_FOLDERS & set(path.parents)
)


def clearance() -> dict[str, Any]:
    return {
        "value": 1.48,
        "unit": "L/min",
        "source": "simons2022",
        "seen": "secondary",
        "label": "clearance",
        "low": 1.2,
        "high": 1.8,
        "interval": "95 % CI",
        "between": {"kind": "lognormal", "sd": 0.17},
        "uncertainty": {"kind": "lognormal", "sd": 0.04},
    }


def table() -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "example",
        "version": "2026.1",
        "about": {"what": "an example"},
        "quantities": {
            "clearance": clearance(),
            "volume": {**clearance(), "between": {"kind": "lognormal", "sd": 0.3}},
            "share": {"value": 0.8, "unit": "fraction", "source": "assumption", "seen": "assumed"},
        },
        "blocks": [{"names": ["clearance", "volume"], "covariance": [[0.0289, 0.02], [0.02, 0.09]]}],
    }


def example() -> ParameterSet:
    return read_parameters(table(), "example.toml")


def changed(path: str, value: object) -> dict[str, Any]:
    """The example with the entry at a dotted path set, or removed where the value is `...`."""
    result: Any = copy.deepcopy(table())
    *parents, last = path.split(".")
    place = result
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return result  # type: ignore[no-any-return]


def test_a_quantity_keeps_everything_that_was_written() -> None:
    """Invariant: reading loses nothing."""
    assert example().quantity("clearance") == Quantity(
        name="clearance",
        value=1.48,
        unit="L/min",
        source="simons2022",
        seen=SeenHow.SECONDARY,
        label="clearance",
        between=Spread("lognormal", 0.17),
        uncertainty=Spread("lognormal", 0.04),
        low=1.2,
        high=1.8,
        interval="95 % CI",
    )


def test_a_set_gives_values_names_and_what_is_assumed() -> None:
    """Invariant: the short ways in agree with the quantities."""
    parameters = example()

    assert parameters["share"] == 0.8
    assert parameters.names == ("clearance", "volume", "share")
    assert "share" in parameters
    assert parameters.assumed() == ["share"]


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        ("schema", 2, "example.toml: schema: 2"),
        ("schema", True, "example.toml: schema: True"),
        ("schema", ..., "example.toml: schema: None"),
        ("name", ..., "example.toml: name"),
        ("version", "", "example.toml: version"),
        ("extra", 1, "example.toml: extra"),
        ("about.what", 3, "about: what"),
        ("about", "text", "example.toml: about"),
        ("quantities", [], "example.toml: quantities"),
        ("quantities.clearance", 3.0, "example.toml: clearance"),
        ("quantities.clearance.value", ..., "clearance: value"),
        ("quantities.clearance.value", "1.5", "clearance: value"),
        ("quantities.clearance.value", True, "clearance: value"),
        ("quantities.clearance.value", float("nan"), "clearance: value"),
        ("quantities.clearance.value", float("inf"), "clearance: value"),
        ("quantities.clearance.value", -1.0, "clearance: value"),
        ("quantities.clearance.unit", ..., "clearance: unit"),
        ("quantities.clearance.unit", " ", "clearance: unit"),
        ("quantities.clearance.source", ..., "clearance: source"),
        ("quantities.clearance.source", "nobody1999", "clearance: source: 'nobody1999'"),
        ("quantities.clearance.seen", ..., "clearance: seen"),
        ("quantities.clearance.seen", "heard", "clearance: seen: 'heard'"),
        ("quantities.clearance.units", "L", "clearance: units"),
        ("quantities.clearance.low", 1.6, "clearance: low, high"),
        ("quantities.clearance.low", ..., "clearance: interval"),
        ("quantities.clearance.interval", ..., "clearance: interval"),
        ("quantities.clearance.between", 0.2, "clearance: between"),
        ("quantities.clearance.between.kind", "uniform", "between: kind: 'uniform'"),
        ("quantities.clearance.between.sd", -0.1, "between: sd: -0.1"),
        ("quantities.clearance.between.sd", ..., "between: sd"),
        ("quantities.clearance.between.cv", 0.1, "between: cv"),
        ("quantities.share.uncertainty", {"kind": "logit_normal", "sd": -1.0}, "uncertainty: sd"),
        ("quantities.clearance.between.kind", "logit_normal", "must lie between 0 and 1"),
        ("blocks", {}, "example.toml: blocks"),
        ("blocks.0.names", ["clearance", "share"], "blocks[0]: names: 'share'"),
        ("blocks.0.names", ["clearance", "nothing"], "blocks[0]: names: 'nothing'"),
        ("blocks.0.names", "clearance", "blocks[0]: names"),
        ("blocks.0.names", ["clearance"], "blocks[0]: covariance"),
        ("blocks.0.covariance", [[0.0289, 0.02], [0.01, 0.09]], "must be symmetric"),
        ("blocks.0.covariance", [[0.0289, 0.2], [0.2, 0.09]], "must be positive definite"),
        ("blocks.0.covariance", [[0.04, 0.02], [0.02, 0.09]], "must be the square of the between spread"),
        ("blocks.0.covariance", [[0.0289, "x"], ["x", 0.09]], "must be 2 rows of 2 numbers"),
        ("blocks.0.more", 1, "blocks[0]"),
    ],
)
def test_a_wrong_file_is_refused_by_name(path: str, value: object, part: str) -> None:
    """Invariant (house rule 5): the line names file, quantity and key."""
    with pytest.raises(InputError) as caught:
        read_parameters(changed(path, value), "example.toml")

    assert part in str(caught.value)


def test_a_quantity_stands_in_one_block() -> None:
    """Invariant: two blocks with one name would give a patient two effects."""
    double = table()
    double["blocks"] *= 2

    with pytest.raises(InputError, match="in one block"):
        read_parameters(double, "example.toml")


@pytest.mark.parametrize("text", ["schema = ", "schema = 1\nschema = 1", "\x00"])
def test_what_is_not_toml_is_refused(tmp_path: Path, text: str) -> None:
    """Invariant: no traceback of the TOML reader reaches the user."""
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=r"broken\.toml"):
        load_parameters(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """Invariant: as above."""
    with pytest.raises(InputError, match=r"absent\.toml"):
        load_parameters(tmp_path / "absent.toml")


@pytest.mark.parametrize("path", PARAMETER_FILES, ids=lambda path: path.stem)
def test_every_shipped_file_loads(path: Path) -> None:
    """Invariant: the product can read what it ships."""
    assert load_parameters(path).quantities


def test_a_name_that_is_not_there_gets_a_hint() -> None:
    """Invariant: a slip of the pen is answered with the name that was meant."""
    with pytest.raises(InputError, match="did you mean clearance"):
        example()["clearence"]


def test_replacing_marks_the_value_as_assumed_and_keeps_the_old_one() -> None:
    """Invariant: a number set by the caller does not go under the name of a paper."""
    new = example().replace(clearance=2.0)

    quantity = new.quantity("clearance")
    assert (quantity.value, quantity.source, quantity.seen) == (2.0, "assumption", SeenHow.ASSUMED)
    assert "1.48 L/min (simons2022, secondary)" in quantity.note
    assert quantity.low is None
    assert new.assumed() == ["clearance", "share"]
    assert example()["clearance"] == 1.48


def test_replacing_by_the_same_value_changes_nothing() -> None:
    """Invariant: no provenance is lost without a reason."""
    assert example().replace(clearance=1.48) == example()


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_replacing_respects_the_scale(value: float) -> None:
    """Invariant: what a file may not hold, a caller may not set."""
    with pytest.raises(InputError, match="clearance"):
        example().replace(clearance=value)


def test_a_set_cannot_be_changed() -> None:
    """Invariant (house rule 4)."""
    with pytest.raises(TypeError):
        example().quantities["new"] = example().quantity("share")  # type: ignore[index]


def test_a_set_survives_the_way_between_processes() -> None:
    """Invariant: a worker sees the same set."""
    assert pickle.loads(pickle.dumps(example())) == example()
    assert copy.deepcopy(example()) == example()


def test_merging_keeps_all_and_refuses_doubles() -> None:
    """Invariant: one name, one number."""
    entry = {"value": 1, "unit": "1", "source": "assumption", "seen": "assumed"}
    other = read_parameters(
        {"schema": 1, "name": "other", "version": "2026.2", "quantities": {"x": entry}}, "other.toml"
    )

    both = merge("both", example(), other)

    assert both.names == ("clearance", "volume", "share", "x")
    assert both.version == "example 2026.1, other 2026.2"
    assert both.about == {"example.what": "an example"}
    assert both.blocks == example().blocks
    with pytest.raises(InputError, match="other: x"):
        merge("all", both, other)


def test_the_cholesky_factor_gives_the_covariance_back() -> None:
    """Closed form: L L' is the covariance; NumPy gives the same L."""
    block = example().blocks[0]
    factor = np.array(block.cholesky())

    assert close(factor @ factor.T, block.covariance, "closed_form")
    assert close(factor, np.linalg.cholesky(np.array(block.covariance)), "closed_form")


def test_a_draw_moves_what_is_uncertain_only() -> None:
    """Invariant: no uncertainty, no change; a different index, a different value."""
    first, second = draw(example(), 1, 0), draw(example(), 1, 1)

    assert first["share"] == 0.8
    assert len({example()["clearance"], first["clearance"], second["clearance"]}) == 3
    assert first.version == "2026.1 draw 1.0"
    assert draw(example(), 1, 0) == first


def test_a_draw_does_not_depend_on_other_quantities() -> None:
    """Invariant: each quantity has its own stream."""
    fewer = changed("quantities.volume", ...)
    fewer["blocks"] = []

    assert draw(read_parameters(fewer, "f"), 1, 5)["clearance"] == draw(example(), 1, 5)["clearance"]


def test_draws_have_the_stated_spread() -> None:
    """Closed form: the log is normal about the log of the value. Four standard errors, once in 15,800."""
    n, sd = 2000, 0.04
    logs = np.log([draw(example(), 3, i)["clearance"] for i in range(n)])

    assert close(logs.mean(), np.log(1.48), monte_carlo(k=4, se=sd / n**0.5))
    assert close(logs.std(), sd, monte_carlo(k=4, se=sd / (2 * n) ** 0.5))


@given(
    st.sampled_from(["lognormal", "logit_normal", "normal"]),
    st.floats(0.01, 0.99),
    st.floats(0, 2),
    st.floats(-8, 8),
    st.floats(0, 8),
)
def test_shifting_stays_on_its_scale(kind: str, value: float, sd: float, z: float, more: float) -> None:
    """Invariant: z = 0 changes nothing; more z is never less; lognormal stays positive, logit below one."""
    spread = Spread(kind, sd)

    assert close(shifted(value, spread, 0.0), value, "closed_form")
    assert shifted(value, spread, z + more) >= shifted(value, spread, z)
    if kind != "normal":
        assert shifted(value, spread, z) > 0
    if kind == "logit_normal":
        assert shifted(value, spread, z) < 1


@given(st.floats(0.01, 0.99), st.floats(0, 2), st.floats(-6, 6))
def test_shifting_on_the_logit_scale(value: float, sd: float, z: float) -> None:
    """Closed form: expit(logit(value) + sd z)."""
    expected = 1 / (1 + np.exp(-(np.log(value / (1 - value)) + sd * z)))

    assert close(shifted(value, Spread("logit_normal", sd), z), expected, "closed_form")


def test_a_fitted_value_carries_the_calibration_as_its_source() -> None:
    """Invariant: fitted is derived, drawn from its prior is assumed, and neither keeps its old uncertainty."""
    found = example().learned({"clearance": 1.6, "share": 0.7}, unmoved=["share"], version="2")

    fitted, drawn = found.quantity("clearance"), found.quantity("share")
    assert (found.version, fitted.value, fitted.source, fitted.seen) == ("2", 1.6, "calibration", SeenHow.DERIVED)
    assert (fitted.uncertainty, fitted.low, fitted.interval) == (None, None, "")
    assert "1.48 L/min (simons2022, secondary)" in fitted.note
    assert (drawn.value, drawn.source, drawn.seen) == (0.7, "assumption", SeenHow.ASSUMED)
    assert found.assumed() == ["share"]


def test_a_fitted_spread_keeps_the_correlation_of_its_block() -> None:
    """Closed form: covariance = correlation * product of the SDs."""
    found = example().learned({}, {"clearance": 0.34})

    between, (block,) = found.quantity("clearance").between, found.blocks
    assert between == Spread("lognormal", 0.34)
    assert close(block.covariance, [[0.1156, 0.04], [0.04, 0.09]], "closed_form")
    assert found.quantity("clearance").source == "simons2022"


@pytest.mark.parametrize(
    ("values", "spreads", "part"),
    [
        ({"phlogiston": 1.0}, {}, "phlogiston"),
        ({"clearance": -1.0}, {}, "clearance: value: -1.0"),
        ({}, {"share": 0.1}, "share: between: 0.1"),
        ({}, {"clearance": -0.1}, "clearance: between: -0.1"),
        ({}, {"phlogiston": 0.1}, "phlogiston"),
    ],
)
def test_a_fit_that_does_not_belong_is_refused(values: dict[str, float], spreads: dict[str, float], part: str) -> None:
    """Invariant: one line names quantity and rule."""
    with pytest.raises(InputError, match=part):
        example().learned(values, spreads)
