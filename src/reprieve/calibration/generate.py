"""A NumPyro model turned round: draws of its parameters and data, and the same model given other data.

Data are the sites that the model observes. Observations without data of their own (`numpyro.factor`) are masked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpyro
from numpyro.distributions import Unit
from numpyro.handlers import block, condition, seed, trace, uncondition

from reprieve.core.errors import InputError


class Generator:
    """Draws from a model without arguments; `kept` names scalar sites or deterministics."""

    def __init__(self, model: Callable[[], None], kept: Sequence[str]) -> None:
        """Look at the model once. Raises `InputError` if it observes nothing that can be simulated."""
        numpyro.enable_x64()
        self._model, self._kept = model, tuple(kept)
        sites = trace(seed(model, jax.random.key(0))).get_trace()
        observed = {name: site for name, site in sites.items() if site["type"] == "sample" and site["is_observed"]}
        self.left_out = tuple(name for name, site in observed.items() if isinstance(site["fn"], Unit))
        self.data = tuple(name for name in observed if name not in self.left_out)
        if not self.data:
            raise InputError("model", sorted(sites), "observes nothing that can be simulated")
        self._draw = jax.jit(self._one)

    def draw(self, key: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Return one draw from prior and model: kept values, latent sites, data."""
        return self._draw(key)  # type: ignore[no-any-return]

    def given(self, data: dict[str, Any]) -> None:
        """Run the model on other data."""
        condition(self._without_factors, data=data)()

    def _without_factors(self) -> None:
        block(self._model, hide=list(self.left_out))() if self.left_out else self._model()

    def _one(self, key: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        sites = trace(seed(uncondition(self._without_factors), key)).get_trace()
        latents = {
            name: site["value"]
            for name, site in sites.items()
            if site["type"] == "sample" and name not in self.data and name not in self.left_out
        }
        return (
            {name: sites[name]["value"] for name in self._kept},
            latents,
            {name: sites[name]["value"] for name in self.data},
        )
