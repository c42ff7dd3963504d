"""Every fit of the calibration: which there are, one at a time, and all of them side by side in processes.

A finished fit lies in a folder with the digest of what it was made from; asked for again, it is kept. Each fit runs in
a process of its own, so a crash or an interruption loses the fits under way and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from reprieve.calibration.store import FORECASTERS, Key, read_header, write
from reprieve.core.errors import InputError, UnsupportedError
from reprieve.core.results import digest, versions

if TYPE_CHECKING:
    from pathlib import Path

    from reprieve.calibration.problem import Problem

VERSION = "2026.1"  # of the shipped posterior: raised when model, data or priors of the fits change
# The trials that are predicted from a posterior that never saw them.
HELD_OUT = ("feder2014", "feder2021", "abdallah2022", "duek2023", "dadabayev2020")
KEPT_DRAWS = 400
_EXTRA = ("jax", "numpyro", "arviz_stats")

type Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a fit runs: chains, and iterations of each before and after the draws count.

    `dense` learns correlations in warm-up, which halves the steps later on but takes about 400 iterations to learn.
    """

    chains: int
    warmup: int
    draws: int
    target_accept: float = 0.9
    dense: bool = True

    @property
    def iterations(self) -> int:
        """Return the iterations of all chains together."""
        return self.chains * (self.warmup + self.draws)


# The whole fits are shipped for use and run longest; those without one trial serve its prediction alone.
FULL = Effort(chains=4, warmup=1000, draws=1000)
WITHOUT = Effort(chains=2, warmup=500, draws=1600)
QUICK = Effort(chains=2, warmup=200, draws=200, dense=False)


def effort_of(key: Key, quick: bool = False) -> Effort:
    """Return how long a fit runs."""
    if quick:
        return QUICK
    return WITHOUT if key.held_out else FULL


@dataclass(frozen=True, slots=True)
class Outcome:
    """One fit, done: `kept` says that it was there already, `needed` is False where the study gave the fit nothing."""

    key: Key
    ok: bool
    failures: tuple[str, ...]
    seconds: float
    kept: bool
    needed: bool = True


def check_installed() -> None:
    """Raise `UnsupportedError`, one line that says what to install, if the extra `calibrate` is missing."""
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        rule = f"needs {', '.join(missing)}"
        raise UnsupportedError(
            "calibrate", "not installed", rule, "install it with `pip install 'reprieve[calibrate]'`"
        )


def plan(held_out: str = "all") -> tuple[Key, ...]:
    """Return the fits to run: the whole ones, and those without `held_out`: a study, all, or none.

    Raises `InputError` for another word.
    """
    if held_out not in ("all", "none", *HELD_OUT):
        raise InputError("held-out", held_out, f"must be all, none or one of {', '.join(HELD_OUT)}")
    studies = {"all": HELD_OUT, "none": ()}.get(held_out, (held_out,))
    return tuple(key for study in ("", *studies) for key in _of(study))


def _of(study: str) -> tuple[Key, ...]:
    return (*(Key("efficacy", forecaster, study) for forecaster in FORECASTERS), Key("tolerability", "", study))


def problem_of(key: Key) -> Problem:
    """Return the problem behind a fit. Raises `UnsupportedError` without the extra, `InputError` for an unknown fit."""
    check_installed()
    if key.what == "efficacy":
        from reprieve.calibration.efficacy import efficacy

        return efficacy(key.forecaster, key.held_out)
    if key.what == "tolerability":
        from reprieve.calibration.tolerability import tolerability

        return tolerability(key.held_out)
    raise InputError("fit", key.what, "must be efficacy or tolerability")


def fit(key: Key, effort: Effort, seed: int, place: Path, told: Told | None = None) -> Outcome:
    """Run one fit in this process and write it into `place`; a finished one made from the same is kept.

    A fit whose diagnostics miss a limit is written too, marked as failed: see `Outcome.failures`.
    """
    problem = problem_of(key)
    if _not_needed(key, problem):
        return Outcome(key, ok=True, failures=(), seconds=0, kept=False, needed=False)
    return fit_problem(key, problem, effort, seed, place, told)


