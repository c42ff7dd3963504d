"""Blocks of correlated between-patient effects: names and a covariance on each name's own scale."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reprieve.core.errors import InputError
from reprieve.core.provenance import Quantity

_VARIANCE_TOLERANCE = 0.02  # printed standard deviations are rounded; the covariance is what counts

type Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Block:
    """Correlated between-patient effects. The diagonal holds each quantity's own variance."""

    names: tuple[str, ...]
    covariance: Matrix

    def cholesky(self) -> Matrix:
        """Return the lower Cholesky factor L, covariance = L L'. Raises `InputError` if there is none."""
        size = len(self.names)
        factor = [[0.0] * size for _ in range(size)]
        for i in range(size):
            for j in range(i + 1):
                rest = self.covariance[i][j] - sum(factor[i][k] * factor[j][k] for k in range(j))
                if i != j:
                    factor[i][j] = rest / factor[j][j]
                elif rest > 0:
                    factor[i][i] = math.sqrt(rest)
                else:
                    raise InputError("covariance", self.covariance, "must be positive definite")
        return tuple(tuple(row) for row in factor)

    def with_spreads(self, spreads: Mapping[str, float]) -> "Block":
        """Return the block with other standard deviations and the same correlations; names outside it are ignored."""
        factor = [
            spreads[name] / math.sqrt(self.covariance[i][i]) if name in spreads else 1.0
            for i, name in enumerate(self.names)
        ]
        if all(one == 1.0 for one in factor):
            return self
        rows = tuple(
            tuple(value * factor[i] * factor[j] for j, value in enumerate(row)) for i, row in enumerate(self.covariance)
        )
        return Block(self.names, rows)


def read_block(entry: object, quantities: Mapping[str, Quantity], where: str) -> Block:
    """Build a block from its table and check it against the quantities.

    Raises `InputError` naming `where`: unknown key or name, a name without `between`, covariance not square,
    not symmetric, not positive definite, or with a diagonal that is not the square of the printed spread.
    """
    if not isinstance(entry, Mapping) or set(entry) != {"names", "covariance"}:
        raise InputError(where, entry, "must have names and covariance and nothing else")
    names, rows = entry["names"], entry["covariance"]
    if not isinstance(names, list) or not names or any(not isinstance(name, str) for name in names):
        raise InputError(f"{where}: names", names, "must be a list of names")
    for name in names:
        if name not in quantities or quantities[name].between is None:
            raise InputError(f"{where}: names", name, "must be a quantity of this file with a between spread")
    block = Block(tuple(names), _matrix(rows, len(names), f"{where}: covariance"))
    _check_covariance(block, quantities, f"{where}: covariance")
    return block


def _matrix(rows: object, size: int, where: str) -> Matrix:
    rule = f"must be {size} rows of {size} numbers"
    if not isinstance(rows, list) or len(rows) != size:
        raise InputError(where, rows, rule)
    for row in rows:
        if not isinstance(row, list) or len(row) != size or any(not isinstance(x, int | float) for x in row):
            raise InputError(where, row, rule)
    return tuple(tuple(float(x) for x in row) for row in rows)


def _check_covariance(block: Block, quantities: Mapping[str, Quantity], where: str) -> None:
    for i, name in enumerate(block.names):
        between = quantities[name].between
        variance = block.covariance[i][i]
        if between is None or not abs(between.sd**2 - variance) <= _VARIANCE_TOLERANCE * variance:
            raise InputError(where, variance, f"must be the square of the between spread of {name}")
        if any(block.covariance[i][j] != block.covariance[j][i] for j in range(i)):
            raise InputError(where, block.covariance, "must be symmetric")
    try:
        block.cholesky()
    except InputError:
        raise InputError(where, block.covariance, "must be positive definite") from None
