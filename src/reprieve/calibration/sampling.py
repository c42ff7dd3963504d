"""Draws from the posterior of a `Problem` by NUTS. Chains run one after the other; fits run side by side in processes.

Source: hoffman2014 (the sampler), phan2019 (NumPyro).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from reprieve.calibration.problem import Problem
from reprieve.core.errors import InputError

type Array = NDArray[np.float64]

CHAINS, WARMUP, DRAWS = 4, 1000, 1000
TARGET_ACCEPT = 0.9


@dataclass(frozen=True)
class Sampled:
    """What a run gave: `draws` maps each kept name to (chain, draw); `diverging` and `steps` are (chain, draw)."""

    name: str
    draws: Mapping[str, Array]
    diverging: NDArray[np.bool_]
    steps: NDArray[np.int64]
    warmup: int
    seed: int
    target_accept: float
    seconds: float

    @property
    def chains(self) -> int:
        """Return the number of chains."""
        return int(self.steps.shape[0])

    @property
    def size(self) -> int:
        """Return the number of draws of each chain."""
        return int(self.steps.shape[1])

    def thinned(self, count: int) -> dict[str, Array]:
        """Return about `count` draws, name -> (d,), equally spaced. The chains take turns: any first part is fair."""
        each = max(1, min(self.size, count // self.chains))
        places = np.linspace(0, self.size - 1, each).round().astype(int)
        return {name: values[:, places].T.reshape(-1) for name, values in self.draws.items()}


def sample(
    problem: Problem,
    *,
    chains: int = CHAINS,
    warmup: int = WARMUP,
    draws: int = DRAWS,
    seed: int = 1,
    target_accept: float = TARGET_ACCEPT,
    dense: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Sampled:
    """Sample a problem. The same seed gives the same draws on one machine.

    `progress` is told iterations done; there are `chains * (warmup + draws)` in all.

    Raises `InputError` for fewer than 2 chains or 4 draws (nothing could be said about convergence).
    """
    for field, number, least in (("chains", chains, 2), ("warmup", warmup, 1), ("draws", draws, 4)):
        if number < least:
            raise InputError(field, number, f"must be at least {least}")
    import jax

    from reprieve.calibration.engine import Engine, key_of

    begun = perf_counter()
    engine = Engine(problem.model, problem.kept, warmup, target_accept, dense=dense)
    keys = jax.random.split(key_of(seed, f"{problem.name}:{problem.held_out}"), 2 * chains)
    runs = [
        engine.chain(engine.start(keys[number]), keys[chains + number], draws, (), progress) for number in range(chains)
    ]
    values = [engine.values(run["z"]) for run in runs]
    return Sampled(
        name=problem.name,
        draws={name: np.stack([one[name] for one in values]) for name in problem.kept},
        diverging=np.stack([np.asarray(run["diverging"]) for run in runs]),
        steps=np.stack([np.asarray(run["steps"], dtype=np.int64) for run in runs]),
        warmup=warmup,
        seed=seed,
        target_accept=target_accept,
        seconds=perf_counter() - begun,
    )
