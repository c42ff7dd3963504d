"""Simulation-based calibration: is the sampler right for this model, whatever the data?

Parameters are drawn from the prior, data from the model, and the model is fitted to them. The rank of each true value
among the draws of its fit is uniform if all is well. Ranks are tested by chi-square in eight classes; with the limit
split over the parameters, a run in which all is well is flagged once in a hundred.

Each chain starts at the true values, which are a draw from the posterior: warm-up only has to forget them. What the
likelihood holds beside named data (`numpyro.factor`) cannot be simulated and is left out of data and fits alike.

Source: talts2018.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.calibration.problem import Problem
from reprieve.core.errors import InputError

CLASSES = 8
DRAWS = 63  # draws per fit that are ranked: 64 possible ranks, eight to a class
THIN = 4  # iterations between two of them
WARMUP = 200
TARGET_ACCEPT = 0.9
FALSE_ALARM = 0.01  # of a whole run, over all its parameters


@dataclass(frozen=True)
class Ranks:
    """Ranks of the true values: name -> (replicate,), each 0 to `draws`. `divergences` over all fits."""

    ranks: Mapping[str, NDArray[np.int64]]
    draws: int
    divergences: int
    left_out: tuple[str, ...] = ()

    @property
    def replicates(self) -> int:
        """Return the number of simulated data sets."""
        return len(next(iter(self.ranks.values())))

    def joined(self, other: Ranks) -> Ranks:
        """Return these ranks and those of further data sets."""
        both = {name: np.concatenate([held, other.ranks[name]]) for name, held in self.ranks.items()}
        return Ranks(both, self.draws, self.divergences + other.divergences, self.left_out)

    def p_values(self) -> dict[str, float]:
        """Return for each parameter the p value of uniform ranks."""
        return {name: uniform_p(held, self.draws) for name, held in self.ranks.items()}

    def flagged(self) -> list[str]:
        """Return the parameters whose ranks are not uniform, at the stated false-alarm rate."""
        limit = FALSE_ALARM / len(self.ranks)
        return [name for name, p in self.p_values().items() if p < limit]

    def to_json(self) -> dict[str, Any]:
        """Return the ranks and what they say, as a header holds them."""
        return {
            "replicates": self.replicates,
            "draws": self.draws,
            "divergences": self.divergences,
            "false_alarm": FALSE_ALARM,
            "flagged": self.flagged(),
            "left_out": list(self.left_out),
            "p": self.p_values(),
            "ranks": {name: held.tolist() for name, held in self.ranks.items()},
        }


def uniform_p(ranks: NDArray[np.int64], draws: int) -> float:
    """Return the chi-square p value of ranks 0 to `draws` in equal classes.

    Raises `InputError` if the ranks do not split into classes of one size.
    """
    from scipy.special import chdtrc

    if (draws + 1) % CLASSES:
        raise InputError("draws", draws, f"must be one less than a multiple of {CLASSES}")
    counts = np.bincount(ranks * CLASSES // (draws + 1), minlength=CLASSES)
    expected = len(ranks) / CLASSES
    return float(chdtrc(CLASSES - 1, float(((counts - expected) ** 2).sum() / expected)))


def ranks(
    problem: Problem,
    replicates: int,
    *,
    seed: int = 1,
    first: int = 0,
    names: tuple[str, ...] = (),
    fitted: Problem | None = None,
    told: Callable[[int], None] | None = None,
) -> Ranks:
    """Return the ranks of the true values over data sets `first` to `first + replicates - 1` drawn from the model.

    `names` are the parameters to rank, all kept ones when left out. `fitted` is the model that is fitted, if another
    than the one that simulates. `told` is told replicates done. Data set i of a seed is always the same.

    Raises `InputError` for no replicates, or a model without data that can be simulated.
    """
    if replicates < 1:
        raise InputError("sbc", replicates, "must be at least 1")
    import jax

    from reprieve.calibration.engine import Engine, key_of, take
    from reprieve.calibration.generate import Generator

    kept = names or problem.kept
    source = Generator(problem.model, kept)
    target = source if fitted is None else Generator(fitted.model, kept)
    engine: Engine | None = None
    root = key_of(seed, f"sbc:{problem.name}:{problem.held_out}")
    found: dict[str, list[int]] = {name: [] for name in kept}
    divergences = 0
    for number in range(first, first + replicates):
        keys = jax.random.split(jax.random.fold_in(root, number), 2)
        truth, latents, data = source.draw(keys[0])
        engine = engine or Engine(target.given, kept, WARMUP, TARGET_ACCEPT, (data,))
        run = engine.chain(engine.at(latents, (data,)), keys[1], DRAWS * THIN, (data,))
        divergences += int(np.sum(run["diverging"]))
        values = engine.values(take(run["z"], slice(THIN - 1, None, THIN)), (data,))
        for name in kept:
            found[name].append(int(np.sum(values[name] < float(truth[name]))))
        if told is not None:
            told(1)
    arrays = {name: np.array(held, dtype=np.int64) for name, held in found.items()}
    return Ranks(arrays, DRAWS, divergences, source.left_out)
