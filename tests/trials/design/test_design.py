"""Design files: examples, writing and reading back, the schema, and what follows from a design."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings

from reprieve.core.errors import InputError
from reprieve.model.population import population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.trials.design import schedule
from reprieve.trials.design.examples import example, examples, file_of
from reprieve.trials.design.form import DesignForm
from reprieve.trials.design.load import load_design, read_design
from reprieve.trials.design.schema import FOLDER, VERSION, design_schema, write_schema
from reprieve.trials.design.write import to_toml
from tests.trials.design.strategies import designs

VALIDATOR = jsonschema.Draft202012Validator(design_schema())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(designs())
def test_what_is_written_reads_back_the_same(table: dict[str, Any]) -> None:
    """Invariant: TOML written here, read by the standard library, gives an equal design, and the schema accepts it."""
    design = read_design(table)

    text = to_toml(design)

    assert read_design(tomllib.loads(text)) == design
    assert to_toml(read_design(tomllib.loads(text))) == text
    assert not list(VALIDATOR.iter_errors(json.loads(json.dumps(table))))


@pytest.mark.parametrize("name", examples())
def test_an_example_loads_reads_back_and_fits_the_schema(name: str) -> None:
    """Invariant: what ships can be used."""
    design = example(name)

    assert load_design(file_of(name)) == design
    assert read_design(tomllib.loads(to_toml(design))) == design
    assert not list(VALIDATOR.iter_errors(tomllib.loads(file_of(name).read_text(encoding="utf-8"))))


@pytest.mark.parametrize("name", examples())
def test_the_model_simulates_every_arm_of_an_example(name: str) -> None:
    """Invariant: what the loader lets through, the model can give."""
    design = example(name)
    for arm in design.arms:
        for regimen in schedule.regimens(arm):
            run = simulate(regimen, population(2), days=design.visits.days[-1], model=design.disposition)
            assert f"{design.visits.score}_observed" in run.values


def test_a_name_without_an_example_is_refused() -> None:
    """Invariant: the names that exist are told."""
    with pytest.raises(InputError, match=r"known: crossover, masked, pressure_limit, three_doses, two_arm"):
        example("two_arms")


def test_a_design_made_in_code_is_written_too() -> None:
    """Invariant: only what was said is written, and quotes, signs and lines in a name survive."""
    table = {
        "schema": 1,
        "name": 'a "b" \\ \n\t\x7f µ',
        "arms": [
            {"name": "k", "role": "ketamine", "regimen": "0.5 mg/kg over 40 min", "patients": 5},
            {"name": "s", "role": "inert", "regimen": "saline over 40 min", "patients": 5},
        ],
        "visits": {"days": [7], "primary_day": 7},
    }

    text = to_toml(DesignForm.model_validate(table))

    assert tomllib.loads(text) == table
    assert "estimand" not in text


def test_the_schema_that_ships_is_up_to_date() -> None:
    """Invariant: `python -m reprieve.trials.design.schema` has been run since the form changed."""
    held = json.loads((FOLDER / VERSION / "design.json").read_text(encoding="utf-8"))

    assert held == json.loads(json.dumps(design_schema()))
    jsonschema.Draft202012Validator.check_schema(held)


def test_the_schema_is_written_where_it_is_told(tmp_path: Any) -> None:
    """Invariant."""
    path = write_schema(tmp_path)

    assert path.relative_to(tmp_path).as_posix() == f"{VERSION}/design.json"
    assert path.read_bytes() == (FOLDER / VERSION / "design.json").read_bytes()


def test_sizes_follow_the_allocation() -> None:
    """Closed form: 160 patients 1:1:1:1, and the shares of a look."""
    design = example("three_doses")

    assert schedule.arm_sizes(design) == (40, 40, 40, 40)
    assert schedule.look_sizes(design) == (80,)
    assert schedule.information(design) == (0.5, 1.0)
    assert schedule.comparisons(design) == 3
    assert schedule.alpha_each(design) == 0.05 / 3
    assert schedule.control(design).name == "midazolam"
    assert [arm.name for arm in schedule.active_arms(design)] == ["low", "middle", "high"]
    assert schedule.arm_sizes(example("two_arm")) == (60, 60)
    assert schedule.information(example("two_arm")) == (1.0,)


def test_a_trend_is_one_test() -> None:
    """Closed form: one comparison at the whole of alpha."""
    table = tomllib.loads(file_of("three_doses").read_text(encoding="utf-8"))
    table["analysis"]["contrast"] = "trend"

    assert schedule.alpha_each(read_design(table)) == 0.05


def test_a_crossover_goes_on_after_the_washout_of_the_longer_arm() -> None:
    """Closed form: the second period begins `washout_d` days after the day of the last infusion in any arm."""
    table = tomllib.loads(file_of("crossover").read_text(encoding="utf-8"))
    table["arms"][0]["regimen"] = table["arms"][1]["second"] = "0.5 mg/kg over 40 min on days 0, 2 at 9:30"
    table["washout_d"] = 9

    design = read_design(table)

    assert schedule.second_start_d(example("crossover")) == 14
    assert schedule.second_start_d(design) == 11
    assert schedule.second_start_d(read_design({**table, "washout_d": 9.5})) == 12
    assert schedule.regimens(design.arms[0])[1] == Regimen.parse("midazolam 0.045 mg/kg over 40 min")


def test_an_active_placebo_may_be_a_low_dose() -> None:
    """Invariant: a low dose of ketamine can stand as the control that is felt."""
    table = tomllib.loads(file_of("two_arm").read_text(encoding="utf-8"))
    table["arms"][1]["regimen"] = "0.1 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"

    assert schedule.control(read_design(table)).name == "midazolam"


def test_the_kinetic_model_decides_which_routes_there_are() -> None:
    """Invariant: a route that another model knows can be asked for with that model."""
    table = tomllib.loads(file_of("two_arm").read_text(encoding="utf-8"))
    table["disposition"] = "perezruixo2021_esk"
    table["arms"][0]["regimen"] = "esketamine 56 mg nasal on days 0, 4"

    assert read_design(table).disposition == "perezruixo2021_esk"


def test_designs_load_late() -> None:
    """Invariant (house rule 11): the room itself loads no form, no SciPy and no engine."""
    script = (
        "import sys, reprieve.trials.design, reprieve.trials.design.examples, reprieve.trials.design.schedule, "
        "reprieve.trials.sequential\n"
        "assert not {'pydantic', 'scipy', 'numba', 'polars'} & set(sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
