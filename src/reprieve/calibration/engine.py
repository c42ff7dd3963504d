"""The No-U-Turn sampler of NumPyro, compiled once per model and run block by block, so that it can tell its progress.

One program serves warm-up and draws, every chain, and every data set of the same shape. Double precision throughout.

Source: hoffman2014 (the sampler), phan2019 (NumPyro).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpy.typing import NDArray
from numpyro.handlers import seed, trace
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo, initialize_model, unconstrain_fn

from reprieve.core.errors import NumericsError

type Array = NDArray[np.float64]

BLOCK = 50  # iterations between two signs of life
_ATTEMPTS, _RADIUS = 100, 2.0
# Doublings of a trajectory in warm-up, when steps are still far too small, and after it (NumPyro's own limit).
_DEPTH = (6, 10)


class Engine:
    """A model ready to be sampled. `model` takes the positional arguments that each call hands over as `args`.

    `kept` names scalar sites or deterministics; `dense` adapts to correlations between parameters as well.
    """

    def __init__(
        self,
        model: Callable[..., None],
        kept: Sequence[str],
        warmup: int,
        target_accept: float,
        args: tuple[Any, ...] = (),
        dense: bool = True,
    ) -> None:
        """Trace the model once with `args`; compiled is what is called."""
        numpyro.enable_x64()
        self._model, self._kept = model, tuple(kept)
        self._settings = {
            "num_warmup": warmup,
            "target_accept_prob": target_accept,
            "dense_mass": dense,
            "max_tree_depth": _DEPTH,
        }
        self._warmup = warmup
        self._info: Any = _information(model, args)
        self._init, step = hmc(potential_fn_gen=self._info.potential_fn, algo="NUTS")
        self._block = jax.jit(_block(step))
        self._values = jax.jit(self._kept_values)
        self._energy = jax.jit(self._start_at)
        self._unconstrain = jax.jit(lambda latents, args: unconstrain_fn(model, args, {}, latents))

    def start(self, key: Any, args: tuple[Any, ...] = ()) -> Any:
        """Return a random starting point: uniform from -2 to 2 on the unconstrained scale.

        Raises `NumericsError` if a hundred of them have no finite log density and slope.
        """
        like = self._info.param_info.z
        for attempt in jax.random.split(key, _ATTEMPTS):
            keys = jax.random.split(attempt, len(like))
            z = {
                name: jax.random.uniform(one, jnp.shape(like[name]), minval=-_RADIUS, maxval=_RADIUS)
                for name, one in zip(sorted(like), keys, strict=True)
            }
            found = self._energy(z, args)
            if all(bool(jnp.isfinite(part).all()) for part in jax.tree.leaves(found)):
                return found
        raise NumericsError(f"no starting point with a finite density in {_ATTEMPTS} attempts")

    def at(self, latents: dict[str, Any], args: tuple[Any, ...] = ()) -> Any:
        """Return the starting point at given values of the latent sites."""
        return self._energy(self._unconstrain(latents, args), args)

    def _start_at(self, z: Any, args: tuple[Any, ...]) -> Any:
        energy, slope = jax.value_and_grad(self._info.potential_fn(*args))(z)
        return ParamInfo(z, energy, slope)

    def chain(
        self, start: Any, key: Any, draws: int, args: tuple[Any, ...] = (), told: Callable[[int], None] | None = None
    ) -> dict[str, Any]:
        """Run one chain from one starting point.

        Returns `z` (unconstrained draws), `diverging` (d,), `steps` (d,) after warm-up; `told` hears iterations done.
        """
        state = self._init(start, model_args=args, rng_key=key, **self._settings)
        total, records = self._warmup + draws, []
        for done in range(0, total, BLOCK):
            state, record = self._block(state, args)
            records.append(jax.block_until_ready(record))
            if told is not None:
                told(min(BLOCK, total - done))
        after = slice(self._warmup, total)  # the last block may run a little long
        return dict(jax.tree.map(lambda *parts: jnp.concatenate(parts)[after], *records))

    def values(self, z: Any, args: tuple[Any, ...] = ()) -> dict[str, Array]:
        """Return the kept names for unconstrained draws: name -> (d,).

        Raises `NumericsError` for a name to which the model gives no single number.
        """
        found = {name: np.asarray(value, dtype=np.float64) for name, value in self._values(z, args).items()}
        wrong = [name for name in self._kept if name not in found or found[name].ndim != 1]
        if wrong:
            raise NumericsError(f"the model gives no single number for {', '.join(wrong)}")
        return {name: found[name] for name in self._kept}

    def _kept_values(self, z: Any, args: tuple[Any, ...]) -> dict[str, Any]:
        finish = self._info.postprocess_fn(*args)

        def one(point: Any) -> dict[str, Any]:
            whole = finish(point)
            return {name: whole[name] for name in self._kept if name in whole}

        return dict(jax.lax.map(one, z))


def _information(model: Callable[..., None], args: tuple[Any, ...]) -> Any:
    """What NumPyro knows of a model: its unconstrained sites, log density and the way back."""
    try:
        return initialize_model(key_of(0, "shapes"), model, dynamic_args=True, model_args=args, validate_grad=False)
    except RuntimeError:  # what NumPyro raises when it finds no point to start from
        raise NumericsError("no starting point with a finite density: check data and priors") from None


def _block(step: Callable[..., Any]) -> Callable[..., Any]:
    def run(state: Any, args: tuple[Any, ...]) -> Any:
        def one(held: Any, _: None) -> Any:
            new = step(held, args, {})
            return new, {"z": new.z, "diverging": new.diverging, "steps": new.num_steps}

        return jax.lax.scan(one, state, None, length=BLOCK)

    return run


def key_of(number: int, name: str) -> Any:
    """Return the random key of a run: the same for a seed `number` and a name, different for every name."""
    from hashlib import sha256

    word = int.from_bytes(sha256(f"{number}:{name}".encode()).digest()[:4], "little")
    return jax.random.key(word)


def take(batch: Any, place: int | slice) -> Any:
    """Return one element, or some, of a batch of points."""
    return jax.tree.map(lambda held: held[place], batch)


def fingerprint(model: Callable[[], None]) -> str:
    """Return the log density of a model at a fixed draw from its prior, to ten digits: it moves with model and data."""
    numpyro.enable_x64()

    def density(key: Any) -> Any:
        sites = trace(seed(model, key)).get_trace().values()
        return sum(jnp.sum(site["fn"].log_prob(site["value"])) for site in sites if site["type"] == "sample")

    return f"{float(jax.jit(density)(key_of(0, 'fingerprint'))):.10g}"
