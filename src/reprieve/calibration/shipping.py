"""Simulation-based calibration of finished fits, and the way of a folder of fits into the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprieve.calibration.store import Key, folder, read, shipped, write
from reprieve.core.errors import InputError, NumericsError

if TYPE_CHECKING:
    from reprieve.calibration.sbc import Ranks

type Told = Callable[[int], None]

_OWN = ("schema", "what", "forecaster", "held_out", "names", "draws", "draws_sha256", "digest")


def rank(key: Key, first: int, replicates: int, seed: int, told: Told | None = None) -> tuple[Key, Ranks]:
    """Return the ranks of the parameters with a prior of one fit, for data sets from number `first` on."""
    from reprieve.calibration.calibrate import problem_of
    from reprieve.calibration.sbc import ranks

    problem = problem_of(key)
    main = tuple(prior.name for prior in problem.priors if prior.name in problem.kept)
    return key, ranks(problem, replicates, seed=seed, first=first, names=main, told=told)


def add(key: Key, name: str, content: Mapping[str, Any], place: Path) -> None:
    """Write one more entry into the header of a finished fit; its draws stay."""
    held = read(key, place)
    header = {one: value for one, value in held.header.items() if one not in _OWN}
    write(key, {**header, name: dict(content)}, held.draws, place)


def ship(keys: Sequence[Key], place: Path, accept_failed: bool = False, target: Path | None = None) -> list[str]:
    """Copy finished fits from `place` over the shipped posterior, or into `target`, and return their names.

    Fits that were shipped before and are not among `keys` are taken away.

    Raises `InputError` for a missing or changed fit, or a folder that cannot be written; `NumericsError` naming the
    fits whose diagnostics missed a limit, unless `accept_failed`.
    """
    goal = Path(str(folder())) if target is None else target
    fits = {key: read(key, place) for key in keys}
    failed = [str(key) for key, fit in fits.items() if not fit.header["diagnostics"]["ok"]]
    if failed and not accept_failed:
        raise NumericsError(f"not shipped: diagnostics missed a limit in {', '.join(failed)}; see --accept-failed")
    try:
        goal.mkdir(parents=True, exist_ok=True)
        for name in set(shipped(goal)) - {str(key) for key in keys}:
            for suffix in (".json", ".f4"):
                (goal / f"{name}{suffix}").unlink(missing_ok=True)
        for key in keys:
            for suffix in (".f4", ".json"):
                (goal / f"{key}{suffix}").write_bytes((place / f"{key}{suffix}").read_bytes())
    except OSError as error:
        raise InputError("ship", str(goal), f"cannot be written: {error.strerror}") from None
    return [str(key) for key in keys]
