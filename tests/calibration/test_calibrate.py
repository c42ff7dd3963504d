"""Fits one by one and side by side: planned, kept, resumed, shipped or refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reprieve.calibration import calibrate
from reprieve.calibration.calibrate import Effort, check_installed, effort_of, fit_problem, made_from, plan
from reprieve.calibration.running import Task, side_by_side
from reprieve.calibration.shipping import add, ship
from reprieve.calibration.store import Key, read, shipped, write
from reprieve.core.errors import InputError, NumericsError, UnsupportedError
from tests.calibration.toys import header, mean_of_five, put, schools

Told = Callable[[int], None]

CHAIN, COMPARATOR, ACUTE = Key("efficacy", "chain"), Key("efficacy", "comparator"), Key("tolerability")
SHORT = Effort(chains=2, warmup=50, draws=50)


def test_the_plan_holds_out_every_trial_that_is_replayed() -> None:
    """Invariant: three whole fits, and three without each trial."""
    keys = plan("all")

    assert keys[:3] == (CHAIN, COMPARATOR, ACUTE)
    assert len(keys) == len(set(keys)) == 3 * (1 + len(calibrate.HELD_OUT))
    assert plan("none") == keys[:3]
    assert {key.held_out for key in plan("feder2021")} == {"", "feder2021"}
    with pytest.raises(InputError, match="held-out: 'feder1914'"):
        plan("feder1914")


def test_a_quick_fit_is_shorter_than_any_other() -> None:
    """Invariant: the effort follows the kind of fit."""
    without = Key("efficacy", "chain", "feder2014")

    sizes = [effort_of(key, quick).iterations for key, quick in ((CHAIN, True), (without, False), (CHAIN, False))]
    assert sizes == sorted(set(sizes))


def test_a_finished_fit_is_kept(tmp_path: Path) -> None:
    """Invariant: asked for again, nothing is sampled and nothing is written."""
    first = fit_problem(CHAIN, mean_of_five(), SHORT, 1, tmp_path)
    digest = read(CHAIN, tmp_path).digest
    again = fit_problem(CHAIN, mean_of_five(), SHORT, 1, tmp_path)

    assert (first.kept, again.kept) == (False, True)
    assert read(CHAIN, tmp_path).digest == digest


def test_whatever_decides_a_fit_makes_it_another() -> None:
    """Invariant: model, data, priors, effort, seed and the fit's own name."""
    problem = mean_of_five()
    wider = replace(problem.priors[0], spread=3.0)

    made = {
        made_from(CHAIN, problem, SHORT, 1),
        made_from(CHAIN, mean_of_five(error_sd=1.1), SHORT, 1),
        made_from(CHAIN, replace(problem, inputs={"rows": ["new"]}), SHORT, 1),
        made_from(CHAIN, replace(problem, priors=(wider,)), SHORT, 1),
        made_from(CHAIN, problem, replace(SHORT, draws=51), 1),
        made_from(CHAIN, problem, SHORT, 2),
        made_from(COMPARATOR, problem, SHORT, 1),
    }
    assert len(made) == 7
    assert made_from(CHAIN, mean_of_five(), SHORT, 1) in made


def test_the_header_says_what_was_fitted_and_how(tmp_path: Path) -> None:
    """Invariant: data rows, priors, seed, versions, diagnostics and summaries of the whole run."""
    outcome = fit_problem(CHAIN, replace(mean_of_five(), inputs={"rows": ["a"], "studies": ["x"]}), SHORT, 4, tmp_path)

    held = read(CHAIN, tmp_path).header
    assert (held["rows"], held["studies"], held["seed"]) == (["a"], ["x"], 4)
    assert {"numpyro", "jax", "reprieve"} <= set(held["versions"])
    assert set(held["summary"]) == set(held["shrinkage"]) == {"mean"}
    # 100 draws cannot have an effective size above 400: the fit is written, and marked.
    assert not outcome.ok
    assert held["diagnostics"]["failures"] == list(outcome.failures)


def test_a_prior_outside_the_model_is_reported_and_not_handed_on(tmp_path: Path) -> None:
    """Invariant: draws hold what the model knows, the summary everything with a prior."""
    fit_problem(CHAIN, replace(schools(), kept=("mu",)), SHORT, 1, tmp_path)

    found = read(CHAIN, tmp_path)
    assert list(found.draws) == ["mu"]
    assert set(found.header["summary"]) == set(found.header["shrinkage"]) == {"mu", "tau"}