def fit_problem(
    key: Key, problem: Problem, effort: Effort, seed: int, place: Path, told: Told | None = None
) -> Outcome:
    """Do as `fit`, for any problem under any name."""
    origin = made_from(key, problem, effort, seed)
    held = read_header(key, place)
    if held is not None and held["made_from"] == origin:
        found = held["diagnostics"]
        return Outcome(key, found["ok"], tuple(found["failures"]), held["seconds"], kept=True)
    return _run(key, problem, effort, seed, place, told, origin)


def made_from(key: Key, problem: Problem, effort: Effort, seed: int) -> str:
    """Return the digest of everything that decides what a fit gives; of the model, its density at one point."""
    from reprieve.calibration.engine import fingerprint

    return digest(
        {
            "fit": str(key),
            "version": VERSION,
            "inputs": problem.inputs,
            "priors": [asdict(prior) for prior in problem.priors],
            "kept": problem.kept,
            "density": fingerprint(problem.model),
            "effort": asdict(effort),
            "seed": seed,
            "software": software(),
        }
    )


def _run(key: Key, problem: Problem, effort: Effort, seed: int, place: Path, told: Told | None, origin: str) -> Outcome:
    from reprieve.calibration.diagnostics import judge, summary
    from reprieve.calibration.sampling import sample
    from reprieve.calibration.sensitivity import sensitivity, shrinkage

    # What has a prior and is no part of the model is judged and reported, but not handed to the model.
    own = tuple(prior.name for prior in problem.priors if prior.name not in problem.kept)
    run = sample(
        replace(problem, kept=(*problem.kept, *own)),
        chains=effort.chains,
        warmup=effort.warmup,
        draws=effort.draws,
        seed=seed,
        target_accept=effort.target_accept,
        dense=effort.dense,
        progress=told,
    )
    verdict = judge(run)
    header = {
        "version": VERSION,
        **_data(problem),
        "priors": [asdict(prior) for prior in problem.priors],
        "neutral": _neutral(problem),
        "seed": seed,
        "effort": asdict(effort),
        "versions": software(),
        "made_from": origin,
        "inputs_digest": digest(problem.inputs),
        "diagnostics": verdict.to_json(),
        "summary": {name: summary(draws) for name, draws in run.draws.items()},
        "shrinkage": shrinkage(run.draws, problem.priors),
        "sensitivity": sensitivity(run.draws, problem.priors),
        "seconds": round(run.seconds, 1),
    }
    thinned = run.thinned(KEPT_DRAWS)
    write(key, header, {name: thinned[name] for name in problem.kept}, place)
    return Outcome(key, verdict.ok, verdict.failures, run.seconds, kept=False)


def _neutral(problem: Problem) -> dict[str, float]:
    """Fixed quantities that were set by hand with the held-out study in view, at the value that stands in for them."""
    held: Mapping[str, Any] = problem.inputs if isinstance(problem.inputs, Mapping) else {}
    return {str(name): float(value) for name, value in held.get("neutral", ())}


def _data(problem: Problem) -> dict[str, list[str]]:
    """Rows and studies of the fit, as its inputs name them; a pooled row may contain several studies."""
    held: Mapping[str, Any] = problem.inputs if isinstance(problem.inputs, Mapping) else {}
    rows = list(held.get("rows", ()))
    studies = {str(study) for study in held.get("studies", ())}
    for row in rows:
        if not isinstance(row, str):
            studies |= {row.study, *getattr(row, "may_include", ())}
    of_priors = {study for prior in problem.priors for study in prior.studies}
    names = dict.fromkeys(row if isinstance(row, str) else _row_name(row) for row in rows)
    return {"rows": list(names), "studies": sorted(studies), "studies_of_priors": sorted(of_priors)}


def _row_name(row: Any) -> str:
    given = getattr(row, "row_id", "") or getattr(row, "evidence_row", "")
    parts = (getattr(row, name, None) for name in ("study", "arm", "kind", "minute", "infusions"))
    return str(given or " ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in parts if part))


def _not_needed(key: Key, problem: Problem) -> bool:
    """Whether a tolerability fit holds out a study that gives it nothing: the whole fit serves."""
    if key.what != "tolerability" or not key.held_out:
        return False
    whole = problem_of(Key(key.what))
    return digest(whole.inputs) == digest(problem.inputs) and whole.priors == problem.priors


@cache
def _software() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import version

    return tuple((name, version(name)) for name in ("jax", "jaxlib", "numpyro", "arviz-stats"))


def software() -> dict[str, str]:
    """Return the versions that a fit depends on."""
    return {**versions(), **dict(_software())}
