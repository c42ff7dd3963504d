"""Bounds of a group-sequential trial: at which Z a look stops it, for efficacy or for futility.

    obrien_fleming             Z_k >= c / sqrt(t_k)      c so that the whole error is alpha
    pocock                     Z_k >= c
    lan_demets_...             Z_k >= c_k                c_k so that the error spent by t_k is f(t_k)
    none                       only the last look can reject

Positive Z favours the active arm. A two-sided test rejects at Z <= -c_k too; with futility bounds the trial ends there
instead, and the upper bound holds alpha / 2. Non-binding futility leaves the efficacy bounds as they are without it.

Source: obrien1979, pocock1977, lan1983, jennison2000; how each was seen stands in `validation/trials/README.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from reprieve.core.errors import InputError
from reprieve.trials.sequential.looks import error_level, futility_bounds, information_fractions, one_of
from reprieve.trials.sequential.spending import SPENDING
from reprieve.trials.sequential.walk import Move, Walk, drifting, exits, start

type Array = NDArray[np.float64]
type Shape = Literal["obrien_fleming", "pocock", "lan_demets_obrien_fleming", "lan_demets_pocock", "none"]

SHAPES: tuple[Shape, ...] = ("obrien_fleming", "pocock", "lan_demets_obrien_fleming", "lan_demets_pocock", "none")
_LARGEST_Z = 38.0  # its tail is the smallest normal number
_CLOSE = 1e-13


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds at each look, (looks,): information fractions up to 1, Z for efficacy and for futility (-inf: none).

    `spent` is the error used up to each look under no difference, both sides of a two-sided test together.
    The last look has no futility bound: what does not reject there ends without an effect.
    """

    information: Array
    efficacy: Array
    futility: Array
    spent: Array
    alpha: float
    sides: int
    shape: Shape
    binding: bool

    @property
    def looks(self) -> int:
        """The number of looks, the last one included."""
        return len(self.information)

    def low(self, futility: bool) -> Array:
        """Z below which a look ends the trial: at its futility bound if that is heeded, else at harm or nowhere."""
        if futility and np.any(self.futility > -inf):
            return self.futility
        return -self.efficacy if self.sides == 2 else np.full(self.looks, -inf)


def bounds(
    looks: int | Sequence[float],
    alpha: float = 0.05,
    shape: str = "lan_demets_obrien_fleming",
    sides: int = 2,
    *,
    futility_z: float | Sequence[float] | None = None,
    binding: bool = False,
) -> Bounds:
    """Return the bounds of a trial that looks at information fractions `looks` (rising, the last 1), or equally often.

    `futility_z`: stop at an interim look when Z is below it, one number for all interim looks or one for each.
    `binding`: the efficacy bounds are lowered for it, and the error holds only if it is always obeyed.

    >>> [round(float(z), 3) for z in bounds(2, shape="pocock").efficacy]
    [2.178, 2.178]

    Raises `InputError` naming `looks`, `alpha`, `shape`, `sides`, `futility_z` or `binding`.
    """
    information = information_fractions(looks)
    chosen = one_of("shape", shape, SHAPES)
    error_level(alpha)
    one_of("sides", sides, (1, 2))
    futility = futility_bounds(futility_z, len(information), binding)
    heeded = binding and bool(np.any(futility > -inf))
    task = _Task(information, futility, alpha, sides, heeded)
    efficacy = task.solve(chosen)
    if np.any(futility >= efficacy):
        look = int(np.argmax(futility >= efficacy))
        rule = f"reaches the efficacy bound of look {look + 1}, {efficacy[look]:.4g}"
        raise InputError("futility_z", float(futility[look]), rule, "give a lower one: a look stops for one reason")
    spent = np.cumsum(task.crossed(efficacy)) * (1 if heeded else sides)
    return Bounds(information, efficacy, futility, spent, alpha, sides, chosen, binding)


@dataclass(frozen=True, slots=True)
class _Task:
    """What the efficacy bounds are solved from. All errors here are those of the upper side."""

    information: Array
    futility: Array
    alpha: float
    sides: int
    heeded: bool

    @property
    def level(self) -> float:
        return self.alpha / self.sides

    @property
    def moves(self) -> list[Move]:
        before = [0.0, *self.information[:-1]]
        return [drifting(a, b, 0.0) for a, b in zip(before, self.information, strict=True)]

    def solve(self, shape: str) -> Array:
        if shape in SPENDING:
            return self._spending(shape)
        if shape == "none":
            return self._last_only()
        if shape == "pocock":
            return self._scaled(lambda c: np.full(len(self.information), c))
        return self._scaled(lambda c: c / np.sqrt(self.information))

    def _last_only(self) -> Array:
        before = np.full(len(self.information) - 1, inf)
        if self.heeded:
            return self._scaled(lambda c: np.append(before, c))
        return np.append(before, -ndtri(self.level))

    def crossed(self, efficacy: Array) -> Array:
        """Upper error at each look."""
        root = np.sqrt(self.information)
        return exits(start(), self.moves, self._low(efficacy) * root, efficacy * root)[1]

    def _low(self, efficacy: Array) -> Array:
        if self.heeded:
            return self.futility
        return -efficacy if self.sides == 2 else np.full(len(efficacy), -inf)

    def _scaled(self, at: Callable[[float], Array]) -> Array:
        def excess(c: float) -> float:
            return float(self.crossed(at(c)).sum()) - self.level

        return np.asarray(at(brentq(excess, 0.0, _LARGEST_Z, xtol=_CLOSE)))

    def _spending(self, shape: str) -> Array:
        spent = SPENDING[shape](self.information, self.level)
        walk, efficacy, moves = start(), np.full(len(spent), inf), self.moves
        for look, (move, amount) in enumerate(zip(moves, np.diff(spent, prepend=0.0), strict=True)):
            root = float(np.sqrt(self.information[look]))
            efficacy[look] = _crossing_z(walk, move, root, float(amount))
            if look + 1 < len(moves):
                low = float(self._low(efficacy)[look])
                walk = walk.between(move, low * root, efficacy[look] * root, moves[look + 1].sd)
        return efficacy


def _crossing_z(walk: Walk, move: Move, root: float, amount: float) -> float:
    """The Z that is reached now with probability `amount`."""

    def excess(z: float) -> float:
        return walk.above(move, z * root) - amount

    if excess(_LARGEST_Z) >= 0:
        return inf
    return float(brentq(excess, -_LARGEST_Z, _LARGEST_Z, xtol=_CLOSE))