def test_only_fits_that_kept_their_limits_are_shipped(tmp_path: Path) -> None:
    """Invariant: a failed fit is refused by name, unless told so."""
    put(tmp_path / "run")
    failed = header(("nondrug_belief",))
    failed["diagnostics"] = {**failed["diagnostics"], "ok": False}
    write(COMPARATOR, failed, {"nondrug_belief": np.ones(3)}, tmp_path / "run")
    keys, target = (CHAIN, COMPARATOR, ACUTE), tmp_path / "target"

    with pytest.raises(NumericsError, match="efficacy-comparator"):
        ship(keys, tmp_path / "run", target=target)
    assert shipped(target) == []

    assert ship(keys, tmp_path / "run", accept_failed=True, target=target) == [str(key) for key in keys]
    assert shipped(target) == sorted(str(key) for key in keys)


def test_shipping_takes_away_what_is_no_longer_part_of_it(tmp_path: Path) -> None:
    """Invariant: the shipped folder holds one run, whole and unchanged."""
    run, target = put(tmp_path / "run"), put(tmp_path / "target", "feder2014")

    ship((CHAIN, COMPARATOR, ACUTE), run, target=target)

    assert shipped(target) == sorted(str(key) for key in (CHAIN, COMPARATOR, ACUTE))
    assert read(CHAIN, target).digest == read(CHAIN, run).digest


def test_ranks_are_added_without_touching_the_draws(tmp_path: Path) -> None:
    """Invariant: a header that gains an entry keeps everything else."""
    before = read(CHAIN, put(tmp_path))

    add(CHAIN, "sbc", {"replicates": 8}, tmp_path)

    after = read(CHAIN, tmp_path)
    assert after.header["sbc"] == {"replicates": 8}
    assert after.header["draws_sha256"] == before.header["draws_sha256"]
    assert {k: v for k, v in after.header.items() if k not in ("sbc", "digest")} == {
        k: v for k, v in before.header.items() if k != "digest"
    }


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant: no traceback about a module."""
    monkeypatch.setattr(calibrate, "find_spec", lambda name: None if name == "numpyro" else object())

    with pytest.raises(UnsupportedError, match=r"needs numpyro; install it with `pip install 'reprieve\[calibrate\]'`"):
        check_installed()


# Work for other processes: they find it by name, so it stands at the top of a module.


def square(number: int, told: Told) -> int:
    told(1)
    told(2)
    return number**2


def refuse(field: str, told: Told) -> int:
    raise InputError(field, 1, "must be something else")


def crash(told: Told) -> int:
    os._exit(3)


def stumble(told: Told) -> int:
    return 1 // 0


def endless(path: str, told: Told) -> int:
    Path(path).write_text(str(os.getpid()))
    told(1)
    while True:
        signal.pause()


def test_tasks_run_side_by_side_and_tell_their_progress() -> None:
    """Invariant: every result once, every sign of life with the name of its task."""
    told: list[tuple[str, int]] = []
    tasks = [Task(str(number), square, (number,), 3) for number in range(3)]

    found = sorted(side_by_side(tasks, 2, lambda name, done: told.append((name, done))))

    assert found == [0, 1, 4]
    assert sorted(told) == [(name, done) for name in "012" for done in (1, 2)]


@pytest.mark.parametrize(
    ("work", "kind", "part"),
    [
        (Task("bad", refuse, ("dose",), 1), InputError, "dose: 1: must be something else"),
        (Task("dead", crash, (), 1), NumericsError, "dead: the process ended"),
        (Task("slip", stumble, (), 1), NumericsError, "slip: ZeroDivisionError"),
    ],
)
def test_what_goes_wrong_in_a_process_ends_in_one_line(work: Task, kind: type[Exception], part: str) -> None:
    """Invariant: an error crosses the border between processes, and so does a death."""
    with pytest.raises(kind, match=part):
        list(side_by_side([work], 1))


def test_an_interruption_ends_the_fits_under_way(tmp_path: Path) -> None:
    """Invariant: no process is left behind."""
    path = tmp_path / "pid"

    def interrupt(name: str, done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(side_by_side([Task("endless", endless, (str(path),), 1)], 1, interrupt))

    with pytest.raises(ProcessLookupError):
        os.kill(int(path.read_text()), 0)


def test_no_workers_are_refused() -> None:
    """Invariant: one line names the field."""
    with pytest.raises(InputError, match="workers: 0"):
        list(side_by_side([], 0))
