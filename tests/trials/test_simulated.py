"""A design simulated in its worlds, kept, continued, and sized."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reprieve.core.errors import InputError
from reprieve.trials.design.schedule import arm_sizes
from reprieve.trials.running.folder import stamp_of
from reprieve.trials.simulated import TrialRun, simulated_trial, the_design, the_executor
from reprieve.trials.simulation.replicate import Replicator
from reprieve.trials.sizing import SampleSize
from reprieve.trials.sizing_design import Later, required_size, resized
from tests.trials import small_design

PATIENTS = 40


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_design.write(tmp_path_factory.mktemp("design"))


@pytest.fixture(scope="module")
def whole(design: Path) -> TrialRun:
    return simulated_trial(design, 12, seed=4, truth_patients=PATIENTS)


def test_rows_are_those_of_the_replicator(design: Path, whole: TrialRun) -> None:
    """Independent implementation: a plain loop over the replicator of each world."""
    for world, rows in whole.rows.items():
        task = Replicator(the_design(design), 4, world=world, executor=whole.executor, truth_patients=PATIENTS)
        assert rows.table.tobytes() == np.array([list(task(number).values()) for number in range(12)]).tobytes()


def test_each_world_has_its_rate(whole: TrialRun) -> None:
    """Invariant: power, type I error and false attribution each come from the world that defines them."""
    assert [next(iter(one.measures)) for one in whole.worlds.values()] == [
        "power",
        "type I error",
        "false attribution",
    ]
    assert whole.worlds["as_modelled"].headline.value == whole.rows["as_modelled"]["success"].mean()
    assert whole.truth is not None
    assert list(whole.truth.unblinding) == ["ketamine"]


def test_a_run_in_a_folder_goes_on(design: Path, whole: TrialRun, tmp_path: Path) -> None:
    """Invariant: half a run, continued in two processes, is the whole run; nothing is done twice."""
    options = {"seed": 4, "truth_patients": PATIENTS, "worlds": ("as_modelled",), "folder": tmp_path}
    simulated_trial(design, 10, **options)  # type: ignore[arg-type]

    run = simulated_trial(design, 12, resume=True, workers=2, **options)  # type: ignore[arg-type]

    rows = run.rows["as_modelled"]
    assert rows.digest == whole.rows["as_modelled"].digest
    assert rows.kept == 10


def test_the_executor_of_a_folder_is_used_again(design: Path, tmp_path: Path) -> None:
    """Invariant: fixed per run, recorded, reused; asking for another one is refused."""
    options = {"truth_patients": PATIENTS, "worlds": ("no_difference",), "folder": tmp_path}
    simulated_trial(design, 1, executor="numba", **options)  # type: ignore[arg-type]

    run = simulated_trial(design, 1, resume=True, **options)  # type: ignore[arg-type]

    assert the_executor(the_design(design)) == "numpy"
    assert run.executor == "numba"
    with pytest.raises(InputError, match="executor is 'numba' there and 'numpy' here"):
        simulated_trial(design, 1, resume=True, executor="numpy", **options)  # type: ignore[arg-type]


def test_the_stamp_names_what_rows_depend_on(design: Path, tmp_path: Path) -> None:
    """Invariant: another design, seed or way of drawing parameters is another run."""
    options = {"truth_patients": PATIENTS, "worlds": ("no_difference",), "folder": tmp_path}
    simulated_trial(design, 1, **options)  # type: ignore[arg-type]

    stamp = stamp_of(tmp_path / "no_difference")
    assert stamp is not None
    assert {"design digest", "world", "seed", "executor", "values", "version of scipy"} <= set(stamp)
    other = small_design.write(tmp_path, ketamine=8)
    with pytest.raises(InputError, match="design digest is"):
        simulated_trial(other, 1, resume=True, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="seed is 1 there and 2 here"):
        simulated_trial(design, 1, resume=True, seed=2, **options)  # type: ignore[arg-type]


def test_designs_come_by_name_path_or_as_they_are(design: Path) -> None:
    """Invariant: an example by name is the same as its file; what is neither is refused with the names."""
    assert the_design("two_arm").name == the_design(the_design("two_arm")).name
    assert the_design(str(design)) == the_design(design)
    with pytest.raises(InputError, match=r"design: 'nothing': is no file and no example; examples: .*two_arm"):
        the_design("nothing")


def test_no_world_is_refused(design: Path) -> None:
    """Invariant."""
    with pytest.raises(InputError, match="world"):
        simulated_trial(design, 1, worlds=())
    with pytest.raises(InputError, match="world: 'elsewhere'"):
        simulated_trial(design, 1, worlds=("elsewhere",))


@pytest.mark.parametrize(("patients", "sizes"), [(24, (16, 8)), (33, (22, 11)), (300, (200, 100))])
def test_a_design_grows_in_its_proportions(patients: int, sizes: tuple[int, int], design: Path) -> None:
    """Closed form: two to one, by patients of the arms and by allocation."""
    plan = the_design(design)
    assert arm_sizes(resized(plan, patients)) == sizes

    allocated = the_design("three_doses")
    if allocated.allocation is not None:
        ratio = allocated.allocation.ratio
        assert arm_sizes(resized(allocated, 12 * sum(ratio))) == tuple(12 * part for part in ratio)


def test_a_number_that_does_not_divide_is_refused(design: Path) -> None:
    """Invariant: the line says which number would."""
    with pytest.raises(InputError, match="patients: 25: must be a multiple of 3; try 27"):
        resized(the_design(design), 25)


def test_later_replicates_are_later() -> None:
    """Closed form."""
    assert Later(lambda number: {"number": number}, 40)(2) == {"number": 42}


def test_the_size_of_a_design_is_searched_and_kept(design: Path, tmp_path: Path) -> None:
    """Invariant: sizes keep the proportions; a search that is continued gives the same without simulating again."""
    told: list[tuple[int, int]] = []

    def search(resume: bool) -> SampleSize:
        return required_size(
            design, 0.6, replicates=60, batch=20, folder=tmp_path, resume=resume, told=lambda *one: told.append(one)
        )

    found = search(False)
    assert [size for size, _ in told if size % 3] == []
    assert sum(count for _, count in told) == 60

    assert search(True) == found
